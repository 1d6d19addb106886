// Package status is `mesosctl status`.
package status

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
)

type options struct {
	app.Cluster
	format output.Format
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{format: output.Table}
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Show the leader, masters, agents, frameworks, tasks and resources of a cluster",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), a, o) },
	}
	o.Flags("10secs").Register(cmd.Flags())
	output.Flag(cmd, &o.format)
	return cmd
}

func run(ctx context.Context, a *app.App, o *options) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c, err := a.Connect(o.Master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := find(ctx, c)
	if err != nil {
		return err
	}
	return output.Print(a.IO.Out, o.format, s, func() error { return table(a.IO, s) })
}

// find asks the leader for the cluster, and each master for its part in it.
func find(ctx context.Context, c *client.Client) (Status, error) {
	state, err := c.State(ctx)
	if err != nil {
		return Status{}, err
	}
	s, err := summarize(state)
	if err != nil {
		return Status{}, err
	}
	s.Leader = c.Leader()
	leads := false
	for _, host := range c.Masters() {
		part := Master{Address: host, State: "standby"}
		var where *client.RedirectError
		switch err := c.Probe(ctx, host); {
		case err == nil:
			part.State, leads = "leader", true
		case errors.As(err, &where):
		case mesos.KindOf(err) == mesos.Unavailable:
			part.State = "unreachable"
		default:
			return Status{}, err
		}
		s.Masters = append(s.Masters, part)
	}
	if !leads {
		s.Masters = append(s.Masters, Master{Address: s.Leader, State: "leader"})
	}
	return s, nil
}
