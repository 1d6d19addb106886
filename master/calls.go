package master

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// reply answers an HTTP request.
func (m *Master) reply(request RequestID, err error) {
	m.emit(Reply{Request: request, Err: err})
}

// schedulerCall takes any call of a scheduler but SUBSCRIBE. Accepted does not
// mean done: what comes of a call arrives as events.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#calls
func (m *Master) schedulerCall(in SchedulerCall) {
	f, err := m.caller(in)
	if err != nil {
		m.reply(in.Request, err)
		return
	}
	// The reply comes before the events that the call causes, but after a
	// refusal: so make room for it and fill it in.
	at := len(m.effects)
	m.reply(in.Request, nil)
	if err := m.call(f, in.Call); err != nil {
		m.effects[at] = Reply{Request: in.Request, Err: err}
	}
}

// caller is the framework that makes a call, if it may make it.
func (m *Master) caller(in SchedulerCall) (*framework, error) {
	call := in.Call
	if err := validateCall(call); err != nil {
		return nil, err
	}
	name := call.GetType().String()
	if call.GetType() == schedulerpb.Call_SUBSCRIBE {
		return nil, mesos.Errorf(mesos.Invalid, "SUBSCRIBE: it opens a stream, so it may not name one")
	}
	id := mesos.FrameworkID(call.GetFrameworkId().GetValue())
	f := m.frameworks[id]
	if f == nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s: framework_id: no framework %q is known", name, id)
	}
	f.counters.called(call.GetType())
	if in.Principal != "" && in.Principal != f.info.GetPrincipal() {
		return nil, mesos.Errorf(mesos.Invalid, "%s: principal %q may not speak for framework %s", name, in.Principal, id)
	}
	if !f.connected() {
		return nil, mesos.Errorf(mesos.Forbidden, "%s: framework %s is not subscribed", name, id)
	}
	if in.Stream == "" {
		return nil, mesos.Errorf(mesos.Invalid, "%s: the header Mesos-Stream-Id is missing", name)
	}
	if in.Stream != f.stream {
		return nil, mesos.Errorf(mesos.Invalid, "%s: stream id %q is not that of framework %s's subscription", name, in.Stream, id)
	}
	return f, nil
}

// call does what a framework asks for. An error refuses the call as a whole;
// what is wrong with a part of it is told in events, as in Mesos.
func (m *Master) call(f *framework, call *schedulerpb.Call) error {
	switch call.GetType() {
	case schedulerpb.Call_ACCEPT:
		return m.accept(f, call.GetAccept())
	case schedulerpb.Call_DECLINE:
		m.decline(f, call.GetDecline())
	case schedulerpb.Call_ACKNOWLEDGE:
		m.acknowledge(f, call.GetAcknowledge())
	case schedulerpb.Call_KILL:
		m.kill(f, call.GetKill())
	case schedulerpb.Call_RECONCILE:
		m.reconcile(f, call.GetReconcile())
	case schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS:
		m.acknowledgeOperation(f, call.GetAcknowledgeOperationStatus())
	case schedulerpb.Call_RECONCILE_OPERATIONS:
		m.reconcileOperations(f, call.GetReconcileOperations())
	case schedulerpb.Call_REVIVE:
		return m.revive(f, call.GetRevive().GetRoles())
	case schedulerpb.Call_SUPPRESS:
		return m.suppress(f, call.GetSuppress().GetRoles())
	case schedulerpb.Call_MESSAGE:
		m.message(f, call.GetMessage())
	case schedulerpb.Call_SHUTDOWN:
		m.shutdown(f, call.GetShutdown())
	case schedulerpb.Call_TEARDOWN:
		m.counters.unregisterFramework++
		m.removeFramework(f)
	case schedulerpb.Call_REQUEST:
		return m.request(f, call.GetRequest())
	case schedulerpb.Call_UPDATE_FRAMEWORK:
		return m.frameworkUpdate(f, call.GetUpdateFramework())
	case schedulerpb.Call_ACCEPT_INVERSE_OFFERS:
		answer := call.GetAcceptInverseOffers()
		m.answerInverse(f, answer.GetInverseOfferIds(), allocatorpb.InverseOfferStatus_ACCEPT, refusal(answer.GetFilters()))
	case schedulerpb.Call_DECLINE_INVERSE_OFFERS:
		answer := call.GetDeclineInverseOffers()
		m.answerInverse(f, answer.GetInverseOfferIds(), allocatorpb.InverseOfferStatus_DECLINE, refusal(answer.GetFilters()))
	default:
		return mesos.Errorf(mesos.Unsupported, "%s: this master does not support it", call.GetType())
	}
	return nil
}

// teardown is an operator's: the framework is removed, connected or not.
func (m *Master) teardown(in Teardown) {
	f := m.frameworks[mesos.FrameworkID(in.Framework)]
	if f == nil {
		m.reply(in.Request, mesos.Errorf(mesos.Invalid, "teardown: no framework %q is registered", in.Framework))
		return
	}
	if err := m.mayTearDown(in.Principal, f); err != nil {
		m.reply(in.Request, err)
		return
	}
	m.counters.unregisterFramework++
	m.removeFramework(f)
	m.reply(in.Request, nil)
}

