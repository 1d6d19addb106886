// Package container runs containers for real: launchers, isolators, fetcher.
// The shell of an agent and the built-in executors are its users; both see only
// a Containerizer.
package container

import (
	"context"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Spec is one container to launch.
type Spec struct {
	// ID of a nested container is its parent's, a dot, and its own.
	ID mesos.ContainerID
	// Sandbox is absolute; it is made if it does not exist, and owned by User. Of
	// nested and standalone containers it is empty: where theirs are is fixed.
	Sandbox string
	// User is empty for the agent's own, or that of the container it is nested in.
	User string
	// Command is what to run: shell or argv, and the URIs to fetch first. Its
	// environment is added to Environment.
	Command *mesospb.CommandInfo
	// Environment is "NAME=value" pairs, complete: nothing is inherited.
	Environment []string
	// Container asks for images, volumes, networks, rlimits, capabilities, a
	// terminal: what this machine or version can't do is refused by name.
	Container *mesospb.ContainerInfo
	Resources []*mesospb.Resource
	Limits    map[string]*mesospb.Value_Scalar
	// Pause asks for a container without a command: it holds what nested
	// containers share until it is destroyed. Command is nil.
	Pause bool
	// Debug is a nested container's class: it is in all of its parent's
	// namespaces, file system and cgroups included, has its parent's environment
	// and working directory, and ends with the agent.
	Debug bool
	// Standalone asks for a container that nothing but the containerizer knows of:
	// Recover finds it by itself.
	Standalone bool
	// Task is set if the command is a task's own: it is not an executor.
	Task bool
	// Stdin keeps the standard input open, to be attached to.
	Stdin bool
	// Outlive is how long the container runs on without an agent, for the next
	// one to Recover it; 0: it ends with the agent.
	Outlive time.Duration
}

// Exit is how a container ended.
type Exit struct {
	// Status is as wait(2) encodes it. Known is false if the status was lost.
	Status syscall.WaitStatus
	Known  bool
	// Reason is set if a limit ended it; Message says which, and Limited has the
	// resources of which there was not enough.
	Reason  mesospb.TaskStatus_Reason
	Message string
	Limited []*mesospb.Resource
}

// Containerizer launches containers and keeps track of them until they are
// gone with every process they ever had.
type Containerizer interface {
	// Launch prepares the sandbox, fetches and starts the command. It returns
	// once the command runs (its exec succeeded), or an error whose kind is
	// mesos.Invalid or mesos.Unsupported if the spec can't be done here,
	// mesos.Conflict if there is a container of that ID, and mesos.Unavailable
	// if it was destroyed meanwhile or the machine has no room for it. After an
	// error nothing of the container is left but its sandbox, whose stderr has it.
	Launch(ctx context.Context, spec Spec) (pid int, err error)
	// Wait returns when the container is gone. Every waiter gets the same Exit.
	// Of a container that is not known the error is mesos.NotFound, here and below.
	Wait(ctx context.Context, id mesos.ContainerID) (Exit, error)
	// Signal sends a signal to every process of the container, but not of those
	// that are nested in it.
	Signal(id mesos.ContainerID, signal syscall.Signal) error
	// SignalFirst sends a signal to the container's first process only.
	SignalFirst(id mesos.ContainerID, signal syscall.Signal) error
	// Destroy kills every process of the container, after those of all that is
	// nested in it, and waits until they are gone. A Launch that is under way is
	// stopped.
	Destroy(ctx context.Context, id mesos.ContainerID) error
	// Remove forgets a nested or a standalone container that has ended, with its
	// sandbox. It is mesos.Conflict if it has not ended.
	Remove(id mesos.ContainerID) error
	// Pending is what isolators have begun and not finished.
	Pending() []Pending
	// Containers lists the containers that are there, each after the one that it is
	// nested in.
	Containers() []Listed
	// Update changes the resources of a running container.
	Update(ctx context.Context, id mesos.ContainerID, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error
	// Usage measures a running container.
	Usage(ctx context.Context, id mesos.ContainerID) (*mesospb.ResourceStatistics, error)
	// Status tells what ContainerStatus in a task's status should say.
	Status(id mesos.ContainerID) (*mesospb.ContainerStatus, error)
	// Recover takes over the containers of these specs that an earlier agent
	// launched, with what is nested in them, and its standalone containers, and
	// destroys every other that it left. Of those that ended
	// meanwhile Wait tells how; those that nothing is known of are mesos.NotFound.
	// It is called before anything else.
	Recover(specs []Spec) error
	// Release tells that the end of a container need not be kept for a later agent.
	Release(id mesos.ContainerID)
	// Metrics are the meters, by their names in /metrics/snapshot.
	Metrics() map[string]float64
	// Detach ends the containerizer and leaves the containers that are to outlive
	// it. Who waits for one is told mesos.Unavailable.
	Detach() error
	// Close ends the containerizer and all its containers.
	Close() error
}

// Listed is a container that is there.
type Listed struct {
	ID mesos.ContainerID
	// Standalone is that of the outermost container.
	Standalone bool
}
