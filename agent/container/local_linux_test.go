package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestMain(m *testing.M) {
	if os.Getenv("CONTAINER_TEST_AGENT") != "" {
		runAgentForTest()
	}
	goleak.VerifyTestMain(m)
}

// limit is how long anything in these tests may take before it counts as hung.
const limit = 30 * time.Second

func newLocal(t testing.TB) *Local {
	t.Helper()
	l, err := New(Config{AgentIP: "192.0.2.7", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func shell(command string) *mesospb.CommandInfo {
	return &mesospb.CommandInfo{Value: &command}
}

func argv(path string, args ...string) *mesospb.CommandInfo {
	return &mesospb.CommandInfo{Shell: proto.Bool(false), Value: &path, Arguments: args}
}

var serial int

func specOf(t testing.TB, command *mesospb.CommandInfo) Spec {
	serial++
	dir := t.TempDir()
	// A sandbox that another user can reach, as a work directory is.
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	return Spec{
		ID:      mesos.ContainerID(fmt.Sprintf("c%d-%d", os.Getpid(), serial)),
		Sandbox: filepath.Join(dir, "sandbox"),
		Command: command,
	}
}

func launch(t testing.TB, l *Local, spec Spec) int {
	t.Helper()
	pid, err := l.Launch(t.Context(), spec)
	if err != nil {
		t.Fatalf("launch: %v", err)
	}
	return pid
}

func wait(t testing.TB, l *Local, id mesos.ContainerID) Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	exit, err := l.Wait(ctx, id)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return exit
}

// run runs a command to its end and returns how it ended and what it wrote.
func run(t testing.TB, l *Local, spec Spec) (exit Exit, stdout, stderr string) {
	t.Helper()
	launch(t, l, spec)
	exit = wait(t, l, spec.ID)
	return exit, read(t, spec, "stdout"), read(t, spec, "stderr")
}

func read(t testing.TB, spec Spec, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(spec.Sandbox, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// until polls for something that another process does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", limit, what)
		}
		time.Sleep(time.Millisecond)
	}
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// covers: MesosContainerizerTest.Launch
// covers: MesosContainerizerExecuteTest.IoRedirection
func TestLaunchRunsACommandInItsSandbox(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("echo out; echo err >&2; pwd; exit 7"))
	exit, stdout, stderr := run(t, l, spec)
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
	l := newLocal(t)
	spec := specOf(t, shell("kill -9 $$"))
	launch(t, l, spec)
	exits := make(chan Exit, 3)
	for range cap(exits) {
		go func() { exits <- wait(t, l, spec.ID) }()
	}
	for range cap(exits) {
		if exit := <-exits; !exit.Status.Signaled() || exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("exit = %+v, want killed", exit)
		}
	}
}

func TestArgumentsAreNotForAShell(t *testing.T) {
	l := newLocal(t)
	_, stdout, _ := run(t, l, specOf(t, argv("/bin/echo", "echo", "$HOME", "a b")))
	if stdout != "$HOME a b\n" {
		t.Errorf("stdout = %q", stdout)
	}
	// The executable is looked for in PATH as well.
	_, stdout, _ = run(t, l, specOf(t, argv("echo", "echo", "found")))
	if stdout != "found\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

func TestExecutableWithoutInterpreterIsAShellScript(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, argv("script", "script", "argument"))
	if err := os.MkdirAll(spec.Sandbox, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(spec.Sandbox, "script"), []byte("echo got $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, stdout, _ := run(t, l, spec); stdout != "got argument\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

func TestCommandThatDoesNotExist(t *testing.T) {
	l := newLocal(t)
	// A shell says so by its exit status.
	exit, _, stderr := run(t, l, specOf(t, shell("/no/such/program")))
	if exit.Status.ExitStatus() != 127 || !strings.Contains(stderr, "/no/such/program") {
		t.Errorf("exit = %v, stderr = %q, want 127 and the name", exit.Status.ExitStatus(), stderr)
	}
	// An exec that fails is a failed launch, and is written down in the sandbox.
	for _, path := range []string{"/no/such/program", "no-such-program", "./no-such-program"} {
		spec := specOf(t, argv(path))
		_, err := l.Launch(t.Context(), spec)
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "no such file") {
			t.Errorf("launch of %s: %v, want an error of kind Invalid naming it", path, err)
		}
		if !strings.Contains(read(t, spec, "stderr"), path) {
			t.Errorf("stderr = %q, want it to name %s", read(t, spec, "stderr"), path)
		}
		if _, err := l.Wait(t.Context(), spec.ID); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("wait = %v, want not found: nothing is left of a failed launch", err)
		}
	}
}

// covers: MesosContainerizerTest.Destroy
func TestDestroyKillsEverything(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("trap '' TERM; sleep 1000 & sleep 1000"))
	pid := launch(t, l, spec)
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	exit := wait(t, l, spec.ID)
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
	l := newLocal(t)
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
	l := newLocal(t)
	spec := specOf(t, shell("sleep 1000"))
	launch(t, l, spec)
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("second launch = %v, want conflict", err)
	}
}

func TestOutputOfTenMegabytes(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("head -c 10485760 /dev/zero"))
	if _, stdout, _ := run(t, l, spec); len(stdout) != 10<<20 {
		t.Errorf("stdout has %d bytes", len(stdout))
	}
}

// covers: MesosContainerizerTest.StatusWithContainerID
// covers: MesosLauncherStatusTest.ExecutorPIDTest
func TestStatus(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("sleep 1000"))
	pid := launch(t, l, spec)
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
	if nested := HostStatus("parent.child", "", 0).GetContainerId(); nested.GetValue() != "child" ||
		nested.GetParent().GetValue() != "parent" {
		t.Errorf("nested id = %v", nested)
	}
}

func TestClosedContainerizer(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("sleep 1000"))
	pid := launch(t, l, spec)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("a container outlived its containerizer")
	}
	if _, err := l.Launch(t.Context(), specOf(t, shell("true"))); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v, want unavailable", err)
	}
}
