package master

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// An offer is resources of one agent that a framework may use for a role.
type offer struct {
	id        mesos.OfferID
	wireID    *mesospb.OfferID
	order     uint64
	framework *framework
	agent     *agent
	role      string
	resources resources.Resources // with allocation role
	timeout   timer
}

// allocated takes what the allocator gives. Of an earlier session nothing is
// taken: the allocator of this one was told that it is free.
func (m *Master) allocated(in Allocated) {
	if in.Session != m.session {
		return
	}
	switch out := in.Output.(type) {
	case allocation.OffersReady:
		m.offer(out)
	case allocation.InverseOffersReady:
		m.makeInverseOffers(out)
	case allocation.Refused:
		m.log(LogError, "the allocator refused what it was told", "error", out.Err)
	}
}

// offer makes offers of what the allocator gave to a framework, and returns
// what can't be offered any more.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#offers
func (m *Master) offer(ready allocation.OffersReady) {
	f := m.frameworks[ready.Framework]
	made := make([]*mesospb.Offer, 0, len(ready.Offers))
	for _, given := range ready.Offers {
		a := m.agents[given.Agent]
		if f != nil && a != nil && m.full(a) {
			m.recoverOffered(f, a, given.Resources, defaultRefusal)
			continue
		}
		if !m.canOffer(f, a, given) {
			m.allocate(allocation.Recover{Grant: allocation.Grant{
				Framework: ready.Framework, Agent: given.Agent, Resources: given.Resources,
			}, Declined: true})
			continue
		}
		o, err := m.makeOffer(f, a, given)
		if err != nil {
			m.log(LogError, "resources can't be offered", "framework", f.id, "agent", a.id, "error", err)
			m.recoverOffered(f, a, given.Resources, 0)
			continue
		}
		made = append(made, o)
	}
	if len(made) == 0 {
		return
	}
	f.counters.sent(len(made))
	m.send(f, &schedulerpb.Event{
		Type:   schedulerpb.Event_OFFERS.Enum(),
		Offers: &schedulerpb.Event_Offers{Offers: made},
	})
}

// full reports whether an agent runs as many executors as it may, those of the
// agent's own for command tasks aside.
func (m *Master) full(a *agent) bool {
	if m.config.MaxExecutorsPerAgent == nil {
		return false
	}
	n := 0
	for _, h := range a.holdings {
		n += len(h.executors)
	}
	return n >= *m.config.MaxExecutorsPerAgent
}

// canOffer reports whether the framework and the agent are still as the
// allocator believed.
func (m *Master) canOffer(f *framework, a *agent, given allocation.Offered) bool {
	if f == nil || !f.connected() || !f.active || !f.hasRole(given.Role) || a == nil || !a.active {
		return false
	}
	if !a.hasFree(given.Resources) {
		m.log(LogWarn, "the allocator gave what is not free", "agent", a.id, "framework", f.id, "resources", given.Resources)
		return false
	}
	return true
}

// makeOffer records an offer and returns it as its framework is to see it.
func (m *Master) makeOffer(f *framework, a *agent, given allocation.Offered) (*mesospb.Offer, error) {
	o := &offer{framework: f, agent: a, role: given.Role, resources: given.Resources}
	o.id, o.order = m.newOfferID()
	o.wireID = &mesospb.OfferID{Value: new(string(o.id))}
	published := o.message()
	shown, err := f.view(published)
	if err != nil {
		return nil, err
	}

	m.offers[o.id] = o
	f.offers[o], a.offers[o] = struct{}{}, struct{}{}
	f.offered, a.offered = f.offered.Add(o.resources), a.offered.Add(o.resources)
	m.touchUse(f, a)
	if m.config.OfferTimeout > 0 {
		m.timers.arm(&o.timeout, m.now.Add(m.config.OfferTimeout), func() { m.rescind(o) })
	}
	m.emit(PutOffer{Offer: published})
	return shown, nil
}

// message is the offer as operators see it.
func (o *offer) message() *mesospb.Offer {
	w := &mesospb.Offer{
		Id:             o.wireID,
		FrameworkId:    o.framework.info.Id,
		AgentId:        o.agent.info.Id,
		Hostname:       o.agent.info.Hostname,
		Url:            o.agent.url,
		Domain:         o.agent.info.Domain,
		Resources:      convert.ToWire(o.resources),
		Attributes:     o.agent.info.Attributes,
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new(o.role)},
		Unavailability: o.agent.outage,
	}
	if h := o.framework.holdings[o.agent.id]; h != nil {
		for _, id := range sortedKeys(h.executors) {
			w.ExecutorIds = append(w.ExecutorIds, h.executors[id].info.ExecutorId)
		}
	}
	return w
}

