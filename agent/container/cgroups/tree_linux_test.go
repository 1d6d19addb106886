package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

// The cgroup of a container, and where its processes are.
func TestPathsOfGroups(t *testing.T) {
	// covers: Cgroups2Test.CGROUPS2_Path
	// covers: MesosContainerizerPathsTest.CGROUPS2_Cgroups2Paths
	v2 := &forest{v2: true, root: "mesos", trees: []*tree{{dir: "/sys/fs/cgroup"}}}
	v1 := &forest{root: "a/b", trees: []*tree{{dir: "/mount/cpu,cpuacct"}, {dir: "/mount/memory"}}}
	for _, test := range []struct {
		forest *forest
		id     mesos.ContainerID
		want   []string
	}{
		{v2, "parent", []string{"/sys/fs/cgroup/mesos/parent", "/sys/fs/cgroup/mesos/parent/leaf"}},
		{v2, "parent.child1", []string{"/sys/fs/cgroup/mesos/parent/mesos/child1", "/sys/fs/cgroup/mesos/parent/mesos/child1/leaf"}},
		{v2, "parent.child1.child2", []string{
			"/sys/fs/cgroup/mesos/parent/mesos/child1/mesos/child2", "/sys/fs/cgroup/mesos/parent/mesos/child1/mesos/child2/leaf",
		}},
		{v1, "parent.child", []string{
			"/mount/cpu,cpuacct/a/b/parent/mesos/child", "/mount/memory/a/b/parent/mesos/child",
			"/mount/cpu,cpuacct/a/b/parent/mesos/child", "/mount/memory/a/b/parent/mesos/child",
		}},
	} {
		g := test.forest.newGroup(test.id)
		var got []string
		for _, d := range g.dirs {
			got = append(got, d.dir)
		}
		if diff := cmp.Diff(test.want, append(got, g.entries()...)); diff != "" {
			t.Error(diff)
		}
	}
	if agentV2 != "agent/leaf" {
		t.Errorf("the agent itself is in %s", agentV2)
	}
}

// scratch is a cgroup of the memory subsystem, and cpu's in version 2, which goes
// with the test.
func scratch(t *testing.T) (dir string, v2 bool) {
	t.Helper()
	config := &Config{Root: fmt.Sprintf("mesosctl-test-%d-%s", os.Getpid(), t.Name())}
	config.settle()
	f, err := newForest(config, []string{"memory"})
	if err != nil || os.Geteuid() != 0 {
		t.Skipf("this machine can't: %v", err)
	}
	dir = filepath.Join(f.of("memory").dir, config.Root, "scratch")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, dir := range []string{dir, filepath.Dir(dir)} {
			containertest.Until(t, "the cgroup is removed", func() bool {
				err := os.Remove(dir)
				return err == nil || errors.Is(err, fs.ErrNotExist)
			})
		}
	})
	return dir, f.v2
}

// What the kernel has is known before containers are asked for.
func TestSubsystemsOfTheKernel(t *testing.T) {
	// covers: Cgroups2Test.ROOT_CGROUPS2_Enabled
	// covers: Cgroups2Test.ROOT_CGROUPS2_AvailableSubsystems
	dir, v2 := scratch(t)
	if unified("/sys/fs/cgroup") != v2 || unified(dir) != v2 || unified("/proc") {
		t.Errorf("version 2 is mounted: %v", unified(dir))
	}
	have, err := enabled("/sys/fs/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cpu", "cpuacct", "memory", "pids", "devices", "perf_event"} {
		if !slices.Contains(have, name) {
			t.Errorf("%s is not among %v", name, have)
		}
	}
	if slices.Contains(have, "nonsense") || v2 && slices.Contains(have, "net_cls") {
		t.Errorf("there are %v", have)
	}
}

// A controller of version 2 is enabled for the children of a cgroup once.
func TestEnable(t *testing.T) {
	dir, v2 := scratch(t)
	if !v2 {
		t.Skip("in version 1 there is nothing to enable")
	}
	tree := &tree{dir: "/sys/fs/cgroup", subsystems: []string{"memory", "devices"}}
	for range 2 {
		if err := tree.enable(dir); err != nil {
			t.Fatal(err)
		}
		if have, err := read(dir, "cgroup.subtree_control"); err != nil || have != "memory" {
			t.Errorf("enabled are %q, %v", have, err)
		}
	}
	tree.subsystems = []string{"cpu"} // which the parent did not enable
	if err := tree.enable(dir); mesos.KindOf(err) != mesos.Unsupported {
		t.Errorf("a controller that is not there: %v", err)
	}
}

// A control file that is not there, and a value that it does not take, are errors.
func TestControlFiles(t *testing.T) {
	// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_Read
	// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_Write
	dir, v2 := scratch(t)
	if _, err := read(dir, "invalid42"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read = %v", err)
	}
	if err := write(dir, "invalid42", "invalid"); err == nil {
		t.Error("a file that is not there was written")
	}
	limit := "memory.limit_in_bytes"
	if v2 {
		limit = "memory.max"
	}
	if err := write(dir, limit, "invalid"); err == nil {
		t.Error("a limit that is none was written")
	}
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	err := write(dir, "cgroup.procs", fmt.Sprint(sleep.Process.Pid))
	procs, readErr := numbers(dir, "cgroup.procs")
	if err := errors.Join(err, readErr); err != nil || !slices.Equal(procs, []int{sleep.Process.Pid}) {
		t.Errorf("processes = %v, %v", procs, err)
	}
	_ = sleep.Process.Kill()
	_ = sleep.Wait()
}

// Who listens hears of a cgroup that went over its limit; who has stopped does not.
func TestListening(t *testing.T) {
	// covers: Cgroups2Test.ROOT_CGROUPS2_OomDetection
	// covers: Cgroups2Test.ROOT_CGROUPS2_OomListenerDestruction
	// covers: CgroupsAnyHierarchyWithCpuMemoryTest.ROOT_CGROUPS_Listen
	dir, v2 := scratch(t)
	var listener listener = eventFDs{}
	limit := "memory.limit_in_bytes"
	if v2 {
		e := &eventFiles{}
		listener, limit = e, "memory.max"
		t.Cleanup(func() {
			if e.current != nil {
				t.Error("a listener without anybody to tell goes on")
			}
		})
	}
	if err := write(dir, limit, "16777216"); err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1000)
	listen := func(who string) func() {
		stop, err := listener.listen(dir, func() { heard <- who })
		if err != nil {
			t.Fatal(err)
		}
		return stop
	}
	listen("who has stopped")() // and nobody is left
	stop := listen("who listens")
	defer stop()
	if len(heard) != 0 {
		t.Errorf("before anything happened there was news for %s", <-heard)
	}
	hog := exec.Command("sh", "-c", `echo $$ > "$0"/cgroup.procs && x=0123456789012345; while :; do x=$x$x; done`, dir)
	if err := hog.Run(); err == nil || hog.ProcessState.ExitCode() != -1 {
		t.Fatalf("the hog: %v", err)
	}
	containertest.Until(t, "there was news", func() bool { return len(heard) > 0 })
	stop()
	close(heard)
	for who := range heard {
		if who != "who listens" {
			t.Errorf("there was news for %s", who)
		}
	}
}
