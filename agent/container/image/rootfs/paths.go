// Package rootfs stacks the layers of images into the root file systems of
// containers.
package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/mesos"
)

// Paths are where root file systems are, as Mesos lays them out:
//
//	<work_dir>/provisioner/containers/<container>/layers
//	<work_dir>/provisioner/containers/<container>/backends/<backend>/rootfses/<root>
//	<work_dir>/provisioner/containers/<container>/backends/<backend>/scratch/<root>
//	<work_dir>/provisioner/containers/<container>/containers/<nested container>/...
type Paths struct{ root string }

// PathsOf are those of an agent.
func PathsOf(workDir string) Paths { return Paths{filepath.Join(workDir, "provisioner")} }

// Container is the directory of a container.
func (p Paths) Container(id mesos.ContainerID) string {
	path := p.root
	for _, part := range id.Names() {
		path = filepath.Join(path, "containers", part)
	}
	return path
}

// Layers is the file that has which layers a container uses.
func (p Paths) Layers(id mesos.ContainerID) string { return filepath.Join(p.Container(id), "layers") }

// Backend is the directory of what a backend made for a container.
func (p Paths) Backend(id mesos.ContainerID, backend string) string {
	return filepath.Join(p.Container(id), "backends", backend)
}

// Root is a root file system of a container.
func (p Paths) Root(id mesos.ContainerID, backend, root string) string {
	return filepath.Join(p.Backend(id, backend), "rootfses", root)
}

// Containers lists the containers that something was made for, each one before
// those nested in it.
func (p Paths) Containers() ([]mesos.ContainerID, error) { return containersIn(p.root, "") }

func containersIn(dir string, prefix string) ([]mesos.ContainerID, error) {
	names, err := directories(filepath.Join(dir, "containers"))
	if err != nil {
		return nil, err
	}
	var all []mesos.ContainerID
	for _, name := range names {
		all = append(all, mesos.ContainerID(prefix+name))
		nested, err := containersIn(filepath.Join(dir, "containers", name), prefix+name+".")
		if err != nil {
			return nil, err
		}
		all = append(all, nested...)
	}
	return all, nil
}

// Made is a root file system that is there.
type Made struct{ Backend, Root string }

// Roots lists what was made for a container.
func (p Paths) Roots(id mesos.ContainerID) ([]Made, error) {
	backends, err := directories(filepath.Join(p.Container(id), "backends"))
	if err != nil {
		return nil, err
	}
	var made []Made
	for _, backend := range backends {
		roots, err := directories(filepath.Join(p.Backend(id, backend), "rootfses"))
		if err != nil {
			return nil, err
		}
		for _, root := range roots {
			made = append(made, Made{backend, root})
		}
	}
	return made, nil
}

// directories lists the directories in another one, none if it isn't there.
func directories(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