// operatorKill is an operator's: who may tear a framework down may end one of its tasks.
func (m *Master) operatorKill(in Kill) {
	f := m.frameworks[in.Framework]
	if f == nil {
		m.reply(in.Request, mesos.Errorf(mesos.NotFound, "kill: no framework %q is registered", in.Framework))
		return
	}
	if err := m.mayTearDown(in.Principal, f); err != nil {
		m.reply(in.Request, err)
		return
	}
	switch t := f.tasks[in.Task]; {
	case t == nil:
		m.reply(in.Request, mesos.Errorf(mesos.NotFound, "kill: framework %s has no task %q that runs", f.id, in.Task))
		return
	case t.terminal():
		m.reply(in.Request, mesos.Errorf(mesos.Conflict, "kill: task %q has ended already", in.Task))
		return
	}
	m.kill(f, &schedulerpb.Call_Kill{TaskId: &mesospb.TaskID{Value: new(string(in.Task))}, KillPolicy: in.Policy})
	m.reply(in.Request, nil)
}

// request tells the allocator what a framework would like. Policies may ignore
// it; the usual one does, as Mesos's.
func (m *Master) request(f *framework, call *schedulerpb.Call_Request) error {
	m.counters.resourceRequest++
	in := allocation.RequestResources{ID: f.id}
	for i, r := range call.GetRequests() {
		rs, err := convert.Resources(r.GetResources())
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "REQUEST: request.requests[%d].resources: %w", i, err)
		}
		in.Requests = append(in.Requests, allocation.Request{Agent: mesos.AgentID(r.GetAgentId().GetValue()), Resources: rs})
	}
	m.allocate(in)
	return nil
}

// revive asks for offers again, for roles or (none named) for all.
func (m *Master) revive(f *framework, roles []string) error {
	m.counters.reviveOffers++
	if err := f.checkRoles("REVIVE: revive.roles", roles); err != nil {
		return err
	}
	if len(roles) == 0 {
		f.suppressed = nil
	} else {
		f.suppressed = slices.DeleteFunc(slices.Clone(f.suppressed), func(role string) bool {
			return slices.Contains(roles, role)
		})
	}
	m.allocate(allocation.Revive{ID: f.id, Roles: roles})
	return nil
}

// suppress asks for no more offers, for roles or (none named) for all.
func (m *Master) suppress(f *framework, roles []string) error {
	m.counters.suppressOffers++
	if err := f.checkRoles("SUPPRESS: suppress.roles", roles); err != nil {
		return err
	}
	if len(roles) == 0 {
		f.suppressed = f.roles
	} else {
		f.suppressed = append(slices.Clone(f.suppressed), roles...)
		slices.Sort(f.suppressed)
		f.suppressed = slices.Compact(f.suppressed)
	}
	m.allocate(allocation.Suppress{ID: f.id, Roles: roles})
	return nil
}

// checkRoles checks that roles are the framework's.
func (f *framework) checkRoles(field string, roles []string) error {
	for _, role := range roles {
		if !f.hasRole(role) {
			return mesos.Errorf(mesos.Invalid, "%s: %q is not one of the framework's roles", field, role)
		}
	}
	return nil
}

// kill asks an agent to kill a task. A task that nobody knows is answered as if
// the framework had asked for its state.
func (m *Master) kill(f *framework, call *schedulerpb.Call_Kill) {
	m.counters.killTask++
	t := f.tasks[mesos.TaskID(call.GetTaskId().GetValue())]
	if t == nil {
		m.reconcileTask(f, call.GetTaskId(), call.GetAgentId())
		return
	}
	if call.AgentId != nil && mesos.AgentID(call.GetAgentId().GetValue()) != t.agentID {
		m.log(LogWarn, "kill ignored: the task is on another agent", "framework", f.id, "task", t.id,
			"agent", t.agentID, "asked", call.GetAgentId().GetValue())
		return
	}
	t.killed = true
	if !t.agent.connected {
		m.log(LogInfo, "kill waits for the agent to come back", "framework", f.id, "task", t.id, "agent", t.agentID)
		return
	}
	m.sendAgent(t.agent, killTask(f.info.Id, call.GetTaskId(), call.GetKillPolicy()))
}

// shutdown asks an agent to end an executor.
func (m *Master) shutdown(f *framework, call *schedulerpb.Call_Shutdown) {
	a := m.agents[mesos.AgentID(call.GetAgentId().GetValue())]
	if a == nil || !a.connected {
		m.log(LogWarn, "shutdown of an executor ignored: its agent is not connected", "framework", f.id,
			"executor", call.GetExecutorId().GetValue(), "agent", call.GetAgentId().GetValue())
		return
	}
	m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_ShutdownExecutor{ShutdownExecutor: &linkpb.ShutdownExecutor{
		FrameworkId: f.info.Id,
		ExecutorId:  call.GetExecutorId(),
	}}})
}

// message carries a framework's bytes to an executor, without any promise that
// they arrive.
func (m *Master) message(f *framework, call *schedulerpb.Call_Message) {
	m.counters.frameworkToExecutor++
	a := m.agents[mesos.AgentID(call.GetAgentId().GetValue())]
	if a == nil || !a.connected {
		m.counters.invalidFrameworkToExecutor++
		return
	}
	m.counters.validFrameworkToExecutor++
	m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_MessageToExecutor{MessageToExecutor: &linkpb.MessageToExecutor{
		FrameworkId: f.info.Id,
		ExecutorId:  call.GetExecutorId(),
		Data:        call.GetData(),
	}}})
}
