package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// reregister takes back an agent that has an ID: after its link broke, after a
// master failover, or after it was unreachable.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/
func (m *Master) reregister(in arrival) {
	info := in.message.GetAgentInfo()
	id := mesos.AgentID(info.GetId().GetValue())
	if tr := m.transitions[id]; tr != nil {
		m.postpone(tr, in)
		return
	}
	if m.gone[id] != nil {
		m.refuse(in.link, in.address, "reregister: agent "+string(id)+" was marked gone")
		return
	}
	a, err := m.newAgent(info, in.message.GetIp(), in.address)
	var runs *load
	if err == nil {
		runs, err = readLoad(in.message)
	}
	if err == nil {
		a.settled, err = totalResources(in.message.GetTotalResources(), a.settled)
		a.total = a.settled
	}
	if estimate := in.message.GetOversubscribedResources(); err == nil && len(estimate) > 0 {
		var revocable resources.Resources
		revocable, err = readEstimate(estimate)
		a.settled = a.settled.NonRevocable().Add(revocable)
		a.total = a.settled
	}
	if err != nil {
		m.refuse(in.link, in.address, "reregister: "+err.Error())
		return
	}
	if err := m.suits(a, in.message.GetVersion()); err != nil {
		m.turnAway(in.link, in.address, err)
		return
	}
	if err := m.mayJoin(in.principal, a.total); err != nil {
		m.turnAway(in.link, in.address, err)
		return
	}
	if m.refusesMachine(a, in.link, in.address) {
		return
	}
	a.link, a.version, a.capabilities = in.link, in.message.GetVersion(), in.message.GetCapabilities()
	if known := m.agents[id]; known != nil {
		m.reregisterKnown(known, a, in, runs)
		return
	}
	m.reregisterUnknown(a, in.link, runs)
}

// reregisterKnown takes back an agent that this master still has. arrived is
// what it says of itself now.
func (m *Master) reregisterKnown(known, arrived *agent, in arrival, runs *load) {
	if known.connected && known.link == in.link {
		// Sent again before our answer came. Since then tasks may have been
		// launched that it does not list.
		m.sendRegistered(known, nil)
		return
	}
	if known.host != arrived.host || known.info.GetHostname() != arrived.info.GetHostname() {
		m.refuse(in.link, in.address, "reregister: agent "+string(known.id)+" is registered at "+known.key()+
			" and may not come back at "+arrived.key())
		return
	}
	if known.info.EqualVT(arrived.info) {
		m.reconnect(known, arrived, runs)
		return
	}
	m.begin(known.id, in.link, []RegistryWrite{putAdmitted(arrived.info, m.standings[known.id])}, func(tr *transition) {
		if !tr.closed {
			m.reconnect(known, arrived, runs)
		}
	})
}

// reconnect gives a known agent its new link and settles what each side knows.
func (m *Master) reconnect(a, arrived *agent, runs *load) {
	if a.connected && a.link != arrived.link {
		m.emit(CloseLink{Link: a.link})
		delete(m.links, a.link)
	}
	a.link, a.version, a.capabilities = arrived.link, arrived.version, arrived.capabilities
	m.links[a.link] = a
	a.reregistered = m.timeInfo()
	m.pingOver(a, 0)
	m.answered(a)
	m.counters.agentReregistrations++
	a.resettle(arrived.total)
	if !a.info.EqualVT(arrived.info) {
		if err := m.redescribe(a, arrived.info); err != nil {
			panic("master: an agent's description was valid and no longer is: " + err.Error())
		}
	}
	m.retotal(a)
	m.timers.disarm(&a.reregister)
	m.adopt(a, runs)
	a.connected = true
	m.stand(a)
	m.settle(a, runs.Reregister)
	m.settleOperations(a, runs)
	m.updateFrameworks(a, runs.GetFrameworks())
	m.sendDrain(a)
	m.log(LogInfo, "agent reconnected", "agent", a.id, "hostname", a.info.GetHostname(), "address", a.address())
}

// adopt books what a known agent still runs although it was given up: frameworks
// that don't checkpoint lose their tasks when the agent's connection breaks, but
// if nothing else broke the agent comes back with them. They are killed, and
// their resources are theirs until then. Those that have ended are booked too:
// updates of them are to come.
func (m *Master) adopt(a *agent, runs *load) {
	lost := &load{Reregister: &linkpb.Reregister{}}
	for i, e := range runs.GetExecutors() {
		info := e.GetExecutorInfo()
		h := a.holdings[mesos.FrameworkID(info.GetFrameworkId().GetValue())]
		if h == nil || h.executors[mesos.ExecutorID(info.GetExecutorId().GetValue())] == nil {
			lost.Executors = append(lost.Executors, e)
			lost.executorResources = append(lost.executorResources, runs.executorResources[i])
		}
	}
	lost.Tasks, lost.taskResources = runs.Tasks, runs.taskResources // those known are passed over
	held := grants{agent: a.id, at: make(map[mesos.FrameworkID]int)}
	m.readmitExecutors(a, lost, &held)
	for _, t := range m.readmitTasks(a, lost, &held) {
		t.killed = true
	}
	for _, grant := range held.list {
		m.allocate(allocation.Hold{Grant: grant})
	}
}

