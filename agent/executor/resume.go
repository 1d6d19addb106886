package executor

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Recovered is where an executor was that ended with its agent.
type Recovered struct {
	Task *mesospb.TaskInfo
	// Told is the newest status of the task that the agent has; nil if it has none.
	Told *mesospb.TaskStatus
	// Running is when the task began to run, as far as the agent knows; else zero.
	Running time.Time
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

// resume goes on where another executor was. A kill that it was told of comes
// again from the agent.
func (c *Command) resume(r Recovered) {
	c.task, c.acknowledged = r.Task, r.Told != nil
	if status := r.Told.GetContainerStatus(); status != nil {
		c.status = status
	}
	switch {
	case r.told().Terminal():
		c.terminate(0)
		return
	case r.runs():
		c.phase = running
		c.killing = r.told() == mesos.TaskKilling
		if limit := c.task.GetMaxCompletionTime().GetNanoseconds(); limit > 0 && !r.Running.IsZero() {
			c.overAt = r.Running.Add(time.Duration(limit))
		}
	default:
		c.phase = launching
	}
	c.subscribe()
}
