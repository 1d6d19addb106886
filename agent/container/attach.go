package container

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
)

// Output is what a container writes, as it does.
type Output interface {
	// Next waits for more. It is valid until the next call. After the end of the
	// container, and all that it wrote, the error is io.EOF; it is mesos.Unavailable
	// if the connection to it is lost, which it also is for one who reads too slowly.
	Next() (Chunk, error)
	// Close ends it; a Next that waits returns.
	Close() error
}

// Chunk is a piece of output. Of a terminal there is no standard error.
type Chunk struct {
	Stderr bool
	Data   []byte
}

// Input is the standard input of a container. Errors are mesos.Unavailable if
// the container does not read it any more, or has another Input by now.
type Input interface {
	Write(data []byte) error
	// Resize changes the size of a terminal; it does nothing without one.
	Resize(rows, columns uint16) error
	// End closes the standard input itself. A terminal has no end.
	End() error
	// Ended is closed when the container has ended, or is lost.
	Ended() <-chan struct{}
	// Close leaves the standard input to the next who attaches.
	Close() error
}

// Attacher is a Containerizer whose containers one can attach to.
type Attacher interface {
	Containerizer
	// LaunchSession launches a container whose output is the caller's: it waits for
	// who reads it, and none of it is kept.
	LaunchSession(ctx context.Context, spec Spec) (Output, error)
	// AttachOutput returns the output of a container from now on. That of one that
	// writes its files itself is read from these. Any number can attach; one that
	// stops to read holds the container up for a moment, and is left behind.
	AttachOutput(ctx context.Context, id mesos.ContainerID) (Output, error)
	// AttachInput returns the standard input of a container. It is mesos.Conflict if
	// somebody else has it, and mesos.Invalid if there is none.
	AttachInput(ctx context.Context, id mesos.ContainerID) (Input, error)
}

var _ Attacher = (*Local)(nil)
