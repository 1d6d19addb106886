package container_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// nested is a container in another.
func nested(parent mesos.ContainerID, name, command string) container.Spec {
	return container.Spec{ID: parent + "." + mesos.ContainerID(name), Command: containertest.Shell(command)}
}

// family launches a container with a child and a grandchild.
func family(t *testing.T, l *container.Local, parent container.Spec) (child, grandchild container.Spec) {
	t.Helper()
	containertest.Launch(t, l, parent)
	child = nested(parent.ID, "child", "exec sleep 1000")
	containertest.Launch(t, l, child)
	grandchild = nested(child.ID, "grandchild", "exec sleep 1000")
	containertest.Launch(t, l, grandchild)
	return child, grandchild
}

func ids(l *container.Local) (list []mesos.ContainerID) {
	for _, c := range l.Containers() {
		list = append(list, c.ID)
	}
	return list
}

func TestNestedContainerHasItsOwnSandboxInItsParents(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_LaunchNested
	l := containertest.New(t, container.Config{})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	containertest.Launch(t, l, parent)
	child := nested(parent.ID, "child", "pwd; echo $MESOS_SANDBOX; exit 42")
	containertest.Launch(t, l, child)
	if exit := containertest.Wait(t, l, child.ID); exit.Status.ExitStatus() != 42 {
		t.Errorf("exit = %+v", exit)
	}
	child.Sandbox = filepath.Join(parent.Sandbox, "containers/child")
	if out := containertest.Read(t, child, "stdout"); out != child.Sandbox+"\n"+child.Sandbox+"\n" {
		t.Errorf("stdout = %q, want its sandbox %s", out, child.Sandbox)
	}
	// The end of a nested container does nothing to what it was nested in.
	if _, err := l.Status(parent.ID); err != nil {
		t.Error(err)
	}
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_TerminatedNestedStatus
	if exit := containertest.Wait(t, l, child.ID); exit.Status.ExitStatus() != 42 {
		t.Errorf("exit, once more = %+v", exit)
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Wait(t.Context(), child.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("wait for the child of a container that is gone = %v", err)
	}
}

func TestNestedContainerNeedsAParentThatRuns(t *testing.T) {
	l := containertest.New(t, container.Config{})
	launch := func(spec container.Spec, says string) {
		t.Helper()
		if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("launch = %v, want it to say %q", err, says)
		}
	}
	launch(nested("nobody", "child", "true"), "nobody does not exist")
	parent := containertest.Spec(t, containertest.Shell("true"))
	containertest.Run(t, l, parent)
	launch(nested(parent.ID, "child", "true"), "does not run")
	launch(nested(parent.ID, "", "true"), "not an id")
	launch(container.Spec{ID: "a", Sandbox: "/a", Debug: true, Command: containertest.Shell("true")}, "DEBUG")
	if list := ids(l); len(list) != 0 {
		t.Errorf("containers = %v, want none", list)
	}
}

func TestDestroyBeginsWithTheInnermost(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DestroyNested
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DestroyParent
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_WaitAfterDestroy
	order := &recorder{}
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{order}})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	child, grandchild := family(t, l, parent)
	if list := ids(l); !slices.Equal(list, []mesos.ContainerID{parent.ID, child.ID, grandchild.ID}) {
		t.Errorf("containers = %v", list)
	}
	// Whom it does not contain goes on.
	if err := l.Destroy(t.Context(), grandchild.ID); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, grandchild.ID); exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("exit = %+v", exit)
	}
	again := nested(child.ID, "again", "exec sleep 1000")
	containertest.Launch(t, l, again)
	exits := make(chan container.Exit, 3)
	for _, id := range []mesos.ContainerID{parent.ID, child.ID, again.ID} {
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			exits <- containertest.Wait(t, l, id)
		}()
		<-waiting
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	for range cap(exits) {
		if exit := <-exits; exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("exit = %+v", exit)
		}
	}
	if want := []mesos.ContainerID{grandchild.ID, again.ID, child.ID, parent.ID}; !slices.Equal(order.cleaned, want) {
		t.Errorf("they went in the order %v, want %v", order.cleaned, want)
	}
}

// recorder is an isolator that notes whom it cleaned up after.
type recorder struct {
	container.Passive
	prepared, cleaned []mesos.ContainerID
}

func (r *recorder) Nests() bool { return true }

func (r *recorder) Prepare(_ context.Context, plan *container.Plan) error {
	r.prepared = append(r.prepared, plan.Spec.ID)
	return nil
}

func (r *recorder) Cleanup(_ context.Context, id mesos.ContainerID) error {
	r.cleaned = append(r.cleaned, id)
	return nil
}

// loner is one that does not nest.
type loner struct{ recorder }

func (*loner) Nests() bool { return false }

func TestIsolatorsThatDoNotNestAreLeftOut(t *testing.T) {
	alone, with := &loner{}, &recorder{}
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{alone, with}})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	child, grandchild := family(t, l, parent)
	if !slices.Equal(alone.prepared, []mesos.ContainerID{parent.ID}) || !slices.Equal(with.prepared, []mesos.ContainerID{parent.ID, child.ID, grandchild.ID}) {
		t.Errorf("prepared %v and %v", alone.prepared, with.prepared)
	}
	if _, err := l.Usage(t.Context(), grandchild.ID); err != nil {
		t.Error(err)
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(alone.cleaned, []mesos.ContainerID{parent.ID}) {
		t.Errorf("cleaned %v", alone.cleaned)
	}
}

