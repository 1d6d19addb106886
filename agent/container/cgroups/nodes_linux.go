package cgroups

import (
	"context"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// nodes makes the devices of --allowed_devices in root file systems of images.
type nodes struct {
	container.Passive
	devices []AllowedDevice
}

// Devices makes the isolator linux/devices. Who may use a device is the affair of
// cgroups/devices; its node is for everyone in the container, to read, to write or
// both.
// See https://mesos.apache.org/documentation/latest/isolators/linux-devices/.
func Devices(config Config) (container.Isolator, error) {
	devices, err := AllowedDevices(config.AllowedDevices)
	return &nodes{container.Passive{Named: "linux/devices"}, devices}, err
}

// Nests implements container.Nester.
func (*nodes) Nests() bool { return true }

// Provides implements container.Provider.
func (*nodes) Provides() []container.Feature { return []container.Feature{container.Devices} }

// Prepare implements container.Isolator.
func (n *nodes) Prepare(_ context.Context, plan *container.Plan) error {
	if plan.Image == nil {
		return nil // it sees the machine's
	}
	for _, device := range n.devices {
		mode := uint64(unix.S_IFCHR)
		if device.Kind == 'b' {
			mode = unix.S_IFBLK
		}
		mode |= 0o600
		if strings.Contains(device.Access, "r") {
			mode |= 0o044
		}
		if strings.Contains(device.Access, "w") {
			mode |= 0o022
		}
		plan.Process.Mounts = append(plan.Process.Mounts, supervise.Mount{
			Target: filepath.Join(plan.Image.Root, "dev", strings.TrimPrefix(device.Path, "/dev/")), Make: true,
			Mode: mode, Device: unix.Mkdev(uint32(device.Major), uint32(device.Minor)),
		})
	}
	return nil
}
