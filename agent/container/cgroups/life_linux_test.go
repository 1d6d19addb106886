package cgroups_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// some are isolators that every machine with cgroups has.
var some = []string{"cgroups/cpu", "cgroups/mem", "cgroups/pids"}

// procs are the processes in a cgroup.
func procs(t testing.TB, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(data))
}

// A process is in the container's cgroups before it is anything else, and so is
// all that it starts, wherever it goes. When the container ends, nothing is left.
//
// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_Tasks
// covers: CgroupsAnyHierarchyWithCpuMemoryTest.ROOT_CGROUPS_FindCgroupSubsystems
// covers: Cgroups2Test.ROOT_CGROUPS2_AssignProcesses
func TestProcessesAreInTheirCgroups(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: some})
	s := spec(t, "cat /proc/self/cgroup > inside; "+containertest.Daemon+"; sleep 1000", 1, 64)
	pid := containertest.Launch(t, l, s)
	daemon := containertest.Pids(t, s, 1)[0]
	for _, subsystem := range []string{"cpu", "memory", "pids"} {
		list := procs(t, leafOf(root, s.ID, subsystem))
		for _, want := range []int{pid, daemon} {
			if !containsPid(list, want) {
				t.Errorf("%s has %v, not %d", subsystem, list, want)
			}
		}
	}
	inside := containertest.Read(t, s, "inside")
	for _, of := range []string{":cpu:", ":memory:", ":pids:"} {
		if v2 {
			of = "0::"
		}
		if !strings.Contains(inside, of+"/"+root+"/"+string(s.ID)) {
			t.Errorf("inside it is seen as %q, which lacks %q", inside, of)
		}
	}
	if err := l.Destroy(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	for _, dir := range trees() {
		if left := below(filepath.Join(dir, root)); left != nil {
			t.Errorf("left: %v", left)
		}
	}
}

func containsPid(list []string, pid int) bool {
	for _, text := range list {
		if text == strconv.Itoa(pid) {
			return true
		}
	}
	return false
}

// groupOf prepares a container by hand and has a process enter its cgroups.
func groupOf(t *testing.T, i *cgroups.Isolator, id mesos.ContainerID, command *exec.Cmd) {
	t.Helper()
	prepared(t, i, id, command)
}

func prepared(t *testing.T, i *cgroups.Isolator, id mesos.ContainerID, command *exec.Cmd) *supervise.Process {
	t.Helper()
	plan := &container.Plan{Spec: &container.Spec{ID: id, Resources: resources(1, 64), Container: &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(id.Parent() == "")},
	}}}
	if err := i.Prepare(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if command != nil {
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		enter(t, plan.Process.Cgroups, command.Process.Pid)
		t.Cleanup(func() {
			_ = command.Process.Kill()
			_ = command.Wait()
		})
	}
	return &plan.Process
}

func enter(t *testing.T, dirs []string, pid int) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is in a container's cgroups when these are removed is killed, also a
// process that is stopped, or in a cgroup that the container made.
//
// covers: CgroupsAnyHierarchyWithFreezerTest.ROOT_CGROUPS_Destroy
// covers: CgroupsAnyHierarchyWithFreezerTest.ROOT_CGROUPS_DestroyStoppedProcess
// covers: CgroupsAnyHierarchyWithFreezerTest.ROOT_CGROUPS_Kill
// covers: CgroupsAnyHierarchyWithCpuMemoryTest.ROOT_CGROUPS_Busy
// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_NestedCgroups
func TestCleanupKills(t *testing.T) {
	t.Parallel()
	i := isolator(t, cgroups.Config{Isolators: some})
	i.Watch(func(mesos.ContainerID, container.Limitation) {})
	running, stopped, deeper := exec.Command("sleep", "1000"), exec.Command("sleep", "1000"), exec.Command("sleep", "1000")
	process := prepared(t, i, "c1", running)
	for _, more := range []*exec.Cmd{stopped, deeper} {
		if err := more.Start(); err != nil {
			t.Fatal(err)
		}
	}
	enter(t, process.Cgroups, stopped.Process.Pid)
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if !v2 { // in version 2 a cgroup with processes has no children with controllers
		for _, dir := range process.Cgroups {
			if err := os.MkdirAll(filepath.Join(dir, "made", "inside"), 0o755); err != nil {
				t.Fatal(err)
			}
			enter(t, []string{filepath.Join(dir, "made", "inside")}, deeper.Process.Pid)
		}
	} else {
		enter(t, process.Cgroups, deeper.Process.Pid)
	}
	waited := make(chan error, 3)
	for _, command := range []*exec.Cmd{running, stopped, deeper} {
		go func() { waited <- command.Wait() }()
	}
	if err := i.Cleanup(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-waited; err == nil || !strings.Contains(err.Error(), "killed") {
			t.Errorf("wait = %v", err)
		}
	}
	if err := i.Cleanup(t.Context(), "c1"); err != nil {
		t.Errorf("once more: %v", err)
	}
}

