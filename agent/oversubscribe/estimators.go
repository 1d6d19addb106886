package oversubscribe

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fixed always gives away the same.
type fixed struct{ revocable resources.Resources }

// newFixed has one parameter: resources, such as "cpus:14".
func newFixed(p modules.Parameters) (Estimator, error) {
	if err := p.Only("resources"); err != nil {
		return nil, err
	}
	text, given := p["resources"]
	if !given {
		return nil, mesos.Errorf(mesos.Invalid, `parameter resources: missing; it says what to give away, as in "cpus:14"`)
	}
	rs, err := resources.Parse(text, mesos.AnyRole)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "parameter resources: %w", err)
	}
	return fixed{revocable(rs)}, nil
}

func (f fixed) Estimate(context.Context, time.Time, Usage) (resources.Resources, error) {
	return f.revocable, nil
}

// revocable is resources marked as such.
func revocable(rs resources.Resources) resources.Resources {
	list := make([]resources.Resource, 0, rs.Len())
	for r := range rs.All() {
		r.Revocable = true
		list = append(list, r)
	}
	return resources.Of(list...)
}

// slack gives away the processor time that executors were given and leave
// unused. Memory that is given away can't be had back without killing, so it is
// not. What an executor needed at its busiest, of late, counts as used.
type slack struct {
	keep   float64 // the part of what an executor was given that stays its own
	window time.Duration
	past   map[mesos.ContainerID]*history
}

// history is what a container used of late.
type history struct {
	at    time.Time // when it was measured last
	spent float64   // seconds of processor time until then
	rates []rate
}

type rate struct {
	at   time.Time
	cpus float64
}

// newSlack has two parameters: keep, 0.2 by default, and window, 5mins.
func newSlack(p modules.Parameters) (Estimator, error) {
	if err := p.Only("keep", "window"); err != nil {
		return nil, err
	}
	s := &slack{window: 5 * time.Minute, past: make(map[mesos.ContainerID]*history)}
	var err error
	if s.keep, err = p.Number("keep", 0.2); err != nil {
		return nil, err
	}
	if s.keep > 1 {
		return nil, mesos.Errorf(mesos.Invalid, "parameter keep: %v is more than all, which is 1", s.keep)
	}
	if text, given := p["window"]; given {
		if s.window, err = mesos.ParseDuration(text); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "parameter window: %w", err)
		}
	}
	return s, nil
}

func (s *slack) Estimate(ctx context.Context, now time.Time, usage Usage) (resources.Resources, error) {
	measured, err := usage(ctx)
	if err != nil {
		return resources.Resources{}, err
	}
	unused := 0.0
	seen := make(map[mesos.ContainerID]bool)
	for _, e := range measured.GetExecutors() {
		given, err := convert.Resources(e.GetAllocated())
		if err != nil || e.GetStatistics() == nil || !given.Revocable().IsEmpty() {
			continue
		}
		id := mesos.ContainerID(e.GetContainerId().GetValue())
		seen[id] = true
		if busiest, known := s.note(id, now, e.GetStatistics()); known {
			unused += max(0, given.Cpus().Float()*(1-s.keep)-busiest)
		}
	}
	for id := range s.past {
		if !seen[id] {
			delete(s.past, id)
		}
	}
	if unused <= 0 {
		return resources.Resources{}, nil
	}
	// Hundredths are enough: whatever changes is told to the master.
	return resources.Of(resources.Resource{Name: "cpus", Scalar: mesos.ScalarFromFloat(float64(int(unused*100)) / 100), Revocable: true}), nil
}

// note adds a measurement, and returns the most cpus that the container used at
// once within the window; known is false until it was measured twice.
func (s *slack) note(id mesos.ContainerID, now time.Time, m *mesospb.ResourceStatistics) (busiest float64, known bool) {
	spent := m.GetCpusUserTimeSecs() + m.GetCpusSystemTimeSecs()
	h := s.past[id]
	if h == nil {
		s.past[id] = &history{at: now, spent: spent}
		return 0, false
	}
	if passed := now.Sub(h.at); passed > 0 {
		// Processes that end without being waited for take their time with them.
		h.rates = append(h.rates, rate{now, max(0, spent-h.spent) / passed.Seconds()})
		h.at, h.spent = now, spent
	}
	for len(h.rates) > 1 && now.Sub(h.rates[0].at) > s.window {
		h.rates = h.rates[1:]
	}
	for _, r := range h.rates {
		busiest = max(busiest, r.cpus)
	}
	return busiest, len(h.rates) > 0
}
