package allocator

import (
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// proposal is an agent's resources that a client might be offered. Rules cut
// it down or say no to it.
type proposal struct {
	agent  *agent
	id     int32 // of the client
	client *client
	// offer is what is left to offer, without allocation role.
	offer resources.Resources
	// chopped: quota took something out of the offer, so that a later one may be larger.
	chopped bool
}

// rule is one reason for not offering an agent to a client.
type rule struct {
	// allows is asked on the hot path: it may cut the offer down.
	allows func(al *Allocator, p *proposal) bool
	// why says, for people, what the rule kept back of an offer that was as
	// before and is now as in p, and what can be done about it.
	why func(al *Allocator, p *proposal, kept resources.Resources) []withheld
}

// rules are asked in order until one says no. All but the quota rule keep
// saying no until the agent has more to offer, the agent or the framework is
// updated, or the framework revives.
var rules = [...]rule{
	{allowsConstraints, whyConstraints},
	{allowsRegion, whyRegion},
	{allowsGPUs, whyGPUs},
	{allowsAvailable, whyAvailable},
	{allowsQuota, whyQuota},
	{allowsMinimum, whyMinimum},
	{allowsFilters, whyFilters},
}

// allowed asks the rules. What says no is remembered for the next time, unless
// it may change its mind on its own.
func (al *Allocator) allowed(p *proposal) bool {
	if al.hopeless(p) {
		return false
	}
	for r := range rules {
		if !rules[r].allows(al, p) {
			if !p.chopped {
				p.agent.denials.add(p.id, p.agent.free)
			}
			return false
		}
	}
	return true
}

// Offer constraints exclude agents by their attributes.
// See https://mesos.apache.org/documentation/latest/app-framework-development-guide/.
func allowsConstraints(_ *Allocator, p *proposal) bool {
	return p.client.constraints == nil || p.client.constraints.Match(p.agent.info) == ""
}

// Agents in other regions than the master's are for REGION_AWARE frameworks.
// See https://mesos.apache.org/documentation/latest/fault-domains/.
func allowsRegion(_ *Allocator, p *proposal) bool {
	return !p.agent.remote || p.client.capabilities&allocation.RegionAware != 0
}

// Agents with GPUs are for GPU_RESOURCES frameworks, if the operator wants it so.
// See https://mesos.apache.org/documentation/latest/gpu-support/.
func allowsGPUs(al *Allocator, p *proposal) bool {
	return !p.agent.gpus || !al.config.FilterGPUs || p.client.capabilities&allocation.GPUResources != 0
}

// allowsAvailable cuts the offer down to what the role may have and the
// framework understands, and says no if that is nothing.
// See https://mesos.apache.org/documentation/latest/reservation/.
func allowsAvailable(_ *Allocator, p *proposal) bool {
	if p.agent.plain {
		return !p.offer.IsEmpty()
	}
	p.offer = p.offer.AllocatableTo(p.client.role)
	if p.offer.IsEmpty() {
		return false
	}
	news := false
	p.offer = p.offer.Filter(func(r resources.Resource) bool {
		ok := p.client.lacks(r) == "" && !(r.Shared && p.agent.shown.Count(r) > 0)
		news = news || ok && !(r.Shared && p.agent.hasCopy(p.id, r, p.client.role))
		return ok
	})
	return news
}

// lacks is the capability that the framework needs to be offered a resource and
// doesn't have, or "".
func (c *client) lacks(r resources.Resource) string {
	switch {
	case r.Shared && c.capabilities&allocation.SharedResources == 0:
		return "SHARED_RESOURCES"
	case r.Revocable && c.capabilities&allocation.RevocableResources == 0:
		return "REVOCABLE_RESOURCES"
	case r.HasRefinedReservation() && c.capabilities&allocation.ReservationRefinement == 0:
		return "RESERVATION_REFINEMENT"
	}
	return ""
}

// An offer has at least one of the sets of quantities asked for.
func allowsMinimum(_ *Allocator, p *proposal) bool {
	if len(p.client.minAllocatable) == 0 {
		return !p.offer.IsEmpty()
	}
	for _, min := range p.client.minAllocatable {
		if p.offer.ContainsQuantities(min) {
			return true
		}
	}
	return false
}

func allowsFilters(al *Allocator, p *proposal) bool {
	return al.filtered(p.agent, p.id, p.offer) == nil
}
