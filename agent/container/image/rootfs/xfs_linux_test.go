package rootfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs/xfstest"
	"github.com/mesosctl/mesosctl/mesos"
)

// Overlays need file systems whose directories tell what their entries are. XFS
// has these unless it was made without; there only copies will do.
func TestOverlayOnXFS(t *testing.T) {
	with := xfstest.Mount(t, "pquota", "-n", "ftype=1")
	without := xfstest.Mount(t, "pquota", "-m", "crc=0", "-n", "ftype=0")
	need(t, "overlay")
	dir := func(fs, name string) string {
		path := filepath.Join(fs, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("ftype=1", func(t *testing.T) {
		// covers: ROOT_XFS_FtypeOnTest.OverlayBackendEnabled
		store, containers := dir(with, "store"), dir(with, "containers")
		for _, name := range []string{"overlay", ""} {
			if b, err := Choose(name, store, containers); err != nil || b.Name() != "overlay" {
				t.Errorf("%q: %v, %v", name, b, err)
			}
		}
	})
	t.Run("ftype=0", func(t *testing.T) {
		// covers: ROOT_XFS_FtypeOffTest.OverlayBackendDisabled
		for _, dirs := range [][2]string{
			{dir(without, "store"), dir(without, "containers")},
			{dir(with, "store"), dir(without, "containers")},
			{dir(without, "store"), dir(with, "containers")},
		} {
			store, containers := dirs[0], dirs[1]
			_, err := Choose("overlay", store, containers)
			if mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "the file system of "+without) ||
				!strings.Contains(err.Error(), "d_type") {
				t.Errorf("%s and %s: %v", store, containers, err)
			}
			if b, err := Choose("", store, containers); err != nil || b.Name() != "copy" {
				t.Errorf("%s and %s: %v, %v", store, containers, b, err)
			}
			for _, dir := range dirs {
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left in %s: %v, %v", dir, left, err)
				}
			}
		}
	})
}
