// Package cluster is the live model of a cluster as its operators see it: what the
// master's event stream and some small calls say of it. It is pure: events and
// answers come in with the time, and an event costs the same however large the
// cluster is.
//
// A Cluster belongs to one goroutine. Its records are immutable and may go to others.
package cluster

import (
	"cmp"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Limits on what is remembered of what is over.
const (
	// MaxFinished is how many tasks that are over are kept.
	MaxFinished = 20_000
	// MaxCompleted is how many frameworks that are over are kept.
	MaxCompleted = 1000
)

// Cluster is what is known of a cluster.
type Cluster struct {
	Tasks      *Store[TaskKey, Task]
	Agents     *Store[string, Agent]
	Frameworks *Store[string, Framework]
	// Polled is what the stream doesn't tell.
	Polled Polled
	// History is how it was.
	History History
	// Log is what happened.
	Log Log

	total, used Amounts
	states      [mesos.TaskUnknown + 1]int
	alive       int
	over        int // frameworks that are completed
	launched    int // since the model was made
	failed      int

	onAgent     map[string]*holding
	ofFramework map[string]*holding
	executors   map[string]map[executorKey]Amounts // by agent, of those that hold something themselves
	finished    fifo[TaskKey]
	completed   fifo[string]
}

// holding is what the tasks and executors on an agent or of a framework hold. It
// is there also while the agent or framework itself isn't known.
type holding struct {
	Amounts
	tasks int // that are alive
}

// New returns a cluster of which nothing is known.
func New() *Cluster { return sized(0, 0, 0) }

func sized(tasks, agents, frameworks int) *Cluster {
	return &Cluster{
		Tasks:       newStore((*Task).Key, tasks),
		Agents:      newStore(func(a *Agent) string { return a.ID }, agents),
		Frameworks:  newStore(func(f *Framework) string { return f.ID }, frameworks),
		onAgent:     make(map[string]*holding, agents),
		ofFramework: make(map[string]*holding, frameworks),
		executors:   map[string]map[executorKey]Amounts{},
	}
}

// Task is a task by its key; nil if it is not known.
func (c *Cluster) Task(framework, id string) *Task { return c.Tasks.Get(TaskKey{framework, id}) }

// Agent is an agent by its ID; nil if it is not known.
func (c *Cluster) Agent(id string) *Agent { return c.Agents.Get(id) }

// Framework is a framework by its ID; nil if it is not known.
func (c *Cluster) Framework(id string) *Framework { return c.Frameworks.Get(id) }

// Total is what all agents have.
func (c *Cluster) Total() Amounts { return c.total }

// Used is what tasks and executors hold of it.
func (c *Cluster) Used() Amounts { return c.used }

// Offered is what frameworks are thinking about, as far as it was said; nil if
// nothing was.
func (c *Cluster) Offered() *Amounts { return c.Polled.offered(c.used) }

// FrameworksAlive is how many frameworks are not over.
func (c *Cluster) FrameworksAlive() int { return c.Frameworks.Len() - c.over }

// Alive is how many tasks are not over.
func (c *Cluster) Alive() int { return c.alive }

// Count is how many tasks that are known are in a state.
func (c *Cluster) Count(state mesos.TaskState) int {
	if !state.Valid() {
		return 0
	}
	return c.states[state]
}

// Apply takes an event. A SUBSCRIBED event is not for it but for Snapshot.
func (c *Cluster) Apply(e *masterpb.Event, now time.Time) {
	switch e.GetType() {
	case masterpb.Event_TASK_ADDED:
		c.taskAdded(newTask(e.GetTaskAdded().GetTask()), now)
	case masterpb.Event_TASK_UPDATED:
		c.taskUpdated(e.GetTaskUpdated(), now)
	case masterpb.Event_AGENT_ADDED:
		a := newAgent(e.GetAgentAdded().GetAgent())
		c.putAgent(a)
		c.Log.add(Entry{At: now, Kind: AgentAdded, Agent: a.ID, Text: a.Hostname})
	case masterpb.Event_AGENT_REMOVED:
		c.agentRemoved(e.GetAgentRemoved().GetAgentId().GetValue(), now)
	case masterpb.Event_FRAMEWORK_ADDED:
		f := newFramework(e.GetFrameworkAdded().GetFramework(), false)
		c.putFramework(f)
		c.Log.add(Entry{At: now, Kind: FrameworkAdded, Framework: f.ID, Text: f.Name})
	case masterpb.Event_FRAMEWORK_UPDATED:
		f := newFramework(e.GetFrameworkUpdated().GetFramework(), false)
		if old := c.Frameworks.Get(f.ID); old == nil || old.State() != f.State() {
			c.Log.add(Entry{At: now, Kind: FrameworkUpdated, Framework: f.ID, Text: f.Name, Note: f.State()})
		}
		c.putFramework(f)
	case masterpb.Event_FRAMEWORK_REMOVED:
		info := e.GetFrameworkRemoved().GetFrameworkInfo()
		c.frameworkRemoved(info.GetId().GetValue(), now)
		c.Log.add(Entry{At: now, Kind: FrameworkRemoved, Framework: info.GetId().GetValue(), Text: info.GetName()})
	}
}

// Snapshot makes a cluster of the state that a subscription begins with. Of a large
// one that takes a while, so it is for a goroutine of its own.
func Snapshot(state *masterpb.Response_GetState, now time.Time) *Cluster {
	tasks := state.GetGetTasks()
	alive, unreachable, over := tasks.GetTasks(), tasks.GetUnreachableTasks(), tasks.GetCompletedTasks()
	if more := len(over) - MaxFinished; more > 0 {
		over = over[more:]
	}
	c := sized(len(alive)+len(unreachable)+len(over), len(state.GetGetAgents().GetAgents()), len(state.GetGetFrameworks().GetFrameworks()))
	c.executorsAnswer(state.GetGetExecutors())
	names := nameAll(state)
	for _, m := range append(append(append(alive, unreachable...), tasks.GetOrphanTasks()...), over...) {
		t := newTask(m)
		names.task(t)
		c.putTask(t)
	}
	// What agents and frameworks hold is complete now, so each is made once.
	for _, m := range state.GetGetAgents().GetAgents() {
		c.putAgent(newAgent(m))
	}
	for _, m := range state.GetGetFrameworks().GetCompletedFrameworks() {
		c.putFramework(newFramework(m, true))
	}
	for _, m := range state.GetGetFrameworks().GetFrameworks() {
		c.putFramework(newFramework(m, false))
	}
	c.launched, c.failed = 0, 0
	c.Log.add(Entry{At: now, Kind: Subscribed})
	return c
}

// Inherit takes over the memories of the cluster as it was before a master was lost.
func (c *Cluster) Inherit(old *Cluster) {
	subscribed := c.Log.At(0)
	c.Polled, c.History, c.Log = old.Polled, old.History, old.Log
	c.Log.add(subscribed)
	c.launched, c.failed = old.launched, old.failed
}

// names holds strings that many tasks have in common, and what their frameworks and
// agents are called.
type names struct {
	one                map[string]string
	frameworks, agents map[string]string // by ID
}

func nameAll(state *masterpb.Response_GetState) names {
	n := names{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, list := range [][]*masterpb.Response_GetFrameworks_Framework{
		state.GetGetFrameworks().GetCompletedFrameworks(), state.GetGetFrameworks().GetFrameworks(),
	} {
		for _, f := range list {
			n.frameworks[f.GetFrameworkInfo().GetId().GetValue()] = f.GetFrameworkInfo().GetName()
		}
	}
	for _, a := range state.GetGetAgents().GetAgents() {
		n.agents[a.GetAgentInfo().GetId().GetValue()] = a.GetAgentInfo().GetHostname()
	}
	return n
}

func (n names) of(s string) string {
	if one, ok := n.one[s]; ok {
		return one
	}
	n.one[s] = s
	return s
}

func (n names) task(t *Task) {
	t.Framework, t.Agent, t.Role, t.User, t.Reason = n.of(t.Framework), n.of(t.Agent), n.of(t.Role), n.of(t.User), n.of(t.Reason)
	t.FrameworkName, t.Host = cmp.Or(n.frameworks[t.Framework], t.Framework), cmp.Or(n.agents[t.Agent], t.Agent)
	if t.Message != "" {
		t.Message = n.of(t.Message)
	}
	if t.Name == t.ID {
		t.Name = t.ID // one string is enough for both
	}
}
