package executor

import (
	"context"
	"errors"
	"os"
	"path"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// take begins the books of a task's container.
func (r *runner) take(id mesos.ContainerID, info *mesospb.TaskInfo) (context.Context, *contained) {
	ctx, stop := context.WithCancel(r.ctx)
	task := &contained{spec: r.spec(id, info), stop: stop}
	r.tasks[id] = task
	return ctx, task
}

// launch runs a task's command and sees it to its end.
func (r *runner) launch(ctx context.Context, task *contained, info *mesospb.TaskInfo) {
	if _, err := r.config.Containerizer.Launch(ctx, task.spec); err != nil {
		r.tell(LaunchFailed{task.spec.ID, err})
		return
	}
	if r.name != nil {
		r.name(mesos.TaskID(info.GetTaskId().GetValue()), task.spec.ID)
	}
	r.adopt(task, true)
}

// adopt sees a container to its end, and tells first that it runs, if that is news.
func (r *runner) adopt(task *contained, news bool) {
	c, id := r.config.Containerizer, task.spec.ID
	status, err := c.Status(id)
	task.pid.Store(int64(status.GetExecutorPid()))
	if news && mesos.KindOf(err) == mesos.NotFound {
		r.tell(LaunchFailed{id, mesos.Errorf(mesos.Unavailable, "the agent ended while it launched the container")})
		return
	}
	if news {
		r.tell(Launched{id, status})
	}
	exit, err := c.Wait(r.ctx, id)
	if mesos.KindOf(err) == mesos.Unavailable {
		return // the container goes on without this agent
	}
	if err != nil && mesos.KindOf(err) != mesos.NotFound && r.ctx.Err() == nil {
		r.warn("wait for a container", err)
	}
	if r.pid != 0 && exit.Status.Signaled() && errors.Is(syscall.Kill(r.pid, 0), syscall.ESRCH) {
		return // it fell with the executor's container, and that is what there is to tell
	}
	r.tell(Ended{id, exit})
}

// destroy destroys a container, if it is there: if the containerizer does not
// know it yet, it will find its launch stopped.
func (r *runner) destroy(id mesos.ContainerID) {
	err := r.config.Containerizer.Destroy(context.Background(), id)
	if kind := mesos.KindOf(err); err != nil && kind != mesos.NotFound && kind != mesos.Unavailable {
		r.warn("destroy a container", err)
	}
}

// commandSpec is the container of a command task: its command with the executor's
// environment.
func (c *Config) commandSpec(id mesos.ContainerID, task *mesospb.TaskInfo) container.Spec {
	return container.Spec{
		ID:          id,
		Sandbox:     c.Sandbox,
		User:        c.User,
		Command:     task.GetCommand(),
		Environment: append(c.Environment[:len(c.Environment):len(c.Environment)], allocationRole(task)...),
		Container:   task.GetContainer(),
		Resources:   task.GetResources(),
		Limits:      task.GetLimits(),
		Task:        true,
		Outlive:     c.Outlive,
	}
}

// allocationRole tells a task whose resources it has.
func allocationRole(task *mesospb.TaskInfo) []string {
	if len(task.GetResources()) == 0 {
		return nil
	}
	return []string{"MESOS_ALLOCATION_ROLE=" + task.GetResources()[0].GetAllocationInfo().GetRole()}
}

// nestedSpec is the container of a task of a group. Of the environment of its
// executor it gets nothing.
func (c *Config) nestedSpec(id mesos.ContainerID, task *mesospb.TaskInfo) container.Spec {
	user := c.User
	if user != "" && task.GetCommand().GetUser() != "" {
		user = task.GetCommand().GetUser()
	}
	return container.Spec{
		ID:          id,
		User:        user,
		Command:     task.GetCommand(),
		Environment: append(allocationRole(task), "MESOS_CONTAINER_IP="+c.containerIP()),
		Container:   withVolumes(task),
		Resources:   task.GetResources(),
		Limits:      task.GetLimits(),
	}
}

// containerIP is the address of the executor's container.
func (c *Config) containerIP() string {
	status, err := c.Containerizer.Status(c.Container)
	if err != nil {
		return c.AgentIP
	}
	for _, network := range status.GetNetworkInfos() {
		for _, address := range network.GetIpAddresses() {
			return address.GetIpAddress()
		}
	}
	return c.AgentIP
}

// withVolumes is the container of a task with the persistent volumes among its
// resources: these are in the executor's sandbox, and the task shares them.
func withVolumes(task *mesospb.TaskInfo) *mesospb.ContainerInfo {
	info := task.GetContainer()
	for _, resource := range task.GetResources() {
		volume := resource.GetDisk().GetVolume()
		if volume == nil {
			continue
		}
		if info == nil {
			info = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
		} else if info == task.GetContainer() {
			info = info.CloneVT()
		}
		info.Volumes = append(info.Volumes, &mesospb.Volume{
			Mode: volume.Mode, ContainerPath: volume.ContainerPath,
			Source: &mesospb.Volume_Source{
				Type: mesospb.Volume_Source_SANDBOX_PATH.Enum(),
				SandboxPath: &mesospb.Volume_Source_SandboxPath{
					Type: mesospb.Volume_Source_SandboxPath_PARENT.Enum(), Path: volume.ContainerPath,
				},
			},
		})
	}
	return info
}

// linkTask makes a task's sandbox reachable as tasks/<task id> in its executor's,
// whose owner must not be able to have the link made elsewhere.
func linkTask(sandbox string, task mesos.TaskID, id mesos.ContainerID) error {
	root, err := os.OpenRoot(sandbox)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Mkdir("tasks", 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	names := id.Names()
	return root.Symlink(path.Join("../containers", names[len(names)-1]), path.Join("tasks", string(task)))
}
