package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// appendConsumption appends how much of each role's quota is consumed, by Mesos's
// names: what is reserved to the role and those below it, used or not, and what
// they use beside that. What is only offered is not consumed, and a role that
// consumes nothing has no such metrics. See
// https://mesos.apache.org/documentation/latest/monitoring/.
func (m *Master) appendConsumption(dst []Metric) []Metric {
	byRole := make(map[string]resources.Quantities)
	add := func(role string, amount resources.Quantities) {
		byRole[role] = byRole[role].Add(amount)
		for _, above := range mesos.RoleAncestors(role) {
			byRole[above] = byRole[above].Add(amount)
		}
	}
	for _, f := range m.frameworks {
		unreserved := f.used.Unreserved().NonRevocable()
		for _, role := range unreserved.AllocationRoles() {
			add(role, unreserved.AllocatedTo(role).Quantities())
		}
	}
	for _, a := range m.agents {
		for _, part := range a.total.ReservationsByRole() {
			add(part.Role, part.Resources.Quantities())
		}
	}
	for _, role := range sortedKeys(byRole) {
		for name, amount := range byRole[role].All() {
			dst = append(dst, Metric{"allocator/mesos/quota/roles/" + role + "/resources/" + name + "/consumed", amount.Float()})
		}
	}
	return dst
}
