// Package crew runs short tasks on goroutines that are there already. A new
// goroutine begins with a small stack, which is copied to a larger one, several
// times, before an encoder or a decoder has got to its work; and a burst of tasks
// on a goroutine each wants all their buffers at once.
package crew

import (
	"runtime"
	"sync"
	"time"
)

// Task is something to do once. It may block, as long as that is the exception.
type Task interface{ Run() }

// Crew is goroutines that take turns with tasks. The zero Crew is ready.
type Crew struct {
	mu      sync.Mutex
	work    sync.Cond // signalled when a task waits and a member rests
	tasks   []Task    // that wait, the oldest first
	members int       // goroutines there are
	resting int       // of these, how many have nothing to do
	watched bool      // a timer sees to it that no task waits for long

	timed   bool // a timer sees to it that nobody rests for long
	taken   int  // tasks, ever
	seen    int  // of them, when the timer was set
	dismiss int  // members that are to go
}

const (
	// patience is how long a task may wait for members that are all busy, or
	// blocked, before there are more of them.
	patience = 2 * time.Millisecond
	// rest is after how long without any task members go.
	rest = 100 * time.Millisecond
)

// usual is how many members a crew has when none of them is blocked.
func usual() int { return 2 * runtime.GOMAXPROCS(0) }

// Go has a task run soon, and does not wait for it.
func (c *Crew) Go(t Task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks = append(c.tasks, t)
	if c.resting > 0 {
		c.work.Signal()
	}
	switch {
	case len(c.tasks) <= c.resting: // there is one for each
	case c.members < usual():
		c.joinLocked()
	case !c.watched:
		c.watched = true
		time.AfterFunc(patience, c.watch)
	}
}

// Do has a function run and waits for it.
func (c *Crew) Do(f func()) {
	done := make(chan struct{})
	c.Go(funcTask(func() {
		defer close(done)
		f()
	}))
	<-done
}

type funcTask func()

func (f funcTask) Run() { f() }

// watch adds members for as long as tasks wait.
func (c *Crew) watch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tasks) == 0 {
		c.watched = false
		return
	}
	for range min(len(c.tasks), usual()) {
		c.joinLocked()
	}
	time.AfterFunc(patience, c.watch)
}

// retire sends away those who rest, unless there was work meanwhile.
func (c *Crew) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == c.seen {
		c.timed = false
		c.dismiss = c.resting
		c.work.Broadcast()
		return
	}
	c.seen = c.taken
	time.AfterFunc(rest, c.retire)
}

// joinLocked starts a member; mu is held.
func (c *Crew) joinLocked() {
	if c.work.L == nil {
		c.work.L = &c.mu
	}
	c.members++
	go c.serve()
}

func (c *Crew) serve() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for len(c.tasks) == 0 {
			if !c.timed {
				c.timed, c.seen = true, c.taken
				time.AfterFunc(rest, c.retire)
			}
			c.resting++
			c.work.Wait()
			c.resting--
			if c.dismiss > 0 && len(c.tasks) == 0 {
				c.dismiss--
				c.members--
				return
			}
		}
		c.taken++
		c.dismiss = 0
		t := c.tasks[0]
		c.tasks[0] = nil
		if c.tasks = c.tasks[1:]; len(c.tasks) == 0 {
			c.tasks = nil
		}
		c.mu.Unlock()
		t.Run()
		c.mu.Lock()
	}
}
