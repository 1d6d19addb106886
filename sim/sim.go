// Package sim runs a whole cluster on one goroutine from a seed: the cores of
// masters, agents and the allocator, which are the real ones, joined by
// schedulers, executors, a registry and a network that are scripted. Time is
// virtual. Faults come as the seed says: connections break, stall, are refused and
// overtake each other, places are cut off from others, one way or both, agents crash
// with and without their disks, and their disks are slow, schedulers crash and come
// back, masters die, stand still, lose etcd, or their leadership without knowing it
// yet, or their allocator, and clocks jump. Operators set quotas and plan outages
// meanwhile. After every event the invariants are checked; the same seed gives the
// same trace to the byte.
package sim

import (
	"fmt"
	"time"
)

// Result is what came of a run.
type Result struct {
	Seed  uint64
	Err   error  // the invariant that broke, or nil
	Trace []byte // what happened, a line each
	Steps int    // events
	Tasks int    // launched
	Terms int    // of leadership
}

// Run runs a cluster from a seed: a time with faults, then a time without, in
// which everything must settle.
func Run(seed uint64) Result { return run(seed, false, false) }

// RunRemote is Run with the allocator in a process of its own, which is lost,
// comes back knowing nothing, and may be long out of touch.
func RunRemote(seed uint64) Result { return run(seed, true, false) }

// RunOperated is Run or RunRemote with operators at work: machines have resources
// reserved to roles, roles get and lose quotas, and outages are planned.
func RunOperated(seed uint64, remote bool) Result { return run(seed, remote, true) }

func run(seed uint64, remote, operated bool) Result {
	c := newCluster(seed, remote, operated)
	c.faults()
	if operated {
		c.operate()
	}
	if remote {
		c.allocatorFaults()
	}
	c.run(c.begin.Add(c.options.duration))
	c.heal()
	c.await(func() bool { return len(c.untruths()) == 0 }, c.explainUntruths)
	if c.err == nil {
		c.drain()
		c.await(c.settled, c.explainUnsettled)
	}
	result := Result{Seed: seed, Err: c.err, Trace: c.trace.Bytes(), Steps: c.steps, Terms: len(c.leaders)}
	for _, s := range c.schedulers {
		result.Tasks += s.launched
	}
	if c.err != nil {
		result.Err = fmt.Errorf("seed %d: after %v and %d events: %w", seed, c.now.Sub(c.begin), c.steps, c.err)
	}
	return result
}

// await lets time pass until something is so. If it takes too long it explains why.
func (c *cluster) await(so func() bool, explain func()) {
	for c.err == nil && !so() {
		if c.now.After(c.healed.Add(settleTime)) {
			explain()
			return
		}
		c.run(c.now.Add(time.Second))
	}
}

// settleTime is how long a cluster without faults may take to settle: longer
// than every timeout in it.
const settleTime = 10 * time.Minute
