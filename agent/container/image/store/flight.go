package store

import (
	"context"
	"sync"
)

// flights does each thing once however many ask for it at the same time, and
// stops doing it when nobody waits any more. The zero value is ready.
type flights[V any] struct {
	mu      sync.Mutex
	flying  map[string]*flight[V]
	running sync.WaitGroup
	closed  error
	// all are also those that nobody waits for and that are not over yet.
	all map[*flight[V]]struct{}
}

type flight[V any] struct {
	waiting int
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when value and err are set
	value   V
	err     error
}

// do returns what f returns, which may be called for somebody else who asked for
// the same key. The context of f has the values of the first who asked and ends
// when all of them have gone.
func (f *flights[V]) do(ctx context.Context, key string, fly func(context.Context) (V, error)) (V, error) {
	var none V
	f.mu.Lock()
	if f.closed != nil {
		f.mu.Unlock()
		return none, f.closed
	}
	this := f.flying[key]
	if this == nil {
		this = f.start(ctx, key, fly)
	}
	this.waiting++
	f.mu.Unlock()
	select {
	case <-this.done:
		return this.value, this.err
	case <-ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if this.waiting--; this.waiting == 0 {
		this.cancel(context.Cause(ctx))
		f.land(key, this)
	}
	return none, context.Cause(ctx)
}

func (f *flights[V]) start(ctx context.Context, key string, fly func(context.Context) (V, error)) *flight[V] {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	this := &flight[V]{cancel: cancel, done: make(chan struct{})}
	if f.flying == nil {
		f.flying, f.all = map[string]*flight[V]{}, map[*flight[V]]struct{}{}
	}
	f.flying[key], f.all[this] = this, struct{}{}
	f.running.Go(func() {
		this.value, this.err = fly(ctx)
		f.mu.Lock()
		f.land(key, this)
		delete(f.all, this)
		f.mu.Unlock()
		cancel(nil)
		close(this.done)
	})
	return this
}

// land lets the next who asks start anew.
func (f *flights[V]) land(key string, this *flight[V]) {
	if f.flying[key] == this {
		delete(f.flying, key)
	}
}

// close ends all that is going on, which fails, and lets nothing else start.
func (f *flights[V]) close(why error) {
	f.mu.Lock()
	f.closed = why
	for this := range f.all {
		this.cancel(why)
	}
	f.mu.Unlock()
	f.running.Wait()
}
