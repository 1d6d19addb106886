package httpapi

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLargeAnswersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var mu sync.Mutex
		writing, most := 0, 0
		count := func(change int) {
			mu.Lock()
			defer mu.Unlock()
			writing += change
			most = max(most, writing)
		}
		var group sync.WaitGroup
		for range 2 * usualTurns() {
			group.Go(func() {
				for range 10 {
					turn := all.take()
					count(+1)
					time.Sleep(longTurn / 10 / time.Duration(usualTurns()))
					count(-1)
					all.give(turn)
				}
			})
		}
		group.Wait()
		if most != usualTurns() {
			t.Errorf("%d wrote at once, want %d", most, usualTurns())
		}
		if len(all.writing)+len(all.waiting) != 0 {
			t.Errorf("in the end %d write and %d wait", len(all.writing), len(all.waiting))
		}
	})
}

func TestClientsThatDoNotReadHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var stuck []*turn
		for range usualTurns() {
			stuck = append(stuck, all.take())
		}
		start := time.Now()
		for range 100 {
			all.give(all.take())
		}
		if took := time.Since(start); took != longTurn {
			t.Errorf("waited %v for clients that don't read, want %v", took, longTurn)
		}
		for _, turn := range stuck {
			all.give(turn)
		}
		if len(all.writing)+len(all.waiting) != 0 {
			t.Errorf("in the end %d write and %d wait", len(all.writing), len(all.waiting))
		}
	})
}
