package master

import (
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// accept uses offers: each operation in turn takes its part, and what is left
// is declined. Tasks that can't be launched end in an update each.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#accept
func (m *Master) accept(f *framework, call *schedulerpb.Call_Accept) error {
	if err := checkOperations(call.GetOperations()); err != nil {
		return err
	}
	m.countAccept(call)
	offers, err := m.acceptable(f, call.GetOfferIds())
	if err != nil {
		m.refuseAccept(f, call, err)
		return nil
	}

	l := launch{framework: f, agent: offers[0].agent, role: offers[0].role}
	for _, o := range offers {
		m.forget(o)
		l.left = l.left.Add(o.resources)
	}
	f.counters.accepted(len(offers))
	l.offered, l.shared = l.left, l.left.Shared()
	for _, operation := range call.GetOperations() {
		switch operation.GetType() {
		case mesospb.Offer_Operation_LAUNCH:
			m.launch(&l, operation)
		case mesospb.Offer_Operation_LAUNCH_GROUP:
			m.launchGroup(&l, operation)
		default:
			m.operate(&l, operation)
		}
	}
	m.recoverLeft(&l, refusal(call.GetFilters()))
	return nil
}

// recoverLeft returns what an ACCEPT made of the offers and did not use. Only
// what was offered as it is counts as declined.
func (m *Master) recoverLeft(l *launch, refuse time.Duration) {
	left := l.left.Add(l.resized)
	if made := left.Sub(l.offered); !made.IsEmpty() {
		left = left.Sub(made)
		m.allocate(allocation.Recover{Grant: allocation.Grant{
			Framework: l.framework.id, Agent: l.agent.id, Resources: made,
		}})
	}
	m.recoverOffered(l.framework, l.agent, left, refuse)
}

// operates reports whether operations of a type change resources, as all do that
// launch nothing.
func operates(kind mesospb.Offer_Operation_Type) bool {
	return kind >= mesospb.Offer_Operation_RESERVE && kind <= mesospb.Offer_Operation_DESTROY_DISK &&
		kind != mesospb.Offer_Operation_LAUNCH_GROUP
}

// checkOperations refuses a call with an operation that can't be read, before
// anything of it is done.
func checkOperations(operations []*mesospb.Offer_Operation) error {
	for i, o := range operations {
		if o.Type == nil || o.GetType() == mesospb.Offer_Operation_UNKNOWN {
			return mesos.Errorf(mesos.Invalid, "ACCEPT: accept.operations[%d].type: missing, or one that this version does not know", i)
		}
		if !hasBody(o) {
			return mesos.Errorf(mesos.Invalid, "ACCEPT: accept.operations[%d].%s: missing", i, strings.ToLower(o.GetType().String()))
		}
	}
	return nil
}

// hasBody reports whether an operation has the field that its type names.
func hasBody(o *mesospb.Offer_Operation) bool {
	switch o.GetType() {
	case mesospb.Offer_Operation_LAUNCH:
		return o.Launch != nil
	case mesospb.Offer_Operation_LAUNCH_GROUP:
		return o.LaunchGroup != nil
	case mesospb.Offer_Operation_RESERVE:
		return o.Reserve != nil
	case mesospb.Offer_Operation_UNRESERVE:
		return o.Unreserve != nil
	case mesospb.Offer_Operation_CREATE:
		return o.Create != nil
	case mesospb.Offer_Operation_DESTROY:
		return o.Destroy != nil
	case mesospb.Offer_Operation_GROW_VOLUME:
		return o.GrowVolume != nil
	case mesospb.Offer_Operation_SHRINK_VOLUME:
		return o.ShrinkVolume != nil
	case mesospb.Offer_Operation_CREATE_DISK:
		return o.CreateDisk != nil
	case mesospb.Offer_Operation_DESTROY_DISK:
		return o.DestroyDisk != nil
	}
	return false
}

// countAccept counts a call as Mesos does: as launches, or as a decline.
func (m *Master) countAccept(call *schedulerpb.Call_Accept) {
	if len(call.GetOperations()) == 0 {
		m.counters.declineOffers++
	}
	for _, operation := range call.GetOperations() {
		if operation.GetType() == mesospb.Offer_Operation_LAUNCH {
			if len(operation.GetLaunch().GetTaskInfos()) > 0 {
				m.counters.launchTasks++
			} else {
				m.counters.declineOffers++
			}
		}
	}
}

// acceptable finds the offers of a call and checks that they can be used
// together: the framework's own, outstanding, of one agent and for one role.
func (m *Master) acceptable(f *framework, ids []*mesospb.OfferID) ([]*offer, error) {
	if len(ids) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "no offers are named")
	}
	offers := make([]*offer, 0, len(ids))
	for i, wireID := range ids {
		id := mesos.OfferID(wireID.GetValue())
		for _, other := range ids[:i] {
			if other.GetValue() == wireID.GetValue() {
				return nil, mesos.Errorf(mesos.Invalid, "offer %s is named twice", id)
			}
		}
		o := m.offers[id]
		switch {
		case o == nil:
			return nil, mesos.Errorf(mesos.Invalid, "offer %s is no longer valid", id)
		case o.framework != f:
			return nil, mesos.Errorf(mesos.Invalid, "offer %s belongs to framework %s", id, o.framework.id)
		case i > 0 && o.role != offers[0].role:
			return nil, mesos.Errorf(mesos.Invalid, "offer %s is for role %q and offer %s for role %q",
				offers[0].id, offers[0].role, id, o.role)
		case i > 0 && o.agent != offers[0].agent:
			return nil, mesos.Errorf(mesos.Invalid, "offer %s is of agent %s and offer %s of agent %s",
				offers[0].id, offers[0].agent.id, id, o.agent.id)
		}
		offers = append(offers, o)
	}
	return offers, nil
}

