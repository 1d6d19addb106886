package master

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A task is one task of a framework: running on an agent, or in the framework's
// unreachable or completed history.
type task struct {
	id        mesos.TaskID
	framework *framework
	agent     *agent // nil in the histories
	agentID   mesos.AgentID
	order     uint64 // of arrival at this master
	resources resources.Resources

	// record is what readers see. It is replaced, not changed, once published.
	record *mesospb.Task
	list   TaskList
	// shareCgroups is TaskInfo.container.linux_info.share_cgroups, true by default.
	shareCgroups bool
	// killed is true once the framework asked to kill the task: an agent that
	// comes back with it running is asked again.
	killed bool

	dirty      bool  // in Master.dirtyTasks
	dropped    bool  // no longer in any list
	prev, next *task // in a history
}

// state is the newest state that the master knows, which may be further on than
// what the framework was told.
func (t *task) state() mesospb.TaskState { return t.record.GetState() }

// told is the state of the newest update that the framework was sent. If there
// was none it is what the agent says that the task has come to, unless that is
// its end: the first update is still to come.
func (t *task) told() mesospb.TaskState {
	switch {
	case t.record.StatusUpdateState != nil:
		return t.record.GetStatusUpdateState()
	case t.terminal():
		return mesospb.TaskState_TASK_STAGING
	}
	return t.record.GetState()
}

// terminal reports whether the task is over.
func (t *task) terminal() bool { return terminal(t.state()) }

// over reports whether the task's resources are free: it is over, or its agent
// is unreachable.
func (t *task) over() bool {
	return t.terminal() || t.state() == mesospb.TaskState_TASK_UNREACHABLE
}

func terminal(state mesospb.TaskState) bool { return mesos.TaskState(state).Terminal() }

// known reports whether a state is one of the protocol's.
func known(state mesospb.TaskState) bool { return mesos.TaskState(state).Valid() }

// newRecord is the record of a task that was just launched.
func newRecord(info *mesospb.TaskInfo, framework *mesospb.FrameworkID) *mesospb.Task {
	record := &mesospb.Task{
		Name:        info.Name,
		TaskId:      info.TaskId,
		FrameworkId: framework,
		AgentId:     info.AgentId,
		State:       mesospb.TaskState_TASK_STAGING.Enum(),
		Resources:   info.Resources,
		Labels:      info.Labels,
		Discovery:   info.Discovery,
		Container:   info.Container,
		HealthCheck: info.HealthCheck,
		KillPolicy:  info.KillPolicy,
		Limits:      info.Limits,
	}
	if info.Executor != nil {
		record.ExecutorId = info.Executor.ExecutorId
	}
	if command := info.GetCommand(); command.GetUser() != "" {
		record.User = command.User
	} else if command := info.GetExecutor().GetCommand(); command.GetUser() != "" {
		record.User = command.User
	}
	return record
}

// copyRecord is a shallow copy, for a record that was published and changes.
func copyRecord(r *mesospb.Task) *mesospb.Task {
	return &mesospb.Task{
		Name:              r.Name,
		TaskId:            r.TaskId,
		FrameworkId:       r.FrameworkId,
		ExecutorId:        r.ExecutorId,
		AgentId:           r.AgentId,
		State:             r.State,
		Resources:         r.Resources,
		Statuses:          r.Statuses,
		StatusUpdateState: r.StatusUpdateState,
		StatusUpdateUuid:  r.StatusUpdateUuid,
		Labels:            r.Labels,
		Discovery:         r.Discovery,
		Container:         r.Container,
		HealthCheck:       r.HealthCheck,
		KillPolicy:        r.KillPolicy,
		User:              r.User,
		Limits:            r.Limits,
	}
}

// change returns the task's record, ready to be changed: the task is published
// again at the end of the Step.
func (m *Master) change(t *task) *mesospb.Task {
	if !t.dirty {
		t.record = copyRecord(t.record)
		m.touchTask(t)
	}
	return t.record
}

// note appends a status to a task's record. A status of the same state as the
// last one replaces it. Data is not kept: it may be large.
func (m *Master) note(t *task, status *mesospb.TaskStatus) {
	if status.Data != nil {
		status = withoutData(status)
	}
	record := m.change(t)
	if n := len(record.Statuses); n > 0 && record.Statuses[n-1].GetState() == status.GetState() {
		// Readers may hold the old slice: only what is beyond its end may be written.
		record.Statuses = append(slices.Clip(slices.Clone(record.Statuses[:n-1])), status)
		return
	}
	record.Statuses = append(record.Statuses, status)
}

// withoutData is a shallow copy of a status without its data.
func withoutData(s *mesospb.TaskStatus) *mesospb.TaskStatus {
	return &mesospb.TaskStatus{
		TaskId:          s.TaskId,
		State:           s.State,
		Message:         s.Message,
		Source:          s.Source,
		Reason:          s.Reason,
		AgentId:         s.AgentId,
		ExecutorId:      s.ExecutorId,
		Timestamp:       s.Timestamp,
		Uuid:            s.Uuid,
		Healthy:         s.Healthy,
		CheckStatus:     s.CheckStatus,
		Labels:          s.Labels,
		ContainerStatus: s.ContainerStatus,
		UnreachableTime: s.UnreachableTime,
		Limitation:      s.Limitation,
	}
}

// inOrder lists tasks in the order in which they arrived.
func inOrder[M ~map[K]*task, K comparable](tasks M) []*task {
	list := make([]*task, 0, len(tasks))
	for _, t := range tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *task) int {
		if a.order < b.order {
			return -1
		}
		return 1
	})
	return list
}

// A history keeps the newest tasks of a framework, at most limit, by ID.
type history struct {
	limit       int
	byID        map[mesos.TaskID]*task
	first, last *task
}

func newHistory(limit int) history {
	return history{limit: limit, byID: make(map[mesos.TaskID]*task)}
}

// forget takes the task of an ID out, if there is one: it was not over after all.
func (h *history) forget(id mesos.TaskID) {
	if t := h.byID[id]; t != nil {
		h.remove(t)
	}
}

// add puts a task at the end and returns the tasks that no longer have a place:
// one of the same ID, and the oldest if there are too many.
func (h *history) add(t *task) (out []*task) {
	if old := h.byID[t.id]; old != nil {
		h.remove(old)
		out = append(out, old)
	}
	if h.limit <= 0 {
		return append(out, t)
	}
	if len(h.byID) >= h.limit {
		oldest := h.first
		h.remove(oldest)
		out = append(out, oldest)
	}
	h.byID[t.id] = t
	t.prev = h.last
	if h.last != nil {
		h.last.next = t
	} else {
		h.first = t
	}
	h.last = t
	return out
}

// remove takes a task of the history out of it.
func (h *history) remove(t *task) {
	delete(h.byID, t.id)
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		h.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		h.last = t.prev
	}
	t.prev, t.next = nil, nil
}
