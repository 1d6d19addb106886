package httpapi

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Containers runs containers for operators and executors, beside those that the
// agent runs for frameworks. Of a container that there is not the error is
// mesos.NotFound.
type Containers interface {
	// Usage returns a container's statistics, or nil if there are none. Its
	// errors only leave the container without statistics.
	Usage(ctx context.Context, container mesos.ContainerID) (*mesospb.ResourceStatistics, error)
	// Status is what is known of a container. Its errors leave it without.
	Status(container mesos.ContainerID) (*mesospb.ContainerStatus, error)
	// List are all containers, those of executors and what is nested in them too.
	List() []ListedContainer
	// Launch launches a nested container, or a standalone one. It is mesos.Conflict
	// if there is one of the ID.
	Launch(ctx context.Context, launch ContainerLaunch) error
	// LaunchSession launches a session in a container, which is to be killed when
	// its output is of no interest any more.
	LaunchSession(ctx context.Context, launch ContainerLaunch) (ContainerOutput, error)
	// Wait returns how a container ended.
	Wait(ctx context.Context, container mesos.ContainerID) (*agentpb.Response_WaitContainer, error)
	// Kill signals a container's first process.
	Kill(container mesos.ContainerID, signal int) error
	// Destroy kills a container and what is nested in it.
	Destroy(ctx context.Context, container mesos.ContainerID) error
	// Remove forgets a nested or standalone container that has ended, with its
	// sandbox.
	Remove(container mesos.ContainerID) error
	// AttachOutput returns what a container writes from now on.
	AttachOutput(ctx context.Context, container mesos.ContainerID) (ContainerOutput, error)
	// AttachInput returns the standard input of a container. It is mesos.Conflict if
	// somebody else has it.
	AttachInput(ctx context.Context, container mesos.ContainerID) (ContainerInput, error)
	// Pending is what the containerizer has begun and not finished.
	Pending() []PendingOperation
}

// ListedContainer is one container that is there.
type ListedContainer struct {
	ID mesos.ContainerID
	// Standalone is that of the outermost container.
	Standalone bool
}

// ContainerLaunch is a container to launch.
type ContainerLaunch struct {
	ID        mesos.ContainerID
	Command   *mesospb.CommandInfo
	Container *mesospb.ContainerInfo
	Resources []*mesospb.Resource
	Limits    map[string]*mesospb.Value_Scalar
}

// ContainerOutput is what a container writes. Next returns io.EOF after its end;
// the data is valid until the next call.
type ContainerOutput interface {
	Next() (stderr bool, data []byte, err error)
	Close() error
}

// ContainerInput is a container's standard input.
type ContainerInput interface {
	Write(data []byte) error
	// Resize changes the size of a terminal.
	Resize(rows, columns uint16) error
	// End closes the standard input itself, if it is no terminal.
	End() error
	// Ended is closed when the container has ended.
	Ended() <-chan struct{}
	Close() error
}

// PendingOperation is one step that takes long: "isolator::step", of a container.
type PendingOperation struct {
	Operation string
	Container mesos.ContainerID
}
