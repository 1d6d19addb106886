package allocator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// The names of what keeps resources back from a framework, in the order in
// which they are told.
const (
	ruleDisconnected = "disconnected"
	ruleUnsubscribed = "unsubscribed"
	ruleSuppressed   = "suppressed"
	ruleTaken        = "taken"
	ruleDeactivated  = "deactivated"
	ruleWhitelist    = "whitelist"
	ruleConstraints  = "constraints"
	ruleRegion       = "region"
	ruleGPUs         = "gpus"
	ruleReserved     = "reserved"
	ruleCapability   = "capability"
	ruleShared       = "shared"
	ruleLimit        = "limit"
	ruleGuarantee    = "guarantee"
	ruleMinimum      = "min_allocatable_resources"
	ruleDeclined     = "declined"
)

var ranks = []string{
	ruleDisconnected, ruleUnsubscribed, ruleSuppressed, ruleTaken, ruleDeactivated, ruleWhitelist, ruleConstraints,
	ruleRegion, ruleGPUs, ruleReserved, ruleCapability, ruleShared, ruleLimit, ruleGuarantee, ruleMinimum, ruleDeclined,
}

func rank(rule string) int { return slices.Index(ranks, rule) }

// whyInactive is why a client is offered nothing at all.
func (al *Allocator) whyInactive(c int32) withheld {
	switch cl := &al.clients[c]; {
	case !al.frameworks[cl.framework].active:
		return withheld{rule: ruleDisconnected, sentence: "the framework is disconnected", advice: "start its scheduler: it must subscribe again"}
	case !cl.subscribed:
		return withheld{rule: ruleUnsubscribed, sentence: "the framework is no longer subscribed to role " + cl.role, advice: "let it subscribe to the role"}
	case cl.suppressed:
		return withheld{rule: ruleSuppressed, sentence: "the framework suppressed offers for role " + cl.role, advice: "let it revive offers for the role"}
	}
	return withheld{}
}

// whyNotOffered is why an agent is offered to nobody.
func whyNotOffered(a *agent) withheld {
	switch kept := a.free.Quantities(); {
	case !a.active:
		return withheld{ruleDeactivated, kept, "the agent is deactivated, draining or unreachable", "reactivate it, or wait until it is back"}
	case !a.whitelisted:
		return withheld{ruleWhitelist, kept, "host " + a.info.Hostname + " is not on the whitelist", "add the host to the whitelist"}
	}
	return withheld{}
}

// whyTaken is what other clients hold of an agent.
func (al *Allocator) whyTaken(a *agent, c int32) withheld {
	var taken, most resources.Quantities
	var others int
	var who *client
	for h := range a.held {
		if a.held[h].client == c || a.held[h].whole().bare.IsEmpty() {
			continue
		}
		others++
		held := a.held[h].bare.Quantities()
		taken = taken.Add(held)
		if who == nil || most.Get("cpus") < held.Get("cpus") {
			who, most = &al.clients[a.held[h].client], held
		}
	}
	if who == nil {
		return withheld{}
	}
	sentence := fmt.Sprintf("%v is offered to or used by framework %s in role %s", most, al.frameworks[who.framework].id, who.role)
	switch {
	case others == 2:
		sentence += ", and more to or by another"
	case others > 2:
		sentence += fmt.Sprintf(", and more to or by %d others", others-1)
	}
	return withheld{ruleTaken, taken, sentence, "wait for what others hold, or add agents; weights and quota shift what is offered next"}
}

func whyConstraints(_ *Allocator, p *proposal, kept resources.Resources) []withheld {
	return []withheld{{
		ruleConstraints, kept.Quantities(), p.client.constraints.Match(p.agent.info),
		"relax the framework's offer constraints for role " + p.client.role,
	}}
}

func whyRegion(_ *Allocator, p *proposal, kept resources.Resources) []withheld {
	return []withheld{{
		ruleRegion, kept.Quantities(),
		fmt.Sprintf("the agent is in region %s and the framework is not REGION_AWARE", p.agent.info.Domain.Region),
		"give the framework the REGION_AWARE capability",
	}}
}

func whyGPUs(_ *Allocator, _ *proposal, kept resources.Resources) []withheld {
	return []withheld{{
		ruleGPUs, kept.Quantities(), "the agent has GPUs and the framework has no GPU_RESOURCES capability",
		"give the framework the GPU_RESOURCES capability, or run the master with --filter_gpu_resources=false",
	}}
}

