// Package kill is `mesosctl kill`.
package kill

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
)

// poll is how often is looked whether tasks have ended.
const poll = 100 * time.Millisecond

type options struct {
	app.Cluster
	app.Danger
	signal syscall.Signal // 0: end the task
	grace  *time.Duration // nil: as the task says
	wait   bool
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "kill TASK... [flags]",
		Short: "End tasks",
		Long: "Ends tasks as if their frameworks had asked for that: each gets SIGTERM, and SIGKILL after its grace period,\n" +
			"and its framework hears of TASK_KILLED. A framework that wants it to run starts another one: teardown ends\n" +
			"the framework itself. TASK is its ID, its name, or as much of the beginning of its ID as no other has.\n\n" +
			"With --signal the first process of the task's container gets that signal, and nothing else is done. That is\n" +
			"also what happens, with SIGTERM, on a cluster whose master is Apache Mesos's, which does not kill tasks for\n" +
			"operators: there a task that dies of it is TASK_FAILED.",
		Example: "  mesosctl kill web.1 --wait\n" +
			"  mesosctl kill web.1 web.2 --grace-period=30secs --yes\n" +
			"  mesosctl kill web.1 --signal=HUP --yes",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.signal != 0 && o.grace != nil {
				return mesos.Errorf(mesos.Invalid, "--grace-period is of no use with --signal, which is all that the task gets")
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return o.run(ctx, a, c, args) })
		},
	}
	o.table().Register(cmd.Flags())
	return cmd
}

func (o *options) table() flags.Table {
	return append(append(o.Cluster.Flags("1mins"), o.Danger.Flags()...), flags.Table{
		flags.Func("signal", "signal", "", "send the task this `signal`, by name or number, instead of ending it", func(text string) (err error) {
			o.signal, err = parseSignal(text)
			return err
		}),
		flags.Func("grace_period", "duration", "", "`time` that the task has to end; if not given, as the task says", o.setGrace),
		flags.Bool("wait", &o.wait, false, "wait until the tasks have ended"),
	}...)
}

func (o *options) setGrace(text string) error {
	if o.grace = nil; text == "" {
		return nil
	}
	var d time.Duration
	if err := flags.Duration("", &d, "", "").Set(text); err != nil {
		return err
	}
	o.grace = &d
	return nil
}

func (o *options) run(ctx context.Context, a *app.App, c *client.Client, texts []string) error {
	tasks, err := find(ctx, c, texts)
	if err != nil {
		return err
	}
	if ok, err := o.Allow(a, o.describe(tasks)); !ok {
		return err
	}
	for _, task := range tasks {
		if o.signal == 0 {
			err = c.EndTask(ctx, task.Agent, task.Task, o.grace)
		} else {
			err = send(ctx, task, o.signal)
		}
		if err != nil && mesos.KindOf(err) != mesos.Conflict { // it has ended meanwhile
			return mesos.Errorf(mesos.KindOf(err), "task %s: %w", task.ID(), err)
		}
		fmt.Fprintf(a.IO.Err, "task %s: asked to end\n", task.ID())
	}
	if !o.wait {
		return nil
	}
	return ended(ctx, a, c, tasks)
}

// find finds the tasks, each once.
func find(ctx context.Context, c *client.Client, texts []string) ([]*taskref.Task, error) {
	finder, err := taskref.New(ctx, c)
	if err != nil {
		return nil, err
	}
	return taskref.Each(texts, func(text string) (*taskref.Task, error) {
		task, err := finder.Running(text)
		if err == nil && mesos.TaskState(task.GetState()).Terminal() { // its framework has yet to hear of it
			return nil, mesos.Errorf(mesos.NotFound, "task %s does not run any more: %s", task.ID(), task.GetState())
		}
		return task, err
	})
}

func (o *options) describe(tasks []*taskref.Task) string {
	names := make([]string, len(tasks))
	for i, task := range tasks {
		names[i] = task.ID()
	}
	what := fmt.Sprintf("kill %s: %s", mesos.Count(len(tasks), "task"), strings.Join(names, ", "))
	if o.signal != 0 {
		what += fmt.Sprintf(", with signal %d (%s)", int(o.signal), o.signal)
	}
	return what
}

func send(ctx context.Context, task *taskref.Task, signal syscall.Signal) error {
	id := task.Container()
	if id == nil {
		return mesos.Errorf(mesos.Unavailable, "its container is not known yet: %s", task.GetState())
	}
	return task.Agent.KillContainer(ctx, id, signal)
}

// ended waits until tasks have ended, and says how.
func ended(ctx context.Context, a *app.App, c *client.Client, tasks []*taskref.Task) error {
	for {
		all, err := c.Tasks(ctx)
		if err != nil && mesos.KindOf(err) != mesos.Unavailable {
			return err
		}
		if err == nil {
			left := tasks[:0]
			for _, task := range tasks {
				state, over := how(all, task)
				if !over {
					left = append(left, task)
					continue
				}
				fmt.Fprintf(a.IO.Err, "task %s: %s\n", task.ID(), state)
			}
			if tasks = left; len(tasks) == 0 {
				return nil
			}
		}
		if err := app.Pause(ctx, poll); err != nil {
			return mesos.Errorf(mesos.KindOf(err), "%s: %w", tasks[0].ID()+" has not ended", err)
		}
	}
}
