package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// newTask makes a task known to its framework.
func (m *Master) newTask(f *framework, record *mesospb.Task, rs resources.Resources, shareCgroups bool) *task {
	t := &task{
		id:           mesos.TaskID(record.GetTaskId().GetValue()),
		framework:    f,
		agentID:      mesos.AgentID(record.GetAgentId().GetValue()),
		order:        m.nextTask,
		resources:    rs,
		record:       record,
		shareCgroups: shareCgroups,
	}
	m.nextTask++
	// The newest task of an ID is the one that readers see.
	if old := f.completed.byID[t.id]; old != nil {
		f.completed.remove(old)
		m.dropTask(old)
	}
	if old := f.unreachable.byID[t.id]; old != nil {
		m.forgetUnreachable(old)
		m.dropTask(old)
	}
	return t
}

// addTask books a task on an agent. Unless it is over, it holds its resources.
func (m *Master) addTask(h *holding, t *task) {
	m.listTask(h, t)
	if !t.over() {
		m.use(h, t.resources)
	}
}

// listTask books a task on an agent, but not its resources.
func (m *Master) listTask(h *holding, t *task) {
	t.agent, t.list = h.agent, TaskActive
	h.tasks[t.id], t.framework.tasks[t.id] = t, t
	m.counters.taskState(t.state(), 1)
	t.framework.counters.taskState(t.state(), 1)
	m.touchTask(t)
}

// removeTask takes a task off its agent and keeps it in a history of its framework.
func (m *Master) removeTask(t *task, list TaskList) {
	h := t.framework.holdings[t.agent.id]
	if !t.over() {
		m.unuse(h, t.resources)
		m.recoverUsed(h, t.resources)
	}
	m.counters.taskState(t.state(), -1)
	t.framework.counters.taskGone(t.state())
	delete(t.framework.tasks, t.id)
	delete(h.tasks, t.id)
	m.release(h)
	m.watchDrain(t.agent)
	t.agent = nil
	if list == TaskUnreachable {
		m.unreachableTasks[t.agentID] = append(m.unreachableTasks[t.agentID], t)
		m.counters.tasksUnreachable++
		m.keep(&t.framework.unreachable, t, list)
		return
	}
	m.keep(&t.framework.completed, t, list)
}

// keep puts a task into a history of its framework.
func (m *Master) keep(h *history, t *task, list TaskList) {
	t.list = list
	m.touchTask(t)
	for _, out := range h.add(t) {
		if out.list == TaskUnreachable {
			m.unlistUnreachable(out)
		}
		m.dropTask(out)
	}
}

// dropTask makes readers forget a task.
func (m *Master) dropTask(t *task) {
	t.dropped = true
	m.touchTask(t)
}

// forgetUnreachable takes a task out of its framework's unreachable ones.
func (m *Master) forgetUnreachable(t *task) {
	t.framework.unreachable.remove(t)
	m.unlistUnreachable(t)
}

// unlistUnreachable takes a task out of the unreachable ones of its agent.
func (m *Master) unlistUnreachable(t *task) {
	m.counters.tasksUnreachable--
	list := m.unreachableTasks[t.agentID]
	for i := range list {
		if list[i] == t {
			list[i] = list[len(list)-1]
			list = list[:len(list)-1]
			break
		}
	}
	if len(list) == 0 {
		delete(m.unreachableTasks, t.agentID)
		return
	}
	m.unreachableTasks[t.agentID] = list
}

// hold is what a framework runs on an agent, empty if it runs nothing yet.
func (m *Master) hold(f *framework, a *agent) *holding {
	h := f.holdings[a.id]
	if h == nil {
		h = &holding{
			framework: f, agent: a,
			tasks:     make(map[mesos.TaskID]*task),
			executors: make(map[mesos.ExecutorID]*executor),
		}
		f.holdings[a.id], a.holdings[f.id] = h, h
	}
	return h
}

// release forgets a holding if it has become empty.
func (m *Master) release(h *holding) {
	if len(h.tasks)+len(h.executors) == 0 {
		delete(h.framework.holdings, h.agent.id)
		delete(h.agent.holdings, h.framework.id)
	}
}

// use books resources as in use. The allocator knows already: they were offered.
func (m *Master) use(h *holding, rs resources.Resources) {
	h.framework.used, h.agent.used = h.framework.used.Add(rs), h.agent.used.Add(rs)
	m.counters.used = m.counters.used.add(rs)
	m.touchUse(h.framework, h.agent)
}

// unuse books resources as no longer in use.
func (m *Master) unuse(h *holding, rs resources.Resources) {
	h.framework.used, h.agent.used = h.framework.used.Sub(rs), h.agent.used.Sub(rs)
	m.counters.used = m.counters.used.sub(rs)
	m.touchUse(h.framework, h.agent)
}

// recoverUsed returns resources to the allocator that were in use.
func (m *Master) recoverUsed(h *holding, rs resources.Resources) {
	if rs.IsEmpty() {
		return
	}
	m.allocate(allocation.Recover{Grant: allocation.Grant{
		Framework: h.framework.id, Agent: h.agent.id, Resources: rs,
	}})
}

// addExecutor books an executor on an agent.
func (m *Master) addExecutor(h *holding, e *executor) {
	h.executors[mesos.ExecutorID(e.info.GetExecutorId().GetValue())] = e
	m.use(h, e.resources)
	m.emit(PutExecutor{Agent: h.agent.id, Executor: e.info})
}

