package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// executorOf finds the executor that a call comes from, and makes sure that it does.
func (a *Agent) executorOf(claims map[string]string, call *executorpb.Call) (*executor, error) {
	f := a.frameworks.get(mesos.FrameworkID(call.GetFrameworkId().GetValue()))
	if f == nil {
		return nil, mesos.Errorf(mesos.Invalid, "executor call: framework %q is not known here",
			call.GetFrameworkId().GetValue())
	}
	e := f.executors.get(mesos.ExecutorID(call.GetExecutorId().GetValue()))
	if e == nil {
		return nil, mesos.Errorf(mesos.Invalid, "executor call: executor %q of framework %q is not known here",
			call.GetExecutorId().GetValue(), f.id)
	}
	if err := e.proven(claims); err != nil {
		return nil, err
	}
	if e.state == executorRegistering && call.GetType() != executorpb.Call_SUBSCRIBE {
		return nil, mesos.Errorf(mesos.Forbidden, "executor call: executor %q is not subscribed", e.id)
	}
	return e, nil
}

// proven refuses claims that are not this executor's. See
// https://mesos.apache.org/documentation/latest/authorization/#implicit-executor-authorization.
func (e *executor) proven(claims map[string]string) error {
	if claims == nil {
		return nil
	}
	for _, c := range [...]struct{ name, want string }{
		{"fid", string(e.framework.id)}, {"eid", string(e.id)}, {"cid", string(e.container)},
	} {
		if claims[c.name] != c.want {
			return mesos.Errorf(mesos.Forbidden, "executor call: executor %q of framework %q: its token's claim %q is %q, not %q",
				e.id, e.framework.id, c.name, claims[c.name], c.want)
		}
	}
	return nil
}

// executorCall takes any call but SUBSCRIBE.
func (a *Agent) executorCall(in ExecutorCall) {
	err := checkCall(in.Call)
	if err != nil || in.Call.GetType() == executorpb.Call_HEARTBEAT {
		a.emit(Reply{Request: in.Request, Err: err})
		return
	}
	e, err := a.executorOf(in.Claims, in.Call)
	a.emit(Reply{Request: in.Request, Err: err})
	if err != nil {
		return
	}
	switch in.Call.GetType() {
	case executorpb.Call_UPDATE:
		a.executorUpdate(e, in.Call.GetUpdate().GetStatus())
	case executorpb.Call_MESSAGE:
		a.executorMessage(e, in.Call.GetMessage().GetData())
	}
}

// executorSubscribe takes an executor's SUBSCRIBE, its first or, after its
// stream broke, another one.
func (a *Agent) executorSubscribe(in ExecutorSubscribe) {
	err := checkCall(in.Call)
	var e *executor
	if err == nil {
		e, err = a.executorOf(in.Claims, in.Call)
	}
	a.emit(Reply{Request: in.Request, Err: err})
	if err != nil {
		return
	}
	if e.framework.terminating || e.state >= executorTerminating {
		a.emit(SendExecutor{Stream: in.Stream, Event: &executorpb.Event{Type: executorpb.Event_SHUTDOWN.Enum()}})
		a.emit(CloseExecutorStream{Stream: in.Stream})
		return
	}
	a.closeStream(e)
	a.openStream(e, in.Stream)
	a.subscribed(e, in.Call.GetSubscribe())
}

func (a *Agent) openStream(e *executor, stream StreamID) {
	e.stream, e.subscribed = stream, true
	a.streams[stream] = e
	if e.state == executorRegistering {
		a.alarms.cancel(&e.deadline)
		a.transition(e, executorRunning)
		if e.checkpoint {
			a.checkpointSubscription(e)
		}
	}
	if a.config.HeartbeatInterval > 0 {
		e.heartbeat.ring = func() { a.beat(e) }
		a.alarms.set(&e.heartbeat, a.now.Add(a.config.HeartbeatInterval))
	}
}

func (a *Agent) beat(e *executor) {
	a.tell(e, &executorpb.Event{Type: executorpb.Event_HEARTBEAT.Enum()})
	a.alarms.set(&e.heartbeat, a.now.Add(a.config.HeartbeatInterval))
}

