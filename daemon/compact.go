package daemon

import (
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// compact makes parts of a message that was just decoded one, where they are
// equal. A master keeps the tasks of all agents; most of what a task is made of is
// the IDs of its agent and framework, and resources as others have them.
func compact(m *linkpb.ToMaster) {
	r := m.GetReregister()
	if r == nil {
		return
	}
	c := compactor{agent: r.GetAgentInfo().GetId(), frameworks: map[string]*mesospb.FrameworkID{}}
	for _, f := range r.GetFrameworks() {
		c.frameworks[f.GetId().GetValue()] = f.GetId()
	}
	for _, t := range r.GetTasks() {
		c.task(t)
	}
	for _, t := range r.GetCompletedTasks() {
		c.task(t)
	}
}

// compactor knows what the tasks of one agent have in common.
type compactor struct {
	agent      *mesospb.AgentID
	frameworks map[string]*mesospb.FrameworkID
	resources  [][]*mesospb.Resource // the newest that differ
}

// distinct is how many different resources to compare those of a task with.
const distinct = 4

func (c *compactor) task(t *mesospb.Task) {
	if id := c.frameworks[t.GetFrameworkId().GetValue()]; id != nil {
		t.FrameworkId = id
	} else if t.FrameworkId != nil {
		c.frameworks[t.GetFrameworkId().GetValue()] = t.FrameworkId
	}
	t.AgentId = c.agentID(t.AgentId)
	t.Resources = c.same(t.Resources)
	for _, s := range t.GetStatuses() {
		s.AgentId = c.agentID(s.AgentId)
		if s.TaskId != nil && s.GetTaskId().GetValue() == t.GetTaskId().GetValue() {
			s.TaskId = t.TaskId
		}
		if s.ExecutorId != nil && t.ExecutorId != nil && s.GetExecutorId().GetValue() == t.GetExecutorId().GetValue() {
			s.ExecutorId = t.ExecutorId
		}
	}
}

func (c *compactor) agentID(id *mesospb.AgentID) *mesospb.AgentID {
	if id != nil && id.GetValue() == c.agent.GetValue() {
		return c.agent
	}
	return id
}

// same is resources that were seen and are equal, or else these.
func (c *compactor) same(rs []*mesospb.Resource) []*mesospb.Resource {
	for _, seen := range c.resources {
		if equal(seen, rs) {
			return seen
		}
	}
	if len(c.resources) == distinct {
		c.resources = append(c.resources[:0], c.resources[1:]...)
	}
	c.resources = append(c.resources, rs)
	return rs
}

func equal(a, b []*mesospb.Resource) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].EqualVT(b[i]) {
			return false
		}
	}
	return true
}
