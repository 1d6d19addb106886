package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/mounts"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type hostPaths struct {
	container.Passive
	*Filesystems
}

// HostPath is the isolator of volumes that are directories and files of the host.
// See https://mesos.apache.org/documentation/latest/container-volume/.
func (f *Filesystems) HostPath() (container.Isolator, error) {
	if err := f.Mounting(); err != nil {
		return nil, err
	}
	return hostPaths{container.Passive{Named: "volume/host_path"}, f}, nil
}

// Nests implements Nester.
func (hostPaths) Nests() bool { return true }

// Provides implements Provider.
func (hostPaths) Provides() []container.Feature {
	return []container.Feature{container.HostPathVolumes}
}

// Prepare implements Isolator.
func (h hostPaths) Prepare(_ context.Context, plan *container.Plan) error {
	for _, v := range plan.Spec.Container.GetVolumes() {
		asks, ok, err := hostPath(v)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := h.add(plan, v, asks); err != nil {
			return err
		}
	}
	return nil
}

func (h hostPaths) add(plan *container.Plan, v *mesospb.Volume, asks wants) error {
	source, err := h.source(asks.path)
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "volume: host_path %q: %w", asks.path, err)
	}
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	mount, err := h.Place(plan, v.GetContainerPath(), info.IsDir())
	if err != nil {
		return err
	}
	mount.Source, mount.Flags = source, bindFlags(v.GetMode() == mesospb.Volume_RO)
	if asks.bidirectional {
		on, err := mounts.Of(source)
		if err != nil {
			return err
		}
		if !mounts.Shared(on) {
			return mesos.Errorf(mesos.Invalid, "volume: host_path %q: nothing propagates to %s, which is not a shared mount", asks.path, on.Mountpoint)
		}
		mount.Flags |= unix.MS_SHARED
	}
	plan.Process.Mounts = append(plan.Process.Mounts, mount)
	if name, ok := h.inSandbox(plan, v.GetContainerPath()); ok {
		h.show(plan.Spec.ID, shown{name: name, source: source, readOnly: v.GetMode() == mesospb.Volume_RO})
	}
	return nil
}

// source finds a path of the host, or makes a directory there if it may.
func (h hostPaths) source(name string) (string, error) {
	source, err := filepath.EvalSymlinks(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return source, err
	}
	clean := filepath.Clean(name)
	for _, allowed := range h.config.HostPathCreation {
		below, ok := cutDir(clean, filepath.Clean(allowed))
		if !ok {
			continue
		}
		if err := os.MkdirAll(allowed, 0o755); err != nil {
			return "", err
		}
		return makePoint(rooted.OpenBeneath, allowed, below, true)
	}
	return "", mesos.Errorf(mesos.Invalid, "it is not on the host, and not where --host_path_volume_force_creation makes it")
}
