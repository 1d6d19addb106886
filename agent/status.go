package agent

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// status is a status that the agent itself reports.
func (a *Agent) status(id mesos.TaskID, executor mesos.ExecutorID, state mesos.TaskState,
	reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	uuid := a.config.UUID()
	s := &mesospb.TaskStatus{
		TaskId:    &mesospb.TaskID{Value: new(string(id))},
		State:     mesospb.TaskState(state).Enum(),
		Message:   &message,
		Source:    mesospb.TaskStatus_SOURCE_AGENT.Enum(),
		Reason:    &reason,
		AgentId:   a.info.Id,
		Timestamp: new(a.timestamp()),
		Uuid:      uuid[:],
	}
	if executor != "" {
		s.ExecutorId = &mesospb.ExecutorID{Value: new(string(executor))}
	}
	return s
}

// report ends a task by the agent's own word.
func (a *Agent) report(t *task, state mesos.TaskState, reason mesospb.TaskStatus_Reason, message string) {
	a.reportLimited(t, state, reason, message, nil)
}

// reportLimited is report of a task for which there was not enough of some resources.
func (a *Agent) reportLimited(t *task, state mesos.TaskState, reason mesospb.TaskStatus_Reason, message string, limited []*mesospb.Resource) {
	e := t.executor
	status := a.status(t.id, e.id, state, reason, message)
	if len(limited) > 0 {
		status.Limitation = &mesospb.TaskResourceLimitation{Resources: limited}
	}
	// A task that the executor received ran in its container.
	if t.list == TaskLaunched && state != e.framework.dropped() {
		status.ContainerStatus = e.status
	}
	a.updated(t, status)
}

// drop reports a task that never was an executor's.
func (a *Agent) drop(f *framework, id mesos.TaskID, executor mesos.ExecutorID,
	reason mesospb.TaskStatus_Reason, message string) {
	a.log(logWarn, "dropping task", "task", string(id), "framework", string(f.id), "message", message)
	a.deliver(a.stream(f.id, id), a.status(id, executor, f.dropped(), reason, message))
}

// reconcile answers for tasks that the master believes are here. Those that are
// need no answer: the master has just been told of them.
func (a *Agent) reconcile(m *linkpb.Registered_Reconcile) {
	id := mesos.FrameworkID(m.GetFrameworkId().GetValue())
	f := a.frameworks.get(id)
	state := mesos.TaskDropped.For(m.GetPartitionAware() || f != nil && f.partitionAware)
	for _, taskID := range m.GetTaskIds() {
		task := mesos.TaskID(taskID.GetValue())
		if f != nil && f.tasks[task] != nil || a.updates.pending(id, task) {
			continue
		}
		a.log(logWarn, "the master asks for a task that is not here", "task", string(task), "framework", string(id))
		a.deliver(a.stream(id, task), a.status(task, "", state, mesospb.TaskStatus_REASON_RECONCILIATION,
			"Reconciliation: the agent does not know this task"))
	}
}

// updated takes a new status of a task that is known here: it is recorded, the
// container gets its new resources if the task ended, and the update starts its
// way to the framework.
func (a *Agent) updated(t *task, status *mesospb.TaskStatus) {
	e := t.executor
	a.tellDrain(e.framework, status)
	a.apply(t, status)
	if state := mesos.TaskState(status.GetState()); state.Terminal() {
		a.updateContainer(e)
		if state != mesos.TaskFinished {
			a.checkpointFall(t)
		}
	}
	a.deliver(a.streamOf(t), status)
}

