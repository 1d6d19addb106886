package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// operate makes operators set, lower and remove quotas now and then, as long as
// there are faults or would be.
func (c *cluster) operate() {
	c.after(c.between(0, c.options.duration/5), func() {
		if c.healed.IsZero() {
			c.changeQuotas()
			c.operate()
		}
	})
}

// changeQuotas asks who leads for new quotas of one or two roles.
func (c *cluster) changeQuotas() {
	roles := []string{"a", "a/x", "a/y", "a/y/z", "b"}
	c.rand.Shuffle(len(roles), func(i, j int) { roles[i], roles[j] = roles[j], roles[i] })
	var configs []*quotapb.QuotaConfig
	for _, role := range roles[:1+c.rand.IntN(2)] {
		q := c.someQuota()
		c.logf("quota of %s: guarantees %v, limits %v", role, q.Guarantees, q.Limits)
		configs = append(configs, convert.QuotaToWire(role, q))
	}
	l, force := c.anyLeader(), !c.chance(4)
	if l == nil {
		return
	}
	l.ask(func(err error) { c.logf("%s: quotas set: %v", l.name, err) }, func(request master.RequestID) master.Input {
		return master.UpdateQuota{Request: request, Force: force, Configs: configs}
	})
}

// someQuota is limits, guarantees, both or nothing.
func (c *cluster) someQuota() allocation.Quota {
	var guarantees []resources.Quantity
	limits := map[string]resources.Scalar{}
	for _, of := range []struct {
		name string
		step resources.Scalar
	}{{"cpus", mesos.OneScalar / 2}, {"mem", 64 * mesos.OneScalar}, {"disk", 10 * mesos.OneScalar}} {
		limit := resources.Scalar(c.rand.IntN(12)) * of.step
		limited := c.chance(2)
		if limited {
			limits[of.name] = limit
		}
		if amount := resources.Scalar(c.rand.IntN(6)) * of.step; c.chance(4) && (!limited || amount <= limit) {
			guarantees = append(guarantees, resources.Quantity{Name: of.name, Amount: amount})
		}
	}
	if c.chance(4) {
		return allocation.Quota{}
	}
	return allocation.Quota{Guarantees: resources.NewQuantities(guarantees...), Limits: limits}
}

// maintain makes operators plan and cancel outages of machines now and then.
func (c *cluster) maintain() {
	c.after(c.between(0, c.options.duration/5), func() {
		if !c.healed.IsZero() {
			return
		}
		m := c.machines[c.rand.IntN(len(c.machines))]
		m.outage = nil
		if !c.chance(3) {
			m.outage = &allocation.Unavailability{Start: c.now.Add(c.between(0, time.Minute)), Duration: c.between(0, time.Minute)}
		}
		c.logf("planned outage of %s: %v", m.name, m.outage)
		if l := c.leading(); l != nil {
			l.session.announceAll(m)
		}
		c.maintain()
	})
}

// announceAll tells the allocator of the planned outage of all agents on a
// machine, of which the master knows nothing.
func (s *session) announceAll(m *machine) {
	for _, id := range slices.Sorted(maps.Keys(s.ledger.agents)) {
		if s.ledger.agents[id].Hostname == m.name {
			s.announce(id, m)
		}
	}
}

// announce tells the allocator of an agent's planned outage, or that there is none.
func (s *session) announce(id mesos.AgentID, m *machine) {
	s.queued++
	outage := m.outage
	s.leader.cluster.after(0, func() {
		s.queued--
		s.feed(allocation.UpdateUnavailability{ID: id, Unavailability: outage})
	})
}

// announceAgain repeats the planned outage of an agent that the master has just
// described without it.
func (s *session) announceAgain(agent *allocation.Agent) {
	for _, m := range s.leader.cluster.machines {
		if m.name == agent.Hostname && m.outage != nil {
			s.announce(agent.ID, m)
		}
	}
}

// answerInverse answers inverse offers in the place of master and scheduler.
func (s *session) answerInverse(asked allocation.InverseOffersReady) {
	c := s.leader.cluster
	for _, a := range asked.Agents {
		if c.chance(4) {
			continue
		}
		answer := allocation.InverseOfferAnswered{
			Framework: asked.Framework, Agent: a.Agent, Accepted: c.chance(2), Refuse: c.between(0, 5*time.Second),
		}
		c.after(c.between(0, 3*time.Second), func() { s.feed(answer) })
	}
}
