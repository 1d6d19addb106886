package daemon

import (
	"sync"
	"time"
)

// A ballast is memory that is reserved and never touched, so that it costs
// nothing but addresses. It counts as live for the garbage collector, which
// otherwise runs each time a heap has doubled: with a small heap many times a
// second in a master that is busy, and, when a new leader learns its cluster,
// again and again over what is there to stay.
//
// The runtime's own means, GOGC and a memory limit, know factors and no sums.
type ballast struct {
	mu    sync.Mutex
	bytes []byte
}

const (
	// floor is the ballast of a master in any case: the heap of a small cluster
	// may grow by so much before it is collected.
	floor = 64 << 20
	// perAgent is about what an agent with a hundred tasks takes when it comes
	// back, and what its connection and its message leave behind.
	perAgent = 256 << 10
	// most is what agents may make of it: the garbage of a larger cluster is
	// collected while it is learned.
	most = 3 << 29
	// learning is for how long a new leader is taken to learn its cluster.
	learning = time.Minute
)

// set replaces the ballast by one of so many bytes.
func (b *ballast) set(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes = make([]byte, n)
}

// learn is the ballast of a term until it has learned of its agents.
func (b *ballast) learn(agents int) (stop func()) {
	b.set(floor + min(agents, most/perAgent)*perAgent)
	timer := time.AfterFunc(learning, func() { b.set(floor) })
	return func() { timer.Stop() }
}