// whyAvailable sorts what is not for the role or the framework by what it lacks.
func whyAvailable(_ *Allocator, p *proposal, kept resources.Resources) []withheld {
	part := func(keep func(r resources.Resource) bool) resources.Resources {
		some := kept.Filter(keep)
		kept = kept.Filter(func(r resources.Resource) bool { return !keep(r) })
		return some
	}
	var list []withheld
	if r := part(func(r resources.Resource) bool { return !r.IsAllocatableTo(p.client.role) }); !r.IsEmpty() {
		to := strings.Join(r.ReservationRoles(), ", ")
		list = append(list, withheld{ruleReserved, r.Quantities(),
			fmt.Sprintf("%v is reserved to %s, and role %s is not below it", r.Quantities(), to, p.client.role),
			"unreserve it, or let the framework subscribe to role " + to})
	}
	for _, capability := range []string{"SHARED_RESOURCES", "REVOCABLE_RESOURCES", "RESERVATION_REFINEMENT"} {
		if r := part(func(r resources.Resource) bool { return p.client.lacks(r) == capability }); !r.IsEmpty() {
			list = append(list, withheld{ruleCapability, r.Quantities(),
				fmt.Sprintf("%v is for frameworks with the %s capability", r.Quantities(), capability),
				"give the framework the " + capability + " capability"})
		}
	}
	if !kept.IsEmpty() {
		list = append(list, withheld{ruleShared, kept.Quantities(), "the framework holds a copy of the shared resources that are left", "use that copy"})
	}
	return list
}

// whyQuota tells what limits keep back from what guarantees do.
func whyQuota(al *Allocator, p *proposal, kept resources.Resources) []withheld {
	fits := quotaPart(p.offer.Add(kept))
	var list []withheld
	for _, q := range p.client.quota {
		if q.limits.IsEmpty() {
			continue
		}
		within := fits.ShrinkToLimits(q.limits.Sub(q.consumed))
		if over := fits.Sub(within).Quantities(); !over.IsEmpty() {
			list = append(list, withheld{ruleLimit, over, q.whyLimit(over), "raise the quota limit of role " + q.role})
		}
		fits = within
	}
	part := fits.Sub(quotaPart(p.offer))
	if !part.IsEmpty() {
		list = append(list, withheld{ruleGuarantee, part.Quantities(),
			fmt.Sprintf("what is free in the cluster (%v) is kept for guarantees that roles still lack (%v)", al.headroom.free, al.headroom.required),
			"add agents, or lower the guarantees of " + strings.Join(al.lackingRoles(), ", ")})
	}
	return list
}

// whyLimit says which limit was reached by whom.
func (q *quota) whyLimit(over resources.Quantities) string {
	var at, near []string
	for name := range over.All() {
		limit, _ := q.limits.Get(name)
		used := q.consumed.Get(name)
		text := fmt.Sprintf("%v of %v %s", used, limit, name)
		switch {
		case used > limit:
			return fmt.Sprintf("role %s is over its quota limit: %s", q.role, text)
		case used == limit:
			at = append(at, text)
		default:
			near = append(near, text)
		}
	}
	if len(at) > 0 {
		return fmt.Sprintf("role %s is at its quota limit: %s", q.role, strings.Join(at, ", "))
	}
	return fmt.Sprintf("role %s is near its quota limit: %s", q.role, strings.Join(near, ", "))
}

// lackingRoles are the roles that don't have what they are guaranteed.
func (al *Allocator) lackingRoles() []string {
	var roles []string
	for _, q := range al.quotas {
		if !q.lackingHere().IsEmpty() {
			roles = append(roles, q.role)
		}
	}
	return roles
}

func whyMinimum(_ *Allocator, p *proposal, kept resources.Resources) []withheld {
	if p.offer.IsEmpty() {
		return nil
	}
	var minima []string
	for _, m := range p.client.minAllocatable {
		minima = append(minima, m.String())
	}
	return []withheld{{
		ruleMinimum, kept.Quantities(),
		fmt.Sprintf("%v is less than an offer must have: %s", kept.Quantities(), strings.Join(minima, " or ")),
		"wait until more of the agent is free, or lower the framework's min_allocatable_resources",
	}}
}

func whyFilters(al *Allocator, p *proposal, kept resources.Resources) []withheld {
	f := al.filtered(p.agent, p.id, p.offer)
	return []withheld{{
		ruleDeclined, kept.Quantities(),
		fmt.Sprintf("the framework declined %v; it is offered again %s", f.refused, within(al.timeOf(f.until).Sub(al.now))),
		"let the framework revive offers, or decline for a shorter time (refuse_seconds)",
	}}
}

// within is a time to come, to the second.
func within(d time.Duration) string {
	if d = d.Round(time.Second); d <= time.Second {
		return "within a second"
	}
	return "in " + d.String()
}
