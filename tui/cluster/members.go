package cluster

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// putAgent adds or replaces an agent. What it uses is what is known of its tasks.
func (c *Cluster) putAgent(a *Agent) {
	a.Used, a.Tasks = Amounts{}, 0
	if h := c.onAgent[a.ID]; h != nil {
		a.Used, a.Tasks = h.Amounts, h.tasks
	}
	if old := c.Agents.Get(a.ID); old != nil {
		c.total = c.total.Minus(old.Total)
	}
	c.total = c.total.Plus(a.Total)
	c.Agents.put(a)
}

func (c *Cluster) agentRemoved(id string, now time.Time) {
	entry := Entry{At: now, Kind: AgentRemoved, Agent: id}
	if a := c.Agents.remove(id); a != nil {
		c.total = c.total.Minus(a.Total)
		entry.Text = a.Hostname
	}
	c.executorsOn(id)
	c.Log.add(entry)
}

// putFramework adds or replaces a framework. What it uses is what is known of its tasks.
func (c *Cluster) putFramework(f *Framework) {
	f.Used, f.Tasks = Amounts{}, 0
	if h := c.ofFramework[f.ID]; h != nil {
		f.Used, f.Tasks = h.Amounts, h.tasks
	}
	old := c.Frameworks.Get(f.ID)
	c.Frameworks.put(f)
	if f.Completed {
		c.over++
	}
	if old != nil && old.Completed {
		c.over--
	}
	if !f.Completed || old != nil && old.Completed {
		return
	}
	for id, over := c.completed.push(f.ID, MaxCompleted); over; id, over = c.completed.next(MaxCompleted) {
		if f := c.Frameworks.Get(id); f != nil && f.Completed {
			c.Frameworks.remove(id)
			c.over--
		}
	}
}

// frameworkRemoved ends a framework. Its tasks end with it, whether they were told
// of before or not.
func (c *Cluster) frameworkRemoved(id string, now time.Time) {
	c.executorsOf(id)
	if h := c.ofFramework[id]; h != nil && h.tasks > 0 {
		for _, old := range c.Tasks.All() {
			if old.Framework == id && old.Alive() {
				t := *old
				t.State, t.Updated, t.Message, t.Reason = mesos.TaskKilled, now, "", "FRAMEWORK_REMOVED"
				c.putTask(&t)
			}
		}
	}
	if old := c.Frameworks.Get(id); old != nil {
		f := *old
		f.Completed, f.Active, f.Connected, f.Unregistered, f.Offers, f.Offered = true, false, false, now, 0, Amounts{}
		c.putFramework(&f)
	}
}
