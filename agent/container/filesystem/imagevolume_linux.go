package filesystem

import (
	"context"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type imageVolumes struct {
	container.Passive
	*Filesystems
}

// ImageVolume is the isolator of volumes that hold an image's files. See
// https://mesos.apache.org/documentation/latest/container-volume/.
func (f *Filesystems) ImageVolume() (container.Isolator, error) {
	if err := f.Mounting(); err != nil {
		return nil, err
	}
	if f.config.Images == nil {
		return nil, mesos.Errorf(mesos.Invalid, "it needs --image_providers")
	}
	return imageVolumes{container.Passive{Named: "volume/image"}, f}, nil
}

// Nests implements Nester.
func (imageVolumes) Nests() bool { return true }

// Provides implements Provider.
func (imageVolumes) Provides() []container.Feature {
	return []container.Feature{container.ImageVolumes}
}

// Prepare implements Isolator. What it made ready goes with the container.
func (i imageVolumes) Prepare(ctx context.Context, plan *container.Plan) error {
	for _, v := range plan.Spec.Container.GetVolumes() {
		if v.GetImage() == nil {
			continue
		}
		mount, err := i.Place(plan, v.GetContainerPath(), true)
		if err != nil {
			return err
		}
		image, err := i.config.Images.Provision(ctx, plan.Spec.ID, v.GetImage())
		if err != nil {
			return mesos.Errorf(mesos.KindOf(err), "volume: container_path %q: %w", v.GetContainerPath(), err)
		}
		mount.Source, mount.Flags = image.Root, bindFlags(v.GetMode() == mesospb.Volume_RO)
		plan.Process.Mounts = append(plan.Process.Mounts, mount)
	}
	return nil
}
