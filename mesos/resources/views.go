package resources

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// Filter is the resources for which keep is true.
func (r Resources) Filter(keep func(Resource) bool) Resources {
	return r.filter(func(it *item) bool { return keep(it.resource()) })
}

// filter copies nothing if all or none are kept.
func (r Resources) filter(keep func(*item) bool) Resources {
	kept := 0
	for i := range r.items {
		if keep(&r.items[i]) {
			kept++
		}
	}
	switch kept {
	case 0:
		return Resources{}
	case len(r.items):
		return r
	}
	result := Resources{items: make([]item, 0, kept)}
	for i := range r.items {
		if keep(&r.items[i]) {
			result.items = append(result.items, r.items[i])
		}
	}
	return result
}

// Revocable is the resources that may be taken back at any time.
func (r Resources) Revocable() Resources {
	return r.filter(func(res *item) bool { return res.Revocable })
}

// NonRevocable is all but Revocable.
func (r Resources) NonRevocable() Resources {
	return r.filter(func(res *item) bool { return !res.Revocable })
}

// Shared is the resources that may be in use more than once.
func (r Resources) Shared() Resources {
	return r.filter(func(res *item) bool { return res.Shared })
}

// NonShared is all but Shared.
func (r Resources) NonShared() Resources {
	return r.filter(func(res *item) bool { return !res.Shared })
}

// PersistentVolumes is the disk resources that outlive their tasks.
func (r Resources) PersistentVolumes() Resources {
	return r.filter(func(res *item) bool { return isPersistentVolume(res.Disk) })
}

// Scalars is the resources of KindScalar.
func (r Resources) Scalars() Resources {
	return r.filter(func(res *item) bool { return res.Kind == KindScalar })
}

// UnreservedScalars is the scalars that are neither reserved nor revocable: what
// quota is about.
// See https://mesos.apache.org/documentation/latest/quota/.
func (r Resources) UnreservedScalars() Resources { return r.filter(isUnreservedScalar) }

func isUnreservedScalar(r *item) bool {
	return r.Kind == KindScalar && len(r.Reservations) == 0 && !r.Revocable
}

// Named is the resources of that name.
func (r Resources) Named(name string) Resources {
	return r.filter(func(res *item) bool { return res.Name == name })
}

// Names is the names of the resources, sorted, each once.
func (r Resources) Names() []string {
	names := make([]string, len(r.items))
	for i := range r.items {
		names[i] = r.items[i].Name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Types is the kind of each named resource.
func (r Resources) Types() map[string]Kind {
	types := make(map[string]Kind, len(r.items))
	for i := range r.items {
		types[r.items[i].Name] = r.items[i].Kind
	}
	return types
}

// ScalarOf is the sum of the scalars of that name, 0 if there are none. All
// copies of a shared resource count once.
func (r Resources) ScalarOf(name string) Scalar {
	var sum Scalar
	for i := range r.items {
		if r.items[i].Kind == KindScalar && r.items[i].Name == name {
			sum += r.items[i].Scalar
		}
	}
	return sum
}

// Cpus is the number of CPUs.
func (r Resources) Cpus() Scalar { return r.ScalarOf("cpus") }

// Gpus is the number of GPUs.
func (r Resources) Gpus() Scalar { return r.ScalarOf("gpus") }

// Mem is the memory, in MB.
func (r Resources) Mem() Scalar { return r.ScalarOf("mem") }

// Disk is the disk space, in MB.
func (r Resources) Disk() Scalar { return r.ScalarOf("disk") }

// RangesOf is the union of the ranges of that name, nil if there are none.
func (r Resources) RangesOf(name string) Ranges {
	var union Ranges
	for i := range r.items {
		if r.items[i].Kind == KindRanges && r.items[i].Name == name {
			union = union.Add(r.items[i].Ranges)
		}
	}
	return union
}

// Ports is the ports.
func (r Resources) Ports() Ranges { return r.RangesOf("ports") }

// SetOf is the union of the sets of that name, nil if there are none.
func (r Resources) SetOf(name string) Set {
	var union Set
	for i := range r.items {
		if r.items[i].Kind == KindSet && r.items[i].Name == name {
			union = union.Add(r.items[i].Set)
		}
	}
	return union
}

// transform is the sum of r's resources, each changed by f.
func (r Resources) transform(f func(*item)) Resources {
	result := Resources{items: slices.Clone(r.items)}
	kept := result.items[:0]
	for i := range result.items {
		changed := &result.items[i]
		f(changed)
		if j := matching(kept, len(kept), changed, addable); j >= 0 {
			kept[j].merge(changed)
		} else {
			kept = append(kept, *changed)
		}
	}
	return Resources{items: kept}
}

// Allocate is r, given to a role.
func (r Resources) Allocate(role string) Resources {
	if r.allAllocatedTo(role) {
		return r
	}
	return r.transform(func(res *item) { res.AllocationRole = role })
}

// Unallocate is r, given to no role.
func (r Resources) Unallocate() Resources { return r.Allocate("") }

func (r Resources) allAllocatedTo(role string) bool {
	for i := range r.items {
		if r.items[i].AllocationRole != role {
			return false
		}
	}
	return true
}

// RoleResources is what belongs to one role.
type RoleResources struct {
	Role      string
	Resources Resources
}

// AllocationRoles is the roles that r is allocated to, sorted; "" is among them
// if some of r isn't allocated.
func (r Resources) AllocationRoles() []string {
	var roles []string
	for i := range r.items {
		if role := r.items[i].AllocationRole; !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// ByAllocationRole is r in parts, one for each of AllocationRoles.
func (r Resources) ByAllocationRole() []RoleResources {
	if len(r.items) > 0 && r.allAllocatedTo(r.items[0].AllocationRole) {
		return []RoleResources{{r.items[0].AllocationRole, r}}
	}
	roles := r.AllocationRoles()
	parts := make([]RoleResources, len(roles))
	for i, role := range roles {
		parts[i] = RoleResources{role, r.AllocatedTo(role)}
	}
	return parts
}

// AllocatedTo is what is allocated to exactly that role.
func (r Resources) AllocatedTo(role string) Resources {
	return r.filter(func(res *item) bool { return res.AllocationRole == role })
}

// AllocatedToSubtree is what is allocated to a role or to one below it.
func (r Resources) AllocatedToSubtree(role string) Resources {
	return r.filter(func(res *item) bool {
		return res.AllocationRole == role || mesos.IsStrictSubrole(res.AllocationRole, role)
	})
}
