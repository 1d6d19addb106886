// Package attach is `mesosctl attach`: a task's own terminal.
package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/dialogue"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
)

type options struct {
	master  string
	timeout time.Duration
	noInput bool
}

// detachKeys are Ctrl-P and Ctrl-Q, with which one leaves a task to itself.
var detachKeys = []byte{'p' & 0x1f, 'q' & 0x1f}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "attach TASK [flags]",
		Short: "Join a running task's terminal",
		Long: "Join a running task's terminal, if it has one: what it writes from now on is shown, and what is typed goes to\n" +
			"it, Ctrl-C included. Ctrl-P Ctrl-Q leaves it to itself. Of a task without a terminal the output is shown.\n\n" +
			"TASK is its ID, its name, or as much of the beginning of its ID as no other has. The command ends with the task,\n" +
			"and exits with its code.",
		Example: "  mesosctl attach console.1",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, o, args[0]) },
	}
	flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		flags.Duration("timeout", &o.timeout, "10secs", "`time` that finding the task may take"),
		flags.Bool("no_stdin", &o.noInput, false, "only look: pass nothing on to the task"),
	}.Register(cmd.Flags())
	return cmd
}

func run(ctx context.Context, a *app.App, o *options, text string) error {
	ctx, stop := dialogue.Signalled(ctx)
	defer stop()
	c, err := a.Connect(o.master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	task, err := o.find(ctx, c, text)
	if err != nil {
		return err
	}
	id := task.Container()
	talk := &dialogue.Dialogue{Streams: a.IO}
	if task.Terminal() && !o.noInput {
		if talk.Terminal, err = dialogue.FindTerminal(a.IO); err != nil {
			return mesos.Errorf(mesos.Invalid, "the task has a terminal, and the standard input is none: look only, with --no-stdin")
		}
		talk.Detach = detachKeys
		talk.Input = func(ctx context.Context) (*client.Input, error) { return task.Agent.AttachInput(ctx, id) }
	}
	talk.Output, err = task.Agent.AttachOutput(ctx, id)
	if !task.Terminal() && mesos.KindOf(err) == mesos.Internal { // Apache Mesos attaches to terminals only
		return dialogue.Interrupted(ctx, watch(ctx, a, task))
	}
	if err != nil {
		return err
	}
	defer talk.Output.Close()
	err = talk.Run(ctx)
	if errors.Is(err, dialogue.ErrDetached) {
		fmt.Fprintf(a.IO.Err, "mesosctl: left task %s, which goes on\n", task.ID())
		return nil
	}
	if err != nil {
		return dialogue.Interrupted(ctx, err)
	}
	return dialogue.Interrupted(ctx, exit(ctx, task))
}

// watch shows what a task writes into its files from now on.
func watch(ctx context.Context, a *app.App, task *taskref.Task) error {
	ended := task.Ended(ctx)
	follow := func(name string, w io.Writer) <-chan error {
		over := make(chan error, 1)
		go func() { over <- task.Log(name).Follow(ctx, 0, w, ended) }()
		return over
	}
	stdout, stderr := follow("stdout", a.IO.Out), follow("stderr", a.IO.Err)
	if err := errors.Join(<-stdout, <-stderr); err != nil {
		return err
	}
	return exit(ctx, task)
}

// exit passes the exit code of a task on that has ended, or is about to.
func exit(ctx context.Context, task *taskref.Task) error {
	const patience = 10 * time.Second // all it wrote is here
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	end, err := task.End(ctx)
	if err != nil {
		return err
	}
	code, err := exec.Ended(end)
	if err == nil && code != 0 {
		return exitcode.Status(code)
	}
	return err
}

func (o *options) find(ctx context.Context, c *client.Client, text string) (*taskref.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	return taskref.Reachable(ctx, c, text)
}
