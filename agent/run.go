package agent

import (
	"path"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// launch is a RunTasks that was checked.
type launch struct {
	message  *linkpb.RunTasks
	executor *mesospb.ExecutorInfo
	id       mesos.ExecutorID
	command  bool                  // the executor was made here, for a command task
	own      resources.Resources   // of the executor
	held     []resources.Resources // of each task
}

// runTasks launches tasks that go to one executor, and the executor if it does
// not run yet. See https://mesos.apache.org/documentation/latest/executor-http-api/.
func (a *Agent) runTasks(m *linkpb.RunTasks) {
	if len(m.GetTasks()) == 0 || m.GetFrameworkInfo().GetId().GetValue() == "" {
		a.log(logError, "ignored a launch without tasks or without a framework id")
		return
	}
	for _, t := range m.GetTasks() {
		if mesos.AgentID(t.GetAgentId().GetValue()) != a.id {
			a.log(logWarn, "ignored a launch for another agent", "task", t.GetTaskId().GetValue(),
				"agent", t.GetAgentId().GetValue())
			return
		}
	}
	f := a.framework(m.GetFrameworkInfo())
	if f.terminating {
		// From a master that doesn't know that the framework was ended.
		a.dropLaunch(f, &launch{message: m}, mesospb.TaskStatus_REASON_FRAMEWORK_REMOVED, "The framework is being shut down here")
		a.notLaunched(f, m)
		return
	}
	a.launch(f, m)
	a.removeIfIdle(f)
}

func (a *Agent) launch(f *framework, m *linkpb.RunTasks) {
	for _, t := range m.GetTasks() {
		if id := mesos.TaskID(t.GetTaskId().GetValue()); f.tasks[id] != nil {
			a.log(logWarn, "ignored a launch of a task that is here", "task", string(id), "framework", string(f.id))
			return
		}
	}
	l, err := a.checkLaunch(f, m)
	if err != nil {
		reason := mesospb.TaskStatus_REASON_TASK_INVALID
		if m.GetTaskGroup() {
			reason = mesospb.TaskStatus_REASON_TASK_GROUP_INVALID
		}
		a.dropLaunch(f, l, reason, err.Error())
		a.notLaunched(f, m)
		return
	}
	if err := a.mayRun(f, l); err != nil {
		a.refuseLaunch(f, l, err)
		a.notLaunched(f, m)
		return
	}
	if a.dropsLaunch(f, l) {
		return
	}
	if !a.hasResources(f, l) {
		a.notLaunched(f, m)
		return
	}
	e := f.executors.get(l.id)
	if !a.maySend(f, l, e) {
		return
	}
	fresh := e == nil
	if fresh {
		e = a.addExecutor(f, l)
	}
	a.enqueue(e, l)
	switch {
	case fresh:
		a.launchContainer(e)
	case e.state == executorRunning && e.connected():
		a.updateContainer(e)
		a.sendQueued(e)
	}
}

// hasResources drops tasks that are to use reservations or volumes which the
// agent does not have, or which others use: the operation that makes them is on
// its way, or was lost or failed.
func (a *Agent) hasResources(f *framework, l *launch) bool {
	whose, missing := a.missingResources(f, l)
	if missing.IsEmpty() {
		return true
	}
	a.dropLaunch(f, l, mesospb.TaskStatus_REASON_RESOURCES_UNKNOWN,
		"Resources of the "+whose+" that the agent does not have free: "+missing.String())
	return false
}

// missingResources are those made by operations that a launch is to use and that
// are not free here, and who wants them. An executor that is here has its own.
func (a *Agent) missingResources(f *framework, l *launch) (whose string, missing resources.Resources) {
	var own resources.Resources
	if f.executors.get(l.id) == nil {
		own = l.own
	}
	wanted := append([]resources.Resources{own}, l.held...)
	operated := false
	for i, w := range wanted {
		wanted[i] = w.Unallocate().Checkpointed()
		operated = operated || !wanted[i].IsEmpty()
	}
	if !operated {
		return "", missing
	}
	free := a.freeOperated()
	for i, w := range wanted {
		for r := range w.All() {
			one := resources.Of(r)
			if !free.Contains(one) {
				whose, missing = "task", missing.Add(one)
				if i == 0 {
					whose = "executor"
				}
			}
			free = free.Sub(one.NonShared())
		}
	}
	return whose, missing
}

// maySend decides whether tasks can go to an executor (nil if there is none),
// and drops them if not. The master says whether it accounted for a new
// executor; if the agent sees that differently, the tasks can't run on the
// resources they were given.
func (a *Agent) maySend(f *framework, l *launch, e *executor) bool {
	wantsNew := l.message.LaunchExecutor
	switch {
	case e == nil && !l.command && wantsNew != nil && !*wantsNew:
		a.dropLaunch(f, l, mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED,
			"The executor is expected to run already, but it does not")
	case e == nil:
		return true
	case l.command:
		a.dropLaunch(f, l, mesospb.TaskStatus_REASON_TASK_INVALID,
			"An executor with the ID of this command task exists already")
	case wantsNew != nil && *wantsNew:
		a.dropLaunch(f, l, mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED,
			"The executor is to be launched, but one with its ID exists already")
		switch e.state {
		case executorTerminated:
			a.exitedExecutor(f.id, e.id, nil)
		case executorRegistering, executorRunning: // the master does not know it
			a.shutdownExecutor(e)
		}
	case e.state == executorTerminating:
		a.dropLaunch(f, l, mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor is terminating")
	case e.state == executorTerminated:
		a.dropLaunch(f, l, mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED, "Executor has terminated")
	default:
		return true
	}
	return false
}

// notLaunched tells a master that has accounted for a new executor that there is none.
func (a *Agent) notLaunched(f *framework, m *linkpb.RunTasks) {
	if id := m.GetExecutorInfo().GetExecutorId().GetValue(); id != "" && m.GetLaunchExecutor() {
		a.exitedExecutor(f.id, mesos.ExecutorID(id), nil)
	}
}

func (a *Agent) dropLaunch(f *framework, l *launch, reason mesospb.TaskStatus_Reason, message string) {
	for _, t := range l.message.GetTasks() {
		a.drop(f, mesos.TaskID(t.GetTaskId().GetValue()), l.id, reason, message)
	}
}

// checkLaunch turns a message into a launch, or says what is wrong with it. The
// launch it returns with an error is good for dropLaunch.
func (a *Agent) checkLaunch(f *framework, m *linkpb.RunTasks) (*launch, error) {
	l := &launch{message: m}
	if err := l.checkTasks(); err != nil {
		return l, err
	}
	first := m.GetTasks()[0]
	switch {
	case m.GetExecutorInfo() != nil:
		l.executor = m.GetExecutorInfo()
	case first.GetExecutor() != nil:
		l.executor = first.GetExecutor()
	case first.GetCommand() != nil && len(m.GetTasks()) == 1 && !m.GetTaskGroup():
		l.executor, l.command = commandExecutor(first), true
	default:
		return l, mesos.Errorf(mesos.Invalid, "launch task %s: neither a command of its own nor an executor",
			first.GetTaskId().GetValue())
	}
	l.id = mesos.ExecutorID(l.executor.GetExecutorId().GetValue())
	if err := checkID("executor_id", string(l.id)); err != nil {
		return l, err
	}
	if err := checkID("framework_id", string(f.id)); err != nil {
		return l, err
	}
	var err error
	if l.own, err = convert.Resources(l.executor.GetResources()); err != nil {
		return l, mesos.Errorf(mesos.Invalid, "launch executor %s: resources: %w", l.id, err)
	}
	return l, nil
}

// checkTasks wants tasks with different IDs and valid resources.
func (l *launch) checkTasks() error {
	seen := make(map[string]bool, len(l.message.GetTasks()))
	for _, t := range l.message.GetTasks() {
		id := t.GetTaskId().GetValue()
		if err := checkID("task_id", id); err != nil {
			return err
		}
		if seen[id] {
			return mesos.Errorf(mesos.Invalid, "launch task %s: it is there twice", id)
		}
		seen[id] = true
		held, err := convert.Resources(t.GetResources())
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "launch task %s: resources: %w", id, err)
		}
		l.held = append(l.held, held)
	}
	return nil
}

