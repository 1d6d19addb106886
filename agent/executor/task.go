package executor

import (
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor/check"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// task is a task in its container.
type task struct {
	info      *mesospb.TaskInfo
	container mesos.ContainerID
	running   bool // its command does; else it is being launched
	// status is of the container; last is the newest status of the task that was told.
	status       *mesospb.ContainerStatus
	last         *mesospb.TaskStatus
	acknowledged bool // some update of the task was

	killed    bool
	killing   bool // TASK_KILLING was told by an executor before this one
	killedAt  time.Time
	killAt    time.Time // when to stop waiting for a killed task
	overtime  bool      // killed for max_completion_time
	overAt    time.Time // when max_completion_time is over
	unhealthy bool      // killed for its health
	destroyed bool      // Destroy was returned

	checks [2]*check.Checker // by Which; nil where there is none
	paused bool              // they are
}

// report tells a new state of a task.
func (s *session) report(now time.Time, t *task, state mesos.TaskState, reason mesospb.TaskStatus_Reason, message string) {
	s.tell(now, t, s.newStatus(t.info, state, reason, message))
}

func (s *session) tell(now time.Time, t *task, status *mesospb.TaskStatus) {
	status.ContainerStatus = t.status
	t.last = status
	s.update(now, status)
}

// run takes in that a task's command runs.
func (s *session) run(now time.Time, t *task) {
	t.running = true
	if t.killed {
		return // the kill is on its way; a killing task does not become running
	}
	s.watch(now, t)
	s.report(now, t, mesos.TaskRunning, 0, "")
}

// watch begins what goes on while a task runs, which it does since a time.
func (s *session) watch(since time.Time, t *task) {
	if limit := t.info.GetMaxCompletionTime().GetNanoseconds(); limit > 0 {
		t.overAt = since.Add(time.Duration(limit))
	}
	if info := t.info.GetCheck(); info != nil {
		t.checks[GeneralCheck] = check.New(info, since, t.last.GetCheckStatus())
	}
	if info := t.info.GetHealthCheck(); info != nil {
		var told *bool
		if t.last != nil {
			told = t.last.Healthy
		}
		t.checks[HealthCheck] = check.NewHealth(info, since, told)
	}
}

// policy is how long a task may take to end by itself, unless a kill says otherwise.
func (t *task) policy(kill *mesospb.KillPolicy) time.Duration {
	for _, policy := range []*mesospb.KillPolicy{kill, t.info.GetKillPolicy()} {
		if policy.GetGracePeriod() != nil {
			return time.Duration(policy.GetGracePeriod().GetNanoseconds())
		}
	}
	return defaultKillGracePeriod
}

// kill asks a task to end, and has it killed when the grace period is over. A
// later kill can only bring that forward.
func (s *session) kill(now time.Time, t *task, grace time.Duration) {
	grace = max(grace, 0)
	if t.killed {
		if at := t.killedAt.Add(grace); !t.killAt.IsZero() && at.Before(t.killAt) {
			t.killAt = at
		}
		return
	}
	t.killed, t.killedAt, t.overAt = true, now, time.Time{}
	s.pause(t)
	if s.killingStates && !t.overtime && !t.killing {
		s.report(now, t, mesos.TaskKilling, 0, "")
	}
	// A command may run of which this has not heard yet.
	s.do(Signal{Container: t.container, Signal: syscall.SIGTERM, OrDestroy: !t.running})
	t.killAt = now.Add(grace)
}

// destroy kills a task's container, once.
func (s *session) destroy(t *task) {
	if !t.destroyed {
		t.destroyed = true
		s.do(Destroy{Container: t.container})
	}
}

// tend does what is due for a task.
func (s *session) tend(now time.Time, t *task) {
	if due(now, t.overAt) {
		t.overtime = true
		s.kill(now, t, 0)
	}
	if due(now, t.killAt) {
		t.killAt = time.Time{}
		s.destroy(t)
	}
	for which, checker := range t.checks {
		if checker == nil {
			continue
		}
		if probe, ok := checker.Begin(now); ok {
			s.do(Check{Container: t.container, Which: Which(which), Probe: probe})
		}
	}
}

func due(now, at time.Time) bool { return !at.IsZero() && !at.After(now) }

// next is when something is due for a task; zero if nothing is.
func (t *task) next() time.Time {
	return earliest(t.killAt, t.overAt, t.checks[GeneralCheck].Next(), t.checks[HealthCheck].Next())
}

// earliest is the first of some times that are not zero; zero if there is none.
func earliest(times ...time.Time) (first time.Time) {
	for _, at := range times {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// checked takes in the result of a probe: what is new is told on top of what was
// told before, so that a check and a health check don't hide each other's results.
func (s *session) checked(now time.Time, t *task, in Checked) {
	if t.killed || !t.running {
		return
	}
	finding, news := t.checks[in.Which].Done(now, in.Serial, in.Result)
	if !news {
		return
	}
	status := t.last.CloneVT()
	if in.Which == GeneralCheck {
		status.Reason = mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED.Enum()
		status.CheckStatus = finding.Check
	} else {
		status.Reason = mesospb.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()
		status.Healthy, status.Message = &finding.Healthy, nil
		if finding.Cause != nil {
			status.Message = new("health check: " + finding.Cause.Error())
		}
	}
	s.tell(now, t, status)
	if finding.Kill {
		t.unhealthy = true
		s.kill(now, t, t.policy(nil))
	}
}

// pause ends the probes of a task until resume.
func (s *session) pause(t *task) {
	if t.paused || t.checks == [2]*check.Checker{} {
		return
	}
	t.paused = true
	for _, checker := range t.checks {
		checker.Pause()
	}
	s.do(StopChecks{Container: t.container})
}

func (t *task) resume(now time.Time) {
	t.paused = false
	for _, checker := range t.checks {
		checker.Resume(now)
	}
}

// verdict is the terminal status of a task whose container ended.
func (s *session) verdict(t *task, exit container.Exit) *mesospb.TaskStatus {
	var state mesos.TaskState
	var reason mesospb.TaskStatus_Reason
	message := "Command " + describe(exit.Status)
	switch {
	case exit.Reason != 0: // a limit of the container ended it
		state, reason, message = mesos.TaskFailed, exit.Reason, exit.Message
	case t.overtime:
		state, reason = mesos.TaskFailed, mesospb.TaskStatus_REASON_MAX_COMPLETION_TIME_REACHED
	case t.killed:
		state = mesos.TaskKilled
	case exit.Known && exit.Status.Exited() && exit.Status.ExitStatus() == 0:
		state = mesos.TaskFinished
	default:
		state = mesos.TaskFailed
	}
	if !exit.Known && exit.Reason == 0 {
		message = "the exit status of the command was lost"
	}
	status := s.newStatus(t.info, state, reason, message)
	if len(exit.Limited) > 0 {
		status.Limitation = &mesospb.TaskResourceLimitation{Resources: exit.Limited}
	}
	if t.unhealthy {
		status.Healthy = new(false)
	}
	return status
}

// verdictOfLaunch is the terminal status of a task that could not be launched.
func (s *session) verdictOfLaunch(t *task, err error) *mesospb.TaskStatus {
	if t.killed {
		return s.newStatus(t.info, mesos.TaskKilled,
			mesospb.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "killed before the command ran")
	}
	return s.newStatus(t.info, mesos.TaskFailed, mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED, err.Error())
}
