package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// framework is a framework that runs something here, or did lately.
type framework struct {
	id             mesos.FrameworkID
	info           *mesospb.FrameworkInfo // with id; immutable
	partitionAware bool
	// terminating frameworks get no updates: they can't acknowledge any more.
	terminating bool
	executors   ordered[mesos.ExecutorID, *executor]
	tasks       map[mesos.TaskID]*task // all but the completed
	completed   []pastExecutor         // in the history, oldest first
}

func (f *framework) learn(info *mesospb.FrameworkInfo) {
	f.info = info
	f.partitionAware = false
	for _, c := range info.GetCapabilities() {
		if c.GetType() == mesospb.FrameworkInfo_Capability_PARTITION_AWARE {
			f.partitionAware = true
		}
	}
}

// dropped is the state of a task that never ran here, in words the framework knows.
func (f *framework) dropped() mesos.TaskState { return mesos.TaskDropped.For(f.partitionAware) }

// framework returns the framework of a launch, new or known.
func (a *Agent) framework(info *mesospb.FrameworkInfo) *framework {
	id := mesos.FrameworkID(info.GetId().GetValue())
	if f := a.frameworks.get(id); f != nil {
		return f
	}
	f := &framework{id: id, tasks: make(map[mesos.TaskID]*task)}
	f.learn(info)
	if old := a.history.get(id); old != nil {
		f.completed = old.completed
		a.history.remove(id)
	}
	a.frameworks.put(id, f)
	a.metrics.frameworksActive++
	a.emit(PutFramework{Framework: info})
	if info.GetCheckpoint() {
		a.checkpointFramework(f)
	}
	return f
}

// updateFramework takes a changed FrameworkInfo. Its scheduler may be a new one:
// what is not acknowledged is sent again at once.
func (a *Agent) updateFramework(m *linkpb.UpdateFramework) {
	info := m.GetFrameworkInfo()
	f := a.frameworks.get(mesos.FrameworkID(info.GetId().GetValue()))
	if f == nil || f.terminating {
		return
	}
	f.learn(info)
	a.emit(PutFramework{Framework: info})
	if info.GetCheckpoint() {
		a.checkpointFramework(f)
	}
	a.resendUpdates(f.id)
}

func (a *Agent) masterShutdownFramework(m *linkpb.ShutdownFramework) {
	id := mesos.FrameworkID(m.GetFrameworkId().GetValue())
	f := a.frameworks.get(id)
	a.closeOperations(id)
	if f == nil {
		a.closeUpdates(id)
		return
	}
	a.shutdownFramework(f)
}

// shutdownFramework ends every executor of a framework. Nothing is reported to
// it any more.
func (a *Agent) shutdownFramework(f *framework) {
	if f.terminating {
		return
	}
	a.log(logInfo, "shutting down framework", "framework", string(f.id))
	f.terminating = true
	a.closeUpdates(f.id)
	for _, e := range f.executors.values() {
		switch e.state {
		case executorRegistering, executorRunning:
			a.shutdownExecutor(e)
		case executorTerminated: // was waiting for acknowledgements
			a.removeExecutor(e)
		}
	}
	a.removeIfIdle(f)
}

// removeIfIdle moves a framework without executors to the history. Updates of
// tasks that were dropped before they had an executor go on being delivered.
func (a *Agent) removeIfIdle(f *framework) {
	if f.executors.len() > 0 || a.frameworks.get(f.id) != f {
		return
	}
	a.frameworks.remove(f.id)
	a.metrics.frameworksActive--
	a.history.put(f.id, f)
	a.publication.last(PutFramework{Framework: f.info, Completed: true})
	if a.history.len() > maxCompletedFrameworks {
		a.publication.last(DropFramework{ID: a.history.removeFirst()})
	}
	if f.info.GetCheckpoint() {
		a.forget(frameworkPath(a.id, f.id))
	}
	a.retire(frameworkPath(a.id, f.id))
}

// shutdown leaves the cluster for good: the master is told, executors are shut down.
func (a *Agent) shutdown(in Shutdown) {
	if a.phase != living {
		return
	}
	a.log(logInfo, "unregistering and shutting down", "reason", in.Reason)
	if a.id != "" && a.link.state >= linkRegistering {
		a.emit(SendMaster{Link: a.link.id, Message: &linkpb.ToMaster{
			Message: &linkpb.ToMaster_Unregister{Unregister: &linkpb.Unregister{AgentId: a.info.Id}},
		}})
	}
	a.halt(nil)
}

// halt ends the agent once its executors are shut down; err says why, or is nil
// if it was asked to.
func (a *Agent) halt(err error) {
	if err != nil {
		a.log(logError, "stopping", "error", err)
	}
	a.phase, a.stop = stopping, err
	a.alarms.cancel(&a.link.alarm)
	a.alarms.cancel(&a.link.silence)
	for _, f := range a.frameworks.values() {
		a.shutdownFramework(f)
	}
}

// quit ends the agent at once, and leaves its containers to the next one.
func (a *Agent) quit(err error) {
	a.log(logError, "stopping", "error", err)
	a.phase = stopped
	a.emit(Stopped{Err: err})
}

// finish stops the agent when it is stopping and nothing runs any more.
func (a *Agent) finish() {
	if a.phase != stopping || a.frameworks.len() > 0 {
		return
	}
	a.phase = stopped
	a.emit(Stopped{Err: a.stop})
}
