package executor

import (
	"fmt"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// launch takes on the task.
func (c *Command) launch(now time.Time, task *mesospb.TaskInfo) {
	if c.phase != idle {
		c.update(now, c.newStatus(task, mesos.TaskFailed, mesospb.TaskStatus_REASON_TASK_INVALID,
			"task: a command executor runs one task only"))
		return
	}
	c.task = task
	if refused := refuse(task); refused != "" {
		c.finish(now, c.newStatus(task, mesos.TaskFailed, mesospb.TaskStatus_REASON_TASK_INVALID, refused))
		return
	}
	c.phase = launching
	c.update(now, c.newStatus(task, mesos.TaskStarting, 0, ""))
	c.do(Launch{Task: task})
}

// refuse says what of a task this executor can't do, if anything.
func refuse(task *mesospb.TaskInfo) string {
	switch {
	case task.GetCommand() == nil:
		return "task: no command"
	case task.GetHealthCheck() != nil:
		return "task: health checks: not available on this agent"
	case task.GetCheck() != nil:
		return "task: checks: not available on this agent"
	}
	return ""
}

// launched takes in that the command runs.
func (c *Command) launched(now time.Time, in Launched) {
	if c.phase != launching {
		return
	}
	c.phase = running
	if in.Status != nil {
		c.status = in.Status
	}
	if c.killed {
		return // the kill is on its way; a killing task does not become running
	}
	if limit := c.task.GetMaxCompletionTime().GetNanoseconds(); limit > 0 {
		c.overAt = now.Add(time.Duration(limit))
	}
	c.update(now, c.newStatus(c.task, mesos.TaskRunning, 0, ""))
}

func (c *Command) launchFailed(now time.Time, in LaunchFailed) {
	if c.phase != launching {
		return
	}
	if c.killed {
		c.finish(now, c.newStatus(c.task, mesos.TaskKilled,
			mesospb.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, "killed before the command ran"))
		return
	}
	c.finish(now, c.newStatus(c.task, mesos.TaskFailed,
		mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED, in.Err.Error()))
}

// killTask takes in a KILL. Its kill policy goes before the task's.
func (c *Command) killTask(now time.Time, kill *executorpb.Event_Kill) {
	if c.phase == idle {
		c.terminate(1) // the task to kill will not come any more
		return
	}
	if kill.GetTaskId().GetValue() != c.task.GetTaskId().GetValue() {
		return
	}
	grace := defaultKillGracePeriod
	if policy := kill.GetKillPolicy(); policy.GetGracePeriod() != nil {
		grace = time.Duration(policy.GetGracePeriod().GetNanoseconds())
	} else if policy := c.task.GetKillPolicy(); policy.GetGracePeriod() != nil {
		grace = time.Duration(policy.GetGracePeriod().GetNanoseconds())
	}
	c.kill(now, grace)
}

// kill asks the task to end, and has it killed when the grace period is over. A
// later kill can only bring that forward.
func (c *Command) kill(now time.Time, grace time.Duration) {
	if c.phase == terminal {
		return
	}
	grace = max(grace, 0)
	if c.killed {
		if at := c.killedAt.Add(grace); !c.killAt.IsZero() && at.Before(c.killAt) {
			c.killAt = at
		}
		return
	}
	c.killed, c.killedAt, c.overAt = true, now, time.Time{}
	if c.killingStates && !c.overtime && !c.killing {
		c.update(now, c.newStatus(c.task, mesos.TaskKilling, 0, ""))
	}
	if c.phase == launching {
		c.destroy() // there is nothing yet that could end by itself
		return
	}
	c.do(Signal{Signal: syscall.SIGTERM})
	c.killAt = now.Add(grace)
}

// exited takes in that the task's container is gone.
func (c *Command) exited(now time.Time, exit container.Exit) {
	if c.phase != running {
		return
	}
	var state mesos.TaskState
	var reason mesospb.TaskStatus_Reason
	message := "Command " + describe(exit.Status)
	switch {
	case exit.Reason != 0: // a limit of the container ended it
		state, reason, message = mesos.TaskFailed, exit.Reason, exit.Message
	case !exit.Known:
		state, message = mesos.TaskFailed, "the exit status of the command was lost"
	case c.overtime:
		state, reason = mesos.TaskFailed, mesospb.TaskStatus_REASON_MAX_COMPLETION_TIME_REACHED
	case c.killed:
		state = mesos.TaskKilled
	case exit.Status.Exited() && exit.Status.ExitStatus() == 0:
		state = mesos.TaskFinished
	default:
		state = mesos.TaskFailed
	}
	c.finish(now, c.newStatus(c.task, state, reason, message))
}

// finish sends the terminal update, after which only its acknowledgement counts.
func (c *Command) finish(now time.Time, status *mesospb.TaskStatus) {
	c.phase = terminal
	c.killAt, c.overAt = time.Time{}, time.Time{}
	c.giveUpAt = now.Add(acknowledgementTimeout)
	c.update(now, status)
}

// newStatus is a status of a task; reason 0 and an empty message are left out.
func (c *Command) newStatus(task *mesospb.TaskInfo, state mesos.TaskState, reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	wireState := mesospb.TaskState(state)
	source := mesospb.TaskStatus_SOURCE_EXECUTOR
	executor := string(c.config.Executor)
	status := &mesospb.TaskStatus{
		TaskId:          task.GetTaskId(),
		State:           &wireState,
		Source:          &source,
		ExecutorId:      &mesospb.ExecutorID{Value: &executor},
		ContainerStatus: c.status,
	}
	if reason != 0 {
		status.Reason = &reason
	}
	if message != "" {
		status.Message = &message
	}
	return status
}

// update sends a status and keeps it until it is acknowledged. While there is no
// connection that is all: the next SUBSCRIBE carries it.
func (c *Command) update(now time.Time, status *mesospb.TaskStatus) {
	uuid := c.config.UUID()
	timestamp := float64(now.UnixNano()) / float64(time.Second)
	status.Uuid, status.Timestamp = uuid[:], &timestamp
	update := &executorpb.Call_Update{Status: status}
	c.updates = append(c.updates[:len(c.updates):len(c.updates)], update)
	if c.subscribed {
		c.send(update)
	}
}

func (c *Command) send(update *executorpb.Call_Update) {
	call := c.call(executorpb.Call_UPDATE)
	call.Update = update
	c.do(Send{Call: call})
}

// describe says how a process ended, as Mesos words it in a task's message.
func describe(status syscall.WaitStatus) string {
	switch {
	case status.Exited():
		return fmt.Sprintf("exited with status %d", status.ExitStatus())
	case status.CoreDump():
		return "terminated with signal " + signalName(status.Signal()) + " (core dumped)"
	}
	return "terminated with signal " + signalName(status.Signal())
}

// signalNames are the C library's descriptions of signals.
var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "Hangup", syscall.SIGINT: "Interrupt", syscall.SIGQUIT: "Quit",
	syscall.SIGILL: "Illegal instruction", syscall.SIGTRAP: "Trace/breakpoint trap",
	syscall.SIGABRT: "Aborted", syscall.SIGBUS: "Bus error",
	syscall.SIGFPE: "Floating point exception", syscall.SIGKILL: "Killed",
	syscall.SIGUSR1: "User defined signal 1", syscall.SIGSEGV: "Segmentation fault",
	syscall.SIGUSR2: "User defined signal 2", syscall.SIGPIPE: "Broken pipe",
	syscall.SIGALRM: "Alarm clock", syscall.SIGTERM: "Terminated",
	syscall.SIGXCPU: "CPU time limit exceeded", syscall.SIGXFSZ: "File size limit exceeded",
	syscall.SIGVTALRM: "Virtual timer expired", syscall.SIGPROF: "Profiling timer expired",
	syscall.SIGIO: "I/O possible", syscall.SIGSYS: "Bad system call",
}

func signalName(signal syscall.Signal) string {
	const firstRealTime = 34
	if name, ok := signalNames[signal]; ok {
		return name
	}
	if signal >= firstRealTime {
		return fmt.Sprintf("Real-time signal %d", signal-firstRealTime)
	}
	return fmt.Sprintf("Unknown signal %d", signal)
}
