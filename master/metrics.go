package master

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Metric is one name and value of /metrics/snapshot.
// https://mesos.apache.org/documentation/latest/monitoring/
type Metric struct {
	Name  string
	Value float64
}

// Sizes of the tables that count by an enum of the protocol. Values that it does
// not name are refused before they are counted.
const (
	callTypes      = int(schedulerpb.Call_UPDATE_FRAMEWORK) + 1
	eventTypes     = int(schedulerpb.Event_UPDATE_OPERATION_STATUS) + 1
	operationTypes = int(mesospb.Offer_Operation_DESTROY_DISK) + 1
	taskStates     = int(mesospb.TaskState_TASK_UNKNOWN) + 1

	operationStates = int(mesospb.OperationState_OPERATION_UNKNOWN) + 1
)

// scalars is the amounts of the resources that are metrics, in thousandths:
// first what is not revocable, then what is.
type scalars struct{ cpus, gpus, mem, disk [2]resources.Scalar }

// each adds (or, with sign -1, subtracts) what is in a bag.
func (s *scalars) each(rs resources.Resources, sign resources.Scalar) {
	for r := range rs.All() {
		kind := 0
		if r.Revocable {
			kind = 1
		}
		switch r.Name {
		case "cpus":
			s.cpus[kind] += sign * r.Scalar
		case "gpus":
			s.gpus[kind] += sign * r.Scalar
		case "mem":
			s.mem[kind] += sign * r.Scalar
		case "disk":
			s.disk[kind] += sign * r.Scalar
		}
	}
}

func (s scalars) add(rs resources.Resources) scalars { s.each(rs, 1); return s }
func (s scalars) sub(rs resources.Resources) scalars { s.each(rs, -1); return s }

// endedTask is how a task ended, as far as the metrics tell it apart.
type endedTask struct {
	state  mesospb.TaskState
	source mesospb.TaskStatus_Source
	reason mesospb.TaskStatus_Reason
}

// counters is what the master counts, kept as it happens.
type counters struct {
	total, used scalars

	tasks            [taskStates]int64  // known to be in a state
	ended            [taskStates]uint64 // ever ended in a state
	endings          map[endedTask]uint64
	tasksUnreachable int64

	// operations by type and state: there are that many, or (if it is their last
	// state) there were.
	operations [operationTypes][operationStates]int64

	agentRegistrations, agentReregistrations, agentRemovals     uint64
	removalsRegistered, removalsUnregistered, removalsUnhealthy uint64
	recoveryRemovals                                            uint64
	unreachableScheduled, unreachableCompleted                  uint64
	unreachableCanceled                                         uint64

	registerFramework, reregisterFramework, unregisterFramework  uint64
	launchTasks, declineOffers, reviveOffers, suppressOffers     uint64
	killTask, reconcileTasks, resourceRequest                    uint64
	registerAgent, reregisterAgent, unregisterAgent, updateAgent uint64
	statusUpdate, validStatusUpdate, invalidStatusUpdate         uint64
	statusUpdateAcknowledgement                                  uint64
	validAcknowledgement, invalidAcknowledgement                 uint64
	executorToFramework                                          uint64
	validExecutorToFramework, invalidExecutorToFramework         uint64
	frameworkToExecutor                                          uint64
	validFrameworkToExecutor, invalidFrameworkToExecutor         uint64
	exitedExecutor                                               uint64
	dropped                                                      uint64

	operationStatusUpdate                                          uint64
	validOperationStatusUpdate, invalidOperationStatusUpdate       uint64
	operationAcknowledgement, reconcileOperations                  uint64
	validOperationAcknowledgement, invalidOperationAcknowledgement uint64
}

// taskState counts tasks that come to be, or cease to be, in a state.
func (c *counters) taskState(state mesospb.TaskState, n int64) {
	c.tasks[state] += n
}

// operationState counts operations that come to be, or cease to be, in a state.
func (c *counters) operationState(kind mesospb.Offer_Operation_Type, state mesospb.OperationState, n int64) {
	c.operations[kind][state] += n
}

// taskEnded counts a task that is over, and why.
func (c *counters) taskEnded(state mesospb.TaskState, source mesospb.TaskStatus_Source, reason mesospb.TaskStatus_Reason, hasReason bool) {
	c.ended[state]++
	if !hasReason {
		return
	}
	if c.endings == nil {
		c.endings = make(map[endedTask]uint64)
	}
	c.endings[endedTask{state, source, reason}]++
}

