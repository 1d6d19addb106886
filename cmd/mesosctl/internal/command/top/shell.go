package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/muesli/cancelreader"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/dialogue"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/verbs"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// shell runs a shell in a task's container while the UI is away. It is a
// tea.ExecCommand.
type shell struct {
	ctx      context.Context //nolint:containedctx // the interface has none
	task     *taskref.Task
	kind     string // of the terminal: TERM
	in       io.Reader
	out, err io.Writer
}

func shellOn(a *app.App) verbs.Shell {
	return func(ctx context.Context, task *taskref.Task) tea.ExecCommand {
		return &shell{ctx: ctx, task: task, kind: a.Getenv("TERM")}
	}
}

// SetStdin implements tea.ExecCommand.
func (s *shell) SetStdin(r io.Reader) { s.in = r }

// SetStdout implements tea.ExecCommand.
func (s *shell) SetStdout(w io.Writer) { s.out = w }

// SetStderr implements tea.ExecCommand.
func (s *shell) SetStderr(w io.Writer) { s.err = w }

// Run implements tea.ExecCommand. That a shell ends with an exit code is no error.
func (s *shell) Run() error {
	file, ok := s.in.(*os.File)
	if !ok {
		return mesos.Errorf(mesos.Invalid, "the keys come from no terminal")
	}
	streams := &iostreams.Streams{In: file, Out: s.out, Err: s.err}
	terminal, err := dialogue.FindTerminal(streams)
	if err != nil {
		return err
	}
	reader, err := cancelreader.NewReader(file)
	if err != nil {
		return mesos.Errorf(mesos.Internal, "terminal: %w", err)
	}
	input := &keys{reader: reader}
	defer input.end()
	streams.In = input
	fmt.Fprintf(s.out, "shell in %s; 'exit' goes back\r\n", s.task.ID())
	session := &dialogue.Session{Streams: streams, Task: s.task, Command: s.command(), Terminal: terminal, Interactive: true}
	err = session.Run(s.ctx)
	var status exitcode.Status
	if errors.As(err, &status) {
		return nil
	}
	return err
}

// command is a shell that every image has which has one at all, or a better one.
func (s *shell) command() *mesospb.CommandInfo {
	const script = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"
	c := &mesospb.CommandInfo{Shell: new(false), Value: new("sh"), Arguments: []string{"sh", "-c", script}}
	if s.kind != "" {
		c.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: new("TERM"), Value: &s.kind}}}
	}
	return c
}

// keys are those that are pressed while the shell runs. A read that waits for one ends with
// the shell, or it would take one that is for the UI.
type keys struct {
	reader cancelreader.CancelReader
	mu     sync.Mutex // held by whoever reads
	over   bool
}

// Read implements io.Reader.
func (k *keys) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return 0, io.EOF
	}
	return k.reader.Read(p)
}

// end ends the read under way, and allows no further one.
func (k *keys) end() {
	k.reader.Cancel()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	_ = k.reader.Close() // the terminal stays open
}
