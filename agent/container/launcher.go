package container

import (
	"os"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// launcher starts the first processes of containers and ends all of their
// processes. It tells that a container it launched is gone, once and after
// Launch succeeded, by the function it was made with.
type launcher interface {
	// Launch starts a process. output, unless it is nil, is a socket for frames with
	// all that it writes.
	Launch(p *supervise.Process, output *os.File) (pid int, err error)
	// Attach hands over a socket: for frames with a container's output from now on,
	// or with its standard input.
	Attach(id mesos.ContainerID, to supervise.Op, socket *os.File) error
	// Signal signals every process of a container.
	Signal(id mesos.ContainerID, signal syscall.Signal) error
	// SignalFirst signals the first process of a container only.
	SignalFirst(id mesos.ContainerID, signal syscall.Signal) error
	// Kill begins to kill every process of a container.
	Kill(id mesos.ContainerID) error
	// Processes lists the processes of a container, the first one first.
	Processes(id mesos.ContainerID) ([]int, error)
	// Adopt takes over a container that an earlier agent launched. The error is
	// mesos.NotFound if nothing is known of it.
	Adopt(id mesos.ContainerID) (adopted, error)
	// KillOthers kills the containers of an earlier agent that were not adopted,
	// and what is left of those in lost, which could not be.
	KillOthers(lost []mesos.ContainerID) error
	// Forget tells that the end of a container need not be kept for a later agent.
	Forget(id mesos.ContainerID) error
	// Detach leaves the containers that outlive their agent to the next one; the
	// others end.
	Detach() error
	// Close kills every container and returns when all are gone.
	Close() error
}

// adopted is a container that an earlier agent launched.
type adopted struct {
	pid    int
	ended  bool // status is how
	status syscall.WaitStatus
}

// told is who a launcher tells what nobody asked it for.
type told struct {
	// gone: a container is; known is false if nobody saw how its first process ended.
	gone func(id mesos.ContainerID, status syscall.WaitStatus, known bool)
	// remark is of a container that goes on.
	remark func(id mesos.ContainerID, text string)
	// silent: what keeps the containers has not answered for so long.
	silent func(since time.Duration)
}

// launchError is the error for a process that could not be started: what names
// the step and its object.
func launchError(what string, errno syscall.Errno) error {
	kind := mesos.Internal
	switch errno {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES, syscall.ENOEXEC, syscall.E2BIG,
		syscall.EPERM, syscall.EINVAL, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.ETXTBSY:
		kind = mesos.Invalid
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC:
		kind = mesos.Unavailable
	}
	return mesos.Errorf(kind, "%s: %w", what, errno)
}

// errNoLauncher is what a launcher answers after it was closed.
var errNoLauncher = mesos.Errorf(mesos.Unavailable, "the launcher is closed")

// ErrNoContainer is the error, of kind mesos.NotFound, of a container that is not known.
func ErrNoContainer(id mesos.ContainerID) error {
	return mesos.Errorf(mesos.NotFound, "container: %s: not found", id)
}
