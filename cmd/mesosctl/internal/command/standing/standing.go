// Package standing is `mesosctl drain`, `deactivate`, `reactivate` and `mark-gone`:
// whether an agent is to have tasks.
package standing

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// New makes the commands.
func New(a *app.App) []*cobra.Command {
	return []*cobra.Command{
		newDrain(a),
		newChange(a, "deactivate", "Offer nothing of an agent any more; its tasks go on", func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{
				Type:            masterpb.Call_DEACTIVATE_AGENT.Enum(),
				DeactivateAgent: &masterpb.Call_DeactivateAgent{AgentId: id},
			}
		}),
		newChange(a, "reactivate", "Offer an agent again that was drained or deactivated", func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{
				Type:            masterpb.Call_REACTIVATE_AGENT.Enum(),
				ReactivateAgent: &masterpb.Call_ReactivateAgent{AgentId: id},
			}
		}),
		newGone(a),
	}
}

type drain struct {
	app.Cluster
	app.Danger
	grace    time.Duration
	markGone bool
	wait     bool
}

func newDrain(a *app.App) *cobra.Command {
	o := &drain{}
	cmd := &cobra.Command{
		Use:   "drain AGENT [flags]",
		Short: "End an agent's tasks, and give it no others",
		Long: "Ends an agent's tasks, within their grace periods, and offers nothing of it any more until 'mesosctl\n" +
			"reactivate'. AGENT is an ID, the beginning or end of one, or a hostname.\n" +
			"See https://mesos.apache.org/documentation/latest/maintenance/.",
		Example: "  mesosctl drain S3 --wait --max-grace-period=5mins",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return o.run(ctx, a, c, args[0]) })
		},
	}
	append(append(o.Cluster.Flags("10mins"), o.Danger.Flags()...), flags.Table{
		flags.Duration("max_grace_period", &o.grace, "0secs", "longest `time` that a task has to end; 0 is as the tasks say"),
		flags.Bool("mark_gone", &o.markGone, false, "mark the agent gone when it is empty: it never comes back"),
		flags.Bool("wait", &o.wait, false, "wait until the agent is empty"),
	}...).Register(cmd.Flags())
	return cmd
}

func (o *drain) run(ctx context.Context, a *app.App, c *client.Client, name string) error {
	agent, err := find(ctx, c, name)
	if err != nil {
		return err
	}
	tasks, err := tasksOn(ctx, c, agent.GetAgentInfo().GetId().GetValue())
	if err != nil {
		return err
	}
	what := fmt.Sprintf("drain agent %s: %s end", describe(agent), mesos.Count(tasks, "task"))
	if ok, err := o.Allow(a, what); !ok {
		return err
	}
	call := &masterpb.Call_DrainAgent{AgentId: agent.GetAgentInfo().GetId(), MarkGone: &o.markGone}
	if o.grace > 0 {
		call.MaxGracePeriod = durationpb.New(o.grace)
	}
	if _, err := c.Call(ctx, &masterpb.Call{Type: masterpb.Call_DRAIN_AGENT.Enum(), DrainAgent: call}); err != nil {
		return err
	}
	fmt.Fprintf(a.IO.Err, "agent %s is draining\n", describe(agent))
	if !o.wait {
		return nil
	}
	return Drained(ctx, a, c, agent.GetAgentInfo().GetId().GetValue())
}

// Drained waits until an agent is drained, or gone. A person sees a bar of its
// tasks, others a line whenever their number changes.
func Drained(ctx context.Context, a *app.App, c *client.Client, id string) error {
	most, last := 0, ""
	note := lines.NewNote(a.IO)
	defer note.Clear()
	for {
		all, err := c.Agents(ctx)
		if err != nil {
			return err
		}
		agent := with(all, id)
		switch {
		case agent == nil:
			note.Clear()
			fmt.Fprintf(a.IO.Err, "agent %s is gone\n", id)
			return nil
		case agent.GetDrainInfo().GetState() == mesospb.DrainState_DRAINED:
			note.Clear()
			fmt.Fprintf(a.IO.Err, "agent %s is drained\n", id)
			return nil
		case agent.GetDrainInfo() == nil:
			return mesos.Errorf(mesos.Conflict, "agent %s is not being drained (any more)", id)
		}
		if n, text, err := left(ctx, c, id); err == nil && text != last {
			most, last = max(most, n), text
			if a.IO.ErrTerminal {
				note.Bar(int64(most-n), int64(most), text)
			} else {
				fmt.Fprintln(a.IO.Err, text)
			}
		}
		if err := app.Pause(ctx, time.Second/4); err != nil {
			return err
		}
	}
}

