package cgroups

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/cgroups/perf"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// perfEvents counts events of each container for some time, again and again; of
// what was counted last it tells until it counted anew. Without events it only
// makes cgroups, for perf(1).
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-perf-event/.
type perfEvents struct {
	passive
	config *Config
	events []perf.Event

	mu     sync.Mutex
	groups map[*group]bool // those that are counted
	stop   chan struct{}   // ends the sampling, which goes on while there are groups
}

func newPerfEvents(config *Config) (*perfEvents, error) {
	p := &perfEvents{passive: "perf_event", config: config, groups: map[*group]bool{}}
	if config.PerfEvents == nil {
		return p, nil
	}
	if config.PerfDuration > config.PerfInterval {
		return nil, mesos.Errorf(mesos.Invalid, "the duration of a sample, %v, is longer than the interval, %v", config.PerfDuration, config.PerfInterval)
	}
	events, err := perf.Parse(config.PerfEvents)
	if err != nil {
		return nil, err
	}
	can, cannot, err := perf.Available(events)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unsupported, "%w", err)
	}
	for _, event := range cannot {
		config.Log.Warn("this machine does not count a perf event: it is left out", "event", event.Name)
	}
	p.events = can
	return p, nil
}

func (p *perfEvents) prepare(g *group) error { return p.adopt(g) }

func (p *perfEvents) adopt(g *group) error {
	if p.config.PerfEvents == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A duration of 0 says that nothing was counted yet.
	g.perf = statisticsOf(time.Now(), 0)
	p.groups[g] = true
	if p.stop == nil {
		p.stop = make(chan struct{})
		go p.sample(p.stop)
	}
	return nil
}

func statisticsOf(began time.Time, took time.Duration) *mesospb.PerfStatistics {
	return &mesospb.PerfStatistics{Timestamp: new(float64(began.UnixNano()) / 1e9), Duration: new(took.Seconds())}
}

func (p *perfEvents) usage(g *group, usage *mesospb.ResourceStatistics) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.perf != nil {
		usage.Perf = g.perf.CloneVT()
	}
	return nil
}

func (p *perfEvents) end(g *group) { p.leave(g) }

func (p *perfEvents) leave(g *group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.groups, g)
	if len(p.groups) == 0 && p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
}

// sample takes one sample after another until it is stopped.
func (p *perfEvents) sample(stop <-chan struct{}) {
	next := time.NewTicker(p.config.PerfInterval)
	defer next.Stop()
	for {
		began := time.Now()
		counters := p.count()
		over := time.NewTimer(p.config.PerfDuration)
		select {
		case <-over.C:
		case <-stop:
			over.Stop()
			for _, c := range counters {
				c.Close()
			}
			return
		}
		p.take(counters, began)
		select {
		case <-next.C:
		case <-stop:
			return
		}
	}
}

// count begins to count events of every container.
func (p *perfEvents) count() map[*group]*perf.Counters {
	p.mu.Lock()
	groups := slices.Collect(maps.Keys(p.groups))
	p.mu.Unlock()
	all := map[*group]*perf.Counters{}
	for _, g := range groups {
		counters, err := perf.Count(g.dir("perf_event"), p.events)
		switch {
		case err == nil:
			all[g] = counters
		case !errors.Is(err, fs.ErrNotExist): // it is gone
			p.config.Log.Warn("perf events of a container can't be counted", "container", g.id, "error", err)
		}
	}
	return all
}

// take takes what was counted as the last sample of each container.
func (p *perfEvents) take(all map[*group]*perf.Counters, began time.Time) {
	took := time.Since(began)
	for g, counters := range all {
		statistics := statisticsOf(began, took)
		err := counters.Read(statistics)
		counters.Close()
		if err != nil {
			p.config.Log.Warn("perf events of a container can't be counted", "container", g.id, "error", err)
			continue
		}
		p.mu.Lock()
		g.perf = statistics
		p.mu.Unlock()
	}
}