// settle compares what a known agent runs with what the master believes. The
// agent is asked about tasks that it did not list; executors that it did not
// list are gone; tasks that should have been killed, or that the framework was
// told are lost, are killed now.
func (m *Master) settle(a *agent, msg *linkpb.Reregister) {
	listed := make(map[[2]string]bool, len(msg.GetTasks()))
	for _, t := range msg.GetTasks() {
		listed[[2]string{t.GetFrameworkId().GetValue(), t.GetTaskId().GetValue()}] = true
	}
	var reconcile []*linkpb.Registered_Reconcile
	for _, id := range sortedKeys(a.holdings) {
		f := a.holdings[id].framework
		ask := &linkpb.Registered_Reconcile{
			FrameworkId:    f.info.Id,
			PartitionAware: new(f.can(allocation.PartitionAware)),
		}
		for _, t := range inOrder(a.holdings[id].tasks) {
			switch {
			case listed[[2]string{string(id), string(t.id)}]:
			case terminal(t.told()):
				// The agent forgot an update that waits to be acknowledged, but the
				// framework was told: there is nothing left to find out.
				m.removeTask(t, TaskCompleted)
			default:
				ask.TaskIds = append(ask.TaskIds, t.record.TaskId)
			}
		}
		if len(ask.TaskIds) > 0 {
			reconcile = append(reconcile, ask)
		}
	}
	m.sendRegistered(a, reconcile)
	m.dropUnlistedExecutors(a, msg)
	for _, t := range msg.GetTasks() {
		if terminal(t.GetState()) {
			continue
		}
		f := m.frameworks[mesos.FrameworkID(t.GetFrameworkId().GetValue())]
		if f == nil {
			continue // shut down with its framework
		}
		if known := f.taskOn(a, mesos.TaskID(t.GetTaskId().GetValue())); known == nil || known.killed {
			m.sendAgent(a, killTask(f.info.Id, t.TaskId, nil))
		}
	}
}

// dropUnlistedExecutors removes executors that an agent no longer has.
func (m *Master) dropUnlistedExecutors(a *agent, msg *linkpb.Reregister) {
	listed := make(map[[2]string]bool, len(msg.GetExecutors()))
	for _, e := range msg.GetExecutors() {
		listed[[2]string{e.GetExecutorInfo().GetFrameworkId().GetValue(), e.GetExecutorInfo().GetExecutorId().GetValue()}] = true
	}
	for _, framework := range sortedKeys(a.holdings) {
		h := a.holdings[framework]
		for _, id := range sortedKeys(h.executors) {
			if !listed[[2]string{string(framework), string(id)}] {
				m.removeExecutor(h, id)
			}
		}
	}
}

// updateFrameworks tells an agent the newest of its frameworks, and to end those
// that were removed.
func (m *Master) updateFrameworks(a *agent, infos []*mesospb.FrameworkInfo) {
	for _, info := range infos {
		id := mesos.FrameworkID(info.GetId().GetValue())
		if f := m.frameworks[id]; f == nil {
			m.sendAgent(a, shutdownFramework(info.Id))
		} else if !f.info.EqualVT(info) {
			m.sendAgent(a, updateFrameworkMessage(f.info))
		}
	}
}

// reregisterUnknown takes back an agent that this master does not have: one
// admitted in an earlier term, one that was unreachable, or one that is not in
// the registry at all.
func (m *Master) reregisterUnknown(a *agent, link LinkID, runs *load) {
	if info := m.recovered[a.id]; info != nil && info.EqualVT(a.info) {
		a.info = info // one copy of it is enough
		m.readmit(a, runs)
		return
	}
	writes := []RegistryWrite{putAdmitted(a.info, m.standings[a.id])}
	if m.unreachable[a.id] != nil {
		writes = append(writes, RegistryWrite{Key: UnreachableKey(a.id)})
	}
	m.begin(a.id, link, writes, func(tr *transition) {
		m.readmit(a, runs)
		if tr.closed {
			m.disconnect(a)
		}
	})
}

