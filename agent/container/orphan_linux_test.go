package container_test

import (
	"bytes"
	"context"
	"fmt"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// A daemon leaves its parent, session, group and even environment, so that only
// being this container's alone tells whose it is.
const (
	hiddenDaemon = "(setsid env -i sh -c 'echo $$ >> pids; exec sleep 1000' &)"
)

func allGone(t testing.TB, pids []int) {
	t.Helper()
	for _, pid := range pids {
		containertest.Until(t, fmt.Sprintf("process %d is gone", pid), func() bool { return !alive(pid) })
	}
}

func TestDestroyKillsDaemons(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell(containertest.Daemon+"; "+hiddenDaemon+"; sleep 1000"))
	containertest.Launch(t, l, spec)
	daemons := containertest.Pids(t, spec, 2)
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	for _, pid := range daemons {
		if alive(pid) {
			t.Errorf("process %d is there after Destroy", pid)
		}
	}
}

func TestContainerIsGoneWithItsDaemons(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell(": > pids; "+containertest.Daemon+"; "+hiddenDaemon+"; while [ $(wc -l < pids) -lt 2 ]; do :; done; exit 3"))
	containertest.Launch(t, l, spec)
	if exit := containertest.Wait(t, l, spec.ID); exit.Status.ExitStatus() != 3 {
		t.Errorf("exit = %+v", exit)
	}
	for _, pid := range containertest.Pids(t, spec, 2) {
		if alive(pid) {
			t.Errorf("process %d outlived its container", pid)
		}
	}
}

// A hidden daemon of which nobody can tell whose it is goes with the last
// container that it could be of, and takes none down with it.
func TestHiddenDaemonOfOneOfTwo(t *testing.T) {
	l := containertest.New(t, container.Config{})
	other, spec := containertest.Spec(t, containertest.Shell("sleep 1000")), containertest.Spec(t, containertest.Shell(containertest.Daemon+"; "+hiddenDaemon+"; sleep 1000"))
	otherPid := containertest.Launch(t, l, other)
	containertest.Launch(t, l, spec)
	daemons := containertest.Pids(t, spec, 2)
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if !alive(otherPid) {
		t.Error("another container was killed")
	}
	if err := l.Destroy(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	allGone(t, daemons)
}

func TestForkBombIsKilled(t *testing.T) {
	l := containertest.New(t, container.Config{})
	// Each process starts the next and ends, so there is always a younger one.
	spec := containertest.Spec(t, containertest.Shell(`printf 'echo $$ > last; sh ./hop & exit\n' > hop; sh ./hop; sleep 1000`))
	containertest.Launch(t, l, spec)
	containertest.Until(t, "it hops", func() bool {
		_, err := os.Stat(filepath.Join(spec.Sandbox, "last"))
		return err == nil
	})
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if n := marked(t, spec.ID); n != 0 {
		t.Errorf("%d processes outlived their container", n)
	}
}

// marked counts the processes of the machine that were started in a container.
func marked(t testing.TB, id mesos.ContainerID) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, _ := os.ReadFile(file)
		if bytes.Contains(data, []byte("MESOSCTL_CONTAINER_ID="+string(id)+"\x00")) {
			n++
		}
	}
	return n
}

