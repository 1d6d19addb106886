package cgroups_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A process that somebody traces, who has stopped it, is killed as any other.
func TestCleanupKillsTheTraced(t *testing.T) {
	// covers: CgroupsAnyHierarchyWithFreezerTest.ROOT_CGROUPS_DestroyTracedProcess
	t.Parallel()
	i := isolator(t, cgroups.Config{Isolators: some})
	i.Watch(func(mesos.ContainerID, container.Limitation) {})
	process := prepared(t, i, "c1", nil)
	// To the kernel a tracer is a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	traced := exec.Command("sleep", "1000")
	traced.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} // it stops at its first instruction
	if err := traced.Start(); err != nil {
		t.Fatal(err)
	}
	pid := traced.Process.Pid
	enter(t, process.Cgroups, pid)
	containertest.Until(t, "it is stopped", func() bool {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		return strings.Contains(string(status), "tracing stop")
	})
	if err := i.Cleanup(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	for { // that it was stopped comes first, if nobody waited for that yet
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			t.Fatal(err)
		}
		if status.Signaled() && status.Signal() == syscall.SIGKILL {
			return
		}
		if !status.Stopped() {
			t.Fatalf("it ended with status %#x", status)
		}
	}
}

// A test of many threads: this binary, run as a program.
func TestThreadsOfAProgram(t *testing.T) {
	if os.Getenv("MESOSCTL_TEST_THREADS") == "" {
		t.Skip("it is for TestThreads")
	}
	for range 5 {
		go func() {
			runtime.LockOSThread()
			var buffer [1]byte
			_, _ = syscall.Read(0, buffer[:]) // until the test closes it
		}()
	}
	var buffer [1]byte
	_, _ = syscall.Read(0, buffer[:])
}

// With a process all of its threads enter a cgroup, and are counted.
func TestThreads(t *testing.T) {
	// covers: CgroupsAnyHierarchyWithFreezerTest.ROOT_CGROUPS_AssignThreads
	// covers: Cgroups2Test.ROOT_CGROUPS2_Threads
	t.Parallel()
	i := isolator(t, cgroups.Config{Isolators: some, CountProcesses: true})
	i.Watch(func(mesos.ContainerID, container.Limitation) {})
	many := exec.Command(os.Args[0], "-test.run=^TestThreadsOfAProgram$")
	many.Env = append(os.Environ(), "MESOSCTL_TEST_THREADS=1")
	stdin, err := many.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	process := prepared(t, i, "c1", nil)
	if err := many.Start(); err != nil {
		t.Fatal(err)
	}
	threads := func() []string {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", many.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, entry := range entries {
			list = append(list, entry.Name())
		}
		slices.Sort(list)
		return list
	}
	containertest.Until(t, "it has its threads", func() bool { return len(threads()) > 6 })
	enter(t, process.Cgroups, many.Process.Pid)
	for _, dir := range process.Cgroups {
		name := "tasks"
		if v2 {
			name = "cgroup.threads"
		}
		containertest.Until(t, "all threads are in "+dir, func() bool { // the runtime may start more
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			list := strings.Fields(string(data))
			slices.Sort(list)
			return slices.Equal(list, threads())
		})
	}
	containertest.Until(t, "all threads are counted", func() bool {
		var usage mesospb.ResourceStatistics
		if err := i.Usage(t.Context(), "c1", nil, &usage); err != nil {
			t.Fatal(err)
		}
		return usage.GetProcesses() == 1 && int(usage.GetThreads()) == len(threads())
	})
	if err := i.Cleanup(t.Context(), "c1"); err != nil {
		t.Error(err)
	}
	if err := many.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("wait = %v", err)
	}
}
