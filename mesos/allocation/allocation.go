// Package allocation is the language between a master and an allocator: plain
// data, so that the allocator can run in the same process or behind a socket
// and neither side can tell. The master sends Inputs; the allocator answers
// with Outputs. All values are immutable once sent.
package allocation

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Policy is an allocator: a core that decides who is offered what. It is owned by
// one goroutine, reads no clock, and the same inputs at the same times give the
// same outputs.
type Policy interface {
	// Step takes one input. Only a Tick makes offers, so that what belongs
	// together is known before anything is decided. The slice is valid until the
	// next Step.
	Step(now time.Time, in Input) []Output
	// Next is when the policy wants a Tick: zero means never, a time that has
	// come means as soon as no input waits.
	Next() time.Time
}

// Input is something that happened at the master which the allocator must know.
type Input interface{ isInput() }

// Output is something the allocator wants the master to do.
type Output interface{ isOutput() }

// Capability is a framework or agent capability that decides what may be offered.
type Capability uint32

// Framework capabilities (FrameworkInfo.Capability) that matter to allocation.
const (
	RevocableResources Capability = 1 << iota
	GPUResources
	SharedResources
	PartitionAware
	MultiRole
	ReservationRefinement
	RegionAware
)

// Framework is what the allocator knows of a framework.
type Framework struct {
	ID           mesos.FrameworkID
	Principal    string
	Roles        []string // sorted, at least one
	Suppressed   []string // subset of Roles, sorted
	Capabilities Capability
	// MinAllocatable overrides the global minimum per role: an offer must
	// contain at least one of the quantities. An empty slice means no minimum.
	MinAllocatable map[string][]resources.Quantities
	// Constraints, by role, that an agent must meet to be offered. Later: opaque
	// to the allocator, evaluated through Match.
	Constraints map[string]Constraints
	Domain      Domain
}

// Constraints decides whether an agent may be offered to a role of a framework.
type Constraints interface {
	// Match returns "" if the agent may be offered, or the reason why not.
	Match(*Agent) string
}

// Domain is a fault domain; both parts are empty if none is known.
type Domain struct{ Region, Zone string }

// Agent is what the allocator knows of an agent.
type Agent struct {
	ID           mesos.AgentID
	Hostname     string
	Attributes   []mesos.Attribute
	Domain       Domain
	Capabilities Capability
	Total        resources.Resources // without allocation roles
	// Unavailability is set while maintenance is scheduled.
	Unavailability *Unavailability
}

// Unavailability is a planned outage; Duration 0 means without end.
type Unavailability struct {
	Start    time.Time
	Duration time.Duration
}

// Grant is resources of one agent held by one framework (offered or in use).
// The resources carry their allocation role.
type Grant struct {
	Framework mesos.FrameworkID
	Agent     mesos.AgentID
	Resources resources.Resources
}

// Quota of a role. A resource that Limits doesn't name is not limited.
type Quota struct {
	Guarantees resources.Quantities
	Limits     map[string]resources.Scalar
}

// Request is resources that a framework would like to be offered.
type Request struct {
	Agent     mesos.AgentID // empty: of any agent
	Resources resources.Resources
}

