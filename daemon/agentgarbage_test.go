//go:build !windows

package daemon

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
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
	if _, got := get(t, "http://"+address+"/files/read?offset=0&path="+virtual+"/a/b/c"); got != `{"data":"x\n","offset":0}` {
		t.Errorf("read %s/a/b/c: %s", virtual, got)
	}
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

// https://mesos.apache.org/documentation/latest/configuration/agent/#gc_non_executor_container_sandboxes
func TestNestedSandboxesGoWhileTheirExecutorRuns(t *testing.T) {
	// covers: GarbageCollectorIntegrationTest.LongLivedDefaultExecutor
	// covers: GarbageCollectorIntegrationTest.LongLivedDefaultExecutorRestart
	cfg := localConfig(t)
	l := startLocalAs(t, cfg)
	own := cfg.Agent
	own.WorkDir, own.Masters, own.Outlive, own.GCNonExecutorSandboxes = t.TempDir(), []string{l.Master()}, true, true
	own.Resources = "cpus:4;mem:1024;disk:512"
	ctx, stop := context.WithCancel(t.Context())
	a, err := StartAgent(ctx, own)
	if err != nil {
		t.Fatal(err)
	}
	id := mesos.ContainerID("parent" + strconv.Itoa(os.Getpid())) // its cgroups are the machine's
	run := func(a *Agent, name, command string) string {
		t.Helper()
		nested := container.Spec{ID: id + "." + mesos.ContainerID(name), Command: &mesospb.CommandInfo{Value: &command}}
		if _, err := a.containers.Launch(t.Context(), nested); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(own.WorkDir, "containers", string(id), "containers", name)
	}
	sleep := "sleep 1000"
	parent := container.Spec{ID: id, Command: &mesospb.CommandInfo{Value: &sleep}, Standalone: true, Outlive: time.Minute}
	if _, err := a.containers.Launch(t.Context(), parent); err != nil {
		t.Fatal(err)
	}
	wait := func(a *Agent, name string) {
		t.Helper()
		if _, err := a.containers.Wait(t.Context(), id+"."+mesos.ContainerID(name)); err != nil {
			t.Fatal(err)
		}
	}
	wantGone := func(a *Agent, gone, there []string) {
		t.Helper()
		eventually(t, "the sandboxes are as they should be", func() bool {
			a.loop.Put(agent.DiskUsed{Fraction: 1})
			for _, dir := range gone {
				if _, err := os.Stat(dir); err == nil {
					return false
				}
			}
			return true
		})
		for _, dir := range there {
			if _, err := os.Stat(dir); err != nil {
				t.Error(err)
			}
		}
	}
	first, lives := run(a, "first", "exit 0"), run(a, "lives", sleep)
	wait(a, "first")
	wantGone(a, []string{first}, []string{lives, filepath.Dir(filepath.Dir(lives))})

	second := run(a, "second", "exit 0")
	wait(a, "second")
	stop()
	if err := a.Wait(); err != nil {
		t.Fatal(err)
	}
	if a, err = StartAgent(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	wantGone(a, []string{second}, []string{lives})
	if err := a.containers.Destroy(t.Context(), id+".lives"); err != nil {
		t.Fatal(err)
	}
	wantGone(a, []string{lives}, nil)
}
