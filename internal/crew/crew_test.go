package crew

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type add struct {
	to   *atomic.Int64
	done *sync.WaitGroup
}

func (a add) Run() {
	a.to.Add(1)
	a.done.Done()
}

func TestEveryTaskRunsOnce(t *testing.T) {
	var c Crew
	var sum atomic.Int64
	var done sync.WaitGroup
	const n = 10_000
	done.Add(n)
	for range n {
		c.Go(add{&sum, &done})
	}
	done.Wait()
	c.Do(func() { sum.Add(1) })
	if sum.Load() != n+1 {
		t.Errorf("%d tasks ran, not %d", sum.Load(), n+1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tasks) != 0 || c.members > n/10 {
		t.Errorf("%d tasks wait, there are %d members", len(c.tasks), c.members)
	}
}

func TestTasksThatBlockKeepNoOtherWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Crew
		release := make(chan struct{})
		for range 100 {
			c.Go(funcTask(func() { <-release }))
		}
		ran := false
		c.Do(func() { ran = true })
		if !ran {
			t.Error("the last task did not run")
		}
		close(release)
		synctest.Wait()
		time.Sleep(3 * rest)
		synctest.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.members != 0 {
			t.Errorf("%d members stay although there is nothing to do", c.members)
		}
	})
}
