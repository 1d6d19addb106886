// Package reserve is `mesosctl reserve` and `mesosctl unreserve`.
package reserve

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the commands.
func New(a *app.App) []*cobra.Command {
	return []*cobra.Command{
		command(a, "reserve", "Reserve an agent's resources for a role", "reserve", "reserved",
			func(agent *mesospb.AgentID, list []*mesospb.Resource) *masterpb.Call {
				return &masterpb.Call{
					Type:             masterpb.Call_RESERVE_RESOURCES.Enum(),
					ReserveResources: &masterpb.Call_ReserveResources{AgentId: agent, Resources: list},
				}
			}),
		command(a, "unreserve", "Give back resources that were reserved for a role", "give back", "given back",
			func(agent *mesospb.AgentID, list []*mesospb.Resource) *masterpb.Call {
				return &masterpb.Call{
					Type:               masterpb.Call_UNRESERVE_RESOURCES.Enum(),
					UnreserveResources: &masterpb.Call_UnreserveResources{AgentId: agent, Resources: list},
				}
			}),
	}
}

func command(a *app.App, verb, short, do, done string, call func(*mesospb.AgentID, []*mesospb.Resource) *masterpb.Call) *cobra.Command {
	var o struct {
		app.Cluster
		app.Preview
		role, principal, resources string
	}
	cmd := &cobra.Command{
		Use:   verb + " AGENT --role=ROLE --resources=RESOURCES [flags]",
		Short: short,
		Long: short + ". They must be free: neither used nor reserved otherwise. AGENT is an ID, the\n" +
			"beginning or end of one, or a hostname. See https://mesos.apache.org/documentation/latest/reservation/.",
		Example: "  mesosctl " + verb + " S1 --role=eng --resources='cpus:4;mem:1024'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := reservation(o.role, o.principal, o.resources)
			if err != nil {
				return err
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				all, err := c.Agents(ctx)
				if err != nil {
					return err
				}
				id, err := pick.Agent(all, args[0])
				if err != nil {
					return err
				}
				if !o.Allow(a, fmt.Sprintf("%s %s of agent %s for role %s", do, o.resources, id, o.role)) {
					return nil
				}
				if _, err := c.Call(ctx, call(&mesospb.AgentID{Value: new(string(id))}, list)); err != nil {
					return err
				}
				fmt.Fprintf(a.IO.Err, "%s of agent %s is %s for role %s\n", o.resources, id, done, o.role)
				return nil
			})
		},
	}
	append(append(o.Cluster.Flags("10secs"), o.Preview.Flags()...), flags.Table{
		flags.String("role", &o.role, "", "`role` that they are reserved for"),
		flags.String("principal", &o.principal, "", "`principal` of the reservation: that of the user, if the cluster asks for one"),
		flags.String("resources", &o.resources, "", "`resources`, as in cpus:4;mem:1024"),
	}...).Register(cmd.Flags())
	return app.Places(cmd)
}

// reservation is resources as a call names them, dynamically reserved.
func reservation(role, principal, text string) ([]*mesospb.Resource, error) {
	if role == "" || text == "" {
		return nil, mesos.Errorf(mesos.Invalid, "name --role and --resources")
	}
	parsed, err := resources.Parse(text, mesos.AnyRole)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--resources: %w", err)
	}
	list := convert.ToWire(parsed)
	for _, r := range list {
		if len(r.GetReservations()) > 0 {
			return nil, mesos.Errorf(mesos.Invalid, "--resources: name the role by --role only")
		}
		info := &mesospb.Resource_ReservationInfo{Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &role}
		if principal != "" {
			info.Principal = &principal
		}
		r.Reservations = []*mesospb.Resource_ReservationInfo{info}
	}
	return list, nil
}
