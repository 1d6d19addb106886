package allocator

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// agent is what is known of an agent and of who holds what of it.
type agent struct {
	known       bool
	info        *allocation.Agent
	active      bool
	whitelisted bool
	remote      bool // in another region than the master
	gpus        bool
	changed     bool // it is among Allocator.changed

	totals resources.Quantities
	held   []holding // sorted by client
	// free is what can be offered, without allocation roles: the total without
	// what is held. Shared resources are always in it.
	free  resources.Resources
	over  bool                 // more is held than the total has, as after the total shrank
	spare resources.Quantities // of free, what quota is about; see headroom
	// plain: nothing in free is reserved, revocable or shared, so that every
	// role and framework may have all of it.
	plain bool

	denials     denials
	filters     []filter // sorted by client
	filterers   bitset   // clients that have filters
	maintenance *maintenance
	last        lastOffer
	shown       resources.Resources // shared resources that were offered in this pass
}

// holding is what one client holds of an agent: offered or in use.
type holding struct {
	client int32
	shared bool // some of held is shared
	given       // all but latest
	// latest is what was given last, kept apart while nobody asks for the whole:
	// most offers are declined as they were made, which then is no arithmetic.
	// Nothing of it is shared.
	latest given
}

// given is resources as a client was given them.
type given struct {
	held resources.Resources // with allocation role
	bare resources.Resources // the same without, and without what is shared
}

// whole is all that the client holds.
func (h *holding) whole() given {
	if !h.latest.held.IsEmpty() {
		h.held, h.bare = h.held.Add(h.latest.held), h.bare.Add(h.latest.bare)
		h.latest = given{}
	}
	return h.given
}

// has reports whether the client holds all of part.
func (h *holding) has(part resources.Resources) bool {
	return part.Equal(h.latest.held) || h.whole().held.Contains(part)
}

func (al *Allocator) addAgent(in allocation.AddAgent) {
	if err := al.checkAgent(in.Agent); err != nil {
		al.refuse("add agent: %w", err)
		return
	}
	if _, known := al.agentIDs[in.Agent.ID]; known {
		al.removeAgent(in.Agent.ID)
	}
	var i int32
	if last := len(al.freeAgents) - 1; last >= 0 {
		i, al.freeAgents = al.freeAgents[last], al.freeAgents[:last]
	} else {
		i = int32(len(al.agents))
		al.agents = append(al.agents, new(agent))
	}
	a := al.agents[i]
	// The memory of an agent that was removed is used again.
	if a.held == nil {
		a.held = make([]holding, 0, 2) // in use and offered
	}
	*a = agent{known: true, active: true, changed: a.changed,
		denials: a.denials, filterers: a.filterers, held: a.held[:0], filters: a.filters[:0]}
	a.denials.clear()
	a.filterers.clear()
	al.agentIDs[in.Agent.ID] = i
	al.describe(a, in.Agent)
	for _, grant := range in.Used {
		grant.Agent = in.Agent.ID
		al.addUsed(i, grant)
	}
	al.refree(i)
	if over := al.agents[i].overcommitted(); !over.IsEmpty() {
		al.refuse("add agent: agent %s: more is in use than its total of %v has: %v too much", in.Agent.ID, in.Agent.Total, over)
	}
	al.planPass()
}

// checkAgent checks what the master says of an agent, and that the cluster's
// total stays a number.
func (al *Allocator) checkAgent(info *allocation.Agent) error {
	if err := info.Check(); err != nil {
		return err
	}
	for name, amount := range info.Total.Quantities().All() {
		if al.tree.total.Get(name) > maxTotal-amount {
			return mesos.Errorf(mesos.Invalid, "agent %s: the %s of all agents would be more than %v", info.ID, name, maxTotal)
		}
	}
	return nil
}

// maxTotal is the most that a cluster can have of a resource.
const maxTotal resources.Scalar = 1 << 62

// overcommitted is what is held of an agent beyond its total, revocable
// resources aside: of these, less may be left than was given.
func (a *agent) overcommitted() resources.Quantities {
	if !a.over {
		return resources.Quantities{}
	}
	return a.heldBare().NonRevocable().Quantities().Sub(a.info.Total.NonRevocable().Quantities())
}

// heldBare is all that is held of an agent, without allocation roles and copies
// of shared resources.
func (a *agent) heldBare() resources.Resources {
	var all resources.Resources
	for h := range a.held {
		all = all.Add(a.held[h].bare)
	}
	return all
}

