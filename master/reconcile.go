package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// reconcile tells a framework the newest state of tasks: of those it names, or
// (none named) of all that the master knows.
// https://mesos.apache.org/documentation/latest/reconciliation/
func (m *Master) reconcile(f *framework, call *schedulerpb.Call_Reconcile) {
	m.counters.reconcileTasks++
	if len(call.GetTasks()) == 0 {
		for _, t := range inOrder(f.tasks) {
			m.sendUpdate(f, m.latestStatus(t))
		}
		return
	}
	for _, asked := range call.GetTasks() {
		m.reconcileTask(f, asked.GetTaskId(), asked.GetAgentId())
	}
}

// reconcileTask answers for one task, known or not. It does not answer while the
// truth may still be on its way with an agent.
func (m *Master) reconcileTask(f *framework, id *mesospb.TaskID, agentID *mesospb.AgentID) {
	if t := f.tasks[mesos.TaskID(id.GetValue())]; t != nil {
		m.sendUpdate(f, m.latestStatus(t))
		return
	}
	if m.awaits(agentID) {
		m.log(LogDebug, "reconciliation waits for agents to come back", "framework", f.id, "task", id.GetValue())
		return
	}
	state, message := mesospb.TaskState_TASK_UNKNOWN, "Reconciliation: the task is unknown"
	var since *mesospb.TimeInfo
	if agentID != nil {
		agent := mesos.AgentID(agentID.GetValue())
		switch {
		case m.agents[agent] != nil:
			state, message = mesospb.TaskState_TASK_GONE, "Reconciliation: the task is unknown to its agent"
		case m.unreachable[agent] != nil:
			state, message = mesospb.TaskState_TASK_UNREACHABLE, "Reconciliation: the task's agent is unreachable"
			since = m.unreachable[agent]
		case m.gone[agent] != nil:
			state, message = mesospb.TaskState_TASK_GONE_BY_OPERATOR, "Reconciliation: the task's agent is gone"
		}
	}
	state = mesospb.TaskState(mesos.TaskState(state).For(f.can(allocation.PartitionAware)))
	status := m.status(id, agentID, state, mesospb.TaskStatus_REASON_RECONCILIATION, message)
	status.UnreachableTime = since
	m.sendUpdate(f, status)
}

// awaits reports whether an agent that may know a task has yet to come back
// after a master failover, or after its connection broke. Without an agent named
// it may be any after a failover.
func (m *Master) awaits(agentID *mesospb.AgentID) bool {
	if agentID == nil {
		return len(m.recovered) > 0
	}
	id := mesos.AgentID(agentID.GetValue())
	if a := m.agents[id]; a != nil {
		return !a.connected && !a.leaving
	}
	_, ok := m.recovered[id]
	return ok
}

// latestStatus repeats the state of the newest update that a framework was sent,
// with what is known of the task's health and container.
func (m *Master) latestStatus(t *task) *mesospb.TaskStatus {
	return m.repeatStatus(t, t.told(), mesospb.TaskStatus_REASON_RECONCILIATION, "Reconciliation: the task's latest state")
}

// repeatStatus is a status of the master's own with what the newest one said of
// the task's health and container.
func (m *Master) repeatStatus(t *task, state mesospb.TaskState, reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	s := m.taskStatus(t, state, reason, message)
	if n := len(t.record.Statuses); n > 0 {
		last := t.record.Statuses[n-1]
		s.Healthy = last.Healthy
		s.CheckStatus = last.CheckStatus
		s.ContainerStatus = last.ContainerStatus
	}
	return s
}
