package workdir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestADeepTreeTakesFewDescriptors(t *testing.T) {
	d := open(t)
	d.write(t, "sandbox/file")
	fd, err := unix.Open(filepath.Join(d.path, "sandbox"), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 * maxDepth {
		if err := unix.Mkdirat(fd, "down", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(fd, "down", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
		fd = next
	}
	unix.Close(fd)
	where, err := d.Discard("sandbox")
	if err == nil {
		err = d.Remove(context.Background(), where)
	}
	if err != nil {
		t.Fatal(err)
	}
	if left := d.Discarded(); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// A container may leave something mounted in its sandbox, such as a volume.
//
// covers: GarbageCollectorIntegrationTest.ROOT_DanglingMount
func TestWhatIsMountedInASandboxStays(t *testing.T) {
	needsRoot(t)
	d := open(t)
	d.write(t, "volumes/roles/r/v/precious")
	d.write(t, "sandbox/stdout")
	d.write(t, "sandbox/a name/file")
	for _, dir := range []string{"a name", "a name"} { // one over the other
		if err := unix.Mount(filepath.Join(d.path, "volumes/roles/r/v"), filepath.Join(d.path, "sandbox", dir), "", unix.MS_BIND, ""); err != nil {
			t.Skipf("no mounts here: %v", err)
		}
	}
	where, err := d.Discard("sandbox")
	if err == nil {
		err = d.Remove(context.Background(), where)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.wants(t, where, false)
	d.wants(t, "sandbox", false)
	d.wants(t, "volumes/roles/r/v/precious", true)
	if points, err := mountPoints(); err != nil || strings.Contains(strings.Join(points, "\n"), d.path) {
		t.Errorf("mounted: %q, %v", points, err)
	}
}

// Who looks for mounts may be too late for one; then it is not entered.
func TestAMountIsNotEntered(t *testing.T) {
	needsRoot(t)
	d := open(t)
	d.write(t, "precious/file")
	d.write(t, "sandbox/mounted/hidden")
	d.write(t, "sandbox/other/file")
	point := filepath.Join(d.path, "sandbox/mounted")
	if err := unix.Mount(filepath.Join(d.path, "precious"), point, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(point, 0) })
	top, err := os.Open(d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer top.Close()
	r := &remover{ctx: context.Background(), top: top, prefix: "x"}
	r.remove(top, "sandbox", 0)
	if r.failed == nil {
		t.Error("no error")
	}
	d.wants(t, "precious/file", true)
	d.wants(t, "sandbox/other", false)
}

// What can't be removed does not keep the rest, and it is told of.
func TestAnImmutableFileIsLeftAlone(t *testing.T) {
	needsRoot(t)
	d := open(t)
	d.write(t, "sandbox/a/stays")
	d.write(t, "sandbox/b/goes")
	file, err := os.Open(filepath.Join(d.path, "sandbox/a/stays"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const immutable = 0x10 // FS_IMMUTABLE_FL
	if err := unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, immutable); err != nil {
		t.Skipf("no immutable files here: %v", err)
	}
	defer func() { _ = unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, 0) }()
	where, err := d.Discard("sandbox")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(context.Background(), where); !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "stays") {
		t.Errorf("error %v", err)
	}
	d.wants(t, where+"/a/stays", true)
	d.wants(t, where+"/b", false)
}

// A container may take from its files the permissions that removing them needs.
func TestModesDoNotKeepTheOwnerFromRemoving(t *testing.T) {
	d := open(t)
	d.write(t, "sandbox/readonly/module/file")
	d.write(t, "sandbox/closed/file")
	for dir, mode := range map[string]os.FileMode{"readonly/module": 0o555, "readonly": 0o555, "closed": 0} {
		if err := os.Chmod(filepath.Join(d.path, "sandbox", dir), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Remove(context.Background(), "sandbox"); err != nil {
		t.Error(err)
	}
	d.wants(t, "sandbox", false)
}
