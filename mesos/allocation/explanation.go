package allocation

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Explainer is a Policy that can say why it decides as it does.
type Explainer interface {
	// Inquire asks why a framework is or isn't offered resources: in a role, or in
	// all that it is subscribed to if role is "", of an agent, or of all agents if
	// agent is "". It changes nothing. An error is of kind mesos.NotFound: the
	// framework, the role or the agent isn't known.
	Inquire(framework mesos.FrameworkID, role string, agent mesos.AgentID) (Inquiry, error)
}

// Inquiry is explanations in the making. A large cluster takes longer to explain
// than its policy may be stopped for, so the policy may go on between two calls of
// Next: what an inquiry adds up may have been so at slightly different times.
type Inquiry interface {
	// Next looks at some more agents, for about a millisecond, and reports whether
	// those were the last. An error is of kind mesos.NotFound: the framework or
	// the role is gone meanwhile.
	Next() (done bool, err error)
	// Explanations are what came of it, sorted by role, once Next was done.
	Explanations() []Explanation
}

// Explain inquires of a policy that belongs to another goroutine, on which inspect
// runs what it is given; inspect reports false if it can't any more. The error is
// the Explainer's, or of kind mesos.Unavailable.
func Explain(e Explainer, framework mesos.FrameworkID, role string, agent mesos.AgentID, inspect func(func()) bool) (list []Explanation, err error) {
	var inquiry Inquiry
	reached := inspect(func() { inquiry, err = e.Inquire(framework, role, agent) })
	for done := false; reached && err == nil && !done; {
		reached = inspect(func() { done, err = inquiry.Next() })
	}
	switch {
	case err != nil:
		return nil, err
	case !reached:
		return nil, mesos.Errorf(mesos.Unavailable, "explain: the allocator did not answer")
	}
	return inquiry.Explanations(), nil
}

// Explanation is why a framework is or isn't offered, in one of its roles, what
// agents have.
type Explanation struct {
	Framework mesos.FrameworkID `json:"framework_id"`
	Role      string            `json:"role"`
	// Agents is how many agents were asked about.
	Agents int `json:"agents"`
	// Held is what the framework has in the role: offered or in use.
	Held Amount `json:"held"`
	// Offerable is what nothing keeps back: it comes with the next allocation.
	Offerable Amount `json:"offerable"`
	// Reasons is what keeps the rest back: what holds for the framework as a
	// whole first, then rule by rule in the order in which they are asked.
	Reasons []Reason `json:"reasons"`
}

// Amount is resources of so many agents.
type Amount struct {
	Agents    int                  `json:"agents"`
	Resources resources.Quantities `json:"resources"`
}

// Reason is what one rule keeps back.
type Reason struct {
	// Rule is the rule's name; the names are stable.
	Rule string `json:"rule"`
	Amount
	// Example is the first of the agents, "" if the rule isn't about agents.
	Example mesos.AgentID `json:"example,omitempty"`
	// Sentence says why, of the example, with numbers.
	Sentence string `json:"sentence"`
	// Advice is the nearest thing to do about it.
	Advice string `json:"advice"`
}

// Shares is who has what of the cluster.
type Shares struct {
	// Total is what all agents have.
	Total resources.Quantities `json:"total"`
	// Roles are all roles that somebody is subscribed to, holds resources in, or
	// gave a quota or weight, and the roles above these; sorted.
	Roles []RoleShare `json:"roles"`
	// Frameworks has a row for each role of each framework, sorted.
	Frameworks []FrameworkShare `json:"frameworks"`
	// Required is what guarantees still lack and must stay free.
	Required resources.Quantities `json:"required_headroom"`
	// Available is what is free for it: unreserved and non-revocable.
	Available resources.Quantities `json:"available_headroom"`
}

// RoleShare is what a role and the roles below it have.
type RoleShare struct {
	Role       string               `json:"role"`
	Weight     float64              `json:"weight"`
	Guarantees resources.Quantities `json:"guarantees"`
	// Limits by resource; what isn't there is not limited.
	Limits resources.Limits `json:"limits"`
	// Consumed is what counts for the quota: reservations, used or not, and
	// unreserved resources that are held.
	Consumed resources.Quantities `json:"consumed"`
	// Reserved is what agents have reserved to the role and the roles below it.
	Reserved resources.Quantities `json:"reserved"`
	// Held is what is offered or in use.
	Held resources.Quantities `json:"held"`
	// DominantShare is the largest part of the cluster's total that Held is of
	// any resource, from 0 to 1, not divided by the weight.
	DominantShare float64 `json:"dominant_share"`
	// Frameworks is how many are subscribed to this very role.
	Frameworks int `json:"frameworks"`
}

// FrameworkShare is what a framework has in one role.
type FrameworkShare struct {
	Framework  mesos.FrameworkID `json:"framework_id"`
	Role       string            `json:"role"`
	Active     bool              `json:"active"`     // it is connected
	Subscribed bool              `json:"subscribed"` // false: it left the role but holds resources in it
	Suppressed bool              `json:"suppressed"`
	// Agents is how many it holds something of.
	Agents        int                  `json:"agents"`
	Held          resources.Quantities `json:"held"`
	DominantShare float64              `json:"dominant_share"`
	// Filters is how many of its answers keep agents from it for a while.
	Filters int `json:"filters"`
}
