//go:build unix

package tui

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/page"
)

// resumed tells that the process goes on after somebody else had stopped it, who may
// have drawn on the terminal and changed its modes.
type resumed struct{}

// signals are those after which the terminal must be as it was, or be drawn again.
type signals struct {
	c      chan os.Signal
	done   chan struct{}
	goesOn chan struct{} // for whoever has stopped the process here
}

// listen tells of signals until end is called.
func (s *signals) listen(send func(tea.Msg)) {
	s.c, s.done, s.goesOn = make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(s.c, syscall.SIGCONT, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-s.done:
				return
			case sent := <-s.c:
				if sent == syscall.SIGHUP {
					send(tea.Quit())
					continue
				}
				select {
				case s.goesOn <- struct{}{}:
				default:
					send(resumed{})
				}
			}
		}
	}()
}

func (s *signals) end() {
	signal.Stop(s.c)
	close(s.done)
}

// suspend gives the terminal back, stops the process, and draws again once a shell lets
// it go on.
func (s *signals) suspend() tea.Cmd {
	return tea.Exec(away(s.stop), func(err error) tea.Msg {
		if err != nil {
			return page.Notify{Level: page.Warn, Text: err.Error()}
		}
		return nil
	})
}

// redraw takes the terminal anew.
func (s *signals) redraw() tea.Cmd {
	return tea.Exec(away(func() error { return nil }), nil)
}

// stopsWithin is how long it may take until a signal has stopped the process.
const stopsWithin = 200 * time.Millisecond

// stop stops the process and those that were started with it. Nothing stops where there
// is no shell that could let it go on: the system sees to that.
func (s *signals) stop() error {
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		return mesos.Errorf(mesos.Internal, "stop: %w", err)
	}
	for range 2 { // the first time may end with the stop
		select {
		case <-s.goesOn:
			return nil
		case <-time.After(stopsWithin):
		}
	}
	return mesos.Errorf(mesos.Unsupported, "there is no shell to go back to")
}

// away is what is done while the terminal isn't drawn on. It is a tea.ExecCommand.
type away func() error

// Run implements tea.ExecCommand.
func (a away) Run() error { return a() }

// SetStdin implements tea.ExecCommand.
func (away) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (away) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (away) SetStderr(io.Writer) {}