func TestSignalReachesEveryProcess(t *testing.T) {
	l := containertest.New(t, container.Config{})
	const trap = `trap 'echo $0 >> got; exit' USR1; echo $$ >> pids; while :; do sleep 0.01; done`
	spec := containertest.Spec(t, containertest.Shell(`printf '%s' "`+strings.ReplaceAll(trap, "$", `\$`)+`" > trap
		sh -c "$(cat trap)" child & (setsid sh -c "$(cat trap)" daemon &); sh -c "$(cat trap)" main; wait`))
	containertest.Launch(t, l, spec)
	containertest.Pids(t, spec, 3)
	// The shell that waits is signalled as well, and has no trap.
	if err := l.Signal(spec.ID, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Status.Signal() != syscall.SIGUSR1 {
		t.Errorf("exit = %+v", exit)
	}
}

// runAgentForTest is an agent: it runs the containers that its arguments name,
// says so, and waits to be killed.
func runAgentForTest() {
	l, err := container.New(container.Config{Now: time.Now})
	if err != nil {
		panic(err)
	}
	for _, sandbox := range strings.Split(os.Getenv("CONTAINER_TEST_AGENT"), ":") {
		spec := container.Spec{
			ID: mesos.ContainerID(filepath.Base(filepath.Dir(sandbox))), Sandbox: sandbox,
			Command: containertest.Shell(containertest.Daemon + "; " + hiddenDaemon + "; echo $$ >> pids; trap '' TERM INT HUP; sleep 1000"),
		}
		if _, err := l.Launch(context.Background(), spec); err != nil {
			panic(err)
		}
	}
	select {}
}

func TestNothingOutlivesAKilledAgent(t *testing.T) {
	specs := []container.Spec{containertest.Spec(t, nil), containertest.Spec(t, nil)}
	agent := exec.Command(os.Args[0])
	agent.Env = append(os.Environ(), "CONTAINER_TEST_AGENT="+specs[0].Sandbox+":"+specs[1].Sandbox)
	agent.Stderr = os.Stderr
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	defer agent.Process.Kill()
	all := append(containertest.Pids(t, specs[0], 3), containertest.Pids(t, specs[1], 3)...)
	supervisors := childrenOf(agent.Process.Pid)
	if len(supervisors) != 1 {
		t.Errorf("the agent has %d child processes, want a supervisor", len(supervisors))
	}
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	agent.Wait()
	allGone(t, append(all, supervisors...))
}

func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(data)) {
			child, _ := strconv.Atoi(field)
			children = append(children, child)
		}
	}
	return children
}

// If the supervisor is killed its containers are lost, but not their processes,
// and the next launch finds another supervisor.
func TestSupervisorIsKilled(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell(containertest.Daemon+"; echo $$ >> pids; sleep 1000"))
	containertest.Launch(t, l, spec)
	all := containertest.Pids(t, spec, 2)
	syscall.Kill(container.SupervisorPid(l), syscall.SIGKILL)
	if exit := containertest.Wait(t, l, spec.ID); exit.Known {
		t.Errorf("exit = %+v, want it unknown", exit)
	}
	allGone(t, all)
	if exit, _, _ := containertest.Run(t, l, containertest.Spec(t, containertest.Shell("exit 5"))); exit.Status.ExitStatus() != 5 {
		t.Errorf("exit = %+v", exit)
	}
}

func TestLaunchesLeakNothing(t *testing.T) {
	l := containertest.New(t, container.Config{})
	containertest.Run(t, l, containertest.Spec(t, containertest.Shell("true"))) // whatever is made once
	supervisor := container.SupervisorPid(l)
	ours, theirs := openFiles(t, os.Getpid()), openFiles(t, supervisor)
	goroutines := runtime.NumGoroutine()
	const together = 8
	launches := 200
	if testing.Short() {
		launches = 2 * together
	}
	done := make(chan container.Spec, together)
	for i := range launches + together {
		if i >= together {
			spec := <-done
			if n := marked(t, spec.ID); n != 0 {
				t.Errorf("%d processes of %s are left", n, spec.ID)
			}
		}
		if i < launches {
			spec := containertest.Spec(t, containertest.Shell("sleep 1000 & exit 0"))
			go func() {
				containertest.Launch(t, l, spec)
				containertest.Wait(t, l, spec.ID)
				done <- spec
			}()
		}
	}
	if n := len(childrenOf(supervisor)); n != 0 {
		t.Errorf("the supervisor has %d children left", n)
	}
	if n := openFiles(t, os.Getpid()); n > ours {
		t.Errorf("%d open files, were %d", n, ours)
	}
	if n := openFiles(t, supervisor); n > theirs {
		t.Errorf("the supervisor has %d open files, had %d", n, theirs)
	}
	containertest.Until(t, "the goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines })
}

func openFiles(t testing.TB, pid int) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
