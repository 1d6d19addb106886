package cgroups

import (
	"testing"
	"time"
)

// While there are no containers nothing is counted, and nobody is busy with that.
func TestPerfEventsOfNoContainers(t *testing.T) {
	// covers: PerfTest.ROOT_PERF_Sample
	config := &Config{PerfEvents: []string{"cycles", "task-clock"}}
	config.settle()
	p, err := newPerfEvents(config)
	if err != nil {
		t.Skipf("this process may not count: %v", err)
	}
	all := p.count()
	p.take(all, time.Now())
	if len(all) != 0 || p.stop != nil {
		t.Errorf("counters = %v, stop = %v", all, p.stop)
	}
}
