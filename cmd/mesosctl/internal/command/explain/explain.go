// Package explain is `mesosctl explain`.
package explain

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

type options struct {
	master  string
	timeout time.Duration
	agent   string
	role    string
	format  output.Format
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{format: output.Table}
	cmd := &cobra.Command{
		Use:   "explain FRAMEWORK [flags]",
		Short: "Say why a framework is or isn't offered resources",
		Long: "Say why a framework is or isn't offered the resources of the cluster's agents: what it has, what it\n" +
			"will be offered next, and, rule by rule, what is kept back from it and what can be done about that.\n\n" +
			"FRAMEWORK is its ID, its name, or as much of the beginning of its ID, or of its end after a dash, as no\n" +
			"other has. So is AGENT, whose name is its hostname.",
		Example: "  mesosctl explain marathon\n" +
			"  mesosctl explain 0001 --agent=S3 --role=eng -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), a, o, args[0]) },
	}
	flags.Table{
		flags.String("master", &o.master, "", app.MasterUsage),
		flags.Duration("timeout", &o.timeout, "10secs", "`time` that finding out may take"),
		flags.String("agent", &o.agent, "", "only what this `agent` has"),
		flags.String("role", &o.role, "", "only this `role` of the framework"),
	}.Register(cmd.Flags())
	output.Flag(cmd, &o.format)
	return app.Paged(cmd)
}

func run(ctx context.Context, a *app.App, o *options, framework string) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	c, err := a.Connect(o.master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	report, err := ask(ctx, c, framework, o.role, o.agent)
	if err != nil {
		return err
	}
	return output.Print(a.IO.Out, o.format, report, func() error {
		bold := func(text string) string { return a.IO.Paint(iostreams.Bold, text) }
		return kinds.Report(a.IO.Out, report, bold, o.format == output.Wide)
	})
}

// ask finds out which framework and agent are meant, and has the master explain.
func ask(ctx context.Context, c *client.Client, framework, role, agent string) (*allocation.Report, error) {
	frameworks, err := c.Frameworks(ctx)
	if err != nil {
		return nil, err
	}
	id, err := pick.Framework(frameworks, framework)
	if err != nil {
		return nil, err
	}
	var on mesos.AgentID
	if agent != "" {
		agents, err := c.Agents(ctx)
		if err != nil {
			return nil, err
		}
		if on, err = pick.Agent(agents, agent); err != nil {
			return nil, err
		}
	}
	return c.Explain(ctx, id, role, on)
}
