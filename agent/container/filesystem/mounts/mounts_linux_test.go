package mounts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/mounts"
)

func root(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	if err := mounts.Supported(); err != nil {
		t.Skip(err)
	}
}

// bind mounts a directory for the length of a test.
func bind(t *testing.T, source, target string) {
	t.Helper()
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestMountOfAPath(t *testing.T) {
	// covers: FsTest.ROOT_FindTargetInMountInfoTable
	// covers: FsTest.MountTableRead
	root(t)
	dir := t.TempDir()
	// "target" is the beginning of "targetDir", and no directory above it.
	for _, name := range []string{"sourceDir", "targetDir", "source", "target"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sourceFile", "targetFile", "sourceDir/file"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for source, target := range map[string]string{"sourceDir": "targetDir", "sourceFile": "targetFile", "source": "target"} {
		bind(t, filepath.Join(dir, source), filepath.Join(dir, target))
	}
	for path, want := range map[string]string{
		"targetDir": "targetDir", "targetDir/file": "targetDir", "targetFile": "targetFile", "target": "target",
	} {
		m, err := mounts.Of(filepath.Join(dir, path))
		if err != nil || m.Mountpoint != filepath.Join(dir, want) {
			t.Errorf("%s is on %v, %v, want %s", path, m, err, want)
		}
	}
	if m, err := mounts.Of("/proc"); err != nil || m.FSType != "proc" {
		t.Errorf("/proc is on %+v, %v", m, err)
	}
	if m, err := mounts.Of(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there is on %v, %v", m, err)
	}
}

func TestSharedMount(t *testing.T) {
	// covers: FsTest.ROOT_SharedMount
	// covers: FsTest.ROOT_SlaveMount
	root(t)
	dir := t.TempDir()
	bind(t, dir, dir)
	for _, c := range []struct {
		propagation uintptr
		shared      bool
	}{{unix.MS_PRIVATE, false}, {unix.MS_SHARED, true}, {unix.MS_SLAVE, false}} {
		if err := unix.Mount("", dir, "", c.propagation, ""); err != nil {
			t.Fatal(err)
		}
		m, err := mounts.Of(dir)
		if err != nil || mounts.Shared(m) != c.shared {
			t.Errorf("a mount with propagation %#x is shared: %v, %v", c.propagation, err == nil && mounts.Shared(m), err)
		}
	}
}

// other starts a process in a mount namespace of its own and returns how to reach
// a path of it from here.
func other(t *testing.T) (pid int, path func(string) string) {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid, func(name string) string {
		return filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "root", name)
	}
}

func TestAttachShowsADirectoryInAnotherNamespace(t *testing.T) {
	// covers: FsTest.ROOT_ReadOnlyMount
	root(t)
	dir := t.TempDir()
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "target")
	for _, name := range []string{source, target} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pid, in := other(t)
	ns, err := mounts.In(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	for range 2 { // the second time there is nothing to do
		if err := ns.Attach(source, dir, "target", true); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(source, "file"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(in(filepath.Join(target, "file"))); string(data) != "abc" {
		t.Errorf("in the namespace is %q, %v", data, err)
	}
	if err := os.WriteFile(in(filepath.Join(target, "other")), nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Errorf("write to what is read-only: %v", err)
	}
	if _, err := os.Stat(filepath.Join(target, "file")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is seen here too: %v", err)
	}
	if err := ns.Detach(dir, "target"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(in(filepath.Join(target, "file"))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still in the namespace: %v", err)
	}
	if err := ns.Detach(dir, "target"); err != nil {
		t.Errorf("nothing is there to be detached: %v", err)
	}
}

func TestAttachFollowsNoLink(t *testing.T) {
	root(t)
	dir := t.TempDir()
	if err := os.Symlink("/tmp", filepath.Join(dir, "target")); err != nil {
		t.Fatal(err)
	}
	pid, _ := other(t)
	ns, err := mounts.In(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	if err := ns.Attach(dir, dir, "target", false); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("attach over a link = %v", err)
	}
}

func TestNamespaceOfAProcessThatIsGone(t *testing.T) {
	root(t)
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ns, err := mounts.In(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := ns.Attach("/tmp", "/", "tmp", false); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("attach = %v", err)
	}
	if _, err := mounts.In(cmd.Process.Pid); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("in = %v", err)
	}
}
