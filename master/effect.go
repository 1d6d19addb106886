package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Effect is something the shell must do. Effects are done in the order in which
// they are returned, except that nothing waits for a WriteRegistry: what
// depends on it is returned by the Step that takes its RegistryWritten.
type Effect interface{ isEffect() }

type (
	// Reply answers an HTTP request: nil is success (202, or the opened stream),
	// an error's kind decides the status and its text is the body.
	Reply struct {
		Request RequestID
		Err     error
	}
	// SendEvent puts an event on a scheduler's stream. Events of one stream
	// arrive in order; a stream that is gone swallows them.
	SendEvent struct {
		Stream StreamID
		Event  *schedulerpb.Event
	}
	// CloseStream ends a stream after the events before it were sent. No
	// StreamClosed follows.
	CloseStream struct{ Stream StreamID }

	// SendAgent sends a message to an agent. Messages of one link arrive in
	// order or the link breaks.
	SendAgent struct {
		Link    LinkID
		Message *linkpb.ToAgent
	}
	// CloseLink drops an agent's connection after the messages before it were
	// sent. No LinkClosed follows.
	CloseLink struct{ Link LinkID }

	// WriteRegistry makes writes durable, all or none. Writes take effect in
	// the order of their IDs; RegistryWritten tells the outcome.
	WriteRegistry struct {
		ID     uint64
		Writes []RegistryWrite
	}

	// Allocate hands an input to the allocator, if it is still that of the
	// session. Inputs arrive in order, and the allocator makes no offers before
	// it has those of a whole Step.
	Allocate struct {
		Session AllocatorSession
		Input   allocation.Input
	}
)

// RegistryWrite sets a registry key to a value, or deletes it if Value is nil.
type RegistryWrite struct {
	Key   string
	Value []byte
}

// The publications: what readers (the operator API, /state, the terminal) see.
// A record is immutable once published; a new one with the same ID replaces it.
type (
	// PutFramework publishes a framework; Completed moves it to the history.
	// The record has no offers: those are published one by one.
	PutFramework struct {
		Framework *masterpb.Response_GetFrameworks_Framework
		Completed bool
	}
	// PutAgent publishes an agent; it is a recovered one no longer.
	PutAgent struct {
		Agent *masterpb.Response_GetAgents_Agent
	}
	// DropAgent removes an agent.
	DropAgent struct{ ID mesos.AgentID }
	// PutRecoveredAgent publishes an agent that was admitted in an earlier term
	// and has not come back yet.
	PutRecoveredAgent struct{ Agent *mesospb.AgentInfo }
	// DropRecoveredAgent removes a recovered agent that did not come back.
	DropRecoveredAgent struct{ ID mesos.AgentID }
	// PutTask publishes a task in a list; it leaves the list it was in before.
	PutTask struct {
		Task *mesospb.Task
		List TaskList
	}
	// DropTask removes a task from whatever list it is in.
	DropTask struct {
		Framework mesos.FrameworkID
		Agent     mesos.AgentID
		Task      mesos.TaskID
	}
	// DropFramework removes a framework, its tasks and executors from the history.
	DropFramework struct{ ID mesos.FrameworkID }
	// PutExecutor publishes an executor that runs on an agent.
	PutExecutor struct {
		Agent    mesos.AgentID
		Executor *mesospb.ExecutorInfo // framework_id set
	}
	// DropExecutor removes an executor.
	DropExecutor struct {
		Framework mesos.FrameworkID
		Agent     mesos.AgentID
		Executor  mesos.ExecutorID
	}
	// PutOffer publishes an outstanding offer.
	PutOffer struct{ Offer *mesospb.Offer }
	// DropOffer removes an offer.
	DropOffer struct {
		Framework mesos.FrameworkID
		Offer     mesos.OfferID
	}
	// PutOperation publishes an operation on an agent's resources.
	PutOperation struct{ Operation *mesospb.Operation }
	// DropOperation removes an operation, by its uuid of 16 bytes.
	DropOperation struct{ UUID string }
	// PutWeight publishes the weight of a role.
	PutWeight struct {
		Role   string
		Weight float64
	}
	// PutQuota publishes the quota of a role; nil if it has none any more.
	PutQuota struct {
		Role   string
		Config *quotapb.QuotaConfig
	}
	// GiveUp ends this master: it does more harm than good.
	GiveUp struct{ Err error }
	// PutMaintenance publishes what is planned for machines, and how far it is.
	PutMaintenance struct {
		Schedule *maintenancepb.Schedule
		Status   *maintenancepb.ClusterStatus
	}
)

// TaskList says which of a framework's lists a task is in.
type TaskList int

// The lists of GET_TASKS.
const (
	TaskActive TaskList = iota
	TaskPending
	TaskUnreachable
	TaskCompleted
)

// Log is a line for the operator's log about something that the core decided.
type Log struct {
	Level   LogLevel
	Message string
	Args    []any // key, value, ... as in log/slog
}

// LogLevel is the weight of a Log; the numbers are log/slog's.
type LogLevel int

// The levels.
const (
	LogDebug LogLevel = -4
	LogInfo  LogLevel = 0
	LogWarn  LogLevel = 4
	LogError LogLevel = 8
)

func (Reply) isEffect()              {}
func (SendEvent) isEffect()          {}
func (CloseStream) isEffect()        {}
func (SendAgent) isEffect()          {}
func (CloseLink) isEffect()          {}
func (WriteRegistry) isEffect()      {}
func (Allocate) isEffect()           {}
func (PutFramework) isEffect()       {}
func (PutAgent) isEffect()           {}
func (DropAgent) isEffect()          {}
func (PutRecoveredAgent) isEffect()  {}
func (DropRecoveredAgent) isEffect() {}
func (PutTask) isEffect()            {}
func (DropTask) isEffect()           {}
func (DropFramework) isEffect()      {}
func (PutExecutor) isEffect()        {}
func (DropExecutor) isEffect()       {}
func (PutOffer) isEffect()           {}
func (DropOffer) isEffect()          {}
func (PutOperation) isEffect()       {}
func (DropOperation) isEffect()      {}
func (PutWeight) isEffect()          {}
func (PutQuota) isEffect()           {}
func (GiveUp) isEffect()             {}
func (PutMaintenance) isEffect()     {}
func (Log) isEffect()                {}
