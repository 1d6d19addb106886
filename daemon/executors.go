//go:build !windows

package daemon

import (
	"context"
	"log/slog"
	"sync"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// executors runs what the core launches: custom executors as containers, and
// the built-in ones in this process.
type executors struct {
	agent *Agent
	log   *slog.Logger
	done  sync.WaitGroup

	mu       sync.Mutex
	builtins map[mesos.ContainerID]builtin
}

func newExecutors(a *Agent) *executors {
	return &executors{agent: a, log: a.log, builtins: map[mesos.ContainerID]builtin{}}
}

// end returns when no executor is left. Those that are built in end at once: the
// core, whose answers they wait for, has ended before.
func (x *executors) end() {
	x.mu.Lock()
	for _, b := range x.builtins {
		b.destroy()
	}
	x.mu.Unlock()
	x.done.Wait()
}

// launch starts an executor. What comes of it reaches the core as inputs: one
// ContainerStarted if it runs, and one ContainerEnded in any case.
func (x *executors) launch(e agent.LaunchContainer) {
	if err := x.agent.sandboxes.add(e); err != nil {
		x.post(noSandbox(e.Container, mesos.Errorf(mesos.Internal, "sandbox: %w", err)))
		return
	}
	if e.Builtin == agent.BuiltinNone {
		x.done.Go(func() { x.runCustom(e) })
		return
	}
	x.startBuiltin(e, nil)
}

// noSandbox tells the core that an executor has no sandbox, or nobody to give it to.
func noSandbox(id mesos.ContainerID, err error) agent.ContainerEnded {
	in := notLaunched(id, err)
	in.NoSandbox = true
	return in
}

// notLaunched tells the core that an executor could not be launched.
func notLaunched(id mesos.ContainerID, err error) agent.ContainerEnded {
	return agent.ContainerEnded{
		Container: id,
		Reason:    int32(mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED),
		Message:   "Failed to launch container: " + err.Error(),
	}
}

// ended tells the core how an executor's container ended.
func ended(id mesos.ContainerID, exit container.Exit) agent.ContainerEnded {
	in := agent.ContainerEnded{
		Container: id, Launched: true,
		Reason: int32(exit.Reason), Message: exit.Message, Limited: exit.Limited,
	}
	if exit.Known {
		in.Status = new(int(exit.Status))
	}
	return in
}

func (x *executors) runCustom(e agent.LaunchContainer) {
	if _, err := container.LookupUser(e.User); err != nil {
		x.post(noSandbox(e.Container, err))
		return
	}
	pid, err := x.agent.containers.Launch(context.Background(), x.spec(e))
	if err != nil {
		x.post(notLaunched(e.Container, err))
		return
	}
	x.watch(e.Container, pid)
}

// spec is the container of an executor.
func (x *executors) spec(e agent.LaunchContainer) container.Spec {
	return container.Spec{
		ID:          e.Container,
		Sandbox:     e.Sandbox,
		User:        e.User,
		Command:     e.Executor.GetCommand(),
		Environment: pairs(e.Environment),
		Container:   e.Executor.GetContainer(),
		Resources:   e.Executor.GetResources(),
		Limits:      e.Limits,
		Outlive:     x.agent.outlive(e),
	}
}

// watch tells the core that a container runs, and how it ended.
func (x *executors) watch(id mesos.ContainerID, pid int) {
	x.post(agent.ContainerStarted{Container: id, Pid: pid})
	exit, err := x.agent.containers.Wait(context.Background(), id)
	if mesos.KindOf(err) == mesos.Unavailable {
		return // it goes on without this agent
	}
	x.post(ended(id, exit))
}

// recover takes over what an earlier agent left.
func (x *executors) recover(e agent.RecoverContainers) {
	specs := make([]container.Spec, len(e.Containers))
	for i, c := range e.Containers {
		specs[i] = x.spec(c.LaunchContainer)
	}
	if err := x.agent.containers.Recover(specs); err != nil {
		x.log.Error("containers of an earlier agent can't be taken over", "error", err)
	}
	for _, c := range e.Containers {
		if err := x.agent.sandboxes.add(c.LaunchContainer); err != nil {
			x.log.Warn("sandbox of an earlier agent can't be shown", "container", c.Container, "error", err)
		}
		for _, t := range c.Tasks {
			x.agent.sandboxes.showTask(c.Container, t.Info.GetTaskId(), t.Info.GetResources())
		}
		x.resume(c)
	}
}

// resume goes on with one container, if it is there.
func (x *executors) resume(c agent.RecoveredContainer) {
	status, err := x.agent.containers.Status(c.Container)
	switch {
	case err != nil:
		x.post(agent.ContainerEnded{Container: c.Container, Launched: true, Message: "the container was gone when the agent came back"})
	case c.Builtin != agent.BuiltinNone:
		x.startBuiltin(c.LaunchContainer, goOn(c.Tasks))
	default:
		x.done.Go(func() { x.watch(c.Container, int(status.GetExecutorPid())) })
	}
}

// update gives a container its new resources, and tells the core if it can't have them.
func (x *executors) update(e agent.UpdateContainer) {
	x.agent.sandboxes.show(e.Container, e.Resources)
	if b, ok := x.builtin(e.Container); ok && b.kind == agent.BuiltinCommand {
		return // its one task's resources are the container's from the start
	}
	err := x.agent.containers.Update(context.Background(), e.Container, e.Resources, e.Limits)
	if err != nil && mesos.KindOf(err) != mesos.NotFound {
		x.post(agent.ContainerUpdateFailed{Container: e.Container, Message: err.Error()})
	}
}

// destroy kills every process of a container.
func (x *executors) destroy(id mesos.ContainerID) {
	if b, ok := x.builtin(id); ok {
		b.destroy()
		return
	}
	x.done.Go(func() {
		err := x.agent.containers.Destroy(context.Background(), id)
		if err != nil && mesos.KindOf(err) != mesos.NotFound {
			x.log.Error("container can't be destroyed", "container", id, "error", err)
		}
	})
}

func (x *executors) builtin(id mesos.ContainerID) (builtin, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b, ok := x.builtins[id]
	return b, ok
}

func (x *executors) post(in agent.Input) {
	if e, ok := in.(agent.ContainerEnded); ok {
		x.agent.sandboxes.show(e.Container, nil)
	}
	x.agent.loop.Put(in)
}

func pairs(variables []agent.Variable) []string {
	out := make([]string, len(variables))
	for i, v := range variables {
		out[i] = v.Name + "=" + v.Value
	}
	return out
}
