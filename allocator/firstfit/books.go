package firstfit

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// with changes a framework, if it is known.
func (p *Policy) with(id mesos.FrameworkID, change func(*framework)) {
	for _, f := range p.frameworks {
		if f.ID == id {
			change(f)
		}
	}
}

// describe replaces what is known of a framework.
func (f *framework) describe(info *allocation.Framework) {
	f.Framework = info
	f.suppressed = make(map[string]bool)
	f.suppress(info.Suppressed, len(info.Suppressed) > 0)
}

// suppress stops or begins offers to roles, or to all if none is named.
func (f *framework) suppress(roles []string, suppressed bool) {
	if len(roles) == 0 {
		roles = f.Roles
	}
	for _, role := range roles {
		f.suppressed[role] = suppressed
		delete(f.waits, role)
	}
}

func (p *Policy) activate(id mesos.AgentID, active bool) {
	if a := p.agents[id]; a != nil {
		a.active = active
	}
}

// plan notes when an agent will be away, or that it won't.
func (p *Policy) plan(in allocation.UpdateUnavailability) {
	if a := p.agents[in.ID]; a != nil {
		info := *a.Agent
		info.Unavailability = in.Unavailability
		a.Agent = &info
	}
}

// away reports whether an agent's planned outage has begun and is not over.
func (a *agent) away(now time.Time) bool {
	u := a.Unavailability
	return u != nil && !now.Before(u.Start) && (u.Duration == 0 || now.Before(u.Start.Add(u.Duration)))
}

// backAt is when an agent's planned outage is over; zero if there is none or it
// has no end.
func (a *agent) backAt() time.Time {
	if u := a.Unavailability; u != nil && u.Duration > 0 {
		return u.Start.Add(u.Duration)
	}
	return time.Time{}
}

// hold notes what frameworks hold, known or not.
func (p *Policy) hold(grants []allocation.Grant) {
	for _, g := range grants {
		if a := p.agents[g.Agent]; a != nil {
			a.held[g.Framework] = a.held[g.Framework].Add(g.Resources)
		}
	}
}

// recover takes back what a framework no longer holds.
func (p *Policy) recover(in allocation.Recover) {
	a := p.agents[in.Agent]
	if a == nil || in.Resources.IsEmpty() {
		return
	}
	left, ok := a.held[in.Framework].TrySub(in.Resources)
	if !ok {
		p.refuse("recover: agent %s: framework %s does not hold %v", in.Agent, in.Framework, in.Resources)
		return
	}
	a.held[in.Framework] = left
	role := in.Resources.AllocationRoles()[0]
	refuse := in.Refuse
	if in.Declined { // the offer is answered
		refuse = max(refuse, p.config.Interval)
		p.with(in.Framework, func(f *framework) { delete(f.waits, role) })
	}
	if refuse > 0 {
		a.filters[client{in.Framework, role}] = p.now.Add(refuse)
	}
}

// convert exchanges resources that a framework holds, and the agent's total.
func (p *Policy) convert(in allocation.UpdateAllocation) {
	a := p.agents[in.Agent]
	if a == nil {
		return
	}
	left, held := a.held[in.Framework].TrySub(in.Resources)
	rest, there := a.Total.TrySub(in.Resources.Unallocate())
	if !held || !there {
		p.refuse("update allocation: agent %s: framework %s does not hold %v", in.Agent, in.Framework, in.Resources)
		return
	}
	a.held[in.Framework] = left.Add(in.Converted)
	info := *a.Agent
	info.Total = rest.Add(in.Converted.Unallocate())
	a.Agent = &info
}

// unfilter forgets what a framework declined in roles, or in all if none is named.
func (p *Policy) unfilter(id mesos.FrameworkID, roles []string) {
	for _, a := range p.agents {
		for c := range a.filters {
			if c.framework == id && (len(roles) == 0 || slices.Contains(roles, c.role)) {
				delete(a.filters, c)
			}
		}
	}
}

func (p *Policy) refuse(format string, args ...any) {
	p.out = append(p.out, allocation.Refused{Err: mesos.Errorf(mesos.Unsupported, format, args...)})
}
