package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// Operators take agents out of use one by one: a deactivated agent is not offered
// any more; one that is drained is deactivated and kills what it runs. What was
// decided about an agent is its standing, which stays with it while it is away.
// https://mesos.apache.org/documentation/latest/maintenance/#draining-agents

// knows reports whether an agent is admitted or unreachable.
func (m *Master) knows(id mesos.AgentID) bool {
	return m.agents[id] != nil || m.recovered[id] != nil || m.unreachable[id] != nil
}

// drainAgent has an agent kill what it runs.
func (m *Master) drainAgent(in DrainAgent) {
	err := m.may(in.Principal, acl.DrainAgent, "drain agents")
	if err == nil && in.MarkGone {
		err = m.may(in.Principal, acl.MarkAgentGone, "mark agents gone")
	}
	if err != nil {
		m.reply(in.Request, err)
		return
	}
	m.when(in.Agent, func() {
		config, err := m.readDrain(in)
		if err != nil {
			m.reply(in.Request, err)
			return
		}
		m.log(LogInfo, "agent is to be drained", "agent", in.Agent, "max_grace_period", in.MaxGracePeriod,
			"mark_gone", in.MarkGone, "principal", in.Principal)
		m.setStanding(in.Agent, &registrypb.Standing{
			Deactivated:  new(true),
			Drain:        &mesospb.DrainInfo{State: mesospb.DrainState_DRAINING.Enum(), Config: config},
			DrainStarted: m.timeInfo(),
		}, func() {
			if a := m.agents[in.Agent]; a != nil {
				m.sendDrain(a)
			}
			m.reply(in.Request, nil)
		})
	})
}

// readDrain checks whether an agent can be drained.
func (m *Master) readDrain(in DrainAgent) (*mesospb.DrainConfig, error) {
	if !m.knows(in.Agent) {
		return nil, mesos.Errorf(mesos.Invalid, "drain agent %s: it is not known", in.Agent)
	}
	if a := m.agents[in.Agent]; a != nil {
		if a.outage != nil {
			return nil, mesos.Errorf(mesos.Invalid, "drain agent %s: its machine %s is in the maintenance schedule", in.Agent, a.machine())
		}
		if !a.has(mesospb.AgentInfo_Capability_AGENT_DRAINING) {
			return nil, mesos.Errorf(mesos.Invalid, "drain agent %s: it does not have the capability AGENT_DRAINING", in.Agent)
		}
	}
	config := &mesospb.DrainConfig{MarkGone: new(in.MarkGone)}
	if in.MaxGracePeriod != nil {
		if *in.MaxGracePeriod < 0 {
			return nil, mesos.Errorf(mesos.Invalid, "drain agent %s: max_grace_period: %v is negative", in.Agent, *in.MaxGracePeriod)
		}
		config.MaxGracePeriod = &mesospb.DurationInfo{Nanoseconds: new(int64(*in.MaxGracePeriod))}
	}
	return config, nil
}

// deactivateAgent stops offers of an agent. What runs on it runs on.
func (m *Master) deactivateAgent(in DeactivateAgent) {
	if err := m.may(in.Principal, acl.DeactivateAgent, "deactivate agents"); err != nil {
		m.reply(in.Request, err)
		return
	}
	m.when(in.Agent, func() {
		if !m.knows(in.Agent) {
			m.reply(in.Request, mesos.Errorf(mesos.Invalid, "deactivate agent %s: it is not known", in.Agent))
			return
		}
		m.log(LogInfo, "agent is to be deactivated", "agent", in.Agent, "principal", in.Principal)
		standing := &registrypb.Standing{Deactivated: new(true)}
		if was := m.standings[in.Agent]; was != nil {
			standing.Drain, standing.DrainStarted = was.Drain, was.DrainStarted
		}
		m.setStanding(in.Agent, standing, func() { m.reply(in.Request, nil) })
	})
}

