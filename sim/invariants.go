package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// invariants is checked after every event. What schedulers are told of their
// tasks, and that nobody is told of being registered before it is durable, is
// checked where it happens.
func (c *cluster) invariants() {
	for _, m := range c.machines {
		if m.moved {
			m.moved = false
			c.checkMachine(m)
		}
	}
	for _, h := range c.hosts {
		if l := h.term; l != nil && l.session != nil && !l.core.dead && (l.core.moved || l.session.alloc.moved) {
			c.checkBooks(l)
			c.checkShadow(l)
		}
	}
	c.checkRegistry()
}

// checkMachine: what runs on a machine uses no more than it has. No resource
// was given twice. What a framework that was ended still holds while it is shut
// down doesn't count: as in Mesos, the master gives it to others at once.
func (c *cluster) checkMachine(m *machine) {
	if m.core.dead {
		return
	}
	var used resources.Resources
	for _, id := range slices.Sorted(maps.Keys(m.containers)) {
		if x := m.containers[id]; !m.ending[x.launch.Framework.GetId().GetValue()] {
			used = used.Add(x.holds())
		}
	}
	if !m.total.Contains(used) {
		c.fail("%s: tasks and executors use %v of %v", m.name, used, m.total)
	}
}

// checkBooks: the master's books and the allocator's agree, once neither has
// something to tell the other: what is used and offered of an agent is what
// frameworks hold of it, and with what is free it is the agent's total.
func (c *cluster) checkBooks(l *leader) {
	if !l.session.agreed() {
		return
	}
	l.core.moved, l.session.alloc.moved = false, false
	for _, id := range slices.Sorted(maps.Keys(l.dirty)) {
		if l.agents[id] != nil {
			c.checkAgentBooks(l, id)
		}
		l.session.ledger.checkAgainst(l.session.policy, id)
	}
	clear(l.dirty)
}

func (c *cluster) checkAgentBooks(l *leader, id mesos.AgentID) {
	agent := l.agents[id]
	held, free, known := l.session.policy.Books(id)
	if !known {
		c.fail("%s: the allocator doesn't know agent %s", l.name, id)
		return
	}
	var offered resources.Resources
	for _, o := range l.offersOf[id] {
		offered = offered.Add(o)
	}
	used := c.decode(agent.GetAllocatedResources())
	total := c.decode(agent.GetTotalResources())
	switch {
	case !offered.Equal(c.decode(agent.GetOfferedResources())):
		c.fail("%s: agent %s: offers have %v, its record says %v", l.name, id, offered, agent.GetOfferedResources())
	case !held.Equal(used.Add(offered)):
		c.fail("%s: agent %s: used %v and offered %v, but the allocator says %v", l.name, id, used, offered, held)
	case !total.Equal(held.Unallocate().Add(free)):
		c.fail("%s: agent %s: held %v and free %v is not its total %v", l.name, id, held, free, total)
	}
}

func (c *cluster) decode(list []*mesospb.Resource) resources.Resources {
	r, err := convert.Resources(list)
	if err != nil {
		c.fail("a published record has bad resources: %v", err)
	}
	return r
}

// checkRegistry: an agent that has it on its disk that it is admitted stays in the
// registry, as admitted, unreachable or gone, until it says that it leaves,
// another agent takes its place on its machine, or the machine is taken down.
func (c *cluster) checkRegistry() {
	if !c.etcd.changed {
		return
	}
	c.etcd.changed = false
	for _, id := range slices.Sorted(maps.Keys(c.acknowledged)) {
		if m := c.acknowledged[id]; !c.inRegistry(id) && !c.left[id] && !m.expelled {
			c.fail("agent %s was admitted and is not in the registry any more", id)
		}
	}
}

func (c *cluster) inRegistry(id mesos.AgentID) bool {
	for _, key := range []string{master.AdmittedKey(id), master.UnreachableKey(id), master.GoneKey(id)} {
		if _, ok := c.etcd.keys[key]; ok {
			return true
		}
	}
	return false
}

// settled reports whether nothing is left to happen.
func (c *cluster) settled() bool { return len(c.unsettled()) == 0 }

// unsettled is what keeps the cluster from being settled.
func (c *cluster) unsettled() []string {
	var why []string
	l := c.leading()
	if l == nil {
		why = append(why, "nobody leads")
		return why
	}
	if draining, down := machinesOf(l.maintenance); len(draining)+len(down) > 0 {
		why = append(why, "maintenance is planned")
	}
	for _, s := range c.schedulers {
		if !s.settled() || s.leader != l {
			why = append(why, s.name+" waits for tasks or for its subscription")
		}
		for _, t := range s.order {
			if !t.terminal() && c.reachable(t.agent) {
				why = append(why, s.name+" waits for the end of "+t.id+", which is "+t.state.String())
			}
		}
	}
	for _, m := range c.machines {
		if m.core.dead || m.link() == nil || c.ends[m.link()].leader != l {
			why = append(why, m.name+" is not connected")
		}
		if len(m.containers) > 0 {
			why = append(why, m.name+" runs containers")
		}
	}
	active := 0
	for _, id := range slices.Sorted(maps.Keys(l.agents)) {
		a := l.agents[id]
		if len(a.GetAllocatedResources()) > 0 {
			why = append(why, "agent "+string(id)+" is in use: "+c.decode(a.GetAllocatedResources()).String())
		}
		if a.GetActive() {
			active++
		}
	}
	if active < len(c.machines) {
		why = append(why, fmt.Sprintf("%d agents are active and %d machines run", active, len(c.machines)))
	}
	return why
}

// reachable reports whether an agent of that ID is registered.
func (c *cluster) reachable(id string) bool {
	return c.leading().agents[mesos.AgentID(id)] != nil
}

func (c *cluster) explainUnsettled() {
	c.fail("not settled %v after the last fault: %s", settleTime, strings.Join(c.unsettled(), "; "))
}
