package daemon

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/httpapi"
)

// A series is how long something took each time, of late: what Mesos's timers
// show. See https://mesos.apache.org/documentation/latest/monitoring/.
type series struct {
	taken []taking // a ring of at most seriesLimit
	next  int      // where the oldest is, once the ring is full
}

type taking struct {
	at   time.Time
	took time.Duration
}

const (
	seriesLimit  = 1000
	seriesWindow = time.Hour
)

func (s *series) add(at time.Time, took time.Duration) {
	if len(s.taken) < seriesLimit {
		s.taken = append(s.taken, taking{at, took})
		return
	}
	s.taken[s.next] = taking{at, took}
	s.next = (s.next + 1) % seriesLimit
}

// quantiles are those that Mesos shows.
var quantiles = []struct {
	name string
	of   float64
}{
	{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}, {"p9999", 0.9999},
}

// metrics are the latest time in milliseconds, if there is any, and if there are
// several in the last hour their statistics.
func (s *series) metrics(name string, now time.Time) []httpapi.Metric {
	if len(s.taken) == 0 {
		return nil
	}
	latest := s.taken[(s.next+len(s.taken)-1)%len(s.taken)]
	list := []httpapi.Metric{{Name: name, Value: milliseconds(latest.took)}}
	var sorted []float64
	for _, t := range s.taken {
		if now.Sub(t.at) <= seriesWindow {
			sorted = append(sorted, milliseconds(t.took))
		}
	}
	if len(sorted) < 2 {
		return list
	}
	slices.Sort(sorted)
	list = append(list,
		httpapi.Metric{Name: name + "/count", Value: float64(len(sorted))},
		httpapi.Metric{Name: name + "/min", Value: sorted[0]},
		httpapi.Metric{Name: name + "/max", Value: sorted[len(sorted)-1]})
	for _, q := range quantiles {
		list = append(list, httpapi.Metric{Name: name + "/" + q.name, Value: quantile(sorted, q.of)})
	}
	return list
}

// quantile interpolates between the two values that are next to it.
func quantile(sorted []float64, of float64) float64 {
	position := of * float64(len(sorted)-1)
	below := int(position)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (position-float64(below))*(sorted[below+1]-sorted[below])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
