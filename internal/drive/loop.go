// Package drive runs cores: it feeds one its inputs in batches, on one
// goroutine, wakes it when it wants to be, and has its effects done.
package drive

import (
	"context"
	"time"
)

// Core is what all cores have in common: they decide, and return what is to be
// done. See the packages master, agent and allocator.
type Core[In, Out any] interface {
	// Step takes one input and returns the effects, valid until the next Step.
	Step(now time.Time, in In) []Out
	// Next is when the core wants a tick; zero means never, and a time that has
	// come means as soon as no input waits.
	Next() time.Time
}

// maxBatch bounds how many inputs are stepped before their effects are done.
const maxBatch = 1024

// Loop drives one core on one goroutine: it takes inputs in batches, steps the
// core through them, and has their effects done, in order, by perform.
//
// The effects of a batch are performed together so that what must be durable
// can be synced once for all of it; perform must make every durable effect
// durable before it does an effect that comes after it.
type Loop[In, Out any] struct {
	*Inbox[In]
	core Core[In, Out]
	tick In
	// perform does effects. It runs on the loop's goroutine and must not block
	// on anything that needs this loop.
	perform func(effects []Out)
	// inspections are functions to run between batches; see Inspect.
	inspections chan func()
}

// New is a loop around a core, which is to be given tick when its time has come.
func New[In, Out any](core Core[In, Out], tick In, perform func(effects []Out)) *Loop[In, Out] {
	return &Loop[In, Out]{
		Inbox: newInbox[In](), core: core, tick: tick, perform: perform, inspections: make(chan func()),
	}
}

// Inspect runs f on the loop's goroutine, where it may read the core: for what
// is cheap to read and asked for rarely, such as metrics. It reports false if
// the context ended first.
func (l *Loop[In, Out]) Inspect(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	select {
	case l.inspections <- func() { f(); close(done) }:
		<-done
		return true
	case <-ctx.Done():
		return false
	}
}

// Run drives the core until the context ends.
func (l *Loop[In, Out]) Run(ctx context.Context) error {
	var (
		spare   []In
		effects []Out
		timer   = time.NewTimer(0)
	)
	defer timer.Stop()
	defer l.close()
	for {
		batch := l.take(spare)
		for start := 0; start < len(batch); start += maxBatch {
			for _, in := range batch[start:min(start+maxBatch, len(batch))] {
				effects = append(effects, l.core.Step(time.Now(), in)...)
			}
			effects = l.flush(effects)
		}
		spare = batch

		now := time.Now()
		next := l.core.Next()
		if !next.IsZero() && !next.After(now) {
			effects = l.flush(append(effects, l.core.Step(now, l.tick)...))
			l.inspectOne()
			if err := ctx.Err(); err != nil {
				return err
			}
			continue
		}
		var due <-chan time.Time
		if !next.IsZero() {
			timer.Reset(next.Sub(now))
			due = timer.C
		}
		if err := l.wait(ctx, due); err != nil {
			return err
		}
	}
}

// inspectOne serves an inspection that waits, when the loop is never at rest.
func (l *Loop[In, Out]) inspectOne() {
	select {
	case f := <-l.inspections:
		f()
	default:
	}
}

func (l *Loop[In, Out]) wait(ctx context.Context, due <-chan time.Time) error {
	select {
	case <-l.ready:
		return nil
	case f := <-l.inspections:
		f()
		return nil
	case <-due:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Loop[In, Out]) flush(effects []Out) []Out {
	if len(effects) > 0 {
		l.perform(effects)
		clear(effects)
	}
	return effects[:0]
}
