//go:build !windows

package daemon

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// sandboxes makes executors' sandboxes and shows them under /files, for as long
// as readers see the executors.
// See https://mesos.apache.org/documentation/latest/sandbox/.
type sandboxes struct {
	files   *httpapi.Files
	acls    *acl.ACLs
	workDir string // absolute

	mu     sync.Mutex
	shown  map[mesos.ContainerID]sandbox
	owners map[string]mesos.ContainerID // of virtual paths: of runs/latest, the newest
}

type sandbox struct {
	framework mesos.FrameworkID
	names     []string // virtual paths
	may       func(principal string) bool
	pod       bool // its tasks have directories of their own in it
	// volumes has the names of persistent volumes in it, by the directory that they
	// are in: "" or one of a task's.
	volumes map[string][]string
}

func newSandboxes(files *httpapi.Files, acls *acl.ACLs, workDir string) *sandboxes {
	return &sandboxes{files: files, acls: acls, workDir: workDir, shown: map[mesos.ContainerID]sandbox{}, owners: map[string]mesos.ContainerID{}}
}

// add makes a sandbox, points runs/latest at it, and shows it under its own
// path, under that of runs/latest, and under the path that does not name the agent.
func (s *sandboxes) add(e agent.LaunchContainer) error {
	if err := os.MkdirAll(filepath.Dir(e.Sandbox), 0o755); err != nil { // its user walks there
		return err
	}
	if err := os.Mkdir(e.Sandbox, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	runs, run := filepath.Split(e.Sandbox)
	latest := filepath.Join(runs, "latest")
	if err := os.Remove(latest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(run, latest); err != nil {
		return err
	}
	framework := mesos.FrameworkID(e.Framework.GetId().GetValue())
	virtual := path.Join("/frameworks", string(framework), "executors", e.Executor.GetExecutorId().GetValue(), "runs/latest")
	user := convert.UserOfExecutor(e.Executor, e.Framework)
	box := sandbox{
		framework: framework, names: []string{e.Sandbox, latest, virtual},
		pod: e.Builtin == agent.BuiltinDefault, volumes: map[string][]string{},
		may: func(principal string) bool { return s.acls.Allows(principal, acl.AccessSandbox, user) },
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown[e.Container] = box
	for _, name := range box.names {
		if err := s.files.AttachFor(e.Sandbox, name, box.may); err != nil {
			return err
		}
		s.owners[name] = e.Container
	}
	s.showLocked(e.Container, "", slices.Concat(e.Executor.GetResources(), e.Task.GetResources()))
	return nil
}

// show shows the persistent volumes that a container has among its resources where
// it finds them itself, and hides those that it had. They are mounted in the
// container only, and elsewhere there is nothing to see of them.
func (s *sandboxes) show(id mesos.ContainerID, resources []*mesospb.Resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.showLocked(id, "", resources)
}

// showTask does the same for the directory of a task in the sandbox of a pod.
func (s *sandboxes) showTask(id mesos.ContainerID, task *mesospb.TaskID, resources []*mesospb.Resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown[id].pod {
		s.showLocked(id, path.Join("tasks", task.GetValue()), resources)
	}
}

// showLocked shows the volumes that there are in a directory of a sandbox.
func (s *sandboxes) showLocked(id mesos.ContainerID, dir string, resources []*mesospb.Resource) {
	box, ok := s.shown[id]
	if !ok {
		return
	}
	s.hideLocked(id, box, dir)
	for _, r := range resources {
		name := r.GetDisk().GetVolume().GetContainerPath()
		if r.GetDisk().GetPersistence() == nil || name == "" || name == "." || name == ".." || strings.Contains(name, "/") {
			continue // the container is refused for it
		}
		v, err := convert.Resource(r)
		if err != nil {
			continue
		}
		for _, at := range box.names {
			if s.owners[at] == id {
				_ = s.files.AttachFor(v.VolumePath().In(s.workDir), path.Join(at, dir, name), box.may) // it may be gone
			}
		}
		box.volumes[dir] = append(box.volumes[dir], name)
	}
}

// hideLocked hides the volumes that there are in a directory of a sandbox.
func (s *sandboxes) hideLocked(id mesos.ContainerID, box sandbox, dir string) {
	for _, name := range box.volumes[dir] {
		for _, at := range box.names {
			if s.owners[at] == id {
				s.files.Detach(path.Join(at, dir, name))
			}
		}
	}
	delete(box.volumes, dir)
}

// drop hides the sandbox of a container.
func (s *sandboxes) drop(id mesos.ContainerID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(id)
}

// dropFramework hides the sandboxes of a framework.
func (s *sandboxes) dropFramework(framework mesos.FrameworkID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, box := range s.shown {
		if box.framework == framework {
			s.dropLocked(id)
		}
	}
}

func (s *sandboxes) dropLocked(id mesos.ContainerID) {
	box := s.shown[id]
	for dir := range box.volumes {
		s.hideLocked(id, box, dir)
	}
	for _, name := range box.names {
		if s.owners[name] == id {
			s.files.Detach(name)
			delete(s.owners, name)
		}
	}
	delete(s.shown, id)
}