// refuseAccept answers a call with offers that can't be used: they are returned,
// every task that was to be launched is dropped, and every operation is wrong.
func (m *Master) refuseAccept(f *framework, call *schedulerpb.Call_Accept, cause error) {
	for _, id := range call.GetOfferIds() {
		if o := m.offers[mesos.OfferID(id.GetValue())]; o != nil && o.framework == f {
			m.discard(o, 0)
		}
	}
	for _, operation := range call.GetOperations() {
		if operates(operation.GetType()) {
			m.dropOperation(f, operation, "operation attempted with invalid offers: "+cause.Error())
			continue
		}
		tasks := operation.GetLaunch().GetTaskInfos()
		if operation.GetType() == mesospb.Offer_Operation_LAUNCH_GROUP {
			tasks = operation.GetLaunchGroup().GetTaskGroup().GetTasks()
		}
		for _, info := range tasks {
			m.refuseTask(f, info, mesospb.TaskState_TASK_DROPPED, mesospb.TaskStatus_REASON_INVALID_OFFERS,
				"task launched with invalid offers: "+cause.Error())
		}
	}
}

// A launch is what the operations of one ACCEPT share.
type launch struct {
	framework *framework
	agent     *agent
	role      string
	offered   resources.Resources
	left      resources.Resources // of what was offered and what operations made of it
	// shared is the shared resources that any number of tasks may use a copy of,
	// also if none is left.
	shared resources.Resources
	// resized is what comes of volumes that were grown or shrunk.
	resized resources.Resources
}

// launch starts tasks, each on its own: one that is invalid does not keep the
// others from starting.
func (m *Master) launch(l *launch, operation *mesospb.Offer_Operation) {
	for _, info := range operation.GetLaunch().GetTaskInfos() {
		if operation.Id != nil {
			m.refuseTask(l.framework, info, mesospb.TaskState_TASK_ERROR, mesospb.TaskStatus_REASON_TASK_INVALID,
				"operation: id: a LAUNCH may not have one")
			continue
		}
		if err := m.mayRun(l.framework, info); err != nil {
			m.refuseTask(l.framework, info, mesospb.TaskState_TASK_ERROR, mesospb.TaskStatus_REASON_TASK_UNAUTHORIZED, err.Error())
			continue
		}
		if err := m.launchTask(l, info); err != nil {
			m.refuseTask(l.framework, info, mesospb.TaskState_TASK_ERROR, mesospb.TaskStatus_REASON_TASK_INVALID, err.Error())
		}
	}
}

// launchTask starts one task.
func (m *Master) launchTask(l *launch, info *mesospb.TaskInfo) error {
	if info.Executor != nil && info.Executor.FrameworkId == nil {
		info.Executor.FrameworkId = l.framework.info.Id
	}
	defaultCheckType(info.HealthCheck)
	p := planned{launch: l}
	if err := p.addTask(info); err != nil {
		return err
	}
	if err := p.setExecutor(info.Executor); err != nil {
		return err
	}
	if err := p.validate(); err != nil {
		return err
	}

	newExecutor := m.place(&p)
	m.sendAgent(l.agent, runTasks(&linkpb.RunTasks{
		FrameworkInfo:  l.framework.info,
		Tasks:          []*mesospb.TaskInfo{info},
		ExecutorInfo:   info.Executor,
		LaunchExecutor: new(newExecutor || info.Executor == nil),
	}))
	l.framework.counters.operated(mesospb.Offer_Operation_LAUNCH)
	return nil
}

