package filesystem

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/mounts"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// linuxFilesystem gives every container a mount namespace. All mounts are made in
// there and nowhere else, so that they end with the container whatever happens to
// the agent, and no cleaning of a sandbox can reach into a volume.
type linuxFilesystem struct {
	container.Passive
	*Filesystems

	mu     sync.Mutex
	inside map[mesos.ContainerID]*inside
}

// inside is how to reach into a running container.
type inside struct {
	namespace *mounts.Namespace // nil once it has ended
	sandbox   string            // as the container sees it
	image     bool
}

// Linux is the isolator of containers with a mount namespace, and perhaps an
// image, of their own. See
// https://mesos.apache.org/documentation/latest/isolators/filesystem-linux/.
func (f *Filesystems) Linux() (container.Isolator, error) {
	if os.Geteuid() != 0 {
		return nil, mesos.Errorf(mesos.Unsupported, "only root can mount")
	}
	if err := mounts.Supported(); err != nil {
		return nil, err
	}
	f.mounting = true
	return &linuxFilesystem{
		Passive: container.Passive{Named: "filesystem/linux"}, Filesystems: f, inside: map[mesos.ContainerID]*inside{},
	}, nil
}

// Nests implements Nester.
func (f *linuxFilesystem) Nests() bool { return true }

// Prepare implements Isolator.
func (f *linuxFilesystem) Prepare(_ context.Context, plan *container.Plan) error {
	if plan.Spec.Debug {
		return refuseDebug(plan)
	}
	p := &plan.Process
	p.Namespaces |= unix.CLONE_NEWNS
	t := f.admit(plan.Spec, p.User)
	sandbox, err := filepath.EvalSymlinks(plan.Spec.Sandbox)
	if err != nil {
		return err
	}
	in := &inside{sandbox: sandbox}
	f.mu.Lock()
	f.inside[plan.Spec.ID] = in
	f.mu.Unlock()
	at := sandbox
	if plan.Image != nil {
		in.sandbox, in.image = f.config.SandboxDirectory, true
		if at, err = f.prepareRoot(plan, sandbox); err != nil {
			return fmt.Errorf("image: %w", err)
		}
	}
	if plan.Parent != nil {
		return nil
	}
	return f.prepareVolumes(plan, t, at)
}

// refuseDebug refuses what a container in the mounts of its parent can't have.
func refuseDebug(plan *container.Plan) error {
	switch c := plan.Spec.Container; {
	case plan.Image != nil:
		return mesos.Errorf(mesos.Invalid, "container: one of class DEBUG has its parent's file system, and no image")
	case len(c.GetVolumes()) > 0:
		return mesos.Errorf(mesos.Invalid, "container: one of class DEBUG has its parent's file system, and no volumes")
	}
	return nil
}

// prepareVolumes shows persistent volumes in the sandbox, which is mounted at a
// path, before other volumes, which may be parts of them.
func (f *linuxFilesystem) prepareVolumes(plan *container.Plan, t *tenant, at string) error {
	p := &plan.Process
	wanted, err := persistentVolumes(plan.Spec.Resources)
	if err != nil {
		return err
	}
	for _, v := range wanted {
		source, group, ok, err := f.settle(t, v)
		if err != nil {
			return err
		}
		if ok {
			addGroups(p, []uint32{group})
		}
		if source, err = filepath.EvalSymlinks(source); err != nil {
			return err
		}
		if _, err := mountPoint(t.sandbox, v); err != nil {
			return err
		}
		p.Mounts = append(p.Mounts, supervise.Mount{
			Source: source, Target: at + "/" + v.Disk.Volume.ContainerPath, Flags: bindFlags(v.Disk.Volume.ReadOnly), Fixed: true,
		})
	}
	f.has(t, wanted)
	plan.Volumes = f.filled(t)
	return nil
}

// bindFlags are those of a bind mount with all that is mounted below its source.
func bindFlags(readOnly bool) uint64 {
	if readOnly {
		return unix.MS_BIND | unix.MS_REC | unix.MS_RDONLY
	}
	return unix.MS_BIND | unix.MS_REC
}

// mountPoint makes the directory of a sandbox at which a volume is mounted.
func mountPoint(sandbox string, v resources.Resource) (string, error) {
	place, err := makePoint(rooted.OpenBeneath, sandbox, v.Disk.Volume.ContainerPath, true)
	if err != nil {
		return "", mesos.Errorf(mesos.KindOf(err), "volume %s: container_path %q: %w", v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath, err)
	}
	return place, nil
}