// left is how many tasks an agent still has, and the line that says so.
func left(ctx context.Context, c *client.Client, id string) (n int, line string, err error) {
	tasks, err := c.Tasks(ctx)
	if err != nil {
		return 0, "", err
	}
	frameworks, err := c.Frameworks(ctx)
	if err != nil {
		return 0, "", err
	}
	n = count(tasks, id)
	return n, fmt.Sprintf("agent %s: %s left%s", id, mesos.Count(n, "task"), kinds.Unacknowledged(tasks, frameworks, id)), nil
}

func newChange(a *app.App, verb, short string, call func(*mesospb.AgentID) *masterpb.Call) *cobra.Command {
	var o app.Cluster
	cmd := &cobra.Command{
		Use: verb + " AGENT [flags]", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				agent, err := find(ctx, c, args[0])
				if err != nil {
					return err
				}
				if _, err := c.Call(ctx, call(agent.GetAgentInfo().GetId())); err != nil {
					return err
				}
				fmt.Fprintf(a.IO.Err, "agent %s is %sd\n", describe(agent), verb)
				return nil
			})
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	return cmd
}

func newGone(a *app.App) *cobra.Command {
	var o struct {
		app.Cluster
		app.Danger
	}
	cmd := &cobra.Command{
		Use:   "mark-gone AGENT [flags]",
		Short: "Give up an agent that will never come back, and its tasks",
		Long: "Tells the cluster that an agent is gone for good: its tasks are TASK_GONE_BY_OPERATOR, and it can't register\n" +
			"any more. AGENT is an ID, the beginning or end of one, or a hostname.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				agent, err := find(ctx, c, args[0])
				if err != nil {
					return err
				}
				tasks, err := tasksOn(ctx, c, agent.GetAgentInfo().GetId().GetValue())
				if err != nil {
					return err
				}
				what := fmt.Sprintf("give up agent %s for good: %s are lost", describe(agent), mesos.Count(tasks, "task"))
				if ok, err := o.Allow(a, what); !ok {
					return err
				}
				_, err = c.Call(ctx, &masterpb.Call{
					Type:          masterpb.Call_MARK_AGENT_GONE.Enum(),
					MarkAgentGone: &masterpb.Call_MarkAgentGone{AgentId: agent.GetAgentInfo().GetId()},
				})
				if err == nil {
					fmt.Fprintf(a.IO.Err, "agent %s is gone\n", describe(agent))
				}
				return err
			})
		},
	}
	append(o.Cluster.Flags("10secs"), o.Danger.Flags()...).Register(cmd.Flags())
	return cmd
}

// find finds the agent that a name means.
func find(ctx context.Context, c *client.Client, name string) (*masterpb.Response_GetAgents_Agent, error) {
	all, err := c.Agents(ctx)
	if err != nil {
		return nil, err
	}
	id, err := pick.Agent(all, name)
	if err != nil {
		return nil, err
	}
	return with(all, string(id)), nil
}

// with is the agent of an ID; nil if there is none.
func with(all *masterpb.Response_GetAgents, id string) *masterpb.Response_GetAgents_Agent {
	for _, agent := range all.GetAgents() {
		if agent.GetAgentInfo().GetId().GetValue() == id {
			return agent
		}
	}
	return nil
}

func describe(agent *masterpb.Response_GetAgents_Agent) string {
	return fmt.Sprintf("%s (%s)", agent.GetAgentInfo().GetId().GetValue(), agent.GetAgentInfo().GetHostname())
}

// tasksOn counts the tasks that an agent has.
func tasksOn(ctx context.Context, c *client.Client, id string) (n int, err error) {
	all, err := c.Tasks(ctx)
	return count(all, id), err
}

func count(all *masterpb.Response_GetTasks, id string) (n int) {
	for _, list := range [][]*mesospb.Task{all.GetTasks(), all.GetPendingTasks()} {
		for _, t := range list {
			if t.GetAgentId().GetValue() == id {
				n++
			}
		}
	}
	return n
}
