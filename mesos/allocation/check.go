package allocation

import (
	"maps"
	"math"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// The largest amounts of a quota, and of what an agent may have: an exabyte (mem
// and disk are in MB), and a trillion of anything else.
// See https://mesos.apache.org/documentation/latest/quota/.
const (
	maxMB    resources.Scalar = 1 << 40 * mesos.OneScalar
	maxOther resources.Scalar = 1_000_000_000_000 * mesos.OneScalar
)

// MaxWeight is the largest weight of a role.
const MaxWeight = math.MaxUint32

// Check returns nil if the quota makes sense for a role, or an error of kind
// mesos.Invalid that says why not.
func (q Quota) Check(role string) error {
	if err := mesos.ValidateRole(role); err != nil {
		return mesos.Errorf(mesos.Invalid, "quota: %w", err)
	}
	for name, guarantee := range q.Guarantees.All() {
		if err := checkAmount(name, guarantee); err != nil {
			return mesos.Errorf(mesos.Invalid, "quota of role %s: guarantee: %w", role, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(q.Limits)) {
		limit := q.Limits[name]
		if err := checkAmount(name, limit); err != nil {
			return mesos.Errorf(mesos.Invalid, "quota of role %s: limit: %w", role, err)
		}
		if guarantee := q.Guarantees.Get(name); guarantee > limit {
			return mesos.Errorf(mesos.Invalid, "quota of role %s: %v %s are guaranteed, but the limit is %v", role, guarantee, name, limit)
		}
	}
	return nil
}

func checkAmount(name string, amount resources.Scalar) error {
	most := maxOther
	if name == "mem" || name == "disk" {
		most = maxMB
	}
	switch {
	case name == "":
		return mesos.Errorf(mesos.Invalid, "the resource has no name")
	case amount < 0:
		return mesos.Errorf(mesos.Invalid, "%v %s: it is negative", amount, name)
	case amount > most:
		return mesos.Errorf(mesos.Invalid, "%v %s: more than %v is not supported", amount, name, most)
	}
	return nil
}

// CheckQuotas checks quotas by role, each for itself and together: what roles
// are guaranteed must fit into the limits of the roles above them. Errors are of
// kind mesos.Invalid.
func CheckQuotas(quotas map[string]Quota) error {
	below := map[string]resources.Quantities{} // guarantees of the roles below, nested ones once
	roles := slices.Sorted(maps.Keys(quotas))
	for _, role := range slices.Backward(roles) { // from the leaves up
		q := quotas[role]
		if err := q.Check(role); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(q.Limits)) {
			if limit := q.Limits[name]; below[role].Get(name) > limit {
				return mesos.Errorf(mesos.Invalid, "quota of role %s: the limit of %v %s is less than the %v that the roles below it are guaranteed",
					role, limit, name, below[role].Get(name))
			}
		}
		if above := quotaAbove(quotas, role); above != "" {
			need := q.Guarantees.Add(below[role].Sub(q.Guarantees))
			below[above] = below[above].Add(need)
		}
	}
	return nil
}

// quotaAbove is the nearest role above that has a quota, or "".
func quotaAbove(quotas map[string]Quota, role string) string {
	for _, above := range mesos.RoleAncestors(role) {
		if _, has := quotas[above]; has {
			return above
		}
	}
	return ""
}

// CheckCapacity checks that a cluster with that total could meet all guarantees.
// Those of roles below others are part of theirs. The error is of kind
// mesos.Conflict: the cluster may grow.
func CheckCapacity(quotas map[string]Quota, total resources.Quantities) error {
	var all resources.Quantities
	for role, q := range quotas {
		if quotaAbove(quotas, role) == "" {
			all = all.Add(q.Guarantees)
		}
	}
	if !total.Contains(all) {
		return mesos.Errorf(mesos.Conflict, "quota: roles are guaranteed %v, and the cluster has only %v", all, total)
	}
	return nil
}

// CheckConsumed checks that limits are not below what a role consumes already.
// The error is of kind mesos.Conflict.
func (q Quota) CheckConsumed(role string, consumed resources.Quantities) error {
	for _, name := range slices.Sorted(maps.Keys(q.Limits)) {
		if limit, used := q.Limits[name], consumed.Get(name); used > limit {
			return mesos.Errorf(mesos.Conflict, "quota of role %s: the limit of %v %s is less than the %v that it consumes", role, limit, name, used)
		}
	}
	return nil
}

// CheckWeight returns nil if a role may have that weight, or an error of kind
// mesos.Invalid.
// See https://mesos.apache.org/documentation/latest/weights/.
func CheckWeight(role string, weight float64) error {
	if err := mesos.ValidateRole(role); err != nil {
		return mesos.Errorf(mesos.Invalid, "weight: %w", err)
	}
	if !(weight > 0) || weight > MaxWeight {
		return mesos.Errorf(mesos.Invalid, "weight of role %s: %v is not a positive number up to %d", role, weight, uint32(MaxWeight))
	}
	return nil
}

// Check returns nil if an allocator can work with what is known of the agent, or
// an error of kind mesos.Invalid.
func (a *Agent) Check() error {
	if a == nil || a.ID == "" {
		return mesos.Errorf(mesos.Invalid, "agent: it has no ID")
	}
	if err := checkResources(a.Total); err != nil {
		return mesos.Errorf(mesos.Invalid, "agent %s: total: %w", a.ID, err)
	}
	if roles := a.Total.AllocationRoles(); len(roles) > 0 && roles[len(roles)-1] != "" {
		return mesos.Errorf(mesos.Invalid, "agent %s: total: %v is allocated to a role", a.ID, a.Total)
	}
	return nil
}

// Check returns nil if what is granted could be, or an error of kind
// mesos.Invalid.
func (g Grant) Check() error {
	if err := checkResources(g.Resources); err != nil {
		return mesos.Errorf(mesos.Invalid, "framework %s on agent %s: %w", g.Framework, g.Agent, err)
	}
	for _, part := range g.Resources.ByAllocationRole() {
		if err := mesos.ValidateRole(part.Role); err != nil {
			return mesos.Errorf(mesos.Invalid, "framework %s on agent %s: %v is allocated to no valid role: %w",
				g.Framework, g.Agent, part.Resources, err)
		}
	}
	return nil
}

func checkResources(rs resources.Resources) error {
	for r := range rs.All() {
		if r.Kind != resources.KindScalar {
			continue
		}
		if err := checkAmount(r.Name, r.Scalar); err != nil {
			return err
		}
	}
	return nil
}

// Check returns nil if an allocator can work with what is known of the
// framework, or an error of kind mesos.Invalid.
func (f *Framework) Check() error {
	if f == nil || f.ID == "" {
		return mesos.Errorf(mesos.Invalid, "framework: it has no ID")
	}
	for _, role := range f.Roles {
		if err := mesos.ValidateRole(role); err != nil {
			return mesos.Errorf(mesos.Invalid, "framework %s: %w", f.ID, err)
		}
	}
	return nil
}
