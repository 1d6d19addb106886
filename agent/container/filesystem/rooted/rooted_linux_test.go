package rooted_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/mesos"
)

// escapes are paths, in a directory with the links below, that lead out of it.
var escapes = []string{"up/x", "etc/x", "deep/up/x", "loop/x", "../x", "deep/../../x"}

func links(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.MkdirAll(filepath.Join(dir, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"up": "..", "etc": "/etc", "deep/up": "../..", "loop": "loop", "inner": "deep",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNothingLeadsOutOfADirectory(t *testing.T) {
	name := links(t)
	dir, err := rooted.OpenBeneath(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, path := range escapes {
		if file, _, err := dir.MakeDir(path, rooted.Owner{}); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("make directory %q = %v, %v, want it refused", path, file, err)
		}
		if file, err := dir.MakeFile(path, rooted.Owner{}); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("make file %q = %v, %v, want it refused", path, file, err)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(name), "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("beside the directory is x: %v", err)
	}
}

func TestLinksWithinADirectoryAreFollowed(t *testing.T) {
	name := links(t)
	dir, err := rooted.OpenBeneath(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, want := range []bool{true, false} {
		file, made, err := dir.MakeDir("inner/a/b", rooted.Owner{})
		if err != nil || made != want {
			t.Fatalf("make directory = made %v, %v, want %v", made, err, want)
		}
		place, err := rooted.Place(file)
		file.Close()
		if err != nil || !strings.HasSuffix(place, "/dir/deep/a/b") {
			t.Errorf("it is %s, %v", place, err)
		}
	}
}

// TestRootIsRootToItsLinks: in an image, a link to /etc is to the image's /etc.
func TestRootIsRootToItsLinks(t *testing.T) {
	name := links(t)
	root, err := rooted.OpenRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Mkdir(filepath.Join(name, "etc2"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/../../etc2", filepath.Join(name, "out")); err != nil {
		t.Fatal(err)
	}
	file, err := root.MakeFile("/out/passwd", rooted.Owner{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if place, err := rooted.Place(file); err != nil || !strings.HasSuffix(place, "/dir/etc2/passwd") {
		t.Errorf("it is %s, %v", place, err)
	}
	// "etc" leads to a directory that the image does not have.
	if file, _, err := root.MakeDir("/etc/x", rooted.Owner{}); err == nil {
		place, _ := rooted.Place(file)
		t.Errorf("a directory was made through a link to nothing: %s", place)
	}
	if _, err := os.Stat("/etc/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("/etc/x: %v", err)
	}
}
