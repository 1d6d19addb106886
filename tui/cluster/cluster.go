// Package cluster is the live model of a cluster as its operators see it: what the
// master's event stream and some small endpoints say of it. It is pure: events and
// answers come in with the time, and an event costs the same however large the
// cluster is.
//
// A Cluster belongs to one goroutine. Its records are immutable and may go to others.
package cluster

// Cluster is what is known of a cluster.
type Cluster struct {
	Tasks      *Store[TaskKey, Task]
	Agents     *Store[string, Agent]
	Frameworks *Store[string, Framework]
}

// New returns a cluster of which nothing is known.
func New() *Cluster { return sized(0, 0, 0) }

func sized(tasks, agents, frameworks int) *Cluster {
	return &Cluster{
		Tasks:      newStore((*Task).Key, tasks),
		Agents:     newStore(func(a *Agent) string { return a.ID }, agents),
		Frameworks: newStore(func(f *Framework) string { return f.ID }, frameworks),
	}
}

// Task is a task by its key; nil if it is not known.
func (c *Cluster) Task(framework, id string) *Task { return c.Tasks.Get(TaskKey{framework, id}) }

// Agent is an agent by its ID; nil if it is not known.
func (c *Cluster) Agent(id string) *Agent { return c.Agents.Get(id) }

// Framework is a framework by its ID; nil if it is not known.
func (c *Cluster) Framework(id string) *Framework { return c.Frameworks.Get(id) }
