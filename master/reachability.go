package master

import (
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

var ping, pingRecovering = pingOf(true), pingOf(false)

func pingOf(connected bool) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_Ping{Ping: &linkpb.Ping{Connected: &connected}}}
}

// sendPing asks an agent whether it is there, and again after each
// agent_ping_timeout. An agent without a link can't answer.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/
func (m *Master) sendPing(a *agent) {
	switch {
	case a.connected:
		m.sendAgent(a, ping)
	case a.recovering != 0:
		m.emit(SendAgent{Link: a.recovering, Message: pingRecovering})
	}
	a.pinged = true
	m.timers.arm(&a.ping, m.now.Add(m.config.AgentPingTimeout), func() {
		if a.pinged {
			a.unanswered++
		}
		if a.unanswered >= m.config.MaxAgentPingTimeouts {
			m.giveUp(a, fmt.Sprintf("no answer to %d pings", a.unanswered))
		}
		m.sendPing(a)
	})
}

// answered: an agent is there.
func (m *Master) answered(a *agent) {
	a.unanswered, a.pinged = 0, false
	m.cancelRemoval(a)
}

// recovers: an agent is back and takes over what it ran, before it registers again.
// Nothing of it is offered meanwhile, but it is not given up either.
// https://mesos.apache.org/documentation/latest/agent-recovery/
func (m *Master) recovers(in AgentMessage, id mesos.AgentID) {
	a := m.agents[id]
	if a == nil || m.links[in.Link] != nil || m.mayJoin(in.Principal, a.total) != nil {
		return // what becomes of it is told once it registers
	}
	if a.connected {
		m.emit(CloseLink{Link: a.link})
		m.disconnect(a)
	}
	m.pingOver(a, in.Link)
	m.answered(a)
	m.log(LogInfo, "agent recovers", "agent", a.id, "hostname", a.info.GetHostname())
}

// pingOver sets the link over which an agent that recovers is pinged; 0: it doesn't.
func (m *Master) pingOver(a *agent, link LinkID) {
	delete(m.recovering, a.recovering)
	a.recovering = link
	if link != 0 {
		m.recovering[link] = a
	}
}

// linkClosed: an agent is gone for now. It has a while to come back.
func (m *Master) linkClosed(link LinkID) {
	if tr := m.pendingLinks[link]; tr != nil {
		delete(m.pendingLinks, link)
		if tr.next != nil && tr.next.link == link {
			tr.next = nil
		} else {
			tr.closed = true
		}
	}
	if a := m.recovering[link]; a != nil {
		m.pingOver(a, 0)
	}
	if a := m.links[link]; a != nil {
		m.disconnect(a)
	}
}

// disconnect stops offers of an agent's resources and takes back those that are
// out. Frameworks that do not checkpoint lose their tasks: if the agent restarts
// it will not find them again.
// https://mesos.apache.org/documentation/latest/agent-recovery/
func (m *Master) disconnect(a *agent) {
	delete(m.links, a.link)
	a.connected = false
	m.log(LogInfo, "agent disconnected", "agent", a.id, "hostname", a.info.GetHostname())
	m.stand(a)
	for _, id := range sortedKeys(a.holdings) {
		if h := a.holdings[id]; !h.framework.info.GetCheckpoint() {
			m.loseHolding(h, lostTasks{
				state: mesospb.TaskState_TASK_LOST, reason: mesospb.TaskStatus_REASON_AGENT_DISCONNECTED,
				message: "agent " + a.info.GetHostname() + " disconnected", list: TaskCompleted,
			})
		}
	}
	m.touchAgent(a)
	timeout := m.config.AgentReregisterTimeout
	m.timers.arm(&a.reregister, m.now.Add(timeout), func() {
		m.giveUp(a, "it did not come back within "+timeout.String()+" after its connection broke")
	})
}

// lostTasks says how tasks end that are lost with their agent.
type lostTasks struct {
	state   mesospb.TaskState
	reason  mesospb.TaskStatus_Reason
	message string
	since   *mesospb.TimeInfo // when the agent became unreachable
	list    TaskList
}

// loseHolding ends all that a framework ran on an agent that is lost. A task of
// which the framework was told that it is over is not lost any more.
func (m *Master) loseHolding(h *holding, lost lostTasks) {
	for _, t := range inOrder(h.tasks) {
		if terminal(t.told()) {
			m.removeTask(t, lost.list)
			continue
		}
		status := m.taskStatus(t, lost.state, lost.reason, lost.message)
		status.UnreachableTime = lost.since
		m.update(t, status, nil)
		m.removeTask(t, lost.list)
		m.sendUpdate(h.framework, status)
	}
	for _, id := range sortedKeys(h.executors) {
		m.removeExecutor(h, id)
	}
}

