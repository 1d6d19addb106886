package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type posixFilesystem struct {
	container.Passive
	*Filesystems
}

// Posix is the isolator of containers on the host's file system. It shows
// persistent volumes, which are in an agent's work directory, in sandboxes, as
// symbolic links: without a file system of its own that is all a container can
// have of them, and "read-only" nothing that could be held. See
// https://mesos.apache.org/documentation/latest/persistent-volume/.
func (f *Filesystems) Posix() container.Isolator {
	return &posixFilesystem{Passive: container.Passive{Named: "filesystem/posix"}, Filesystems: f}
}

// Prepare implements Isolator. The sandbox is there.
func (f *posixFilesystem) Prepare(_ context.Context, plan *container.Plan) error {
	if plan.Image != nil {
		return mesos.Errorf(mesos.Unsupported, "container: an image needs --isolation=filesystem/linux")
	}
	t := f.admit(plan.Spec, plan.Process.User)
	groups, err := f.update(t, plan.Spec.Resources)
	if err != nil {
		return err
	}
	addGroups(&plan.Process, groups)
	plan.Volumes = f.filled(t)
	return nil
}

// Recover implements Isolator: links that are there stay.
func (f *posixFilesystem) Recover(spec *container.Spec, _ int) error {
	owner, err := container.LookupUser(spec.User)
	if err != nil {
		return err
	}
	_, err = f.update(f.admit(spec, owner), spec.Resources)
	return err
}

// Update implements Isolator: volumes of tasks that came appear, those of tasks
// that ended go.
func (f *posixFilesystem) Update(_ context.Context, id mesos.ContainerID, wire []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	t := f.tenant(id)
	if t == nil {
		return container.ErrNoContainer(id)
	}
	_, err := f.update(t, wire)
	return err
}

// Cleanup implements Isolator. The links go with the sandbox.
func (f *posixFilesystem) Cleanup(_ context.Context, id mesos.ContainerID) error {
	return f.leave(id)
}

// update links what is wanted into the sandbox and returns the groups that a user
// must be in to write to it.
func (f *posixFilesystem) update(t *tenant, wire []*mesospb.Resource) (groups []uint32, err error) {
	wanted, err := persistentVolumes(wire)
	if err != nil {
		return nil, err
	}
	gone, come := change(t.volumes, wanted)
	for _, v := range gone {
		link := filepath.Join(t.sandbox, v.Disk.Volume.ContainerPath)
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	_, kept := change(gone, t.volumes)
	f.has(t, kept)
	for _, v := range come {
		source, group, ok, err := f.settle(t, v)
		if err != nil {
			return nil, err
		}
		if ok {
			groups = append(groups, group)
		}
		if err := link(t.sandbox, source, v); err != nil {
			return nil, err
		}
		kept = append(kept, v)
		f.has(t, kept)
	}
	return groups, nil
}

// link shows a volume in a sandbox.
func link(sandbox, target string, v resources.Resource) error {
	link := filepath.Join(sandbox, v.Disk.Volume.ContainerPath)
	if is, err := os.Readlink(link); err == nil && is == target {
		return nil // an earlier agent made it
	}
	if err := os.Symlink(target, link); err != nil {
		return mesos.Errorf(mesos.Invalid, "volume %s: container_path %q: %w", v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath, err)
	}
	return nil
}

// addGroups puts a process into more groups. Who is the agent's own user has no
// need of them.
func addGroups(p *supervise.Process, groups []uint32) {
	if p.User == nil || len(groups) == 0 {
		return
	}
	user := *p.User
	user.Groups = append(append([]uint32(nil), user.Groups...), groups...)
	p.User = &user
}