// UnreachableAgents is how many agents are unreachable.
func (m *Master) UnreachableAgents() int { return len(m.unreachable) }

// AppendMetrics appends the values of this core, by Mesos's names, but for those
// of frameworks. Metrics of which it is not the source are not there.
func (m *Master) AppendMetrics(dst []Metric) []Metric {
	c := &m.counters
	put := func(name string, value float64) { dst = append(dst, Metric{"master/" + name, value}) }
	count := func(name string, value uint64) { put(name, float64(value)) }
	gauge := func(name string, value int) { put(name, float64(value)) }

	putScalars(put, c)
	m.putMembers(gauge)
	for _, s := range []struct {
		name  string
		state mesospb.TaskState
	}{
		{"tasks_staging", mesospb.TaskState_TASK_STAGING}, {"tasks_starting", mesospb.TaskState_TASK_STARTING},
		{"tasks_running", mesospb.TaskState_TASK_RUNNING}, {"tasks_killing", mesospb.TaskState_TASK_KILLING},
	} {
		put(s.name, float64(c.tasks[s.state]))
	}
	put("tasks_unreachable", float64(c.tasksUnreachable))
	for _, s := range []mesospb.TaskState{
		mesospb.TaskState_TASK_FINISHED, mesospb.TaskState_TASK_FAILED, mesospb.TaskState_TASK_KILLED,
		mesospb.TaskState_TASK_LOST, mesospb.TaskState_TASK_ERROR, mesospb.TaskState_TASK_DROPPED,
		mesospb.TaskState_TASK_GONE, mesospb.TaskState_TASK_GONE_BY_OPERATOR,
	} {
		count("tasks_"+lower(s, "TASK_"), c.ended[s])
	}
	c.putMessages(count)
	c.putOperations(put)
	for ending, n := range c.endings {
		count(lower(ending.state, "")+"/"+agentToSlave(lower(ending.source, ""))+"/"+agentToSlave(lower(ending.reason, "")), n)
	}
	return m.appendConsumption(m.appendTraffic(dst))
}

// putScalars puts total, used and percent of the scalar resources.
func putScalars(put func(string, float64), c *counters) {
	for _, r := range []struct {
		name        string
		total, used [2]resources.Scalar
	}{
		{"cpus", c.total.cpus, c.used.cpus}, {"gpus", c.total.gpus, c.used.gpus},
		{"mem", c.total.mem, c.used.mem}, {"disk", c.total.disk, c.used.disk},
	} {
		for kind, infix := range []string{"_", "_revocable_"} {
			total, used, percent := float64(r.total[kind])/1000, float64(r.used[kind])/1000, 0.0
			if total > 0 {
				percent = used / total
			}
			put(r.name+infix+"total", total)
			put(r.name+infix+"used", used)
			put(r.name+infix+"percent", percent)
		}
	}
}

// putMembers puts how many agents, frameworks and offers there are.
func (m *Master) putMembers(gauge func(string, int)) {
	connected, active := 0, 0
	for _, a := range m.agents {
		if a.connected {
			connected++
		}
		if a.active {
			active++
		}
	}
	gauge("slaves_connected", connected)
	gauge("slaves_disconnected", len(m.agents)-connected)
	gauge("slaves_active", active)
	gauge("slaves_inactive", len(m.agents)-active)
	gauge("slaves_unreachable", len(m.unreachable))

	connected, active = 0, 0
	for _, f := range m.frameworks {
		if f.connected() {
			connected++
		}
		if f.active {
			active++
		}
	}
	gauge("frameworks_connected", connected)
	gauge("frameworks_disconnected", len(m.frameworks)-connected)
	gauge("frameworks_active", active)
	gauge("frameworks_inactive", len(m.frameworks)-active)
	gauge("outstanding_offers", len(m.offers))
}

