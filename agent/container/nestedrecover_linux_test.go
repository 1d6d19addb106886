package container_test

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestNestedContainersAreTakenOver(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverNested
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DestroyDebugContainerOnRecover
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	parent := outliving(t, "exec sleep 1000")
	parent.Environment = []string{"KEY=agent"}
	child, grandchild := family(t, l, parent)
	ended, ends, session := nested(parent.ID, "ended", "exit 4"), nested(parent.ID, "ends", "exec sleep 1000"), nested(child.ID, "session", "exec sleep 1000")
	containertest.Launch(t, l, ended)
	containertest.Wait(t, l, ended.ID)
	end := containertest.Launch(t, l, ends)
	session.Debug = true
	sessionPid := containertest.Launch(t, l, session)
	detach(t, l)
	containertest.Until(t, "the session ends with the agent", func() bool { return !runs(sessionPid) })
	if err := syscall.Kill(end, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "a nested container may end while there is no agent", func() bool { return !runs(end) })

	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{parent}); err != nil {
		t.Fatal(err)
	}
	if exit, err := l.Wait(t.Context(), ended.ID); err != nil || exit.Status.ExitStatus() != 4 {
		t.Errorf("one that had ended: %+v, %v", exit, err)
	}
	if exit, err := l.Wait(t.Context(), ends.ID); err != nil || exit.Status.Signal() != syscall.SIGTERM {
		t.Errorf("one that ended meanwhile: %+v, %v", exit, err)
	}
	if list := ids(l); !slices.Equal(list, []mesos.ContainerID{parent.ID, child.ID, grandchild.ID}) {
		t.Errorf("containers = %v", list)
	}
	// A session in a container that was taken over has its environment, and is where it is.
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DebugNestedContainerInheritsEnvironment
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DebugNestedContainerInheritsWorkingDirectory
	session = nested(parent.ID, "session", "echo $KEY; pwd")
	session.Debug = true
	containertest.Launch(t, l, session)
	containertest.Wait(t, l, session.ID)
	session.Sandbox = filepath.Join(parent.Sandbox, "containers/session")
	if out := containertest.Read(t, session, "stdout"); out != "agent\n"+parent.Sandbox+"\n" {
		t.Errorf("stdout of a session = %q", out)
	}
	// covers: AgentContainerAPITest.RecoverNestedContainer
	if err := l.SignalFirst(grandchild.ID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, grandchild.ID); exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("one that was taken over and killed: %+v", exit)
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "containers")); err != nil || len(left) > 0 {
		t.Errorf("records left: %v, %v", left, err)
	}
}

// A supervisor keeps how a container ended for as long as nobody has written that
// down, and ends with its agent if there is nothing to keep.
func TestSupervisorWithNothingToKeepEndsWithItsAgent(t *testing.T) {
	l := lasting(t, containertest.RuntimeDir(t))
	parent, standalone := outliving(t, "exec sleep 1000"), outliving(t, "exit 3")
	standalone.Standalone = true
	child, _ := family(t, l, parent)
	ended := nested(parent.ID, "ended", "exit 4")
	containertest.Launch(t, l, ended)
	containertest.Launch(t, l, standalone)
	for _, id := range []mesos.ContainerID{ended.ID, standalone.ID} {
		containertest.Wait(t, l, id)
	}
	if err := l.Destroy(t.Context(), child.ID); err != nil {
		t.Fatal(err)
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	l.Release(parent.ID)
	supervisor := container.SupervisorPid(l)
	detach(t, l)
	containertest.Until(t, "the supervisor ends", func() bool { return !runs(supervisor) })
}

func TestNestedContainersOfNobodyAreEnded(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverNestedWithoutSlaveState
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverNestedContainersWithLauncherOrphans
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverLauncherOrphans
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverNestedLauncherOrphans
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverMultipleNestedLauncherOrphans
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverLauncherOrphanAndMultipleNestedLauncherOrphans
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RecoverLauncherOrphanAndSingleNestedLauncherOrphan
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	parent, other := outliving(t, "exec sleep 1000"), outliving(t, "exec sleep 1000")
	family(t, l, parent)
	child, _ := family(t, l, other)
	var pids []int
	for _, id := range ids(l) {
		status, err := l.Status(id)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, int(status.GetExecutorPid()))
	}
	detach(t, l)
	// What was written down of one that goes on is lost: it is nobody's then.
	if err := os.RemoveAll(filepath.Join(dir, "containers", string(other.ID), "containers")); err != nil {
		t.Fatal(err)
	}
	l = lasting(t, dir)
	if err := l.Recover([]container.Spec{other}); err != nil {
		t.Fatal(err)
	}
	if list := ids(l); !slices.Equal(list, []mesos.ContainerID{other.ID}) {
		t.Errorf("containers = %v", list)
	}
	status, err := l.Status(other.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if pid != int(status.GetExecutorPid()) {
			containertest.Until(t, "one that is nobody's ends", func() bool { return !runs(pid) })
		}
	}
	if _, err := l.Wait(t.Context(), child.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("wait = %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "containers", string(parent.ID))); !os.IsNotExist(err) {
		t.Errorf("its record is there: %v", err)
	}
}

func TestStandaloneContainersAreFoundAgain(t *testing.T) {
	dir, workDir := containertest.RuntimeDir(t), t.TempDir()
	config := container.Config{RuntimeDir: dir, WorkDir: workDir}
	l := containertest.New(t, config)
	alone := func(id mesos.ContainerID, command string) container.Spec {
		return container.Spec{ID: id, Standalone: true, Outlive: time.Minute, Command: containertest.Shell(command)}
	}
	running, ended := alone("running", "exec sleep 1000"), alone("ended", "pwd; exit 5")
	child, _ := family(t, l, running)
	containertest.Launch(t, l, ended)
	containertest.Wait(t, l, ended.ID)
	detach(t, l)

	l = containertest.New(t, config)
	if err := l.Recover(nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range l.Containers() {
		if !c.Standalone {
			t.Errorf("%s is not standalone", c.ID)
		}
	}
	if n := len(l.Containers()); n != 3 {
		t.Errorf("%d containers, want 3", n)
	}
	if exit, err := l.Wait(t.Context(), ended.ID); err != nil || exit.Status.ExitStatus() != 5 {
		t.Errorf("exit = %+v, %v", exit, err)
	}
	ended.Sandbox = filepath.Join(workDir, "containers/ended")
	if out := containertest.Read(t, ended, "stdout"); out != ended.Sandbox+"\n" {
		t.Errorf("stdout = %q", out)
	}
	if err := l.Remove(ended.ID); err != nil {
		t.Error(err)
	}
	if err := l.Destroy(t.Context(), running.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Wait(t.Context(), child.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("wait for what was nested = %v", err)
	}
	if err := l.Remove(running.ID); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{dir, workDir} {
		if left, err := os.ReadDir(filepath.Join(dir, "containers")); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}
