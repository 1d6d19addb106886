package cgroups_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// Whose a process is its cgroup tells, before its environment is asked: that may be
// anything, and to read it can take as long as the process waits for memory.
func TestCgroupsTellWhoseAProcessIs(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: some})
	other := spec(t, "while [ ! -e end ]; do sleep 0.01; done", 1, 32)
	containertest.Launch(t, l, other)
	s := spec(t, fmt.Sprintf("export %s=%s; %s; sleep 1000", supervise.Marker, other.ID, containertest.Daemon), 1, 32)
	first := containertest.Launch(t, l, s)
	orphan := containertest.Pids(t, s, 1)[0]
	containertest.Until(t, "the process is an orphan", func() bool {
		return fieldOf(t, statusOf(t, orphan), "PPid") == fieldOf(t, statusOf(t, first), "PPid")
	})
	_, touch := inSandbox(t, other)
	touch("end")
	containertest.Wait(t, l, other.ID)
	if err := syscall.Kill(orphan, 0); err != nil {
		t.Errorf("it ended with the container that its environment names: %v", err)
	}
	if err := l.Destroy(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	containertest.Wait(t, l, s.ID)
	if err := syscall.Kill(orphan, 0); err == nil {
		t.Error("it outlives the container whose cgroup it is in")
	}
}
