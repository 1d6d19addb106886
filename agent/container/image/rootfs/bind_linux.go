package rootfs

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/mesos"
)

// bind shows the only layer of an image as it is, read-only.
type bind struct{}

func (bind) Name() string     { return "bind" }
func (bind) Form() layer.Form { return layer.Plain }

// Provision implements Backend.
func (bind) Provision(_ context.Context, layers []string, root, _ string) ([]string, error) {
	if len(layers) != 1 {
		return nil, mesos.Errorf(mesos.Unsupported, "bind: %d layers, and it can show one only; use overlay", len(layers))
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Mount(layers[0], root, "", unix.MS_BIND, ""); err != nil {
		return nil, mountError("bind", root, err)
	}
	if err := unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return nil, mountError("bind", root, err)
	}
	return nil, private(root)
}

// Destroy implements Backend.
func (bind) Destroy(root, scratch string) error {
	return errors.Join(unmount(root), os.RemoveAll(scratch))
}

func (bind) try(string, string) error {
	if os.Geteuid() != 0 {
		return mesos.Errorf(mesos.Unsupported, "it takes root to mount")
	}
	return nil
}
