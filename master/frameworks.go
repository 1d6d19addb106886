package master

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// frameworkState is where a framework is in its life.
type frameworkState int

const (
	// frameworkRecovered: an agent told of it, its scheduler has not come back
	// to this master yet.
	frameworkRecovered frameworkState = iota
	frameworkConnected
	// frameworkDisconnected: its stream broke, its failover timeout runs.
	frameworkDisconnected
	frameworkCompleted
)

// A framework is one registered scheduler and what it holds.
type framework struct {
	id           mesos.FrameworkID
	info         *mesospb.FrameworkInfo // with id; replaced, never changed
	roles        []string               // sorted
	capabilities allocation.Capability
	wishes

	state   frameworkState
	active  bool // may be sent offers
	stream  StreamID
	metrics *FrameworkMetrics // as they were asked for last

	registered, reregistered, unregistered *mesospb.TimeInfo

	tasks       map[mesos.TaskID]*task
	unreachable history
	completed   history
	holdings    map[mesos.AgentID]*holding
	offers      map[*offer]struct{}
	inverse     []*inverseOffer // in the order they were made
	operations  map[operationUUID]*operation
	// operationIDs are those that the framework wants to hear of, by its own name
	// for them; the newest if it gave a name twice.
	operationIDs map[string]*operation

	used, offered resources.Resources // across agents

	heartbeat, failover timer
	counters            frameworkCounters

	dirty, totalsDirty bool
	forgotten          bool // fell out of the history
}

// A holding is what one framework runs on one agent.
type holding struct {
	framework *framework
	agent     *agent
	tasks     map[mesos.TaskID]*task
	executors map[mesos.ExecutorID]*executor
}

// An executor is one that its framework described: it outlives its tasks, and
// its own resources are held until it exits.
type executor struct {
	info         *mesospb.ExecutorInfo // framework_id set
	resources    resources.Resources
	shareCgroups *bool // of its tasks; nil until one ran
}

func (f *framework) connected() bool { return f.state == frameworkConnected }

func (f *framework) can(c allocation.Capability) bool { return f.capabilities&c != 0 }

// hasRole reports whether the framework is subscribed with a role.
func (f *framework) hasRole(role string) bool {
	_, ok := slices.BinarySearch(f.roles, role)
	return ok
}

// newFramework makes a framework that is not known to anyone yet.
func (m *Master) newFramework(info *mesospb.FrameworkInfo) *framework {
	return &framework{
		id:           mesos.FrameworkID(info.GetId().GetValue()),
		info:         info,
		roles:        rolesOf(info),
		capabilities: capabilitiesOf(info),
		tasks:        make(map[mesos.TaskID]*task),
		unreachable:  newHistory(m.config.MaxUnreachableTasks),
		completed:    newHistory(m.config.MaxCompletedTasksPerFramework),
		holdings:     make(map[mesos.AgentID]*holding),
		offers:       make(map[*offer]struct{}),
		operations:   make(map[operationUUID]*operation),
		operationIDs: make(map[string]*operation),
	}
}

// addFramework makes a framework known. What it holds already comes with the
// agents that tell of it.
func (m *Master) addFramework(f *framework) {
	m.frameworks[f.id] = f
	m.join(f)
	m.attachOperations(f)
	m.allocate(allocation.AddFramework{Framework: f.allocation(), Active: f.active})
	m.touchFramework(f)
}

// recoverFramework makes a framework known that an agent tells of, before its
// scheduler comes back to this master.
func (m *Master) recoverFramework(info *mesospb.FrameworkInfo) *framework {
	f := m.newFramework(info)
	m.addFramework(f)
	return f
}

// allocation is the framework as the allocator knows it.
func (f *framework) allocation() *allocation.Framework {
	return &allocation.Framework{
		ID:             f.id,
		Principal:      f.info.GetPrincipal(),
		Roles:          f.roles,
		Suppressed:     f.suppressed,
		Capabilities:   f.capabilities,
		MinAllocatable: minAllocatable(f.info),
		Constraints:    f.evaluated,
	}
}

// connect gives a framework an event stream and says hello.
func (m *Master) connect(f *framework, stream StreamID) {
	f.stream, f.state = stream, frameworkConnected
	m.streams[stream] = f
	m.timers.disarm(&f.failover)
	m.touchFramework(f)

	m.send(f, &schedulerpb.Event{
		Type: schedulerpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &schedulerpb.Event_Subscribed{
			FrameworkId:              f.info.Id,
			HeartbeatIntervalSeconds: new(m.config.HeartbeatInterval.Seconds()),
			MasterInfo:               m.config.Info,
		},
	})
	m.beat(f)
}

// activate lets a framework be offered resources.
func (m *Master) activate(f *framework) {
	if f.active {
		return
	}
	f.active = true
	m.allocate(allocation.ActivateFramework{ID: f.id})
	m.touchFramework(f)
}

// deactivate stops offers to a framework and takes back those it has, silently
// or with a RESCIND each.
func (m *Master) deactivate(f *framework, rescind bool) {
	if !f.active {
		return
	}
	f.active = false
	m.allocate(allocation.DeactivateFramework{ID: f.id})
	for _, o := range offersInOrder(f.offers) {
		if rescind {
			m.rescind(o)
		} else {
			m.withdraw(o)
		}
	}
	m.withdrawFrom(f, rescind)
	m.touchFramework(f)
}

