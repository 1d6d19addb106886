package daemon

import (
	"context"
	"sync"
)

// requests are the HTTP requests that wait for a core's Reply.
type requests struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan<- error
	ended   error // set once nobody will answer any more
}

func newRequests() *requests { return &requests{waiting: map[uint64]chan<- error{}} }

// ask has put hand the core an input under a fresh ID, and waits for the reply.
func (r *requests) ask(ctx context.Context, put func(id uint64) bool) error {
	answer := make(chan error, 1)
	id, err := r.open(answer)
	if err != nil {
		return err
	}
	if !put(id) {
		r.forget(id)
		return r.whyEnded()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		r.forget(id)
		return context.Cause(ctx)
	}
}

func (r *requests) open(answer chan<- error) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil {
		return 0, r.ended
	}
	r.last++
	r.waiting[r.last] = answer
	return r.last, nil
}

func (r *requests) forget(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, id)
}

func (r *requests) whyEnded() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// count is how many requests wait.
func (r *requests) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// reply answers a request; one that no longer waits is passed over.
func (r *requests) reply(id uint64, err error) {
	r.mu.Lock()
	answer := r.waiting[id]
	delete(r.waiting, id)
	r.mu.Unlock()
	if answer != nil {
		answer <- err
	}
}

// end answers every request, now and later, with an error.
func (r *requests) end(err error) {
	r.mu.Lock()
	waiting := r.waiting
	r.waiting, r.ended = nil, err
	r.mu.Unlock()
	for _, answer := range waiting {
		answer <- err
	}
}
