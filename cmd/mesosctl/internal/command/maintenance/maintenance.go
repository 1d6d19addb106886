// Package maintenance is `mesosctl maintenance`.
package maintenance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the command; status is `maintenance status`.
func New(a *app.App, status *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "maintenance {schedule|cancel|start|stop|status}",
		Short: "Plan when machines are not available, take them down and up again",
		Long: "Plans when machines are not available: frameworks are asked to leave them before. 'start' takes a machine\n" +
			"that is planned for down, with all that runs there; 'stop' brings it up again and ends its plan.\n" +
			"MACHINE is an agent's ID, the beginning or end of one, or a hostname, with /IP if agents have none there.\n" +
			"See https://mesos.apache.org/documentation/latest/maintenance/.",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newSchedule(a), newCancel(a), newStart(a), newStop(a), status)
	return cmd
}

func newSchedule(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		start    string
		duration time.Duration
	}
	cmd := &cobra.Command{
		Use:     "schedule MACHINE... [flags]",
		Short:   "Plan when machines are not available",
		Example: "  mesosctl maintenance schedule S1 S2 --start=+30mins --duration=2hrs",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := parseStart(o.start, time.Now())
			if err != nil {
				return err
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				machines, err := find(ctx, c, args)
				if err != nil {
					return err
				}
				window := &maintenancepb.Window{MachineIds: machines, Unavailability: &mesospb.Unavailability{
					Start: &mesospb.TimeInfo{Nanoseconds: new(start.UnixNano())},
				}}
				if o.duration > 0 {
					window.Unavailability.Duration = &mesospb.DurationInfo{Nanoseconds: new(o.duration.Nanoseconds())}
				}
				err = change(ctx, c, func(windows []*maintenancepb.Window) []*maintenancepb.Window {
					return append(without(windows, machines), window)
				})
				if err == nil {
					fmt.Fprintf(a.IO.Err, "%s: planned from %s\n", names(machines), start.Format(time.RFC3339))
				}
				return err
			})
		},
	}
	append(o.Flags("10secs"), flags.Table{
		flags.String("start", &o.start, "now", "`time` from which: now, +DURATION, or as in 2026-01-02T15:04:05Z"),
		flags.Duration("duration", &o.duration, "0secs", "`time` for which; 0 is for good"),
	}...).Register(cmd.Flags())
	return cmd
}

func newCancel(a *app.App) *cobra.Command {
	return simple(a, "cancel", "Take machines out of the plan", "take out of the plan", "not planned any more",
		func(ctx context.Context, c *client.Client, machines []*mesospb.MachineID) error {
			return change(ctx, c, func(windows []*maintenancepb.Window) []*maintenancepb.Window { return without(windows, machines) })
		})
}

func newStart(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Danger
	}
	cmd := &cobra.Command{
		Use:   "start MACHINE... [flags]",
		Short: "Take machines down that are planned for: their agents and tasks end",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				machines, err := find(ctx, c, args)
				if err != nil {
					return err
				}
				if ok, err := o.Allow(a, fmt.Sprintf("take %s down: agents there are removed, and their tasks are lost", names(machines))); !ok {
					return err
				}
				_, err = c.Call(ctx, &masterpb.Call{
					Type:             masterpb.Call_START_MAINTENANCE.Enum(),
					StartMaintenance: &masterpb.Call_StartMaintenance{Machines: machines},
				})
				if err == nil {
					fmt.Fprintf(a.IO.Err, "%s: down\n", names(machines))
				}
				return err
			})
		},
	}
	append(o.Cluster.Flags("10secs"), o.Danger.Flags()...).Register(cmd.Flags())
	return cmd
}

func newStop(a *app.App) *cobra.Command {
	return simple(a, "stop", "Bring machines up again, and end their plan", "bring up again", "up",
		func(ctx context.Context, c *client.Client, machines []*mesospb.MachineID) error {
			_, err := c.Call(ctx, &masterpb.Call{
				Type:            masterpb.Call_STOP_MAINTENANCE.Enum(),
				StopMaintenance: &masterpb.Call_StopMaintenance{Machines: machines},
			})
			return err
		})
}

// simple makes a command that does one thing to machines, plan in words; done is what they are then.
func simple(a *app.App, verb, short, plan, done string, do func(context.Context, *client.Client, []*mesospb.MachineID) error) *cobra.Command {
	var o struct {
		app.Cluster
		app.Preview
	}
	cmd := &cobra.Command{
		Use: verb + " MACHINE... [flags]", Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				machines, err := find(ctx, c, args)
				if err != nil || !o.Allow(a, plan+": "+names(machines)) {
					return err
				}
				if err = do(ctx, c, machines); err == nil {
					fmt.Fprintf(a.IO.Err, "%s: %s\n", names(machines), done)
				}
				return err
			})
		},
	}
	append(o.Cluster.Flags("10secs"), o.Preview.Flags()...).Register(cmd.Flags())
	return cmd
}

// change reads the schedule and replaces it. The call has no way to add to it: of
// two who change it at once one may undo what the other did.
func change(ctx context.Context, c *client.Client, edit func([]*maintenancepb.Window) []*maintenancepb.Window) error {
	answer, err := c.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_MAINTENANCE_SCHEDULE.Enum()})
	if err != nil {
		return err
	}
	windows := edit(answer.GetGetMaintenanceSchedule().GetSchedule().GetWindows())
	_, err = c.Call(ctx, &masterpb.Call{
		Type: masterpb.Call_UPDATE_MAINTENANCE_SCHEDULE.Enum(),
		UpdateMaintenanceSchedule: &masterpb.Call_UpdateMaintenanceSchedule{
			Schedule: &maintenancepb.Schedule{Windows: windows},
		},
	})
	return err
}

// without is windows without some machines, and without windows that are empty then.
func without(windows []*maintenancepb.Window, machines []*mesospb.MachineID) []*maintenancepb.Window {
	var left []*maintenancepb.Window
	for _, w := range windows {
		ids := slices.DeleteFunc(slices.Clone(w.GetMachineIds()), func(id *mesospb.MachineID) bool {
			return slices.ContainsFunc(machines, id.EqualVT)
		})
		if len(ids) > 0 {
			left = append(left, &maintenancepb.Window{MachineIds: ids, Unavailability: w.GetUnavailability()})
		}
	}
	return left
}

// parseStart reads now, +DURATION or a time.
func parseStart(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if after, ok := strings.CutPrefix(text, "+"); ok {
		d, err := mesos.ParseDuration(after)
		if err != nil {
			return now, mesos.Errorf(mesos.Invalid, "--start %s: %w", text, err)
		}
		return now.Add(d), nil
	}
	start, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return now, mesos.Errorf(mesos.Invalid, "--start %q is none of now, +DURATION as in +30mins, and a time as in 2026-01-02T15:04:05Z", text)
	}
	return start, nil
}
