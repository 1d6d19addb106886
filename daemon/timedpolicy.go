package daemon

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// timed is a policy whose allocation runs are timed. A policy can't do that
// itself: it has no clock.
type timed struct {
	allocation.Policy
	clock func() time.Time
	// wanted is when the first input came that made a run due at once; zero if
	// none did since the last run.
	wanted          time.Time
	runs, latencies series
}

// Step takes one input. See allocation.Policy.
func (t *timed) Step(now time.Time, in allocation.Input) []allocation.Output {
	if _, tick := in.(allocation.Tick); tick {
		return t.tick(now)
	}
	outputs := t.Policy.Step(now, in)
	if t.wanted.IsZero() {
		if next := t.Next(); !next.IsZero() && !next.After(now) {
			t.wanted = now
		}
	}
	return outputs
}

// tick times what a tick does, if it is a run: those that only forget filters
// whose time is over are none.
func (t *timed) tick(now time.Time) []allocation.Output {
	before, counts := t.counted()
	began := t.clock()
	outputs := t.Policy.Step(now, allocation.Tick{})
	if after, _ := t.counted(); counts && after == before {
		return outputs
	}
	ended := t.clock()
	t.runs.add(ended, ended.Sub(began))
	latency := time.Duration(0)
	if !t.wanted.IsZero() {
		latency = max(0, began.Sub(t.wanted))
	}
	t.latencies.add(ended, latency)
	t.wanted = time.Time{}
	return outputs
}

// counted is how many runs the policy counts, if it counts.
func (t *timed) counted() (runs uint64, counts bool) {
	policy, counts := t.Policy.(interface{ Runs() uint64 })
	if counts {
		runs = policy.Runs()
	}
	return runs, counts
}

// Metrics are the times of runs, how long it took until they began, and what the policy
// counts, if it counts.
func (t *timed) Metrics() (list []allocation.Metric) {
	now := t.clock()
	for _, m := range append(t.runs.metrics("allocator/mesos/allocation_run_ms", now),
		t.latencies.metrics("allocator/mesos/allocation_run_latency_ms", now)...) {
		list = append(list, allocation.Metric(m))
	}
	if counter, ok := t.Policy.(allocation.Counter); ok {
		list = append(list, counter.Metrics()...)
	}
	return list
}

// measured is a policy with metrics of its runs. It can say why if the policy can.
func measured(policy allocation.Policy) allocation.Policy {
	t := &timed{Policy: policy, clock: time.Now}
	if explainer, ok := policy.(allocation.Explainer); ok {
		return struct {
			*timed
			allocation.Explainer
		}{t, explainer}
	}
	return t
}
