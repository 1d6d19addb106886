package verbs

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component/question"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// patience is how long the masters and agents may take to do something.
const patience = 30 * time.Second

// action is something done with one thing.
type action struct {
	what string // for errors
	do   func(context.Context) error
}

// ask asks before some things are done, and tells how that went: done is a sentence.
func ask(d *page.Deps, title, note, done string, lost []string, actions []action) tea.Cmd {
	for i := range lost {
		lost[i] = text.Clean(lost[i])
	}
	d.Open(question.New(d, title, lost, note, perform(d, done, actions)))
	return nil
}

// perform does things one after the other, those after one that failed, too.
func perform(d *page.Deps, done string, actions []action) tea.Cmd {
	ctx := d.Context
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var errs []error
		for _, a := range actions {
			if err := a.do(ctx); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", a.what, err))
			}
		}
		switch {
		case len(errs) == 0:
			return page.Notify{Level: page.Good, Text: done}
		case len(errs) > 1:
			return page.Notify{Level: page.Bad, Text: fmt.Sprintf("%d of %d failed; the first: %v", len(errs), len(actions), errs[0])}
		}
		return page.Notify{Level: page.Bad, Text: errs[0].Error()}
	}
}

func kill(d *page.Deps, refs []page.Ref) tea.Cmd {
	c := d.Cluster()
	var lost []string
	var actions []action
	for _, ref := range refs {
		t := c.Task(ref.Framework, ref.ID)
		if t == nil || !t.Alive() {
			continue
		}
		agent, ok := d.Agent(t.Agent)
		if !ok {
			return page.Fail(mesos.Errorf(mesos.Unavailable, "kill: task %s: its agent %s is not registered", t.ID, t.Agent))
		}
		lost = append(lost, fmt.Sprintf("task %s of %s on %s", t.ID, frameworkName(d, t.Framework), agentName(d, t.Agent)))
		actions = append(actions, action{"task " + t.ID, end(d.Client, agent, t.Proto())})
	}
	n := text.Plural(len(actions), "task")
	if len(actions) == 0 {
		return page.Fail(mesos.Errorf(mesos.Conflict, "kill: nothing of it runs any more"))
	}
	return ask(d, "Kill "+n+"?", "Frameworks that want them to run start others in their place.", n+" asked to end", lost, actions)
}

func end(c *client.Client, agent *client.Agent, task *mesospb.Task) func(context.Context) error {
	return func(ctx context.Context) error {
		err := c.EndTask(ctx, agent, task, nil)
		if mesos.KindOf(err) == mesos.Conflict { // it has ended meanwhile
			return nil
		}
		return err
	}
}

// call is an action that is one call of the master.
func call(c *client.Client, what string, message *masterpb.Call) action {
	return action{what, func(ctx context.Context) error {
		_, err := c.Call(ctx, message)
		return err
	}}
}

func teardown(d *page.Deps, refs []page.Ref) tea.Cmd {
	var lost []string
	var actions []action
	for _, ref := range refs {
		f := d.Cluster().Framework(ref.ID)
		if f == nil || f.Completed {
			continue
		}
		lost = append(lost, fmt.Sprintf("framework %s (%s) with %s", f.Name, f.ID, text.Plural(f.Tasks, "task")))
		actions = append(actions, call(d.Client, "framework "+f.Name, &masterpb.Call{
			Type:     masterpb.Call_TEARDOWN.Enum(),
			Teardown: &masterpb.Call_Teardown{FrameworkId: &mesospb.FrameworkID{Value: &f.ID}},
		}))
	}
	n := text.Plural(len(actions), "framework")
	if len(actions) == 0 {
		return page.Fail(mesos.Errorf(mesos.Conflict, "teardown: it is over already"))
	}
	return ask(d, "Tear down "+n+"?", "It can't come back under its ID, and its tasks and executors are killed.", n+" torn down", lost, actions)
}

// onAgents asks, and then calls the master once for each agent.
func onAgents(d *page.Deps, refs []page.Ref, title, note, done string, message func(*mesospb.AgentID) *masterpb.Call) tea.Cmd {
	var lost []string
	var actions []action
	for _, ref := range refs {
		a := d.Cluster().Agent(ref.ID)
		if a == nil {
			continue
		}
		lost = append(lost, fmt.Sprintf("agent %s (%s) with %s", a.Hostname, a.ID, text.Plural(a.Tasks, "task")))
		actions = append(actions, call(d.Client, "agent "+a.Hostname, message(&mesospb.AgentID{Value: &a.ID})))
	}
	if len(actions) == 0 {
		return page.Fail(errors.New("the agent is not registered any more"))
	}
	n := text.Plural(len(actions), "agent")
	return ask(d, fmt.Sprintf(title, n), note, fmt.Sprintf(done, n), lost, actions)
}

func drain(d *page.Deps, refs []page.Ref) tea.Cmd {
	return onAgents(d, refs, "Drain %s?", "Tasks on it are killed, and it is offered no more until it is reactivated.", "%s draining",
		func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{Type: masterpb.Call_DRAIN_AGENT.Enum(), DrainAgent: &masterpb.Call_DrainAgent{AgentId: id}}
		})
}

func deactivate(d *page.Deps, refs []page.Ref) tea.Cmd {
	return onAgents(d, refs, "Deactivate %s?", "Its tasks go on, and it is offered no more until it is reactivated.", "%s deactivated",
		func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{Type: masterpb.Call_DEACTIVATE_AGENT.Enum(), DeactivateAgent: &masterpb.Call_DeactivateAgent{AgentId: id}}
		})
}

func reactivate(d *page.Deps, refs []page.Ref) tea.Cmd {
	return onAgents(d, refs, "Reactivate %s?", "It is offered again.", "%s reactivated",
		func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{Type: masterpb.Call_REACTIVATE_AGENT.Enum(), ReactivateAgent: &masterpb.Call_ReactivateAgent{AgentId: id}}
		})
}

func markGone(d *page.Deps, refs []page.Ref) tea.Cmd {
	return onAgents(d, refs, "Give up %s for good?", "Its tasks are TASK_GONE_BY_OPERATOR, and it can never register again.", "%s marked gone",
		func(id *mesospb.AgentID) *masterpb.Call {
			return &masterpb.Call{Type: masterpb.Call_MARK_AGENT_GONE.Enum(), MarkAgentGone: &masterpb.Call_MarkAgentGone{AgentId: id}}
		})
}

func frameworkName(d *page.Deps, id string) string {
	if f := d.Cluster().Framework(id); f != nil && f.Name != "" {
		return f.Name
	}
	return id
}

func agentName(d *page.Deps, id string) string {
	if a := d.Cluster().Agent(id); a != nil && a.Hostname != "" {
		return a.Hostname
	}
	return id
}
