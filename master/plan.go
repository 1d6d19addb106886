package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/valid"
)

// A planned launch is one task, or a task group, with its executor. It is
// validated whole before anything of it is booked.
type planned struct {
	launch            *launch
	group             bool
	tasks             []plannedTask
	executor          *mesospb.ExecutorInfo // nil for a command task
	executorResources resources.Resources
}

type plannedTask struct {
	info         *mesospb.TaskInfo
	resources    resources.Resources
	shareCgroups bool
}

func (p *planned) executorID() mesos.ExecutorID {
	return mesos.ExecutorID(p.executor.GetExecutorId().GetValue())
}

// running is the plan's executor if it runs on the agent already.
func (p *planned) running() *executor {
	h := p.launch.framework.holdings[p.launch.agent.id]
	if h == nil || p.executor == nil {
		return nil
	}
	return h.executors[p.executorID()]
}

// adopt gives resources that have no allocation role the one of the offers, and
// brings them into the current format of reservations.
func adopt(wire *[]*mesospb.Resource, role string) (resources.Resources, error) {
	old := false
	var info *mesospb.Resource_AllocationInfo
	for _, r := range *wire {
		if r.AllocationInfo == nil {
			if info == nil {
				info = &mesospb.Resource_AllocationInfo{Role: new(role)}
			}
			r.AllocationInfo = info
		}
		old = old || r.Role != nil || r.Reservation != nil
	}
	rs, err := convert.Resources(*wire)
	if err != nil {
		return rs, err
	}
	if old {
		*wire = convert.ToWire(rs)
	}
	return rs, nil
}

// addTask checks a task and adds it to the plan. The order of the checks is
// Mesos's: where several fail, the same one is told.
func (p *planned) addTask(info *mesospb.TaskInfo) error {
	id := mesos.TaskID(info.GetTaskId().GetValue())
	fail := func(err error) error {
		return mesos.Errorf(mesos.Invalid, "task %q: %w", id, err)
	}
	if err := mesos.ValidateID(string(id)); err != nil {
		return fail(mesos.Errorf(mesos.Invalid, "task_id: %w", err))
	}
	if err := p.uniqueTask(id); err != nil {
		return fail(err)
	}
	if got, want := info.GetAgentId().GetValue(), string(p.launch.agent.id); got != want {
		return fail(mesos.Errorf(mesos.Invalid, "agent_id: %q is not %s, whose resources were offered", got, want))
	}
	if err := validateTask(info); err != nil {
		return fail(err)
	}
	if len(info.GetResources()) == 0 {
		return fail(mesos.Errorf(mesos.Invalid, "resources: the task uses none"))
	}
	rs, err := adopt(&info.Resources, p.launch.role)
	if err == nil {
		err = validateResources(rs)
	}
	if err != nil {
		return fail(mesos.Errorf(mesos.Invalid, "resources: %w", err))
	}
	if err := valid.Command(info.GetCommand()); err != nil {
		return fail(mesos.Errorf(mesos.Invalid, "command.%w", err))
	}
	if err := valid.Container(info.GetContainer()); err != nil {
		return fail(mesos.Errorf(mesos.Invalid, "container.%w", err))
	}
	if err := p.launch.agent.validateLimits(info.GetLimits(), rs); err != nil {
		return fail(err)
	}
	if p.group {
		if err := validateGroupTask(info); err != nil {
			return fail(err)
		}
	}
	p.tasks = append(p.tasks, plannedTask{info: info, resources: rs, shareCgroups: sharesCgroups(info.GetContainer())})
	return nil
}

// uniqueTask checks that a task's ID is not in use. An ID of a completed task
// may be used again, although a framework had better not.
func (p *planned) uniqueTask(id mesos.TaskID) error {
	f := p.launch.framework
	if f.tasks[id] != nil {
		return mesos.Errorf(mesos.Invalid, "task_id: a task with this id is running")
	}
	if f.unreachable.byID[id] != nil {
		return mesos.Errorf(mesos.Invalid, "task_id: a task with this id is on an unreachable agent")
	}
	for _, t := range p.tasks {
		if t.info.GetTaskId().GetValue() == string(id) {
			return mesos.Errorf(mesos.Invalid, "task_id: the task group has two tasks with this id")
		}
	}
	return nil
}

