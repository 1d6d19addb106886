package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// statuses is the one place where a kind of error becomes an HTTP status.
var statuses = map[mesos.Kind]int{
	mesos.Internal:        http.StatusInternalServerError,
	mesos.Invalid:         http.StatusBadRequest,
	mesos.Unauthenticated: http.StatusUnauthorized,
	mesos.Forbidden:       http.StatusForbidden,
	mesos.NotFound:        http.StatusNotFound,
	mesos.Conflict:        http.StatusConflict,
	mesos.Gone:            http.StatusGone,
	mesos.TooLarge:        http.StatusRequestEntityTooLarge,
	mesos.Unsupported:     http.StatusNotImplemented,
	mesos.Unavailable:     http.StatusServiceUnavailable,
	mesos.TimedOut:        http.StatusGatewayTimeout,
	mesos.Throttled:       http.StatusTooManyRequests,
}

// refuse answers with the status of an error's kind and its text.
func refuse(w http.ResponseWriter, err error) {
	answer(w, statuses[mesos.KindOf(err)], "%s", err)
}

// answer sends a status and a sentence.
func answer(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...) // the client is gone
}

// allow answers requests of other methods with 405 and reports if it did not.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, method := range methods {
		if r.Method == method {
			return true
		}
	}
	list := strings.Join(methods, ", ")
	w.Header().Set("Allow", list)
	answer(w, http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, list, r.Method)
	return false
}
