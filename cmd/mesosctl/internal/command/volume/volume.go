// Package volume is `mesosctl volume`.
package volume

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "volume {create|destroy|grow|shrink}",
		Short: "Make and remove persistent volumes, and change their size",
		Long: "Makes and removes persistent volumes of reserved disk space, and changes their size. AGENT is an ID, the\n" +
			"beginning or end of one, or a hostname; ID is what the volume is called.\n" +
			"See https://mesos.apache.org/documentation/latest/persistent-volume/.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newCreate(a), newDestroy(a),
		newResize(a, "grow", "Make a volume larger", func(agent *mesospb.AgentID, volume *mesospb.Resource, by *mesospb.Value_Scalar) *masterpb.Call {
			addition := volume.CloneVT()
			addition.Scalar = by
			if addition.Disk.Persistence = nil; addition.Disk.Volume != nil {
				addition.Disk.Volume = nil
			}
			if addition.Disk.Source == nil {
				addition.Disk = nil
			}
			return &masterpb.Call{
				Type:       masterpb.Call_GROW_VOLUME.Enum(),
				GrowVolume: &masterpb.Call_GrowVolume{AgentId: agent, Volume: volume, Addition: addition},
			}
		}),
		newResize(a, "shrink", "Make a volume smaller", func(agent *mesospb.AgentID, volume *mesospb.Resource, by *mesospb.Value_Scalar) *masterpb.Call {
			return &masterpb.Call{
				Type:         masterpb.Call_SHRINK_VOLUME.Enum(),
				ShrinkVolume: &masterpb.Call_ShrinkVolume{AgentId: agent, Volume: volume, Subtract: by},
			}
		}))
	return cmd
}

func newCreate(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		role, principal, path string
		sizeMB                int
		shared                bool
	}
	cmd := &cobra.Command{
		Use:     "create AGENT ID --role=ROLE --size_mb=MEGABYTES [flags]",
		Short:   "Make a volume of disk space that is reserved for a role",
		Example: "  mesosctl reserve S1 --role=db --resources=disk:1024\n  mesosctl volume create S1 data --role=db --size-mb=1024",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.role == "" || o.sizeMB == 0 {
				return mesos.Errorf(mesos.Invalid, "name --role and --size-mb")
			}
			if o.path == "" {
				o.path = args[1]
			}
			volume := &mesospb.Resource{
				Name: new("disk"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: new(float64(o.sizeMB))},
				Reservations: []*mesospb.Resource_ReservationInfo{{Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &o.role}},
				Disk: &mesospb.Resource_DiskInfo{
					Persistence: &mesospb.Resource_DiskInfo_Persistence{Id: &args[1]},
					Volume:      &mesospb.Volume{ContainerPath: &o.path, Mode: mesospb.Volume_RW.Enum()},
				},
			}
			if o.shared {
				volume.Shared = &mesospb.Resource_SharedInfo{}
			}
			if o.principal != "" {
				volume.Disk.Persistence.Principal, volume.Reservations[0].Principal = &o.principal, &o.principal
			}
			return with(cmd.Context(), a, &o.Cluster, args[0], func(ctx context.Context, c *client.Client, agent *masterpb.Response_GetAgents_Agent) error {
				id := agent.GetAgentInfo().GetId()
				_, err := c.Call(ctx, &masterpb.Call{
					Type:          masterpb.Call_CREATE_VOLUMES.Enum(),
					CreateVolumes: &masterpb.Call_CreateVolumes{AgentId: id, Volumes: []*mesospb.Resource{volume}},
				})
				if err == nil {
					fmt.Fprintf(a.IO.Err, "volume %s of %d MB is made on agent %s\n", args[1], o.sizeMB, id.GetValue())
				}
				return err
			})
		},
	}
	append(o.Flags("10secs"), flags.Table{
		flags.String("role", &o.role, "", "`role` that the disk space is reserved for"),
		flags.String("principal", &o.principal, "", "`principal` of the volume and of the reservation"),
		flags.String("container_path", &o.path, "", "`path` in containers; the volume's ID if not given"),
		flags.Int("size_mb", &o.sizeMB, 0, 0, 1<<40, "size in `megabytes`"),
		flags.Bool("shared", &o.shared, false, "let several tasks use it at once"),
	}...).Register(cmd.Flags())
	return app.Places(cmd)
}

