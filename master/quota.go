package master

import (
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// The quotas of roles. What a request is checked against are the quotas that
// were accepted; what others see are those that are durable.
// https://mesos.apache.org/documentation/latest/quota/

// updateQuota replaces the quotas of roles, all or none.
func (m *Master) updateQuota(in UpdateQuota) {
	changes := make(map[string]allocation.Quota, len(in.Configs))
	err := func() error {
		for _, config := range in.Configs {
			q, err := convert.Quota(config)
			if err != nil {
				return err
			}
			if _, twice := changes[config.GetRole()]; twice {
				return mesos.Errorf(mesos.Invalid, "quota of role %s: it is there twice", config.GetRole())
			}
			changes[config.GetRole()] = q
		}
		if err := m.mayUpdate(in.Principal, acl.UpdateQuota, "quota", sortedKeys(changes)); err != nil {
			return err
		}
		return m.checkQuotas(changes, in.Force)
	}()
	if mesos.KindOf(err) == mesos.Conflict { // which Mesos tells from Invalid in SET_QUOTA only
		err = mesos.Errorf(mesos.Invalid, "%w (force skips this check)", err)
	}
	m.changeQuotas(in.Request, in.Principal, changes, err)
}

// setQuota gives a role that has no quota one whose guarantees are its limits.
func (m *Master) setQuota(in SetQuota) {
	role := in.Quota.GetRole()
	var changes map[string]allocation.Quota
	q, err := convert.QuotaRequest(in.Quota)
	if err == nil {
		err = m.mayUpdate(in.Principal, acl.UpdateQuota, "quota", []string{role})
	}
	if err == nil {
		if _, has := m.acceptedQuotas[role]; has {
			err = mesos.Errorf(mesos.Invalid, "quota of role %s: it has one already", role)
		} else {
			changes = map[string]allocation.Quota{role: q}
			err = m.checkQuotas(changes, in.Quota.GetForce())
		}
	}
	m.changeQuotas(in.Request, in.Principal, changes, err)
}

// removeQuota takes a role's quota away.
func (m *Master) removeQuota(in RemoveQuota) {
	changes := map[string]allocation.Quota{in.Role: {}}
	err := m.mayUpdate(in.Principal, acl.UpdateQuota, "quota", []string{in.Role})
	if err != nil {
		// It is not theirs to know whether it has one.
	} else if _, has := m.acceptedQuotas[in.Role]; !has {
		err = mesos.Errorf(mesos.Invalid, "quota of role %s: it has none", in.Role)
	} else {
		err = m.checkQuotas(changes, true)
	}
	m.changeQuotas(in.Request, in.Principal, changes, err)
}

// checkQuotas checks changes, each for itself and together with the quotas of
// other roles. Force allows what may become right later: guarantees that exceed
// the cluster, and limits below what roles consume.
func (m *Master) checkQuotas(changes map[string]allocation.Quota, force bool) error {
	for _, role := range sortedKeys(changes) {
		if err := changes[role].Check(role); err != nil {
			return err
		}
		if err := m.checkWhitelisted(role); err != nil {
			return mesos.Errorf(mesos.Invalid, "quota: %w", err)
		}
	}
	after := maps.Clone(m.acceptedQuotas)
	mergeQuotas(after, changes)
	if err := checkNested(after); err != nil {
		return err
	}
	if force {
		return nil
	}
	for _, role := range sortedKeys(changes) {
		if err := changes[role].CheckConsumed(role, m.consumed(role)); err != nil {
			return err
		}
	}
	var total resources.Quantities
	for _, a := range m.agents {
		total = total.Add(a.total.NonRevocable().Quantities())
	}
	return allocation.CheckCapacity(after, total)
}

func noQuota(q allocation.Quota) bool { return len(q.Limits) == 0 && q.Guarantees.IsEmpty() }

// mergeQuotas changes quotas; the zero quota is none.
func mergeQuotas(quotas, changes map[string]allocation.Quota) {
	for role, q := range changes {
		if noQuota(q) {
			delete(quotas, role)
		} else {
			quotas[role] = q
		}
	}
}

// checkNested checks that a role is guaranteed what those below it are, all
// together: so the guarantees of the roles at the top are those of the cluster.
func checkNested(quotas map[string]allocation.Quota) error {
	if err := allocation.CheckQuotas(quotas); err != nil {
		return err
	}
	below := make(map[string]resources.Quantities)
	for role, q := range quotas {
		if ancestors := mesos.RoleAncestors(role); len(ancestors) > 0 {
			below[ancestors[0]] = below[ancestors[0]].Add(q.Guarantees)
		}
	}
	for _, role := range sortedKeys(below) {
		if have := quotas[role].Guarantees; !have.Contains(below[role]) {
			return mesos.Errorf(mesos.Invalid, "quota of role %s: it is guaranteed %s, and the roles below it %s",
				role, amounts(have), amounts(below[role]))
		}
	}
	return nil
}

func amounts(q resources.Quantities) string {
	if q.IsEmpty() {
		return "nothing"
	}
	return q.String()
}

// consumed is how much of its quota a role and those below it use: what their
// frameworks use, and reservations that nobody uses.
func (m *Master) consumed(role string) resources.Quantities {
	var sum resources.Quantities
	for _, f := range m.frameworks {
		sum = sum.Add(f.used.AllocatedToSubtree(role).NonRevocable().Quantities())
	}
	for _, a := range m.agents {
		reserved := a.total.ReservedToSubtree(role).Quantities()
		sum = sum.Add(reserved.Sub(a.used.ReservedToSubtree(role).Quantities()))
	}
	return sum
}

// changeQuotas makes accepted changes durable and then tells of them; err is why
// they were not accepted.
func (m *Master) changeQuotas(request RequestID, principal string, changes map[string]allocation.Quota, err error) {
	if err != nil || len(changes) == 0 {
		m.emit(Reply{Request: request, Err: err})
		return
	}
	mergeQuotas(m.acceptedQuotas, changes)
	m.write(putQuotas(changes), func() {
		mergeQuotas(m.quotas, changes)
		roles := sortedKeys(changes)
		for _, role := range roles {
			m.allocate(allocation.UpdateQuota{Role: role, Quota: changes[role]})
			m.publishQuota(role)
			m.log(LogInfo, "quota set", "role", role, "guarantees", changes[role].Guarantees,
				"limited", slices.Sorted(maps.Keys(changes[role].Limits)), "principal", principal)
		}
		for _, role := range roles {
			m.rescindForQuota(role, changes[role])
		}
		m.emit(Reply{Request: request})
	})
}

func (m *Master) publishQuota(role string) {
	var config *quotapb.QuotaConfig
	if q, has := m.quotas[role]; has {
		config = convert.QuotaToWire(role, q)
	}
	m.emit(PutQuota{Role: role, Config: config})
}

// rescindForQuota rescinds offers that a new quota is in the way of: those of the
// role while it has more than its limits, then those of other roles until its
// guarantees could be met. What is reserved may be counted twice, so this may
// rescind too much; resources that nobody is offered are counted as gone.
func (m *Master) rescindForQuota(role string, q allocation.Quota) {
	has := m.consumed(role)
	for _, o := range m.offers {
		has = has.Add(o.resources.AllocatedToSubtree(role).NonRevocable().Quantities())
	}
	for _, o := range offersInOrder(m.offersOf(role, true)) {
		if q.CheckConsumed(role, has) == nil {
			break
		}
		has = has.Sub(o.resources.NonRevocable().Quantities())
		m.rescind(o)
	}
	for _, o := range offersInOrder(m.offersOf(role, false)) {
		if has.Contains(q.Guarantees) {
			break
		}
		has = has.Add(o.resources.NonRevocable().Quantities())
		m.rescind(o)
	}
}

// offersOf are the offers of a role and those below it, or all others.
func (m *Master) offersOf(role string, within bool) map[*offer]struct{} {
	offers := make(map[*offer]struct{})
	for _, o := range m.offers {
		if (o.role == role || mesos.IsStrictSubrole(o.role, role)) == within {
			offers[o] = struct{}{}
		}
	}
	return offers
}
