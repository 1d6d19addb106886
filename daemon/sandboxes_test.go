//go:build !windows

package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A container's volumes are mounted in it and nowhere else; readers of its sandbox
// see them where it does, as long as it has them.
func TestVolumesAreSeenInSandboxes(t *testing.T) {
	workDir := t.TempDir()
	volume := filepath.Join(workDir, "volumes/roles/web/v")
	sandbox := filepath.Join(workDir, "slaves/a/frameworks/f/executors/e/runs/c")
	if err := os.MkdirAll(volume, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(volume, "file"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	files := httpapi.NewFiles()
	s := newSandboxes(files, nil, workDir)
	launch := agent.LaunchContainer{
		Container: "c", Sandbox: sandbox, Framework: &mesospb.FrameworkInfo{Id: &mesospb.FrameworkID{Value: new("f")}},
		Executor: &mesospb.ExecutorInfo{ExecutorId: &mesospb.ExecutorID{Value: new("e")}, Resources: containertest.Volume("v", "data")},
	}
	if err := s.add(launch); err != nil {
		t.Fatal(err)
	}
	seen := func(name string, want bool) {
		t.Helper()
		for _, at := range []string{sandbox, filepath.Dir(sandbox) + "/latest", "/frameworks/f/executors/e/runs/latest"} {
			data, _, err := files.Read("", at+"/"+name+"/file", 0, nil)
			if (err == nil && string(data) == "abc") != want {
				t.Errorf("%s/%s/file is %q, %v, want it seen: %v", at, name, data, err, want)
			}
		}
	}
	seen("data", true)
	s.show("c", containertest.Volume("v", "other"))
	seen("data", false)
	seen("other", true)
	s.show("c", nil)
	seen("other", false)
	s.show("c", containertest.Volume("v", "data"))
	s.drop("c")
	seen("data", false)
	s.show("unknown", containertest.Volume("v", "data"))

	// Each task of a pod has its own directory.
	task := &mesospb.TaskID{Value: new("t")}
	if err := s.add(launch); err != nil {
		t.Fatal(err)
	}
	s.showTask("c", task, containertest.Volume("v", "data"))
	seen("tasks/t/data", false)
	launch.Builtin = agent.BuiltinDefault
	if err := s.add(launch); err != nil {
		t.Fatal(err)
	}
	s.showTask("c", task, containertest.Volume("v", "data"))
	seen("tasks/t/data", true)
	seen("data", true)
	s.showTask("c", task, nil)
	seen("tasks/t/data", false)
	seen("data", true)
	s.showTask("c", task, containertest.Volume("v", "data"))
	s.drop("c")
	seen("tasks/t/data", false)
}