// An agent sweeps up what it left, however deep, and nothing of another agent's or
// of a container that goes on.
//
// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_Get
// covers: Cgroups2Test.ROOT_CGROUPS2_GetCgroups
func TestSweep(t *testing.T) {
	t.Parallel()
	config := cgroups.Config{Isolators: some, Root: root(t)}
	i := isolator(t, config)
	i.Watch(func(mesos.ContainerID, container.Limitation) {})
	orphan := exec.Command("sleep", "1000")
	groupOf(t, i, "orphan", orphan)
	groupOf(t, i, "orphan.nested", nil)
	groupOf(t, i, "kept", nil)
	// What an agent was killed over while it made it is not marked.
	stranger := exec.Command("sleep", "1000")
	groupOf(t, i, "stranger", stranger)
	for _, id := range []mesos.ContainerID{"half", "stranger"} {
		for _, subsystem := range []string{"cpu", "memory", "pids"} {
			dir := dirOf(config.Root, id, subsystem)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			_ = unix.Removexattr(dir, "trusted.mesosctl.owner") // of the first it has none
		}
	}
	groupOf(t, i, "kept.gone", nil)
	groupOf(t, i, "kept.child", nil)
	groupOf(t, i, "kept.child.gone", nil)
	other := isolator(t, config)
	foreign := config
	foreign.Owner = "/another"
	foreignIsolator, err := cgroups.New(foreign)
	if err != nil {
		t.Fatal(err)
	}
	foreignIsolator.Watch(func(mesos.ContainerID, container.Limitation) {})
	groupOf(t, foreignIsolator, "foreign", nil)
	if err := other.Sweep(context.Background(), func(id mesos.ContainerID) bool { return id == "kept" || id == "kept.child" }); err != nil {
		t.Fatal(err)
	}
	if err := orphan.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("orphan = %v", err)
	}
	for id, want := range map[mesos.ContainerID]bool{
		"orphan": false, "orphan.nested": false, "kept": true, "kept.gone": false, "kept.child": true, "kept.child.gone": false, "foreign": true,
		"half": false, "stranger": true,
	} {
		if _, err := os.Stat(dirOf(config.Root, id, "memory")); (err == nil) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
	_ = stranger.Process.Kill()
	_ = stranger.Wait()
	for _, id := range []mesos.ContainerID{"orphan.nested", "orphan", "kept.gone", "kept.child.gone", "kept.child", "kept", "stranger"} {
		if err := i.Cleanup(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if err := foreignIsolator.Cleanup(t.Context(), "foreign"); err != nil {
		t.Error(err)
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CreateRecursively
func TestRootIsMadeAgain(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: some})
	for _, subsystem := range []string{"cpu", "memory", "pids"} {
		_ = os.Remove(filepath.Dir(dirOf(root, "c", subsystem)))
	}
	s := spec(t, sleep, 1, 64)
	containertest.Launch(t, l, s)
	if got := shares(t, root, s.ID); got != perCPU(1024, 100) {
		t.Errorf("shares = %d", got)
	}
}

// A container whose cgroups exist already is refused, and they stay.
//
// covers: CgroupsAnyHierarchyWithCpuMemoryTest.ROOT_CGROUPS_CreateRemove
func TestCgroupsThatExist(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	s := spec(t, sleep, 1, 64)
	dir := dirOf(root, s.ID, "memory")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := l.Launch(t.Context(), s)
	if mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("launch = %v", err)
	}
	if err := os.Remove(dir); err != nil {
		t.Error(err)
	}
}

// A container that an earlier agent launched goes on. How it ends is known, also
// that it was out of memory.
//
// covers: MemoryPressureMesosTest.ROOT_CGROUPS_SlaveRecovery
func TestRecover(t *testing.T) {
	t.Parallel()
	agents := generations(t)
	first := agents(some...)
	s := spec(t, "until [ -e go ]; do sleep 0.01; done; "+hog, 1, 32)
	s.Outlive = containertest.Limit
	containertest.Launch(t, first.Local, s)
	if err := first.Detach(); err != nil {
		t.Fatal(err)
	}
	second := agents(some...)
	if err := second.Recover([]container.Spec{s}); err != nil {
		t.Fatal(err)
	}
	u := usage(t, second.Local, s.ID)
	if u.GetMemTotalBytes() == 0 || (u.MemLowPressureCounter == nil) != v2 {
		t.Errorf("usage = %v", u)
	}
	if err := second.Update(t.Context(), s.ID, resources(1, 48), nil); err != nil {
		t.Fatal(err)
	}
	_, touch := inSandbox(t, s)
	touch("go")
	exit := containertest.Wait(t, second.Local, s.ID)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY || !strings.Contains(exit.Message, "Requested: 48MB ") {
		t.Errorf("exit = %+v", exit)
	}
}

// generation is one of the agents that follow each other.
type generation struct {
	*container.Local
	root string
}

// generations makes agents that use the same cgroups.
func generations(t *testing.T) func(isolators ...string) generation {
	config, dir := cgroups.Config{Root: root(t)}, containertest.RuntimeDir(t)
	return func(isolators ...string) generation {
		config.Isolators = isolators
		one := isolator(t, config)
		return generation{containertest.New(t, container.Config{Isolators: []container.Isolator{one}, RuntimeDir: dir}), config.Root}
	}
}

// Subsystems that an agent did not have when it launched a container leave that
// container alone; of those that it has no more nothing is left.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_AgentRecoveryWithNewCgroupSubsystems
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_MemoryForward
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_MemoryBackward
func TestSubsystemsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ before, after []string }{
		{[]string{"cgroups/cpu"}, []string{"cgroups/cpu", "cgroups/mem"}},
		{[]string{"cgroups/cpu", "cgroups/mem"}, []string{"cgroups/cpu"}},
	} {
		agents := generations(t)
		first := agents(test.before...)
		s := spec(t, sleep, 1, 64)
		s.Outlive = containertest.Limit
		containertest.Launch(t, first.Local, s)
		if err := first.Detach(); err != nil {
			t.Fatal(err)
		}
		second := agents(test.after...)
		if err := second.Recover([]container.Spec{s}); err != nil {
			t.Fatal(err)
		}
		if err := second.Update(t.Context(), s.ID, resources(2, 64), nil); err != nil {
			t.Fatal(err)
		}
		if got := shares(t, second.root, s.ID); got != perCPU(2048, 200) {
			t.Errorf("shares = %d", got)
		}
		if u := usage(t, second.Local, s.ID); u.CpusUserTimeSecs == nil || !v2 && u.MemTotalBytes != nil {
			t.Errorf("usage = %v", u)
		}
		for _, own := range []bool{false, true} { // what is nested in it can be launched still
			child := nested(t, &s, fmt.Sprint("child-", own), "exit 3", own, 0.1, 32)
			containertest.Launch(t, second.Local, child)
			if exit := containertest.Wait(t, second.Local, child.ID); exit.Status.ExitStatus() != 3 {
				t.Errorf("nested, own %v: %+v", own, exit)
			}
		}
		next := spec(t, sleep, 1, 64)
		containertest.Launch(t, second.Local, next)
		if u := usage(t, second.Local, next.ID); (u.MemTotalBytes != nil) != (len(test.after) == 2) {
			t.Errorf("usage of a container that came later = %v", u)
		}
	}
}
