//go:build !windows

package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Where things lie is part of what operators' scripts rely on:
// https://mesos.apache.org/documentation/latest/sandbox/#where-is-the-sandbox and
// https://mesos.apache.org/documentation/latest/agent-recovery/
func TestTheWorkDirectoryIsLaidOutAsInMesos(t *testing.T) {
	// covers: PathsTest.CreateExecutorDirectory
	// covers: PathsTest.Meta
	// covers: PathsTest.BootId
	l := startLocal(t)
	s := subscribe(t, l.Master())
	s.accept("t", "sleep 60")
	var status *mesospb.TaskStatus
	for status.GetState() != mesospb.TaskState_TASK_STARTING {
		status = s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus()
	}
	work, agent, framework := l.agents[0].cfg.WorkDir, status.GetAgentId().GetValue(), s.id.GetValue()
	container := status.GetContainerStatus().GetContainerId().GetValue()
	runs := filepath.Join(work, "slaves", agent, "frameworks", framework, "executors/t/runs")
	if info, err := os.Stat(filepath.Join(runs, container)); err != nil || !info.IsDir() {
		t.Errorf("the sandbox: %v", err)
	}
	for dir := runs; dir != work; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o055 != 0o055 {
			t.Errorf("%s: %v, %v: users can't walk to their sandboxes", dir, info.Mode(), err)
		}
	}
	for link, want := range map[string]string{filepath.Join(runs, "latest"): container, filepath.Join(work, "slaves/latest"): agent} {
		if is, err := os.Readlink(link); err != nil || is != want {
			t.Errorf("%s leads to %q, %v, want %q", link, is, err, want)
		}
	}
	for _, file := range []string{"meta/boot_id", "meta/slaves/" + agent + "/slave.info"} {
		if data, err := os.ReadFile(filepath.Join(work, file)); err != nil || len(data) == 0 {
			t.Errorf("%s: %q, %v", file, data, err)
		}
	}
}
