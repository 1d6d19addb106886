// Package member is `mesosctl master member`.
package member

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
)

type options struct {
	app.Cluster
	app.Danger
	format output.Format
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member {list|add|remove}",
		Short: "List, add and remove the masters of a cluster",
		Long: "List, add and remove the masters of a cluster, whose embedded etcd members keep its registry together.\n" +
			"A majority of them must be up. docs/masters.md has the procedures.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newList(a), newAdd(a), newRemove(a))
	return cmd
}

func newList(a *app.App) *cobra.Command {
	o := &options{format: output.Table}
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the masters that keep the registry",
		Long: "List the masters that keep the registry, as the first that answers knows them. STATE is voter, joining\n" +
			"(not counted for a majority yet), or not started (added, and waited for).",
		Example: "  mesosctl master member list --master=10.0.0.1,10.0.0.2,10.0.0.3",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				known, err := c.Membership(ctx)
				if err != nil {
					return err
				}
				return output.Print(a.IO.Out, o.format, known, func() error { return show(a.IO, known) })
			})
		},
	}
	o.Cluster.Flags("10secs").Register(cmd.Flags())
	output.Flag(cmd, &o.format)
	return cmd
}

func show(streams *iostreams.Streams, known members.Membership) error {
	rows := [][]string{{"MASTER", "STATE", "PEER", "ID"}}
	for _, m := range known.Members {
		rows = append(rows, []string{kinds.Dash(m.Name), state(m), m.Peer, m.ID})
	}
	return output.Columns(streams.Out, rows...)
}

func state(m members.Member) string {
	switch {
	case !m.Started:
		return "not started"
	case m.Learner:
		return "joining"
	default:
		return "voter"
	}
}

func newAdd(a *app.App) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use:   "add HOST:PORT [flags]",
		Short: "Add a master",
		Long: "Add a master, which is to be started next, with an empty work_dir and with --masters naming it and all\n" +
			"others. It counts for a majority once it has caught up. HOST:PORT/PEER_PORT if its peer port is not\n" +
			"its port and 1000.",
		Example: "  mesosctl master member add 10.0.0.3:5050 --master=10.0.0.1,10.0.0.2",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := members.ParseAddress(args[0], members.DefaultPort); err != nil {
				return err
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				member, err := c.AddMember(ctx, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.IO.Out, "added %s as member %s; now start it: mesosctl master --masters=... (all masters) with an empty --work_dir\n",
					args[0], member.ID)
				return err
			})
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	return cmd
}

func newRemove(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "remove {HOST:PORT|ID} [flags]",
		Short: "Remove a master",
		Long: "Remove a master for good: if it runs it ends, and what its work_dir holds of the registry is of no use\n" +
			"any more. Refused if the masters that are up would be too few for a majority.",
		Example: "  mesosctl master member remove 10.0.0.3:5050 --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				if ok, err := o.allow(ctx, a, c, args[0]); !ok {
					return err
				}
				member, err := c.RemoveMember(ctx, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.IO.Out, "removed %s, member %s; take it out of --masters of the others when they start next, and of --master of agents\n",
					args[0], member.ID)
				return err
			})
		},
	}
	append(o.Cluster.Flags("10secs"), o.Danger.Flags()...).Register(cmd.Flags())
	return cmd
}

// allow reports whether to remove a master, which must be there.
func (o *options) allow(ctx context.Context, a *app.App, c *client.Client, name string) (bool, error) {
	known, err := c.Membership(ctx)
	if err != nil {
		return false, err
	}
	var names []string
	for _, m := range known.Members {
		if m.Name == name || m.ID == name {
			what := fmt.Sprintf("remove master %s (%s) for good: %s stay", kinds.Dash(m.Name), state(m), mesos.Count(len(known.Members)-1, "master"))
			return o.Allow(a, what)
		}
		names = append(names, kinds.Dash(m.Name)+" ("+m.ID+")")
	}
	return false, mesos.Errorf(mesos.NotFound, "there is no master %q; there is %s", name, strings.Join(names, ", "))
}
