package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// adoptRuns takes over what an earlier agent ran: frameworks, executors and tasks as
// they were written down. Their containers are looked for; those of executors
// that were not written down end. See
// https://mesos.apache.org/documentation/latest/agent-recovery/.
func (a *Agent) adoptRuns(frameworks []*pastFramework) {
	effect := RecoverContainers{}
	for _, past := range frameworks {
		f := &framework{id: mesos.FrameworkID(past.info.GetId().GetValue()), tasks: make(map[mesos.TaskID]*task)}
		f.learn(past.info)
		a.frameworks.put(f.id, f)
		a.metrics.frameworksActive++
		a.emit(PutFramework{Framework: past.info})
		for _, run := range past.executors {
			effect.Containers = append(effect.Containers, a.adoptRun(f, run))
		}
	}
	a.emit(effect)
}

func (a *Agent) adoptRun(f *framework, run *pastRun) RecoveredContainer {
	e := &executor{
		framework:  f,
		id:         mesos.ExecutorID(run.info.GetExecutorId().GetValue()),
		container:  run.container,
		info:       run.info,
		command:    run.command,
		own:        run.own,
		pid:        run.pid,
		checkpoint: true,
		recovering: true,
	}
	a.recovering++
	a.place(e)
	groups := make(map[string][]*task)
	for _, past := range run.tasks {
		t := a.adoptTask(e, past)
		if past.group != "" {
			groups[past.group] = append(groups[past.group], t)
		}
	}
	for _, group := range groups {
		for _, t := range group {
			t.group = group
		}
	}
	e.deadline.ring = func() { a.notReregistered(e) }
	a.alarms.set(&e.deadline, a.now.Add(a.config.ExecutorReregistrationTimeout))
	return a.recovered(e, run)
}

// adoptTask takes over a task that was, as far as the agent knows, sent to its
// executor. If it was not, the executor will not list it when it subscribes.
func (a *Agent) adoptTask(e *executor, past *pastTask) *task {
	t := a.addTask(e, past.info, past.held)
	a.move(t, TaskLaunched)
	for _, status := range past.statuses {
		a.apply(t, status)
		if status.GetSource() == mesospb.TaskStatus_SOURCE_EXECUTOR {
			e.reached = true
		}
	}
	t.kill = past.kill
	s := a.stream(e.framework.id, t.id)
	s.stream = past.stream
	s.path = updatesPath(a.id, e, t.id)
	s.retry.ring = func() { a.forward(s) }
	if told := lastTold(past); told != nil {
		a.forwarded(t, told)
	}
	return t
}

// lastTold is the newest status that a master may have been sent.
func lastTold(past *pastTask) *mesospb.TaskStatus {
	switch {
	case len(past.stream.pending) > 0:
		return past.stream.pending[0].status
	case len(past.statuses) > 0:
		return past.statuses[len(past.statuses)-1]
	}
	return nil
}

// recovered is what the shell needs to find a container and, of a built-in
// executor, to go on where it was.
func (a *Agent) recovered(e *executor, run *pastRun) RecoveredContainer {
	c := RecoveredContainer{LaunchContainer: a.launchEffect(e)}
	if !e.builtin() {
		return c
	}
	for _, past := range run.tasks {
		t := RecoveredTask{Info: past.info, Group: past.group}
		if n := len(past.statuses); n > 0 {
			t.Told = past.statuses[n-1]
		}
		for _, s := range past.statuses {
			if s.GetState() == mesospb.TaskState_TASK_RUNNING && t.Running == 0 {
				t.Running = s.GetTimestamp()
			}
		}
		c.Tasks = append(c.Tasks, t)
	}
	if e.command {
		c.Task = a.contained(c.Tasks[0].Info)
		c.Tasks[0].Info = c.Task
	}
	return c
}

// notReregistered destroys an executor that an earlier agent left and that has
// not subscribed in time (--executor_reregistration_timeout).
func (a *Agent) notReregistered(e *executor) {
	if e.state != executorRegistering {
		return
	}
	e.demise = demise{
		reason:  mesospb.TaskStatus_REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
		message: "Executor did not subscribe again within " + mesos.FormatDuration(a.config.ExecutorReregistrationTimeout),
	}
	a.transition(e, executorTerminating)
	a.emit(DestroyContainer{Container: e.container})
	a.settled(e)
}

// settled notes that an executor of an earlier agent is back, or gone. Once that
// is so of all, the master can be told what runs here.
func (a *Agent) settled(e *executor) {
	if !e.recovering {
		return
	}
	e.recovering = false
	a.recovering--
	a.meterRecovery()
	if a.recovering == 0 && a.phase == living && a.link.state == linkRecovering {
		a.register()
	}
}
