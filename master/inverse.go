package master

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// An inverse offer asks a framework to leave an agent before it is unavailable.
// Nothing depends on the answer but what operators see of it.
// https://mesos.apache.org/documentation/latest/maintenance/
type inverseOffer struct {
	id        mesos.OfferID
	framework *framework
	agent     *agent
	message   *mesospb.InverseOffer
	timeout   timer
}

// makeInverseOffers makes inverse offers of what the allocator asks for. Of what has
// changed meanwhile it hears again.
func (m *Master) makeInverseOffers(ready allocation.InverseOffersReady) {
	f := m.frameworks[ready.Framework]
	var made []*mesospb.InverseOffer
	for _, asked := range ready.Agents {
		a := m.agents[asked.Agent]
		switch {
		case f == nil || a == nil || a.outage == nil || f.askedToLeave(a):
		case !f.connected() || !f.active || !a.active:
			m.allocate(allocation.InverseOfferAnswered{Framework: f.id, Agent: a.id, Withdrawn: true})
		default:
			made = append(made, m.makeInverseOffer(f, a))
		}
	}
	if len(made) == 0 {
		return
	}
	m.touchFramework(f)
	m.send(f, &schedulerpb.Event{
		Type:          schedulerpb.Event_INVERSE_OFFERS.Enum(),
		InverseOffers: &schedulerpb.Event_InverseOffers{InverseOffers: made},
	})
}

// inverseMessages are the inverse offers of a framework.
func (f *framework) inverseMessages() []*mesospb.InverseOffer {
	var list []*mesospb.InverseOffer
	for _, o := range f.inverse {
		list = append(list, o.message)
	}
	return list
}

func (f *framework) askedToLeave(a *agent) bool {
	return slices.ContainsFunc(a.inverse, func(o *inverseOffer) bool { return o.framework == f })
}

func (m *Master) makeInverseOffer(f *framework, a *agent) *mesospb.InverseOffer {
	o := &inverseOffer{framework: f, agent: a}
	o.id, _ = m.newOfferID()
	o.message = &mesospb.InverseOffer{
		Id:             &mesospb.OfferID{Value: new(string(o.id))},
		Url:            a.url,
		FrameworkId:    f.info.Id,
		AgentId:        a.info.Id,
		Unavailability: a.outage,
	}
	m.inverseOffers[o.id] = o
	f.inverse, a.inverse = append(f.inverse, o), append(a.inverse, o)
	if m.config.OfferTimeout > 0 {
		m.timers.arm(&o.timeout, m.now.Add(m.config.OfferTimeout), func() { m.withdrawInverse(o, true) })
	}
	return o.message
}

// forgetInverse takes an inverse offer out of all books.
func (m *Master) forgetInverse(o *inverseOffer) {
	same := func(other *inverseOffer) bool { return other == o }
	m.timers.disarm(&o.timeout)
	delete(m.inverseOffers, o.id)
	o.framework.inverse = slices.DeleteFunc(o.framework.inverse, same)
	o.agent.inverse = slices.DeleteFunc(o.agent.inverse, same)
	m.touchFramework(o.framework)
}

// withdrawInverse takes an inverse offer back that was not answered.
func (m *Master) withdrawInverse(o *inverseOffer, rescind bool) {
	m.forgetInverse(o)
	m.allocate(allocation.InverseOfferAnswered{Framework: o.framework.id, Agent: o.agent.id, Withdrawn: true})
	if rescind {
		m.tellInverseRescinded(o)
	}
}

// tellInverseRescinded tells a framework that an inverse offer is no more.
func (m *Master) tellInverseRescinded(o *inverseOffer) {
	m.send(o.framework, &schedulerpb.Event{
		Type:                schedulerpb.Event_RESCIND_INVERSE_OFFER.Enum(),
		RescindInverseOffer: &schedulerpb.Event_RescindInverseOffer{InverseOfferId: o.message.Id},
	})
}

// withdrawAll takes back the inverse offers of an agent.
func (m *Master) withdrawAll(a *agent, rescind bool) {
	for _, o := range slices.Clone(a.inverse) {
		m.withdrawInverse(o, rescind)
	}
}

// withdrawFrom takes back the inverse offers that a framework has.
func (m *Master) withdrawFrom(f *framework, rescind bool) {
	for _, o := range slices.Clone(f.inverse) {
		m.withdrawInverse(o, rescind)
	}
}

// answerInverse takes a framework's answer to inverse offers. Those that are gone
// already are passed over: the framework may not know yet.
func (m *Master) answerInverse(f *framework, ids []*mesospb.OfferID, answer allocatorpb.InverseOfferStatus_Status, refuse time.Duration) {
	for _, id := range ids {
		o := m.inverseOffers[mesos.OfferID(id.GetValue())]
		if o == nil || o.framework != f {
			m.log(LogWarn, "answer ignored: no such inverse offer", "framework", f.id, "inverse_offer", id.GetValue(), "answer", answer)
			continue
		}
		m.forgetInverse(o)
		if o.agent.answers == nil {
			o.agent.answers = make(map[mesos.FrameworkID]*allocatorpb.InverseOfferStatus)
		}
		o.agent.answers[f.id] = &allocatorpb.InverseOfferStatus{Status: answer.Enum(), FrameworkId: f.info.Id, Timestamp: m.timeInfo()}
		m.maintenanceDirty = true
		m.allocate(allocation.InverseOfferAnswered{
			Framework: f.id, Agent: o.agent.id, Accepted: answer == allocatorpb.InverseOfferStatus_ACCEPT, Refuse: refuse,
		})
	}
}

// forgetAnswers forgets what a framework answered that is no more.
func (m *Master) forgetAnswers(f *framework) {
	if len(m.maintenance.outages) == 0 {
		return
	}
	for _, a := range m.agents {
		if a.answers[f.id] != nil {
			delete(a.answers, f.id)
			m.maintenanceDirty = true
		}
	}
}
