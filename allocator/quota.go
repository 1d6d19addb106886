package allocator

import (
	"fmt"
	"slices"

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
}

// quotaPart is what is charged to a quota when it is held: unreserved
// non-revocable scalars.
func quotaPart(r resources.Resources) resources.Resources {
	return r.Filter(func(r resources.Resource) bool {
		return r.Kind == resources.KindScalar && !r.IsReserved() && !r.Revocable
	})
}

// updateQuota sets a role's quota, or removes it if it is the zero Quota.
func (al *Allocator) updateQuota(in allocation.UpdateQuota) {
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
		if cl := &al.clients[c]; cl.role != "" {
			cl.quota = al.quotasOf(cl.role)
		}
	}
	al.allChanged = true
}

func compareRole(q *quota, role string) int {
	switch {
	case q.role < role:
		return -1
	case q.role > role:
		return 1
	}
	return 0
}

// applies reports whether what a role consumes counts for q.
func (q *quota) applies(role string) bool {
	return role == q.role || mesos.IsStrictSubrole(role, q.role)
}

// quotasOf is the quotas of a role and of the roles above it.
func (al *Allocator) quotasOf(role string) []*quota {
	var list []*quota
	for _, q := range al.quotas {
		if q.applies(role) {
			list = append(list, q)
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
				q.consumed = q.consumed.Add(quotaPart(a.held[h].held).Quantities())
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
			q.consumed = q.consumed.Add(amounts)
		} else {
			q.consumed = q.consumed.Sub(amounts)
		}
	}
}

// countReservations adds what an agent's total has reserved to the quotas of
// the roles it is reserved to, or takes it away.
func (al *Allocator) countReservations(total resources.Resources, added bool) {
	for _, q := range al.quotas {
		amounts := total.ReservedToSubtree(q.role).Quantities()
		if added {
			q.consumed = q.consumed.Add(amounts)
		} else {
			q.consumed = q.consumed.Sub(amounts)
		}
	}
}

// allowsQuota cuts an offer's unreserved non-revocable scalars down to what the
// limits of the role and the roles above leave. Limits hold exactly: scalars
// are chopped to fit.
func allowsQuota(_ *Allocator, p *proposal) bool {
	for _, q := range p.client.quota {
		if q.limits.IsEmpty() {
			continue
		}
		part := quotaPart(p.offer)
		if fits := part.ShrinkToLimits(q.limits.Sub(q.consumed)); !fits.Equal(part) {
			p.offer, p.chopped = p.offer.Sub(part).Add(fits), true
		}
	}
	return !p.offer.IsEmpty()
}

func whyQuota(_ *Allocator, p *proposal) string {
	for _, q := range p.client.quota {
		for name, limit := range q.limits.All() {
			if used := q.consumed.Get(name); used >= limit {
				return fmt.Sprintf("role %s is at its quota limit: %v of %v %s", q.role, used, limit, name)
			}
		}
	}
	return "nothing is left within the quota limits of role " + p.client.role
}