// Isolate implements Isolator.
func (f *linuxFilesystem) Isolate(_ context.Context, id mesos.ContainerID, pid int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := f.inside[id]
	if in == nil {
		return nil
	}
	var err error
	in.namespace, err = mounts.In(pid)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Recover implements Isolator. The container's mounts are where they were; only
// volumes that it was to be given when the agent ended may not be.
func (f *linuxFilesystem) Recover(spec *container.Spec, pid int) error {
	if spec.Debug {
		return nil
	}
	owner, err := container.LookupUser(spec.User)
	if err != nil {
		return err
	}
	t := f.admit(spec, owner)
	in := &inside{image: spec.Container.GetMesos().GetImage() != nil, sandbox: f.config.SandboxDirectory}
	if !in.image {
		if in.sandbox, err = filepath.EvalSymlinks(spec.Sandbox); err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.inside[spec.ID] = in
	f.mu.Unlock()
	if err := f.Isolate(context.Background(), spec.ID, pid); err != nil {
		return err
	}
	if spec.ID.Parent() != "" || in.namespace == nil {
		return nil
	}
	return f.update(t, in, spec.Resources)
}

// Update implements Isolator: volumes of tasks that came appear in the running
// container, those of tasks that ended go.
func (f *linuxFilesystem) Update(_ context.Context, id mesos.ContainerID, wire []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	if id.Parent() != "" {
		return nil
	}
	t := f.tenant(id)
	f.mu.Lock()
	in := f.inside[id]
	f.mu.Unlock()
	if t == nil || in == nil {
		return container.ErrNoContainer(id)
	}
	if in.namespace == nil {
		return nil // it has ended
	}
	return f.update(t, in, wire)
}

func (f *linuxFilesystem) update(t *tenant, in *inside, wire []*mesospb.Resource) error {
	wanted, err := persistentVolumes(wire)
	if err != nil {
		return err
	}
	gone, come := change(t.volumes, wanted)
	_, kept := change(gone, t.volumes)
	for _, v := range gone {
		if err := f.detach(t, in, v); err != nil {
			return err
		}
	}
	f.has(t, kept)
	for _, v := range come {
		if err := f.attach(t, in, v); err != nil {
			return err
		}
		kept = append(kept, v)
		f.has(t, kept)
	}
	return nil
}

// attach shows a volume in a running container.
func (f *linuxFilesystem) attach(t *tenant, in *inside, v resources.Resource) error {
	source, _, _, err := f.settle(t, v)
	if err != nil {
		return err
	}
	if _, err := mountPoint(t.sandbox, v); err != nil {
		return err
	}
	err = in.namespace.Attach(source, in.sandbox, v.Disk.Volume.ContainerPath, v.Disk.Volume.ReadOnly)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return mesos.Errorf(mesos.Internal, "volume %s: %w", v.Disk.Persistence.ID, err)
	}
	return nil
}

// detach takes a volume away from a running container.
func (f *linuxFilesystem) detach(t *tenant, in *inside, v resources.Resource) error {
	err := in.namespace.Detach(in.sandbox, v.Disk.Volume.ContainerPath)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return mesos.Errorf(mesos.Internal, "volume %s: %w", v.Disk.Persistence.ID, err)
	}
	_ = unix.Rmdir(filepath.Join(t.sandbox, v.Disk.Volume.ContainerPath)) // what the task put there before stays
	return nil
}

// Cleanup implements Isolator. The mounts have gone with the namespace.
func (f *linuxFilesystem) Cleanup(_ context.Context, id mesos.ContainerID) error {
	f.mu.Lock()
	in := f.inside[id]
	delete(f.inside, id)
	f.mu.Unlock()
	if in != nil && in.namespace != nil {
		in.namespace.Close()
	}
	f.removeMountPoints(id)
	return f.leave(id)
}

// removeMountPoints removes the empty directories that volumes were mounted on:
// a sandbox is looked at when its task is long over.
func (f *linuxFilesystem) removeMountPoints(id mesos.ContainerID) {
	t := f.tenant(id)
	if t == nil {
		return
	}
	for _, v := range t.volumes {
		_ = unix.Rmdir(filepath.Join(t.sandbox, v.Disk.Volume.ContainerPath))
	}
}

// Metrics implements Meter.
func (f *linuxFilesystem) Metrics() map[string]float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0.0
	for id, in := range f.inside {
		if in.image && id.Parent() == "" {
			n++
		}
	}
	meters := map[string]float64{"containerizer/mesos/filesystem/containers_new_rootfs": n}
	maps.Copy(meters, f.Filesystems.Metrics())
	return meters
}
