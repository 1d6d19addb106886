package exec

import (
	"context"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// callTimeout bounds one call to the master.
const callTimeout = 10 * time.Second

// outbox sends calls one after the other, so that they arrive in order, without
// holding up whoever puts them there.
type outbox struct {
	sent   func(*schedulerpb.Call, error) // is told of every call
	done   chan struct{}                  // closed when all was sent after close
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	queue  []sending
	closed bool
	wake   chan struct{} // holds one token while there may be work
}

// sending is a call and the subscription that it goes over.
type sending struct {
	call      *schedulerpb.Call
	scheduler *client.Scheduler
}

func newOutbox(sent func(*schedulerpb.Call, error)) *outbox {
	o := &outbox{sent: sent, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	// Not the run's context: what was decided before its end is still said.
	o.ctx, o.cancel = context.WithCancel(context.Background())
	go o.run()
	return o
}

func (o *outbox) put(s sending) {
	o.mu.Lock()
	o.queue = append(o.queue, s)
	o.mu.Unlock()
	o.signal()
}

// close ends the outbox once its queue is empty.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (s sending, ok, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return s, false, o.closed
	}
	s = o.queue[0]
	o.queue = o.queue[1:]
	return s, true, false
}

func (o *outbox) run() {
	defer close(o.done)
	for {
		s, ok, closed := o.take()
		switch {
		case ok:
			ctx, cancel := context.WithTimeout(o.ctx, callTimeout)
			err := s.scheduler.Call(ctx, s.call)
			cancel()
			o.sent(s.call, err)
		case closed:
			return
		default:
			<-o.wake
		}
	}
}
