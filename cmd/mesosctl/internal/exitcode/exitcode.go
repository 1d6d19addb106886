// Package exitcode decides with which code the program exits.
package exitcode

import (
	"errors"
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
)

// The codes. Commands that run another command pass that command's code on
// instead; see Status.
const (
	Done          = 0
	Failed        = 1
	Usage         = 2
	Unreachable   = 3
	NotAuthorized = 4
	TimedOut      = 5
)

// Status is an error that says nothing and exits with its code: that of a
// command that was run.
type Status int

func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Of is the exit code for an error; nil is Done.
func Of(err error) int {
	var status Status
	switch {
	case err == nil:
		return Done
	case errors.As(err, &status):
		return int(status)
	}
	switch mesos.KindOf(err) {
	case mesos.Invalid, mesos.Unsupported:
		return Usage
	case mesos.Unavailable:
		return Unreachable
	case mesos.Unauthenticated, mesos.Forbidden:
		return NotAuthorized
	case mesos.TimedOut:
		return TimedOut
	default:
		return Failed
	}
}

// Silent reports whether err needs no words: what it says was said already.
func Silent(err error) bool {
	var status Status
	return errors.As(err, &status)
}

// UsageError makes err one of wrong usage, unless it knows better.
func UsageError(err error) error {
	if err == nil || mesos.KindOf(err) != mesos.Internal {
		return err
	}
	return mesos.Errorf(mesos.Invalid, "%w", err)
}
