package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/valid"
)

// What the executor of a task group must have at least, in thousandths.
const (
	minExecutorCpus resources.Scalar = 10     // 0.01 cpus
	minExecutorMem  resources.Scalar = 32_000 // 32 MB
)

// validateExecutor checks what can be checked of an executor alone, resources aside.
func validateExecutor(info *mesospb.ExecutorInfo) error {
	switch info.GetType() {
	case mesospb.ExecutorInfo_DEFAULT:
		if info.Command != nil {
			return mesos.Errorf(mesos.Invalid, "command: the DEFAULT executor has one of its own")
		}
		if info.Container != nil && info.Container.GetType() != mesospb.ContainerInfo_MESOS {
			return mesos.Errorf(mesos.Invalid, "container.type: it must be MESOS for the DEFAULT executor")
		}
		if info.GetContainer().GetMesos().GetImage() != nil {
			return mesos.Errorf(mesos.Invalid, "container.mesos.image: the DEFAULT executor runs without one")
		}
	case mesospb.ExecutorInfo_CUSTOM:
		if info.Command == nil {
			return mesos.Errorf(mesos.Invalid, "command: missing, but the type is CUSTOM")
		}
	}
	if err := mesos.ValidateID(info.GetExecutorId().GetValue()); err != nil {
		return mesos.Errorf(mesos.Invalid, "executor_id: %w", err)
	}
	if info.GetShutdownGracePeriod().GetNanoseconds() < 0 {
		return mesos.Errorf(mesos.Invalid, "shutdown_grace_period: it is negative")
	}
	if err := valid.Command(info.GetCommand()); err != nil {
		return mesos.Errorf(mesos.Invalid, "command.%w", err)
	}
	if err := valid.Container(info.GetContainer()); err != nil {
		return mesos.Errorf(mesos.Invalid, "container.%w", err)
	}
	return nil
}

// explicitShare reports whether a container says that it shares its parent's cgroups.
func explicitShare(container *mesospb.ContainerInfo) bool {
	info := container.GetLinuxInfo()
	return info != nil && info.ShareCgroups != nil && *info.ShareCgroups
}

// validateCustomExecutor checks the executor of a task launched alone.
func validateCustomExecutor(info *mesospb.ExecutorInfo, rs resources.Resources) error {
	if info.Type != nil && info.GetType() != mesospb.ExecutorInfo_CUSTOM {
		return mesos.Errorf(mesos.Invalid, "type: it must be CUSTOM in a LAUNCH, not %s", info.GetType())
	}
	if info.Command == nil {
		return mesos.Errorf(mesos.Invalid, "command: missing")
	}
	if !rs.Shared().IsEmpty() {
		return mesos.Errorf(mesos.Invalid, "resources: an executor can't hold shared ones, %s", rs.Shared())
	}
	if explicitShare(info.Container) {
		return mesos.Errorf(mesos.Invalid, "container.linux_info.share_cgroups: an executor can't have it true")
	}
	return nil
}

// validateGroupExecutor checks the executor of a task group.
func (p *planned) validateGroupExecutor() error {
	info, rs := p.executor, p.executorResources
	switch {
	case info.Type == nil:
		return mesos.Errorf(mesos.Invalid, "type: missing")
	case info.GetType() == mesospb.ExecutorInfo_UNKNOWN:
		return mesos.Errorf(mesos.Invalid, "type: it must be DEFAULT or CUSTOM")
	case info.Container != nil && info.Container.GetType() == mesospb.ContainerInfo_DOCKER:
		return mesos.Errorf(mesos.Invalid, "container.type: the executor of a task group can't be a DOCKER container")
	}
	for _, t := range p.tasks {
		if t.info.Executor == info {
			continue
		}
		if _, err := adopt(&t.info.Executor.Resources, p.launch.role); err != nil || !t.info.Executor.EqualVT(info) {
			return mesos.Errorf(mesos.Invalid, "task %q has another ExecutorInfo", t.info.GetTaskId().GetValue())
		}
	}
	switch {
	case rs.Cpus() < minExecutorCpus:
		return mesos.Errorf(mesos.Invalid, "resources: %v cpus are less than the minimum of %v", rs.Cpus(), minExecutorCpus)
	case rs.Mem() < minExecutorMem:
		return mesos.Errorf(mesos.Invalid, "resources: mem: %v MB are less than the minimum of %v", rs.Mem(), minExecutorMem)
	case rs.Disk() == 0:
		return mesos.Errorf(mesos.Invalid, "resources: it has no disk")
	case explicitShare(info.Container):
		return mesos.Errorf(mesos.Invalid, "container.linux_info.share_cgroups: an executor can't have it true")
	}
	return nil
}

// validateShareCgroups: either all tasks under an executor share its cgroups, or
// none does.
func (p *planned) validateShareCgroups() error {
	if len(p.tasks) == 0 {
		return mesos.Errorf(mesos.Invalid, "task_group.tasks: the group has none")
	}
	want := p.tasks[0].shareCgroups
	if running := p.running(); running != nil && running.shareCgroups != nil {
		want = *running.shareCgroups
	}
	for _, t := range p.tasks {
		if t.shareCgroups != want {
			return mesos.Errorf(mesos.Invalid, "task %q: container.linux_info.share_cgroups: all tasks of an executor must have it the same",
				t.info.GetTaskId().GetValue())
		}
	}
	return nil
}