// executorUpdate takes an executor's UPDATE. A second update with the same UUID
// is acknowledged again and otherwise ignored, and so is an update of a task
// that has ended: a task never leaves a terminal state.
func (a *Agent) executorUpdate(e *executor, sent *mesospb.TaskStatus) {
	f := e.framework
	if f.terminating {
		a.metrics.invalidStatusUpdates++
		a.tellAcknowledged(e, sent) // nobody wants it, and the executor waits for that before it ends
		return
	}
	a.metrics.validStatusUpdates++
	id := mesos.TaskID(sent.GetTaskId().GetValue())
	t := f.tasks[id]
	state := mesos.TaskState(sent.GetState())
	switch {
	case a.updates.seen(f.id, id, sent.GetUuid()):
	case t == nil:
		a.deliver(a.stream(f.id, id), a.complement(e, sent))
	case t.list == TaskTerminated || t.list == TaskQueued && !state.Terminal():
		a.log(logWarn, "ignored a status update out of turn", "task", string(id), "framework", string(f.id),
			"is", t.state().String(), "update", state.String())
	case t.list == TaskQueued:
		a.updated(t, a.complement(e, sent))
	default:
		status := a.complement(e, sent)
		status.ContainerStatus = t.executor.status
		if told := sent.GetContainerStatus(); told != nil {
			status.ContainerStatus = a.containerStatus(t.executor, told)
		}
		a.updated(t, status)
	}
	a.tellAcknowledged(e, sent)
}

func (a *Agent) tellAcknowledged(e *executor, sent *mesospb.TaskStatus) {
	a.tell(e, &executorpb.Event{
		Type:         executorpb.Event_ACKNOWLEDGED.Enum(),
		Acknowledged: &executorpb.Event_Acknowledged{TaskId: sent.TaskId, Uuid: sent.Uuid},
	})
}

// complement is a status as the framework gets it: with the fields that an
// executor may leave out.
func (a *Agent) complement(e *executor, s *mesospb.TaskStatus) *mesospb.TaskStatus {
	c := &mesospb.TaskStatus{
		TaskId:          s.TaskId,
		State:           s.State,
		Message:         s.Message,
		Source:          s.Source,
		Reason:          s.Reason,
		Data:            s.Data,
		AgentId:         a.info.Id,
		ExecutorId:      s.ExecutorId,
		Timestamp:       s.Timestamp,
		Uuid:            s.Uuid,
		Healthy:         s.Healthy,
		CheckStatus:     s.CheckStatus,
		Labels:          s.Labels,
		ContainerStatus: s.ContainerStatus,
		UnreachableTime: s.UnreachableTime,
		Limitation:      s.Limitation,
	}
	if c.ExecutorId == nil {
		c.ExecutorId = e.info.ExecutorId
	}
	if c.Timestamp == nil {
		c.Timestamp = new(a.timestamp())
	}
	return c
}

// containerStatus says where a task runs. What the executor told of its own
// container, if anything, stays; a container without a network of its own has
// the agent's address.
func (a *Agent) containerStatus(e *executor, told *mesospb.ContainerStatus) *mesospb.ContainerStatus {
	s := &mesospb.ContainerStatus{
		ContainerId:  told.GetContainerId(),
		NetworkInfos: told.GetNetworkInfos(),
		CgroupInfo:   told.GetCgroupInfo(),
	}
	if told != nil {
		s.ExecutorPid = told.ExecutorPid
	}
	if s.ContainerId == nil {
		s.ContainerId = e.containerID()
	}
	if s.ExecutorPid == nil && e.pid > 0 {
		s.ExecutorPid = new(uint32(e.pid))
	}
	if len(s.NetworkInfos) == 0 {
		s.NetworkInfos = []*mesospb.NetworkInfo{{
			IpAddresses: []*mesospb.NetworkInfo_IPAddress{a.ipAddress()},
		}}
	}
	return s
}

// ipAddress is the agent's own, from the host:port at which executors reach it.
func (a *Agent) ipAddress() *mesospb.NetworkInfo_IPAddress {
	host := a.config.Address
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	host = strings.Trim(host, "[]")
	protocol := mesospb.NetworkInfo_IPv4
	if strings.Contains(host, ":") {
		protocol = mesospb.NetworkInfo_IPv6
	}
	return &mesospb.NetworkInfo_IPAddress{Protocol: protocol.Enum(), IpAddress: &host}
}
