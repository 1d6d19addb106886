//go:build !linux

package network

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// Ports makes network/ports, which is not to be had here.
func Ports(PortsConfig) (container.Isolator, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "watching the ports of containers needs Linux")
}
