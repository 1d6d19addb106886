package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
)

// kindOf maps an HTTP status to a kind. It is the only place that does.
func kindOf(status int) mesos.Kind {
	switch status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed:
		return mesos.Invalid
	case http.StatusUnauthorized:
		return mesos.Unauthenticated
	case http.StatusForbidden:
		return mesos.Forbidden
	case http.StatusNotFound:
		return mesos.NotFound
	case http.StatusConflict:
		return mesos.Conflict
	case http.StatusGone:
		return mesos.Gone
	case http.StatusRequestEntityTooLarge:
		return mesos.TooLarge
	case http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return mesos.Unsupported
	case http.StatusServiceUnavailable, http.StatusBadGateway:
		return mesos.Unavailable
	case http.StatusTooManyRequests:
		return mesos.Throttled
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return mesos.TimedOut
	default:
		return mesos.Internal
	}
}

// RedirectError tells that a master does not lead, and which one does.
type RedirectError struct{ Host string }

func (e *RedirectError) Error() string { return "the leading master is " + e.Host }

// notSentError marks a request that no server can have acted on.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

// retryable reports whether the request of err can be sent again, here or to
// another master, without the risk of doing it twice.
func retryable(err error) bool {
	var notSent notSentError
	return errors.As(err, &notSent)
}

// statusError is the error of an answer that isn't a success: its body is the
// sentence, if it has one.
func statusError(path, host string, response *http.Response) error {
	path, _, _ = strings.Cut(path, "?")
	status := response.StatusCode
	if status >= 300 && status < 400 {
		location, err := url.Parse(response.Header.Get("Location"))
		if err != nil || location.Host == "" {
			return mesos.Errorf(mesos.Internal, "%s on %s: redirected to %q, which names no host",
				path, host, response.Header.Get("Location"))
		}
		discard(response)
		return mesos.Errorf(mesos.Unavailable, "%s on %s: %w", path, host, &RedirectError{withPort(location.Host)})
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
	sentence := strings.TrimSpace(string(body))
	if sentence == "" || strings.HasPrefix(sentence, "<") {
		sentence = http.StatusText(status)
	}
	if status == http.StatusBadRequest && strings.Contains(sentence, "HTTP request to an HTTPS server") {
		return speaksTLS(host)
	}
	if status == http.StatusServiceUnavailable {
		return mesos.Errorf(mesos.Unavailable, "%s on %s: %w", path, host, notSentError{errors.New(sentence)})
	}
	return mesos.Errorf(kindOf(status), "%s on %s: %s", path, host, sentence)
}

// transportError is the error of a request that got no answer.
func transportError(path, host string, err error) error {
	path, _, _ = strings.Cut(path, "?")
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // without the method and URL, which are said already
	}
	if insecure := tlsError(host, err); insecure != nil {
		return insecure
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return mesos.Errorf(mesos.Unavailable, "connect to %s: connection refused, nothing listens there%w", host, notSentError{silent{op.Err}})
		}
		return mesos.Errorf(mesos.Unavailable, "connect to %s: %w", host, notSentError{op.Err})
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return mesos.Errorf(mesos.Unavailable, "%s on %s: it closed the connection without an answer; if it speaks TLS, write https:// before the masters%w",
			path, host, silent{err})
	}
	return mesos.Errorf(mesos.Unavailable, "%s on %s: %w", path, host, err)
}

// contextError is the error of a request that its caller ended.
func contextError(path, host string, cause error) error {
	path, _, _ = strings.Cut(path, "?")
	if errors.Is(cause, context.DeadlineExceeded) {
		return mesos.Errorf(mesos.TimedOut, "%s on %s: no answer in time%w", path, host, silent{cause})
	}
	if errors.Is(cause, context.Canceled) {
		return mesos.Errorf(mesos.Internal, "%s on %s: interrupted%w", path, host, silent{cause})
	}
	return mesos.Errorf(mesos.Internal, "%s on %s: %w", path, host, cause)
}

// silent is a cause of which everything is said already.
type silent struct{ error }

func (silent) Error() string { return "" }

func (s silent) Unwrap() error { return s.error }

// UnreachedError is the error of a call for which no leading master was found.
type UnreachedError struct{ error }

func (e *UnreachedError) Unwrap() error { return e.error }
