package master

import (
	"cmp"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Agents that are unreachable or gone stay in the registry so that frameworks can
// ask about their tasks, but not for ever.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/

// scheduleGC has old agents leave the registry from time to time.
func (m *Master) scheduleGC() {
	if m.config.RegistryGCInterval <= 0 {
		return
	}
	m.timers.arm(&m.gcTimer, m.now.Add(m.config.RegistryGCInterval), func() {
		m.collectGarbage()
		m.scheduleGC()
	})
}

// collectGarbage forgets agents that are unreachable or gone for too long, and the
// oldest of too many.
func (m *Master) collectGarbage() {
	unreachable, gone := m.tooOld(m.unreachable), m.tooOld(m.gone)
	writes := make([]RegistryWrite, 0, len(unreachable)+len(gone))
	for _, id := range unreachable {
		writes = append(writes, RegistryWrite{Key: UnreachableKey(id)})
	}
	for _, id := range gone {
		writes = append(writes, RegistryWrite{Key: GoneKey(id)})
	}
	if len(writes) == 0 {
		return
	}
	m.write(writes, func() {
		m.log(LogInfo, "old agents left the registry", "unreachable", len(unreachable), "gone", len(gone))
		for _, id := range unreachable {
			if m.transitions[id] == nil { // else it has come back meanwhile, and is written again
				delete(m.unreachable, id)
				delete(m.standings, id)
				m.forgetUnreachableOf(id)
			}
		}
		for _, id := range gone {
			delete(m.gone, id)
		}
	})
}

// tooOld picks the agents that are older than registry_max_agent_age, and the
// oldest beyond registry_max_agent_count. One amid a change is not picked.
func (m *Master) tooOld(agents map[mesos.AgentID]*mesospb.TimeInfo) (old []mesos.AgentID) {
	ids := sortedKeys(agents)
	slices.SortStableFunc(ids, func(a, b mesos.AgentID) int {
		return cmp.Compare(agents[a].GetNanoseconds(), agents[b].GetNanoseconds())
	})
	for i, id := range ids {
		age := m.now.Sub(time.Unix(0, agents[id].GetNanoseconds()))
		if (len(ids)-i > m.config.RegistryMaxAgentCount || age > m.config.RegistryMaxAgentAge) && m.transitions[id] == nil {
			old = append(old, id)
		}
	}
	return old
}
