package httpapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// role is what is known of a role: who is subscribed to it and what it has.
type role struct {
	name                         string
	weight                       float64
	frameworks                   []string
	allocated, offered, reserved []*mesospb.Resource
}

// roles finds the roles that a framework is subscribed to, or that have a
// weight, an allocation or a reservation; sorted by name.
func (m *Master) allRoles(s *masterSnapshot) []*role {
	byName := make(map[string]*role)
	of := func(name string) *role {
		if byName[name] == nil {
			byName[name] = &role{name: name, weight: 1}
		}
		return byName[name]
	}
	for name, weight := range m.Weights {
		of(name).weight = weight
	}
	for i := range s.frameworks {
		f := s.frameworks[i].framework
		for _, name := range rolesOf(f.GetFrameworkInfo()) {
			of(name).frameworks = append(of(name).frameworks, f.GetFrameworkInfo().GetId().GetValue())
		}
		for _, r := range f.GetAllocatedResources() {
			to := of(allocatedTo(r))
			to.allocated = append(to.allocated, r)
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
	return list
}

func allocatedTo(r *mesospb.Resource) string {
	if name := r.GetAllocationInfo().GetRole(); name != "" {
		return name
	}
	return mesos.AnyRole
}

func (m *Master) roles(w http.ResponseWriter, r *http.Request) {
	s := m.View.snapshot()
	writeJSON(w, r, func(emit func([]byte)) {
		dst := []byte(`{"roles":[`)
		for _, role := range m.allRoles(&s) {
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
	dst = appendQuantities(dst, "guarantee", nil)
	dst = appendQuantities(dst, "limit", nil)
	// Quota is consumed by what is reserved, used or not, and by what else is used.
	_, used := reservations(r.allocated)
	dst = append(appendQuantities(dst, "consumed", append(used, r.reserved...)), '}')
	dst = appendQuantities(dst, "resources", append(slices.Clone(r.allocated), r.offered...))
	dst = appendQuantities(dst, "allocated", r.allocated)
	dst = appendQuantities(dst, "offered", r.offered)
	dst = appendQuantities(dst, "reserved", r.reserved)
	return appendStrings(dst, "frameworks", r.frameworks)
}