// putMessages puts how many messages of which kind came.
func (c *counters) putMessages(count func(string, uint64)) {
	for _, p := range []struct {
		name  string
		value uint64
	}{
		{"slave_registrations", c.agentRegistrations},
		{"slave_reregistrations", c.agentReregistrations},
		{"slave_removals", c.agentRemovals},
		{"slave_removals/reason_registered", c.removalsRegistered},
		{"slave_removals/reason_unregistered", c.removalsUnregistered},
		{"slave_removals/reason_unhealthy", c.removalsUnhealthy},
		{"recovery_slave_removals", c.recoveryRemovals},
		{"slave_unreachable_scheduled", c.unreachableScheduled},
		{"slave_unreachable_canceled", c.unreachableCanceled},
		{"slave_unreachable_completed", c.unreachableCompleted},
		{"messages_register_framework", c.registerFramework},
		{"messages_reregister_framework", c.reregisterFramework},
		{"messages_unregister_framework", c.unregisterFramework},
		{"messages_launch_tasks", c.launchTasks},
		{"messages_decline_offers", c.declineOffers},
		{"messages_revive_offers", c.reviveOffers},
		{"messages_suppress_offers", c.suppressOffers},
		{"messages_kill_task", c.killTask},
		{"messages_reconcile_tasks", c.reconcileTasks},
		{"messages_resource_request", c.resourceRequest},
		{"messages_register_slave", c.registerAgent},
		{"messages_reregister_slave", c.reregisterAgent},
		{"messages_unregister_slave", c.unregisterAgent},
		{"messages_update_slave", c.updateAgent},
		{"messages_status_update", c.statusUpdate},
		{"valid_status_updates", c.validStatusUpdate},
		{"invalid_status_updates", c.invalidStatusUpdate},
		{"messages_status_update_acknowledgement", c.statusUpdateAcknowledgement},
		{"valid_status_update_acknowledgements", c.validAcknowledgement},
		{"invalid_status_update_acknowledgements", c.invalidAcknowledgement},
		{"messages_executor_to_framework", c.executorToFramework},
		{"valid_executor_to_framework_messages", c.validExecutorToFramework},
		{"invalid_executor_to_framework_messages", c.invalidExecutorToFramework},
		{"messages_framework_to_executor", c.frameworkToExecutor},
		{"valid_framework_to_executor_messages", c.validFrameworkToExecutor},
		{"invalid_framework_to_executor_messages", c.invalidFrameworkToExecutor},
		{"messages_exited_executor", c.exitedExecutor},
		{"dropped_messages", c.dropped},
		{"messages_operation_status_update", c.operationStatusUpdate},
		{"valid_operation_status_updates", c.validOperationStatusUpdate},
		{"invalid_operation_status_updates", c.invalidOperationStatusUpdate},
		{"messages_operation_status_update_acknowledgement", c.operationAcknowledgement},
		{"valid_operation_status_update_acknowledgements", c.validOperationAcknowledgement},
		{"invalid_operation_status_update_acknowledgements", c.invalidOperationAcknowledgement},
		{"messages_reconcile_operations", c.reconcileOperations},
	} {
		count(p.name, p.value)
	}
}

// putOperations puts how many operations of which type are, or ended, in which state.
func (c *counters) putOperations(put func(string, float64)) {
	var all [operationStates]int64
	states := func(prefix string, counts *[operationStates]int64) {
		total := int64(0)
		for i, n := range counts {
			switch state := mesospb.OperationState(i); state {
			case mesospb.OperationState_OPERATION_UNSUPPORTED, mesospb.OperationState_OPERATION_UNKNOWN:
			default:
				put(prefix+lower(state, "OPERATION_"), float64(n))
				total += n
			}
		}
		put(prefix+"total", float64(total))
	}
	for i := range c.operations {
		if kind := mesospb.Offer_Operation_Type(i); named(kind) && operates(kind) {
			for state, n := range c.operations[i] {
				all[state] += n
			}
			states("operations/"+lower(kind, "")+"/", &c.operations[i])
		}
	}
	states("operations/", &all)
}

// named reports whether a type has a name: some numbers have none any more.
func named(kind mesospb.Offer_Operation_Type) bool {
	_, has := mesospb.Offer_Operation_Type_name[int32(kind)]
	return has
}

// lower is an enum value's name as metrics have it.
func lower(value interface{ String() string }, trim string) string {
	return strings.ToLower(strings.TrimPrefix(value.String(), trim))
}

// agentToSlave is the old word, which metrics kept.
func agentToSlave(name string) string { return strings.ReplaceAll(name, "agent", "slave") }
