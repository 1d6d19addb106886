package allocator

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Books is what frameworks hold of an agent, with allocation roles, and what is
// free of it; false if the agent isn't known. It is for whoever audits.
func (al *Allocator) Books(id mesos.AgentID) (held, free resources.Resources, known bool) {
	i, known := al.agentIDs[id]
	if !known {
		return held, free, false
	}
	a := al.agents[i]
	for h := range a.held {
		held = held.Add(a.held[h].whole().held)
	}
	return held, a.free, true
}
