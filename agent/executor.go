package agent

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// executor is one run of an executor in one container.
type executor struct {
	framework *framework
	id        mesos.ExecutorID
	container mesos.ContainerID
	info      *mesospb.ExecutorInfo // framework_id set; immutable
	command   bool                  // made by the agent to run one task's command
	sandbox   string
	user      string
	// checkpoint is true if the framework wanted checkpoints when this run began.
	checkpoint bool
	state      executorState
	// stream is the event stream, or "" while the executor is not connected.
	stream StreamID
	pid    int
	status *mesospb.ContainerStatus // of the container; immutable
	// subscribed is true once the executor has subscribed: its container runs.
	subscribed bool
	// recovering is true while an executor that an earlier agent ran is neither
	// back nor gone.
	recovering bool
	// reached is true once the executor was sent a task.
	reached bool
	// demise is why the agent itself decided to end the container, if it did.
	demise demise

	queued, launched, terminated ordered[mesos.TaskID, *task]
	completed                    []*mesospb.Task // newest last

	own       resources.Resources // of the executor itself
	allocated resources.Resources // and of its queued and launched tasks
	wire      []*mesospb.Resource // the same as messages; nil if they must be made anew
	limits    limits
	given     grant // what the container was given last
	deadline  alarm // to subscribe, or to end
	heartbeat alarm
	ended     bool // in the history
	changed   bool // since it was published
}

// executorState is how far an executor is in its life.
type executorState int

const (
	executorRegistering executorState = iota // its container starts; it has not subscribed
	executorRunning
	executorTerminating // asked to end, or being destroyed
	executorTerminated  // its container is gone; some update is not acknowledged
)

// demise is a reason to report for the tasks of an executor that the agent killed.
type demise struct {
	reason  mesospb.TaskStatus_Reason
	message string
}

func (e *executor) connected() bool { return e.stream != "" }

// builtin reports whether the agent has the executor, and not the framework.
func (e *executor) builtin() bool {
	return e.command || e.info.GetType() == mesospb.ExecutorInfo_DEFAULT
}

func (e *executor) containerID() *mesospb.ContainerID {
	return &mesospb.ContainerID{Value: new(string(e.container))}
}

// live are the tasks that have not ended: launched, then queued.
func (e *executor) live() []*task { return append(e.launched.values(), e.queued.values()...) }

// incomplete reports whether some task has not ended, or not been acknowledged.
func (e *executor) incomplete() bool {
	return e.queued.len()+e.launched.len()+e.terminated.len() > 0
}

// transition moves an executor on, keeping the gauges.
func (a *Agent) transition(e *executor, to executorState) {
	a.metrics.executors[e.state]--
	a.metrics.executors[to]++
	e.state = to
	a.touch(e)
}

// tell puts an event on an executor's stream, if it has one.
func (a *Agent) tell(e *executor, event *executorpb.Event) {
	if e.connected() {
		a.emit(SendExecutor{Stream: e.stream, Event: event})
	}
}

func (a *Agent) masterShutdownExecutor(m *linkpb.ShutdownExecutor) {
	f := a.frameworks.get(mesos.FrameworkID(m.GetFrameworkId().GetValue()))
	if f == nil || f.terminating {
		return
	}
	e := f.executors.get(mesos.ExecutorID(m.GetExecutorId().GetValue()))
	if e == nil || e.state >= executorTerminating {
		return
	}
	a.shutdownExecutor(e)
}

// shutdownExecutor asks an executor to end, and destroys its container if it has
// not within its grace period (ExecutorInfo.shutdown_grace_period, or
// --executor_shutdown_grace_period). One that has not subscribed yet is told
// when it does.
func (a *Agent) shutdownExecutor(e *executor) {
	a.log(logInfo, "shutting down executor", "executor", string(e.id), "framework", string(e.framework.id))
	a.transition(e, executorTerminating)
	a.tell(e, &executorpb.Event{Type: executorpb.Event_SHUTDOWN.Enum()})
	e.deadline.ring = func() {
		a.log(logInfo, "destroying executor that did not end in time", "executor", string(e.id),
			"framework", string(e.framework.id))
		a.emit(DestroyContainer{Container: e.container})
	}
	a.alarms.set(&e.deadline, a.now.Add(a.gracePeriod(e.info)))
}

