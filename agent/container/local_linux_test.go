package container_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestMain(m *testing.M) {
	if os.Getenv("CONTAINER_TEST_AGENT") != "" {
		runAgentForTest()
	}
	goleak.VerifyTestMain(m)
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// Whoever started the agent may have left files open to it, such as a pipe that is
// read to its end: a container does not hold them, nor does the supervisor.
func TestFilesOfWhoeverStartedTheAgent(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	left, err := syscall.Dup(int(write.Fd())) // without close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	l := containertest.New(t, container.Config{})
	containertest.Launch(t, l, containertest.Spec(t, containertest.Shell("sleep 1000")))
	_ = syscall.Close(left)
	write.Close()
	if err := read.SetReadDeadline(time.Now().Add(containertest.Limit)); err != nil {
		t.Fatal(err)
	}
	if _, err := read.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read = %v, want the end of the pipe", err)
	}
}

// covers: MesosContainerizerTest.Launch
// covers: MesosContainerizerExecuteTest.IoRedirection
func TestLaunchRunsACommandInItsSandbox(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("echo out; echo err >&2; pwd; exit 7"))
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if !exit.Known || !exit.Status.Exited() || exit.Status.ExitStatus() != 7 {
		t.Errorf("exit = %+v, want status 7", exit)
	}
	if want := "out\n" + spec.Sandbox + "\n"; stdout != want {
		t.Errorf("stdout = %q, want %q", stdout, want)
	}
	if stderr != "err\n" {
		t.Errorf("stderr = %q", stderr)
	}
	info, err := os.Stat(spec.Sandbox)
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("sandbox: %v, %v, want mode 0750", info.Mode(), err)
	}
}

func TestEveryWaiterGetsTheSameExit(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("kill -9 $$"))
	containertest.Launch(t, l, spec)
	exits := make(chan container.Exit, 3)
	for range cap(exits) {
		go func() { exits <- containertest.Wait(t, l, spec.ID) }()
	}
	for range cap(exits) {
		if exit := <-exits; !exit.Status.Signaled() || exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("exit = %+v, want killed", exit)
		}
	}
}

func TestArgumentsAreNotForAShell(t *testing.T) {
	l := containertest.New(t, container.Config{})
	_, stdout, _ := containertest.Run(t, l, containertest.Spec(t, containertest.Argv("/bin/echo", "echo", "$HOME", "a b")))
	if stdout != "$HOME a b\n" {
		t.Errorf("stdout = %q", stdout)
	}
	// The executable is looked for in PATH as well.
	_, stdout, _ = containertest.Run(t, l, containertest.Spec(t, containertest.Argv("echo", "echo", "found")))
	if stdout != "found\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

func TestExecutableWithoutInterpreterIsAShellScript(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Argv("script", "script", "argument"))
	if err := os.MkdirAll(spec.Sandbox, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(spec.Sandbox, "script"), []byte("echo got $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, stdout, _ := containertest.Run(t, l, spec); stdout != "got argument\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

func TestCommandThatDoesNotExist(t *testing.T) {
	l := containertest.New(t, container.Config{})
	// A shell says so by its exit status.
	exit, _, stderr := containertest.Run(t, l, containertest.Spec(t, containertest.Shell("/no/such/program")))
	if exit.Status.ExitStatus() != 127 || !strings.Contains(stderr, "/no/such/program") {
		t.Errorf("exit = %v, stderr = %q, want 127 and the name", exit.Status.ExitStatus(), stderr)
	}
	// An exec that fails is a failed launch, and is written down in the sandbox.
	for _, path := range []string{"/no/such/program", "no-such-program", "./no-such-program"} {
		spec := containertest.Spec(t, containertest.Argv(path))
		_, err := l.Launch(t.Context(), spec)
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "no such file") {
			t.Errorf("launch of %s: %v, want an error of kind Invalid naming it", path, err)
		}
		if !strings.Contains(containertest.Read(t, spec, "stderr"), path) {
			t.Errorf("stderr = %q, want it to name %s", containertest.Read(t, spec, "stderr"), path)
		}
		if _, err := l.Wait(t.Context(), spec.ID); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("wait = %v, want not found: nothing is left of a failed launch", err)
		}
	}
}

// covers: MesosContainerizerTest.Destroy
func TestDestroyKillsEverything(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("trap '' TERM; sleep 1000 & sleep 1000"))
	pid := containertest.Launch(t, l, spec)
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	exit := containertest.Wait(t, l, spec.ID)
	if !exit.Status.Signaled() || exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("exit = %+v, want killed", exit)
	}
	if alive(pid) {
		t.Error("the process is still there")
	}
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy of what is gone: %v", err)
	}
}

// covers: MesosContainerizerWaitTest.WaitUnknownContainer
// covers: MesosContainerizerDestroyTest.DestroyUnknownContainer
func TestUnknownContainer(t *testing.T) {
	l := containertest.New(t, container.Config{})
	const id = "nobody"
	_, waitErr := l.Wait(t.Context(), id)
	_, usageErr := l.Usage(t.Context(), id)
	_, statusErr := l.Status(id)
	for op, err := range map[string]error{
		"wait": waitErr, "usage": usageErr, "status": statusErr,
		"destroy": l.Destroy(t.Context(), id),
		"signal":  l.Signal(id, syscall.SIGTERM),
		"update":  l.Update(t.Context(), id, nil, nil),
	} {
		if mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("%s = %v, want not found", op, err)
		}
	}
}

func TestLaunchTwice(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
	containertest.Launch(t, l, spec)
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("second launch = %v, want conflict", err)
	}
}

func TestOutputOfTenMegabytes(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("head -c 10485760 /dev/zero"))
	if _, stdout, _ := containertest.Run(t, l, spec); len(stdout) != 10<<20 {
		t.Errorf("stdout has %d bytes", len(stdout))
	}
}

// covers: MesosContainerizerTest.StatusWithContainerID
// covers: MesosLauncherStatusTest.ExecutorPIDTest
func TestStatus(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
	pid := containertest.Launch(t, l, spec)
	status, err := l.Status(spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	if status.GetContainerId().GetValue() != string(spec.ID) || status.GetExecutorPid() != uint32(pid) {
		t.Errorf("status = %v, want container %s and pid %d", status, spec.ID, pid)
	}
	if ip := status.GetNetworkInfos()[0].GetIpAddresses()[0]; ip.GetIpAddress() != "192.0.2.7" {
		t.Errorf("address = %v", ip)
	}
	if nested := container.HostStatus("parent.child", "", 0).GetContainerId(); nested.GetValue() != "child" ||
		nested.GetParent().GetValue() != "parent" {
		t.Errorf("nested id = %v", nested)
	}
}

func TestClosedContainerizer(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
	pid := containertest.Launch(t, l, spec)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("a container outlived its containerizer")
	}
	if _, err := l.Launch(t.Context(), containertest.Spec(t, containertest.Shell("true"))); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v, want unavailable", err)
	}
}