func TestEndOfAContainerEndsWhatIsNestedInIt(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_ParentExit
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_ParentSigterm
	l := containertest.New(t, container.Config{})
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGUSR1} {
		parent := containertest.Spec(t, containertest.Shell("trap 'exit 3' USR1; echo > ready; while :; do sleep 0.01; done"))
		child, grandchild := family(t, l, parent)
		containertest.Until(t, "the parent is ready", func() bool {
			_, err := os.Stat(filepath.Join(parent.Sandbox, "ready"))
			return err == nil
		})
		status, err := l.Status(grandchild.ID)
		if err != nil {
			t.Fatal(err)
		}
		children := make(chan container.Exit, 1)
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			children <- containertest.Wait(t, l, child.ID)
		}()
		<-waiting
		if err := l.SignalFirst(parent.ID, end); err != nil {
			t.Fatal(err)
		}
		exit := containertest.Wait(t, l, parent.ID)
		if end == syscall.SIGTERM && exit.Status.Signal() != end || end == syscall.SIGUSR1 && exit.Status.ExitStatus() != 3 {
			t.Errorf("parent: %+v", exit)
		}
		if exit := <-children; exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("child: %+v", exit)
		}
		if runs(int(status.GetExecutorPid())) {
			t.Error("the grandchild outlived them")
		}
	}
}

func TestSessionIsInItsParent(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DebugNestedContainerInheritsEnvironment
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DebugNestedContainerInheritsMesosSandbox
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_DebugNestedContainerInheritsWorkingDirectory
	l := containertest.New(t, container.Config{})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	parent.Environment = []string{"KEY=agent", "MORE=agent"}
	parent.Command.Environment = variableOf("MORE", "parent")
	containertest.Launch(t, l, parent)
	const show = `echo "$KEY $MORE $OWN $MESOS_SANDBOX"; pwd; echo > made`
	session := nested(parent.ID, "session", show)
	session.Debug, session.Command.Environment = true, variableOf("OWN", "session")
	containertest.Launch(t, l, session)
	containertest.Wait(t, l, session.ID)
	session.Sandbox = filepath.Join(parent.Sandbox, "containers/session")
	want := "agent parent session " + parent.Sandbox + "\n" + parent.Sandbox + "\n"
	if out := containertest.Read(t, session, "stdout"); out != want {
		t.Errorf("stdout = %q, want %q", out, want)
	}
	// One of the other class has nothing of its parent's environment.
	child := nested(parent.ID, "child", show)
	containertest.Launch(t, l, child)
	containertest.Wait(t, l, child.ID)
	child.Sandbox = filepath.Join(parent.Sandbox, "containers/child")
	if out := containertest.Read(t, child, "stdout"); out != "   "+child.Sandbox+"\n"+child.Sandbox+"\n" {
		t.Errorf("stdout = %q", out)
	}
}

func variableOf(name, value string) *mesospb.Environment {
	return &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: &name, Value: &value}}}
}

func TestNothingOfTheAgentsEnvironmentIsNested(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_AgentEnvironmentNotLeaked
	t.Setenv("LIBPROCESS_PORT", "1")
	l := containertest.New(t, container.Config{})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	containertest.Launch(t, l, parent)
	child := nested(parent.ID, "child", `test -z "$LIBPROCESS_PORT"`)
	containertest.Launch(t, l, child)
	if exit := containertest.Wait(t, l, child.ID); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
}

func TestRemove(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_Remove
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_RemoveAfterParentDestroyed
	l := containertest.New(t, container.Config{})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	child, grandchild := family(t, l, parent)
	if err := l.Remove(child.ID); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("remove of one that runs = %v", err)
	}
	if err := l.Destroy(t.Context(), child.ID); err != nil {
		t.Fatal(err)
	}
	sandbox := filepath.Join(parent.Sandbox, "containers/child")
	if _, err := os.Stat(sandbox); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Remove(child.ID); err != nil {
			t.Errorf("remove = %v", err)
		}
	}
	if _, err := os.Stat(sandbox); !os.IsNotExist(err) {
		t.Errorf("the sandbox is there: %v", err)
	}
	for _, id := range []mesos.ContainerID{child.ID, grandchild.ID} {
		if _, err := l.Wait(t.Context(), id); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("wait for %s = %v", id, err)
		}
	}
	other := nested(parent.ID, "other", "exit 1")
	containertest.Launch(t, l, other)
	containertest.Wait(t, l, other.ID)
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []mesos.ContainerID{parent.ID, other.ID, "nobody", "nobody.child"} {
		if err := l.Remove(id); err == nil {
			t.Errorf("%s was removed", id)
		}
	}
}

func TestNestedContainerOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run containers as another user")
	}
	l := containertest.New(t, container.Config{})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	parent.User = "nobody"
	containertest.Launch(t, l, parent)
	for user, want := range map[string]string{"": "nobody", "daemon": "daemon"} {
		child := nested(parent.ID, "child"+user, "id -un; test -w .")
		child.User = user
		containertest.Launch(t, l, child)
		exit := containertest.Wait(t, l, child.ID)
		child.Sandbox = filepath.Join(parent.Sandbox, "containers/child"+user)
		if out := containertest.Read(t, child, "stdout"); out != want+"\n" || exit.Status != 0 {
			t.Errorf("it runs as %q (%+v), want %s", out, exit, want)
		}
	}
}
