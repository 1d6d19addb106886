package agent

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Effect is something the shell must do. Effects are done in the order in which
// they are returned, and those after a Checkpoint only once it is durable. The
// driver takes many Steps as a batch and syncs their checkpoints together, so a
// core must not count on anything between two effects.
type Effect interface{ isEffect() }

type (
	// Connect asks for a connection to the leading master; answered by
	// Connected or ConnectFailed. At most one is under way.
	Connect struct{}
	// SendMaster sends a message to the master; lost if the link is gone.
	SendMaster struct {
		Link    LinkID
		Message *linkpb.ToMaster
	}
	// CloseLink drops the connection. No LinkClosed follows.
	CloseLink struct{ Link LinkID }

	// Reply answers an executor's HTTP request: nil is success.
	Reply struct {
		Request RequestID
		Err     error
	}
	// SendExecutor puts an event on an executor's stream.
	SendExecutor struct {
		Stream StreamID
		Event  *executorpb.Event
	}
	// CloseExecutorStream ends a stream after the events before it were sent.
	CloseExecutorStream struct{ Stream StreamID }

	// LaunchContainer starts an executor: it makes the sandbox, fetches the
	// URIs and starts the process, or (Builtin) starts the built-in executor,
	// which then subscribes like any other. Answered by ContainerStarted, and
	// in every case ended by one ContainerEnded.
	LaunchContainer struct {
		Container mesos.ContainerID
		Builtin   Builtin
		Framework *mesospb.FrameworkInfo
		Executor  *mesospb.ExecutorInfo // resources, command, container
		Task      *mesospb.TaskInfo     // of a command task, else nil
		Limits    map[string]*mesospb.Value_Scalar
		Sandbox   string // absolute path
		// User runs the container; empty means the agent's own.
		User string
		// Environment is what Mesos gives an executor, sorted by name.
		Environment []Variable
		// Checkpoint is true if the framework wants its executors to outlive the agent.
		Checkpoint bool
	}
	// RecoverContainers takes over the containers that an earlier agent launched,
	// and destroys every other. It is the first effect about containers. Each is
	// answered as a LaunchContainer is: by ContainerStarted if it is there, and in
	// every case by one ContainerEnded, at once if it is not there.
	RecoverContainers struct{ Containers []RecoveredContainer }
	// ReleaseContainer tells that the end of a container is written down: what is
	// kept for another agent to learn it can go.
	ReleaseContainer struct{ Container mesos.ContainerID }
	// UpdateContainer tells a container its new resources (a task came or went),
	// before the executor is told of the task. Answered by ContainerUpdateFailed
	// if that can't be done.
	UpdateContainer struct {
		Container mesos.ContainerID
		Resources []*mesospb.Resource
		Limits    map[string]*mesospb.Value_Scalar
	}
	// DestroyContainer kills every process of a container, or gives up a launch
	// that is under way. ContainerEnded follows.
	DestroyContainer struct{ Container mesos.ContainerID }

	// Checkpoint makes a file under the meta directory durable before the effects after it.
	Checkpoint struct {
		Path   string // relative to <work_dir>/meta
		Value  []byte // nil removes the path and everything below it
		Append bool   // add a record to an append-only file instead of replacing it
	}

	// ChangeVolumes makes the directories of persistent volumes, where there are
	// none, and removes others with all they hold. It may have been done before,
	// wholly or in part, by an agent that died. Answered by VolumesChanged.
	ChangeVolumes struct {
		Operation [16]byte
		Create    []resources.VolumePath
		Destroy   []resources.VolumePath
	}

	// RetireDir notes on the disk that a directory is over from now on, so that a
	// later agent knows its age.
	RetireDir struct{ Path string } // relative to the work directory
	// RemoveDir removes a directory with all that is in it, and following neither
	// links nor mounts out of it. It is out of the way of the effects after this
	// one at once. Answered by DirRemoved.
	RemoveDir struct{ Path string }

	// PutFramework publishes a framework to readers; Completed moves it to the history.
	PutFramework struct {
		Framework *mesospb.FrameworkInfo
		Completed bool
	}
	// DropFramework removes a framework from the history, with its executors.
	DropFramework struct{ ID mesos.FrameworkID }
	// PutExecutor publishes an executor to readers (/state, /containers).
	PutExecutor struct{ Executor *ExecutorRecord }
	// DropExecutor removes an executor and its tasks from the history.
	DropExecutor struct {
		Framework mesos.FrameworkID
		Container mesos.ContainerID
	}
	// PutTask publishes a task in one of its executor's lists; it leaves the
	// list it was in. Its executor was published before.
	PutTask struct {
		Container mesos.ContainerID
		List      TaskList
		Task      *mesospb.Task
		// Info is what a queued task is to be launched from, else nil.
		Info *mesospb.TaskInfo
	}
	// DropTask removes a completed task from its executor's history.
	DropTask struct {
		Container mesos.ContainerID
		Task      mesos.TaskID
	}
	// PutAgent publishes the agent itself, once registered and after changes.
	PutAgent struct {
		Agent *mesospb.AgentInfo
		// Master is the leading master's host:port while registered, else "".
		Master string
	}

	// PutDrain publishes the drain under way; nil once it is over.
	PutDrain struct {
		Config *mesospb.DrainConfig
		Since  time.Time // zero: begun under an earlier agent
	}

	// PutResources publishes what the agent has, with its dynamic reservations
	// and persistent volumes, when that changed.
	PutResources struct{ Total []*mesospb.Resource }

	// PutOperation publishes an operation on the agent's resources, in the state
	// that it is in now; immutable.
	PutOperation struct{ Operation *mesospb.Operation }
	// DropOperation removes an operation that is over for everybody.
	DropOperation struct{ Operation [16]byte }

	// Stopped ends the agent process: cleanly if Err is nil.
	Stopped struct{ Err error }

	// Log is a line for the operator's log about something that the core decided.
	Log struct {
		Level   int // log/slog's numbers
		Message string
		Args    []any
	}
)

