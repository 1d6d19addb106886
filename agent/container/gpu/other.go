//go:build !linux

package gpu

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// Make says that it takes Linux.
func Make(Config, any) (container.Isolator, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "gpu: containers get them on Linux only")
}
