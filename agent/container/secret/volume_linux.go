package secret

import (
	"context"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type volumes struct {
	container.Passive
	resolver    Resolver
	filesystems *filesystem.Filesystems
}

// Volumes is the isolator of secrets that containers find in files. The files are
// in the container's memory: no disk has them at any time, and they are gone with
// the container. See https://mesos.apache.org/documentation/latest/secrets/.
func Volumes(resolver Resolver, filesystems *filesystem.Filesystems) (container.Isolator, error) {
	if err := filesystems.Mounting(); err != nil {
		return nil, err
	}
	return volumes{container.Passive{Named: "volume/secret"}, resolver, filesystems}, nil
}

// Nests implements Nester.
func (volumes) Nests() bool { return true }

// Provides implements Provider.
func (volumes) Provides() []container.Feature { return []container.Feature{container.SecretVolumes} }

// Prepare implements Isolator.
func (v volumes) Prepare(ctx context.Context, plan *container.Plan) error {
	var memory supervise.Mount // where the secrets are until they are shown
	for i, volume := range plan.Spec.Container.GetVolumes() {
		if volume.GetSource().GetType() != mesospb.Volume_Source_SECRET {
			continue
		}
		if plan.Spec.Debug {
			return mesos.Errorf(mesos.Invalid, "volume: container_path %q: a container of class DEBUG has no volumes", volume.GetContainerPath())
		}
		target, err := v.filesystems.Place(plan, volume.GetContainerPath(), false)
		if err != nil {
			return err
		}
		data, err := value(ctx, v.resolver, volume.GetSource().GetSecret())
		if err != nil {
			return mesos.Errorf(mesos.KindOf(err), "volume: container_path %q: %w", volume.GetContainerPath(), err)
		}
		p := &plan.Process
		if memory.Target == "" {
			if memory, err = v.filesystems.Memory(plan); err != nil {
				return err
			}
			p.Mounts = append(p.Mounts, memory)
		}
		file := filepath.Join(memory.Target, strconv.Itoa(i))
		mode := uint64(unix.S_IFREG | 0o600)
		if volume.GetMode() == mesospb.Volume_RO {
			mode = unix.S_IFREG | 0o400
			target.Flags |= unix.MS_RDONLY
		}
		target.Source, target.Flags = file, target.Flags|unix.MS_BIND
		p.Mounts = append(p.Mounts, supervise.Mount{Target: file, Mode: mode, Data: string(data)}, target)
	}
	return nil
}
