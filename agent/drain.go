package agent

import (
	"path"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An agent that is drained kills what it runs and takes nothing new, until nothing
// is left. It goes on where it was when it comes back from a restart.
// https://mesos.apache.org/documentation/latest/maintenance/#draining-agents

func drainPath(id mesos.AgentID) string { return path.Join(agentPath(id), "drain_config") }

// drain begins a drain, or changes the one under way.
func (a *Agent) drain(config *mesospb.DrainConfig) {
	if a.empty() {
		a.log(logInfo, "nothing to drain")
		return
	}
	a.log(logInfo, "draining", "max_grace_period", time.Duration(config.GetMaxGracePeriod().GetNanoseconds()),
		"mark_gone", config.GetMarkGone())
	a.draining = config
	a.write(drainPath(a.id), config)
	a.emit(PutDrain{Config: config, Since: a.now})
	a.killAll()
}

// empty reports whether nothing is left that a drain waits for.
func (a *Agent) empty() bool { return a.frameworks.len() == 0 && a.operations.len() == 0 }

// endDrain ends a drain under way once nothing is left.
func (a *Agent) endDrain() {
	if a.draining == nil || !a.empty() {
		return
	}
	a.log(logInfo, "drained")
	a.draining = nil
	a.forget(drainPath(a.id))
	a.emit(PutDrain{})
}

// killAll kills every task. One may take others of its group with it.
func (a *Agent) killAll() {
	for _, f := range a.frameworks.values() {
		for _, e := range f.executors.values() {
			for _, list := range []*ordered[mesos.TaskID, *task]{&e.launched, &e.queued} {
				for _, t := range list.values() {
					if f.tasks[t.id] == t && t.list != TaskTerminated {
						a.killTask(&linkpb.KillTask{
							FrameworkId: f.info.Id, TaskId: t.record.TaskId, KillPolicy: a.drainPolicy(t.record.GetKillPolicy()),
						})
					}
				}
			}
		}
	}
}

// drainPolicy is how a task is killed whose framework wants it as told: in no more
// time than the drain allows; nil if that changes nothing.
func (a *Agent) drainPolicy(own *mesospb.KillPolicy) *mesospb.KillPolicy {
	most := a.draining.GetMaxGracePeriod()
	if most == nil || own.GetGracePeriod() != nil && own.GetGracePeriod().GetNanoseconds() <= most.GetNanoseconds() {
		return nil
	}
	return &mesospb.KillPolicy{GracePeriod: most}
}

// tellDrain makes a status say that its task is killed because of a drain, and
// (to those who know the word) that its agent will not be back.
func (a *Agent) tellDrain(f *framework, status *mesospb.TaskStatus) {
	if a.draining == nil {
		return
	}
	switch status.GetState() {
	case mesospb.TaskState_TASK_KILLED:
		if a.draining.GetMarkGone() && f.partitionAware {
			status.State = mesospb.TaskState_TASK_GONE_BY_OPERATOR.Enum()
		}
		fallthrough
	case mesospb.TaskState_TASK_KILLING:
		status.Reason = mesospb.TaskStatus_REASON_AGENT_DRAINING.Enum()
	}
}

// dropsLaunch drops tasks that arrive amid a drain.
func (a *Agent) dropsLaunch(f *framework, l *launch) bool {
	if a.draining == nil {
		return false
	}
	a.dropLaunch(f, l, mesospb.TaskStatus_REASON_AGENT_DRAINING, "The agent is draining")
	a.notLaunched(f, l.message)
	return true
}