// addExecutor makes an executor with a fresh container; its tasks come next.
func (a *Agent) addExecutor(f *framework, l *launch) *executor {
	id := a.config.UUID()
	info := l.executor.CloneVT()
	info.FrameworkId = f.info.Id
	e := &executor{
		framework: f,
		id:        l.id,
		container: mesos.ContainerID(formatUUID(id)),
		info:      info,
		command:   l.command,
		own:       l.own,

		checkpoint: f.info.GetCheckpoint(),
	}
	a.place(e)
	a.reuse(frameworkPath(a.id, f.id), executorPath(a.id, e))
	if e.checkpoint {
		a.checkpointExecutor(e)
	}
	return e
}

// place gives an executor its place among others, in the books and on the disk.
func (a *Agent) place(e *executor) {
	e.status = a.containerStatus(e, nil)
	e.sandbox = path.Join(a.config.WorkDir, runPath(a.id, e))
	if a.config.SwitchUser {
		e.user = e.framework.info.GetUser()
		if u := e.info.GetCommand().GetUser(); u != "" {
			e.user = u
		}
	}
	e.framework.executors.put(e.id, e)
	a.containers[e.container] = e
	a.metrics.executors[executorRegistering]++
	a.hold(e, e.own)
	e.limits.addOwn(e.own)
	a.touch(e)
}

