package master

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// operatorOperation does an operator's operation: on what nobody has, and on what
// is only on offer.
// https://mesos.apache.org/documentation/latest/operator-http-api/#reserve_resources
func (m *Master) operatorOperation(in Operate) {
	m.reply(in.Request, m.tryOperatorOperation(in))
}

func (m *Master) tryOperatorOperation(in Operate) error {
	info := in.Operation
	if !operates(info.GetType()) || !hasBody(info) || info.Id != nil {
		return mesos.Errorf(mesos.Invalid, "operation: %s: it is none that operators ask for", info.GetType())
	}
	a := m.agents[mesos.AgentID(in.Agent)]
	if a == nil {
		return mesos.Errorf(mesos.Invalid, "%s: agent_id: no agent %q is registered", info.GetType(), in.Agent)
	}
	if err := m.mayOperate(in.Principal, info); err != nil {
		return err
	}
	request, err := readOperation(info, "")
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "%s: %w", info.GetType(), err)
	}
	if err := request.validate(a, nil, in.Principal); err != nil {
		return mesos.Errorf(mesos.Invalid, "%w; on agent %s", err, a.id)
	}
	if err := m.mayOperate(in.Principal, info); err != nil {
		return err
	}
	conversions, err := convert.Conversions(info)
	if err != nil {
		return err
	}
	if !a.connected {
		return mesos.Errorf(mesos.Conflict, "%s: agent %s is not connected", info.GetType(), a.id)
	}
	if _, err := a.total.Apply(conversions...); err != nil {
		return mesos.Errorf(mesos.Conflict, "%s: agent %s: %w", info.GetType(), a.id, err)
	}
	m.clearOffers(a, conversions)
	if _, err := a.free().Apply(conversions...); err != nil {
		return mesos.Errorf(mesos.Conflict, "%s: agent %s: what is free of it: %w", info.GetType(), a.id, err)
	}
	m.apply(a, nil, info, conversions)
	m.allocate(allocation.UpdateAgent{Agent: a.allocation()})
	return nil
}

// clearOffers takes back offers that have something that is to be converted, until
// they are enough for it. What seems to be free is not counted on: the allocator
// may be giving it away.
func (m *Master) clearOffers(a *agent, conversions []resources.Conversion) {
	wanted, recovered := resources.Resources{}, resources.Resources{}
	for _, c := range conversions {
		wanted = wanted.Add(c.Consumed)
	}
	for _, o := range offersInOrder(a.offers) {
		bare := o.resources.Unallocate()
		rest := wanted.Sub(bare)
		if rest.Equal(wanted) {
			continue
		}
		wanted, recovered = rest, recovered.Add(bare)
		m.tellRescinded(o)
		m.discard(o, defaultRefusal)
		if _, err := recovered.Apply(conversions...); err == nil {
			return
		}
	}
}

// eachOnce is resources with one copy of each shared one.
func eachOnce(rs resources.Resources) resources.Resources {
	return resources.Of(slices.Collect(rs.All())...)
}

// free is what nobody has of an agent. A shared volume that somebody has is not
// free.
func (a *agent) free() resources.Resources {
	return a.total.Sub(eachOnce(a.used.Unallocate())).Sub(eachOnce(a.offered.Unallocate()))
}
