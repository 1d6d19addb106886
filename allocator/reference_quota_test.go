package allocator

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// consumed is what counts for the quota of a role.
func (r *reference) consumed(role string) resources.Quantities {
	below := func(other string) bool { return other == role || mesos.IsStrictSubrole(other, role) }
	var sum resources.Quantities
	for _, a := range r.slots {
		if a == nil {
			continue
		}
		for res := range a.total.All() {
			if res.IsReserved() && below(res.ReservationRole()) && res.Kind == resources.KindScalar {
				sum = sum.Add(resources.NewQuantities(resources.Quantity{Name: res.Name, Amount: res.Scalar}))
			}
		}
	}
	for h, held := range r.held {
		if below(h.role) {
			sum = sum.Add(chargeable(held).Quantities())
		}
	}
	return sum
}

// chargeable is what is charged to a quota when it is held.
func chargeable(r resources.Resources) resources.Resources {
	return r.Filter(func(r resources.Resource) bool {
		return r.Kind == resources.KindScalar && !r.Revocable && !r.IsReserved()
	})
}

// nearest is the role with a quota that is nearest above, or "".
func (r *reference) nearest(role string) string {
	for _, above := range mesos.RoleAncestors(role) {
		if _, ok := r.quotas[above]; ok {
			return above
		}
	}
	return ""
}

// need is what must be free for a role with a quota and those below it.
func (r *reference) need(role string) (own, below resources.Quantities) {
	for other := range r.quotas {
		if r.nearest(other) == role {
			o, b := r.need(other)
			below = below.Add(o).Add(b)
		}
	}
	return r.quotas[role].guarantee.Sub(r.consumed(role)).Sub(below), below
}

// required is what must be free for all guarantees.
func (r *reference) required() resources.Quantities {
	var sum resources.Quantities
	for role := range r.quotas {
		if r.nearest(role) == "" {
			own, below := r.need(role)
			sum = sum.Add(own).Add(below)
		}
	}
	return sum
}

// surplus is what is free beyond that.
func (r *reference) surplus() resources.Quantities {
	var free resources.Quantities
	for _, a := range r.slots {
		if a != nil {
			free = free.Add(chargeable(r.free(a)).Quantities())
		}
	}
	return free.Sub(r.required())
}

// withinQuota cuts an offer down to what quotas leave for a role.
func (r *reference) withinQuota(role string, offer resources.Resources, first bool) resources.Resources {
	fits := chargeable(offer)
	rest := offer.Sub(fits)
	var lacking resources.Quantities
	for quota := role; quota != ""; quota = r.nearest(quota) {
		q, ok := r.quotas[quota]
		if !ok {
			continue
		}
		own, _ := r.need(quota)
		lacking = lacking.Add(own)
		for name, limit := range q.limit.All() {
			left := max(0, limit-r.consumed(quota).Get(name))
			named := fits.Named(name)
			fits = fits.Sub(named).Add(named.ShrinkTo(resources.NewQuantities(resources.Quantity{Name: name, Amount: left})))
		}
	}
	if !first {
		if !r.required().IsEmpty() {
			fits = fits.ShrinkTo(r.surplus())
		}
		return rest.Add(fits)
	}
	guaranteed := fits.ShrinkTo(lacking)
	if guaranteed.IsEmpty() {
		return resources.Resources{}
	}
	more := fits.Sub(guaranteed)
	if !r.required().IsEmpty() {
		more = more.ShrinkTo(r.surplus())
	}
	return rest.Add(guaranteed).Add(more)
}
