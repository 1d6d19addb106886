package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

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
	// A read that waits for a key must end with the shell, or it takes one that is for the UI.
	keys, err := cancelreader.NewReader(file)
	if err != nil {
		return mesos.Errorf(mesos.Internal, "terminal: %w", err)
	}
	defer keys.Close()
	defer keys.Cancel()
	streams.In = keys
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
