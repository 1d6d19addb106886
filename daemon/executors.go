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
		ctx, cancel := context.WithCancel(context.Background())
		x.mu.Lock()
		x.builtins[e.Container] = cancel
		x.mu.Unlock()
		x.done.Go(func() { x.runCommand(ctx, e) })
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
	pid, err := x.agent.containers.Launch(context.Background(), container.Spec{
		ID:          e.Container,
		Sandbox:     e.Sandbox,
		User:        e.User,
		Command:     e.Executor.GetCommand(),
		Environment: pairs(e.Environment),
		Container:   e.Executor.GetContainer(),
		Resources:   e.Executor.GetResources(),
		Limits:      e.Limits,
	})
	if err != nil {
		x.failed(e.Container, err)
		return
	}
	x.post(agent.ContainerStarted{Container: e.Container, Pid: pid})
	exit, err := x.agent.containers.Wait(context.Background(), e.Container)
	ended := agent.ContainerEnded{Container: e.Container, Launched: true, Reason: int32(exit.Reason), Message: exit.Message}
	if err == nil && exit.Known {
		status := int(exit.Status)
		ended.Status = &status
	}
	x.post(ended)
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