// view is an offer as a framework sees it: without the capability MULTI_ROLE it
// sees no allocation roles, and without RESERVATION_REFINEMENT it sees
// reservations in the format from before that. None sees the ports that an agent
// gives to containers' outgoing connections.
// https://mesos.apache.org/documentation/latest/multiple-roles/
// https://mesos.apache.org/documentation/latest/isolators/network-port-mapping/
func (f *framework) view(w *mesospb.Offer) (*mesospb.Offer, error) {
	hides := slices.ContainsFunc(w.Resources, ephemeralPorts)
	if f.can(allocation.MultiRole) && f.can(allocation.ReservationRefinement) && !hides {
		return w, nil
	}
	list := w.Resources
	if hides {
		list = slices.DeleteFunc(slices.Clone(list), ephemeralPorts)
	}
	if f.can(allocation.ReservationRefinement) {
		list = copies(list)
	} else {
		var err error
		if list, err = convert.Downgrade(list); err != nil {
			return nil, err
		}
	}
	role := w.AllocationInfo
	if !f.can(allocation.MultiRole) {
		role = nil
		for _, r := range list { // copies, either way
			r.AllocationInfo = nil
		}
	}
	return &mesospb.Offer{
		Id: w.Id, FrameworkId: w.FrameworkId, AgentId: w.AgentId, Hostname: w.Hostname, Url: w.Url,
		Domain: w.Domain, Resources: list, Attributes: w.Attributes, ExecutorIds: w.ExecutorIds, AllocationInfo: role,
		Unavailability: w.Unavailability,
	}, nil
}

func ephemeralPorts(r *mesospb.Resource) bool { return r.GetName() == "ephemeral_ports" }

func copies(list []*mesospb.Resource) []*mesospb.Resource {
	result := make([]*mesospb.Resource, len(list))
	for i, r := range list {
		result[i] = r.CloneVT()
	}
	return result
}

// forget takes an offer out of all books without telling anyone: what becomes
// of its resources is the caller's to say.
func (m *Master) forget(o *offer) {
	f, a := o.framework, o.agent
	m.timers.disarm(&o.timeout)
	delete(m.offers, o.id)
	delete(f.offers, o)
	delete(a.offers, o)
	f.offered, a.offered = f.offered.Sub(o.resources), a.offered.Sub(o.resources)
	m.touchUse(f, a)
	m.emit(DropOffer{Framework: f.id, Offer: o.id})
}

// discard ends an offer and returns its resources, which are not offered to the
// framework again for a while if refuse is positive.
func (m *Master) discard(o *offer, refuse time.Duration) {
	m.forget(o)
	m.recoverOffered(o.framework, o.agent, o.resources, refuse)
}

// rescind ends an offer and tells the framework.
func (m *Master) rescind(o *offer) {
	m.tellRescinded(o)
	m.withdraw(o)
}

// withdraw ends an offer that its framework has not answered. Nobody declined
// it, so anyone may be offered it at once.
func (m *Master) withdraw(o *offer) {
	m.forget(o)
	m.allocate(allocation.Recover{Grant: allocation.Grant{
		Framework: o.framework.id, Agent: o.agent.id, Resources: o.resources,
	}})
}

// tellRescinded tells a framework that an offer is no more.
func (m *Master) tellRescinded(o *offer) {
	o.framework.counters.rescinded()
	m.send(o.framework, &schedulerpb.Event{
		Type:    schedulerpb.Event_RESCIND.Enum(),
		Rescind: &schedulerpb.Event_Rescind{OfferId: o.wireID},
	})
}

// recoverOffered returns resources that were offered and not used.
func (m *Master) recoverOffered(f *framework, a *agent, rs resources.Resources, refuse time.Duration) {
	if rs.IsEmpty() {
		return
	}
	m.allocate(allocation.Recover{
		Grant:    allocation.Grant{Framework: f.id, Agent: a.id, Resources: rs},
		Refuse:   refuse,
		Declined: true,
	})
}

// decline returns offers. Those that are gone already are passed over: the
// framework may not know yet.
func (m *Master) decline(f *framework, call *schedulerpb.Call_Decline) {
	m.counters.declineOffers++
	refuse := refusal(call.GetFilters())
	for _, id := range call.GetOfferIds() {
		o := m.offers[mesos.OfferID(id.GetValue())]
		if o == nil || o.framework != f {
			m.log(LogDebug, "decline ignored: no such offer", "framework", f.id, "offer", id.GetValue())
			continue
		}
		f.counters.declined()
		m.discard(o, refuse)
	}
}

const (
	defaultRefusal = 5 * time.Second
	// maxRefusal is Mesos's: a year.
	maxRefusal = 365 * 24 * time.Hour
)

// refusal is how long declined resources stay away from a framework: 5 s unless
// told otherwise, at most a year. What is no duration counts as not told: to
// refuse the call would keep the resources from everyone.
func refusal(filters *mesospb.Filters) time.Duration {
	if filters == nil || filters.RefuseSeconds == nil {
		return defaultRefusal
	}
	seconds := filters.GetRefuseSeconds()
	if seconds >= maxRefusal.Seconds() {
		return maxRefusal
	}
	if !(seconds >= 0) { // not a number, too
		return defaultRefusal
	}
	return time.Duration(seconds * float64(time.Second))
}

// offersInOrder lists offers in the order they were made.
func offersInOrder(offers map[*offer]struct{}) []*offer {
	list := make([]*offer, 0, len(offers))
	for o := range offers {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *offer) int {
		if a.order < b.order {
			return -1
		}
		return 1
	})
	return list
}
