package linux_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// covers: NamespacesIsolatorTest.ROOT_PidNamespace
// covers: NsTest.ROOT_getns
// covers: NsTest.SupportedNamespaces
func TestPidNamespace(t *testing.T) {
	l := with(t, linux.Config{}, linux.Pids)
	other := asking(t, "sleep 1000", nil)
	pid := containertest.Launch(t, l, other)
	if own := namespace(t, "self", "pid"); namespace(t, pidOf(pid), "pid") == own {
		t.Errorf("the container is in the agent's pid namespace %s", own)
	}
	stdout := output(t, l, asking(t, `readlink /proc/self/ns/pid; cat /proc/1/cmdline | tr '\0' ' '; echo; for p in /proc/[0-9]*; do tr '\0' ' ' < $p/cmdline; echo; done`, nil))
	lines := strings.Split(stdout, "\n")
	if lines[0] == namespace(t, "self", "pid") || lines[0] == namespace(t, pidOf(pid), "pid") {
		t.Errorf("it shares a pid namespace: %s", lines[0])
	}
	if lines[1] != "mesosctl init " || strings.Contains(stdout, "sleep 1000") {
		t.Errorf("stdout = %q, want its own init and nobody else's processes", stdout)
	}
}

// covers: NamespacesIsolatorTest.ROOT_SharePidNamespace
func TestSharePidNamespace(t *testing.T) {
	l := with(t, linux.Config{}, linux.Pids)
	shares := &mesospb.LinuxInfo{SharePidNamespace: new(true)}
	if got, want := output(t, l, asking(t, "readlink /proc/self/ns/pid", shares)), namespace(t, "self", "pid"); got != want {
		t.Errorf("namespace = %s, want the agent's %s", got, want)
	}
}

// covers: NamespacesIsolatorTest.ROOT_SharePidNamespaceWhenDisallow
func TestSharePidNamespaceWhenItIsDisallowed(t *testing.T) {
	l := with(t, linux.Config{DisallowSharingPids: true}, linux.Pids)
	shares := &mesospb.LinuxInfo{SharePidNamespace: new(true)}
	refused(t, l, asking(t, "true", shares), "share_pid_namespace")
	parent := asking(t, "sleep 1000", nil)
	pid := containertest.Launch(t, l, parent)
	child := nested(t, parent, "child", "readlink /proc/self/ns/pid; ls -d /proc/[0-9]* | wc -l", shares)
	lines := strings.Fields(output(t, l, child))
	if len(lines) != 2 || lines[0] != namespace(t, pidOf(pid), "pid") {
		t.Fatalf("a nested container's namespace = %v, want its parent's", lines)
	}
	if n, _ := strconv.Atoi(lines[1]); n < 3 || n > 6 {
		t.Errorf("it sees %d processes, want its parent's and its own", n)
	}
}

func TestNestedContainerWithAPidNamespaceOfItsOwn(t *testing.T) {
	l := with(t, linux.Config{}, linux.Pids)
	parent := asking(t, "sleep 1000", nil)
	pid := containertest.Launch(t, l, parent)
	stdout := output(t, l, nested(t, parent, "child", `readlink /proc/self/ns/pid; cat /proc/[0-9]*/cmdline | tr '\0' ' '`, nil))
	if strings.Contains(stdout, namespace(t, pidOf(pid), "pid")) || strings.Contains(stdout, "1000") {
		t.Errorf("stdout = %q, want nothing of its parent", stdout)
	}
}

const private, share = mesospb.LinuxInfo_PRIVATE, mesospb.LinuxInfo_SHARE_PARENT

func mode(m mesospb.LinuxInfo_IpcMode, megabytes uint32) *mesospb.LinuxInfo {
	info := &mesospb.LinuxInfo{IpcMode: &m}
	if megabytes != 0 {
		info.ShmSize = &megabytes
	}
	return info
}

// covers: NamespacesIsolatorTest.ROOT_INTERNET_IPCNamespaceWithIPCModeUnset
func TestIPCWithoutAMode(t *testing.T) {
	l := with(t, linux.Config{}, linux.IPC)
	parent := asking(t, "sleep 1000", nil)
	pid := containertest.Launch(t, l, parent)
	if namespace(t, pidOf(pid), "ipc") == namespace(t, "self", "ipc") {
		t.Error("the container is in the agent's ipc namespace")
	}
	child := nested(t, parent, "child", "readlink /proc/self/ns/ipc; stat -c %d /dev/shm", nil)
	if got, want := output(t, l, child), namespace(t, pidOf(pid), "ipc")+"\n"+device(t); got != want {
		t.Errorf("nested: %q, want the parent's namespace and the agent's /dev/shm: %q", got, want)
	}
}

// device is that of the agent's /dev/shm.
func device(t *testing.T) string {
	t.Helper()
	l := with(t, linux.Config{})
	return output(t, l, asking(t, "stat -c %d /dev/shm", nil))
}

// covers: NamespacesIsolatorTest.ROOT_INTERNET_IPCNamespaceWithIPCIsolatorDisabled
func TestIPCWithoutTheIsolator(t *testing.T) {
	l := with(t, linux.Config{})
	if got, want := output(t, l, asking(t, "readlink /proc/self/ns/ipc", nil)), namespace(t, "self", "ipc"); got != want {
		t.Errorf("namespace = %s, want the agent's %s", got, want)
	}
	refused(t, l, asking(t, "true", mode(private, 0)), "namespaces/ipc")
}

