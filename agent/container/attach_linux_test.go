package container_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// session is a session in another container.
func session(parent mesos.ContainerID, name, command string) container.Spec {
	spec := nested(parent, name, command)
	spec.Debug, spec.Stdin = true, true
	return spec
}

func withTerminal(spec container.Spec, rows, columns uint32) container.Spec {
	spec.Container = &mesospb.ContainerInfo{
		Type:    mesospb.ContainerInfo_MESOS.Enum(),
		TtyInfo: &mesospb.TTYInfo{WindowSize: &mesospb.TTYInfo_WindowSize{Rows: &rows, Columns: &columns}},
	}
	return spec
}

// parentOf launches a container to have sessions in.
func parentOf(t *testing.T, l *container.Local) container.Spec {
	t.Helper()
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	containertest.Launch(t, l, parent)
	return parent
}

func launchSession(t *testing.T, l *container.Local, spec container.Spec) container.Output {
	t.Helper()
	out, err := l.LaunchSession(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

// all reads an output to its end.
func all(t *testing.T, out container.Output) (stdout, stderr string) {
	t.Helper()
	var streams [2]bytes.Buffer
	timer := time.AfterFunc(containertest.Limit, func() { out.Close() })
	defer timer.Stop()
	for {
		chunk, err := out.Next()
		if errors.Is(err, io.EOF) {
			return streams[0].String(), streams[1].String()
		}
		if err != nil {
			t.Fatalf("%v, after %q and %q", err, streams[0].String(), streams[1].String())
		}
		i := 0
		if chunk.Stderr {
			i = 1
		}
		streams[i].Write(chunk.Data)
	}
}

// expect reads an output until it has said something.
func expect(t *testing.T, out container.Output, what string) {
	t.Helper()
	var got bytes.Buffer
	timer := time.AfterFunc(containertest.Limit, func() { out.Close() })
	defer timer.Stop()
	for !strings.Contains(got.String(), what) {
		chunk, err := out.Next()
		if err != nil {
			t.Fatalf("%v, waiting for %q after %q", err, what, got.String())
		}
		got.Write(chunk.Data)
	}
}

func attachInput(t *testing.T, l *container.Local, id mesos.ContainerID) container.Input {
	t.Helper()
	in, err := l.AttachInput(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

func TestSessionsOutputIsWhoLaunchedIts(t *testing.T) {
	l := containertest.New(t, container.Config{})
	parent := parentOf(t, l)
	spec := session(parent.ID, "s", "printf out; printf err >&2; exit 3")
	stdout, stderr := all(t, launchSession(t, l, spec))
	if stdout != "out" || stderr != "err" {
		t.Errorf("stdout = %q, stderr = %q", stdout, stderr)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Status.ExitStatus() != 3 {
		t.Errorf("exit = %+v", exit)
	}
	if _, err := os.Stat(filepath.Join(parent.Sandbox, "containers/s")); !os.IsNotExist(err) {
		t.Errorf("its sandbox is there: %v", err)
	}
	if _, err := l.AttachOutput(t.Context(), spec.ID); err == nil {
		t.Error("one could attach to a session that has ended")
	}
	// What is copied is not lost, however much it is and whoever is slow.
	big := launchSession(t, l, session(parent.ID, "big", "head -c 5000000 /dev/zero"))
	if stdout, _ := all(t, big); len(stdout) != 5000000 {
		t.Errorf("%d bytes", len(stdout))
	}
}

func TestSessionReadsItsStandardInput(t *testing.T) {
	// covers: IOSwitchboardServerTest.AttachInput
	l := containertest.New(t, container.Config{})
	parent := parentOf(t, l)
	spec := session(parent.ID, "s", "cat; echo end")
	out := launchSession(t, l, spec)
	in := attachInput(t, l, spec.ID)
	if _, err := l.AttachInput(t.Context(), spec.ID); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("a second one attaches: %v", err)
	}
	text := strings.Repeat("lorem ipsum ", 100_000)
	stdout := make(chan string)
	go func() {
		all, _ := all(t, out)
		stdout <- all
	}()
	if err := in.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	in.Close()
	// Who closes its connection leaves the standard input to the next.
	again := attachInput(t, l, spec.ID)
	if err := errors.Join(again.Write([]byte("last")), again.End()); err != nil {
		t.Fatal(err)
	}
	if got, want := <-stdout, text+"lastend\n"; got != want {
		t.Errorf("%d bytes of %d came, that end with %q", len(got), len(want), got[max(0, len(got)-20):])
	}
	select {
	case <-again.Ended():
	case <-time.After(containertest.Limit):
		t.Error("the end was not told")
	}
}

func TestSessionWithATerminal(t *testing.T) {
	l := containertest.New(t, container.Config{})
	parent := parentOf(t, l)
	spec := withTerminal(session(parent.ID, "s", `test -t 0 && test -t 1 && test -t 2; echo "terminal $?"; stty size < /dev/tty
		trap 'stty size' WINCH; trap 'echo interrupted; exit 7' INT; read line; echo "got $line"; while :; do sleep 0.01; done`), 20, 70)
	out := launchSession(t, l, spec)
	expect(t, out, "terminal 0\r\n20 70\r\n")
	in := attachInput(t, l, spec.ID)
	if err := in.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	expect(t, out, "got a line\r\n")
	if err := in.Resize(33, 99); err != nil {
		t.Fatal(err)
	}
	expect(t, out, "33 99\r\n")
	if err := in.Write([]byte{3}); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	expect(t, out, "interrupted")
	all(t, out)
	if exit := containertest.Wait(t, l, spec.ID); exit.Status.ExitStatus() != 7 {
		t.Errorf("exit = %+v", exit)
	}
}

func TestTerminalOfAContainerIsKeptInItsSandbox(t *testing.T) {
	// covers: IOSwitchboardTest.OutputRedirectionWithTTY
	l := containertest.New(t, container.Config{})
	spec := withTerminal(containertest.Spec(t, containertest.Shell("echo Hello; echo World >&2; test -t 1")), 0, 0)
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if stdout != "Hello\r\nWorld\r\n" || stderr != "" || exit.Status != 0 {
		t.Errorf("stdout = %q, stderr = %q, exit = %+v", stdout, stderr, exit)
	}
	if os.Geteuid() == 0 {
		spec = withTerminal(containertest.Spec(t, containertest.Shell("echo mine > /dev/tty")), 0, 0)
		spec.User = "nobody"
		if _, stdout, _ := containertest.Run(t, l, spec); stdout != "mine\r\n" {
			t.Errorf("stdout = %q", stdout)
		}
	}
}

func TestManyAttachAndOneIsTooSlow(t *testing.T) {
	// covers: IOSwitchboardServerTest.RedirectLog
	// covers: IOSwitchboardServerTest.AttachOutput
	l := containertest.New(t, container.Config{})
	spec := withTerminal(containertest.Spec(t, containertest.Shell("stty -onlcr; read go; head -c 4000000 /dev/zero; echo end")), 0, 0)
	containertest.Launch(t, l, spec)
	outs := make([]container.Output, 3)
	for i := range outs {
		var err error
		if outs[i], err = l.AttachOutput(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		defer outs[i].Close()
	}
	if err := attachInput(t, l, spec.ID).Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	lengths := make(chan int)
	for _, out := range outs[1:] {
		go func() {
			stdout, _ := all(t, out)
			lengths <- len(stdout)
		}()
	}
	if first, second := <-lengths, <-lengths; first < 4000000 || first != second {
		t.Errorf("those who read got %d and %d bytes", first, second)
	}
	containertest.Wait(t, l, spec.ID)
	if kept := len(containertest.Read(t, spec, "stdout")); kept < 4000000 {
		t.Errorf("%d bytes are kept", kept)
	}
	var err error
	for err == nil {
		_, err = outs[0].Next()
	}
	if mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("the one who did not read: %v", err)
	}
}

func TestOutputOfAContainerThatWritesItsFilesItself(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("echo before; while [ ! -e go ]; do sleep 0.01; done; echo out; echo err >&2"))
	containertest.Launch(t, l, spec)
	containertest.Until(t, "it has written", func() bool { return containertest.Read(t, spec, "stdout") != "" })
	out, err := l.AttachOutput(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AttachInput(t.Context(), spec.ID); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("attach to its input: %v", err)
	}
	if err := os.WriteFile(filepath.Join(spec.Sandbox, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr := all(t, out); stdout != "out\n" || stderr != "err\n" {
		t.Errorf("stdout = %q, stderr = %q, want what came after attaching", stdout, stderr)
	}
}

func TestOutputMustNotLeadOutOfTheSandbox(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("rm stdout; ln -s /etc/passwd stdout; echo > done; exec sleep 1000"))
	containertest.Launch(t, l, spec)
	containertest.Until(t, "it has made a link", func() bool {
		_, err := os.Stat(filepath.Join(spec.Sandbox, "done"))
		return err == nil
	})
	if _, err := l.AttachOutput(t.Context(), spec.ID); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("attach = %v", err)
	}
}

func TestNextAgentAttachesAgain(t *testing.T) {
	// covers: IOSwitchboardTest.ContainerAttach
	// covers: IOSwitchboardTest.ContainerAttachAfterSlaveRestart
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec := withTerminal(outliving(t, `while read line; do echo "got $line"; done`), 0, 0)
	containertest.Launch(t, l, spec)
	out, err := l.AttachOutput(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	in := attachInput(t, l, spec.ID)
	if err := in.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	expect(t, out, "got one")
	in.Close()
	out.Close()
	detach(t, l)

	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if out, err = l.AttachOutput(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if err := attachInput(t, l, spec.ID).Write([]byte("two\n\x04")); err != nil { // and Ctrl-D
		t.Fatal(err)
	}
	if stdout, _ := all(t, out); !strings.Contains(stdout, "got two") {
		t.Errorf("output = %q", stdout)
	}
	containertest.Wait(t, l, spec.ID)
	if kept := containertest.Read(t, spec, "stdout"); !strings.Contains(kept, "got one") || !strings.Contains(kept, "got two") {
		t.Errorf("kept: %q", kept)
	}
}

func TestSessionThatIsNotReadIsDestroyedWithItsParent(t *testing.T) {
	l := containertest.New(t, container.Config{})
	parent := parentOf(t, l)
	spec := session(parent.ID, "s", "exec cat /dev/zero")
	out := launchSession(t, l, spec)
	expect(t, out, "\x00")
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	all(t, out)
}

func TestEndOfTheSupervisorEndsSessions(t *testing.T) {
	// covers: IOSwitchboardTest.KillSwitchboardContainerDestroyed
	l := containertest.New(t, container.Config{})
	parent := parentOf(t, l)
	spec := session(parent.ID, "s", "exec sleep 1000")
	out := launchSession(t, l, spec)
	status, err := l.Status(spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(container.SupervisorPid(l), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Known {
		t.Errorf("exit = %+v", exit)
	}
	if runs(int(status.GetExecutorPid())) {
		t.Error("the process is there")
	}
	if _, err := out.Next(); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("output: %v", err)
	}
}

func TestEndOfTheSupervisorEndsWhatWasTakenOver(t *testing.T) {
	// covers: IOSwitchboardTest.DISABLED_RecoverThenKillSwitchboardContainerDestroyed
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec := withTerminal(outliving(t, "exec sleep 1000"), 0, 0)
	containertest.Launch(t, l, spec)
	supervisor := container.SupervisorPid(l)
	detach(t, l)
	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Known {
		t.Errorf("exit = %+v", exit)
	}
}
