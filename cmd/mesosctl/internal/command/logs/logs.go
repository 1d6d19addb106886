// Package logs is `mesosctl logs`: what tasks have written.
package logs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/dialogue"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
)

type options struct {
	master      string
	timeout     time.Duration
	follow      bool
	tail        int
	stderr, all bool
	noPrefix    bool
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "logs [flags] TASK...",
		Short: "Show what tasks have written",
		Long: "Show what tasks have written to their standard output, running tasks and finished ones, for as long as their\n" +
			"sandboxes are there. Lines of several are told apart by the task that they begin with.\n\n" +
			"TASK is its ID, its name, or as much of the beginning of its ID as no other has.",
		Example: "  mesosctl logs web.1 --tail=20\n" +
			"  mesosctl logs -f --all web.1 web.2",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, o, args) },
	}
	flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		flags.Duration("timeout", &o.timeout, "10secs", "`time` that finding the tasks may take"),
		flags.Bool("stderr", &o.stderr, false, "show the standard error instead"),
		flags.Bool("all", &o.all, false, "show both standard output and standard error"),
		flags.Bool("no_prefix", &o.noPrefix, false, "do not begin lines with their task"),
	}.Register(cmd.Flags())
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what the tasks write, until all have ended")
	cmd.Flags().IntVarP(&o.tail, "tail", "n", -1, "show only so many of the last lines")
	cmd.MarkFlagsMutuallyExclusive("stderr", "all")
	return app.Paged(cmd)
}

func run(ctx context.Context, a *app.App, o *options, texts []string) error {
	if o.tail < -1 {
		return mesos.Errorf(mesos.Invalid, "--tail: %d lines can't be shown", o.tail)
	}
	ctx, stop := dialogue.Signalled(ctx)
	defer stop()
	c, err := a.Connect(o.master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	tasks, err := o.find(ctx, c, texts)
	if err != nil {
		return err
	}
	return dialogue.Interrupted(ctx, o.show(ctx, newPrinter(a.IO, tasks, o), tasks))
}

// find finds the tasks, each once.
func (o *options) find(ctx context.Context, c *client.Client, texts []string) ([]*taskref.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	finder, err := taskref.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return taskref.Each(texts, finder.Any)
}

// show shows every file of every task: one after the other, or all at once while
// they are followed.
func (o *options) show(ctx context.Context, p *printer, tasks []*taskref.Task) error {
	var shows []func() error
	for _, task := range tasks {
		var ended <-chan struct{}
		if o.follow {
			ended = task.Ended(ctx)
		}
		for _, name := range o.names() {
			log, out := task.Log(name), p.lines(task, name == "stderr")
			shows = append(shows, func() error {
				defer out.Close() // it ends a line
				if o.follow {
					return log.Follow(ctx, o.tail, out, ended)
				}
				return log.Show(ctx, o.tail, out)
			})
		}
	}
	errs := make([]error, len(shows))
	var wait sync.WaitGroup
	for i, show := range shows {
		if !o.follow {
			errs[i] = show()
			continue
		}
		wait.Go(func() { errs[i] = show() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (o *options) names() []string {
	switch {
	case o.all:
		return []string{"stdout", "stderr"}
	case o.stderr:
		return []string{"stderr"}
	}
	return []string{"stdout"}
}