// RecoveredContainer is a container that an earlier agent launched.
type RecoveredContainer struct {
	// LaunchContainer is what it would be launched with now.
	LaunchContainer
	// Tasks are those of a built-in executor that have not ended, as far as it is
	// written down: of a command executor there is one.
	Tasks []RecoveredTask
}

// RecoveredTask is a task of a built-in executor that an earlier agent ran.
type RecoveredTask struct {
	Info *mesospb.TaskInfo
	// Told is the newest status that is written down; nil if there is none.
	Told *mesospb.TaskStatus
	// Running is when it began to run, in seconds since 1970; 0 if it is not known to.
	Running float64
	// Group is the same for the tasks of one task group.
	Group string
}

// Variable is one environment variable.
type Variable struct{ Name, Value string }

// Builtin says which built-in executor a container holds.
type Builtin int

// The built-in executors.
const (
	BuiltinNone    Builtin = iota // a custom executor, with a command of its own
	BuiltinCommand                // runs one task's command
	BuiltinDefault                // runs task groups
)

// ExecutorRecord is what readers see of an executor, besides its tasks (PutTask).
// Immutable once published; a new one with the same Container replaces it.
type ExecutorRecord struct {
	Info      *mesospb.ExecutorInfo // framework_id set
	Container mesos.ContainerID
	Sandbox   string
	// Resources are the executor's own and those of its queued and launched tasks.
	Resources []*mesospb.Resource
	// Status is what the container API tells: container_id, network_infos, executor_pid.
	Status *mesospb.ContainerStatus
	// Ended moves the executor to the history.
	Ended bool
}

// TaskList says which of its executor's lists a task is in.
type TaskList int

// The lists of /state and of GET_TASKS.
const (
	TaskQueued     TaskList = iota // the executor has not been sent it yet
	TaskLaunched                   // sent to the executor
	TaskTerminated                 // ended; some update is not acknowledged yet
	TaskCompleted                  // ended, every update acknowledged
)

func (Connect) isEffect()             {}
func (SendMaster) isEffect()          {}
func (CloseLink) isEffect()           {}
func (Reply) isEffect()               {}
func (SendExecutor) isEffect()        {}
func (CloseExecutorStream) isEffect() {}
func (LaunchContainer) isEffect()     {}
func (RecoverContainers) isEffect()   {}
func (ReleaseContainer) isEffect()    {}
func (UpdateContainer) isEffect()     {}
func (DestroyContainer) isEffect()    {}
func (Checkpoint) isEffect()          {}
func (ChangeVolumes) isEffect()       {}
func (RetireDir) isEffect()           {}
func (RemoveDir) isEffect()           {}
func (PutResources) isEffect()        {}
func (PutFramework) isEffect()        {}
func (DropFramework) isEffect()       {}
func (PutExecutor) isEffect()         {}
func (DropExecutor) isEffect()        {}
func (PutTask) isEffect()             {}
func (DropTask) isEffect()            {}
func (PutAgent) isEffect()            {}
func (PutDrain) isEffect()            {}
func (PutOperation) isEffect()        {}
func (DropOperation) isEffect()       {}
func (Stopped) isEffect()             {}
func (Log) isEffect()                 {}
