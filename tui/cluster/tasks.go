package cluster

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// maxStatuses is how many statuses are kept of those that came since a task was known.
const maxStatuses = 20

// holds reports whether a task in a state holds its resources as far as the master
// knows: those of a task on an agent that is away may be given to others.
func holds(s mesos.TaskState) bool {
	return !s.Terminal() && s != mesos.TaskUnreachable && s != mesos.TaskUnknown
}

// Bad reports whether a task ended, or is, as nobody wanted it to.
func Bad(s mesos.TaskState) bool {
	switch s {
	case mesos.TaskFailed, mesos.TaskLost, mesos.TaskError, mesos.TaskDropped, mesos.TaskUnreachable, mesos.TaskGone, mesos.TaskGoneByOperator, mesos.TaskUnknown:
		return true
	}
	return false
}

func (c *Cluster) taskAdded(t *Task, now time.Time) {
	c.launched++
	if t.Started.IsZero() {
		t.Started = now
	}
	t.FrameworkName, t.Host = t.Framework, t.Agent
	if f := c.Frameworks.Get(t.Framework); f != nil {
		t.FrameworkName = f.Name
	}
	if a := c.Agents.Get(t.Agent); a != nil {
		t.Host = a.Hostname
	}
	c.putTask(t)
	c.Log.add(Entry{At: now, Kind: TaskAdded, Task: t.ID, Framework: t.Framework, Agent: t.Agent, State: t.State, Text: t.Name})
}

func (c *Cluster) taskUpdated(u *masterpb.Event_TaskUpdated, now time.Time) {
	status := u.GetStatus()
	old := c.Task(u.GetFrameworkId().GetValue(), status.GetTaskId().GetValue())
	if old == nil {
		return // it was over before it was known
	}
	t := *old
	t.State = mesos.TaskState(u.GetState())
	t.take(status)
	if t.Updated.IsZero() {
		t.Updated = now
	}
	t.later = append(t.later[max(len(t.later)-maxStatuses, 0):len(t.later):len(t.later)], status)
	c.putTask(&t)
	if t.State == old.State {
		return // a status update of the same state is no news, as in health checks
	}
	if Bad(t.State) && !Bad(old.State) {
		c.failed++
	}
	c.Log.add(Entry{
		At: now, Kind: TaskUpdated, Task: t.ID, Framework: t.Framework, Agent: t.Agent, State: t.State, Text: t.Name, Note: t.Message,
	})
}

// putTask adds or replaces a task, and counts it.
func (c *Cluster) putTask(t *Task) {
	old := c.Tasks.Get(t.Key())
	c.countTask(old, -1)
	c.countTask(t, +1)
	c.Tasks.put(t)
	if t.Alive() || old != nil && !old.Alive() {
		return
	}
	for key, over := c.finished.push(t.Key(), MaxFinished); over; key, over = c.finished.next(MaxFinished) {
		if t := c.Tasks.Get(key); t != nil && !t.Alive() {
			c.removeTask(t)
		}
	}
}

func (c *Cluster) removeTask(t *Task) {
	c.countTask(t, -1)
	c.Tasks.remove(t.Key())
}

// countTask adds a task to what is counted, or takes it out of that.
func (c *Cluster) countTask(t *Task, sign int) {
	if t == nil {
		return
	}
	if t.State.Valid() {
		c.states[t.State] += sign
	}
	if !t.Alive() {
		return
	}
	c.alive += sign
	held := Amounts{}
	if holds(t.State) {
		held = t.Used
	}
	if sign < 0 {
		held = Amounts{}.Minus(held)
	}
	c.hold(t.Framework, t.Agent, held, sign)
}

// hold counts what is held from now on, and tasks that are alive.
func (c *Cluster) hold(framework, agent string, held Amounts, tasks int) {
	c.used = c.used.Plus(held)
	if h := grow(c.onAgent, agent, held, tasks); c.Agents.Get(agent) != nil {
		a := *c.Agents.Get(agent)
		a.Used, a.Tasks = h.Amounts, h.tasks
		c.Agents.put(&a)
	}
	if h := grow(c.ofFramework, framework, held, tasks); c.Frameworks.Get(framework) != nil {
		f := *c.Frameworks.Get(framework)
		f.Used, f.Tasks = h.Amounts, h.tasks
		c.Frameworks.put(&f)
	}
}

func grow(all map[string]*holding, id string, held Amounts, tasks int) holding {
	h := all[id]
	if h == nil {
		h = &holding{}
		all[id] = h
	}
	h.Amounts, h.tasks = h.Plus(held), h.tasks+tasks
	if *h == (holding{}) {
		delete(all, id)
	}
	return *h
}

// fifo is keys in the order in which things were over.
type fifo[K comparable] struct {
	keys []K
	head int
}

// push adds a key, and is next.
func (f *fifo[K]) push(key K, limit int) (oldest K, over bool) {
	f.keys = append(f.keys, key)
	return f.next(limit)
}

// next takes the oldest key out if there are more than the limit.
func (f *fifo[K]) next(limit int) (oldest K, over bool) {
	if len(f.keys)-f.head <= limit {
		return oldest, false
	}
	oldest = f.keys[f.head]
	f.head++
	if f.head > limit {
		f.keys, f.head = append([]K(nil), f.keys[f.head:]...), 0
	}
	return oldest, true
}
