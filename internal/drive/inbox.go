package drive

import "sync"

// inboxLimit is how many inputs may wait before those who bring them from the
// network must wait too.
const inboxLimit = 1 << 16

// Inbox is the queue in front of a core. Any goroutine puts inputs in; one
// takes them out, all that are there at once.
type Inbox[In any] struct {
	mu     sync.Mutex
	queue  []In
	closed bool
	ready  chan struct{} // holds one token while the queue is not empty
	space  sync.Cond     // signalled when the queue was emptied
}

func newInbox[In any]() *Inbox[In] {
	b := &Inbox[In]{ready: make(chan struct{}, 1)}
	b.space.L = &b.mu
	return b
}

// Put adds inputs, which are taken together, and never waits: for what another
// core says, so that two cores can't wait for each other. It reports false once
// the inbox is closed.
func (b *Inbox[In]) Put(in ...In) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(in)
}

// PutWait adds inputs from the network, and waits while too many are queued.
func (b *Inbox[In]) PutWait(in ...In) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) >= inboxLimit && !b.closed {
		b.space.Wait()
	}
	return b.add(in)
}

func (b *Inbox[In]) add(in []In) bool {
	if b.closed {
		return false
	}
	b.queue = append(b.queue, in...)
	if len(b.queue) > 0 {
		select {
		case b.ready <- struct{}{}:
		default:
		}
	}
	return true
}

// Waiting is how many inputs are queued.
func (b *Inbox[In]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

// take returns what is queued, in order, and keeps spare for the next inputs.
func (b *Inbox[In]) take(spare []In) []In {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := b.queue
	clear(spare)
	b.queue = spare[:0]
	b.space.Broadcast()
	return batch
}

// close refuses inputs from now on and drops those that wait.
func (b *Inbox[In]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.queue = nil
	b.space.Broadcast()
}
