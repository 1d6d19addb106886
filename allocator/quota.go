package allocator

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// quota is a role's quota and how much of it is consumed: by what is reserved
// to the role and those below it, used or not, and by unreserved non-revocable
// resources that they hold.
// See https://mesos.apache.org/documentation/latest/quota/.
type quota struct {
	role       string
	guarantees resources.Quantities
	limits     resources.Limits
	consumed   resources.Quantities
	above      *quota               // of the nearest role above that has one
	below      resources.Quantities // what the roles right below it need, of those that have a quota
}

// lacking is what the role must still get to have its guarantee.
func (q *quota) lacking() resources.Quantities { return q.guarantees.Sub(q.consumed) }

// need is what must stay free for the role and those below it: their guarantees
// are part of its own, unless they come to more.
func (q *quota) need() resources.Quantities { return q.below.Add(q.lackingHere()) }

// lackingHere is what the role's guarantee lacks beyond what is needed below it.
func (q *quota) lackingHere() resources.Quantities { return q.lacking().Sub(q.below) }

// headroom is what must stay free so that guarantees can be met later.
// As long as no role has a guarantee, nothing is counted.
type headroom struct {
	counts   bool
	required resources.Quantities // what guarantees lack, of all roles
	free     resources.Quantities // unreserved non-revocable scalars of all agents
}

// kept reports whether anything must stay free.
func (h *headroom) kept() bool { return h.counts && !h.required.IsEmpty() }

// surplus is what may be offered to those without guarantees.
func (h *headroom) surplus() resources.Quantities { return h.free.Sub(h.required) }

// setSpare says what part of an agent's free resources quota is about.
func (al *Allocator) setSpare(a *agent) {
	if !al.headroom.counts {
		return
	}
	spare := quotaPart(a.free).Quantities()
	al.headroom.free = al.headroom.free.Sub(a.spare).Add(spare)
	a.spare = spare
}

// setConsumed says how much of a quota is consumed.
func (al *Allocator) setConsumed(q *quota, consumed resources.Quantities) {
	if !al.headroom.counts {
		q.consumed = consumed
		return
	}
	before := q.need()
	q.consumed = consumed
	for ; q.above != nil; q = q.above {
		above := q.above.need()
		q.above.below = q.above.below.Sub(before).Add(q.need())
		before = above
	}
	al.headroom.required = al.headroom.required.Sub(before).Add(q.need())
}

// countHeadroom counts what must be free, and what is, after quotas changed.
func (al *Allocator) countHeadroom() {
	counted := al.headroom.counts
	al.headroom.counts, al.headroom.required = false, resources.Quantities{}
	for _, q := range al.quotas { // roles above come before those below
		q.above, q.below = nil, resources.Quantities{}
		if all := al.quotasOf(q.role); len(all) > 1 {
			q.above = all[len(all)-2]
		}
		al.headroom.counts = al.headroom.counts || !q.guarantees.IsEmpty()
	}
	for _, q := range slices.Backward(al.quotas) {
		if q.above != nil {
			q.above.below = q.above.below.Add(q.need())
		} else {
			al.headroom.required = al.headroom.required.Add(q.need())
		}
	}
	if counted == al.headroom.counts {
		return
	}
	al.headroom.free = resources.Quantities{}
	for _, a := range al.agents {
		a.spare = resources.Quantities{}
		if a.known {
			al.setSpare(a)
		}
	}
}

// quotaPart is what is charged to a quota when it is held: unreserved
// non-revocable scalars.
func quotaPart(r resources.Resources) resources.Resources {
	return r.UnreservedScalars()
}

// updateQuota sets a role's quota, or removes it if it is the zero Quota.
func (al *Allocator) updateQuota(in allocation.UpdateQuota) {
	if err := in.Quota.Check(in.Role); err != nil {
		al.refuse("update quota: %w", err)
		return
	}
	at, found := slices.BinarySearchFunc(al.quotas, in.Role, compareRole)
	if found {
		al.quotas = slices.Delete(al.quotas, at, at+1)
	}
	limits := make([]resources.Quantity, 0, len(in.Quota.Limits))
	for name, limit := range in.Quota.Limits {
		limits = append(limits, resources.Quantity{Name: name, Amount: limit})
	}
	q := &quota{role: in.Role, guarantees: in.Quota.Guarantees, limits: resources.NewLimits(limits...)}
	if !q.guarantees.IsEmpty() || !q.limits.IsEmpty() {
		al.quotas = slices.Insert(al.quotas, at, q)
		al.charge(q)
	}
	for c := range al.clients {
		if cl := &al.clients[c]; cl.role != "" && q.applies(cl.role) {
			cl.quota = al.quotasOf(cl.role)
		}
	}
	al.countHeadroom()
	al.allChanged = true
}

func compareRole(q *quota, role string) int { return strings.Compare(q.role, role) }

// applies reports whether what a role consumes counts for q.
func (q *quota) applies(role string) bool {
	return role == q.role || mesos.IsStrictSubrole(role, q.role)
}

// quotasOf is the quotas of the roles above a role, from the root down, and of
// the role itself.
func (al *Allocator) quotasOf(role string) []*quota {
	var list []*quota
	for end := 0; end < len(role) && len(al.quotas) > 0; end++ {
		rest, _, _ := strings.Cut(role[end:], "/")
		end += len(rest)
		if at, found := slices.BinarySearchFunc(al.quotas, role[:end], compareRole); found {
			list = append(list, al.quotas[at])
		}
	}
	return list
}

