package remote

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
)

// count is what the policy counts, as an answer.
func (s *serving) count(ctx context.Context) *allocationpb.Answer {
	var list []allocation.Metric
	if counter, ok := s.policy.(allocation.Counter); ok {
		s.loop.Inspect(ctx, func() { list = counter.Metrics() })
	}
	list = append(list, allocation.QueueMetrics(s.loop.Waiting())...)
	a := &allocationpb.Answer{Metrics: make([]*allocationpb.Answer_Metric, len(list))}
	for i := range list {
		a.Metrics[i] = &allocationpb.Answer_Metric{Name: &list[i].Name, Value: &list[i].Value}
	}
	return a
}

// Metrics are what the allocator counts now: none if it isn't connected, doesn't
// answer before the context ends, or is too old to be asked.
func (c *Client) Metrics(ctx context.Context) []allocation.Metric {
	s := c.session()
	if s == nil || !s.counts {
		return nil
	}
	a, err := s.ask(ctx, &allocationpb.Ask{FrameworkId: frameworkID(""), Metrics: new(true)})
	if err != nil {
		return nil
	}
	list := make([]allocation.Metric, len(a.GetMetrics()))
	for i, m := range a.GetMetrics() {
		list[i] = allocation.Metric{Name: m.GetName(), Value: m.GetValue()}
	}
	return list
}
