package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// updateManager keeps the status updates that frameworks have not acknowledged.
// The updates of one task form a stream: they are sent in order, each only when
// the one before was acknowledged. See
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/.
type updateManager struct {
	frameworks ordered[mesos.FrameworkID, *ordered[mesos.TaskID, *updateStream]]
}

// updateStream is the updates of one task.
type updateStream struct {
	stream[*mesospb.TaskStatus]
	framework mesos.FrameworkID
	task      mesos.TaskID
}

func (m *updateManager) stream(f mesos.FrameworkID, t mesos.TaskID) *updateStream {
	streams := m.frameworks.get(f)
	if streams == nil {
		return nil
	}
	return streams.get(t)
}

// seen reports whether an update with a UUID came before.
func (m *updateManager) seen(f mesos.FrameworkID, t mesos.TaskID, id []byte) bool {
	s := m.stream(f, t)
	return s != nil && s.seen(id)
}

// pending reports whether some update of a task is not acknowledged.
func (m *updateManager) pending(f mesos.FrameworkID, t mesos.TaskID) bool {
	s := m.stream(f, t)
	return s != nil && len(s.pending) > 0
}

// stream returns the stream of a task, new or known, that is not checkpointed.
func (a *Agent) stream(f mesos.FrameworkID, t mesos.TaskID) *updateStream {
	if s := a.updates.stream(f, t); s != nil {
		return s
	}
	streams := a.updates.frameworks.get(f)
	if streams == nil {
		streams = &ordered[mesos.TaskID, *updateStream]{}
		a.updates.frameworks.put(f, streams)
	}
	s := &updateStream{framework: f, task: t}
	s.retry.ring = func() { a.forward(s) }
	streams.put(t, s)
	return s
}

// streamOf returns the stream of a task with an executor, checkpointed if its
// framework wants that.
func (a *Agent) streamOf(t *task) *updateStream {
	s := a.stream(t.executor.framework.id, t.id)
	if t.executor.checkpoint && len(s.received) == 0 {
		s.path = updatesPath(a.id, t.executor, t.id)
	}
	return s
}

// deliver takes an update into its stream: it is made durable, and sent if it is
// the first that waits.
func (a *Agent) deliver(s *updateStream, status *mesospb.TaskStatus) {
	first := s.add(status.GetUuid(), status)
	a.checkpointUpdate(s.path, &linkpb.StatusUpdate{
		FrameworkId: &mesospb.FrameworkID{Value: new(string(s.framework))},
		ExecutorId:  status.ExecutorId,
		Status:      status,
	})
	if first {
		s.interval = 0
		a.forward(s)
	}
}

// forward sends the first update of a stream and arranges for the next attempt.
func (a *Agent) forward(s *updateStream) {
	if !a.registered() || len(s.pending) == 0 {
		return
	}
	status := s.pending[0].status
	m := &linkpb.StatusUpdate{
		FrameworkId: &mesospb.FrameworkID{Value: new(string(s.framework))},
		ExecutorId:  status.ExecutorId,
		Status:      status,
	}
	if f := a.frameworks.get(s.framework); f != nil {
		if t := f.tasks[s.task]; t != nil {
			m.LatestState = t.record.State
			a.forwarded(t, status)
		}
	}
	a.send(&linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: m}})
	a.arm(&s.retry, &s.interval)
}

// forwarded notes the update that is on its way in the record of its task, so
// that a re-registration tells a new master of it.
func (a *Agent) forwarded(t *task, status *mesospb.TaskStatus) {
	if string(t.record.StatusUpdateUuid) == string(status.Uuid) {
		return
	}
	r := copyTask(t.record)
	r.StatusUpdateState, r.StatusUpdateUuid = status.State, status.Uuid
	t.record = r
	a.touchTask(t)
}

// acknowledge takes a framework's acknowledgement. One that is not for the
// update that was sent last is a duplicate, and ignored.
func (a *Agent) acknowledge(m *linkpb.Acknowledge) {
	f := mesos.FrameworkID(m.GetFrameworkId().GetValue())
	id := mesos.TaskID(m.GetTaskId().GetValue())
	s := a.updates.stream(f, id)
	var status *mesospb.TaskStatus
	if s != nil {
		status, _ = s.acknowledged(m.GetUuid())
	}
	if status == nil {
		a.log(logDebug, "ignored an acknowledgement that nothing waits for", "task", string(id), "framework", string(f))
		return
	}
	a.alarms.cancel(&s.retry)
	a.checkpointAcknowledgement(s.path, m.GetUuid())
	if !mesos.TaskState(status.GetState()).Terminal() {
		a.forward(s)
		return
	}
	a.closeStreamOf(s)
	if f := a.frameworks.get(f); f != nil {
		if t := f.tasks[id]; t != nil && t.list == TaskTerminated {
			a.complete(t)
		}
	}
}

func (a *Agent) closeStreamOf(s *updateStream) {
	a.alarms.cancel(&s.retry)
	streams := a.updates.frameworks.get(s.framework)
	streams.remove(s.task)
	if streams.len() == 0 {
		a.updates.frameworks.remove(s.framework)
	}
}

// closeUpdates forgets the updates of a framework that is gone.
func (a *Agent) closeUpdates(f mesos.FrameworkID) {
	if streams := a.updates.frameworks.get(f); streams != nil {
		for _, s := range streams.values() {
			a.closeStreamOf(s)
		}
	}
}

// pauseUpdates keeps updates back while no master is there.
func (a *Agent) pauseUpdates() {
	for _, streams := range a.updates.frameworks.values() {
		for _, s := range streams.values() {
			a.alarms.cancel(&s.retry)
		}
	}
}

// resumeUpdates sends what waits in every stream.
func (a *Agent) resumeUpdates() {
	for e := a.updates.frameworks.first; e != nil; e = e.next {
		a.resendUpdates(e.key)
	}
}

// resendUpdates sends what waits in the streams of a framework at once.
func (a *Agent) resendUpdates(f mesos.FrameworkID) {
	if streams := a.updates.frameworks.get(f); streams != nil {
		for e := streams.first; e != nil; e = e.next {
			e.value.interval = 0
			a.forward(e.value)
		}
	}
}
