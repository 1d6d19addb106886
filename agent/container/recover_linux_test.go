package container_test

import (
	"fmt"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/posix"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// lasting is a containerizer whose containers may outlive it.
func lasting(t *testing.T, dir string) *container.Local {
	t.Helper()
	return containertest.New(t, container.Config{Isolators: []container.Isolator{posix.CPU()}, RuntimeDir: dir, WorkDir: t.TempDir()})
}

func outliving(t *testing.T, command string) container.Spec {
	spec := containertest.Spec(t, containertest.Shell(command))
	spec.Outlive = time.Minute
	return spec
}

func detach(t *testing.T, l *container.Local) {
	t.Helper()
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
}

// runs reports whether a process is there and not just waiting to be reaped.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

func TestContainersAreTakenOver(t *testing.T) {
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	running, ended, mortal := outliving(t, "exec sleep 1000"), outliving(t, "exec sleep 1000"), containertest.Spec(t, containertest.Shell("sleep 1000"))
	running.Resources = []*mesospb.Resource{{Name: proto.String("mem"), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(32)}}}
	pid, end, mortalPid := containertest.Launch(t, l, running), containertest.Launch(t, l, ended), containertest.Launch(t, l, mortal)
	detach(t, l)
	if _, err := l.Wait(t.Context(), running.ID); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("wait for a container that was left: %v", err)
	}
	containertest.Until(t, "a container that is not to outlive its agent ends", func() bool { return !runs(mortalPid) })
	if err := syscall.Kill(end, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "a container that is to outlive its agent may end by itself", func() bool { return !runs(end) })

	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{running, ended, mortal}); err != nil {
		t.Fatal(err)
	}
	status, err := l.Status(running.ID)
	if err != nil || int(status.GetExecutorPid()) != pid || !runs(pid) {
		t.Errorf("the container that runs: %v, %v", status, err)
	}
	// covers: MesosContainerizerSlaveRecoveryTest.ResourceStatistics
	if usage, err := l.Usage(t.Context(), running.ID); err != nil || usage.GetProcesses() != 1 || usage.GetMemLimitBytes() != 32<<20 {
		t.Errorf("its usage: %v, %v", usage, err)
	}
	if exit, err := l.Wait(t.Context(), ended.ID); err != nil || !exit.Known || exit.Status.Signal() != syscall.SIGTERM {
		t.Errorf("the container that ended: %+v, %v", exit, err)
	}
	if exit, err := l.Wait(t.Context(), mortal.ID); mesos.KindOf(err) != mesos.NotFound && exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("the container that was not to outlive its agent: %+v, %v", exit, err)
	}
	// It is a container like any other.
	if err := l.Destroy(t.Context(), running.ID); err != nil {
		t.Fatal(err)
	}
	if exit, err := l.Wait(t.Context(), running.ID); err != nil || exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("destroyed: %+v, %v", exit, err)
	}
}

func TestAgentsOnOneMachineTakeOverTheirOwn(t *testing.T) {
	// covers: SlaveRecoveryTest.MultipleSlaves
	dirs := []string{containertest.RuntimeDir(t), containertest.RuntimeDir(t)}
	var specs []container.Spec
	for _, dir := range dirs {
		l, spec := lasting(t, dir), outliving(t, "exec sleep 1000")
		containertest.Launch(t, l, spec)
		detach(t, l)
		specs = append(specs, spec)
	}
	for i, dir := range dirs {
		l := lasting(t, dir)
		if err := l.Recover([]container.Spec{specs[i]}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Status(specs[i].ID); err != nil {
			t.Errorf("its own: %v", err)
		}
		if _, err := l.Status(specs[1-i].ID); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("the other's: %v", err)
		}
	}
}

func TestEndOfAContainerIsKeptUntilItIsReleased(t *testing.T) {
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec := outliving(t, "exit 3")
	containertest.Launch(t, l, spec)
	for range 2 { // the agent learns it, and dies before it wrote it down
		if exit, err := l.Wait(t.Context(), spec.ID); err != nil || exit.Status.ExitStatus() != 3 {
			t.Fatalf("%+v, %v", exit, err)
		}
		detach(t, l)
		l = lasting(t, dir)
		if err := l.Recover([]container.Spec{spec}); err != nil {
			t.Fatal(err)
		}
	}
	l.Release(spec.ID)
	detach(t, l)
	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Wait(t.Context(), spec.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("after its release: %v", err)
	}
}

func TestContainersNobodyTakesOverEnd(t *testing.T) {
	// covers: SlaveRecoveryTest.DISABLED_RecoveryTimeout
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec, patient := outliving(t, "sleep 1000"), outliving(t, "sleep 1000")
	spec.Outlive = time.Second
	pid, patientPid := containertest.Launch(t, l, spec), containertest.Launch(t, l, patient)
	detach(t, l)
	containertest.Until(t, "it ends when no agent comes", func() bool { return !runs(pid) })
	if !runs(patientPid) {
		t.Error("one that may wait longer ended too")
	}
	l = lasting(t, dir)
	if err := l.Recover(nil); err != nil { // the new agent knows nothing of the other
		t.Fatal(err)
	}
	containertest.Until(t, "what the agent does not know ends", func() bool { return !runs(patientPid) })
}

func TestContainersOfADeadSupervisorAreLostAndSweptUp(t *testing.T) {
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec := outliving(t, "setsid sleep 1000")
	pid := containertest.Launch(t, l, spec)
	supervisorPid := container.SupervisorPid(l)
	detach(t, l)
	if err := syscall.Kill(supervisorPid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Status(spec.ID); mesos.KindOf(err) != mesos.NotFound || runs(pid) {
		t.Errorf("the container is known (%v), or runs (%v)", err, runs(pid))
	}
}

// TestSupervisorOfAnotherVersion speaks as an agent of the first version did,
// byte by byte: containers must survive upgrades, so this never changes.
func TestSupervisorOfAnotherVersion(t *testing.T) {
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	spec := outliving(t, "sleep 1000")
	pid := containertest.Launch(t, l, spec)
	detach(t, l)
	conn, err := supervise.Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(request string) supervise.Message {
		if _, err := conn.WriteString(string([]byte{0, 0, 0, byte(len(request))}) + request); err != nil {
			t.Fatal(err)
		}
		m, err := supervise.ReadMessage(conn)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := ask("\x01\x05\x00\x00\x00\x01"); m.Seq != 1 || m.Version == 0 { // hello, version 1
		t.Errorf("hello: %+v", m)
	}
	id := string(rune(len(spec.ID))) + string(spec.ID)
	if m := ask("\x02\x06" + id + "\x00"); m.Seq != 2 || len(m.Pids) != 1 || m.Pids[0] != pid { // adopt
		t.Errorf("adopt: %+v", m)
	}
	// One of a later version: a longer message, and an operation that is not known.
	if m := ask("\x03\x7f" + id + "\x00\x00\x09\x01\x02\x03"); m.Errno != int(syscall.ENOSYS) {
		t.Errorf("an operation of the future: %+v", m)
	}
	if m := ask("\x04\x09\x00\x00"); m.Seq != 4 { // shut down
		t.Errorf("shut down: %+v", m)
	}
}
