package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An agent that an operator declared gone never comes back, and neither does what
// it ran: whoever cares may start it elsewhere at once.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/

const goneMessage = "an operator marked the agent gone"

// markAgentGone declares an agent gone. That it is gone already is no error.
func (m *Master) markAgentGone(in MarkAgentGone) {
	if err := m.may(in.Principal, acl.MarkAgentGone, "mark agents gone"); err != nil {
		m.reply(in.Request, err)
		return
	}
	m.when(in.Agent, func() {
		switch {
		case m.gone[in.Agent] != nil:
			m.reply(in.Request, nil)
		case !m.knows(in.Agent):
			m.reply(in.Request, mesos.Errorf(mesos.NotFound, "mark agent %s gone: it is not known", in.Agent))
		default:
			m.log(LogInfo, "agent is to be gone", "agent", in.Agent, "principal", in.Principal)
			m.makeGone(in.Agent, func() { m.reply(in.Request, nil) })
		}
	})
}

// makeGone moves an agent that is known, and amid no change, to the gone ones.
func (m *Master) makeGone(id mesos.AgentID, then func()) {
	since := m.timeInfo()
	writes := []RegistryWrite{putGone(id, since), {Key: AdmittedKey(id)}}
	if m.unreachable[id] != nil {
		writes[1].Key = UnreachableKey(id)
	}
	m.begin(id, 0, writes, func(*transition) {
		m.gone[id] = since
		delete(m.standings, id)
		switch a := m.agents[id]; {
		case a != nil:
			m.forgetGone(a)
		case m.recovered[id] != nil:
			delete(m.recovered, id)
			m.emit(DropRecoveredAgent{ID: id})
			m.agentLost(wireAgentID(id))
		default:
			delete(m.unreachable, id)
			m.endUnreachable(id)
		}
		then()
	})
}

// goneTask says how the tasks of a framework end on an agent that is gone.
func goneTask(f *framework) (mesospb.TaskState, mesospb.TaskStatus_Reason) {
	if f.can(allocation.PartitionAware) {
		return mesospb.TaskState_TASK_GONE_BY_OPERATOR, mesospb.TaskStatus_REASON_AGENT_REMOVED_BY_OPERATOR
	}
	return mesospb.TaskState_TASK_LOST, mesospb.TaskStatus_REASON_AGENT_REMOVED
}

// forgetGone removes a registered agent that is gone, and tells it to stop.
func (m *Master) forgetGone(a *agent) {
	m.counters.agentRemovals++
	m.log(LogInfo, "agent removed", "agent", a.id, "hostname", a.info.GetHostname(), "because", goneMessage)
	if a.connected {
		m.sendAgent(a, refusedMessage(goneMessage))
	}
	m.forgetAgent(a, func(f *framework) lostTasks {
		state, reason := goneTask(f)
		return lostTasks{state: state, reason: reason, message: goneMessage, list: TaskCompleted}
	})
}

// endUnreachable ends the tasks of an unreachable agent that is gone.
func (m *Master) endUnreachable(id mesos.AgentID) {
	for list := m.unreachableTasks[id]; len(list) > 0; list = m.unreachableTasks[id] {
		t := list[0]
		state, reason := goneTask(t.framework)
		status := m.taskStatus(t, state, reason, goneMessage)
		m.note(t, status)
		m.change(t).State = state.Enum()
		m.forgetUnreachable(t)
		m.keep(&t.framework.completed, t, TaskCompleted)
		m.sendUpdate(t.framework, status)
	}
}
