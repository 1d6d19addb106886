// Package turns bounds how many goroutines are in system calls that the kernel does one
// at a time. A goroutine in such a call has a thread, which the runtime keeps for good:
// a burst of hundreds of containers would leave hundreds of threads, and be no faster.
package turns

import "runtime"

// Turns is how many may be taken at once. A nil Turns is no bound.
type Turns chan struct{}

// New is Turns of this many; 0: as many as the kernel has use for, which is a few for each
// processor, since what it waits for itself (a grace period of RCU) is shared.
func New(n int) Turns {
	if n == 0 {
		n = 4 * runtime.GOMAXPROCS(0)
	}
	return make(Turns, n)
}

// Take waits for a turn. It is over when done is called, which must not wait for long.
func (t Turns) Take() (done func()) {
	if t == nil {
		return func() {}
	}
	t <- struct{}{}
	return func() { <-t }
}
