package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/executorpb"
)

// ExecutorBackend decides about executors' calls. Errors are answered with the
// status of their kind and their text.
type ExecutorBackend interface {
	// Subscribe decides about a SUBSCRIBE. If it returns nil the stream is
	// opened, and events may be sent on it from before that on. If it returns
	// because ctx ended, StreamClosed follows.
	// claims are what the executor has proved to be; nil if it was not asked.
	Subscribe(ctx context.Context, claims map[string]string, call *executorpb.Call, stream *Stream) error
	// Call decides about any other call.
	Call(ctx context.Context, claims map[string]string, call *executorpb.Call) error
	// StreamClosed tells that a stream broke. It is not told of streams that
	// the backend closed.
	StreamClosed(stream string, cause error)
}

// executorAPI serves /api/v1/executor.
func executorAPI(backend ExecutorBackend) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := new(executorpb.Call)
		if _, ok := decode(w, r, call); !ok {
			return
		}
		if call.GetType() != executorpb.Call_SUBSCRIBE {
			if err := backend.Call(r.Context(), claimsOf(r.Context()), call); err != nil {
				refuse(w, err)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			return
		}
		media, ok := negotiate(w, r)
		if !ok {
			return
		}
		stream := newStream(media, backend.StreamClosed, executorError)
		subscribe(w, r, stream, http.Header{}, func() error {
			return backend.Subscribe(r.Context(), claimsOf(r.Context()), call, stream)
		})
	})
}

// executorError tells an executor why its stream ends.
func executorError(cause error) wire.Message {
	text := cause.Error()
	return &executorpb.Event{
		Type: executorpb.Event_ERROR.Enum(), Error: &executorpb.Event_Error{Message: &text},
	}
}
