package wire

import (
	"errors"

	"github.com/mesosctl/mesosctl/mesos"
)

// A pathError says at which field of a message something is wrong. The path
// grows at its front while the error passes up through the messages.
type pathError struct {
	path   string
	cause  string
	offset int // in the input, in bytes; -1 if it has no meaning
}

func (e *pathError) Error() string { return e.path + ": " + e.cause }

// under puts a step in front of the path of an error. It is for errors only: the
// step costs more than the rest of a message.
func under(err error, step string) error {
	var e *pathError
	if errors.As(err, &e) {
		e.path = step + e.path
	}
	return err
}

// failed makes the error that callers see of one met in a message of plan p.
func failed(op string, p *plan, err error) error {
	var e *pathError
	if !errors.As(err, &e) {
		return mesos.Errorf(mesos.Invalid, "%s: %s: %w", op, p.name, err)
	}
	if e.offset < 0 {
		return mesos.Errorf(mesos.Invalid, "%s: %s%s: %s", op, p.name, e.path, e.cause)
	}
	return mesos.Errorf(mesos.Invalid, "%s: %s%s: %s (at byte %d)", op, p.name, e.path, e.cause, e.offset)
}
