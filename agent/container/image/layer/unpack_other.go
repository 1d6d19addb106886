//go:build !linux

package layer

import (
	"context"
	"io"

	"github.com/mesosctl/mesosctl/mesos"
)

var errNotHere = mesos.Errorf(mesos.Unsupported, "container images need Linux")

// Unpack needs Linux.
func Unpack(context.Context, io.Reader, string, Form, Limits) (string, error) { return "", errNotHere }

// Copy needs Linux.
func Copy(context.Context, []string, string) error { return errNotHere }
