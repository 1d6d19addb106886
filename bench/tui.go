package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// terminalWidth and terminalHeight are those of a large window.
const terminalWidth, terminalHeight = 200, 60

// TUI measures the live terminal UI on a large cluster: the program with its
// renderer, which draws into a pipe, subscribed to a master.
func TUI(ctx context.Context, opts Options) ([]Row, error) {
	l, usual := large(opts)
	master, f, err := l.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer master.stop()
	defer f.disconnect()
	if err := f.again(ctx); err != nil {
		return nil, err
	}
	before := heap()
	screen, err := openScreen(ctx, master.address())
	if err != nil {
		return nil, err
	}
	defer screen.close()
	opts.logf("tui: subscribed to %s after %v; about %d MB of heap", l, screen.opened.Round(time.Millisecond), (heap()-before)>>20)
	goal := func(d time.Duration) time.Duration {
		if usual {
			return d
		}
		return 0
	}
	n := cmp.Or(opts.Repeat, 100)
	where := fmt.Sprintf("%dx%d cells, %d tasks", terminalWidth, terminalHeight, l.agents*l.tasks)
	var rows []Row
	row := func(work string, goal time.Duration, times []time.Duration) {
		slices.Sort(times)
		rows = append(rows, seconds("tui", work, fmt.Sprintf("%s, median of %d; 99 of 100 within %v", where, len(times),
			times[(len(times)*99+99)/100-1].Round(100*time.Microsecond)), median(times), goal))
	}
	if err := screen.show(ctx, ":tasks\r", "running"); err != nil { // not its empty table: no key moves anything there
		return nil, err
	}
	for _, press := range []struct{ work, open, keys string }{
		{"key press until drawn: one line down", "", "j"},
		{"key press until drawn: a page down", "", "\x06"},
		{"key press until drawn: sort by another column", "", "HSTF"},
		{"key press until drawn: a letter of a filter", "/", "12\x7f\x7f"},
	} {
		if err := screen.show(ctx, press.open, ""); err != nil {
			return rows, err
		}
		var times []time.Duration
		for i := range n {
			took, err := screen.press(ctx, press.keys[i%len(press.keys):][:1])
			if err != nil {
				return rows, err
			}
			times = append(times, took)
		}
		row(press.work, goal(16*time.Millisecond), times)
		if err := screen.settle(ctx); err != nil {
			return rows, err
		}
	}
	if err := screen.show(ctx, "\r:overview\r", "launches"); err != nil { // the filter's prompt is open
		return rows, err
	}
	var times []time.Duration
	for i := range min(n, len(f.agents)) {
		took, err := screen.drawn(ctx, func() error { f.killing(i); return nil })
		if err != nil {
			return rows, err
		}
		times = append(times, took)
	}
	row("event at the master until drawn", goal(250*time.Millisecond), times)
	return rows, nil
}

// killing has an agent tell of one of its tasks that it is being killed.
func (f *fleet) killing(i int) {
	a := f.agents[i]
	task := a.reregister.GetReregister().GetTasks()[0]
	a.update(a.conn, running{task.FrameworkId, task.TaskId, mesospb.TaskState_TASK_KILLING})
}

// screen is the UI on a terminal that is none: it knows when something was drawn.
type screen struct {
	keys   *io.PipeWriter
	stop   context.CancelFunc
	ended  chan error
	opened time.Duration
	wait   func()
	client *client.Client

	mu    sync.Mutex
	last  time.Time // something was drawn
	seen  strings.Builder
	draws chan time.Time
}

// Write is what the renderer does.
func (s *screen) Write(p []byte) (int, error) {
	now := time.Now()
	s.mu.Lock()
	s.last = now
	s.seen.Write(p)
	s.mu.Unlock()
	select {
	case s.draws <- now:
	default:
	}
	return len(p), nil
}

func openScreen(ctx context.Context, master string) (*screen, error) {
	c, err := client.New(client.Config{Masters: []string{master}, MediaType: wire.Protobuf})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	in, keys := io.Pipe()
	s := &screen{keys: keys, stop: cancel, ended: make(chan error, 1), client: c, draws: make(chan time.Time, 1)}
	feed := live.New(c)
	start := time.Now()
	if s.wait, err = feed.Start(ctx); err != nil {
		cancel()
		return nil, err
	}
	s.opened = time.Since(start)
	go func() {
		s.ended <- tui.Run(ctx, tui.Config{Client: c, Live: feed, Theme: style.Dark, Now: time.Now()},
			tui.Terminal{In: in, Out: s, Environ: []string{"TERM=xterm-256color", "COLORTERM=truecolor"}},
			tea.WithWindowSize(terminalWidth, terminalHeight), tea.WithColorProfile(colorprofile.TrueColor), tea.WithoutSignalHandler())
	}()
	return s, s.show(ctx, "", "overview")
}

func (s *screen) close() {
	s.stop()
	<-s.ended //nolint:errcheck // that of a UI that was stopped
	s.wait()
	s.client.Close()
}

// show types, waits for a text to be drawn, and for all to be quiet.
func (s *screen) show(ctx context.Context, keys, text string) error {
	s.mu.Lock()
	s.seen.Reset()
	s.mu.Unlock()
	if keys != "" { // a pipe takes nothing, too
		if _, err := io.WriteString(s.keys, keys); err != nil {
			return err
		}
	}
	for start := time.Now(); ; {
		s.mu.Lock()
		found := strings.Contains(s.seen.String(), text)
		s.mu.Unlock()
		if found {
			return s.settle(ctx)
		}
		if time.Since(start) > never {
			return mesos.Errorf(mesos.TimedOut, "%q was not drawn for %v", text, never)
		}
		if err := s.next(ctx); err != nil {
			return err
		}
	}
}

const (
	// quiet is how long nothing is drawn before something is measured.
	quiet = 60 * time.Millisecond
	// never is how long a drawing is waited for.
	never = 30 * time.Second
)

// settle waits until nothing is drawn for a while.
func (s *screen) settle(ctx context.Context) error {
	for {
		s.mu.Lock()
		wait := quiet - time.Since(s.last)
		s.mu.Unlock()
		if wait <= 0 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// next waits for the next drawing.
func (s *screen) next(ctx context.Context) error {
	select {
	case <-s.draws:
		return nil
	case err := <-s.ended:
		s.ended <- err
		return mesos.Errorf(mesos.Internal, "the UI ended: %v", err)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(never):
		return mesos.Errorf(mesos.TimedOut, "nothing was drawn for %v", never)
	}
}

// drawn does something when all is quiet, and returns how long it took to be drawn.
func (s *screen) drawn(ctx context.Context, do func() error) (time.Duration, error) {
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	select {
	case <-s.draws:
	default:
	}
	start := time.Now()
	if err := do(); err != nil {
		return 0, err
	}
	if err := s.next(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Reset()
	return s.last.Sub(start), nil
}

func (s *screen) press(ctx context.Context, keys string) (time.Duration, error) {
	return s.drawn(ctx, func() error {
		_, err := io.WriteString(s.keys, keys)
		return err
	})
}