// launchGroup starts tasks that start together or not at all.
// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/
func (m *Master) launchGroup(l *launch, operation *mesospb.Offer_Operation) {
	group := operation.GetLaunchGroup()
	if err := m.launchTaskGroup(l, operation, group); err != nil {
		reason := mesospb.TaskStatus_REASON_TASK_GROUP_INVALID
		if mesos.KindOf(err) == mesos.Forbidden {
			reason = mesospb.TaskStatus_REASON_TASK_GROUP_UNAUTHORIZED
		}
		for _, info := range group.GetTaskGroup().GetTasks() {
			m.refuseTask(l.framework, info, mesospb.TaskState_TASK_ERROR, reason, err.Error())
		}
	}
}

func (m *Master) launchTaskGroup(l *launch, operation *mesospb.Offer_Operation, group *mesospb.Offer_Operation_LaunchGroup) error {
	if operation.Id != nil {
		return mesos.Errorf(mesos.Invalid, "operation: id: a LAUNCH_GROUP may not have one")
	}
	p := planned{launch: l, group: true}
	executor := group.GetExecutor()
	for _, info := range group.GetTaskGroup().GetTasks() {
		if info.Executor == nil {
			info.Executor = executor
		}
		if err := m.mayRun(l.framework, info); err != nil {
			return err
		}
	}
	for _, info := range group.GetTaskGroup().GetTasks() {
		defaultCheckType(info.HealthCheck)
		if err := p.addTask(info); err != nil {
			return err
		}
	}
	if err := p.setExecutor(executor); err != nil {
		return err
	}
	if err := p.validate(); err != nil {
		return err
	}
	m.sendAgent(l.agent, runTasks(&linkpb.RunTasks{
		FrameworkInfo:  l.framework.info,
		Tasks:          group.GetTaskGroup().GetTasks(),
		ExecutorInfo:   executor,
		TaskGroup:      new(true),
		LaunchExecutor: new(m.place(&p)),
	}))
	l.framework.counters.operated(mesospb.Offer_Operation_LAUNCH_GROUP)
	return nil
}

// place books a validated plan: its executor, if it is new, and its tasks. It
// reports whether the executor is new.
func (m *Master) place(p *planned) (newExecutor bool) {
	l := p.launch
	h := m.hold(l.framework, l.agent)
	used := resources.Resources{}
	if p.executor != nil {
		if _, ok := h.executors[p.executorID()]; !ok {
			m.addExecutor(h, &executor{info: p.executor, resources: p.executorResources})
			used = p.executorResources
			newExecutor = true
		}
		if len(p.tasks) > 0 {
			share := p.tasks[0].shareCgroups
			h.executors[p.executorID()].shareCgroups = &share
		}
	}
	for _, t := range p.tasks {
		m.addTask(h, m.newTask(l.framework, newRecord(t.info, l.framework.info.Id), t.resources, t.shareCgroups))
		used = used.Add(t.resources)
	}
	if copies := used.Shared().Sub(l.left.Shared()); !copies.IsEmpty() {
		m.allocate(allocation.Hold{Grant: allocation.Grant{Framework: l.framework.id, Agent: l.agent.id, Resources: copies}})
	}
	l.left = l.left.Sub(used)
	return newExecutor
}

// refuseTask tells a framework that a task was never launched.
func (m *Master) refuseTask(f *framework, info *mesospb.TaskInfo, state mesospb.TaskState, reason mesospb.TaskStatus_Reason, message string) {
	state = mesospb.TaskState(mesos.TaskState(state).For(f.can(allocation.PartitionAware)))
	m.counters.taskEnded(state, mesospb.TaskStatus_SOURCE_MASTER, reason, true)
	m.sendUpdate(f, m.status(info.TaskId, info.AgentId, state, reason, message))
}

// defaultCheckType fills in the type of a health check from before it had one.
func defaultCheckType(check *mesospb.HealthCheck) {
	switch {
	case check == nil || check.Type != nil:
	case check.Command != nil && check.Http == nil:
		check.Type = mesospb.HealthCheck_COMMAND.Enum()
	case check.Http != nil && check.Command == nil:
		check.Type = mesospb.HealthCheck_HTTP.Enum()
	}
}
