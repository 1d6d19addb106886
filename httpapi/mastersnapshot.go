package httpapi

import (
	"maps"

	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// masterSnapshot is a moment of a MasterView: pointers to its records.
type masterSnapshot struct {
	agents, recovered     []*agentRecord
	frameworks, completed []frameworkSnapshot
	weights               map[string]float64
	quotas                map[string]*quotapb.QuotaConfig
}

type frameworkSnapshot struct {
	*frameworkRecord
	tasks     [4][]*taskRecord // by TaskList
	executors []*executorRecord
	offers    []*offerRecord
}

// snapshot copies the pointers to all records, in order of their arrival.
func (v *MasterView) snapshot() masterSnapshot {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.snapshotLocked()
}

func (v *MasterView) snapshotLocked() masterSnapshot {
	return masterSnapshot{
		agents:     v.agents.all(current),
		recovered:  v.agents.all(former),
		frameworks: snapshots(v.frameworks.all(current)),
		completed:  snapshots(v.frameworks.all(former)),
		weights:    maps.Clone(v.weights),
		quotas:     maps.Clone(v.quotas),
	}
}

// snapshots copies frameworks; those of which only tasks are known are left out.
func snapshots(frameworks []*framework) []frameworkSnapshot {
	list := make([]frameworkSnapshot, 0, len(frameworks))
	for _, f := range frameworks {
		if f.record == nil {
			continue
		}
		s := frameworkSnapshot{
			frameworkRecord: f.record,
			executors:       f.executors.all(current),
			offers:          f.offers.all(current),
		}
		for i := range s.tasks {
			s.tasks[i] = f.tasks.all(i)
		}
		list = append(list, s)
	}
	return list
}
