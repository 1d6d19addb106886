package master

import (
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// allocatorConnected begins a session with an allocator that knows nothing: it
// is told everything. What it must not give to anyone else is what is in use and
// what is out on offer. What earlier ones gave and the master has not taken yet
// is theirs no longer, so it is not taken any more. Filters are forgotten, as
// Mesos forgets them when a master fails over.
func (m *Master) allocatorConnected(session AllocatorSession) {
	m.session = session
	for _, id := range sortedKeys(m.agents) {
		for _, o := range slices.Clone(m.agents[id].inverse) {
			m.forgetInverse(o) // this allocator asks anew
			m.tellInverseRescinded(o)
		}
	}
	m.describeCluster(m.allocate)
}

// describeCluster tells all that an allocator must know, in the same order each
// time.
func (m *Master) describeCluster(tell func(allocation.Input)) {
	if len(m.weights) > 0 {
		tell(allocation.UpdateWeights{Weights: maps.Clone(m.weights)})
	}
	for _, role := range sortedKeys(m.quotas) {
		tell(allocation.UpdateQuota{Role: role, Quota: m.quotas[role]})
	}
	if m.config.Whitelist != nil {
		tell(allocation.UpdateWhitelist{Hostnames: m.config.Whitelist})
	}
	for _, id := range sortedKeys(m.frameworks) {
		f := m.frameworks[id]
		tell(allocation.AddFramework{Framework: f.allocation(), Active: f.active})
	}
	for _, id := range slices.Sorted(maps.Keys(m.agents)) {
		a := m.agents[id]
		tell(allocation.AddAgent{Agent: a.allocation(), Used: a.held()})
		if !a.active {
			tell(allocation.DeactivateAgent{ID: id})
		}
	}
}

// held is what frameworks hold of an agent: in use, or on offer.
func (a *agent) held() []allocation.Grant {
	held := grants{agent: a.id, at: make(map[mesos.FrameworkID]int)}
	for _, id := range sortedKeys(a.holdings) {
		h := a.holdings[id]
		for _, executor := range sortedKeys(h.executors) {
			held.add(id, h.executors[executor].resources)
		}
		for _, t := range inOrder(h.tasks) {
			if !t.over() {
				held.add(id, t.resources)
			}
		}
	}
	for _, o := range offersInOrder(a.offers) {
		held.add(o.framework.id, o.resources)
	}
	return held.list
}

// hasFree reports whether nobody holds these resources of the agent. An allocator
// may have decided before it heard that the agent shrank, and one that others
// wrote may be wrong. Anyone may have a copy of what is shared.
func (a *agent) hasFree(rs resources.Resources) bool {
	bare := rs.Unallocate()
	free := a.total.Sub(a.used.Unallocate()).Sub(a.offered.Unallocate())
	return free.Contains(bare.NonShared()) && a.total.Contains(bare.Shared())
}
