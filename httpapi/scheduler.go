package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// streamIDHeader tells a scheduler's calls from those of one that was replaced.
const streamIDHeader = "Mesos-Stream-Id"

// SchedulerBackend decides about schedulers' calls. Errors are answered with the
// status of their kind and their text.
type SchedulerBackend interface {
	// Subscribe decides about a SUBSCRIBE. If it returns nil the stream is
	// opened, and events may be sent on it from before that on. If it returns
	// because ctx ended, StreamClosed follows.
	Subscribe(ctx context.Context, principal string, call *schedulerpb.Call, stream *Stream) error
	// Call decides about any other call; stream is its Mesos-Stream-Id, empty
	// if it has none.
	Call(ctx context.Context, principal, stream string, call *schedulerpb.Call) error
	// StreamClosed tells that a stream broke. It is not told of streams that
	// the backend closed.
	StreamClosed(stream string, cause error)
}

// schedulerAPI serves /api/v1/scheduler.
func schedulerAPI(backend SchedulerBackend) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := new(schedulerpb.Call)
		if _, ok := decode(w, r, call); !ok {
			return
		}
		if call.GetType() != schedulerpb.Call_SUBSCRIBE {
			if err := backend.Call(r.Context(), principalOf(r.Context()), r.Header.Get(streamIDHeader), call); err != nil {
				refuse(w, err)
				return
			}
			status := http.StatusAccepted
			if call.GetType() == schedulerpb.Call_UPDATE_FRAMEWORK {
				status = http.StatusOK // it is done when it is answered
			}
			w.WriteHeader(status)
			return
		}
		media, ok := negotiate(w, r)
		if !ok {
			return
		}
		if r.Header.Get(streamIDHeader) != "" {
			answer(w, http.StatusBadRequest, "a SUBSCRIBE call must not have a %s header: the answer assigns it", streamIDHeader)
			return
		}
		stream := newStream(media, backend.StreamClosed, schedulerError)
		header := http.Header{streamIDHeader: {stream.ID()}}
		subscribe(w, r, stream, header, func() error {
			return backend.Subscribe(r.Context(), principalOf(r.Context()), call, stream)
		})
	})
}

// schedulerError tells a scheduler why its stream ends.
func schedulerError(cause error) wire.Message {
	text := cause.Error()
	return &schedulerpb.Event{
		Type: schedulerpb.Event_ERROR.Enum(), Error: &schedulerpb.Event_Error{Message: &text},
	}
}

// subscribe opens a stream if the backend agrees.
func subscribe(w http.ResponseWriter, r *http.Request, stream *Stream, header http.Header, agree func() error) {
	err := agree()
	switch {
	case err == nil:
		stream.serve(w, r, header)
	case r.Context().Err() != nil:
		stream.fail(ErrDisconnected)
	default:
		refuse(w, err)
	}
}
