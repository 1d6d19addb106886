package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What an agent gives away although it is allocated, as long as it is not used,
// and what it does when it is. See
// https://mesos.apache.org/documentation/latest/oversubscription/.

type (
	// Estimate is a new estimate of the revocable resources that the agent can
	// give away in all, those that are in use now included. It replaces the
	// earlier one, and is told to the master if it differs.
	Estimate struct{ Resources resources.Resources }
	// Preempt kills an executor so that others get what they were promised. Its
	// tasks are told TASK_GONE (or TASK_LOST) with REASON_CONTAINER_PREEMPTED.
	Preempt struct {
		Framework mesos.FrameworkID
		Executor  mesos.ExecutorID
		// Container is the run that is meant; empty means the present one.
		Container mesos.ContainerID
	}
)

func (Estimate) isInput() {}
func (Preempt) isInput()  {}

// oversubscription is the agent's latest estimate; nil before the first.
type oversubscription struct{ revocable resources.Resources }

// estimate takes a new estimate. What is in use of more than it stays in the
// agent's total until it is freed or preempted.
func (a *Agent) estimate(in Estimate) {
	if firm := in.Resources.NonRevocable(); !firm.IsEmpty() {
		a.log(logError, "ignored an estimate: it has resources that are not revocable", "resources", firm)
		return
	}
	used := a.usedRevocable()
	revocable := used.Add(in.Resources.Unallocate().Sub(used))
	if old := a.oversubscribed; old != nil && old.revocable.Equal(revocable) {
		return
	}
	a.meterRevocable(-1)
	a.oversubscribed = &oversubscription{revocable}
	a.meterRevocable(+1)
	a.sendEstimate()
}

func (a *Agent) meterRevocable(sign resources.Scalar) {
	if a.oversubscribed != nil {
		count(&a.metrics.total, a.oversubscribed.revocable, sign)
	}
}

// usedRevocable is the revocable resources in use, without allocation roles.
func (a *Agent) usedRevocable() (used resources.Resources) {
	for _, f := range a.frameworks.values() {
		for _, e := range f.executors.values() {
			if revocable := e.allocated.Revocable(); !revocable.IsEmpty() {
				used = used.Add(revocable.Unallocate())
			}
		}
	}
	return used
}

// sendEstimate tells the master the latest estimate, if there is one: when it
// changes, and after each registration.
func (a *Agent) sendEstimate() {
	if a.oversubscribed == nil || !a.registered() {
		return
	}
	a.log(logInfo, "telling the master what is oversubscribed", "revocable", a.oversubscribed.revocable)
	a.send(&linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateAgent{UpdateAgent: &linkpb.UpdateAgent{
		AgentInfo:                     a.info,
		UpdateOversubscribedResources: new(true),
		OversubscribedResources:       a.estimated(),
	}}})
}

// estimated is the latest estimate as a message has it.
func (a *Agent) estimated() []*mesospb.Resource {
	if a.oversubscribed == nil {
		return nil
	}
	return convert.ToWire(a.oversubscribed.revocable)
}

// preempt kills an executor.
func (a *Agent) preempt(in Preempt) {
	ignore := func(why string) {
		a.log(logWarn, "ignored a QoS correction: "+why, "executor", string(in.Executor), "framework", string(in.Framework))
	}
	f := a.frameworks.get(in.Framework)
	if f == nil || f.terminating {
		ignore("the framework does not run here")
		return
	}
	e := f.executors.get(in.Executor)
	switch {
	case e == nil:
		ignore("there is no such executor")
	case in.Container != "" && in.Container != e.container:
		ignore("the executor runs in another container now")
	case e.state >= executorTerminating:
		ignore("the executor is ending")
	default:
		a.log(logInfo, "preempting executor", "executor", string(e.id), "framework", string(f.id), "container", string(e.container))
		e.demise = demise{reason: mesospb.TaskStatus_REASON_CONTAINER_PREEMPTED, message: "Container preempted by QoS correction"}
		a.metrics.executorsPreempted++
		a.transition(e, executorTerminating)
		a.emit(DestroyContainer{Container: e.container})
	}
}

// Usage is what executors that have not ended hold of the agent, without
// statistics: those are the shell's to measure. What it returns is shared and
// must not be changed.
func (a *Agent) Usage() *mesospb.ResourceUsage {
	usage := &mesospb.ResourceUsage{Total: convert.ToWire(a.total)}
	for _, f := range a.frameworks.values() {
		for _, e := range f.executors.values() {
			if e.state == executorTerminated {
				continue
			}
			entry := &mesospb.ResourceUsage_Executor{ExecutorInfo: e.info, Allocated: e.resources(), ContainerId: e.containerID()}
			for _, t := range e.launched.values() {
				entry.Tasks = append(entry.Tasks, &mesospb.ResourceUsage_Executor_Task{
					Name: t.record.Name, Id: t.record.TaskId, Resources: t.record.Resources, Labels: t.record.Labels,
				})
			}
			usage.Executors = append(usage.Executors, entry)
		}
	}
	return usage
}