// covers: NamespacesIsolatorTest.ROOT_INTERNET_ShareIPCNamespace
func TestNestedContainersShareIPC(t *testing.T) {
	l := with(t, linux.Config{}, linux.IPC)
	parent := asking(t, "echo hers > /dev/shm/file; df --output=size -B1 /dev/shm | tail -1; echo ready >> pids; sleep 1000", mode(private, 16))
	pid := containertest.Launch(t, l, parent)
	ready(t, parent.Sandbox)
	ipc := namespace(t, pidOf(pid), "ipc")
	if ipc == namespace(t, "self", "ipc") {
		t.Error("the container is in the agent's ipc namespace")
	}
	if size := strings.TrimSpace(containertest.Read(t, parent, "stdout")); size != strconv.Itoa(16<<20) {
		t.Errorf("size of /dev/shm = %s, want 16 MB", size)
	}
	if _, err := os.Stat("/dev/shm/file"); err == nil {
		t.Error("the agent sees what is in the container's /dev/shm")
	}
	child := nested(t, parent, "child", "cat /dev/shm/file; echo ready >> pids; sleep 1000", mode(share, 0))
	childPid := containertest.Launch(t, l, child)
	ready(t, child.Sandbox)
	grandchild := nested(t, child, "child", "cat /dev/shm/file; readlink /proc/self/ns/ipc", mode(share, 0))
	if got := namespace(t, pidOf(childPid), "ipc"); got != ipc || containertest.Read(t, child, "stdout") != "hers\n" {
		t.Errorf("nested: namespace = %s, want %s", got, ipc)
	}
	if got := output(t, l, grandchild); got != "hers\n"+ipc {
		t.Errorf("nested in the nested: %q", got)
	}
	debug := nested(t, child, "debug", "cat /dev/shm/file; readlink /proc/self/ns/ipc", nil)
	debug.Debug = true
	if got := output(t, l, debug); got != "hers\n"+ipc {
		t.Errorf("debug: %q", got)
	}
}

// ready waits until a container says that it is.
func ready(t *testing.T, sandbox string) {
	t.Helper()
	containertest.Until(t, "the container is ready", func() bool {
		_, err := os.Stat(filepath.Join(sandbox, "pids"))
		return err == nil
	})
}

// covers: NamespacesIsolatorTest.ROOT_PrivateIPCNamespace
func TestNestedContainerWithPrivateIPC(t *testing.T) {
	l := with(t, linux.Config{ShmSize: 8 << 20}, linux.IPC)
	parent := asking(t, "echo hers > /dev/shm/file; echo ready >> pids; sleep 1000", mode(private, 0))
	pid := containertest.Launch(t, l, parent)
	ready(t, parent.Sandbox)
	child := nested(t, parent, "child", "ls /dev/shm; df --output=size -B1 /dev/shm | tail -1; readlink /proc/self/ns/ipc", mode(private, 0))
	stdout := output(t, l, child)
	if strings.Contains(stdout, "file") || strings.Contains(stdout, namespace(t, pidOf(pid), "ipc")) {
		t.Errorf("stdout = %q, want nothing of the parent's", stdout)
	}
	if !strings.HasPrefix(stdout, strconv.Itoa(8<<20)+"\n") {
		t.Errorf("stdout = %q, want the default size", stdout)
	}
}

// covers: NamespacesIsolatorTest.ROOT_INTERNET_ShareAgentIPCNamespace
func TestContainersShareTheAgentsIPC(t *testing.T) {
	l := with(t, linux.Config{}, linux.IPC)
	parent := asking(t, "stat -c %d /dev/shm; echo ready >> pids; sleep 1000", mode(share, 0))
	pid := containertest.Launch(t, l, parent)
	ready(t, parent.Sandbox)
	own := namespace(t, "self", "ipc")
	if got := namespace(t, pidOf(pid), "ipc"); got != own || strings.TrimSpace(containertest.Read(t, parent, "stdout")) != device(t) {
		t.Errorf("namespace = %s, want the agent's %s, and its /dev/shm", got, own)
	}
	child := nested(t, parent, "child", "readlink /proc/self/ns/ipc; stat -c %d /dev/shm", mode(share, 0))
	if got, want := output(t, l, child), own+"\n"+device(t); got != want {
		t.Errorf("nested: %q, want %q", got, want)
	}
}

// covers: NamespacesIsolatorTest.ROOT_DisallowShareAgentIPCNamespace
func TestSharingTheAgentsIPCIsDisallowed(t *testing.T) {
	l := with(t, linux.Config{DisallowSharingIPC: true}, linux.IPC)
	refused(t, l, asking(t, "true", mode(share, 0)), "ipc_mode")
}

// covers: NamespacesIsolatorTest.ROOT_NonePrivateIPCModeWithShmSize
func TestSizeOfSharedMemoryThatIsNotPrivate(t *testing.T) {
	l := with(t, linux.Config{}, linux.IPC)
	refused(t, l, asking(t, "true", mode(share, 16)), "shm_size")
	unset := &mesospb.LinuxInfo{ShmSize: new(uint32(16))}
	refused(t, l, asking(t, "true", unset), "shm_size")
}

// covers: NamespacesIsolatorTest.ROOT_DebugContainerWithPrivateIPCMode
func TestDebugContainerWithPrivateIPC(t *testing.T) {
	l := with(t, linux.Config{}, linux.IPC)
	parent := asking(t, "sleep 1000", mode(private, 0))
	containertest.Launch(t, l, parent)
	debug := nested(t, parent, "debug", "true", mode(private, 0))
	debug.Debug = true
	refused(t, l, debug, "DEBUG")
}
