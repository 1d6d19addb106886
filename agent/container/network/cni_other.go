//go:build !linux

package network

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// CNI makes network/cni, which knows no network but the host's here.
func CNI(config CNIConfig) (container.Isolator, error) {
	if config.PluginsDir != "" || config.ConfigDir != "" {
		return nil, mesos.Errorf(mesos.Unsupported, "CNI networks need Linux")
	}
	return container.Passive{Named: "network/cni"}, nil
}
