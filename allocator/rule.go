package allocator

import (
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
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
	name string
	// allows is asked on the hot path: it may cut the offer down.
	allows func(al *Allocator, p *proposal) bool
	// why is the sentence for people, asked of a proposal that was not allowed.
	why func(al *Allocator, p *proposal) string
}

// rules are asked in order until one says no. All but the quota rule keep
// saying no until the agent has more to offer, the agent or the framework is
// updated, or the framework revives.
var rules = [...]rule{
	{"constraints", allowsConstraints, whyConstraints},
	{"region", allowsRegion, whyRegion},
	{"gpus", allowsGPUs, whyGPUs},
	{"available", allowsAvailable, whyAvailable},
	{"quota", allowsQuota, whyQuota},
	{"min_allocatable_resources", allowsMinimum, whyMinimum},
	{"declined", allowsFilters, whyFilters},
}

// allowed asks the rules. What says no is remembered for the next time, unless
// it may change its mind on its own.
func (al *Allocator) allowed(p *proposal) bool {
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

func whyConstraints(_ *Allocator, p *proposal) string {
	return p.client.constraints.Match(p.agent.info)
}

// Agents in other regions than the master's are for REGION_AWARE frameworks.
// See https://mesos.apache.org/documentation/latest/fault-domains/.
func allowsRegion(_ *Allocator, p *proposal) bool {
	return !p.agent.remote || p.client.capabilities&allocation.RegionAware != 0
}

func whyRegion(_ *Allocator, p *proposal) string {
	return fmt.Sprintf("the agent is in region %s and the framework is not REGION_AWARE", p.agent.info.Domain.Region)
}

// Agents with GPUs are for GPU_RESOURCES frameworks, if the operator wants it so.
// See https://mesos.apache.org/documentation/latest/gpu-support/.
func allowsGPUs(al *Allocator, p *proposal) bool {
	return !p.agent.gpus || !al.config.FilterGPUs || p.client.capabilities&allocation.GPUResources != 0
}

func whyGPUs(*Allocator, *proposal) string {
	return "the agent has GPUs and the framework has no GPU_RESOURCES capability"
}

// allowsAvailable cuts the offer down to what the role may have and the
// framework understands, and says no if that is nothing.
// See https://mesos.apache.org/documentation/latest/reservation/.
func allowsAvailable(_ *Allocator, p *proposal) bool {
	if p.agent.plain {
		return !p.offer.IsEmpty()
	}
	capable := p.client.capabilities
	news := false
	p.offer = p.offer.Filter(func(r resources.Resource) bool {
		ok := r.IsAllocatableTo(p.client.role) &&
			(!r.Shared || capable&allocation.SharedResources != 0 && p.agent.shown.Count(r) == 0) &&
			(!r.Revocable || capable&allocation.RevocableResources != 0) &&
			(!r.HasRefinedReservation() || capable&allocation.ReservationRefinement != 0)
		news = news || ok && !(r.Shared && p.agent.hasCopy(p.id, r, p.client.role))
		return ok
	})
	return news
}

func whyAvailable(_ *Allocator, p *proposal) string {
	if p.agent.free.IsEmpty() {
		return "all of the agent's resources are offered or in use"
	}
	return fmt.Sprintf("what is left of the agent (%v) is not for role %s, or not for a framework with these capabilities",
		p.agent.free, p.client.role)
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

func whyMinimum(_ *Allocator, p *proposal) string {
	return fmt.Sprintf("what could be offered (%v) is less than an offer must have: one of %v", p.offer, p.client.minAllocatable)
}

func allowsFilters(al *Allocator, p *proposal) bool {
	return al.filtered(p.agent, p.id, p.offer) == nil
}

func whyFilters(al *Allocator, p *proposal) string {
	f := al.filtered(p.agent, p.id, p.offer)
	return fmt.Sprintf("the framework declined %v; asked again in %v, or when it revives",
		f.refused, al.timeOf(f.until).Sub(al.now))
}

// Denial is a rule's answer to why a framework is not offered an agent.
type Denial struct {
	Rule   string
	Reason string
}

// Explain says which rule keeps an agent from being offered to a framework in a
// role. It is false if none does, and an error of kind mesos.NotFound if the
// framework, the role or the agent isn't known.
func (al *Allocator) Explain(framework mesos.FrameworkID, role string, agent mesos.AgentID) (Denial, bool, error) {
	f, ok := al.frameworkIDs[framework]
	if !ok {
		return Denial{}, false, mesos.Errorf(mesos.NotFound, "explain: framework %s is not known", framework)
	}
	i, ok := al.agentIDs[agent]
	if !ok {
		return Denial{}, false, mesos.Errorf(mesos.NotFound, "explain: agent %s is not known", agent)
	}
	c := al.clientOf(f, role)
	if c < 0 {
		return Denial{}, false, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to role %s", framework, role)
	}
	a := al.agents[i]
	switch cl := &al.clients[c]; {
	case !al.frameworks[f].active:
		return Denial{"active", "the framework is disconnected"}, true, nil
	case !cl.subscribed:
		return Denial{"active", "the framework is no longer subscribed to the role"}, true, nil
	case cl.suppressed:
		return Denial{"suppressed", "the framework suppressed offers for the role"}, true, nil
	case !a.active:
		return Denial{"active", "the agent is deactivated"}, true, nil
	case !a.whitelisted:
		return Denial{"whitelist", "host " + a.info.Hostname + " is not on the whitelist"}, true, nil
	}
	p := proposal{agent: a, id: c, client: &al.clients[c], offer: a.free}
	for r := range rules {
		if !rules[r].allows(al, &p) {
			return Denial{rules[r].name, rules[r].why(al, &p)}, true, nil
		}
	}
	return Denial{}, false, nil
}
