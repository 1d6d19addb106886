package agent

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent/gc"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Metrics is the state of the agent's meters at one time. It is kept up to date
// with each Step and costs nothing to copy. See
// https://mesos.apache.org/documentation/latest/monitoring/.
type Metrics struct {
	started          time.Time
	recoveryErrors   int
	recovery         time.Duration // from the start until the executors of an earlier agent were back or gone
	recovered        bool
	registered       bool
	frameworksActive int

	executors           [executorTerminated + 1]int
	executorsTerminated int
	tasks               [mesos.TaskUnknown + 1]int // not ended, by state
	ended               [mesos.TaskUnknown + 1]int // by the state they ended in

	executorsPreempted       int
	containerLaunchErrors    int
	validStatusUpdates       int
	invalidStatusUpdates     int
	validFrameworkMessages   int
	invalidFrameworkMessages int

	garbage      gc.Metrics
	directoryAge time.Duration // how old the directories of what is over may get
	total, used  [len(meteredResources)]amount
}

// amount is how much there is of a resource, in thousandths.
type amount struct{ firm, revocable resources.Scalar }

var meteredResources = [...]string{"cpus", "disk", "gpus", "mem"}

// Metrics returns the agent's meters as they stand.
func (a *Agent) Metrics() Metrics {
	m := a.metrics
	m.garbage = a.garbage.Metrics()
	return m
}

// Values are the meters under the names of Mesos's /metrics/snapshot.
func (m *Metrics) Values(now time.Time) map[string]float64 {
	v := map[string]float64{
		"slave/uptime_secs":                now.Sub(m.started).Seconds(),
		"slave/registered":                 0,
		"slave/frameworks_active":          float64(m.frameworksActive),
		"slave/executors_registering":      float64(m.executors[executorRegistering]),
		"slave/executors_running":          float64(m.executors[executorRunning]),
		"slave/executors_terminating":      float64(m.executors[executorTerminating]),
		"slave/executors_terminated":       float64(m.executorsTerminated),
		"slave/executors_preempted":        float64(m.executorsPreempted),
		"slave/container_launch_errors":    float64(m.containerLaunchErrors),
		"slave/valid_status_updates":       float64(m.validStatusUpdates),
		"slave/invalid_status_updates":     float64(m.invalidStatusUpdates),
		"slave/valid_framework_messages":   float64(m.validFrameworkMessages),
		"slave/invalid_framework_messages": float64(m.invalidFrameworkMessages),
		"slave/tasks_staging":              float64(m.tasks[mesos.TaskStaging]),
		"slave/tasks_starting":             float64(m.tasks[mesos.TaskStarting]),
		"slave/tasks_running":              float64(m.tasks[mesos.TaskRunning]),
		"slave/tasks_killing":              float64(m.tasks[mesos.TaskKilling]),
		"slave/tasks_finished":             float64(m.ended[mesos.TaskFinished]),
		"slave/tasks_failed":               float64(m.ended[mesos.TaskFailed]),
		"slave/tasks_killed":               float64(m.ended[mesos.TaskKilled]),
		"slave/tasks_lost":                 float64(m.ended[mesos.TaskLost]),
		"slave/tasks_gone":                 float64(m.ended[mesos.TaskGone]),
	}
	v["gc/path_removals_pending"] = float64(m.garbage.Pending)
	v["gc/path_removals_succeeded"] = float64(m.garbage.Succeeded)
	v["gc/path_removals_failed"] = float64(m.garbage.Failed)
	v["slave/recovery_errors"] = float64(m.recoveryErrors)
	v["slave/executor_directory_max_allowed_age_secs"] = m.directoryAge.Seconds()
	if m.recovered {
		v["slave/recovery_time_secs"] = m.recovery.Seconds()
	}
	if m.registered {
		v["slave/registered"] = 1
	}
	for i, name := range meteredResources {
		meter(v, "slave/"+name, m.total[i].firm, m.used[i].firm)
		meter(v, "slave/"+name+"_revocable", m.total[i].revocable, m.used[i].revocable)
	}
	return v
}

func meter(v map[string]float64, name string, total, used resources.Scalar) {
	v[name+"_total"] = float64(total) / 1000
	v[name+"_used"] = float64(used) / 1000
	v[name+"_percent"] = 0
	if total > 0 {
		v[name+"_percent"] = float64(used) / float64(total)
	}
}

// meterRecovery notes how long recovery took, once it is over.
func (a *Agent) meterRecovery() {
	if a.recovering == 0 && !a.metrics.recovered {
		a.metrics.recovered, a.metrics.recovery = true, a.now.Sub(a.metrics.started)
	}
}

func (m *Metrics) countEnd(state mesos.TaskState) { m.ended[state]++ }

func (m *Metrics) countUsed(r resources.Resources, sign resources.Scalar) { count(&m.used, r, sign) }

func count(amounts *[len(meteredResources)]amount, rs resources.Resources, sign resources.Scalar) {
	for r := range rs.All() {
		i := slices.Index(meteredResources[:], r.Name)
		switch {
		case i < 0:
		case r.Revocable:
			amounts[i].revocable += sign * r.Scalar
		default:
			amounts[i].firm += sign * r.Scalar
		}
	}
}
