package sim

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// world is virtual time: events in the order in which they happen, one random
// source for everything, and a trace of what happened.
type world struct {
	now    time.Time
	begin  time.Time
	events events
	last   uint64 // number of the last event scheduled
	steps  int    // events done
	still  int    // events done since time last moved
	rand   *rand.Rand
	trace  bytes.Buffer
	err    error // the first invariant that broke
	check  func()
}

func newWorld(seed uint64) *world {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &world{now: begin, begin: begin, rand: rand.New(rand.NewPCG(seed, 0))}
}

// event is something that is to happen.
type event struct {
	at     time.Time
	number uint64
	do     func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].number < e[j].number
}

// Push and Pop are container/heap's.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// at makes something happen at a time that has not passed. What is scheduled
// for one time happens in the order in which it was scheduled.
func (w *world) at(when time.Time, do func()) {
	if when.Before(w.now) {
		when = w.now
	}
	w.last++
	heap.Push(&w.events, event{when, w.last, do})
}

// after makes something happen after a while.
func (w *world) after(wait time.Duration, do func()) { w.at(w.now.Add(wait), do) }

// maxStill is how many events may happen without time passing: more is a loop.
const maxStill = 20_000

// run lets events happen until the time is over, and checks the invariants
// after each. It stops at the first that is broken.
func (w *world) run(until time.Time) {
	for w.err == nil && len(w.events) > 0 && !w.events[0].at.After(until) {
		e := heap.Pop(&w.events).(event)
		if e.at.After(w.now) {
			w.now, w.still = e.at, 0
		}
		w.steps++
		if w.still++; w.still > maxStill {
			w.fail("%d events happened without time passing", maxStill)
			return
		}
		w.guard(e.do)
		if w.err == nil && w.check != nil {
			w.guard(w.check)
		}
	}
	if w.err == nil && w.now.Before(until) {
		w.now = until
	}
}

// guard turns a panic, which is how a core says that its own invariants broke,
// into a failure with the facts.
func (w *world) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			w.fail("panic: %v\n%s", p, debug.Stack())
		}
	}()
	do()
}

// fail notes the first invariant that broke.
func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
		w.logf("FAILED: %v", w.err)
	}
}

// logf adds a line to the trace.
func (w *world) logf(format string, args ...any) {
	fmt.Fprintf(&w.trace, "%9.3f ", w.now.Sub(w.begin).Seconds())
	fmt.Fprintf(&w.trace, format, args...)
	w.trace.WriteByte('\n')
}

// chance is true one time in n.
func (w *world) chance(n int) bool { return w.rand.IntN(n) == 0 }

// between is a random duration of whole milliseconds.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rand.Int64N(int64((high-low)/time.Millisecond)+1))*time.Millisecond
}

// uuid is 16 random bytes.
func (w *world) uuid() (id [16]byte) {
	for i := range id {
		id[i] = byte(w.rand.Uint32())
	}
	return id
}
