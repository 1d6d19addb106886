package linux_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// said is what a session in a container writes.
func said(t *testing.T, l *container.Local, parent mesos.ContainerID, name mesos.ContainerID, command string) (text string) {
	t.Helper()
	out, err := l.LaunchSession(t.Context(), container.Spec{
		ID: parent + "." + name, Debug: true, Stdin: true, Command: containertest.Shell(command),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for {
		chunk, err := out.Next()
		if errors.Is(err, io.EOF) {
			return text
		}
		if err != nil {
			t.Fatal(err)
		}
		text += string(chunk.Data)
	}
}

func TestSessionIsInTheNamespacesOfItsContainer(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_LaunchNestedDebugCheckPidNamespace
	l := with(t, linux.Config{}, linux.Pids)
	parent := asking(t, "exec sleep 1000", nil)
	pid := containertest.Launch(t, l, parent)
	const show = "readlink /proc/self/ns/pid; readlink /proc/self/ns/mnt; cat /proc/1/cmdline | tr '\\0' ' '"
	want := namespace(t, pidOf(pid), "pid") + "\n" + namespace(t, pidOf(pid), "mnt") + "\nmesosctl init "
	if got := said(t, l, parent.ID, "session", show); got != want {
		t.Errorf("it is in %q, want %q", got, want)
	}
}

func TestSessionSeesWhatItsContainerHasMounted(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_LaunchNestedDebugAfterUnshareMntNamespace
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("there is no unshare(1)")
	}
	l := with(t, linux.Config{})
	parent := asking(t, `mkdir m; exec unshare -m sh -c 'mount -t tmpfs tmpfs m && echo inside > m/file && echo > ready && exec sleep 1000'`, nil)
	containertest.Launch(t, l, parent)
	containertest.Until(t, "it has mounted something", func() bool {
		_, err := os.Stat(filepath.Join(parent.Sandbox, "ready"))
		return err == nil
	})
	if got := said(t, l, parent.ID, "session", "cat m/file"); got != "inside\n" {
		t.Errorf("it sees %q", got)
	}
	if _, err := os.Stat(filepath.Join(parent.Sandbox, "m/file")); !os.IsNotExist(err) {
		t.Errorf("so does the host: %v", err)
	}
}

func TestNestedContainerSharesItsParentsPids(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_LaunchNestedSharePidNamespace
	l := with(t, linux.Config{}, linux.Pids)
	parent := asking(t, "exec sleep 1000", nil)
	pid := containertest.Launch(t, l, parent)
	for _, shares := range []bool{true, false} {
		child := nested(t, parent, fmt.Sprint("child-", shares), "readlink /proc/self/ns/pid", &mesospb.LinuxInfo{SharePidNamespace: &shares})
		if got, its := output(t, l, child), namespace(t, pidOf(pid), "pid"); (got == its) != shares {
			t.Errorf("namespace = %s, its parent's is %s, shared: %v", got, its, shares)
		}
	}
}
