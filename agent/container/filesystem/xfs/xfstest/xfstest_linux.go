// Package xfstest has XFS file systems for tests.
package xfstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Mount mounts a new XFS file system, with these options, for the length of a test.
// Format are more arguments of mkfs.xfs(8). A machine that can't do that skips the
// test.
func Mount(t testing.TB, options string, format ...string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	dir := t.TempDir()
	image, point := filepath.Join(dir, "image"), filepath.Join(dir, "mnt")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const bytes = 320 << 20 // there are no smaller ones
	if err := os.Truncate(image, bytes); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(point, 0o755); err != nil {
		t.Fatal(err)
	}
	format = append([]string{"mkfs.xfs", "-q"}, append(format, image)...)
	for _, command := range [][]string{format, {"mount", "-t", "xfs", "-o", "loop," + options, image, point}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", command[0], err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", point).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return point
}
