package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Handles that the shell chooses; the core only hands them back.
type (
	// RequestID is one HTTP request that waits for a Reply.
	RequestID uint64
	// StreamID is one executor's event stream.
	StreamID string
	// LinkID is one connection to a master.
	LinkID uint64
)

// Input is one thing that happened.
type Input interface{ isInput() }

type (
	// Connected tells that a connection to the leading master is up, as a
	// Connect effect asked for.
	Connected struct {
		Link LinkID
		// Master is the leading master's host:port.
		Master string
	}
	// ConnectFailed tells that the connection a Connect asked for did not come about.
	ConnectFailed struct{ Err error }
	// LeaderKnown tells that a master leads, as any master has told. The next
	// Connect goes there.
	LeaderKnown struct {
		Master string // host:port
		Term   uint64 // later leaders have greater ones
	}
	// LinkClosed tells that the connection to the master broke.
	LinkClosed struct{ Link LinkID }
	// MasterMessage is a message from the master.
	MasterMessage struct {
		Link    LinkID
		Message *linkpb.ToAgent
	}

	// ExecutorSubscribe is an executor's SUBSCRIBE. The core answers with a
	// Reply; if that carries no error, Stream is open and events follow.
	ExecutorSubscribe struct {
		Request RequestID
		Stream  StreamID
		// Claims are what the executor has proved to be, by the names "fid", "eid"
		// and "cid"; nil if it was not asked.
		Claims map[string]string
		Call   *executorpb.Call
	}
	// ExecutorCall is any other call of an executor, answered with a Reply.
	ExecutorCall struct {
		Request RequestID
		Claims  map[string]string // as in ExecutorSubscribe
		Call    *executorpb.Call
	}
	// ExecutorStreamClosed tells that an executor's event stream broke.
	ExecutorStreamClosed struct{ Stream StreamID }

	// ContainerStarted tells that a LaunchContainer succeeded. Pid is 0 for a
	// built-in executor, which has no process of its own.
	ContainerStarted struct {
		Container mesos.ContainerID
		Pid       int
	}
	// ContainerEnded tells that a container is gone, with all its processes:
	// it exited, was destroyed, or could not be launched (Launched is false).
	ContainerEnded struct {
		Container mesos.ContainerID
		Launched  bool
		// NoSandbox is true if not even a sandbox could be made: nothing of the
		// executor or of its tasks was begun.
		NoSandbox bool
		// Status is as wait(2) encodes it; nil if not known.
		Status *int
		// Reason and Message say what ended it, where it was not its own doing
		// (a failed launch, a limit). Reason is a TaskStatus.Reason number, or 0;
		// Message is what frameworks are told.
		Reason  int32
		Message string
		// Limited has the resources of which there was not enough, if that ended it.
		Limited []*mesospb.Resource
	}
	// ContainerUpdateFailed tells that a container could not be given the
	// resources of an UpdateContainer.
	ContainerUpdateFailed struct {
		Container mesos.ContainerID
		Message   string
	}

	// VolumesChanged tells that a ChangeVolumes was done or, with Err, why it
	// could not be.
	VolumesChanged struct {
		Operation [16]byte
		Err       error
	}

	// Leftovers tells what directories of agents, frameworks, executors and their
	// runs there are in the work directory.
	Leftovers struct{ Dirs []Leftover }
	// SandboxOver tells that a sandbox other than an executor's is not used any more.
	SandboxOver struct{ Path string } // relative to the work directory
	// DiskUsed tells how much of the work directory's disk is in use, from 0 to 1.
	DiskUsed struct{ Fraction float64 }
	// DirRemoved tells what came of a RemoveDir.
	DirRemoved struct {
		Path   string
		Absent bool  // there was no such directory
		Err    error // why something of it is left
	}

	// Shutdown tells that the agent was asked to stop (SIGTERM): executors are
	// shut down, the master is told, and Stopped ends it.
	Shutdown struct{ Reason string }

	// Tick tells that the time the core asked for (Next) has come.
	Tick struct{}
)

func (Connected) isInput()             {}
func (ConnectFailed) isInput()         {}
func (LeaderKnown) isInput()           {}
func (LinkClosed) isInput()            {}
func (MasterMessage) isInput()         {}
func (ExecutorSubscribe) isInput()     {}
func (ExecutorCall) isInput()          {}
func (ExecutorStreamClosed) isInput()  {}
func (ContainerStarted) isInput()      {}
func (ContainerEnded) isInput()        {}
func (ContainerUpdateFailed) isInput() {}
func (VolumesChanged) isInput()        {}
func (Leftovers) isInput()             {}
func (SandboxOver) isInput()           {}
func (DiskUsed) isInput()              {}
func (DirRemoved) isInput()            {}
func (Shutdown) isInput()              {}
func (Tick) isInput()                  {}
