//go:build !linux

package store

import (
	"os"

	"github.com/mesosctl/mesosctl/mesos"
)

func lockDir(string) (*os.File, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "container images need Linux")
}

func syncDir(string) error { return nil }
