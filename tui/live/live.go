// Package live keeps the live terminal UI told of a cluster: it subscribes to the
// leading master's events, finds the next leader when one is lost, and asks again
// and again for the little that the stream lacks. What it learns it hands over in
// batches, in the order it came.
package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

const (
	// frame is how often a batch is handed over at most.
	frame = 30 * time.Millisecond
	// maxBatch is how many things are in a batch, so that taking it never holds up a key.
	maxBatch = 1000
	// maxWaiting is how many things may wait; then the master's stream has to.
	maxWaiting = 20_000
	// firstPause and lastPause are between attempts to find a master again.
	firstPause, lastPause = 250 * time.Millisecond, 5 * time.Second
)

// Batch is what was learned, in order: each is a Snapshot, a *masterpb.Event, a
// *masterpb.Response, a Masters, a Problem or a Status. The time is when it was
// handed over.
type Batch struct {
	Items []any
	At    time.Time
}

// Snapshot is the whole cluster, told anew: everything before it is old.
type Snapshot struct{ Cluster *cluster.Cluster }

// Masters is who leads, and who stands by.
type Masters []cluster.Master

// Problem is a call that a master doesn't answer as it should. Gone is true if it
// won't until another one leads, since it doesn't know the call or doesn't allow it.
type Problem struct {
	Call masterpb.Call_Type
	Err  error
	Gone bool
}

// Status is how the connection is.
type Status struct {
	// Leader is the host:port of the master that leads, or led last.
	Leader string
	// Lost is since when there is none; zero if there is one.
	Lost time.Time
	// Err is why, Next when it is tried again, and Attempts how often it was in vain.
	Err      error
	Next     time.Time
	Attempts int
}

// Live follows a cluster. Its methods may be called by any goroutine.
type Live struct {
	client  *client.Client
	polls   *polls
	retry   chan struct{}
	members []string                      // of the masters, as they said last; only poll has it
	first   atomic.Pointer[client.Events] // the subscription that Start waits for

	mu      sync.Mutex
	waiting []any
	more    chan struct{} // something waits; of capacity 1
	room    chan struct{} // something was taken; of capacity 1
	handed  time.Time
}

// New makes a Live for a cluster. It does nothing before Start.
func New(c *client.Client) *Live {
	return &Live{
		client: c, polls: newPolls(), retry: make(chan struct{}, 1),
		more: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

// Loading is how far Start is.
type Loading struct {
	// Master is who answers; empty if nobody does yet.
	Master string
	// Bytes is how much has come of the cluster's state, Whole that it is all of it.
	Bytes int64
	Whole bool
}

// Loading tells how far Start is, which takes a while if the cluster is large.
func (l *Live) Loading() Loading {
	events := l.first.Load()
	if events == nil {
		return Loading{}
	}
	n, bytes := events.Received()
	return Loading{Master: l.client.Leader(), Bytes: bytes, Whole: n > 0}
}

// Start subscribes, and follows the cluster until ctx ends. An error means that
// there is no master that can be followed. Wait returns once all has ended.
func (l *Live) Start(ctx context.Context) (wait func(), err error) {
	events, err := l.client.Watch(ctx)
	if err != nil {
		return nil, err
	}
	l.first.Store(events)
	snapshot, err := begin(events)
	if err != nil {
		events.Close()
		return nil, err
	}
	l.push(ctx, Status{Leader: l.client.Leader()})
	l.push(ctx, snapshot)
	var all sync.WaitGroup
	all.Go(func() { l.follow(ctx, events) })
	all.Go(func() { l.poll(ctx) })
	return all.Wait, nil
}

// begin waits for the state that a subscription begins with.
func begin(events *client.Events) (Snapshot, error) {
	for {
		event, err := events.Next()
		if err != nil {
			return Snapshot{}, err
		}
		if event.GetType() == masterpb.Event_SUBSCRIBED {
			return Snapshot{cluster.Snapshot(event.GetSubscribed().GetGetState(), time.Now())}, nil
		}
	}
}

// follow reads events, and finds the leader again when they end.
func (l *Live) follow(ctx context.Context, events *client.Events) {
	for {
		err := l.read(ctx, events)
		events.Close()
		if ctx.Err() != nil {
			return
		}
		if events = l.again(ctx, err); events == nil {
			return
		}
	}
}

func (l *Live) read(ctx context.Context, events *client.Events) error {
	for {
		event, err := events.Next()
		if err != nil {
			return err
		}
		switch event.GetType() {
		case masterpb.Event_HEARTBEAT:
		case masterpb.Event_SUBSCRIBED:
			l.push(ctx, Snapshot{cluster.Snapshot(event.GetSubscribed().GetGetState(), time.Now())})
		default:
			l.push(ctx, event)
		}
	}
}

// again subscribes to whoever leads now, for as long as it takes. It is nil when ctx
// has ended.
func (l *Live) again(ctx context.Context, err error) *client.Events {
	l.polls.pause(true)
	defer l.polls.pause(false)
	lost, pause := time.Now(), firstPause
	for attempt := 0; ; attempt++ {
		l.push(ctx, Status{Leader: l.client.Leader(), Lost: lost, Err: err, Next: time.Now().Add(pause), Attempts: attempt})
		if !l.sleep(ctx, pause) {
			return nil
		}
		pause = min(2*pause, lastPause)
		var events *client.Events
		if events, err = l.client.Watch(ctx); err != nil {
			continue
		}
		var snapshot Snapshot
		if snapshot, err = begin(events); err != nil {
			events.Close()
			continue
		}
		l.push(ctx, Status{Leader: l.client.Leader()})
		l.push(ctx, snapshot)
		return events
	}
}

// sleep waits until it is time, or somebody can't. It is false when ctx has ended.
func (l *Live) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-l.retry:
	}
	return true
}

// Retry looks for a lost master now, and asks for what is wanted now.
func (l *Live) Retry() {
	notify(l.retry)
	l.polls.all()
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push adds to what waits, as soon as there is room.
func (l *Live) push(ctx context.Context, item any) {
	for {
		l.mu.Lock()
		if len(l.waiting) < maxWaiting {
			l.waiting = append(l.waiting, item)
			l.mu.Unlock()
			notify(l.more)
			return
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-l.room:
			notify(l.room) // another may wait for it too
		}
	}
}

// Next waits for the next batch. The error is that of ctx.
func (l *Live) Next(ctx context.Context) (Batch, error) {
	for {
		l.mu.Lock()
		early := frame - time.Since(l.handed)
		l.mu.Unlock()
		if early > 0 { // what comes now is drawn with the next frame
			if err := pause(ctx, early); err != nil {
				return Batch{}, err
			}
		}
		l.mu.Lock()
		n := min(len(l.waiting), maxBatch)
		if n > 0 {
			b := Batch{Items: l.waiting[:n:n], At: time.Now()}
			if l.waiting = l.waiting[n:]; len(l.waiting) == 0 {
				l.waiting = nil
			}
			l.handed = b.At
			l.mu.Unlock()
			notify(l.room)
			return b, nil
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-l.more:
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// gone reports whether an error of a call is one that comes again: an older master
// doesn't know it, or this one doesn't allow it.
func gone(err error) bool {
	switch mesos.KindOf(err) {
	case mesos.Unsupported, mesos.NotFound, mesos.Invalid, mesos.Forbidden, mesos.Unauthenticated:
		return true
	}
	return false
}

func redirected(err error) bool {
	var redirect *client.RedirectError
	return errors.As(err, &redirect)
}