// describe takes over what the master says of an agent.
func (al *Allocator) describe(a *agent, info *allocation.Agent) {
	totals := info.Total.Quantities()
	al.tree.changeTotal(a.totals, totals)
	if a.info != nil {
		al.countReservations(a.info.Total, false)
	}
	al.countReservations(info.Total, true)
	a.info, a.totals = info, totals
	a.whitelisted = al.whitelist == nil || al.whitelist[info.Hostname]
	a.remote = info.Domain.Region != "" && info.Domain.Region != al.config.Domain.Region
	a.gpus = totals.Get("gpus") > 0
	al.maintain(a, info.Unavailability)
}

// updateAgent replaces what is known of an agent. Filters are about an agent as
// it was: new attributes make them void.
func (al *Allocator) updateAgent(info *allocation.Agent) {
	i, known := al.agentIDs[info.ID]
	if !known {
		return
	}
	if err := al.checkAgent(info); err != nil {
		al.refuse("update agent: %w", err)
		return
	}
	a := al.agents[i]
	if !slices.EqualFunc(a.info.Attributes, info.Attributes, sameAttribute) {
		al.dropFilters(a)
	}
	al.describe(a, info)
	a.denials.clear()
	al.refree(i)
	al.touch(i)
}

func sameAttribute(x, y mesos.Attribute) bool { return x.Equal(y) }

// removeAgent forgets an agent and what is held of it.
func (al *Allocator) removeAgent(id mesos.AgentID) {
	i, known := al.agentIDs[id]
	if !known {
		return
	}
	a := al.agents[i]
	for len(a.held) > 0 {
		c := a.held[len(a.held)-1].client
		al.unhold(i, len(a.held)-1)
		al.dropIfUnused(c)
	}
	a.free = resources.Resources{}
	al.setSpare(a)
	al.tree.changeTotal(a.totals, resources.Quantities{})
	al.countReservations(a.info.Total, false)
	delete(al.agentIDs, id)
	al.freeAgents = append(al.freeAgents, i)
	al.maintain(a, nil)
	a.known, a.info, a.last = false, nil, lastOffer{}
	al.dropFilters(a)
	al.planPass()
}

func (al *Allocator) activateAgent(id mesos.AgentID, active bool) {
	if i, known := al.agentIDs[id]; known {
		al.agents[i].active = active
		if active {
			al.touch(i)
		}
	}
}

func (al *Allocator) updateWhitelist(in allocation.UpdateWhitelist) {
	al.whitelist = in.Hostnames
	for i := range al.agents {
		a := al.agents[i]
		if !a.known {
			continue
		}
		was := a.whitelisted
		a.whitelisted = al.whitelist == nil || al.whitelist[a.info.Hostname]
		if a.whitelisted && !was {
			al.touch(int32(i))
		}
	}
}

// refree computes an agent's free resources from its total and what is held.
func (al *Allocator) refree(i int32) {
	a := al.agents[i]
	free := a.info.Total
	a.over = false
	for h := range a.held {
		bare := a.held[h].whole().bare
		a.over = a.over || !free.Contains(bare)
		free = free.Sub(bare)
	}
	if a.over {
		free = a.uncommitted(free)
	}
	al.setFree(i, free)
}

// uncommitted is as much of free as its quantities leave room for: what is held
// beyond the total, such as of a reservation that is no more, takes up something.
func (a *agent) uncommitted(free resources.Resources) resources.Resources {
	for _, revocable := range []bool{false, true} {
		part := func(r resources.Resource) bool { return r.Kind == resources.KindScalar && r.Revocable == revocable }
		room := a.info.Total.Filter(part).Quantities().Sub(a.heldBare().Filter(part).Quantities())
		scalars := free.Filter(part)
		free = free.Sub(scalars).Add(scalars.ShrinkTo(room))
	}
	return free
}

// setFree changes what an agent has to offer. If it is more than ever since
// clients were denied it, they get another chance.
func (al *Allocator) setFree(i int32, free resources.Resources) {
	a := al.agents[i]
	grew := !a.free.Contains(free)
	a.free = a.denials.grow(free)
	a.plain = true
	for r := range free.All() {
		if r.IsReserved() || r.Revocable || r.Shared {
			a.plain = false
			break
		}
	}
	al.setSpare(a)
	if grew {
		al.touch(i)
	}
}

// hasCopy reports whether a client holds a copy of a shared resource.
func (a *agent) hasCopy(c int32, shared resources.Resource, role string) bool {
	at, found := a.findHolding(c)
	shared.AllocationRole = role
	return found && a.held[at].whole().held.Count(shared) > 0
}
