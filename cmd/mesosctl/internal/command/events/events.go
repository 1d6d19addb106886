// Package events is `mesosctl events`.
package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// returning is how long to wait before a lost master is looked for again.
const returning = time.Second

// New makes the command.
func New(a *app.App) *cobra.Command {
	var o app.Cluster
	format := output.Table
	cmd := &cobra.Command{
		Use:   "events [flags]",
		Short: "Print what happens in a cluster, as it happens",
		Long: "Prints what happens in a cluster, as it happens, until it is interrupted: a line for each event, or with\n" +
			"-o json a line with the event as the v1 operator API has it. It comes back when the master is lost.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != output.Table && format != output.JSON {
				return mesos.Errorf(mesos.Invalid, "events are a stream: -o is table or json")
			}
			ctx, cancel := app.Signalled(cmd.Context())
			defer cancel()
			return follow(ctx, a, o, format)
		},
	}
	flags.Table{
		flags.String("master", &o.Master, "", app.MasterUsage),
		flags.Duration("timeout", &o.Timeout, "10secs", "`time` that finding the master may take at the beginning"),
	}.Register(cmd.Flags())
	output.Flag(cmd, &format)
	return cmd
}

func follow(ctx context.Context, a *app.App, cluster app.Cluster, format output.Format) error {
	c, err := a.Connect(cluster.Master, returning)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := mesos.Errorf(mesos.TimedOut, "no master told of its events within %s", mesos.FormatDuration(cluster.Timeout))
	timer := time.AfterFunc(cluster.Timeout, func() { cancel(late) })
	for met := false; ; met = true {
		stream, err := c.Watch(ctx)
		if !met && !timer.Stop() {
			if err == nil {
				stream.Close()
			}
			return late
		}
		if err != nil && !met {
			return err // there was no master to lose
		}
		if err == nil {
			err = copyEvents(a.IO.Out, stream, format)
			stream.Close()
		}
		if ctx.Err() != nil {
			return nil // that is how it ends
		}
		if errors.Is(err, errOutput) {
			return err
		}
		fmt.Fprintf(a.IO.Err, "the master is lost: %v\n", err)
		if app.Pause(ctx, returning) != nil {
			return nil
		}
	}
}

var errOutput = errors.New("print")

func copyEvents(w io.Writer, stream *client.Events, format output.Format) error {
	for {
		event, err := stream.Next()
		if err != nil {
			return err
		}
		if format == output.JSON {
			line, err := wire.MarshalJSON(event)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
				return fmt.Errorf("%w: %w", errOutput, err)
			}
			continue
		}
		if event.GetType() == masterpb.Event_HEARTBEAT {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", time.Now().Format(time.TimeOnly), Line(event)); err != nil {
			return fmt.Errorf("%w: %w", errOutput, err)
		}
	}
}

// Line is an event in a line for people.
func Line(e *masterpb.Event) string {
	switch e.GetType() {
	case masterpb.Event_SUBSCRIBED:
		state := e.GetSubscribed().GetGetState()
		return fmt.Sprintf("subscribed: %d agents, %d frameworks, %d tasks", len(state.GetGetAgents().GetAgents()),
			len(state.GetGetFrameworks().GetFrameworks()), len(state.GetGetTasks().GetTasks()))
	case masterpb.Event_TASK_ADDED:
		t := e.GetTaskAdded().GetTask()
		return fmt.Sprintf("task %s added: %s on %s, framework %s", t.GetTaskId().GetValue(), t.GetState(), t.GetAgentId().GetValue(), t.GetFrameworkId().GetValue())
	case masterpb.Event_TASK_UPDATED:
		u := e.GetTaskUpdated()
		text := fmt.Sprintf("task %s: %s", u.GetStatus().GetTaskId().GetValue(), u.GetState())
		if message := u.GetStatus().GetMessage(); message != "" {
			text += ", " + message
		}
		return text
	case masterpb.Event_AGENT_ADDED:
		info := e.GetAgentAdded().GetAgent().GetAgentInfo()
		return fmt.Sprintf("agent %s (%s) added", info.GetId().GetValue(), info.GetHostname())
	case masterpb.Event_AGENT_REMOVED:
		return fmt.Sprintf("agent %s removed", e.GetAgentRemoved().GetAgentId().GetValue())
	case masterpb.Event_FRAMEWORK_ADDED:
		info := e.GetFrameworkAdded().GetFramework().GetFrameworkInfo()
		return fmt.Sprintf("framework %s (%s) added", info.GetId().GetValue(), info.GetName())
	case masterpb.Event_FRAMEWORK_UPDATED:
		f := e.GetFrameworkUpdated().GetFramework()
		info := f.GetFrameworkInfo()
		return fmt.Sprintf("framework %s (%s) updated: connected %v, active %v", info.GetId().GetValue(), info.GetName(), f.GetConnected(), f.GetActive())
	case masterpb.Event_FRAMEWORK_REMOVED:
		info := e.GetFrameworkRemoved().GetFrameworkInfo()
		return fmt.Sprintf("framework %s (%s) removed", info.GetId().GetValue(), info.GetName())
	}
	return e.GetType().String()
}
