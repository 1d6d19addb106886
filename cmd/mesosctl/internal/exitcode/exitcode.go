// Package exitcode decides with which code the program exits.
package exitcode

import (
	"errors"
	"fmt"
	"strings"

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

// Meanings is what each code means, for the help, the manual and docs/cli.md.
var Meanings = []struct {
	Code int
	// Word says it in a word or two, Text whole.
	Word, Text string
}{
	{Done, "done", "It is done."},
	{Failed, "failed", "It was tried and failed: what was asked for is not there, has ended, or is in conflict with something."},
	{Usage, "wrong usage", "It was not tried: a flag, an argument, a context or a file is wrong, or a name may mean several things."},
	{Unreachable, "unreachable", "No master or agent answers, none leads, or what answers is none."},
	{NotAuthorized, "not authorized", "The cluster does not know or allow who asks, a certificate is not valid or not trusted, or the context is read-only."},
	{TimedOut, "timed out", "It was not done, or not so, within --timeout."},
}

// Passed says which commands exit with another one's code.
const Passed = "execute, exec and attach pass the command's own code on"

// Summary is the codes in a sentence.
func Summary() string {
	var parts []string
	for _, m := range Meanings {
		parts = append(parts, fmt.Sprintf("%d %s", m.Code, m.Word))
	}
	return strings.Join(parts, ", ")
}

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
