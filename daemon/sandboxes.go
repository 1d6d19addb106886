//go:build !windows

package daemon

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// sandboxes makes executors' sandboxes and shows them under /files, for as long
// as readers see the executors.
// See https://mesos.apache.org/documentation/latest/sandbox/.
type sandboxes struct {
	files *httpapi.Files
	acls  *acl.ACLs

	mu     sync.Mutex
	shown  map[mesos.ContainerID]sandbox
	owners map[string]mesos.ContainerID // of virtual paths: of runs/latest, the newest
}

type sandbox struct {
	framework mesos.FrameworkID
	names     []string // virtual paths
}

func newSandboxes(files *httpapi.Files, acls *acl.ACLs) *sandboxes {
	return &sandboxes{files: files, acls: acls, shown: map[mesos.ContainerID]sandbox{}, owners: map[string]mesos.ContainerID{}}
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
	box := sandbox{framework: framework, names: []string{e.Sandbox, latest, virtual}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown[e.Container] = box
	user := convert.UserOfExecutor(e.Executor, e.Framework)
	may := func(principal string) bool { return s.acls.Allows(principal, acl.AccessSandbox, user) }
	for _, name := range box.names {
		if err := s.files.AttachFor(e.Sandbox, name, may); err != nil {
			return err
		}
		s.owners[name] = e.Container
	}
	return nil
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
	for _, name := range s.shown[id].names {
		if s.owners[name] == id {
			s.files.Detach(name)
			delete(s.owners, name)
		}
	}
	delete(s.shown, id)
}
