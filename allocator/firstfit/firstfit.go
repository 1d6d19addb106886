// Package firstfit is an example of an allocation policy: first-fit packing. It
// fills agents one after the other, so that as many as possible stay empty, for
// instance to be switched off.
//
// A framework is offered one agent at a time, all that it may have of it: the
// fullest agent that has something for it. What it declines or leaves over is not
// offered to it again for as long as it said, and the next agent is offered at
// once. Frameworks are served in the order in which they came.
//
// It knows nothing of fair shares, so it refuses weights, and nothing of quota,
// so it refuses that too: what it can't hold it does not pretend to. It offers no
// revocable and no shared resources. Of an agent whose maintenance is planned it
// offers what no other has, and nothing while the maintenance lasts; it asks nobody
// to leave, which would be inverse offers.
//
// Whoever writes a policy of their own can begin here: it needs Step and Next,
// whose rules are in package mesos/allocation, and nothing else.
package firstfit

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Config is what a Policy is born with.
type Config struct {
	// Interval is how long a framework is given to answer an offer before it is
	// offered another agent, and the least time for which a declined offer is not
	// repeated. 0 means a second.
	Interval time.Duration
	// MinAllocatable: an offer contains at least one of these. Empty means no minimum.
	MinAllocatable []resources.Quantities
}

// Policy is the state of the policy: what it was told, and nothing derived.
type Policy struct {
	config     Config
	now        time.Time
	out        []allocation.Output
	frameworks []*framework // in the order in which they came
	agents     map[mesos.AgentID]*agent
	whitelist  map[string]bool // nil: every host
	changed    bool            // since the last Tick, so that there may be something to offer
}

type framework struct {
	*allocation.Framework
	active     bool
	suppressed map[string]bool
	// waits is until when each role is given time to answer.
	waits map[string]time.Time
}

type agent struct {
	*allocation.Agent
	active bool
	held   map[mesos.FrameworkID]resources.Resources // with allocation role
	// filters is until when agents are not offered to a role of a framework again.
	filters map[client]time.Time
}

// client is a framework in one of its roles.
type client struct {
	framework mesos.FrameworkID
	role      string
}

// New is a policy that knows nobody yet.
func New(config Config) *Policy {
	if config.Interval <= 0 {
		config.Interval = time.Second
	}
	return &Policy{config: config, agents: make(map[mesos.AgentID]*agent)}
}

// Step takes one input. See allocation.Policy.
func (p *Policy) Step(now time.Time, in allocation.Input) []allocation.Output {
	p.now, p.out = now, nil
	if _, tick := in.(allocation.Tick); tick {
		p.changed = false
		p.allocate()
		return p.out
	}
	p.changed = true
	switch in := in.(type) {
	case allocation.AddAgent:
		p.agents[in.Agent.ID] = &agent{Agent: in.Agent, active: true,
			held: make(map[mesos.FrameworkID]resources.Resources), filters: make(map[client]time.Time)}
		p.hold(in.Used)
	case allocation.UpdateAgent:
		if a := p.agents[in.Agent.ID]; a != nil {
			a.Agent = in.Agent
			clear(a.filters)
		}
	case allocation.RemoveAgent:
		delete(p.agents, in.ID)
	case allocation.ActivateAgent:
		p.activate(in.ID, true)
	case allocation.DeactivateAgent:
		p.activate(in.ID, false)
	case allocation.Recover:
		p.recover(in)
	case allocation.Hold:
		p.hold([]allocation.Grant{in.Grant})
	case allocation.UpdateAllocation:
		p.convert(in)
	case allocation.UpdateUnavailability:
		p.plan(in)
	case allocation.UpdateWhitelist:
		p.whitelist = in.Hostnames
	case allocation.UpdateQuota:
		p.refuse("role %s: the policy first-fit has no quota", in.Role)
	case allocation.UpdateWeights:
		p.refuse("the policy first-fit has no weights")
	default:
		p.stepFramework(in)
	}
	return p.out
}