// setExecutor checks an executor and makes it the plan's. A task that is not in
// a group has either an executor or a command.
func (p *planned) setExecutor(info *mesospb.ExecutorInfo) error {
	if !p.group {
		if (info == nil) == (p.tasks[0].info.Command == nil) {
			return mesos.Errorf(mesos.Invalid, "task %q: exactly one of command and executor must be set",
				p.tasks[0].info.GetTaskId().GetValue())
		}
		if info == nil {
			return nil
		}
	}
	fail := func(err error) error {
		return mesos.Errorf(mesos.Invalid, "executor %q: %w", info.GetExecutorId().GetValue(), err)
	}
	if err := validateExecutor(info); err != nil {
		return fail(err)
	}
	if got, want := info.GetFrameworkId().GetValue(), string(p.launch.framework.id); got != want {
		return fail(mesos.Errorf(mesos.Invalid, "framework_id: %q is not %s, which launches it", got, want))
	}
	rs, err := adopt(&info.Resources, p.launch.role)
	if err == nil {
		err = validateResources(rs)
	}
	if err != nil {
		return fail(mesos.Errorf(mesos.Invalid, "resources: %w", err))
	}
	p.executor, p.executorResources = info, rs
	if running := p.running(); running != nil && !sameExecutor(running.info, info) {
		return fail(mesos.Errorf(mesos.Invalid, "an executor with this id runs on the agent, but with another ExecutorInfo"))
	}
	if p.group {
		err = p.validateGroupExecutor()
	} else {
		err = validateCustomExecutor(info, rs)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// validate checks what the plan's tasks and executor take together.
func (p *planned) validate() error {
	needed := resources.Resources{}
	for _, t := range p.tasks {
		needed = needed.Add(t.resources)
	}
	all := needed
	if p.executor != nil {
		all = all.Add(p.executorResources)
		if err := p.validateTogether(all); err != nil {
			return err
		}
		if p.running() == nil {
			needed = all
		}
	}
	available := p.launch.left
	if !p.group {
		available = available.NonShared().Add(p.launch.shared)
	}
	if !available.Contains(needed) {
		return mesos.Errorf(mesos.Invalid, "resources: %s is more than is left of the offers, %s", needed, available)
	}
	if p.group {
		return p.validateShareCgroups()
	}
	if !p.tasks[0].shareCgroups {
		return mesos.Errorf(mesos.Invalid, "task %q: container.linux_info.share_cgroups: only a task of a group may set it to false",
			p.tasks[0].info.GetTaskId().GetValue())
	}
	return nil
}

// validateTogether checks that the resources of tasks and executor fit together.
func (p *planned) validateTogether(all resources.Resources) error {
	if err := uniquePersistence(all); err != nil {
		return mesos.Errorf(mesos.Invalid, "resources of tasks and executor: %w", err)
	}
	if err := revocableOrNot(all); err != nil {
		return mesos.Errorf(mesos.Invalid, "resources of tasks and executor: %w", err)
	}
	// Ranges and sets that overlap add up to less than their parts.
	parts := p.executorResources.NonShared().AllQuantities()
	for _, t := range p.tasks {
		parts = parts.Add(t.resources.NonShared().AllQuantities())
	}
	if !parts.Equal(all.NonShared().AllQuantities()) {
		return mesos.Errorf(mesos.Invalid, "resources of tasks and executor: ranges or sets overlap in %s", all)
	}
	return nil
}

// sameExecutor compares executors but for the secrets in them, which a restarted
// agent does not know any more.
func sameExecutor(a, b *mesospb.ExecutorInfo) bool {
	return a.EqualVT(b) || convert.WithoutSecrets(a).EqualVT(convert.WithoutSecrets(b))
}
