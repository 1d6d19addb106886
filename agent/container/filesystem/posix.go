// Package filesystem has the isolators of file systems and volumes.
package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type posixFilesystem struct {
	container.Passive
	workDir string

	mu         sync.Mutex
	containers map[mesos.ContainerID]*linked
}

// linked is a container and the volumes it was given.
type linked struct {
	sandbox string
	owner   *supervise.User // nil: the agent's own
	volumes []resources.Resource
}

// Posix is the isolator of containers on the host's file system. It shows
// persistent volumes, which are in an agent's work directory, in sandboxes, as
// symbolic links: without a file system of its own that is all a container can
// have of them, and "read-only" nothing that could be held. See
// https://mesos.apache.org/documentation/latest/persistent-volume/.
func Posix(workDir string) container.Isolator {
	return &posixFilesystem{
		Passive: container.Passive{Named: "filesystem/posix"}, workDir: workDir, containers: map[mesos.ContainerID]*linked{},
	}
}

// Prepare implements Isolator. The sandbox is there.
func (f *posixFilesystem) Prepare(_ context.Context, plan *container.Plan) error {
	return f.add(plan.Spec, plan.Process.User)
}

// Recover implements Isolator: links that are there stay.
func (f *posixFilesystem) Recover(spec *container.Spec, _ int) error {
	owner, err := container.LookupUser(spec.User)
	if err != nil {
		return err
	}
	return f.add(spec, owner)
}

func (f *posixFilesystem) add(spec *container.Spec, owner *supervise.User) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &linked{sandbox: spec.Sandbox, owner: owner}
	f.containers[spec.ID] = c
	return f.update(c, spec.Resources)
}

// Update implements Isolator: volumes of tasks that came appear, those of tasks
// that ended go.
func (f *posixFilesystem) Update(_ context.Context, id mesos.ContainerID, wire []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.containers[id]
	if c == nil {
		return container.ErrNoContainer(id)
	}
	return f.update(c, wire)
}

// Cleanup implements Isolator. The links go with the sandbox.
func (f *posixFilesystem) Cleanup(_ context.Context, id mesos.ContainerID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.containers, id)
	return nil
}

func (f *posixFilesystem) update(c *linked, wire []*mesospb.Resource) error {
	wanted, err := persistentVolumes(wire)
	if err != nil {
		return err
	}
	for _, v := range c.volumes {
		if !containsVolume(wanted, v) {
			link := filepath.Join(c.sandbox, v.Disk.Volume.ContainerPath)
			if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	had := c.volumes
	c.volumes = nil // what could be linked is added below
	for _, v := range wanted {
		if !containsVolume(had, v) {
			if err := f.link(c, v); err != nil {
				return err
			}
		}
		c.volumes = append(c.volumes, v)
	}
	return nil
}

// link shows a volume in a sandbox, as its owner's.
func (f *posixFilesystem) link(c *linked, v resources.Resource) error {
	target := v.VolumePath().In(f.workDir)
	if info, err := os.Stat(target); err != nil || !info.IsDir() {
		return mesos.Errorf(mesos.Invalid, "volume %s: %s is not there", v.Disk.Persistence.ID, target)
	}
	if c.owner != nil && !(v.Shared && f.inUse(v)) {
		if err := os.Lchown(target, int(c.owner.UID), int(c.owner.GID)); err != nil {
			return mesos.Errorf(mesos.Internal, "volume %s: %w", v.Disk.Persistence.ID, err)
		}
	}
	link := filepath.Join(c.sandbox, v.Disk.Volume.ContainerPath)
	if is, err := os.Readlink(link); err == nil && is == target {
		return nil // an earlier agent made it
	}
	if err := os.Symlink(target, link); err != nil {
		return mesos.Errorf(mesos.Invalid, "volume %s: container_path %q: %w", v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath, err)
	}
	return nil
}

// inUse reports whether some container has a shared volume, whose owner must then stay.
func (f *posixFilesystem) inUse(v resources.Resource) bool {
	for _, c := range f.containers {
		if containsVolume(c.volumes, v) {
			return true
		}
	}
	return false
}

func containsVolume(list []resources.Resource, v resources.Resource) bool {
	for _, have := range list {
		if have.VolumePath() == v.VolumePath() && have.Disk.Volume.ContainerPath == v.Disk.Volume.ContainerPath {
			return true
		}
	}
	return false
}

// persistentVolumes are those among resources, with paths that may be linked.
func persistentVolumes(wire []*mesospb.Resource) ([]resources.Resource, error) {
	var list []resources.Resource
	for _, w := range wire {
		switch {
		case w.GetDisk().GetPersistence() == nil && w.GetDisk().GetVolume() == nil:
			continue
		case w.GetDisk().GetPersistence() == nil || w.GetDisk().GetVolume() == nil:
			return nil, mesos.Errorf(mesos.Invalid, "volume: a disk with only one of persistence and volume")
		}
		v, err := convert.Resource(w)
		if err != nil {
			return nil, err
		}
		if err := mesos.ValidateID(v.Disk.Persistence.ID); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "volume: id: %w", err)
		}
		if err := checkContainerPath(v.Disk.Volume.ContainerPath); err != nil {
			return nil, mesos.Errorf(mesos.KindOf(err), "volume %s: container_path %q: %w", v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath, err)
		}
		list = append(list, v)
	}
	return list, nil
}

// checkContainerPath wants the name of an entry of the sandbox.
func checkContainerPath(path string) error {
	switch {
	case path == "" || path == "." || path == ".." || strings.ContainsRune(path, 0):
		return mesos.Errorf(mesos.Invalid, "it is not a name in the sandbox")
	case strings.Contains(path, "/"):
		return mesos.Errorf(mesos.Unsupported, "a path that is not right in the sandbox needs an isolated file system, which this agent does not have")
	}
	return nil
}
