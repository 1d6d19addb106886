//go:build !linux

package cgroups

import (
	"os"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// Isolator is there on Linux only.
type Isolator struct{ container.Passive }

// New says that there are no cgroups.
func New(Config) (*Isolator, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "cgroups: only Linux has them")
}

func deviceNumbers(os.FileInfo) (major, minor int64) { return 0, 0 }

// Enter says that there are no cgroups to enter.
func Enter(_ Config, subsystems []string) error {
	if len(subsystems) == 0 {
		return nil
	}
	return mesos.Errorf(mesos.Unsupported, "agent_subsystems: only Linux has them")
}

// Devices says that it takes Linux.
func Devices(Config) (container.Isolator, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "devices: containers get them on Linux only")
}
