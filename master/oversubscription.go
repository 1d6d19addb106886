package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An agent's estimator says from time to time how much of what is in use there,
// and not used, can be given away until it is needed: revocable resources, which
// are part of the agent's total beside its own. The first estimate replaces those
// that the agent was configured with, if any.
// https://mesos.apache.org/documentation/latest/oversubscription/

// readEstimate checks what an agent's estimator gives away.
func readEstimate(list []*mesospb.Resource) (resources.Resources, error) {
	rs, err := convert.Resources(list)
	if err == nil && !rs.NonRevocable().IsEmpty() {
		err = mesos.Errorf(mesos.Invalid, "%v is not revocable", rs.NonRevocable())
	}
	if err != nil {
		return rs, mesos.Errorf(mesos.Invalid, "oversubscribed_resources: %w", err)
	}
	return rs.Unallocate(), nil
}

// estimated takes an agent's new estimate.
func (m *Master) estimated(a *agent, list []*mesospb.Resource) {
	revocable, err := readEstimate(list)
	if err != nil {
		m.log(LogWarn, "agent update ignored", "agent", a.id, "error", err)
		return
	}
	m.oversubscribe(a, revocable)
}

// oversubscribe replaces the revocable resources of an agent. Offers that have
// some show what was, so they are rescinded; what is in use stays so, even if it
// is more than there is now: the agent kills when it must.
func (m *Master) oversubscribe(a *agent, revocable resources.Resources) {
	if revocable.Equal(a.total.Revocable()) {
		return
	}
	a.settled = a.settled.NonRevocable().Add(revocable) // operations are not about these
	m.setTotal(a, a.total.NonRevocable().Add(revocable))
	m.allocate(allocation.UpdateAgent{Agent: a.allocation()})
	for _, o := range offersInOrder(a.offers) {
		if !o.resources.Revocable().IsEmpty() {
			m.rescind(o)
		}
	}
	m.log(LogInfo, "agent oversubscribed", "agent", a.id, "revocable", revocable)
}
