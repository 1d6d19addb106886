package exec

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// job is one of the runs: of the task, or of the tasks of the group.
type job struct {
	number  int  // in the order of the runs
	attempt int  // how often it was tried again
	astray  int  // how many of the attempts never reached an agent
	begun   bool // it was under way, in this attempt or an earlier one
	tasks   []taskState

	agentID   *mesospb.AgentID
	agentHost string // its host:port
	hostname  string
	awayUntil time.Time // the agent is unreachable, and waited for until then

	result Result
	lost   bool // its agent stayed away: how it ended is not known
}

type taskState struct {
	id        string
	status    *mesospb.TaskStatus // the latest
	astray    bool                // its launch went down with a master: no agent ever knew it
	following bool
	awaited   bool
	killAt    time.Time
	// hearsay is how it ended by the word of the master, whose answer to
	// RECONCILE leaves out the exit code that the agent's report has; that is
	// waited for until hearsayUntil.
	hearsay      *mesospb.TaskStatus
	hearsayUntil time.Time
}

// place is where a task is found.
type place struct {
	job  *job
	task *taskState
}

func (t *taskState) ended() bool {
	return t.status != nil && mesos.TaskState(t.status.GetState()).Terminal()
}

func (t *taskState) running() bool {
	return t.status != nil && mesos.TaskState(t.status.GetState()) == mesos.TaskRunning
}

// several reports whether the runs have indexes.
func (m *Machine) several() bool { return len(m.spec.Indexes) > 0 }

// index is the run's index, if there are several.
func (m *Machine) index(j *job) int {
	if !m.several() {
		return 0
	}
	return m.spec.Indexes[j.number]
}

// suffix is what the IDs of a run's tasks end in.
func (m *Machine) suffix(j *job) string {
	var suffix string
	if m.several() {
		suffix = "." + strconv.Itoa(m.index(j))
	}
	if j.attempt > 0 {
		suffix += ".retry" + strconv.Itoa(j.attempt)
	}
	return suffix
}

// infos are the tasks of a run, which nobody else has a hand on.
func (m *Machine) infos(j *job) []*mesospb.TaskInfo {
	tasks := make([]*mesospb.TaskInfo, len(m.spec.Tasks))
	suffix := m.suffix(j)
	for i, spec := range m.spec.Tasks {
		task := proto.Clone(spec).(*mesospb.TaskInfo)
		task.TaskId = &mesospb.TaskID{Value: proto.String(spec.GetTaskId().GetValue() + suffix)}
		if m.several() && task.Command != nil {
			if task.Command.Environment == nil {
				task.Command.Environment = &mesospb.Environment{}
			}
			task.Command.Environment.Variables = append(task.Command.Environment.Variables,
				numberVariable("MESOS_TASK_INDEX", m.index(j)), numberVariable("MESOS_TASK_COUNT", len(m.jobs)))
		}
		tasks[i] = task
	}
	return tasks
}

func numberVariable(name string, value int) *mesospb.Environment_Variable {
	return &mesospb.Environment_Variable{Name: &name, Value: proto.String(strconv.Itoa(value))}
}

// begin takes the next run that waits for one that is launched.
func (m *Machine) begin(offer *mesospb.Offer, tasks []*mesospb.TaskInfo) *job {
	j := &m.jobs[m.waiting[0]]
	m.waiting = m.waiting[1:]
	*j = job{
		number: j.number, attempt: j.attempt, astray: j.astray, begun: j.begun, tasks: make([]taskState, len(tasks)),
		agentID: offer.GetAgentId(), agentHost: agentAddress(offer), hostname: offer.GetHostname(),
	}
	for i, task := range tasks {
		j.tasks[i].id = task.GetTaskId().GetValue()
		m.tasks[j.tasks[i].id] = place{j, &j.tasks[i]}
	}
	m.active = append(m.active, j)
	m.launched = true
	return j
}

// mayLaunch reports whether another run is to be launched now.
func (m *Machine) mayLaunch() bool {
	return len(m.waiting) > 0 && (m.spec.Parallel == 0 || len(m.active) < m.spec.Parallel)
}

// settle ends a run whose tasks all have. Of a group, the task that was the first
// not to succeed says how it went: the others are killed for it.
func (m *Machine) settle(j *job) {
	var result Result
	var since float64
	for i := range j.tasks {
		t := &j.tasks[i]
		if !t.ended() {
			return
		}
		was := outcome(t.status)
		if at := t.status.GetTimestamp(); was != (Result{}) && (result == (Result{}) || at < since) {
			result, since = was, at
		}
	}
	m.over(j, result)
}

// over takes in the end of a run.
func (m *Machine) over(j *job, result Result) {
	j.result, j.awayUntil = result, time.Time{}
	m.active = slices.DeleteFunc(m.active, func(other *job) bool { return other == j })
	for i := range j.tasks {
		delete(m.tasks, j.tasks[i].id)
	}
	astray := !slices.ContainsFunc(j.tasks, func(t taskState) bool { return !t.astray })
	if astray {
		j.astray++ // that is no failure of the run
	}
	again := result != (Result{}) && (astray || j.attempt-j.astray < m.spec.Retries) && m.interrupts == 0 && m.gaveUp == nil
	if m.several() {
		m.tell(RunOver{
			Index: m.index(j), TaskID: mesos.TaskID(j.tasks[0].id), Host: j.hostname, Result: result, Again: again,
		})
	}
	if again {
		j.attempt++
		m.waiting = append(m.waiting, j.number)
		m.revive()
		return
	}
	if len(m.active) == 0 && len(m.waiting) == 0 {
		m.end()
	}
}

// end ends the execution with its last run.
func (m *Machine) end() {
	result := Result{Ended: true}
	for i := range m.jobs {
		j := &m.jobs[i]
		result.Ended = result.Ended && !j.lost
		if result.Err == nil && result.Code == 0 {
			result.Code, result.Err = j.result.Code, j.result.Err
		}
	}
	switch {
	case m.gaveUp != nil:
		result.Code, result.Err = 0, m.gaveUp
	case m.interrupts > 0 && result.Ended:
		result.Code, result.Err = m.code, nil
	case m.several() && result.Err != nil:
		result.Code, result.Err = 1, nil // each was told of
	}
	if m.alone {
		m.part(result)
		return
	}
	m.finish(result, false)
}
