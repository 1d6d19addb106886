package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// maxStatuses bounds how many statuses of a task are shown.
const maxStatuses = 64

// task is a task of an executor, from its arrival until its last update is
// acknowledged.
type task struct {
	executor *executor
	id       mesos.TaskID
	info     *mesospb.TaskInfo // what to launch; nil once the executor was sent it
	// group are the tasks to be launched together with this one, in order; nil for a task of its own.
	group     []*task
	record    *mesospb.Task // immutable; replaced by each change
	resources resources.Resources
	list      TaskList
	// kill is a request that waits for the executor to connect again.
	kill    *linkpb.KillTask
	changed bool // since it was published
}

func (t *task) state() mesos.TaskState { return mesos.TaskState(t.record.GetState()) }

// live reports whether tasks in a list hold resources.
func (l TaskList) live() bool { return l == TaskQueued || l == TaskLaunched }

// newTask is the record of a task that was just launched. It names its executor,
// unless that was made by the agent for this task.
func newTask(e *executor, info *mesospb.TaskInfo) *mesospb.Task {
	t := &mesospb.Task{
		Name:        new(info.GetName()),
		TaskId:      info.TaskId,
		FrameworkId: e.framework.info.Id,
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
	if !e.command {
		t.ExecutorId = e.info.ExecutorId
	}
	switch {
	case info.GetCommand().GetUser() != "":
		t.User = info.Command.User
	case !e.command && e.info.GetCommand().GetUser() != "":
		t.User = e.info.Command.User
	}
	return t
}

// copyTask is a record to change: all but the top level is shared.
func copyTask(t *mesospb.Task) *mesospb.Task {
	return &mesospb.Task{
		Name:              t.Name,
		TaskId:            t.TaskId,
		FrameworkId:       t.FrameworkId,
		ExecutorId:        t.ExecutorId,
		AgentId:           t.AgentId,
		State:             t.State,
		Resources:         t.Resources,
		Statuses:          t.Statuses,
		StatusUpdateState: t.StatusUpdateState,
		StatusUpdateUuid:  t.StatusUpdateUuid,
		Labels:            t.Labels,
		Discovery:         t.Discovery,
		Container:         t.Container,
		HealthCheck:       t.HealthCheck,
		KillPolicy:        t.KillPolicy,
		User:              t.User,
		Limits:            t.Limits,
	}
}

// addTask queues a task for its executor.
func (a *Agent) addTask(e *executor, info *mesospb.TaskInfo, held resources.Resources) *task {
	t := &task{
		executor:  e,
		id:        mesos.TaskID(info.GetTaskId().GetValue()),
		info:      info,
		record:    newTask(e, info),
		resources: held,
		list:      TaskQueued,
	}
	e.queued.put(t.id, t)
	e.framework.tasks[t.id] = t
	e.limits.count(held, info.GetLimits(), +1)
	a.hold(e, held)
	a.metrics.tasks[t.state()]++
	a.touchTask(t)
	return t
}

// move puts a task on another list of its executor. A task that ends gives its
// resources back.
func (a *Agent) move(t *task, to TaskList) {
	e := t.executor
	if l := e.list(t.list); l != nil {
		l.remove(t.id)
	}
	if l := e.list(to); l != nil {
		l.put(t.id, t)
	}
	if t.list.live() && !to.live() {
		a.metrics.tasks[t.state()]--
		e.limits.count(t.resources, t.record.GetLimits(), -1)
		a.release(e, t.resources)
	}
	t.list = to
	t.info = nil
	a.touchTask(t)
}

func (e *executor) list(l TaskList) *ordered[mesos.TaskID, *task] {
	switch l {
	case TaskQueued:
		return &e.queued
	case TaskLaunched:
		return &e.launched
	case TaskTerminated:
		return &e.terminated
	}
	return nil
}

// apply records a status: the newest of each run of one state is kept, as in
// /state of Mesos. A task that ends leaves the lists of the living.
func (a *Agent) apply(t *task, status *mesospb.TaskStatus) {
	state := mesos.TaskState(status.GetState())
	if state.Terminal() {
		a.move(t, TaskTerminated)
		a.metrics.countEnd(state)
	} else {
		a.metrics.tasks[t.state()]--
		a.metrics.tasks[state]++
	}
	r := copyTask(t.record)
	kept := r.Statuses
	if n := len(kept); n > 0 && kept[n-1].GetState() == status.GetState() {
		kept = kept[:n-1]
	}
	if len(kept) == maxStatuses {
		kept = kept[1:]
	}
	r.Statuses = append(kept[:len(kept):len(kept)], status)
	r.State = status.State
	t.record = r
	a.touchTask(t)
}

// complete ends what is kept of a task: its last update is acknowledged.
func (a *Agent) complete(t *task) {
	e := t.executor
	a.move(t, TaskCompleted)
	delete(e.framework.tasks, t.id)
	e.completed = append(e.completed, t.record)
	if len(e.completed) > maxCompletedTasksPerExecutor {
		oldest := mesos.TaskID(e.completed[0].GetTaskId().GetValue())
		a.publication.last(DropTask{Container: e.container, Task: oldest})
		e.completed = e.completed[1:]
	}
	if e.checkpoint {
		a.forget(taskPath(a.id, e, t.id))
	}
	if e.state == executorTerminated && !e.incomplete() {
		a.removeExecutor(e)
		a.removeIfIdle(e.framework)
	}
}
