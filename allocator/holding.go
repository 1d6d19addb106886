package allocator

import (
	"cmp"
	"slices"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// findHolding is where client c's holding is among an agent's, or would be.
func (a *agent) findHolding(c int32) (int, bool) {
	return slices.BinarySearchFunc(a.held, c, func(h holding, c int32) int { return cmp.Compare(h.client, c) })
}

// hold gives resources of an agent, with allocation role, to a client, and
// counts them for fair shares. Bare is the same without role and without what
// is shared. The agent's free resources are the caller's care.
func (al *Allocator) hold(i, c int32, held, bare resources.Resources) {
	a := al.agents[i]
	at, found := a.findHolding(c)
	if !found {
		a.held = slices.Insert(a.held, at, holding{client: c})
		al.clients[c].holdings++
	}
	var shared resources.Resources
	if held.Len() > bare.Len() {
		shared = held.Shared()
	}
	al.count(a, c, bare, shared, 1)
	al.consume(c, bare, 1)
	h := &a.held[at]
	h.whole()
	if found && shared.IsEmpty() {
		h.latest = given{held, bare}
		return
	}
	h.held, h.bare, h.shared = h.held.Add(held), h.bare.Add(bare), h.shared || !shared.IsEmpty()
}

// release takes part of a holding back.
func (al *Allocator) release(i int32, at int, part resources.Resources) {
	a := al.agents[i]
	h := &a.held[at]
	if part.Equal(h.whole().held) {
		al.unhold(i, at)
		return
	}
	bare, shared := part.Unallocate().NonShared(), part.Shared()
	h.held, h.bare = h.held.Sub(part), h.bare.Sub(bare)
	al.count(a, h.client, bare, shared, -1)
	al.consume(h.client, bare, -1)
}

// unhold takes a whole holding back.
func (al *Allocator) unhold(i int32, at int) {
	a := al.agents[i]
	a.held[at].whole()
	h := a.held[at]
	a.held = slices.Delete(a.held, at, at+1)
	al.clients[h.client].holdings--
	var shared resources.Resources
	if h.shared {
		shared = h.held.Shared()
	}
	al.count(a, h.client, h.bare, shared, -1)
	al.consume(h.client, h.bare, -1)
}

// count adds what a client was given to its share and those of its role and
// the roles above, or (sign -1) subtracts what it gave back. Copies of a shared
// resource count once in each share, so what is counted depends on who else in
// that part of the tree holds a copy on the agent: count before the holdings
// have a new copy, and after they have one less.
func (al *Allocator) count(a *agent, c int32, bare, shared resources.Resources, sign int) {
	amounts := bare.Quantities()
	for id := al.clients[c].leaf; id >= 0; id = al.tree.nodes[id].parent {
		counted := amounts
		if !shared.IsEmpty() {
			counted = counted.Add(al.onlyCopies(a, id, shared).Quantities())
		}
		if sign > 0 {
			al.tree.add(id, counted)
		} else {
			al.tree.sub(id, counted)
		}
	}
}

// onlyCopies is those of the shared resources of which nobody below a node of
// the tree holds a copy on the agent.
func (al *Allocator) onlyCopies(a *agent, id int32, shared resources.Resources) resources.Resources {
	for h := range a.held {
		if al.tree.isBelow(al.clients[a.held[h].client].leaf, id) {
			others := a.held[h].whole().held.Unallocate()
			shared = shared.Filter(func(r resources.Resource) bool {
				r.AllocationRole = ""
				return others.Count(r) == 0
			})
		}
	}
	return shared
}

// addUsed takes over what a framework holds on an agent. What is known already
// is not counted twice. The agent's free resources are the caller's care.
func (al *Allocator) addUsed(i int32, grant allocation.Grant) {
	if err := grant.Check(); err != nil {
		al.refuse("used resources: %w", err)
		return
	}
	f := al.framework(grant.Framework)
	for _, part := range grant.Resources.ByAllocationRole() {
		c := al.client(f, part.Role)
		missing := part.Resources
		if at, found := al.agents[i].findHolding(c); found {
			missing = missing.Sub(al.agents[i].held[at].whole().held)
		}
		if !missing.IsEmpty() {
			al.hold(i, c, missing, missing.Unallocate().NonShared())
		}
		al.dropIfUnused(c)
	}
}

// holdMore takes over what a framework holds beside what is known.
func (al *Allocator) holdMore(grant allocation.Grant) {
	i, known := al.agentIDs[grant.Agent]
	if !known {
		return
	}
	f := al.framework(grant.Framework)
	for _, part := range grant.Resources.ByAllocationRole() {
		if part.Role == "" {
			al.refuse("hold: agent %s: framework %s: %v is allocated to no role", grant.Agent, grant.Framework, part.Resources)
			continue
		}
		al.hold(i, al.client(f, part.Role), part.Resources, part.Resources.Unallocate().NonShared())
	}
	al.refree(i)
}

// recover takes back what a framework no longer holds. It may come too late:
// the framework or the agent may be gone.
func (al *Allocator) recover(in allocation.Recover) {
	f, ok := al.frameworkIDs[in.Framework]
	i, known := al.agentIDs[in.Agent]
	if !ok || !known || in.Resources.IsEmpty() {
		return
	}
	c := int32(-1)
	for r := range in.Resources.All() {
		c = al.clientOf(f, r.AllocationRole)
		break
	}
	a := al.agents[i]
	at, found := 0, false
	if c >= 0 {
		at, found = a.findHolding(c)
	}
	if !found || !a.held[at].has(in.Resources) {
		al.refuse("recover: agent %s: framework %s does not hold %v", in.Agent, in.Framework, in.Resources)
		return
	}
	bare := al.takeBack(i, at, in.Resources)
	if in.Refuse > 0 || in.Declined {
		al.addFilter(i, c, bare, in.Refuse)
	}
	al.touch(i)
	al.dropIfUnused(c)
}

// takeBack returns part of a holding to the agent's free resources. It returns
// that part without its allocation role.
func (al *Allocator) takeBack(i int32, at int, part resources.Resources) resources.Resources {
	a := al.agents[i]
	h := &a.held[at]
	if part.Equal(h.latest.held) {
		bare := h.latest.bare
		h.latest = given{}
		al.count(a, h.client, bare, resources.Resources{}, -1)
		al.consume(h.client, bare, -1)
		al.giveBack(i, bare)
		return bare
	}
	if part.Equal(h.whole().held) {
		bare, whole := h.bare, !h.shared
		al.unhold(i, at)
		al.giveBack(i, bare)
		if whole {
			return bare
		}
		return part.Unallocate()
	}
	bare := part.Unallocate()
	al.release(i, at, part)
	al.giveBack(i, bare.NonShared())
	return bare
}

// giveBack adds to an agent's free resources what is no longer held.
func (al *Allocator) giveBack(i int32, bare resources.Resources) {
	a := al.agents[i]
	switch {
	case len(a.held) == 0:
		a.over = false
		al.setFree(i, a.info.Total)
	case a.over:
		al.refree(i)
	default:
		al.setFree(i, a.free.Add(bare))
	}
}

// recoverAll takes back all that a framework holds of an agent.
func (al *Allocator) recoverAll(i, f int32) {
	a := al.agents[i]
	if !a.known {
		return
	}
	for at := len(a.held) - 1; at >= 0; at-- {
		if c := a.held[at].client; al.clients[c].framework == f {
			al.takeBack(i, at, a.held[at].whole().held)
			al.dropIfUnused(c)
		}
	}
}

// updateAllocation replaces what a framework holds by what an operation made of
// it. Of the agent's total, copies of shared resources are no part.
func (al *Allocator) updateAllocation(in allocation.UpdateAllocation) {
	f, ok := al.frameworkIDs[in.Framework]
	i, known := al.agentIDs[in.Agent]
	if !ok || !known || in.Resources.IsEmpty() {
		return
	}
	roles := in.Resources.AllocationRoles()
	c := al.clientOf(f, roles[0])
	a := al.agents[i]
	at, found := 0, false
	if c >= 0 {
		at, found = a.findHolding(c)
	}
	if len(roles) != 1 || !found || !a.held[at].has(in.Resources) {
		al.refuse("update allocation: agent %s: framework %s does not hold %v", in.Agent, in.Framework, in.Resources)
		return
	}
	before, after := in.Resources.Unallocate(), in.Converted.Unallocate()
	before, after = eachOnce(before), eachOnce(after)
	total, ok := a.info.Total.TrySub(before)
	if !ok {
		al.refuse("update allocation: agent %s: %v is not part of its total %v", in.Agent, before, a.info.Total)
		return
	}
	al.release(i, at, in.Resources)
	if !in.Converted.IsEmpty() {
		al.hold(i, c, in.Converted.Allocate(roles[0]), after.NonShared())
	}
	info := *a.info
	info.Total = total.Add(after)
	al.describe(a, &info)
	al.refree(i)
	al.dropIfUnused(c)
}

// eachOnce is r with one copy of each shared resource.
func eachOnce(r resources.Resources) resources.Resources {
	if r.Shared().IsEmpty() {
		return r
	}
	return resources.Of(slices.Collect(r.All())...)
}
