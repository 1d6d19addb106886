package filesystem

import (
	"os"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/fetch"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// persistentVolumes are those among resources, each once, with paths that may be
// shown in a sandbox.
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
		if err := checkName(v.Disk.Volume.ContainerPath); err != nil {
			return nil, mesos.Errorf(mesos.KindOf(err), "volume %s: container_path %q: %w", v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath, err)
		}
		if containsVolume(list, v) {
			continue // shared by tasks of one executor
		}
		for _, other := range list {
			if other.Disk.Volume.ContainerPath == v.Disk.Volume.ContainerPath {
				return nil, mesos.Errorf(mesos.Invalid, "volumes %s and %s: both at container_path %q",
					other.Disk.Persistence.ID, v.Disk.Persistence.ID, v.Disk.Volume.ContainerPath)
			}
		}
		list = append(list, v)
	}
	return list, nil
}

// checkName wants the name of an entry of the sandbox.
func checkName(path string) error {
	switch {
	case path == "" || path == "." || path == ".." || strings.ContainsRune(path, 0):
		return mesos.Errorf(mesos.Invalid, "it is not a name in the sandbox")
	case strings.Contains(path, "/"):
		return mesos.Errorf(mesos.Unsupported, "a persistent volume is shown right in the sandbox, by a name without slashes")
	}
	return nil
}

func containsVolume(list []resources.Resource, v resources.Resource) bool {
	for _, have := range list {
		if have.VolumePath() == v.VolumePath() && have.Disk.Volume.ContainerPath == v.Disk.Volume.ContainerPath {
			return true
		}
	}
	return false
}

// change is what a container's new resources mean for the volumes that it has.
func change(had, wanted []resources.Resource) (gone, come []resources.Resource) {
	for _, v := range had {
		if !containsVolume(wanted, v) {
			gone = append(gone, v)
		}
	}
	for _, v := range wanted {
		if !containsVolume(had, v) {
			come = append(come, v)
		}
	}
	return gone, come
}

// settle makes a volume usable for a container's user and returns where it is. A
// group that the user must be in is ok. A volume that is shared with others
// stays whose it is.
func (f *Filesystems) settle(t *tenant, v resources.Resource) (source string, group uint32, ok bool, err error) {
	source = v.VolumePath().In(f.config.WorkDir)
	if info, err := os.Stat(source); err != nil || !info.IsDir() {
		return "", 0, false, mesos.Errorf(mesos.Invalid, "volume %s: %s is not there", v.Disk.Persistence.ID, source)
	}
	switch {
	case t.owner == nil:
		return source, 0, false, nil
	case f.config.Gids != nil:
		group, err = f.config.Gids.Allocate(source, gids.Persistent)
		ok = err == nil
	case !v.Shared || !f.inUse(t, v):
		err = os.Lchown(source, int(t.owner.UID), int(t.owner.GID))
	}
	if err != nil {
		return "", 0, false, mesos.Errorf(mesos.KindOf(err), "volume %s: %w", v.Disk.Persistence.ID, err)
	}
	return source, group, ok, nil
}

// inUse reports whether another container has a volume, too.
func (f *Filesystems) inUse(by *tenant, v resources.Resource) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tenants {
		if t == by {
			continue
		}
		for _, have := range t.volumes {
			if have.VolumePath() == v.VolumePath() {
				return true
			}
		}
	}
	return false
}

// has sets the volumes that a container has.
func (f *Filesystems) has(t *tenant, volumes []resources.Resource) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := t.shown[:0:0]
	for _, s := range t.shown {
		named := func(list []resources.Resource) bool {
			for _, v := range list {
				if v.Disk.Volume.ContainerPath == s.name {
					return true
				}
			}
			return false
		}
		if !named(t.volumes) {
			kept = append(kept, s)
		}
	}
	t.volumes, t.shown = volumes, kept
	for _, v := range volumes {
		t.shown = append(t.shown, shown{
			name: v.Disk.Volume.ContainerPath, source: v.VolumePath().In(f.config.WorkDir),
			readOnly: v.Disk.Volume.ReadOnly,
		})
	}
}

// filled are a container's volumes for who fills them before it runs.
func (f *Filesystems) filled(t *tenant) (list []fetch.Volume) {
	for _, v := range t.volumes {
		list = append(list, fetch.Volume{
			Name: v.Disk.Volume.ContainerPath, Source: v.VolumePath().In(f.config.WorkDir), ReadOnly: v.Disk.Volume.ReadOnly,
		})
	}
	return list
}
