package iostreams

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
)

// Page passes what is written to Out from now on through the person's pager, until
// stop is called, which waits for the person. It starts with the first that is
// written: an error alone needs none. Without a terminal, or a pager that can be
// started, nothing changes. The pager is $MESOSCTL_PAGER, else $PAGER, else less, which
// shows what fits on the screen without further ado; "cat" is none.
func (s *Streams) Page(getenv func(string) string) (stop func()) {
	text := pagerText(getenv)
	if !s.OutTerminal || !s.InTerminal || getenv("TERM") == "dumb" || text == "" || text == "cat" {
		return func() {}
	}
	p := &pager{text: text, plain: getenv("LESS") == "", terminal: s.Out, messages: s.Err}
	s.Out = p
	return func() {
		s.Out = p.terminal
		p.end()
	}
}

func pagerText(getenv func(string) string) string {
	for _, name := range []string{"MESOSCTL_PAGER", "PAGER"} {
		if text := strings.TrimSpace(getenv(name)); text != "" {
			return text
		}
	}
	return "less"
}

// pager is a pager that starts with the first that is written to it.
type pager struct {
	text               string
	plain              bool // less has no options yet
	terminal, messages io.Writer

	begun      sync.Once
	to         io.Writer // the pager, or else the terminal
	in         io.Closer // the pager's; nil: there is none
	cmd        *exec.Cmd
	interrupts chan os.Signal
}

// Write implements io.Writer.
func (p *pager) Write(data []byte) (int, error) {
	p.begun.Do(p.begin)
	return p.to.Write(data)
}

func (p *pager) begin() {
	p.to = p.terminal
	argv := strings.Fields(p.text)
	if strings.ContainsAny(p.text, "\"'\\$|&;<>()`*?~") { // it is meant for a shell
		argv = []string{"sh", "-c", p.text}
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = p.terminal, p.messages
	if p.plain {
		cmd.Env = append(os.Environ(), "LESS=FRX")
	}
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	p.to, p.in, p.cmd = in, in, cmd
	p.interrupts = make(chan os.Signal, 1)
	signal.Notify(p.interrupts, os.Interrupt) // it is for the pager, which stays
}

// end waits for the person. Whatever the person did there is fine; a pager that can't
// show anything is not.
func (p *pager) end() {
	if p.in == nil {
		return
	}
	_ = p.in.Close()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); errors.As(err, &exit) && exit.ExitCode() > 0 && len(p.interrupts) == 0 {
		fmt.Fprintf(p.messages, "the pager '%s' failed, %v: --no-pager does without\n", p.text, err)
	}
	signal.Stop(p.interrupts)
}
