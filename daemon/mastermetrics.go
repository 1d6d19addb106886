package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/master"
)

// metrics collects what the term counts and what the process is.
func (m *Master) metrics(ctx context.Context) []httpapi.Metric {
	metrics := systemMetrics()
	metrics = append(metrics, httpapi.Metric{Name: "master/uptime_secs", Value: time.Since(m.started).Seconds()})
	metrics = append(metrics, m.logMetrics()...)
	t := m.term.Load()
	if t == nil {
		return append(metrics, httpapi.Metric{Name: "master/elected", Value: 0})
	}
	metrics = append(metrics,
		httpapi.Metric{Name: "master/elected", Value: 1},
		httpapi.Metric{Name: "master/operator_event_stream_subscribers", Value: float64(m.view.Subscribers())},
		// Not among Mesos's, whose queues have no end.
		httpapi.Metric{Name: "master/operator_event_stream_slow_disconnections", Value: float64(m.view.Slow())},
		httpapi.Metric{Name: "master/scheduler_event_stream_slow_disconnections", Value: float64(t.slow.Load())})
	metrics = append(metrics, t.queueMetrics()...)
	metrics = append(metrics, t.registryMetrics(ctx)...)
	metrics = append(metrics, allocatingMetrics(ctx, t.alloc)...)
	var counted []master.Metric
	t.master.Inspect(ctx, func() { counted = t.core.AppendMetrics(nil) })
	return append(metrics, converted(counted)...)
}

// logMetrics are Mesos's of the replicated log, whose place etcd takes: whether
// this master's member is up to date, and how many members there are. An external
// cluster has metrics of its own.
func (m *Master) logMetrics() []httpapi.Metric {
	etcd := m.etcd.Load()
	if etcd == nil {
		return nil
	}
	recovered := 0.0
	if etcd.UpToDate() {
		recovered = 1
	}
	return []httpapi.Metric{
		{Name: "registrar/log/recovered", Value: recovered},
		{Name: "registrar/log/ensemble_size", Value: float64(len(etcd.Membership().Members))},
	}
}

func converted(list []master.Metric) []httpapi.Metric {
	metrics := make([]httpapi.Metric, len(list))
	for i, c := range list {
		metrics[i] = httpapi.Metric(c)
	}
	return metrics
}

// queueMetrics are what waits for the core. Everything reaches it by one inbox,
// where Mesos has several queues; those that have nothing corresponding, and
// messages that only Mesos's old driver sends, are always 0. So is what counts
// shutdowns of agents, which Mesos itself has stopped counting.
func (t *term) queueMetrics() []httpapi.Metric {
	return []httpapi.Metric{
		{Name: "master/event_queue_messages", Value: float64(t.master.Waiting())},
		{Name: "master/event_queue_http_requests", Value: float64(t.requests.count())},
		{Name: "master/event_queue_dispatches", Value: 0},
		{Name: "master/http_cache_hits", Value: 0},
		{Name: "master/messages_authenticate", Value: 0},
		{Name: "master/messages_deactivate_framework", Value: 0},
		{Name: "master/slave_shutdowns_scheduled", Value: 0},
		{Name: "master/slave_shutdowns_completed", Value: 0},
		{Name: "master/slave_shutdowns_canceled", Value: 0},
	}
}

// storing is how long the registry takes.
type storing struct {
	mu            sync.Mutex
	loads, writes series
}

func (s *storing) loaded(at time.Time, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads.add(at, took)
}

func (s *storing) wrote(at time.Time, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes.add(at, took)
}

// sizeTimeout is for how long the metrics wait for what only etcd knows.
const sizeTimeout = 500 * time.Millisecond

func (t *term) registryMetrics(ctx context.Context) []httpapi.Metric {
	list := []httpapi.Metric{{Name: "registrar/queued_operations", Value: float64(t.store.Waiting())}}
	ctx, cancel := context.WithTimeout(ctx, sizeTimeout)
	defer cancel()
	if size, err := t.store.Size(ctx); err == nil { // else it is not known
		list = append(list, httpapi.Metric{Name: "registrar/registry_size_bytes", Value: float64(size)})
	}
	now := time.Now()
	t.storing.mu.Lock()
	defer t.storing.mu.Unlock()
	list = append(list, t.storing.loads.metrics("registrar/state_fetch_ms", now)...)
	return append(list, t.storing.writes.metrics("registrar/state_store_ms", now)...)
}