func (a *Agent) gracePeriod(info *mesospb.ExecutorInfo) time.Duration {
	if g := info.GetShutdownGracePeriod(); g != nil {
		return time.Duration(g.GetNanoseconds())
	}
	return a.config.ExecutorShutdownGracePeriod
}

// shutdownIfIdle ends an executor whose every task was killed before it was sent
// one: a command executor would wait for its task forever.
func (a *Agent) shutdownIfIdle(e *executor) bool {
	if e.reached || e.queued.len() > 0 {
		return false
	}
	a.shutdownExecutor(e)
	return true
}

// notRegistered destroys an executor that did not subscribe in time
// (--executor_registration_timeout).
func (a *Agent) notRegistered(e *executor) {
	if e.state != executorRegistering {
		return
	}
	e.demise = demise{
		reason:  mesospb.TaskStatus_REASON_EXECUTOR_REGISTRATION_TIMEOUT,
		message: "Executor did not subscribe within " + mesos.FormatDuration(a.config.ExecutorRegistrationTimeout),
	}
	a.transition(e, executorTerminating)
	a.emit(DestroyContainer{Container: e.container})
}

// containerUpdateFailed destroys a container that could not be given its
// resources: its tasks don't have what they were promised.
func (a *Agent) containerUpdateFailed(in ContainerUpdateFailed) {
	e := a.containers[in.Container]
	if e == nil || e.state == executorTerminated {
		return
	}
	e.demise = demise{
		reason:  mesospb.TaskStatus_REASON_CONTAINER_UPDATE_FAILED,
		message: "Failed to update the container's resources: " + in.Message,
	}
	a.emit(DestroyContainer{Container: e.container})
}

func (a *Agent) containerStarted(in ContainerStarted) {
	e := a.containers[in.Container]
	if e == nil || e.state == executorTerminated {
		return
	}
	e.pid = in.Pid
	e.status = a.containerStatus(e, nil)
	if e.checkpoint && e.pid > 0 && !e.recovering {
		a.checkpointPid(e)
	}
	a.touch(e)
}

// containerEnded ends an executor: its unfinished tasks are over.
func (a *Agent) containerEnded(in ContainerEnded) {
	e := a.containers[in.Container]
	if e == nil || e.state == executorTerminated {
		return
	}
	f := e.framework
	a.log(logInfo, "executor ended", "executor", string(e.id), "framework", string(f.id), "message", in.Message)
	if !in.Launched {
		a.metrics.containerLaunchErrors++
	}
	a.closeStream(e)
	a.alarms.cancel(&e.deadline)
	a.transition(e, executorTerminated)
	a.metrics.executorsTerminated++
	if f.terminating {
		for _, t := range e.live() {
			a.move(t, TaskTerminated)
		}
	} else {
		reason, message := e.epitaph(in)
		state := mesos.TaskFailed
		switch {
		case in.NoSandbox:
			state = f.dropped()
		case e.blameless(reason, in):
			state = mesos.TaskGone.For(f.partitionAware)
		}
		for _, t := range e.live() {
			a.reportLimited(t, state, reason, message, in.Limited)
		}
	}
	a.release(e, e.own)
	if !e.command {
		a.exitedExecutor(f.id, e.id, in.Status)
	}
	if e.checkpoint {
		a.emit(ReleaseContainer{Container: e.container})
	}
	if f.terminating || !e.incomplete() {
		a.removeExecutor(e)
	}
	a.removeIfIdle(f)
	a.settled(e)
}