// removeExecutor takes an executor off its agent.
func (m *Master) removeExecutor(h *holding, id mesos.ExecutorID) {
	e := h.executors[id]
	delete(h.executors, id)
	m.unuse(h, e.resources)
	m.recoverUsed(h, e.resources)
	m.emit(DropExecutor{Framework: h.framework.id, Agent: h.agent.id, Executor: id})
	m.release(h)
}

// statusUpdate takes an agent's update: it goes to the framework, which
// acknowledges it; an update that could not be sent comes again.
// https://mesos.apache.org/documentation/latest/task-state-reasons/
func (m *Master) statusUpdate(a *agent, update *linkpb.StatusUpdate) {
	m.counters.statusUpdate++
	status := update.GetStatus()
	if len(status.GetUuid()) != uuidSize || !known(status.GetState()) || !known(update.GetLatestState()) {
		m.counters.invalidStatusUpdate++
		m.log(LogWarn, "status update ignored: its uuid or state is not one", "agent", a.id, "task", status.GetTaskId().GetValue())
		return
	}
	f := m.frameworks[mesos.FrameworkID(update.GetFrameworkId().GetValue())]
	var t *task
	if f != nil {
		if h := f.holdings[a.id]; h != nil {
			t = h.tasks[mesos.TaskID(status.GetTaskId().GetValue())]
		}
	}
	if status.AgentId == nil {
		status.AgentId = a.info.Id
	}
	forwarded := f != nil && f.connected()
	if forwarded {
		m.sendUpdate(f, status)
	}
	if t != nil {
		// Also if nobody was there to be told: the update comes again, and until
		// then reconciliation may not say more than it does.
		record := m.change(t)
		record.StatusUpdateState, record.StatusUpdateUuid = status.State, status.Uuid
		m.update(t, status, update.LatestState)
	}
	if forwarded && t != nil {
		m.counters.validStatusUpdate++
	} else {
		m.counters.invalidStatusUpdate++
	}
}

// sendUpdate sends a status to a framework.
func (m *Master) sendUpdate(f *framework, status *mesospb.TaskStatus) {
	m.send(f, &schedulerpb.Event{
		Type:   schedulerpb.Event_UPDATE.Enum(),
		Update: &schedulerpb.Event_Update{Status: status},
	})
}

// update moves a task to the newest state that is known of it, which may be
// further on than the status. A task that is over gives its resources back, even
// if the framework has yet to hear of it, and never changes its state again.
func (m *Master) update(t *task, status *mesospb.TaskStatus, latest *mesospb.TaskState) {
	state := status.GetState()
	if latest != nil {
		state = *latest
	}
	wasOver := t.over()
	if !t.terminal() && t.state() != state {
		m.counters.taskState(t.state(), -1)
		m.counters.taskState(state, 1)
		t.framework.counters.taskMoved(t.state(), state)
		m.change(t).State = state.Enum()
	}
	m.note(t, status)
	if wasOver || !t.over() {
		return
	}
	h := t.framework.holdings[t.agent.id]
	m.unuse(h, t.resources)
	m.recoverUsed(h, t.resources)
	m.counters.taskEnded(status.GetState(), status.GetSource(), status.GetReason(), status.Reason != nil)
}

// acknowledge passes a framework's acknowledgement on to the agent, which then
// sends the next update of the task. A task is over for the master as well once
// its terminal update is acknowledged.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#acknowledge
func (m *Master) acknowledge(f *framework, call *schedulerpb.Call_Acknowledge) {
	m.counters.statusUpdateAcknowledgement++
	a := m.agents[mesos.AgentID(call.GetAgentId().GetValue())]
	if a == nil || !a.connected {
		m.counters.invalidAcknowledgement++
		m.log(LogWarn, "acknowledgement ignored: the agent is not connected", "framework", f.id,
			"task", call.GetTaskId().GetValue(), "agent", call.GetAgentId().GetValue())
		return
	}
	if t := f.taskOn(a, mesos.TaskID(call.GetTaskId().GetValue())); t != nil {
		if t.record.StatusUpdateUuid == nil {
			m.counters.invalidAcknowledgement++
			m.log(LogWarn, "acknowledgement ignored: this master sent no update of the task", "framework", f.id, "task", t.id)
			return
		}
		if terminal(t.record.GetStatusUpdateState()) && string(t.record.StatusUpdateUuid) == string(call.GetUuid()) {
			m.removeTask(t, TaskCompleted)
		}
	}
	m.counters.validAcknowledgement++
	m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_Acknowledge{Acknowledge: &linkpb.Acknowledge{
		FrameworkId: f.info.Id,
		TaskId:      call.GetTaskId(),
		Uuid:        call.GetUuid(),
	}}})
}

// taskOn finds a task of a framework on an agent.
func (f *framework) taskOn(a *agent, id mesos.TaskID) *task {
	if h := f.holdings[a.id]; h != nil {
		return h.tasks[id]
	}
	return nil
}

// status is a status of the master's own. It has no uuid: nobody acknowledges it.
func (m *Master) status(task *mesospb.TaskID, agent *mesospb.AgentID, state mesospb.TaskState, reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	return &mesospb.TaskStatus{
		TaskId:    task,
		State:     state.Enum(),
		Message:   new(message),
		Source:    mesospb.TaskStatus_SOURCE_MASTER.Enum(),
		Reason:    reason.Enum(),
		AgentId:   agent,
		Timestamp: new(float64(m.now.UnixNano()) / 1e9),
	}
}

// taskStatus is a status of the master's own about a task it knows.
func (m *Master) taskStatus(t *task, state mesospb.TaskState, reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	s := m.status(t.record.TaskId, t.record.AgentId, state, reason, message)
	s.ExecutorId = t.record.ExecutorId
	return s
}
