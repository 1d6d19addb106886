// Package gc decides when the directories of what is over are removed: once they
// are old enough, and sooner when the disk fills. It removes nothing itself. See
// https://mesos.apache.org/documentation/latest/sandbox/#sandbox-lifecycle.
package gc

import (
	"container/heap"
	"time"
)

// maxUnderWay bounds how many removals are under way. What is behind them can
// still be unscheduled.
const maxUnderWay = 16

// Collector is the directories that wait for their removal. It belongs to one
// goroutine.
type Collector struct {
	delay    time.Duration
	headroom float64
	entries  entries // the one that was over first is on top
	byPath   map[string]*entry
	sequence uint64
	// pressed is the time up to which the disk's being full makes entries due.
	pressed time.Time
	metrics Metrics
	taken   map[string]int // paths that are being removed, and how many times
}

// Metrics are the collector's meters.
type Metrics struct {
	Pending           int // scheduled, or being removed
	Succeeded, Failed int
}

type entry struct {
	path     string
	since    time.Time
	sequence uint64 // what was over at the same time goes in the order it came
	place    int    // in the heap
}

// New returns a Collector that keeps a directory for delay (--gc_delay) after it
// was over, less the fuller the disk is; headroom (--gc_disk_headroom) is the
// part of the disk, from 0 to 1, that is to stay free.
func New(delay time.Duration, headroom float64) *Collector {
	return &Collector{delay: delay, headroom: headroom, byPath: map[string]*entry{}, taken: map[string]int{}}
}

// Schedule has a path removed that was over at a time. Of two times that it is
// scheduled with, the later one counts.
func (c *Collector) Schedule(path string, since time.Time) {
	e := c.byPath[path]
	switch {
	case e == nil:
		e = &entry{path: path}
		c.byPath[path] = e
		c.metrics.Pending++
	case !since.After(e.since):
		return
	default:
		heap.Remove(&c.entries, e.place)
	}
	c.sequence++
	e.since, e.sequence = since, c.sequence
	heap.Push(&c.entries, e)
}

// Unschedule keeps a path, because it is in use again. It reports false if the
// path is not scheduled, or was handed out by Due already.
func (c *Collector) Unschedule(path string) bool {
	e := c.byPath[path]
	if e == nil {
		return false
	}
	heap.Remove(&c.entries, e.place)
	delete(c.byPath, path)
	c.metrics.Pending--
	return true
}

// Age is how old what is over may get while so much of the disk, from 0 to 1, is
// in use: gc_delay * max(0, 1 - gc_disk_headroom - used).
func (c *Collector) Age(used float64) time.Duration {
	return time.Duration(float64(c.delay) * max(0, 1-c.headroom-used))
}

// Disk takes in how much of the disk is in use, from 0 to 1: everything that is
// older than the Age for that is due.
func (c *Collector) Disk(now time.Time, used float64) {
	if limit := now.Add(-c.Age(used)); limit.After(c.pressed) {
		c.pressed = limit
	}
}

// Next is when the next path is due; zero if there is none, or if others must be
// Removed first.
func (c *Collector) Next() time.Time {
	if len(c.entries) == 0 || len(c.taken) >= maxUnderWay {
		return time.Time{}
	}
	e := c.entries[0]
	if !e.since.After(c.pressed) {
		return e.since
	}
	return e.since.Add(c.delay)
}

// Due takes the next path that is to be removed now, oldest first; false if there
// is none. Every path that it returns must be told to Removed.
func (c *Collector) Due(now time.Time) (path string, ok bool) {
	at := c.Next()
	if at.IsZero() || at.After(now) {
		return "", false
	}
	e := heap.Pop(&c.entries).(*entry)
	delete(c.byPath, e.path)
	c.taken[e.path]++
	return e.path, true
}

// Outcome is what came of a removal.
type Outcome int

// The outcomes.
const (
	Done   Outcome = iota
	Absent         // there was nothing of that path, which is neither success nor failure
	Failed         // something is left, and nothing will be tried again before a restart
)

// Removed takes in that a path of Due was dealt with.
func (c *Collector) Removed(path string, outcome Outcome) {
	if c.taken[path] == 0 {
		return
	}
	if c.taken[path]--; c.taken[path] == 0 {
		delete(c.taken, path)
	}
	c.metrics.Pending--
	switch outcome {
	case Done:
		c.metrics.Succeeded++
	case Failed:
		c.metrics.Failed++
	}
}

// Metrics returns the meters as they stand.
func (c *Collector) Metrics() Metrics { return c.metrics }

// entries is the heap.
type entries []*entry

func (es entries) Len() int { return len(es) }
func (es entries) Less(i, j int) bool {
	if es[i].since.Equal(es[j].since) {
		return es[i].sequence < es[j].sequence
	}
	return es[i].since.Before(es[j].since)
}

func (es entries) Swap(i, j int) {
	es[i], es[j] = es[j], es[i]
	es[i].place, es[j].place = i, j
}

func (es *entries) Push(x any) {
	e := x.(*entry)
	e.place = len(*es)
	*es = append(*es, e)
}

func (es *entries) Pop() any {
	old := *es
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*es = old[:len(old)-1]
	return e
}