// The inputs.
type (
	// AddFramework introduces a framework (active if Active). Used is what it
	// holds already, on agents that may or may not be known yet.
	AddFramework struct {
		Framework *Framework
		Active    bool
		Used      []Grant
	}
	// UpdateFramework replaces what is known of a framework.
	UpdateFramework struct{ Framework *Framework }
	// RemoveFramework forgets a framework; what it holds is recovered.
	RemoveFramework struct{ ID mesos.FrameworkID }
	// ActivateFramework lets a framework be offered resources again.
	ActivateFramework struct{ ID mesos.FrameworkID }
	// DeactivateFramework stops offers to a framework and forgets its filters.
	DeactivateFramework struct{ ID mesos.FrameworkID }

	// AddAgent introduces an active agent and what is in use on it, also by
	// frameworks that are not known yet.
	AddAgent struct {
		Agent *Agent
		Used  []Grant
	}
	// UpdateAgent replaces what is known of an agent, its total included.
	UpdateAgent struct{ Agent *Agent }
	// RemoveAgent forgets an agent and everything held on it.
	RemoveAgent struct{ ID mesos.AgentID }
	// ActivateAgent lets an agent's resources be offered again.
	ActivateAgent struct{ ID mesos.AgentID }
	// DeactivateAgent stops offers of an agent's resources.
	DeactivateAgent struct{ ID mesos.AgentID }

	// Recover returns resources that a framework no longer holds (declined,
	// unused, rescinded or of a task that ended).
	Recover struct {
		Grant
		// Refuse, if positive, keeps these resources from being offered to the
		// framework's role again for that long.
		Refuse time.Duration
		// Declined is true if the framework answered an offer and left the
		// resources over: they need not go straight back to it. It is not for
		// offers that the master took back.
		Declined bool
	}
	// Hold tells that a framework holds resources that seemed to be free: an
	// agent came back with more running than was known.
	Hold struct{ Grant }
	// RequestResources is what a framework says that it would like (REQUEST). A
	// policy may ignore it, as Mesos's does.
	RequestResources struct {
		ID       mesos.FrameworkID
		Requests []Request
	}
	// UpdateAllocation replaces resources that a framework holds by what an
	// operation made of them (RESERVE, CREATE, ...), and the agent's total with them.
	UpdateAllocation struct {
		Grant
		Converted resources.Resources
	}
	// Revive clears a framework's filters and suppression for roles (all if none is named).
	Revive struct {
		ID    mesos.FrameworkID
		Roles []string
	}
	// Suppress stops offers to a framework for roles (all if none is named).
	Suppress struct {
		ID    mesos.FrameworkID
		Roles []string
	}

	// UpdateWeights sets weights of roles; 1 is the default.
	UpdateWeights struct{ Weights map[string]float64 }
	// UpdateQuota sets the quota of a role; the zero Quota removes it.
	UpdateQuota struct {
		Role  string
		Quota Quota
	}
	// UpdateUnavailability sets or (nil) clears an agent's planned outage.
	UpdateUnavailability struct {
		ID             mesos.AgentID
		Unavailability *Unavailability
	}
	// InverseOfferAnswered records a framework's answer to an inverse offer.
	InverseOfferAnswered struct {
		Framework mesos.FrameworkID
		Agent     mesos.AgentID
		Accepted  bool
		Refuse    time.Duration
		// Withdrawn is true if the inverse offer was taken back before it was
		// answered: the framework may be asked again at once.
		Withdrawn bool
	}
	// UpdateWhitelist restricts offers to agents on hosts; nil means all.
	UpdateWhitelist struct{ Hostnames map[string]bool }

	// Tick tells the allocator that the time it asked for (Next) has come.
	Tick struct{}
)

func (AddFramework) isInput()         {}
func (UpdateFramework) isInput()      {}
func (RemoveFramework) isInput()      {}
func (ActivateFramework) isInput()    {}
func (DeactivateFramework) isInput()  {}
func (AddAgent) isInput()             {}
func (UpdateAgent) isInput()          {}
func (RemoveAgent) isInput()          {}
func (ActivateAgent) isInput()        {}
func (DeactivateAgent) isInput()      {}
func (Recover) isInput()              {}
func (Hold) isInput()                 {}
func (RequestResources) isInput()     {}
func (UpdateAllocation) isInput()     {}
func (Revive) isInput()               {}
func (Suppress) isInput()             {}
func (UpdateWeights) isInput()        {}
func (UpdateQuota) isInput()          {}
func (UpdateUnavailability) isInput() {}
func (InverseOfferAnswered) isInput() {}
func (UpdateWhitelist) isInput()      {}
func (Tick) isInput()                 {}

// Offered is one agent's resources for one role of a framework.
type Offered struct {
	Role      string
	Agent     mesos.AgentID
	Resources resources.Resources // with allocation role
}

// The outputs.
type (
	// OffersReady gives resources to a framework: they are held by it from now
	// on, until recovered. A master that can't use them recovers them.
	OffersReady struct {
		Framework mesos.FrameworkID
		Offers    []Offered // at most one per agent and role
	}
	// InverseOffersReady asks a framework to leave agents.
	InverseOffersReady struct {
		Framework mesos.FrameworkID
		Agents    []InverseOffered
	}
	// Refused tells that an input can't be right and was not taken, such as
	// recovering what is not held. Err says which and why.
	Refused struct{ Err error }
)

// InverseOffered is one agent that a framework is asked to leave.
type InverseOffered struct {
	Agent          mesos.AgentID
	Resources      resources.Resources
	Unavailability Unavailability
}

func (OffersReady) isOutput()        {}
func (InverseOffersReady) isOutput() {}
func (Refused) isOutput()            {}
