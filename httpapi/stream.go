package httpapi

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/mesosctl/mesosctl/wire"
)

const (
	// maxQueuedEvents is how many events may wait for a subscriber that does not read.
	maxQueuedEvents = 1 << 16
	// maxQueuedBytes is how large they may be together, as protobuf. What a
	// subscription begins with, which may be a whole cluster, does not count.
	maxQueuedBytes = 64 << 20
	// farewell is for how long one that was too slow may take to read why.
	farewell = 5 * time.Second
	// batchBytes is about how much of a stream is written at once.
	batchBytes = 32 << 10
)

// The causes with which a stream breaks, beside errors of the connection.
var (
	// ErrSlow: the subscriber reads too slowly.
	ErrSlow = errors.New("the subscriber reads too slowly")
	// ErrDisconnected: the subscriber closed its connection.
	ErrDisconnected = errors.New("the subscriber disconnected")
)

// Stream is the event stream of one subscriber: the answer to its SUBSCRIBE,
// which never ends by itself. In rest it holds neither buffers nor a writer.
type Stream struct {
	id     string
	media  wire.MediaType
	broken func(cause error) // told once, unless Close was called first
	// last makes an event that says why the stream ends; nil if there is none for that.
	last func(cause error) wire.Message
	slow atomic.Bool // what waits is not to be written any more

	mu      sync.Mutex
	queue   []wire.Message
	queued  int  // bytes in the queue
	begun   bool // an event was sent
	unsent  int  // events in the queue and in the batch being written
	sink    sink // nil until the answer's header is written
	writing bool // a goroutine is emptying the queue
	closing bool // no more events; finish once the queue is empty
	ended   bool
}

// sink is the connection to a subscriber.
type sink interface {
	// append appends an event as it is to be written.
	append(dst []byte, media wire.MediaType, event wire.Message) ([]byte, error)
	// write writes what append has made of some events.
	write(events []byte) error
	// finish ends the answer properly.
	finish()
	// abort closes the connection.
	abort()
}

func newStream(media wire.MediaType, broken func(id string, cause error), last func(cause error) wire.Message) *Stream {
	s := &Stream{id: uuid.NewString(), media: media, last: last}
	s.broken = func(cause error) { broken(s.id, cause) }
	return s
}

// ID is the value of Mesos-Stream-Id.
func (s *Stream) ID() string { return s.id }

// Send queues an event and never blocks. Events arrive in order; those sent
// before the subscriber has its answer wait for it. The event must not be
// changed afterwards.
func (s *Stream) Send(event wire.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.ended {
		return
	}
	size := 0
	if s.begun {
		size = event.SizeVT()
	}
	s.begun = true
	if s.unsent >= maxQueuedEvents || s.queued+size > maxQueuedBytes {
		s.dismissLocked()
		return
	}
	s.unsent++
	s.queued += size
	s.queue = append(s.queue, event)
	s.wakeLocked()
}

// Close ends the stream after the events sent before. It does not wait for
// that, and nobody is told.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	s.wakeLocked()
}

// open lets the events flow.
func (s *Stream) open(to sink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink = to
	if s.ended {
		to.abort()
		return
	}
	s.wakeLocked()
}

// fail ends the stream because of what happened to the connection.
func (s *Stream) fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakLocked(cause)
}

// wakeLocked sees to it that the queue is emptied; mu is held.
func (s *Stream) wakeLocked() {
	if s.sink != nil && !s.writing && !s.ended {
		s.writing = true
		go (*writer)(s).Run()
	}
}

// breakLocked ends the stream at once; mu is held.
func (s *Stream) breakLocked(cause error) {
	if s.ended {
		return
	}
	s.ended = true
	s.queue = nil
	if s.sink != nil {
		s.sink.abort()
	}
	if !s.closing {
		go s.broken(cause) // it may call the stream
	}
}

// dismissLocked ends the stream of a subscriber that is too slow; mu is held.
// What waits for it is dropped. It is told why, if it still reads.
func (s *Stream) dismissLocked() {
	s.slow.Store(true)
	s.closing = true
	s.queue = nil
	if s.last != nil {
		s.queue = []wire.Message{s.last(ErrSlow)}
	}
	go s.broken(ErrSlow) // it may call the stream
	time.AfterFunc(farewell, func() { s.fail(ErrSlow) })
	s.wakeLocked()
}

// buffers are what events are encoded into.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// writer is a stream that has something to write.
type writer Stream

// Run writes what is queued until nothing is.
func (w *writer) Run() {
	s := (*Stream)(w)
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended && len(s.queue) > 0 {
		batch := s.queue
		s.queue, s.queued = nil, 0
		s.mu.Unlock()
		err := s.write(batch, buffer)
		s.mu.Lock()
		s.unsent -= len(batch)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = ErrSlow
		}
		if err != nil {
			s.breakLocked(err)
		}
	}
	s.writing = false
	if s.closing && !s.ended {
		s.ended = true
		s.mu.Unlock() // it may write
		s.sink.finish()
		s.mu.Lock()
	}
}

// write encodes and writes events, many at once.
func (s *Stream) write(batch []wire.Message, buffer *[]byte) error {
	out := (*buffer)[:0]
	for i, event := range batch {
		var err error
		if out, err = s.sink.append(out, s.media, event); err != nil {
			return err
		}
		if len(out) < batchBytes && i < len(batch)-1 {
			continue
		}
		if err := s.sink.write(out); err != nil {
			return err
		}
		out = out[:0]
		if s.slow.Load() && len(batch) > 1 {
			break
		}
	}
	if cap(out) <= 8*batchBytes { // a rare large event's buffer is not kept
		*buffer = out
	}
	return nil
}

// writeTimeout is for how long a subscriber may take nothing before it is given up.
const writeTimeout = time.Minute
