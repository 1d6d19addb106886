package allocator

import (
	"maps"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Shares says who has what of the cluster now. It changes nothing.
func (al *Allocator) Shares() allocation.Shares {
	shares := allocation.Shares{Total: al.tree.total, Roles: al.roleShares()}
	for _, id := range slices.Sorted(maps.Keys(al.frameworkIDs)) {
		for _, c := range al.clientsByRole(al.frameworkIDs[id]) {
			shares.Frameworks = append(shares.Frameworks, al.frameworkShare(c))
		}
	}
	if al.headroom.counts {
		shares.Required, shares.Available = al.headroom.required, al.headroom.free
	}
	return shares
}

func (al *Allocator) frameworkShare(c int32) allocation.FrameworkShare {
	cl := &al.clients[c]
	held := al.tree.nodes[cl.leaf].held
	return allocation.FrameworkShare{
		Framework: al.frameworks[cl.framework].id, Role: cl.role,
		Active: al.frameworks[cl.framework].active, Subscribed: cl.subscribed, Suppressed: cl.suppressed,
		Agents: cl.holdings, Held: held, DominantShare: al.tree.shareOf(held), Filters: cl.filters,
	}
}

// roleShares is the rows of all roles that are of any interest.
func (al *Allocator) roleShares() []allocation.RoleShare {
	roles := map[string]*allocation.RoleShare{}
	for c := range al.clients {
		if cl := &al.clients[c]; cl.role != "" {
			row := roleRow(roles, cl.role)
			if cl.subscribed {
				row.Frameworks++
			}
		}
	}
	for role := range al.weights {
		roleRow(roles, role)
	}
	for _, q := range al.quotas {
		row := roleRow(roles, q.role)
		row.Guarantees, row.Limits = q.guarantees, q.limits
	}
	al.countRoles(roles)
	list := make([]allocation.RoleShare, 0, len(roles))
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		row := roles[role]
		row.Weight = float64(al.weightOf(role)) / unitWeight
		if id := al.tree.find(role); id >= 0 {
			row.Held = al.tree.nodes[id].held
			row.DominantShare = al.tree.shareOf(row.Held)
		}
		list = append(list, *row)
	}
	return list
}

// roleRow is the row of a role, made with those of the roles above it if there is none.
func roleRow(roles map[string]*allocation.RoleShare, role string) *allocation.RoleShare {
	if row := roles[role]; row != nil {
		return row
	}
	for _, above := range mesos.RoleAncestors(role) {
		if roles[above] == nil {
			roles[above] = &allocation.RoleShare{Role: above}
		}
	}
	roles[role] = &allocation.RoleShare{Role: role}
	return roles[role]
}

// countRoles adds up what is reserved to roles and what counts for their quota.
func (al *Allocator) countRoles(roles map[string]*allocation.RoleShare) {
	reserved, consumed := map[string]resources.Quantities{}, map[string]resources.Quantities{}
	for _, a := range al.agents {
		if !a.known {
			continue
		}
		for _, part := range a.reservations() {
			reserved[part.Role] = reserved[part.Role].Add(part.Resources.Quantities())
		}
		for h := range a.held {
			role := al.clients[a.held[h].client].role
			consumed[role] = consumed[role].Add(quotaPart(a.held[h].whole().bare).Quantities())
		}
	}
	for role := range reserved {
		roleRow(roles, role)
	}
	upwards := func(role string, count func(row *allocation.RoleShare)) {
		count(roleRow(roles, role))
		for _, above := range mesos.RoleAncestors(role) {
			count(roles[above])
		}
	}
	for role, amount := range reserved {
		upwards(role, func(row *allocation.RoleShare) {
			row.Reserved, row.Consumed = row.Reserved.Add(amount), row.Consumed.Add(amount)
		})
	}
	for role, amount := range consumed {
		upwards(role, func(row *allocation.RoleShare) { row.Consumed = row.Consumed.Add(amount) })
	}
}

// reservations is what is reserved of an agent, by role.
func (a *agent) reservations() []resources.RoleResources {
	for r := range a.info.Total.All() {
		if r.IsReserved() {
			return a.info.Total.ReservationsByRole()
		}
	}
	return nil
}

// find is the node of a role, or -1.
func (t *tree) find(role string) int32 {
	id := root
	for name := range strings.SplitSeq(role, "/") {
		child, ok := t.nodes[id].children[name]
		if !ok {
			return -1
		}
		id = child
	}
	return id
}

// shareOf is the dominant share of what is held, from 0 to 1.
func (t *tree) shareOf(held resources.Quantities) float64 {
	s := dominant(held, t.total, t.excluded)
	return float64(s.whole) + float64(s.fraction)/(1<<64)
}