// enqueue gives an executor tasks to be sent to it.
func (a *Agent) enqueue(e *executor, l *launch) {
	tasks := make([]*task, len(l.held))
	for i, info := range l.message.GetTasks() {
		tasks[i] = a.addTask(e, info, l.held[i])
	}
	for _, t := range tasks {
		if l.message.GetTaskGroup() {
			t.group = tasks
		}
		if e.checkpoint {
			a.checkpointTask(t)
		}
	}
}

// launchContainer starts an executor in its container, which is given the
// resources of its first tasks from the beginning.
func (a *Agent) launchContainer(e *executor) {
	e.given = grant{e.allocated, e.limits}
	effect := a.launchEffect(e)
	if e.command {
		effect.Task = a.contained(e.queued.first.value.info)
	}
	a.log(logInfo, "launching executor", "executor", string(e.id), "framework", string(e.framework.id),
		"container", string(e.container))
	a.emit(effect)
	e.deadline.ring = func() { a.notRegistered(e) }
	a.alarms.set(&e.deadline, a.now.Add(a.config.ExecutorRegistrationTimeout))
}

// asLaunched is a task as its executor gets it.
func (a *Agent) asLaunched(e *executor, t *mesospb.TaskInfo) *mesospb.TaskInfo {
	if e.command {
		return a.contained(t)
	}
	return t
}

// contained is a command task with the container that it has if it asks for none.
func (a *Agent) contained(t *mesospb.TaskInfo) *mesospb.TaskInfo {
	if t.Container != nil || a.config.DefaultContainer == nil {
		return t
	}
	t = t.CloneVT()
	t.Container = a.config.DefaultContainer
	return t
}

// launchEffect is what there is to know of an executor's container.
func (a *Agent) launchEffect(e *executor) LaunchContainer {
	info := e.info.CloneVT()
	info.Resources = e.resources()
	if info.Container == nil {
		info.Container = a.config.DefaultContainer
	}
	effect := LaunchContainer{
		Container:   e.container,
		Framework:   e.framework.info,
		Executor:    info,
		Limits:      e.limits.wire(),
		Sandbox:     e.sandbox,
		User:        e.user,
		Environment: a.environment(e),
		Checkpoint:  e.checkpoint,
	}
	switch {
	case e.command:
		effect.Builtin = BuiltinCommand
	case e.builtin():
		effect.Builtin = BuiltinDefault
	}
	return effect
}

// sendQueued sends an executor the tasks that wait for it, in the order they came.
func (a *Agent) sendQueued(e *executor) {
	for e.queued.len() > 0 {
		t := e.queued.first.value
		e.reached = true
		if t.group == nil {
			event := &executorpb.Event{
				Type:   executorpb.Event_LAUNCH.Enum(),
				Launch: &executorpb.Event_Launch{Task: a.asLaunched(e, t.info)},
			}
			a.move(t, TaskLaunched)
			a.tell(e, event)
			continue
		}
		group := &mesospb.TaskGroupInfo{}
		for _, t := range t.group {
			group.Tasks = append(group.Tasks, t.info)
			a.move(t, TaskLaunched)
		}
		a.tell(e, &executorpb.Event{
			Type:        executorpb.Event_LAUNCH_GROUP.Enum(),
			LaunchGroup: &executorpb.Event_LaunchGroup{TaskGroup: group},
		})
	}
}
