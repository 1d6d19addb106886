package gids_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/mesos"
)

// open makes a manager of the groups from 10000 to 10001, in a directory that has
// a volume "v" with a file.
func open(t *testing.T, dir string, rebooted bool) *gids.Manager {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give groups")
	}
	m, err := gids.Open(filepath.Join(dir, "meta", "gids"), mesos.Ranges{{Begin: 10000, End: 10001}}, rebooted)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func volume(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Join(path, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "inner", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func stat(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}

func allocate(t *testing.T, m *gids.Manager, path string, kind gids.Kind, want uint32) {
	t.Helper()
	if gid, err := m.Allocate(path, kind); err != nil || gid != want {
		t.Errorf("group of %s = %d, %v, want %d", path, gid, err, want)
	}
}

func TestAVolumeHasOneGroupWhoeverAsks(t *testing.T) {
	// covers: VolumeGidManagerTest.ROOT_UNPRIVILEGED_USER_GidReused
	dir := t.TempDir()
	m := open(t, dir, false)
	path := volume(t, dir, "v")
	for range 2 {
		allocate(t, m, path, gids.Persistent, 10000)
	}
	if m.Total() != 2 || m.Free() != 1 {
		t.Errorf("%d of %d groups are free", m.Free(), m.Total())
	}
	for _, name := range []string{"", "inner", "inner/file"} {
		st := stat(t, filepath.Join(path, name))
		if st.Gid != 10000 || st.Uid != 0 {
			t.Errorf("%q belongs to %d:%d", name, st.Uid, st.Gid)
		}
		if directory := name != "inner/file"; directory && st.Mode&0o7777 != 0o2775 {
			t.Errorf("%q has mode %o", name, st.Mode)
		}
	}
	// What a nested container uses of a persistent volume is of its group, too.
	allocate(t, m, filepath.Join(path, "inner"), gids.Sandbox, 10000)
}

func TestNoGroupIsLeft(t *testing.T) {
	// covers: VolumeGidManagerTest.ROOT_UNPRIVILEGED_USER_GidRangeExhausted
	dir := t.TempDir()
	m := open(t, dir, false)
	allocate(t, m, volume(t, dir, "a"), gids.Sandbox, 10000)
	allocate(t, m, volume(t, dir, "b"), gids.Sandbox, 10001)
	c := volume(t, dir, "c")
	if gid, err := m.Allocate(c, gids.Sandbox); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("a third group = %d, %v", gid, err)
	}
	if err := m.Release(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	allocate(t, m, c, gids.Sandbox, 10000)
}

func TestSandboxesVolumeLosesItsGroupWithTheContainer(t *testing.T) {
	// covers: VolumeGidManagerTest.ROOT_UNPRIVILEGED_USER_SlaveRecovery
	dir := t.TempDir()
	path := volume(t, dir, "sandbox/shared")
	beside := volume(t, dir, "sandbox2")
	first := open(t, dir, false)
	allocate(t, first, path, gids.Sandbox, 10000)
	allocate(t, first, beside, gids.Sandbox, 10001)
	// The next agent knows what the first one gave.
	m := open(t, dir, false)
	if m.Free() != 0 {
		t.Errorf("%d groups are free after a restart", m.Free())
	}
	if err := m.Release(filepath.Join(dir, "sandbox")); err != nil {
		t.Fatal(err)
	}
	if st := stat(t, path); st.Gid != 0 || st.Mode&0o7777 != 0o755 {
		t.Errorf("the volume has group %d, mode %o", st.Gid, st.Mode)
	}
	if st := stat(t, beside); st.Gid != 10001 {
		t.Errorf("the volume of another has group %d", st.Gid)
	}
}

func TestAfterARebootSandboxesHaveNoGroups(t *testing.T) {
	// covers: VolumeGidManagerTest.ROOT_UNPRIVILEGED_USER_SlaveReboot
	dir := t.TempDir()
	path, persistent := volume(t, dir, "sandbox/shared"), volume(t, dir, "v")
	m := open(t, dir, false)
	allocate(t, m, path, gids.Sandbox, 10000)
	allocate(t, m, persistent, gids.Persistent, 10001)
	if m = open(t, dir, true); m.Free() != 1 {
		t.Errorf("%d groups are free", m.Free())
	}
	if st := stat(t, path); st.Gid != 0 {
		t.Errorf("the sandbox's volume has group %d", st.Gid)
	}
	if st := stat(t, persistent); st.Gid != 10001 {
		t.Errorf("the persistent volume has group %d", st.Gid)
	}
	// A volume that was destroyed meanwhile has no use for its group.
	if err := os.RemoveAll(persistent); err != nil {
		t.Fatal(err)
	}
	if m = open(t, dir, false); m.Free() != 2 {
		t.Errorf("%d groups are free, want both", m.Free())
	}
}

// TestGroupReachesNothingOutside: a task may have put links to what is not its own.
func TestGroupReachesNothingOutside(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir, false)
	path, outside := volume(t, dir, "v"), volume(t, dir, "outside")
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(outside, "inner/file"), filepath.Join(path, "hard")); err != nil {
		t.Fatal(err)
	}
	allocate(t, m, path, gids.Persistent, 10000)
	for _, name := range []string{"", "inner", "inner/file"} {
		if st := stat(t, filepath.Join(outside, name)); st.Gid != 0 {
			t.Errorf("outside, %q has group %d", name, st.Gid)
		}
	}
	if st := stat(t, filepath.Join(path, "link")); st.Gid != 10000 {
		t.Errorf("the link has group %d", st.Gid)
	}
}

func TestRange(t *testing.T) {
	// covers: VolumeGidManagerTest.ROOT_Flag
	if got, err := gids.ParseRange("[10000-20000]"); err != nil || got.Len() != 10001 {
		t.Errorf("range = %v, %v", got, err)
	}
	for _, bad := range []string{"", "10000-20000", "10000", "[]", "[0-5]", "[5-4]", "[1-4294967295]", "{a,b}", "[foo-bar]"} {
		if got, err := gids.ParseRange(bad); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("range %q = %v, %v", bad, got, err)
		}
	}
}