// markUnreachable gives an agent up. The registry knows before the frameworks
// do: whoever leads next must not take the agent for a healthy one.
func (m *Master) markUnreachable(a *agent, why string) {
	since := m.timeInfo()
	m.begin(a.id, 0, m.unreachableWrites(a.id, since), func(*transition) {
		m.counters.unreachableCompleted++
		m.counters.agentRemovals++
		m.counters.removalsUnhealthy++
		m.unreachable[a.id] = since
		m.forgetAgent(a, func(f *framework) lostTasks {
			state := mesos.TaskUnreachable.For(f.can(allocation.PartitionAware))
			return lostTasks{
				state: mesospb.TaskState(state), reason: mesospb.TaskStatus_REASON_AGENT_REMOVED,
				message: "agent " + a.info.GetHostname() + " is unreachable: " + why, since: since, list: TaskUnreachable,
			}
		})
	})
}

// unreachableWrites moves an agent from the admitted to the unreachable ones.
func (m *Master) unreachableWrites(id mesos.AgentID, since *mesospb.TimeInfo) []RegistryWrite {
	return []RegistryWrite{putUnreachable(id, since, m.standings[id]), {Key: AdmittedKey(id)}}
}

// unregister: an agent leaves for good.
func (m *Master) unregister(a *agent) {
	if m.transitions[a.id] != nil {
		return
	}
	m.removeAgent(a, "it unregistered", &m.counters.removalsUnregistered)
}

// removeAgent takes an agent out of the registry and then out of the cluster.
func (m *Master) removeAgent(a *agent, why string, counter *uint64) {
	m.remove(a, why, func() { *counter++ })
}

// expelAgent removes an agent and tells it to stop.
func (m *Master) expelAgent(a *agent, why string) {
	m.remove(a, why, func() {
		if a.connected {
			m.sendAgent(a, refusedMessage(why))
		}
	})
}

func (m *Master) remove(a *agent, why string, first func()) {
	a.leaving = true
	m.begin(a.id, 0, []RegistryWrite{{Key: AdmittedKey(a.id)}}, func(*transition) {
		m.counters.agentRemovals++
		delete(m.standings, a.id)
		first()
		m.log(LogInfo, "agent removed", "agent", a.id, "hostname", a.info.GetHostname(), "because", why)
		m.forgetAgent(a, func(*framework) lostTasks {
			return lostTasks{
				state: mesospb.TaskState_TASK_LOST, reason: mesospb.TaskStatus_REASON_AGENT_REMOVED,
				message: "agent " + a.info.GetHostname() + " was removed: " + why, list: TaskCompleted,
			}
		})
	})
}

// forgetAgent removes an agent and all that it ran, and tells every framework.
func (m *Master) forgetAgent(a *agent, end func(*framework) lostTasks) {
	a.removed = true
	connected := a.connected
	a.connected = false
	m.stand(a) // what it gives back is not to be offered
	if len(a.answers) > 0 {
		m.maintenanceDirty = true
	}
	for _, id := range sortedKeys(a.holdings) {
		h := a.holdings[id]
		m.loseHolding(h, end(h.framework))
	}
	m.loseOperations(a)
	m.allocate(allocation.RemoveAgent{ID: a.id})
	if a.removal != nil {
		a.removal.canceled, a.removal = true, nil
	}
	m.timers.disarm(&a.ping)
	m.timers.disarm(&a.reregister)
	m.pingOver(a, 0)
	if connected {
		m.emit(CloseLink{Link: a.link})
		delete(m.links, a.link)
	}
	m.counters.total = m.counters.total.sub(a.total)
	delete(m.agents, a.id)
	if m.addresses[a.key()] == a {
		delete(m.addresses, a.key())
	}
	m.agentLost(a.info.Id)
}

// agentLost tells every framework that an agent is gone.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#failure
func (m *Master) agentLost(id *mesospb.AgentID) {
	event := &schedulerpb.Event{
		Type:    schedulerpb.Event_FAILURE.Enum(),
		Failure: &schedulerpb.Event_Failure{AgentId: id},
	}
	for _, framework := range sortedKeys(m.frameworks) {
		m.send(m.frameworks[framework], event)
	}
}
