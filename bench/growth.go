package bench

import (
	"fmt"
	"runtime"
	"time"
)

// measureMemory measures what a cluster takes of the heap, and what it takes
// and gives up again from cycle to cycle.
func measureMemory(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	before := heap()
	c := offeredCluster(agents, frameworks, partlyUsed())
	m.bytes("memory of agents and what is held of them", setting(agents, frameworks, "all offered"), heap()-before)

	cycles := min(m.repeats(10), frameworks/2)
	start, offers := mallocs(), 0
	for range cycles {
		offers += len(c.offers)
		c.declineOffers(forever)
		c.tick()
	}
	m.add(Row{
		Work: "objects allocated for an offer that is declined", Setting: setting(agents, frameworks, fmt.Sprintf("mean of %d cycles", cycles)),
		Value: float64(mallocs()-start) / float64(max(1, offers)), Unit: "objects", Better: "less",
	})

	for len(c.offers) > 0 {
		c.declineOffers(forever)
		c.tick()
	}
	c.offers = nil
	m.bytes("memory with a filter of every framework on every agent",
		setting(agents, frameworks, fmt.Sprintf("%d filters", agents*frameworks)), heap()-before)
	runtime.KeepAlive(c)
}

func (m *measurement) bytes(work, setting string, value int64) {
	m.add(Row{Work: work, Setting: setting, Value: float64(max(0, value)) / 1e6, Unit: "MB", Better: "less"})
}

// heap is how many bytes are in use.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// mallocs is how many objects were ever allocated.
func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// measureGrowth measures how many times longer the same takes with twice the
// agents, and with twice the frameworks.
func measureGrowth(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	for _, work := range []struct {
		name    string
		measure func(agents, frameworks int) time.Duration
	}{
		{"one allocation cycle, every offer declined", m.oneCycle},
		{"one agent's resources freed, until they are offered", func(agents, frameworks int) time.Duration {
			value, _ := m.oneFreed(agents, frameworks)
			return value
		}},
	} {
		base := work.measure(agents, frameworks)
		m.ratio(work.name+": twice the agents", fmt.Sprintf("%d agents instead of %d, %d frameworks", 2*agents, agents, frameworks),
			work.measure(2*agents, frameworks), base)
		m.ratio(work.name+": twice the frameworks", fmt.Sprintf("%d agents, %d frameworks instead of %d", agents, 2*frameworks, frameworks),
			work.measure(agents, 2*frameworks), base)
	}
}

func (m *measurement) oneCycle(agents, frameworks int) time.Duration {
	c := offeredCluster(agents, frameworks, partlyUsed())
	return median(m.cycles(c, min(m.repeats(2*shapeCycles), frameworks-1)))
}

func (m *measurement) ratio(work, setting string, value, base time.Duration) {
	m.add(Row{
		Work: work, Setting: setting + fmt.Sprintf(", %v instead of %v", value.Round(time.Microsecond), base.Round(time.Microsecond)),
		Value: value.Seconds() / base.Seconds(), Unit: "times", Better: "less",
	})
}
