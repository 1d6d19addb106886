package linux_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// leftovers are the processes of the containers whose IDs begin with prefix.
func leftovers(t *testing.T, prefix string) (left []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), supervise.Marker+"="+prefix) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			left = append(left, filepath.Dir(file)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}

// files is how many files a process has open.
func files(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// supervisors are the children of this process that supervise containers.
func supervisors(t *testing.T) (pids []int) {
	t.Helper()
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			if line, _ := os.ReadFile("/proc/" + field + "/cmdline"); strings.HasPrefix(string(line), supervise.SupervisorName) {
				var pid int
				fmt.Sscan(field, &pid)
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Nothing is left of a thousand containers.
func TestNothingIsLeftOfAThousandContainers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	l := with(t, linux.Config{SeccompDir: profiles(t), SeccompProfile: "docker.json"},
		linux.Pids, linux.IPC, linux.Capabilities, linux.NoNewPrivileges, linux.Seccomp)
	before := map[int]int{}
	for _, pid := range supervisors(t) {
		before[pid] = files(t, pid)
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	prefix := fmt.Sprintf("thousand-%d-", os.Getpid())
	sandbox := t.TempDir()
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 125 {
				spec := asking(t, "(setsid sleep 1000 &); (setsid sleep 1000 &)", mode(private, 1))
				spec.ID = mesos.ContainerID(fmt.Sprintf("%s%d-%d", prefix, worker, i))
				spec.Sandbox = filepath.Join(sandbox, string(spec.ID))
				if _, err := l.Launch(t.Context(), spec); err != nil {
					t.Error(err)
					return
				}
				if exit, err := l.Wait(t.Context(), spec.ID); err != nil || exit.Status != 0 {
					t.Errorf("exit = %+v, %v", exit, err)
				}
			}
		})
	}
	wait.Wait()
	if left := leftovers(t, prefix); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	for pid, n := range before {
		if after := files(t, pid); after > n+10 { // the first container opens some that stay
			t.Errorf("supervisor %d has %d files open, %d before", pid, after, n)
		}
	}
	if after, _ := os.ReadFile("/proc/self/mountinfo"); strings.Contains(string(after), prefix) || strings.Count(string(after), "\n") > strings.Count(string(mounts), "\n")+20 {
		t.Errorf("mounts are left:\n%s", after)
	}
}

// Nothing is left of containers whose agent or supervisor goes at any moment.
func TestNothingIsLeftWhenAgentOrSupervisorIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		prefix := fmt.Sprintf("killed-%d-%d-", os.Getpid(), round)
		others := map[int]bool{}
		for _, pid := range supervisors(t) {
			others[pid] = true
		}
		dir := containertest.RuntimeDir(t)
		l := withIn(t, dir, linux.Config{}, linux.Pids, linux.IPC)
		sandbox := t.TempDir()
		var wait sync.WaitGroup
		for i := range 6 {
			wait.Go(func() {
				spec := asking(t, "(setsid sleep 1000 &); sleep 1000", nil)
				spec.ID = mesos.ContainerID(fmt.Sprintf("%s%d", prefix, i))
				spec.Sandbox = filepath.Join(sandbox, string(spec.ID))
				if i%3 == 0 {
					spec.Command, spec.Pause = nil, true
				}
				_, _ = l.Launch(context.Background(), spec) // it may fail in any way
			})
		}
		time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond) // any moment is a good one
		if round%2 == 0 {
			if err := l.Detach(); err != nil {
				t.Fatal(err)
			}
		} else {
			for _, pid := range supervisors(t) {
				if !others[pid] {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		wait.Wait()
		if round%2 != 0 {
			_ = l.Detach()
		}
		deadline := time.Now().Add(containertest.Limit)
		left := leftovers(t, prefix)
		for ; len(left) > 0 && time.Now().Before(deadline); left = leftovers(t, prefix) {
			time.Sleep(time.Millisecond)
		}
		if len(left) > 0 {
			t.Fatalf("round %d: left: %v", round, left)
		}
	}
}

// withIn is with, with a directory for a supervisor that outlives its agent.
func withIn(t testing.TB, dir string, config linux.Config, makers ...maker) *container.Local {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("takes root")
	}
	var isolators []container.Isolator
	for _, make := range makers {
		i, err := make(config)
		if err != nil {
			t.Fatal(err)
		}
		isolators = append(isolators, i)
	}
	return containertest.New(t, container.Config{Isolators: isolators, RuntimeDir: dir})
}
