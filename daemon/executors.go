//go:build !windows

package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor"
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
	builtins map[mesos.ContainerID]context.CancelFunc
}

func newExecutors(a *Agent) *executors {
	return &executors{agent: a, log: a.log, builtins: map[mesos.ContainerID]context.CancelFunc{}}
}

// end returns when no executor is left. Those that are built in end at once: the
// core, whose answers they wait for, has ended before.
func (x *executors) end() {
	x.mu.Lock()
	for _, cancel := range x.builtins {
		cancel()
	}
	x.mu.Unlock()
	x.done.Wait()
}

// launch starts an executor. What comes of it reaches the core as inputs: one
// ContainerStarted if it runs, and one ContainerEnded in any case.
func (x *executors) launch(e agent.LaunchContainer) {
	if err := x.agent.sandboxes.add(e); err != nil {
		x.failed(e.Container, mesos.Errorf(mesos.Internal, "sandbox: %w", err))
		return
	}
	switch e.Builtin {
	case agent.BuiltinNone:
		x.done.Go(func() { x.runCustom(e) })
	case agent.BuiltinCommand:
		x.startCommand(e, nil)
	default:
		x.failed(e.Container, mesos.Errorf(mesos.Unsupported,
			"this agent has no default executor: a task group needs an executor of the framework's own"))
	}
}

// failed tells the core that an executor could not be launched.
func (x *executors) failed(id mesos.ContainerID, err error) {
	x.post(agent.ContainerEnded{
		Container: id,
		Reason:    int32(mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED),
		Message:   "Failed to launch container: " + err.Error(),
	})
}

func (x *executors) runCustom(e agent.LaunchContainer) {
	pid, err := x.agent.containers.Launch(context.Background(), x.spec(e))
	if err != nil {
		x.failed(e.Container, err)
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
	ended := agent.ContainerEnded{Container: id, Launched: true, Reason: int32(exit.Reason), Message: exit.Message}
	if err == nil && exit.Known {
		status := int(exit.Status)
		ended.Status = &status
	}
	x.post(ended)
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
		x.resume(c)
	}
}

// resume goes on with one container, if it is there.
func (x *executors) resume(c agent.RecoveredContainer) {
	status, err := x.agent.containers.Status(c.Container)
	switch {
	case err != nil:
		x.post(agent.ContainerEnded{Container: c.Container, Launched: true})
	case c.Builtin == agent.BuiltinCommand:
		recovered := &executor.Recovered{Task: c.Task, Told: c.Told}
		if c.Running > 0 {
			recovered.Running = time.UnixMicro(int64(c.Running * 1e6))
		}
		x.startCommand(c.LaunchContainer, recovered)
	default:
		x.done.Go(func() { x.watch(c.Container, int(status.GetExecutorPid())) })
	}
}

// update gives a container its new resources, and tells the core if it can't have them.
func (x *executors) update(e agent.UpdateContainer) {
	if x.builtin(e.Container) != nil {
		return // its one task's resources are the container's from the start
	}
	err := x.agent.containers.Update(context.Background(), e.Container, e.Resources, e.Limits)
	if err != nil && mesos.KindOf(err) != mesos.NotFound {
		x.post(agent.ContainerUpdateFailed{Container: e.Container, Message: err.Error()})
	}
}

// destroy kills every process of a container.
func (x *executors) destroy(id mesos.ContainerID) {
	if cancel := x.builtin(id); cancel != nil {
		cancel()
		return
	}
	x.done.Go(func() {
		err := x.agent.containers.Destroy(context.Background(), id)
		if err != nil && mesos.KindOf(err) != mesos.NotFound {
			x.log.Error("container can't be destroyed", "container", id, "error", err)
		}
	})
}

func (x *executors) builtin(id mesos.ContainerID) context.CancelFunc {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.builtins[id]
}

func (x *executors) post(in agent.Input) { x.agent.loop.Put(in) }

func pairs(variables []agent.Variable) []string {
	out := make([]string, len(variables))
	for i, v := range variables {
		out[i] = v.Name + "=" + v.Value
	}
	return out
}
