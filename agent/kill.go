package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// killTask kills a task. One that its executor has not been sent is over at once,
// together with its task group; otherwise the executor is told, and reports.
func (a *Agent) killTask(m *linkpb.KillTask) {
	f := a.frameworks.get(mesos.FrameworkID(m.GetFrameworkId().GetValue()))
	if f == nil || f.terminating {
		a.log(logWarn, "ignored a kill for a framework that does not run here", "task", m.GetTaskId().GetValue(),
			"framework", m.GetFrameworkId().GetValue())
		return
	}
	id := mesos.TaskID(m.GetTaskId().GetValue())
	t := f.tasks[id]
	if t == nil {
		if !a.updates.pending(f.id, id) {
			a.drop(f, id, "", mesospb.TaskStatus_REASON_EXECUTOR_TERMINATED, "No executor has this task")
		}
		return
	}
	e := t.executor
	switch {
	case e.state >= executorTerminating || t.list == TaskTerminated:
		a.log(logDebug, "ignored a kill of a task that is ending", "task", string(id))
	case t.list == TaskQueued:
		a.killQueued(t)
		if e.state == executorRunning {
			a.shutdownIfIdle(e)
		}
	default:
		a.checkpointKill(t, m)
		if e.connected() {
			a.tell(e, kill(m))
			return
		}
		t.kill = m
	}
}

// killQueued ends a task that was not sent to its executor.
func (a *Agent) killQueued(t *task) {
	group, message := t.group, "Killed before it was sent to the executor"
	if group == nil {
		group = []*task{t}
	} else {
		message = "A task of the task group was killed before it was sent to the executor"
	}
	for _, t := range group {
		a.report(t, mesos.TaskKilled, mesospb.TaskStatus_REASON_TASK_KILLED_DURING_LAUNCH, message)
	}
}

func kill(m *linkpb.KillTask) *executorpb.Event {
	return &executorpb.Event{
		Type: executorpb.Event_KILL.Enum(),
		Kill: &executorpb.Event_Kill{TaskId: m.TaskId, KillPolicy: m.KillPolicy},
	}
}
