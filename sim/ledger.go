package sim

import (
	"slices"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// ledger is what somebody who only listens knows of an allocator: what it was
// told and what it gave. The allocator's promises are checked against it.
type ledger struct {
	cluster *cluster
	dirty   map[mesos.AgentID]bool // whose books changed; the master's
	agents  map[mesos.AgentID]*allocation.Agent
	roles   map[mesos.FrameworkID][]string
	held    map[mesos.AgentID]map[mesos.FrameworkID]resources.Resources
	limits  map[string]map[string]resources.Scalar // of roles, by resource
}

func newLedger(c *cluster, dirty map[mesos.AgentID]bool) *ledger {
	return &ledger{
		cluster: c, dirty: dirty,
		agents: map[mesos.AgentID]*allocation.Agent{},
		roles:  map[mesos.FrameworkID][]string{},
		held:   map[mesos.AgentID]map[mesos.FrameworkID]resources.Resources{},
		limits: map[string]map[string]resources.Scalar{},
	}
}

func (b *ledger) hold(g allocation.Grant) {
	if b.held[g.Agent] == nil {
		b.held[g.Agent] = map[mesos.FrameworkID]resources.Resources{}
	}
	b.dirty[g.Agent] = true
	b.held[g.Agent][g.Framework] = b.held[g.Agent][g.Framework].Add(g.Resources)
	b.checkReservations(g)
}

// told notes an input.
func (b *ledger) told(in allocation.Input) {
	switch in := in.(type) {
	case allocation.AddFramework:
		b.roles[in.Framework.ID] = in.Framework.Roles
		for _, g := range in.Used {
			b.hold(g)
		}
	case allocation.UpdateFramework:
		b.roles[in.Framework.ID] = in.Framework.Roles
	case allocation.RemoveFramework:
		delete(b.roles, in.ID)
		for id, held := range b.held {
			if _, ok := held[in.ID]; ok {
				b.dirty[id] = true
				delete(held, in.ID)
			}
		}
	case allocation.AddAgent:
		b.agents[in.Agent.ID], b.dirty[in.Agent.ID] = in.Agent, true
		delete(b.held, in.Agent.ID)
		for _, g := range in.Used {
			b.hold(g)
		}
	case allocation.UpdateAgent:
		b.agents[in.Agent.ID], b.dirty[in.Agent.ID] = in.Agent, true
	case allocation.RemoveAgent:
		delete(b.agents, in.ID)
		delete(b.held, in.ID)
	case allocation.Hold:
		b.hold(in.Grant)
	case allocation.Recover:
		if held := b.held[in.Agent]; held != nil {
			held[in.Framework] = held[in.Framework].Sub(in.Resources)
			b.dirty[in.Agent] = true
		}
	case allocation.UpdateQuota:
		b.limits[in.Role] = in.Quota.Limits
	case allocation.UpdateUnavailability:
		if known := b.agents[in.ID]; known != nil {
			agent := *known
			agent.Unavailability = in.Unavailability
			b.agents[in.ID] = &agent
		}
	}
}

// said notes an output, and checks it.
func (b *ledger) said(out allocation.Output) {
	switch out := out.(type) {
	case allocation.OffersReady:
		for _, o := range out.Offers {
			b.checkOffer(out.Framework, o)
			b.hold(allocation.Grant{Framework: out.Framework, Agent: o.Agent, Resources: o.Resources})
			b.checkLimits(o)
		}
	case allocation.InverseOffersReady:
		for _, a := range out.Agents {
			b.checkInverse(out.Framework, a)
		}
	}
}

// within reports whether a role is another or below it.
func within(role, top string) bool { return role == top || mesos.IsStrictSubrole(role, top) }

// checkOffer: a framework is offered things in its own roles only.
func (b *ledger) checkOffer(framework mesos.FrameworkID, o allocation.Offered) {
	if !slices.Contains(b.roles[framework], o.Role) {
		b.cluster.fail("framework %s has roles %v and was offered %v for %s", framework, b.roles[framework], o.Resources, o.Role)
	}
	if !o.Resources.AllocatedTo(o.Role).Equal(o.Resources) {
		b.cluster.fail("an offer for role %s has %v", o.Role, o.Resources)
	}
}

// checkReservations: what is reserved to a role is held in that role or below it.
func (b *ledger) checkReservations(g allocation.Grant) {
	for r := range g.Resources.All() {
		if n := len(r.Reservations); n > 0 && !within(r.AllocationRole, r.Reservations[n-1].Role) {
			b.cluster.fail("framework %s on agent %s holds %v, which is reserved to %s, in role %s",
				g.Framework, g.Agent, r, r.Reservations[n-1].Role, r.AllocationRole)
		}
	}
}

// checkLimits: no offer takes its role, or one above it, over a limit. A role
// consumes what is reserved to it and those below it, and what is held of the
// rest. What was held before a limit was lowered may stay.
func (b *ledger) checkLimits(o allocation.Offered) {
	given := o.Resources.UnreservedQuantities()
	for role, limits := range b.limits {
		if len(limits) == 0 || !within(o.Role, role) {
			continue
		}
		consumed := b.consumed(role)
		for name, limit := range limits {
			if given.Get(name) > 0 && consumed.Get(name) > limit {
				b.cluster.fail("an offer of %v takes role %s to %v, beyond its limit of %v %s", o.Resources, role, consumed, limit, name)
			}
		}
	}
}

func (b *ledger) consumed(role string) resources.Quantities {
	var sum resources.Quantities
	for id, agent := range b.agents {
		sum = sum.Add(agent.Total.ReservedToSubtree(role).Quantities())
		for _, held := range b.held[id] {
			sum = sum.Add(held.AllocatedToSubtree(role).UnreservedQuantities())
		}
	}
	return sum
}

// checkInverse: only those that hold something of an agent are asked to leave
// it, and only if it has a planned outage.
func (b *ledger) checkInverse(framework mesos.FrameworkID, a allocation.InverseOffered) {
	agent := b.agents[a.Agent]
	switch {
	case agent == nil || agent.Unavailability == nil:
		b.cluster.fail("framework %s is asked to leave agent %s, which has no planned outage", framework, a.Agent)
	case *agent.Unavailability != a.Unavailability:
		b.cluster.fail("framework %s is told of the outage %v of agent %s, which is %v", framework, a.Unavailability, a.Agent, *agent.Unavailability)
	case b.held[a.Agent][framework].IsEmpty():
		b.cluster.fail("framework %s is asked to leave agent %s, of which it holds nothing", framework, a.Agent)
	}
}

// checkAgainst: an allocator's books of an agent are what the ledger says.
func (b *ledger) checkAgainst(policy *allocator.Allocator, id mesos.AgentID) {
	if b.agents[id] == nil {
		return
	}
	var sum resources.Resources
	for _, held := range b.held[id] {
		sum = sum.Add(held)
	}
	if held, _, known := policy.Books(id); !known || !held.Equal(sum) {
		b.cluster.fail("of agent %s %v was given out, but the allocator says %v", id, sum, held)
	}
}