func newDestroy(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Danger
	}
	cmd := &cobra.Command{
		Use:   "destroy AGENT ID [flags]",
		Short: "Remove a volume with all that it holds",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), a, &o.Cluster, args[0], func(ctx context.Context, c *client.Client, agent *masterpb.Response_GetAgents_Agent) error {
				volume, err := find(agent, args[1])
				if err != nil {
					return err
				}
				id := agent.GetAgentInfo().GetId()
				what := fmt.Sprintf("remove volume %s of %v MB with its data from agent %s", args[1], volume.GetScalar().GetValue(), id.GetValue())
				if ok, err := o.Allow(a, what); !ok {
					return err
				}
				_, err = c.Call(ctx, &masterpb.Call{
					Type:           masterpb.Call_DESTROY_VOLUMES.Enum(),
					DestroyVolumes: &masterpb.Call_DestroyVolumes{AgentId: id, Volumes: []*mesospb.Resource{volume}},
				})
				if err == nil {
					fmt.Fprintf(a.IO.Err, "volume %s is removed\n", args[1])
				}
				return err
			})
		},
	}
	append(o.Cluster.Flags("10secs"), o.Danger.Flags()...).Register(cmd.Flags())
	return cmd
}

func newResize(a *app.App, verb, short string, call func(*mesospb.AgentID, *mesospb.Resource, *mesospb.Value_Scalar) *masterpb.Call) *cobra.Command {
	var o struct {
		app.Cluster
		app.Preview
		byMB int
	}
	cmd := &cobra.Command{
		Use: verb + " AGENT ID --by_mb=MEGABYTES [flags]", Short: short, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.byMB == 0 {
				return mesos.Errorf(mesos.Invalid, "name --by-mb")
			}
			return with(cmd.Context(), a, &o.Cluster, args[0], func(ctx context.Context, c *client.Client, agent *masterpb.Response_GetAgents_Agent) error {
				volume, err := find(agent, args[1])
				if err != nil {
					return err
				}
				if !o.Allow(a, fmt.Sprintf("%s volume %s of %v MB by %d MB", verb, args[1], volume.GetScalar().GetValue(), o.byMB)) {
					return nil
				}
				_, err = c.Call(ctx, call(agent.GetAgentInfo().GetId(), volume, &mesospb.Value_Scalar{Value: new(float64(o.byMB))}))
				if err == nil {
					fmt.Fprintf(a.IO.Err, "volume %s: %s by %d MB\n", args[1], verb, o.byMB)
				}
				return err
			})
		},
	}
	append(append(o.Cluster.Flags("10secs"), o.Preview.Flags()...), flags.Table{
		flags.Int("by_mb", &o.byMB, 0, 0, 1<<40, "by how many `megabytes`"),
	}...).Register(cmd.Flags())
	return cmd
}

// with calls f with the agent that a name means.
func with(ctx context.Context, a *app.App, cluster *app.Cluster, name string,
	f func(context.Context, *client.Client, *masterpb.Response_GetAgents_Agent) error,
) error {
	return cluster.Do(ctx, a, func(ctx context.Context, c *client.Client) error {
		all, err := c.Agents(ctx)
		if err != nil {
			return err
		}
		id, err := pick.Agent(all, name)
		if err != nil {
			return err
		}
		for _, agent := range all.GetAgents() {
			if agent.GetAgentInfo().GetId().GetValue() == string(id) {
				return f(ctx, c, agent)
			}
		}
		return mesos.Errorf(mesos.NotFound, "agent %s is gone", id)
	})
}

// find is an agent's volume as a call names it.
func find(agent *masterpb.Response_GetAgents_Agent, id string) (*mesospb.Resource, error) {
	var known []string
	for _, r := range agent.GetTotalResources() {
		switch have := r.GetDisk().GetPersistence().GetId(); have {
		case "":
		case id:
			return r, nil
		default:
			known = append(known, have)
		}
	}
	return nil, mesos.Errorf(mesos.NotFound, "agent %s has no volume %q; it has %s", agent.GetAgentInfo().GetId().GetValue(), id,
		cmp.Or(strings.Join(known, ", "), "none"))
}