// charge counts what is consumed of a new quota.
func (al *Allocator) charge(q *quota) {
	for i := range al.agents {
		a := al.agents[i]
		if !a.known {
			continue
		}
		q.consumed = q.consumed.Add(a.info.Total.ReservedToSubtree(q.role).Quantities())
		for h := range a.held {
			if q.applies(al.clients[a.held[h].client].role) {
				q.consumed = q.consumed.Add(quotaPart(a.held[h].whole().held).Quantities())
			}
		}
	}
}

// consume adds what a client holds to the quotas of its role and the roles
// above, or (sign -1) takes away what it gave back.
func (al *Allocator) consume(c int32, given resources.Resources, sign int) {
	if len(al.clients[c].quota) == 0 {
		return
	}
	amounts := quotaPart(given).Quantities()
	for _, q := range al.clients[c].quota {
		if sign > 0 {
			al.setConsumed(q, q.consumed.Add(amounts))
		} else {
			al.setConsumed(q, q.consumed.Sub(amounts))
		}
	}
}

// countReservations adds what an agent's total has reserved to the quotas of
// the roles it is reserved to, or takes it away.
func (al *Allocator) countReservations(total resources.Resources, added bool) {
	for _, q := range al.quotas {
		amounts := total.ReservedToSubtree(q.role).Quantities()
		if added {
			al.setConsumed(q, q.consumed.Add(amounts))
		} else {
			al.setConsumed(q, q.consumed.Sub(amounts))
		}
	}
}

// allowsQuota cuts an offer's unreserved non-revocable scalars down to what the
// limits of the role and of the roles above leave, and to what others don't need
// for their guarantees. Limits hold exactly: scalars are chopped to fit.
func allowsQuota(al *Allocator, p *proposal) bool {
	if al.pass.guaranteesOnly {
		return al.allowsGuarantee(p)
	}
	if len(p.client.quota) == 0 && !al.headroom.kept() {
		return true
	}
	if amounts := p.offer.UnreservedQuantities(); al.mayHave(p.client, amounts).Equal(amounts) {
		return !p.offer.IsEmpty()
	}
	part := quotaPart(p.offer)
	if fits := al.withoutHeadroom(p.withinLimits(part)); !fits.Equal(part) {
		p.offer, p.chopped = p.offer.Sub(part).Add(fits), true
	}
	return !p.offer.IsEmpty()
}

// allowsGuarantee is allowsQuota where only guarantees count: it says no unless
// the offer has something that the role's guarantee still lacks. That is then
// offered whatever others need, and what else the agent has goes with it, as
// far as limits and the guarantees of others allow: offers of a guaranteed cpu
// without memory or ports would be of no use.
func (al *Allocator) allowsGuarantee(p *proposal) bool {
	p.chopped = true // a no is about guarantees only
	var lacking resources.Quantities
	for _, q := range p.client.quota {
		lacking = lacking.Add(q.lackingHere())
	}
	if lacking.IsEmpty() {
		return false
	}
	part := quotaPart(p.offer)
	fits := p.withinLimits(part)
	guaranteed := fits.ShrinkTo(lacking)
	if guaranteed.IsEmpty() {
		return false
	}
	more := al.withoutHeadroom(fits.Sub(guaranteed))
	p.offer = p.offer.Sub(part).Add(guaranteed).Add(more)
	return true
}

// mayHave is how much of those amounts a client's limits and the guarantees of
// others leave.
func (al *Allocator) mayHave(cl *client, amounts resources.Quantities) resources.Quantities {
	for _, q := range cl.quota {
		amounts = q.limits.Fit(amounts, q.consumed)
	}
	if al.headroom.kept() {
		amounts = amounts.Min(al.headroom.surplus())
	}
	return amounts
}

// hopeless says quickly of most offers that quota would leave too little of
// them. Where much is limited or guaranteed, that is what most clients are told
// of most agents.
func (al *Allocator) hopeless(p *proposal) bool {
	if al.pass.guaranteesOnly || !p.agent.plain || len(p.client.quota) == 0 && !al.headroom.kept() {
		return false
	}
	amounts := p.offer.UnreservedQuantities()
	left := al.mayHave(p.client, amounts)
	for _, min := range p.client.minAllocatable {
		if !tooLittle(min, amounts, left) {
			return false
		}
	}
	return len(p.client.minAllocatable) > 0
}

// tooLittle reports whether less is left than min asks for of anything that is
// among the amounts.
func tooLittle(min, amounts, left resources.Quantities) bool {
	for name, amount := range min.All() {
		if amounts.Get(name) > 0 && left.Get(name) < amount {
			return true
		}
	}
	return false
}

// withinLimits is as much of part as the limits of the role and of those above
// leave.
func (p *proposal) withinLimits(part resources.Resources) resources.Resources {
	for _, q := range p.client.quota {
		if !q.limits.IsEmpty() {
			part = part.ShrinkToLimits(q.limits.Sub(q.consumed))
		}
	}
	return part
}

// withoutHeadroom is as much of part as need not stay free for guarantees.
func (al *Allocator) withoutHeadroom(part resources.Resources) resources.Resources {
	if !al.headroom.kept() {
		return part
	}
	return part.ShrinkTo(al.headroom.surplus())
}
