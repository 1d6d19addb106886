package httpapi

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// amounts are the scalars that metrics are about, by name; each also revocable.
type amounts [2 * len(amountNames)]mesos.Scalar

var amountNames = [...]string{"cpus", "disk", "gpus", "mem"}

func amountsOf(list []*mesospb.Resource) (sum amounts) {
	for _, r := range list {
		for i, name := range amountNames {
			if r.GetName() != name {
				continue
			}
			if r.GetRevocable() != nil {
				i += len(amountNames)
			}
			sum[i] += mesos.ScalarFromFloat(r.GetScalar().GetValue())
		}
	}
	return sum
}

// masterCounts are kept up to date while records come and go, so that metrics
// cost nothing to read.
type masterCounts struct {
	agents, agentsActive                              int
	frameworks, frameworksActive, frameworksConnected int
	offers                                            int
	total, used                                       amounts
	active                                            stateCounts // tasks that run, by state
	unreachableTasks                                  int
	ended                                             stateCounts // tasks that have ended in this term
}

// stateCounts are numbers by TaskState.
type stateCounts [mesospb.TaskState_TASK_UNKNOWN + 1]int

// addAgent counts an agent in (1) or out (-1).
func (c *masterCounts) addAgent(record *agentRecord, n int) {
	c.agents += n
	if record.agent.GetActive() {
		c.agentsActive += n
	}
	for i := range c.total {
		c.total[i] += record.total[i] * mesos.Scalar(n)
		c.used[i] += record.used[i] * mesos.Scalar(n)
	}
}

// addFramework counts a framework in (1) or out (-1); it may not be published yet.
func (c *masterCounts) addFramework(record *frameworkRecord, n int) {
	if record == nil {
		return
	}
	c.frameworks += n
	if record.framework.GetActive() {
		c.frameworksActive += n
	}
	if record.framework.GetConnected() {
		c.frameworksConnected += n
	}
}

// addTask counts a task in (1) or out (-1) of a list.
func (c *masterCounts) addTask(record *taskRecord, list TaskList, n int) {
	switch list {
	case TaskActive:
		c.active[record.task.GetState()] += n
	case TaskUnreachable:
		c.unreachableTasks += n
	case TaskPending, TaskCompleted: // no gauge shows them
	}
}

// Metrics are the gauges and counters that follow from what is published; the
// daemon adds those of events, and of itself.
func (v *MasterView) Metrics() []Metric {
	v.mu.RLock()
	c, unreachable := v.counts, v.unreachable
	v.mu.RUnlock()

	var metrics []Metric
	add := func(name string, value float64) { metrics = append(metrics, Metric{"master/" + name, value}) }
	for i := range c.total {
		name := amountNames[i%len(amountNames)]
		if i >= len(amountNames) {
			name += "_revocable"
		}
		total, used := c.total[i].Float(), c.used[i].Float()
		percent := 0.0
		if total > 0 {
			percent = used / total
		}
		add(name+"_total", total)
		add(name+"_used", used)
		add(name+"_percent", percent)
	}
	add("slaves_active", float64(c.agentsActive))
	add("slaves_inactive", float64(c.agents-c.agentsActive))
	add("slaves_unreachable", float64(unreachable))
	add("frameworks_active", float64(c.frameworksActive))
	add("frameworks_inactive", float64(c.frameworks-c.frameworksActive))
	add("frameworks_connected", float64(c.frameworksConnected))
	add("frameworks_disconnected", float64(c.frameworks-c.frameworksConnected))
	add("outstanding_offers", float64(c.offers))
	add("tasks_unreachable", float64(c.unreachableTasks))
	for _, task := range taskMetrics {
		counts := &c.active
		if task.ended {
			counts = &c.ended
		}
		add(task.name, float64(counts[task.state]))
	}
	return metrics
}

// taskMetrics are gauges of tasks in a state, and counters of those that ended in it.
var taskMetrics = []struct {
	name  string
	state mesospb.TaskState
	ended bool
}{
	{"tasks_staging", mesospb.TaskState_TASK_STAGING, false},
	{"tasks_starting", mesospb.TaskState_TASK_STARTING, false},
	{"tasks_running", mesospb.TaskState_TASK_RUNNING, false},
	{"tasks_killing", mesospb.TaskState_TASK_KILLING, false},
	{"tasks_finished", mesospb.TaskState_TASK_FINISHED, true},
	{"tasks_failed", mesospb.TaskState_TASK_FAILED, true},
	{"tasks_killed", mesospb.TaskState_TASK_KILLED, true},
	{"tasks_error", mesospb.TaskState_TASK_ERROR, true},
	{"tasks_lost", mesospb.TaskState_TASK_LOST, true},
	{"tasks_dropped", mesospb.TaskState_TASK_DROPPED, true},
	{"tasks_gone", mesospb.TaskState_TASK_GONE, true},
	{"tasks_gone_by_operator", mesospb.TaskState_TASK_GONE_BY_OPERATOR, true},
}
