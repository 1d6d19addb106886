package master

import (
	"fmt"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// When many agents seem to be lost at once, it is more likely the network, or this
// master. Giving agents up is therefore limited: no more than so many in a time,
// and not at all if too few come back after a failover.
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/

// removals lets agents be given up one after the other.
type removals struct {
	free    time.Time // when the next may be
	waiting []*removal
	timer   timer
}

// removal is an agent that is to be given up.
type removal struct {
	do       func() bool // false: it is there after all
	canceled bool
}

// scheduleRemoval calls do as soon as the limit allows, which may be now. It
// returns nil then, and else what cancels it.
func (m *Master) scheduleRemoval(do func() bool) *removal {
	m.counters.unreachableScheduled++
	if m.config.AgentRemovalInterval <= 0 {
		do()
		return nil
	}
	r := &removal{do: do}
	m.removals.waiting = append(m.removals.waiting, r)
	m.nextRemoval()
	if r.do == nil {
		return nil
	}
	return r
}

// nextRemoval does what the limit allows now.
func (m *Master) nextRemoval() {
	q := &m.removals
	for len(q.waiting) > 0 {
		r := q.waiting[0]
		if !r.canceled && q.free.After(m.now) {
			m.timers.arm(&q.timer, q.free, m.nextRemoval)
			return
		}
		q.waiting = q.waiting[1:]
		do := r.do
		r.do = nil
		if !r.canceled && do() {
			q.free = m.now.Add(m.config.AgentRemovalInterval)
		}
	}
}

// cancelRemoval: an agent that was to be given up is there after all.
func (m *Master) cancelRemoval(a *agent) {
	if a.removal != nil {
		a.removal.canceled = true
		a.removal = nil
		m.counters.unreachableCanceled++
		m.log(LogInfo, "agent is not given up: it is there again", "agent", a.id, "hostname", a.info.GetHostname())
	}
}

// giveUp marks an agent unreachable as soon as the limit of removals allows. An
// agent that answers until then stays.
func (m *Master) giveUp(a *agent, why string) {
	if a.removal != nil || m.transitions[a.id] != nil {
		return // about to go, or amid a change: it is looked at again
	}
	m.log(LogWarn, "agent is to be marked unreachable", "agent", a.id, "hostname", a.info.GetHostname(), "because", why)
	a.removal = m.scheduleRemoval(func() bool {
		a.removal = nil
		if a.removed || m.transitions[a.id] != nil {
			m.counters.unreachableCanceled++
			return false
		}
		m.markUnreachable(a, why)
		return true
	})
}

// recoveredAgentsTimeout gives up the agents of the last term that did not come
// back to this one. If they are too many, this master is what is wrong, and it
// leaves the cluster to another.
func (m *Master) recoveredAgentsTimeout() {
	if limit := m.config.RecoveryAgentRemovalLimit; limit > 0 {
		if missing := float64(len(m.recovered)) / float64(m.recoveredAtFirst); missing > limit {
			err := mesos.Errorf(mesos.Unavailable,
				"%d of %d agents (%.1f%%) did not come back within %v after a master failover, and the limit of their removal is %g%%"+
					" (--recovery_agent_removal_limit): look for what keeps them from this master",
				len(m.recovered), m.recoveredAtFirst, missing*100, m.config.AgentReregisterTimeout, limit*100)
			m.log(LogError, "giving up", "error", err)
			m.emit(GiveUp{Err: err})
			return
		}
	}
	why := fmt.Sprintf("it did not come back within %v after a master failover", m.config.AgentReregisterTimeout)
	for _, id := range sortedKeys(m.recovered) {
		m.scheduleRemoval(func() bool {
			if m.recovered[id] == nil || m.transitions[id] != nil {
				m.counters.unreachableCanceled++ // it is there, or coming
				return false
			}
			m.markRecoveredUnreachable(id, why)
			return true
		})
	}
}

// markRecoveredUnreachable gives up an agent that has not come back to this
// master. What it ran is not known.
func (m *Master) markRecoveredUnreachable(id mesos.AgentID, why string) {
	since := m.timeInfo()
	m.log(LogWarn, "agent is being marked unreachable", "agent", id, "hostname", m.recovered[id].GetHostname(), "because", why)
	m.begin(id, 0, m.unreachableWrites(id, since), func(*transition) {
		m.counters.unreachableCompleted++
		m.counters.agentRemovals++
		m.counters.removalsUnhealthy++
		m.counters.recoveryRemovals++
		delete(m.recovered, id)
		m.emit(DropRecoveredAgent{ID: id})
		m.unreachable[id] = since
		m.agentLost(wireAgentID(id))
	})
}
