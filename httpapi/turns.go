package httpapi

import (
	"runtime"
	"sync"
	"time"
)

// turns has those who write large answers take turns, piece by piece, so that
// they leave a processor to everything else. Goroutines that never wait hold up
// all others: the runtime looks for what has come in from the network when it has
// nothing else to do, and otherwise every 10 ms.
//
// A turn that takes long is one of a client that doesn't read. Whoever waits then
// goes on in its place. The zero turns is ready.
type turns struct {
	mu      sync.Mutex
	writing []*turn // of those who have their turn, the oldest first
	waiting []*turn // the oldest first
}

// A turn is of one piece.
type turn struct {
	begun time.Time
	ready chan struct{} // closed when it may begin; nil if it never had to wait
}

// longTurn is how long a turn may take before another one begins in its place.
const longTurn = 2 * time.Millisecond

// usualTurns is how many may write at once.
func usualTurns() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// take waits for a turn, which is to be given back.
func (t *turns) take() *turn {
	mine := new(turn)
	t.mu.Lock()
	if len(t.writing) < usualTurns() {
		t.beginLocked(mine)
		t.mu.Unlock()
		return mine
	}
	mine.ready = make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	timer := time.NewTimer(longTurn)
	defer timer.Stop()
	for {
		select {
		case <-mine.ready:
			return mine
		case <-timer.C:
			t.replace()
			timer.Reset(longTurn)
		}
	}
}

// replace ends turns that take too long, for others to have one.
func (t *turns) replace() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.waiting) > 0 && time.Since(t.writing[0].begun) >= longTurn {
		t.endLocked(t.writing[0])
	}
}

// give gives a turn back.
func (t *turns) give(mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked(mine)
}

// beginLocked begins a turn; mu is held.
func (t *turns) beginLocked(next *turn) {
	next.begun = time.Now()
	t.writing = append(t.writing, next)
	if next.ready != nil {
		close(next.ready)
	}
}

// endLocked ends a turn unless it was ended, and begins the next; mu is held.
func (t *turns) endLocked(over *turn) {
	for i := range t.writing {
		if t.writing[i] != over {
			continue
		}
		t.writing = append(t.writing[:i], t.writing[i+1:]...)
		if len(t.waiting) > 0 {
			next := t.waiting[0]
			t.waiting = append(t.waiting[:0], t.waiting[1:]...)
			t.beginLocked(next)
		}
		return
	}
}