// reactivateAgent lets an agent be offered again, unless it is being drained.
func (m *Master) reactivateAgent(in ReactivateAgent) {
	if err := m.may(in.Principal, acl.ReactivateAgent, "reactivate agents"); err != nil {
		m.reply(in.Request, err)
		return
	}
	m.when(in.Agent, func() {
		standing := m.standings[in.Agent]
		switch {
		case !standing.GetDeactivated():
			m.reply(in.Request, mesos.Errorf(mesos.Invalid, "reactivate agent %s: it is not deactivated", in.Agent))
			return
		case standing.GetDrain() != nil && standing.GetDrain().GetState() == mesospb.DrainState_DRAINING:
			m.reply(in.Request, mesos.Errorf(mesos.Invalid, "reactivate agent %s: it is still draining", in.Agent))
			return
		}
		m.log(LogInfo, "agent is to be reactivated", "agent", in.Agent, "principal", in.Principal)
		m.setStanding(in.Agent, nil, func() { m.reply(in.Request, nil) })
	})
}

// setStanding makes what was decided about an agent durable, and then true. The
// agent must be known and amid no change.
func (m *Master) setStanding(id mesos.AgentID, standing *registrypb.Standing, then func()) {
	var write RegistryWrite
	a := m.agents[id]
	switch {
	case a != nil:
		write = putAdmitted(a.info, standing)
	case m.recovered[id] != nil:
		write = putAdmitted(m.recovered[id], standing)
	default:
		write = putUnreachable(id, m.unreachable[id], standing)
	}
	m.begin(id, 0, []RegistryWrite{write}, func(*transition) {
		if standing == nil {
			delete(m.standings, id)
		} else {
			m.standings[id] = standing
		}
		if a != nil {
			m.stand(a)
		}
		then()
	})
}

// stand makes an agent's activity what its connection and its standing allow.
func (m *Master) stand(a *agent) {
	may := a.connected && !m.standings[a.id].GetDeactivated()
	switch {
	case a.active && !may:
		a.active = false
		m.allocate(allocation.DeactivateAgent{ID: a.id})
		for _, o := range offersInOrder(a.offers) {
			m.rescind(o)
		}
		m.withdrawAll(a, true)
	case !a.active && may:
		a.active = true
		m.allocate(allocation.ActivateAgent{ID: a.id})
	}
	m.touchAgent(a)
}

// sendDrain tells an agent that is connected of its drain, if it has one. An agent
// that is drained already hears of it, too: it may have come back with tasks.
func (m *Master) sendDrain(a *agent) {
	drain := m.standings[a.id].GetDrain()
	if drain == nil {
		return
	}
	if a.connected {
		m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_DrainAgent{DrainAgent: &linkpb.DrainAgent{Config: drain.GetConfig()}}})
	}
	m.watchDrain(a)
}

// watchDrain has the end of this Step see whether an agent is drained: something
// that it ran is over, or it has to be drained from now on.
func (m *Master) watchDrain(a *agent) {
	if drain := m.standings[a.id].GetDrain(); drain != nil && drain.GetState() == mesospb.DrainState_DRAINING {
		m.drainWatch = append(m.drainWatch, a)
	}
}

// endDrains ends the drains of agents on which nothing is left: neither a task of
// which an update is to be acknowledged, nor an operation.
func (m *Master) endDrains() {
	for len(m.drainWatch) > 0 {
		a := m.drainWatch[0]
		m.drainWatch = m.drainWatch[1:]
		m.when(a.id, func() { m.endDrain(a) })
	}
	m.drainWatch = nil
}

func (m *Master) endDrain(a *agent) {
	standing := m.standings[a.id]
	drain := standing.GetDrain()
	if a.removed || drain == nil || drain.GetState() != mesospb.DrainState_DRAINING || a.occupied() {
		return
	}
	if drain.GetConfig().GetMarkGone() {
		m.log(LogInfo, "agent is drained, and is to be gone", "agent", a.id)
		m.makeGone(a.id, func() {})
		return
	}
	m.log(LogInfo, "agent is drained", "agent", a.id)
	m.setStanding(a.id, &registrypb.Standing{
		Deactivated:  standing.Deactivated,
		Drain:        &mesospb.DrainInfo{State: mesospb.DrainState_DRAINED.Enum(), Config: drain.Config},
		DrainStarted: standing.DrainStarted,
	}, func() {})
}

// occupied reports whether an agent has something that a drain waits for.
func (a *agent) occupied() bool {
	if len(a.operations) > 0 {
		return true
	}
	for _, h := range a.holdings {
		if len(h.tasks) > 0 {
			return true
		}
	}
	return false
}
