package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// heartbeatsMissed is how many intervals without an event mean that a stream is dead.
const heartbeatsMissed = 4

// message is a pointer to a wire message of struct type T.
type message[T any] interface {
	*T
	wire.Message
}

// stream reads the events of one subscription. One goroutine reads; Close may be
// called by any.
type stream[T any, M message[T]] struct {
	records *wire.RecordReader
	media   wire.MediaType
	body    io.ReadCloser
	host    string      // of the server that answered
	header  http.Header // of its answer
	place   string
	cancel  context.CancelCauseFunc
	ctx     context.Context

	// idle, once set, breaks the stream when no event comes in time.
	idle      *time.Timer
	idleAfter time.Duration
	closed    atomic.Bool

	whole, received atomic.Int64 // records, bytes
}

// counted counts what is read of a stream.
type counted struct {
	io.Reader
	received *atomic.Int64
}

// Read implements io.Reader.
func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.received.Add(int64(n))
	return n, err
}

// errIdle is the cause of a stream that was given up for its silence.
var errIdle = errors.New("no heartbeat came; the connection is dead")

// open starts a subscription whose context can outlive the caller's wait for its answer.
// No event is larger than limit bytes.
func open[T any, M message[T]](
	ctx context.Context, media wire.MediaType, limit int, send func(context.Context) (*http.Response, error),
) (*stream[T, M], error) {
	ctx, cancel := context.WithCancelCause(ctx)
	response, err := send(ctx) //nolint:bodyclose // the stream closes it
	if err != nil {
		cancel(err)
		return nil, err
	}
	if got, ok := wire.ParseMediaType(response.Header.Get("Content-Type")); ok {
		media = got
	}
	s := &stream[T, M]{
		media: media, body: response.Body, host: response.Request.URL.Host, header: response.Header,
		place: where(response), ctx: ctx, cancel: cancel,
	}
	s.records = wire.NewRecordReader(counted{response.Body, &s.received}, limit)
	return s, nil
}

// next waits for an event. A stream that the server ended is mesos.Unavailable.
func (s *stream[T, M]) next() (M, error) {
	record, err := s.records.Next()
	if err != nil {
		return nil, s.broken(err)
	}
	s.whole.Add(1)
	if s.idle != nil {
		s.idle.Reset(s.idleAfter)
	}
	event := M(new(T))
	if err := s.media.Unmarshal(record, event); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "%s: decode event: %w", s.place, err)
	}
	return event, nil
}

func (s *stream[T, M]) broken(err error) error {
	cause := context.Cause(s.ctx)
	switch {
	case s.closed.Load():
		return mesos.Errorf(mesos.Unavailable, "%s: event stream: %w", s.place, io.EOF)
	case errors.Is(cause, errIdle):
		return mesos.Errorf(mesos.Unavailable, "%s: event stream: %w", s.place, errIdle)
	case cause != nil:
		return contextError(s.place, "event stream", cause)
	case errors.Is(err, io.EOF):
		return mesos.Errorf(mesos.Unavailable, "%s: event stream: the server ended it", s.place)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return mesos.Errorf(mesos.Unavailable, "%s: event stream: the server is gone", s.place)
	default:
		return mesos.Errorf(mesos.Unavailable, "%s: event stream: %w", s.place, err)
	}
}

// watch gives the stream up when several of its server's heartbeats in a row fail to come.
func (s *stream[T, M]) watch(interval time.Duration) {
	if interval <= 0 || s.idle != nil {
		return
	}
	s.idleAfter = heartbeatsMissed * interval
	s.idle = time.AfterFunc(s.idleAfter, func() { s.cancel(errIdle) })
}

func (s *stream[T, M]) close() {
	s.closed.Store(true)
	if s.idle != nil {
		s.idle.Stop()
	}
	s.cancel(context.Canceled)
	_ = s.body.Close()
}
