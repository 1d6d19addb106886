package executor

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Recovered is where a task of an executor was that ended with its agent.
type Recovered struct {
	Task *mesospb.TaskInfo
	// Told is the newest status of the task that the agent has; nil if it has none.
	Told *mesospb.TaskStatus
	// Running is when the task began to run, as far as the agent knows; else zero.
	Running time.Time
	// Group is the same for all tasks of a task group.
	Group string
}

// told is the state that the agent knows.
func (r *Recovered) told() mesos.TaskState {
	if r.Told == nil {
		return mesos.TaskStaging
	}
	return mesos.TaskState(r.Told.GetState())
}

// runs reports whether the agent knows that the task runs.
func (r *Recovered) runs() bool {
	switch r.told() {
	case mesos.TaskStaging, mesos.TaskStarting:
		return false
	}
	return true
}

// adopt goes on with a task in its container, which may be gone.
func (s *session) adopt(now time.Time, t *task, r *Recovered) {
	t.last, t.acknowledged = r.Told, r.Told != nil
	if status := r.Told.GetContainerStatus(); status != nil {
		t.status = status
	}
	if r.runs() {
		t.running, t.killing = true, r.told() == mesos.TaskKilling
	}
	switch {
	case !t.running || t.killing:
	case r.Running.IsZero():
		s.watch(now, t)
	default:
		s.watch(r.Running, t)
	}
	s.do(Adopt{Container: t.container, Task: t.info, News: !t.running})
}

// resume goes on where another executor was. A kill that it was told of comes
// again from the agent.
func (c *Command) resume(now time.Time, tasks []Recovered) {
	if len(tasks) != 1 || tasks[0].told().Terminal() {
		c.terminate(0)
		return
	}
	c.take(tasks[0].Task)
	c.adopt(now, c.task, &tasks[0])
	c.subscribeAgain()
}

// resume goes on where another executor was, with the tasks that it has told of:
// the agent takes those of which it never heard for lost.
func (d *Default) resume(now time.Time, tasks []Recovered) {
	groups := make(map[string]*group)
	for i := range tasks {
		r := &tasks[i]
		id := convert.ContainerID(r.Told.GetContainerStatus().GetContainerId())
		if r.Told == nil || r.told().Terminal() || id.Parent() != d.config.Container {
			continue
		}
		g := groups[r.Group]
		if g == nil {
			g = &group{}
			groups[r.Group] = g
		}
		m := d.join(g, r.Task, id)
		d.session.adopt(now, &m.task, r)
		if !m.running {
			g.launching++
		}
	}
	d.bereft = len(d.tasks) == 0
	d.subscribeAgain()
}
