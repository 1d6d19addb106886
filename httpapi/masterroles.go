package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// role is what is known of a role: who is subscribed to it or has left it and runs
// something there yet, and what it has.
type role struct {
	name                         string
	weight                       float64
	quota                        *quotapb.QuotaConfig // nil if it has none
	consumed                     []*mesospb.Resource  // of its quota, by it and the roles below it
	frameworks                   []string
	allocated, offered, reserved []*mesospb.Resource
}

// allRoles finds the roles that a framework is subscribed to, that have a weight,
// a quota, an allocation or a reservation, or that are the only ones allowed, and
// those above them; sorted by name.
// https://mesos.apache.org/documentation/latest/roles/
func (m *Master) allRoles(s *masterSnapshot) []*role {
	byName := make(map[string]*role)
	of := func(name string) *role {
		if byName[name] == nil {
			for _, known := range append(mesos.RoleAncestors(name), name) {
				if byName[known] == nil {
					byName[known] = &role{name: known, weight: 1}
				}
			}
		}
		return byName[name]
	}
	for name := range m.Roles {
		of(name)
	}
	for name, weight := range s.weights {
		of(name).weight = weight
	}
	for name, config := range s.quotas {
		of(name).quota = config
	}
	for i := range s.frameworks {
		f := s.frameworks[i].framework
		id := f.GetFrameworkInfo().GetId().GetValue()
		for _, name := range rolesOf(f.GetFrameworkInfo()) {
			of(name).frameworks = append(of(name).frameworks, id)
		}
		for _, r := range f.GetAllocatedResources() {
			to := of(allocatedTo(r))
			to.allocated = append(to.allocated, r)
			if n := len(to.frameworks); n == 0 || to.frameworks[n-1] != id {
				to.frameworks = append(to.frameworks, id)
			}
		}
		for _, r := range f.GetOfferedResources() {
			to := of(allocatedTo(r))
			to.offered = append(to.offered, r)
		}
	}
	for _, record := range s.agents {
		reserved, _ := reservations(record.agent.GetTotalResources())
		for _, e := range reserved {
			of(e.role).reserved = append(of(e.role).reserved, e.list...)
		}
	}
	list := make([]*role, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	// What the roles below a role have is the role's, too. They come after it.
	for _, r := range slices.Backward(list) {
		// Quota is consumed by what is reserved, used or not, and by what else is used.
		_, used := reservations(r.allocated)
		r.consumed = append(unrevocable(used), r.reserved...)
		if i := strings.LastIndexByte(r.name, '/'); i >= 0 {
			above := byName[r.name[:i]]
			above.allocated = append(above.allocated, r.allocated...)
			above.offered = append(above.offered, r.offered...)
			above.reserved = append(above.reserved, r.reserved...)
		}
	}
	return list
}

// unrevocable is what can't be revoked: the rest consumes no quota.
func unrevocable(list []*mesospb.Resource) []*mesospb.Resource {
	return slices.DeleteFunc(slices.Clone(list), func(r *mesospb.Resource) bool { return r.GetRevocable() != nil })
}

func allocatedTo(r *mesospb.Resource) string {
	if name := r.GetAllocationInfo().GetRole(); name != "" {
		return name
	}
	return mesos.AnyRole
}

// rolesSeen is those of all roles that the sender of a request may see.
func (m *Master) rolesSeen(ctx context.Context, s *masterSnapshot) []*role {
	sees := m.sightOf(ctx)
	return slices.DeleteFunc(m.allRoles(s), func(r *role) bool { return !sees.role(r.name) })
}

func (m *Master) roles(w http.ResponseWriter, r *http.Request) {
	s := m.View.snapshot()
	writeJSON(w, r, func(emit func([]byte)) {
		dst := []byte(`{"roles":[`)
		for _, role := range m.rolesSeen(r.Context(), &s) {
			dst = append(role.append(append(comma(dst), '{')), '}')
		}
		emit(append(dst, "]}"...))
	})
}

func (r *role) append(dst []byte) []byte {
	dst = appendString(dst, "name", r.name)
	dst = appendDouble(dst, "weight", r.weight)
	dst = append(appendKey(dst, "quota"), '{')
	dst = appendString(dst, "role", r.name)
	dst = appendAmounts(dst, "guarantee", r.quota.GetGuarantees())
	dst = appendAmounts(dst, "limit", r.quota.GetLimits())
	dst = append(appendQuantities(dst, "consumed", r.consumed), '}')
	dst = appendQuantities(dst, "resources", append(slices.Clone(r.allocated), r.offered...))
	dst = appendQuantities(dst, "allocated", r.allocated)
	dst = appendQuantities(dst, "offered", r.offered)
	dst = appendQuantities(dst, "reserved", r.reserved)
	return appendStrings(dst, "frameworks", r.frameworks)
}

// appendAmounts appends amounts by name; a limit of 0 is one, too.
func appendAmounts(dst []byte, key string, amounts map[string]*mesospb.Value_Scalar) []byte {
	dst = append(appendKey(dst, key), '{')
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		dst = appendDouble(dst, name, amounts[name].GetValue())
	}
	return append(dst, '}')
}
