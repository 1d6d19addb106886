package mesos

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is. It maps to an HTTP status and to
// an exit code in one place each (package httpapi and package command).
type Kind int

const (
	// Internal is the kind of every error that names no other.
	Internal Kind = iota
	// Invalid: the request or the value is wrong and will stay wrong.
	Invalid
	// Unauthenticated: nobody, or nobody known, is asking.
	Unauthenticated
	// Forbidden: whoever asks may not, or is not subscribed.
	Forbidden
	// NotFound: the thing named does not exist.
	NotFound
	// Conflict: the request does not fit the current state.
	Conflict
	// Gone: the thing named was removed for good.
	Gone
	// TooLarge: the request is over a limit.
	TooLarge
	// Unsupported: a media type, or something this build or machine can't do.
	Unsupported
	// Unavailable: not now; the same request may succeed later.
	Unavailable
	// TimedOut: a deadline passed first.
	TimedOut
	// Throttled: whoever asks has asked too much already.
	Throttled
)

// Error is an error with a kind. Its text is a sentence fragment in lower case:
// "op: what: cause".
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf formats an error of a kind; %w wraps as in fmt.Errorf.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf is the kind of the outermost *Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