// readmit makes an agent known again, with everything it runs. A framework of
// which this master has not heard is recovered; its scheduler will come back.
func (m *Master) readmit(a *agent, runs *load) {
	_, failover := m.recovered[a.id]
	wasUnreachable := m.unreachable[a.id] != nil
	delete(m.recovered, a.id)
	delete(m.unreachable, a.id)
	m.forgetUnreachableOf(a.id)
	a.registered = m.timeInfo()
	a.reregistered = a.registered
	m.counters.agentReregistrations++

	for _, info := range runs.GetFrameworks() {
		id := mesos.FrameworkID(info.GetId().GetValue())
		if m.frameworks[id] == nil && m.completed.byID[id] == nil {
			m.recoverFramework(info)
		}
	}
	// The books first: the allocator must hear of the agent and its use at once.
	grants := grants{agent: a.id, at: make(map[mesos.FrameworkID]int)}
	m.readmitExecutors(a, runs, &grants)
	tasks := m.readmitTasks(a, runs, &grants)
	m.addAgent(a, grants.list)
	m.readmitOperations(a, runs)
	m.recallCompleted(runs)
	m.sendRegistered(a, nil)
	m.sendPing(a)
	if !failover {
		m.announceReturn(tasks, wasUnreachable)
	}
	m.updateFrameworks(a, runs.GetFrameworks())
	m.sendDrain(a)
	m.log(LogInfo, "agent re-registered", "agent", a.id, "hostname", a.info.GetHostname(), "address", a.address(),
		"tasks", len(tasks), "after_failover", failover)
}

// grants gathers what frameworks hold on an agent.
type grants struct {
	agent mesos.AgentID
	list  []allocation.Grant
	at    map[mesos.FrameworkID]int
}

func (g *grants) add(id mesos.FrameworkID, rs resources.Resources) {
	i, ok := g.at[id]
	if !ok {
		i = len(g.list)
		g.at[id] = i
		g.list = append(g.list, allocation.Grant{Framework: id, Agent: g.agent})
	}
	g.list[i].Resources = g.list[i].Resources.Add(rs)
}

// readmitExecutors books the executors of an agent that comes back.
func (m *Master) readmitExecutors(a *agent, runs *load, g *grants) {
	for i, e := range runs.GetExecutors() {
		info := e.GetExecutorInfo()
		f := m.frameworks[mesos.FrameworkID(info.GetFrameworkId().GetValue())]
		if f == nil {
			continue
		}
		rs := runs.executorResources[i]
		m.addExecutor(m.hold(f, a), &executor{info: info, resources: rs})
		g.add(f.id, rs)
	}
}

// readmitTasks books the tasks of an agent that comes back.
func (m *Master) readmitTasks(a *agent, runs *load, g *grants) []*task {
	tasks := make([]*task, 0, len(runs.GetTasks()))
	used := grants{agent: a.id, at: make(map[mesos.FrameworkID]int)} // summed up once, for there may be many tasks
	for i, record := range runs.GetTasks() {
		f := m.frameworks[mesos.FrameworkID(record.GetFrameworkId().GetValue())]
		id := mesos.TaskID(record.GetTaskId().GetValue())
		if f == nil || f.tasks[id] != nil {
			continue // over with its framework, or known from another agent
		}
		f.completed.forget(id)
		t := m.newTask(f, record, runs.taskResources[i], sharesCgroups(record.GetContainer()))
		h := m.hold(f, a)
		m.listTask(h, t)
		if e := h.executors[mesos.ExecutorID(record.GetExecutorId().GetValue())]; e != nil {
			e.shareCgroups = &t.shareCgroups
		}
		if !t.over() {
			used.add(f.id, t.resources)
		}
		tasks = append(tasks, t)
	}
	for _, grant := range used.list {
		m.use(a.holdings[grant.Framework], grant.Resources)
		g.add(grant.Framework, grant.Resources)
	}
	return tasks
}

// recallCompleted takes what an agent tells of tasks that ended before this term
// into the histories of frameworks that this master knows. A framework that has
// not come back yet loses what was told before, as in Mesos.
func (m *Master) recallCompleted(runs *load) {
	for _, record := range runs.GetCompletedTasks() {
		f := m.frameworks[mesos.FrameworkID(record.GetFrameworkId().GetValue())]
		id := mesos.TaskID(record.GetTaskId().GetValue())
		if f == nil || f.tasks[id] != nil || f.completed.byID[id] != nil || f.unreachable.byID[id] != nil {
			continue
		}
		t := m.newTask(f, record, resources.Resources{}, sharesCgroups(record.GetContainer()))
		m.keep(&f.completed, t, TaskCompleted)
	}
}

// announceReturn tells frameworks that tasks are still there of which they were
// told that they are unreachable or lost. The state is that of the newest update
// that the agent sent, not the newest there is: updates that are still to come
// must not seem to bring an ended task back to life.
func (m *Master) announceReturn(tasks []*task, wasUnreachable bool) {
	message := "an agent unknown to the master re-registered"
	if wasUnreachable {
		message = "the unreachable agent re-registered"
	}
	for _, t := range tasks {
		m.sendUpdate(t.framework, m.repeatStatus(t, t.told(), mesospb.TaskStatus_REASON_AGENT_REREGISTERED, message))
	}
}

// forgetUnreachableOf forgets the unreachable tasks of an agent that comes back:
// it tells itself which of them are still there.
func (m *Master) forgetUnreachableOf(id mesos.AgentID) {
	for list := m.unreachableTasks[id]; len(list) > 0; list = m.unreachableTasks[id] {
		t := list[len(list)-1]
		m.forgetUnreachable(t)
		m.dropTask(t)
	}
}
