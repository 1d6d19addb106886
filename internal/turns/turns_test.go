package turns

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestNoMoreThanThereAreTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, release := New(3), make(chan struct{})
		var inside atomic.Int32
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				defer turns.Take()()
				inside.Add(1)
				<-release
				inside.Add(-1)
			})
		}
		synctest.Wait()
		if n := inside.Load(); n != 3 {
			t.Errorf("%d are at it, want 3", n)
		}
		close(release)
		all.Wait()
	})
}

func TestWithoutTurns(t *testing.T) {
	var none Turns
	defer none.Take()()
	none.Take()()
	if n := cap(New(0)); n == 0 {
		t.Error("there are no turns")
	}
}