// blameless reports whether the tasks of an executor that ended did nothing that
// they ended of: the agent gave them up, or they were gone when it came back, after
// a reboot say, and nobody knows how they ended.
func (e *executor) blameless(reason mesospb.TaskStatus_Reason, in ContainerEnded) bool {
	switch reason {
	case mesospb.TaskStatus_REASON_CONTAINER_UPDATE_FAILED, mesospb.TaskStatus_REASON_CONTAINER_PREEMPTED,
		mesospb.TaskStatus_REASON_EXECUTOR_REREGISTRATION_TIMEOUT:
		return true
	}
	return reason == mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED && e.recovering && e.reached && in.Status == nil
}

// epitaph is what is said of the tasks of an executor that ended. What the
// container died of goes before what the agent itself had in mind, unless that
// is why the launch was given up.
func (e *executor) epitaph(in ContainerEnded) (mesospb.TaskStatus_Reason, string) {
	reason := mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED
	switch {
	case e.demise.reason != 0 && (in.Reason == 0 || !in.Launched):
		reason = e.demise.reason
	case in.Reason != 0:
		reason = mesospb.TaskStatus_Reason(in.Reason)
	case !in.Launched:
		reason = mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED
	}
	message := in.Message
	switch {
	case e.demise.message != "" && message != "":
		message = e.demise.message + "; " + message
	case message == "":
		message = e.demise.message
	}
	if message == "" {
		message = "Executor terminated"
	}
	return reason, message
}

// exitedExecutor tells the master that a custom executor is gone. A master that
// is not there learns it from the next re-registration; one that is being told
// right now what runs here learns it right after.
func (a *Agent) exitedExecutor(f mesos.FrameworkID, id mesos.ExecutorID, status *int) {
	m := &linkpb.ExitedExecutor{
		FrameworkId: &mesospb.FrameworkID{Value: new(string(f))},
		ExecutorId:  &mesospb.ExecutorID{Value: new(string(id))},
	}
	if status != nil {
		m.Status = new(int32(*status))
	}
	message := &linkpb.ToMaster{Message: &linkpb.ToMaster_ExitedExecutor{ExitedExecutor: m}}
	if a.link.state == linkRegistering {
		a.link.exited = append(a.link.exited, message)
		return
	}
	a.send(message)
}

// removeExecutor moves an executor that has ended to its framework's history.
func (a *Agent) removeExecutor(e *executor) {
	f := e.framework
	if e.checkpoint {
		a.checkpointEnd(e)
	}
	a.retireRun(e)
	for _, list := range []*ordered[mesos.TaskID, *task]{&e.queued, &e.launched, &e.terminated} {
		for t := list.first; t != nil; t = t.next {
			delete(f.tasks, t.key)
		}
	}
	a.metrics.executors[e.state]--
	e.ended = true
	f.executors.remove(e.id)
	delete(a.containers, e.container)
	a.touch(e)
	past := pastExecutor{id: e.id, container: e.container, tasks: e.completed}
	if e.checkpoint {
		past.path, past.run = executorPath(a.id, e), runPath(a.id, e)
	}
	f.completed = append(f.completed, past)
	for len(f.completed) > a.config.MaxCompletedExecutorsPerFramework {
		oldest := f.completed[0]
		f.completed = slices.Delete(f.completed, 0, 1)
		a.forgetExecutor(f, oldest)
	}
}

// pastExecutor is a run of an executor in the history.
type pastExecutor struct {
	id        mesos.ExecutorID
	container mesos.ContainerID
	tasks     []*mesospb.Task // completed, newest last
	path, run string          // of the checkpoints of the executor and of its run, if there are any
}

// forgetExecutor drops an executor from the history, with its checkpoints.
func (a *Agent) forgetExecutor(f *framework, e pastExecutor) {
	a.publication.last(DropExecutor{Framework: f.id, Container: e.container})
	again := func(other pastExecutor) bool { return other.id == e.id }
	switch {
	case e.path == "":
	case f.executors.get(e.id) != nil || slices.ContainsFunc(f.completed, again):
		a.forget(e.run)
	default:
		a.forget(e.path)
	}
}
