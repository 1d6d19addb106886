package allocation

import "github.com/mesosctl/mesosctl/mesos"

// Report is what a master says of why a framework is or isn't offered what
// agents have: what it knows itself, and what its allocator explains.
type Report struct {
	Framework mesos.FrameworkID `json:"framework_id"`
	Name      string            `json:"name"`
	Connected bool              `json:"connected"` // its scheduler is subscribed
	Active    bool              `json:"active"`
	// Agents is how many are registered with the master, whatever was asked about.
	Agents int `json:"agents"`
	// Offers are what the framework was sent and has not answered.
	Offers Outstanding `json:"offers"`
	// Reasons are the master's, which hold in every role.
	Reasons []Reason `json:"reasons"`
	// Roles has an explanation for each role that was asked about.
	Roles []Explanation `json:"roles"`
}

// Outstanding is offers that a framework has not answered.
type Outstanding struct {
	Offers int `json:"offers"`
	Amount
	// OldestSeconds is for how long the first of them has been waiting.
	OldestSeconds float64 `json:"oldest_seconds"`
}

// Rules of the reasons that a master gives; an allocator has names of its own.
const (
	// RuleNoAgents: no agent is registered, so there is nothing to offer.
	RuleNoAgents = "no_agents"
	// RuleRecovering: agents that the master knows have not come back yet.
	RuleRecovering = "agents_recovering"
	// RuleUnanswered: the framework has offers that it has not answered.
	RuleUnanswered = "unanswered_offers"
	// RuleNoRole: the framework is subscribed to no role.
	RuleNoRole = "no_role"
)
