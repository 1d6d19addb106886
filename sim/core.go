package sim

import "time"

// clock is what a process takes for the time: it may be off, and may jump.
type clock struct {
	world  *world
	offset time.Duration
}

func (k *clock) now() time.Time { return k.world.now.Add(k.offset) }

// at is when the clock will show a time, in the simulator's own time.
func (k *clock) at(shown time.Time) time.Time { return shown.Add(-k.offset) }

// core is a core and what does its effects, as its shell would: what waits is
// stepped through as a batch, the effects of all of it are performed in order,
// and a tick comes when one is due and no input waits.
type core[In, Out any] struct {
	clock *clock
	logic interface {
		Step(now time.Time, in In) []Out
		Next() time.Time
	}
	tick    In
	perform func([]Out)
	dead    bool
	moved   bool // stepped since the invariants were checked

	inbox    []In
	stepping bool
	busy     bool   // with the effects of a batch, which take time
	stopped  bool   // the process stands still, as SIGSTOP makes it
	alarm    uint64 // number of the tick planned, 0 if there is none
	alarms   uint64
	planned  time.Time
}

// take gives the core an input, unless it is dead.
func (c *core[In, Out]) take(in In) {
	if c.dead {
		return
	}
	c.inbox = append(c.inbox, in)
	c.drain()
}

// drain steps through what waits, as soon as the core is free to.
func (c *core[In, Out]) drain() {
	if c.stepping || c.busy || c.stopped || c.dead {
		return
	}
	c.stepping = true
	for len(c.inbox) > 0 && !c.busy && !c.stopped && !c.dead {
		batch := c.inbox
		c.inbox = nil
		var effects []Out
		if len(batch) == 1 {
			effects = c.logic.Step(c.clock.now(), batch[0])
		} else {
			for _, in := range batch {
				effects = append(effects, c.logic.Step(c.clock.now(), in)...)
			}
		}
		c.moved = true
		c.perform(effects)
	}
	c.stepping = false
	if !c.dead {
		c.plan()
	}
}

// stop makes the process stand still; what is sent to it waits.
func (c *core[In, Out]) stop(d time.Duration) {
	if c.stopped || c.dead {
		return
	}
	c.stopped = true
	c.clock.world.after(d, func() {
		c.stopped = false
		c.drain()
	})
}

// occupy keeps the core from its next batch while an effect takes its time, and
// then goes on with what is left of this one.
func (c *core[In, Out]) occupy(d time.Duration, then func()) {
	if d == 0 {
		then()
		return
	}
	c.busy = true
	c.clock.world.after(d, func() {
		if c.dead {
			return
		}
		c.busy = false
		then()
		c.drain()
	})
}

// plan schedules the tick that the core wants next.
func (c *core[In, Out]) plan() {
	next := c.logic.Next()
	if next.IsZero() {
		c.alarm, c.planned = 0, time.Time{}
		return
	}
	w := c.clock.world
	if next = c.clock.at(next); next.Before(w.now) {
		next = w.now
	}
	if c.alarm != 0 && next.Equal(c.planned) {
		return // planned already
	}
	c.alarms++
	number := c.alarms
	c.alarm, c.planned = number, next
	w.at(next, func() {
		if c.alarm == number {
			c.alarm = 0
			if !c.dead && !c.busy && !c.stopped { // else drain plans it again
				c.take(c.tick)
			}
		}
	})
}

// due reports whether the core wants a tick now.
func (c *core[In, Out]) due() bool {
	next := c.logic.Next()
	return !next.IsZero() && !next.After(c.clock.now())
}

// idle reports whether the core has done all that it was told.
func (c *core[In, Out]) idle() bool { return len(c.inbox) == 0 && !c.busy && !c.stopped && !c.due() }
