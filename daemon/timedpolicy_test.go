package daemon

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// busyPolicy takes its time for a run, on a clock that the test moves.
type busyPolicy struct {
	now  *time.Time
	next time.Time
	runs uint64
	took time.Duration
}

func (p *busyPolicy) Step(now time.Time, in allocation.Input) []allocation.Output {
	if _, tick := in.(allocation.Tick); !tick {
		p.next = now
		return nil
	}
	if !p.next.IsZero() {
		p.runs++
		*p.now = p.now.Add(p.took)
	}
	p.next = time.Time{}
	return nil
}

func (p *busyPolicy) Next() time.Time { return p.next }
func (p *busyPolicy) Runs() uint64    { return p.runs }

// row is what the kinds of metrics are.
type row struct {
	Name  string
	Value float64
}

func byName[M ~struct {
	Name  string
	Value float64
}](list []M) map[string]float64 {
	values := make(map[string]float64, len(list))
	for _, m := range list {
		values[strings.TrimPrefix(row(m).Name, "allocator/mesos/")] = row(m).Value
	}
	return values
}

// https://mesos.apache.org/documentation/latest/monitoring/
func TestAllocationRunsAreTimed(t *testing.T) {
	// covers: HierarchicalAllocatorTest.AllocationRunTimerMetrics
	// covers: HierarchicalAllocatorTest.AllocationRunLatencyMetrics
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &timed{Policy: &busyPolicy{now: &now, took: 4 * time.Millisecond}, clock: func() time.Time { return now }}
	if got := p.Metrics(); len(got) > 0 {
		t.Errorf("before the first run: %v", got)
	}
	p.Step(now, allocation.Tick{})
	if got := p.Metrics(); len(got) > 0 {
		t.Errorf("a tick without a run was counted: %v", got)
	}

	p.Step(now, allocation.RemoveAgent{ID: "S0"})
	now = now.Add(2 * time.Millisecond)
	p.Step(now, allocation.RemoveAgent{ID: "S1"}) // the first was there for longer
	now = now.Add(time.Millisecond)
	p.Step(now, allocation.Tick{})
	if got, want := byName(p.Metrics()), map[string]float64{"allocation_run_ms": 4, "allocation_run_latency_ms": 3}; !maps.Equal(got, want) {
		t.Errorf("after one run: %v, want %v", got, want)
	}

	p.Policy.(*busyPolicy).took = 8 * time.Millisecond
	p.Step(now, allocation.RemoveAgent{ID: "S0"})
	p.Step(now, allocation.Tick{})
	got := byName(p.Metrics())
	for name, want := range map[string]float64{
		"allocation_run_ms": 8, "allocation_run_ms/count": 2, "allocation_run_ms/min": 4, "allocation_run_ms/max": 8, "allocation_run_ms/p50": 6,
		"allocation_run_latency_ms": 0, "allocation_run_latency_ms/count": 2, "allocation_run_latency_ms/min": 0, "allocation_run_latency_ms/max": 3,
	} {
		if value, is := got[name]; !is || value != want {
			t.Errorf("%s is %v (%v), want %v", name, value, is, want)
		}
	}
	for _, q := range []string{"p90", "p95", "p99", "p999", "p9999"} {
		if value := got["allocation_run_ms/"+q]; value <= 6 || value > 8 {
			t.Errorf("%s is %v", q, value)
		}
	}

	now = now.Add(seriesWindow + time.Second) // only the latest is left of it
	if got := slices.Sorted(maps.Keys(byName(p.Metrics()))); !slices.Equal(got, []string{"allocation_run_latency_ms", "allocation_run_ms"}) {
		t.Errorf("after an hour: %v", got)
	}
}

func TestASeriesKeepsTheLatest(t *testing.T) {
	var s series
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 2*seriesLimit + 1 {
		s.add(now, time.Duration(i)*time.Millisecond)
	}
	got := byName(s.metrics("x", now))
	if got["x"] != 2*seriesLimit || got["x/count"] != seriesLimit || got["x/min"] != seriesLimit+1 {
		t.Errorf("%v", got)
	}
}
