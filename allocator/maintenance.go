package allocator

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// maintenance is an agent's planned outage and how far the frameworks that hold
// something of it were told.
// See https://mesos.apache.org/documentation/latest/maintenance/.
type maintenance struct {
	allocation.Unavailability
	asked   []int32 // frameworks with an inverse offer outstanding
	refused []inverseFilter
}

// inverseFilter keeps inverse offers from a framework for a while.
type inverseFilter struct {
	framework int32
	until     instant
}

// maintain sets or (nil) clears an agent's planned outage. A new one makes what
// frameworks answered to the last one void.
func (al *Allocator) maintain(a *agent, planned *allocation.Unavailability) {
	if a.maintenance != nil {
		if planned != nil && a.maintenance.Unavailability == *planned {
			return
		}
		a.maintenance = nil
		al.maintained--
	}
	if planned != nil {
		a.maintenance = &maintenance{Unavailability: *planned}
		al.maintained++
	}
}

func (al *Allocator) updateUnavailability(in allocation.UpdateUnavailability) {
	i, known := al.agentIDs[in.ID]
	if !known {
		return
	}
	a := al.agents[i]
	info := *a.info
	info.Unavailability = in.Unavailability
	a.info = &info
	al.maintain(a, nil)
	al.maintain(a, in.Unavailability)
	al.touch(i)
}

// inverseOfferAnswered lets the framework be asked again, once the time for
// which it refused is over.
func (al *Allocator) inverseOfferAnswered(in allocation.InverseOfferAnswered) {
	i, known := al.agentIDs[in.Agent]
	f, ok := al.frameworkIDs[in.Framework]
	if !known || !ok || al.agents[i].maintenance == nil {
		return
	}
	m := al.agents[i].maintenance
	m.asked = slices.DeleteFunc(m.asked, func(x int32) bool { return x == f })
	if in.Withdrawn {
		al.touch(i)
		return
	}
	wait := max(al.config.AllocationInterval, min(in.Refuse, maxRefuse))
	until := al.instantOf(al.now.Add(wait))
	m.refused = slices.DeleteFunc(m.refused, func(r inverseFilter) bool { return r.framework == f })
	m.refused = append(m.refused, inverseFilter{f, until})
	al.expiries.add(expiry{until, i, noClient})
}

// inviteToLeave makes inverse offers of an active agent with a planned outage to
// the active frameworks that hold something of it.
func (al *Allocator) inviteToLeave(i int32) {
	a := al.agents[i]
	if a.maintenance == nil || !a.active {
		return // the master would take them back, again and again
	}
	m := a.maintenance
	for h := range a.held {
		f := al.clients[a.held[h].client].framework
		refused := slices.ContainsFunc(m.refused, func(r inverseFilter) bool { return r.framework == f })
		if !al.frameworks[f].active || refused || slices.Contains(m.asked, f) {
			continue
		}
		m.asked = append(m.asked, f)
		al.out = append(al.out, allocation.InverseOffersReady{
			Framework: al.frameworks[f].id,
			Agents:    []allocation.InverseOffered{{Agent: a.info.ID, Unavailability: m.Unavailability}},
		})
	}
}

// expireInverse drops the inverse offer filters of an agent whose time is over.
func (al *Allocator) expireInverse(i int32, now instant) {
	m := al.agents[i].maintenance
	if m == nil {
		return
	}
	before := len(m.refused)
	m.refused = slices.DeleteFunc(m.refused, func(r inverseFilter) bool { return r.until <= now })
	if len(m.refused) < before {
		al.touch(i)
	}
}

// dropInverseFilters makes a framework's inverse offer filters void. What it
// was asked stays outstanding unless it is gone.
func (al *Allocator) dropInverseFilters(f int32) {
	if al.maintained == 0 {
		return
	}
	for i := range al.agents {
		m := al.agents[i].maintenance
		if m == nil {
			continue
		}
		m.refused = slices.DeleteFunc(m.refused, func(r inverseFilter) bool { return r.framework == f })
		if !al.frameworks[f].active {
			m.asked = slices.DeleteFunc(m.asked, func(x int32) bool { return x == f })
		}
		al.touch(int32(i))
	}
}

func (m *maintenance) appendExpiries(list expiries, agent int32) expiries {
	if m != nil {
		for _, r := range m.refused {
			list = append(list, expiry{r.until, agent, noClient})
		}
	}
	return list
}

// timeOf is instantOf's inverse.
func (al *Allocator) timeOf(i instant) time.Time { return al.start.Add(time.Duration(i)) }
