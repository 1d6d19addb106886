package daemon

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent"
)

// browse asks for a directory's files and returns the answer's status.
func browse(t *testing.T, address, path string) int {
	t.Helper()
	code, _ := get(t, "http://"+address+"/files/browse?path="+path)
	return code
}

// https://mesos.apache.org/documentation/latest/sandbox/#sandbox-lifecycle
func TestSandboxesGoWhenTheDiskIsFull(t *testing.T) {
	// covers: GarbageCollectorIntegrationTest.DiskUsage
	// covers: GarbageCollectorIntegrationTest.ExitedExecutor
	// covers: GarbageCollectorIntegrationTest.ExitedFramework
	// covers: SlaveTest.BrowseExecutorSandboxByVirtualPath
	l := startLocal(t)
	s := subscribe(t, l.Master())
	ended := s.launch("over", "mkdir -p a/b; echo x >a/b/c; ln -s / root")
	s.accept("lives", "sleep 60")
	a, address := l.agents[0], l.Agents()[0]
	framework := filepath.Join(a.cfg.WorkDir, "slaves", ended.GetAgentId().GetValue(), "frameworks", s.id.GetValue())
	over, lives := filepath.Join(framework, "executors/over"), filepath.Join(framework, "executors/lives/runs/latest/stdout")
	eventually(t, "the sandboxes are as they should be", func() bool {
		_, err := os.Stat(lives)
		return err == nil && metric(t, address, "gc/path_removals_pending") == 2
	})
	virtual := "/frameworks/" + s.id.GetValue() + "/executors/over/runs/latest"
	for _, path := range []string{virtual, filepath.Join(over, "runs/latest")} {
		if got := browse(t, address, path); got != http.StatusOK {
			t.Errorf("browse %s: %d", path, got)
		}
	}

	a.loop.Put(agent.DiskUsed{Fraction: 1})
	eventually(t, "the sandboxes are as they should be", func() bool { return metric(t, address, "gc/path_removals_pending") == 0 })
	if got := metric(t, address, "gc/path_removals_succeeded"); got != 2 {
		t.Errorf("%v removals succeeded, want 2: the run's and the executor's", got)
	}
	if _, err := os.Stat(over); !os.IsNotExist(err) {
		t.Errorf("the sandbox of what is over: %v", err)
	}
	if _, err := os.Stat(lives); err != nil {
		t.Errorf("the sandbox of what runs: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(a.cfg.WorkDir, "discarded")); err != nil || len(left) > 0 {
		t.Errorf("discarded: %v, %v", left, err)
	}
	for _, path := range []string{virtual, filepath.Join(over, "runs/latest"), over} {
		if got := browse(t, address, path); got != http.StatusNotFound {
			t.Errorf("browse %s, which is removed: %d", path, got)
		}
	}
}
