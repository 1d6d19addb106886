// Package wait is `mesosctl wait`.
package wait

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// interval is how often the cluster is asked.
const interval = time.Second / 4

// New makes the command.
func New(a *app.App) *cobra.Command {
	var o app.Cluster
	var texts []string
	cmd := &cobra.Command{
		Use:   "wait --for=CONDITION... [flags]",
		Short: "Wait until a cluster is as it should be",
		Long: "Waits until all conditions are true. They are:\n\n" +
			"  leader            a master leads\n" +
			"  agents=N          N agents or more are active; with 0, none is\n" +
			"  tasks=N           N tasks or more run; with 0, none does\n" +
			"  task=ID:STATE     a task is in a state, as in TASK_FINISHED\n" +
			"  drained=AGENT     an agent is drained, or gone\n" +
			"  gone=FRAMEWORK    a framework is not there (any more)\n\n" +
			"It exits with 5 if they are not true within --timeout.",
		Example: "  mesosctl wait --for=leader --for=agents=3 --timeout=1mins",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conditions, err := parse(texts)
			if err != nil {
				return err
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error { return run(ctx, c, conditions) })
		},
	}
	o.Flags("5mins").Register(cmd.Flags())
	flags.Table{
		flags.Func("for", "condition", "", "what to wait for; may be given several times", func(text string) error {
			if text != "" { // its default
				texts = append(texts, text)
			}
			return nil
		}),
	}.Register(cmd.Flags())
	return cmd
}

// condition is one thing to wait for.
type condition struct {
	text string
	// met reports whether it is so, and else what is.
	met func(state *masterpb.Response_GetState) (is bool, instead string)
}

func parse(texts []string) ([]condition, error) {
	if len(texts) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "name a condition: --for=leader, agents=N, tasks=N, task=ID:STATE, drained=AGENT or gone=FRAMEWORK")
	}
	var list []condition
	for _, text := range texts {
		kind, value, _ := strings.Cut(text, "=")
		c := condition{text: text}
		var err error
		switch kind {
		case "leader":
			c.met = func(*masterpb.Response_GetState) (bool, string) { return true, "" }
		case "agents":
			c.met, err = number(value, "active agents", activeAgents)
		case "tasks":
			c.met, err = number(value, "running tasks", runningTasks)
		case "task":
			c.met, err = taskState(value)
		case "drained":
			c.met = func(state *masterpb.Response_GetState) (bool, string) { return drained(state, value) }
		case "gone":
			c.met = func(state *masterpb.Response_GetState) (bool, string) { return gone(state, value) }
		default:
			err = mesos.Errorf(mesos.Invalid, "there is no such condition")
		}
		if err == nil && kind != "leader" && value == "" {
			err = mesos.Errorf(mesos.Invalid, "it lacks its value")
		}
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "--for=%s: %w", text, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// run waits until all conditions are met at once.
func run(ctx context.Context, c *client.Client, conditions []condition) error {
	why := "" // no master leads, when last heard
	for {
		unmet := "no master leads"
		state, err := c.State(ctx)
		switch {
		case err == nil:
			if unmet = first(state, conditions); unmet == "" {
				return nil
			}
		case ctx.Err() == nil && mesos.KindOf(err) != mesos.Unavailable:
			return err
		case ctx.Err() == nil:
			why = fmt.Sprintf(" (%v)", err)
			unmet += why
		default:
			unmet += why // that it took too long is said next
		}
		if err := app.Pause(ctx, interval); err != nil {
			return mesos.Errorf(mesos.KindOf(err), "%s: %w", unmet, err)
		}
	}
}

// first says what the first condition is that is not met.
func first(state *masterpb.Response_GetState, conditions []condition) string {
	for _, c := range conditions {
		if is, instead := c.met(state); !is {
			return fmt.Sprintf("%s: %s", c.text, instead)
		}
	}
	return ""
}

func number(text, what string, count func(*masterpb.Response_GetState) int) (func(*masterpb.Response_GetState) (bool, string), error) {
	want, err := strconv.Atoi(text)
	if err != nil || want < 0 {
		return nil, mesos.Errorf(mesos.Invalid, "%q is not a number", text)
	}
	return func(state *masterpb.Response_GetState) (bool, string) {
		n := count(state)
		return n == want || n > want && want > 0, fmt.Sprintf("there are %d %s", n, what)
	}, nil
}

func activeAgents(state *masterpb.Response_GetState) (n int) {
	for _, agent := range state.GetGetAgents().GetAgents() {
		if agent.GetActive() {
			n++
		}
	}
	return n
}

func runningTasks(state *masterpb.Response_GetState) (n int) {
	for _, t := range state.GetGetTasks().GetTasks() {
		if t.GetState() == mesospb.TaskState_TASK_RUNNING {
			n++
		}
	}
	return n
}

func taskState(text string) (func(*masterpb.Response_GetState) (bool, string), error) {
	at := strings.LastIndex(text, ":")
	if at < 1 {
		return nil, mesos.Errorf(mesos.Invalid, "%q is not ID:STATE", text)
	}
	id, name := text[:at], strings.ToUpper(text[at+1:])
	if !strings.HasPrefix(name, "TASK_") {
		name = "TASK_" + name
	}
	want, ok := mesospb.TaskState_value[name]
	if !ok {
		return nil, mesos.Errorf(mesos.Invalid, "%q is not a state of tasks, such as TASK_RUNNING", text[at+1:])
	}
	return func(state *masterpb.Response_GetState) (bool, string) {
		all := state.GetGetTasks()
		instead := "there is no such task"
		for _, list := range [][]*mesospb.Task{all.GetPendingTasks(), all.GetCompletedTasks(), all.GetUnreachableTasks(), all.GetTasks()} {
			for _, t := range list {
				if t.GetTaskId().GetValue() != id {
					continue
				}
				if int32(t.GetState()) == want {
					return true, ""
				}
				instead = "it is " + t.GetState().String()
			}
		}
		return false, instead
	}, nil
}

func drained(state *masterpb.Response_GetState, name string) (bool, string) {
	id, err := pick.Agent(state.GetGetAgents(), name)
	if mesos.KindOf(err) == mesos.NotFound {
		return true, ""
	}
	if err != nil {
		return false, err.Error()
	}
	for _, agent := range state.GetGetAgents().GetAgents() {
		if agent.GetAgentInfo().GetId().GetValue() == string(id) {
			drain := agent.GetDrainInfo()
			if drain == nil {
				return false, "the agent is not being drained"
			}
			return drain.GetState() == mesospb.DrainState_DRAINED, "the agent is " + drain.GetState().String() +
				kinds.Unacknowledged(state.GetGetTasks(), state.GetGetFrameworks(), string(id))
		}
	}
	return true, ""
}

func gone(state *masterpb.Response_GetState, name string) (bool, string) {
	id, err := pick.Framework(state.GetGetFrameworks(), name)
	if mesos.KindOf(err) == mesos.NotFound {
		return true, ""
	}
	if err != nil {
		return false, err.Error()
	}
	return false, fmt.Sprintf("framework %s is there", id)
}