// beat sends a heartbeat now and from then on.
func (m *Master) beat(f *framework) {
	m.send(f, heartbeat)
	if m.config.HeartbeatInterval > 0 {
		m.timers.arm(&f.heartbeat, m.now.Add(m.config.HeartbeatInterval), func() { m.beat(f) })
	}
}

var heartbeat = &schedulerpb.Event{Type: schedulerpb.Event_HEARTBEAT.Enum()}

// send puts an event on a framework's stream; one that is not connected misses it.
func (m *Master) send(f *framework, event *schedulerpb.Event) {
	if !f.connected() {
		return
	}
	f.counters.told(event.GetType())
	m.emit(SendEvent{Stream: f.stream, Event: event})
}

// errorEvent tells a framework of an error that ends its subscription.
func errorEvent(message string) *schedulerpb.Event {
	return &schedulerpb.Event{
		Type:  schedulerpb.Event_ERROR.Enum(),
		Error: &schedulerpb.Event_Error{Message: new(message)},
	}
}

// streamClosed: a scheduler is gone for now. It has its failover timeout to come
// back; its tasks run on meanwhile.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/
func (m *Master) streamClosed(stream StreamID) {
	f := m.streams[stream]
	if f == nil {
		return // replaced by a newer one
	}
	m.forgetStream(f)
	f.state = frameworkDisconnected
	m.deactivate(f, false)
	m.touchFramework(f)
	timeout := failoverTimeout(f.info)
	m.log(LogInfo, "framework disconnected", "framework", f.id, "name", f.info.GetName(), "failover_timeout", timeout)
	m.timers.arm(&f.failover, m.now.Add(timeout), func() {
		m.log(LogInfo, "framework failover timeout", "framework", f.id)
		m.removeFramework(f)
	})
}

// forgetStream takes a framework's stream from it without closing it.
func (m *Master) forgetStream(f *framework) {
	delete(m.streams, f.stream)
	f.stream = ""
	m.timers.disarm(&f.heartbeat)
}

// removeFramework ends a framework: its tasks are killed, its offers returned,
// and it stays in the history. It may never subscribe again.
func (m *Master) removeFramework(f *framework) {
	m.log(LogInfo, "framework removed", "framework", f.id, "name", f.info.GetName())
	m.deactivate(f, false)
	for _, id := range sortedKeys(f.holdings) {
		m.shutdownHolding(f.holdings[id])
	}
	m.completeUnreachable(f)
	m.forgetAnswers(f)
	f.detachOperations()

	if f.connected() {
		m.emit(CloseStream{Stream: f.stream})
		m.forgetStream(f)
	}
	m.timers.disarm(&f.failover)
	f.state = frameworkCompleted
	f.unregistered = m.timeInfo()
	delete(m.frameworks, f.id)
	m.leave(f)
	m.allocate(allocation.RemoveFramework{ID: f.id})
	m.touchFramework(f)
	if oldest := m.completed.add(f); oldest != nil {
		oldest.forgotten = true
		m.touchFramework(oldest)
	}
}

// shutdownHolding ends all that a framework that is being removed runs on an agent.
func (m *Master) shutdownHolding(h *holding) {
	if h.agent.connected {
		m.sendAgent(h.agent, shutdownFramework(h.framework.info.Id))
	}
	for _, t := range inOrder(h.tasks) {
		m.update(t, m.removedStatus(t), nil)
		m.removeTask(t, TaskCompleted)
	}
	for _, id := range sortedKeys(h.executors) {
		m.removeExecutor(h, id)
	}
}

// completeUnreachable moves the unreachable tasks of a framework that is being
// removed to its completed ones: nobody will hear of them again.
func (m *Master) completeUnreachable(f *framework) {
	for t := f.unreachable.first; t != nil; t = f.unreachable.first {
		m.note(t, m.removedStatus(t))
		m.change(t).State = mesospb.TaskState_TASK_KILLED.Enum()
		m.forgetUnreachable(t)
		m.keep(&f.completed, t, TaskCompleted)
	}
}

// removedStatus is the status that tasks of a removed framework end with.
func (m *Master) removedStatus(t *task) *mesospb.TaskStatus {
	return m.taskStatus(t, mesospb.TaskState_TASK_KILLED,
		mesospb.TaskStatus_REASON_FRAMEWORK_REMOVED, "framework "+string(t.framework.id)+" was removed")
}

// failoverTimeout is how long a framework may be away. It was validated.
func failoverTimeout(info *mesospb.FrameworkInfo) time.Duration {
	timeout, err := secondsDuration(info.GetFailoverTimeout())
	if err != nil {
		panic("master: framework with invalid failover_timeout: " + err.Error())
	}
	return timeout
}

// completedFrameworks is the history of frameworks, the oldest first.
type completedFrameworks struct {
	limit int
	byID  map[mesos.FrameworkID]*framework
	order []*framework
}

func newCompletedFrameworks(limit int) completedFrameworks {
	return completedFrameworks{limit: limit, byID: make(map[mesos.FrameworkID]*framework)}
}

// add puts a framework into the history and returns the one that falls out of it.
func (c *completedFrameworks) add(f *framework) *framework {
	if c.limit <= 0 {
		return f
	}
	var oldest *framework
	if len(c.order) >= c.limit {
		oldest = c.order[0]
		c.order = slices.Delete(c.order, 0, 1)
		delete(c.byID, oldest.id)
	}
	c.order = append(c.order, f)
	c.byID[f.id] = f
	return oldest
}
