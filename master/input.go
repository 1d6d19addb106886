package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Handles that the shell chooses; the core only hands them back.
type (
	// RequestID is one HTTP request that waits for a Reply.
	RequestID uint64
	// StreamID is one scheduler's event stream: the value of Mesos-Stream-Id.
	StreamID string
	// LinkID is one connection of an agent. It is never 0.
	LinkID uint64
	// AllocatorSession is the time from when an allocator was told the whole
	// state until it is lost. They count up; 0 is that of an allocator that is
	// there from the beginning.
	AllocatorSession uint64
)

// Input is one thing that happened. The messages in it belong to the core from
// then on: whoever made the input may not change or use them again.
type Input interface{ isInput() }

type (
	// Subscribe is a scheduler's SUBSCRIBE. The core answers with a Reply; if
	// that carries no error, Stream is open from then on and events follow.
	Subscribe struct {
		Request   RequestID
		Stream    StreamID
		Principal string // authenticated; empty if nobody was asked
		Call      *schedulerpb.Call
	}
	// SchedulerCall is any other call of a scheduler. The core answers with a
	// Reply: no error means 202 Accepted.
	SchedulerCall struct {
		Request   RequestID
		Stream    StreamID // as the request's Mesos-Stream-Id says; empty if it has none
		Principal string
		Call      *schedulerpb.Call
	}
	// StreamClosed tells that a scheduler's event stream broke.
	StreamClosed struct{ Stream StreamID }

	// AgentMessage is a message from an agent. A link is known from its first
	// message (Register or Reregister) on.
	AgentMessage struct {
		Link LinkID
		// Address is the agent's host:port as the connection shows it.
		Address string
		// Principal is who the agent is; empty if it did not say.
		Principal string
		Message   *linkpb.ToMaster
	}
	// LinkClosed tells that an agent's connection broke.
	LinkClosed struct{ Link LinkID }

	// RegistryWritten is the outcome of a WriteRegistry. An error is final: the
	// master has lost its leadership and the shell is about to drop this core.
	RegistryWritten struct {
		ID  uint64
		Err error
	}

	// AllocatorConnected begins a session with an allocator that knows nothing.
	// Of this Step are Allocate effects with the whole state.
	AllocatorConnected struct{ Session AllocatorSession }
	// Allocated is an output of the allocator. One of an earlier session than
	// the current is not taken.
	Allocated struct {
		Session AllocatorSession
		Output  allocation.Output
	}

	// Teardown is an operator's request to end a framework. Answered by a Reply.
	Teardown struct {
		Request   RequestID
		Principal string
		Framework string
	}
	// Kill is an operator's request to end a task as if its framework had asked for
	// that: within the task's grace period, or that of Policy if it is not nil. What
	// the framework hears of it is TASK_KILLED. Answered by a Reply: no error means
	// that the agent is being told, now or when it is back.
	Kill struct {
		Request   RequestID
		Principal string
		Framework mesos.FrameworkID
		Task      mesos.TaskID
		Policy    *mesospb.KillPolicy
	}

	// Operate is an operator's request to change the resources of an agent: an
	// operation without ID, of those that change resources, on resources without
	// allocation roles. Offers are rescinded if need be. Answered by a Reply: no
	// error means that the agent is being told, a conflict that the resources are
	// in use or not there.
	Operate struct {
		Request   RequestID
		Principal string
		Agent     string
		Operation *mesospb.Offer_Operation
	}

	// UpdateWeights is an operator's request to set the weights of roles, all or
	// none. Answered by a Reply once they are durable.
	UpdateWeights struct {
		Request   RequestID
		Principal string
		Weights   []*mesospb.WeightInfo
	}
	// UpdateQuota is an operator's request to replace the quotas of roles, all or
	// none. A config without guarantees and limits removes a quota. Force allows
	// guarantees that exceed the cluster, and limits below what is in use.
	// Answered by a Reply once they are durable.
	UpdateQuota struct {
		Request   RequestID
		Principal string
		Force     bool
		Configs   []*quotapb.QuotaConfig
	}
	// SetQuota is the older way to give a role a quota: one that has none, and
	// with limits that are the guarantees. Answered by a Reply once it is durable.
	SetQuota struct {
		Request   RequestID
		Principal string
		Quota     *quotapb.QuotaRequest
	}
	// RemoveQuota is the older way to take a role's quota away. Answered by a
	// Reply once that is durable.
	RemoveQuota struct {
		Request   RequestID
		Principal string
		Role      string
	}

	// UpdateWhitelist replaces the hosts of agents that may be offered (nil: all).
	// What is on offer or in use of others stays so.
	UpdateWhitelist struct{ Hostnames map[string]bool }

	// Tick tells that the time the core asked for (Next) has come.
	Tick struct{}
)

func (Subscribe) isInput()          {}
func (SchedulerCall) isInput()      {}
func (StreamClosed) isInput()       {}
func (AgentMessage) isInput()       {}
func (LinkClosed) isInput()         {}
func (RegistryWritten) isInput()    {}
func (AllocatorConnected) isInput() {}
func (Allocated) isInput()          {}
func (Operate) isInput()            {}
func (Teardown) isInput()           {}
func (Kill) isInput()               {}
func (UpdateWeights) isInput()      {}
func (UpdateQuota) isInput()        {}
func (SetQuota) isInput()           {}
func (RemoveQuota) isInput()        {}
func (UpdateWhitelist) isInput()    {}
func (Tick) isInput()               {}
