package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Metric is one value of /metrics/snapshot.
type Metric struct {
	Name  string
	Value float64
}

// MetricGroup is metrics that belong together and do not change: a group of newer
// ones takes its place. It keeps their JSON, which is worth it where there are
// thousands of groups and most stay as they are.
type MetricGroup struct {
	// Prefix is what the names of the group's metrics begin with, and no others.
	Prefix string
	// Metrics makes the metrics, in any order; there are some.
	Metrics func() []Metric

	encoded cache
	chunks  atomic.Pointer[[]chunk] // for Prometheus
}

func (g *MetricGroup) sorted() []Metric {
	metrics := g.Metrics()
	sortMetrics(metrics)
	return metrics
}

// json is the group as fields, with commas between them.
func (g *MetricGroup) json() []byte {
	return g.encoded.get(func(dst []byte) []byte {
		for _, metric := range g.sorted() {
			dst = appendDouble(dst, metric.Name, metric.Value)
		}
		return dst
	})
}

func sortMetrics(metrics []Metric) {
	slices.SortFunc(metrics, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
}

// metrics serves /metrics/snapshot. With ?timeout=5secs it waits no longer than
// that, as in Mesos.
func (d *Daemon) metrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel, err := patience(r)
	if err != nil {
		refuse(w, err)
		return
	}
	defer cancel()
	metrics, groups := d.collect(ctx)
	writeSized(w, r, func(emit func([]byte)) {
		dst := []byte("{")
		for _, metric := range metrics {
			dst = appendDouble(dst, metric.Name, metric.Value)
		}
		emit(dst)
		for i, group := range groups {
			if i > 0 || len(metrics) > 0 {
				emit(separator)
			}
			emit(group.json())
		}
		emit([]byte("}"))
	})
}

// patience is the context of a request for metrics, which ends after ?timeout=.
func patience(r *http.Request) (context.Context, context.CancelFunc, error) {
	text := r.URL.Query().Get("timeout")
	if text == "" {
		return r.Context(), func() {}, nil
	}
	timeout, err := mesos.ParseDuration(text)
	if err != nil {
		return nil, nil, mesos.Errorf(mesos.Invalid, "timeout: %w", err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	return ctx, cancel, nil
}

// collect returns the metrics, sorted, and the groups of further ones.
func (d *Daemon) collect(ctx context.Context) (metrics []Metric, groups []*MetricGroup) {
	if d.Metrics != nil {
		metrics = d.Metrics(ctx)
		sortMetrics(metrics)
	}
	if d.MetricGroups != nil {
		groups = d.MetricGroups(ctx)
	}
	return metrics, groups
}

// allMetrics returns every metric, sorted by name.
func (d *Daemon) allMetrics(ctx context.Context) []Metric {
	metrics, groups := d.collect(ctx)
	for _, group := range groups {
		metrics = append(metrics, group.Metrics()...)
	}
	sortMetrics(metrics)
	return metrics
}

// metricList is the answer to GET_METRICS.
func (d *Daemon) metricList(ctx context.Context, timeout *mesospb.DurationInfo) []*mesospb.Metric {
	if timeout != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(timeout.GetNanoseconds()))
		defer cancel()
	}
	metrics := d.allMetrics(ctx)
	list := make([]*mesospb.Metric, len(metrics))
	for i := range metrics {
		list[i] = &mesospb.Metric{Name: &metrics[i].Name, Value: &metrics[i].Value}
	}
	return list
}
