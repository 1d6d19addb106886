package disk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/mesos"
)

const kilobytes = mesos.Bytes(1 << 10)

func write(t testing.TB, path string, size mesos.Bytes) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", int(size))), 0o644); err != nil {
		t.Fatal(err)
	}
}

func measure(t testing.TB, path string) mesos.Bytes {
	t.Helper()
	used, err := disk.Measure(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func TestMeasureAFile(t *testing.T) {
	// covers: DiskUsageCollectorTest.File
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, 8*kilobytes)
	if used := measure(t, path); used < 8*kilobytes || used > 64*kilobytes {
		t.Errorf("a file of 8 KB occupies %v", used)
	}
}

func TestMeasureADirectory(t *testing.T) {
	// covers: DiskUsageCollectorTest.Directory
	dir := t.TempDir()
	for name, size := range map[string]mesos.Bytes{"file1": 8, "file2": 4, "dir/file3": 1, "dir/file4": 2} {
		write(t, filepath.Join(dir, name), size*kilobytes)
	}
	if used := measure(t, dir); used < 15*kilobytes || used > 128*kilobytes {
		t.Errorf("files of 15 KB occupy %v", used)
	}
	// A hole occupies nothing.
	if err := os.Truncate(filepath.Join(dir, "file1"), 1<<30); err != nil {
		t.Fatal(err)
	}
	if used := measure(t, dir); used > 128*kilobytes {
		t.Errorf("a file with a hole occupies %v", used)
	}
}

func TestMeasureFollowsNoLinks(t *testing.T) {
	// covers: DiskUsageCollectorTest.SymbolicLink
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), 64*kilobytes)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if used := measure(t, dir); used < 64*kilobytes || used >= 128*kilobytes {
		t.Errorf("the directory occupies %v", used)
	}
	if used := measure(t, link); used >= 64*kilobytes {
		t.Errorf("the link occupies %v", used)
	}
	// Another name of the file is no other file.
	if err := os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "same")); err != nil {
		t.Fatal(err)
	}
	if used := measure(t, dir); used >= 128*kilobytes {
		t.Errorf("with two names it occupies %v", used)
	}
}

func TestMeasureWhatIsNestedTooDeep(t *testing.T) {
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 1100 {
		if err := unix.Mkdirat(fd, "d", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(fd, "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.Close(fd)
		fd = next
	}
	_ = unix.Close(fd)
	if used, err := disk.Measure(t.Context(), dir); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("measured %v, %v", used, err)
	}
}

func TestMeasureEndsWhenItIsToldTo(t *testing.T) {
	dir := t.TempDir()
	for i := range 3000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := disk.Measure(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("measure = %v", err)
	}
}
