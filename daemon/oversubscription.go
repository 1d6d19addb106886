//go:build !windows

package daemon

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// minCorrectionInterval is how often the QoS controller is asked at most:
// --qos_correction_interval_min is 0 by default.
const minCorrectionInterval = time.Second

// defaultEstimateInterval is Mesos's.
const defaultEstimateInterval = 15 * time.Second

// oversubscribes gives away what is not used, and takes it back when it is,
// until the context ends.
func (a *Agent) oversubscribes(ctx context.Context) {
	if a.estimator != nil {
		interval := a.cfg.OversubscribedResourcesInterval
		if interval <= 0 {
			interval = defaultEstimateInterval
		}
		a.group.Go(func() error { repeat(ctx, interval, a.estimate); return nil })
	}
	if a.controller != nil {
		a.group.Go(func() error {
			repeat(ctx, max(a.cfg.QoSCorrectionInterval, minCorrectionInterval), a.correct)
			return nil
		})
	}
}

// repeat does something now and after each interval.
func repeat(ctx context.Context, interval time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

func (a *Agent) estimate(ctx context.Context) {
	rs, err := a.estimator.Estimate(ctx, time.Now(), a.usage)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("what can be given away could not be estimated: the last estimate stays", "error", err)
		}
		return
	}
	a.loop.Put(agent.Estimate{Resources: rs})
}

func (a *Agent) correct(ctx context.Context) {
	corrections, err := a.controller.Correct(ctx, a.usage)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Warn("the QoS controller could not decide", "error", err)
		}
		return
	}
	for _, c := range corrections {
		a.log.Info("QoS correction", "framework", c.Framework, "executor", c.Executor, "reason", c.Why)
		a.loop.Put(agent.Preempt{Framework: c.Framework, Executor: c.Executor, Container: c.Container})
	}
}

// usage measures what runs on the agent now. What can't be measured, because it
// is starting or ending, has no statistics.
func (a *Agent) usage(ctx context.Context) (*mesospb.ResourceUsage, error) {
	var usage *mesospb.ResourceUsage
	if !a.loop.Inspect(ctx, func() { usage = a.core.Usage() }) {
		return nil, ctx.Err()
	}
	measure(ctx, usage, a.containers.Usage)
	return usage, ctx.Err()
}

// measure adds statistics to what can be measured.
func measure(ctx context.Context, usage *mesospb.ResourceUsage, of func(context.Context, mesos.ContainerID) (*mesospb.ResourceStatistics, error)) {
	for _, e := range usage.GetExecutors() {
		if statistics, err := of(ctx, mesos.ContainerID(e.GetContainerId().GetValue())); err == nil {
			e.Statistics = statistics
		}
	}
}
