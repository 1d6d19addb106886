// Package teardown is `mesosctl teardown`.
package teardown

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Danger
	}
	cmd := &cobra.Command{
		Use:   "teardown FRAMEWORK [flags]",
		Short: "End a framework with all of its tasks and executors",
		Long: "Ends a framework for good: its tasks and executors are killed, and it can't come back under its ID.\n" +
			"FRAMEWORK is an ID, the beginning or end of one, or a name.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return run(ctx, a, c, &o.Danger, args[0]) })
		},
	}
	append(o.Cluster.Flags("10secs"), o.Danger.Flags()...).Register(cmd.Flags())
	return cmd
}

func run(ctx context.Context, a *app.App, c *client.Client, danger *app.Danger, name string) error {
	state, err := c.State(ctx)
	if err != nil {
		return err
	}
	picked, err := pick.Framework(state.GetGetFrameworks(), name)
	if err != nil {
		return err
	}
	id := string(picked)
	title := id
	for _, f := range state.GetGetFrameworks().GetFrameworks() {
		if f.GetFrameworkInfo().GetId().GetValue() == id {
			title = fmt.Sprintf("%s (%s)", id, f.GetFrameworkInfo().GetName())
		}
	}
	tasks, executors := 0, 0
	for _, t := range state.GetGetTasks().GetTasks() {
		if t.GetFrameworkId().GetValue() == id {
			tasks++
		}
	}
	for _, e := range state.GetGetExecutors().GetExecutors() {
		if e.GetExecutorInfo().GetFrameworkId().GetValue() == id {
			executors++
		}
	}
	what := fmt.Sprintf("tear down framework %s: %s and %s end", title, mesos.Count(tasks, "task"), mesos.Count(executors, "executor"))
	if ok, err := danger.Allow(a, what); !ok {
		return err
	}
	_, err = c.Call(ctx, &masterpb.Call{
		Type:     masterpb.Call_TEARDOWN.Enum(),
		Teardown: &masterpb.Call_Teardown{FrameworkId: &mesospb.FrameworkID{Value: &id}},
	})
	if err == nil {
		fmt.Fprintf(a.IO.Err, "framework %s is torn down\n", title)
	}
	return err
}
