package agent

import (
	"math"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// hold counts resources as used by an executor or one of its tasks.
func (a *Agent) hold(e *executor, r resources.Resources) {
	e.allocated, e.wire = e.allocated.Add(r), nil
	a.metrics.countUsed(r, +1)
	a.touch(e)
}

// release takes back what was held.
func (a *Agent) release(e *executor, r resources.Resources) {
	e.allocated, e.wire = e.allocated.Sub(r), nil
	a.metrics.countUsed(r, -1)
	a.touch(e)
}

// resources are what an executor and its tasks hold, as messages.
func (e *executor) resources() []*mesospb.Resource {
	if e.wire == nil {
		e.wire = convert.ToWire(e.allocated)
	}
	return e.wire
}

// grant is what a container may use.
type grant struct {
	resources resources.Resources
	limits    limits
}

// updateContainer gives the container of an executor that runs what its tasks
// hold now, if that has changed.
func (a *Agent) updateContainer(e *executor) {
	if !e.subscribed || e.state == executorTerminated ||
		e.limits == e.given.limits && e.allocated.Equal(e.given.resources) {
		return
	}
	e.given = grant{e.allocated, e.limits}
	a.emit(UpdateContainer{
		Container: e.container,
		Resources: e.resources(),
		Limits:    e.limits.wire(),
	})
}

// limits adds up TaskInfo.limits into the limits of an executor's container. A
// task without a limit of its own counts with what it was allocated.
type limits struct{ cpus, mem limit }

type limit struct {
	own       resources.Scalar // of the executor
	bounded   int              // tasks with a finite limit
	unbounded int              // tasks with an infinite one
	sum       resources.Scalar // of finite limits, and of what the other tasks were allocated
}

func (l *limits) addOwn(r resources.Resources) { l.cpus.own, l.mem.own = r.Cpus(), r.Mem() }

func (l *limits) count(r resources.Resources, limits map[string]*mesospb.Value_Scalar, sign int) {
	l.cpus.count(r.Cpus(), limits["cpus"], sign)
	l.mem.count(r.Mem(), limits["mem"], sign)
}

func (l *limit) count(allocated resources.Scalar, wanted *mesospb.Value_Scalar, sign int) {
	switch {
	case wanted == nil:
		l.sum += resources.Scalar(sign) * allocated
	case math.IsInf(wanted.GetValue(), 1):
		l.unbounded += sign
	default:
		l.bounded += sign
		l.sum += resources.Scalar(sign) * mesos.ScalarFromFloat(wanted.GetValue())
	}
}

// wire is the limits as a container gets them; nil if no task has any.
func (l *limits) wire() map[string]*mesospb.Value_Scalar {
	m := make(map[string]*mesospb.Value_Scalar, 2)
	l.cpus.put(m, "cpus")
	l.mem.put(m, "mem")
	if len(m) == 0 {
		return nil
	}
	return m
}

func (l *limit) put(m map[string]*mesospb.Value_Scalar, name string) {
	switch {
	case l.unbounded > 0:
		m[name] = &mesospb.Value_Scalar{Value: new(math.Inf(1))}
	case l.bounded > 0:
		m[name] = &mesospb.Value_Scalar{Value: new(float64(l.own+l.sum) / 1000)}
	}
}