// stepFramework takes what is about one framework.
func (p *Policy) stepFramework(in allocation.Input) {
	switch in := in.(type) {
	case allocation.AddFramework:
		f := &framework{active: in.Active, waits: make(map[string]time.Time)}
		f.describe(in.Framework)
		p.frameworks = append(p.frameworks, f)
		p.hold(in.Used)
	case allocation.UpdateFramework:
		p.with(in.Framework.ID, func(f *framework) { f.describe(in.Framework) })
	case allocation.RemoveFramework:
		p.frameworks = slices.DeleteFunc(p.frameworks, func(f *framework) bool { return f.ID == in.ID })
		p.unfilter(in.ID, nil)
		for _, a := range p.agents {
			delete(a.held, in.ID)
		}
	case allocation.ActivateFramework:
		p.with(in.ID, func(f *framework) { f.active = true })
	case allocation.DeactivateFramework:
		p.with(in.ID, func(f *framework) { f.active = false })
		p.unfilter(in.ID, nil)
	case allocation.Revive:
		p.with(in.ID, func(f *framework) { f.suppress(in.Roles, false) })
		p.unfilter(in.ID, in.Roles)
	case allocation.Suppress:
		p.with(in.ID, func(f *framework) { f.suppress(in.Roles, true) })
	}
}

// Next is when there may be something to offer: at once if anything changed,
// else when a filter or the time to answer an offer is over.
func (p *Policy) Next() time.Time {
	if p.changed {
		return p.now
	}
	var next time.Time
	sooner := func(at time.Time) {
		if at.After(p.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, f := range p.frameworks {
		for _, at := range f.waits {
			sooner(at)
		}
	}
	for _, a := range p.agents {
		for _, at := range a.filters {
			sooner(at)
		}
		sooner(a.backAt())
	}
	return next
}

// allocate offers each role of each framework the fullest agent that fits.
func (p *Policy) allocate() {
	for _, a := range p.agents {
		maps.DeleteFunc(a.filters, func(_ client, until time.Time) bool { return !until.After(p.now) })
	}
	for _, f := range p.frameworks {
		for _, role := range f.Roles {
			if !f.active || f.suppressed[role] || f.waits[role].After(p.now) {
				continue
			}
			for _, a := range p.fullestFirst() {
				if rs := p.fit(f, role, a); !rs.IsEmpty() {
					p.offer(f, role, a, rs)
					break
				}
			}
		}
	}
}

// fullestFirst is the agents in the order in which they are to be filled: what
// is in use already first, by its share of cpus. What is empty comes last, and
// after it what is to go away.
func (p *Policy) fullestFirst() []*agent {
	order := make([]*agent, 0, len(p.agents))
	for _, a := range p.agents {
		order = append(order, a)
	}
	free := func(a *agent) float64 {
		if a.Total.Cpus() == 0 {
			return 1
		}
		return float64(a.free().Cpus()) / float64(a.Total.Cpus())
	}
	slices.SortFunc(order, func(a, b *agent) int {
		if leaving := b.Unavailability != nil; leaving != (a.Unavailability != nil) {
			if leaving {
				return -1
			}
			return 1
		}
		if fa, fb := free(a), free(b); fa != fb {
			if fa < fb {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return order
}

// fit is what a role of a framework may be offered of an agent.
func (p *Policy) fit(f *framework, role string, a *agent) (none resources.Resources) {
	if !a.active || a.away(p.now) || p.whitelist != nil && !p.whitelist[a.Hostname] || a.filters[client{f.ID, role}].After(p.now) {
		return none
	}
	if c := f.Constraints[role]; c != nil && c.Match(a.Agent) != "" {
		return none
	}
	if a.Total.Quantities().Get("gpus") > 0 && f.Capabilities&allocation.GPUResources == 0 {
		return none
	}
	rs := a.free().AllocatableTo(role)
	minima, own := f.MinAllocatable[role]
	if !own {
		minima = p.config.MinAllocatable
	}
	enough := func(least resources.Quantities) bool { return rs.ContainsQuantities(least) }
	if len(minima) > 0 && !slices.ContainsFunc(minima, enough) {
		return none
	}
	return rs
}

func (p *Policy) offer(f *framework, role string, a *agent, rs resources.Resources) {
	rs = rs.Allocate(role)
	a.held[f.ID] = a.held[f.ID].Add(rs)
	f.waits[role] = p.now.Add(p.config.Interval)
	p.out = append(p.out, allocation.OffersReady{
		Framework: f.ID, Offers: []allocation.Offered{{Role: role, Agent: a.ID, Resources: rs}},
	})
}

// free is what nobody holds of an agent and this policy offers.
func (a *agent) free() resources.Resources {
	free := a.Total
	for _, held := range a.held {
		free = free.Sub(held.Unallocate())
	}
	return free.NonRevocable().NonShared()
}
