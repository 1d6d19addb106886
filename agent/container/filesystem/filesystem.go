// Package filesystem has the isolators of file systems and volumes.
package filesystem

import (
	"path/filepath"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Config is what file systems are made with.
type Config struct {
	// WorkDir is the agent's, where volumes are; absolute.
	WorkDir string
	// SandboxDirectory is where a container with an image finds its sandbox.
	SandboxDirectory string
	// HostPathCreation are directories of the host in which volumes that are not
	// there are made.
	HostPathCreation []string
	// Images makes the images of volumes ready; nil: there are none.
	Images container.Images
	// Gids are groups for volumes of users that don't own them; nil: none are given.
	Gids *gids.Manager
}

// Filesystems is what the isolators of one agent's file systems share: the
// containers that there are, and what each is shown in its sandbox.
type Filesystems struct {
	config Config

	mu      sync.Mutex
	tenants map[mesos.ContainerID]*tenant
	// mounting tells that containers have mount namespaces of their own.
	mounting bool
}

// New makes what the isolators share.
func New(config Config) *Filesystems {
	return &Filesystems{config: config, tenants: map[mesos.ContainerID]*tenant{}}
}

// Metrics implements Meter.
func (f *Filesystems) Metrics() map[string]float64 {
	if f.config.Gids == nil {
		return nil
	}
	return map[string]float64{
		"volume_gid_manager/volume_gids_total": float64(f.config.Gids.Total()),
		"volume_gid_manager/volume_gids_free":  float64(f.config.Gids.Free()),
	}
}

// Mounting says why there are no mounts, if there are none.
func (f *Filesystems) Mounting() error {
	if !f.mounting {
		return errNotMounting
	}
	return nil
}

// tenant is a container.
type tenant struct {
	sandbox string
	owner   *supervise.User // nil: the agent's own
	// volumes are the persistent ones that it has.
	volumes []resources.Resource
	// shown is what is in its sandbox although it lies elsewhere.
	shown []shown
}

// shown is a directory or file that a container finds in its sandbox.
type shown struct {
	name     string // in the sandbox
	source   string // on the host
	readOnly bool
}

func (f *Filesystems) admit(spec *container.Spec, owner *supervise.User) *tenant {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tenants[spec.ID]
	if t == nil {
		t = &tenant{sandbox: spec.Sandbox, owner: owner}
		f.tenants[spec.ID] = t
	}
	return t
}

func (f *Filesystems) tenant(id mesos.ContainerID) *tenant {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tenants[id]
}

// leave forgets a container, and takes back the groups of what others could
// write in its sandbox.
func (f *Filesystems) leave(id mesos.ContainerID) error {
	f.mu.Lock()
	t := f.tenants[id]
	delete(f.tenants, id)
	f.mu.Unlock()
	if t == nil || f.config.Gids == nil {
		return nil
	}
	return f.config.Gids.Release(t.sandbox)
}

// show notes what a container finds in its sandbox.
func (f *Filesystems) show(id mesos.ContainerID, s shown) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.tenants[id]; t != nil {
		t.shown = append(t.shown, s)
	}
}

// find tells where the path of a sandbox lies on the host: rest in base, neither
// of which has been looked at.
func (f *Filesystems) find(id mesos.ContainerID, sandbox, path string) (base, rest string, readOnly bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	base, rest = sandbox, filepath.Clean(path)
	t := f.tenants[id]
	if t == nil {
		return base, rest, false
	}
	longest := -1
	for _, s := range t.shown {
		below, ok := cutDir(filepath.Clean(path), s.name)
		if ok && len(s.name) > longest {
			longest = len(s.name)
			base, rest, readOnly = s.source, below, s.readOnly
		}
	}
	return base, rest, readOnly
}

// cutDir tells what of a path is below a directory; both are clean.
func cutDir(path, dir string) (below string, ok bool) {
	if path == dir {
		return ".", true
	}
	return strings.CutPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
