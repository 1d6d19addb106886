package exec

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// partRetry is how often the end of the framework is asked for until the master
// has taken that.
const partRetry = time.Second

// TaskIDs are the IDs of the tasks of all runs, in order. What is tried again has
// others.
func (s Spec) TaskIDs() (ids []mesos.TaskID) {
	m := Machine{spec: s}
	for i := range max(len(s.Indexes), 1) {
		suffix := m.suffix(&job{number: i})
		for _, task := range s.Tasks {
			ids = append(ids, mesos.TaskID(task.GetTaskId().GetValue()+suffix))
		}
	}
	return ids
}

// underWay reports whether all tasks of a run are running, or were.
func (j *job) underWay() bool {
	for i := range j.tasks {
		if t := &j.tasks[i]; !t.running() && !t.ended() {
			return false
		}
	}
	return true
}

// leave tells when nobody needs to wait any more: as many runs have been under way
// as may be at a time.
func (m *Machine) leave(j *job) {
	if !m.spec.Detach || m.alone || m.finished || m.interrupts > 0 || m.gaveUp != nil {
		return
	}
	if !j.begun {
		j.begun = true
		m.begun++
	}
	enough := len(m.jobs)
	if m.spec.Parallel > 0 {
		enough = min(enough, m.spec.Parallel)
	}
	if m.begun < enough {
		return
	}
	m.alone = true
	m.spec.UnreachablePatience = m.spec.LeftPatience
	m.emit(Background{Framework: mesos.FrameworkID(m.frameworkID), Tasks: m.spec.TaskIDs()})
}

// part ends a framework that was left, with its last task. Nobody would notice if it
// stayed, so the master is asked until it has taken that.
func (m *Machine) part(r Result) {
	for _, d := range []deadline{timeoutDeadline, surrenderDeadline, killDeadline} {
		m.disarm(d)
	}
	m.parting = &r
	if m.subscribed {
		m.send(schedulerpb.Call_TEARDOWN, nil)
	}
}