// closeStream ends an executor's stream, if it has one.
func (a *Agent) closeStream(e *executor) {
	if e.connected() {
		a.emit(CloseExecutorStream{Stream: e.stream})
		a.lostStream(e)
	}
}

func (a *Agent) executorStreamClosed(in ExecutorStreamClosed) {
	if e := a.streams[in.Stream]; e != nil {
		a.log(logDebug, "executor disconnected", "executor", string(e.id), "framework", string(e.framework.id))
		a.lostStream(e)
	}
}

func (a *Agent) lostStream(e *executor) {
	delete(a.streams, e.stream)
	e.stream = ""
	a.alarms.cancel(&e.heartbeat)
}

// subscribed welcomes an executor: it is told who it is, its updates that it has
// no acknowledgement for are taken, and it is sent what waits for it.
func (a *Agent) subscribed(e *executor, call *executorpb.Call_Subscribe) {
	a.tell(e, &executorpb.Event{
		Type: executorpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &executorpb.Event_Subscribed{
			ExecutorInfo:  e.info,
			FrameworkInfo: e.framework.info,
			AgentInfo:     a.info,
			ContainerId:   e.containerID(),
		},
	})
	for _, u := range call.GetUnacknowledgedUpdates() {
		a.executorUpdate(e, u.GetStatus())
	}
	a.dropUnreceived(e, call.GetUnacknowledgedTasks())
	if a.shutdownIfIdle(e) {
		a.settled(e)
		return
	}
	for _, t := range e.launched.values() {
		if t.kill != nil {
			a.tell(e, kill(t.kill))
			t.kill = nil
		}
	}
	a.updateContainer(e)
	a.sendQueued(e)
	a.settled(e)
}

// dropUnreceived ends the tasks that were sent on an earlier stream and never
// arrived: no update of them came, and the executor does not list them.
func (a *Agent) dropUnreceived(e *executor, received []*mesospb.TaskInfo) {
	if e.launched.len() == 0 {
		return
	}
	here := make(map[string]bool, len(received))
	for _, t := range received {
		here[t.GetTaskId().GetValue()] = true
	}
	for _, t := range e.launched.values() {
		if t.state() != mesos.TaskStaging || here[string(t.id)] {
			e.reached = true
		} else {
			a.report(t, e.framework.dropped(), mesospb.TaskStatus_REASON_AGENT_RESTARTED,
				"The connection to the executor broke before it received the task")
		}
	}
}

// executorMessage passes an executor's message on to its scheduler; messages are
// not reliable, and are lost while no master is there.
func (a *Agent) executorMessage(e *executor, data []byte) {
	f := e.framework
	if !f.terminating && a.send(&linkpb.ToMaster{Message: &linkpb.ToMaster_ExecutorMessage{
		ExecutorMessage: &linkpb.ExecutorMessage{FrameworkId: f.info.Id, ExecutorId: e.info.ExecutorId, Data: data},
	}}) {
		a.metrics.validFrameworkMessages++
		return
	}
	a.metrics.invalidFrameworkMessages++
}

// messageToExecutor passes a scheduler's message on to an executor that listens.
func (a *Agent) messageToExecutor(m *linkpb.MessageToExecutor) {
	var e *executor
	if f := a.frameworks.get(mesos.FrameworkID(m.GetFrameworkId().GetValue())); f != nil && !f.terminating {
		e = f.executors.get(mesos.ExecutorID(m.GetExecutorId().GetValue()))
	}
	if e == nil || e.state != executorRunning || !e.connected() {
		a.metrics.invalidFrameworkMessages++
		a.log(logWarn, "dropped a message to an executor that is not connected",
			"executor", m.GetExecutorId().GetValue(), "framework", m.GetFrameworkId().GetValue())
		return
	}
	a.metrics.validFrameworkMessages++
	a.tell(e, &executorpb.Event{
		Type:    executorpb.Event_MESSAGE.Enum(),
		Message: &executorpb.Event_Message{Data: m.GetData()},
	})
}
