package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func openRotatingIn(t *testing.T, limit, keep uint64) *rotating {
	t.Helper()
	r, fail := openRotating(filepath.Join(t.TempDir(), "stdout"), limit, keep)
	if fail != nil {
		t.Fatal(fail)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func (r *rotating) mustWrite(t *testing.T, text string) {
	t.Helper()
	if n, err := r.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d, %v", n, len(text), err)
	}
}

func (r *rotating) has(t *testing.T, want ...string) {
	t.Helper()
	for i, content := range want {
		path := r.path
		if i > 0 {
			path = r.older(uint64(i))
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s = %q, %v, want %q", filepath.Base(path), got, err, content)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(r.path)); err != nil || len(files) != len(want) {
		t.Errorf("files %v, %v, want %d", files, err, len(want))
	}
}

func TestAFullFileIsRenamed(t *testing.T) {
	r := openRotatingIn(t, 10, 2)
	r.mustWrite(t, "one\ntwo\n")
	r.has(t, "one\ntwo\n")
	r.mustWrite(t, "three\n")
	r.has(t, "three\n", "one\ntwo\n")
	r.mustWrite(t, "four\nfive\nsix\n")
	r.has(t, "six\n", "four\nfive\n", "three\n")
}

func TestLinesAreCutOnlyIfTheyDoNotFit(t *testing.T) {
	r := openRotatingIn(t, 10, 9)
	r.mustWrite(t, "abc")
	r.mustWrite(t, strings.Repeat("x", 25)+"\nend\n")
	r.has(t, "xxxxx\nend\n", "xxxxxxxxxx", "xxxxxxxxxx", "abc")
}

func TestWithNothingToKeepTheFileBeginsAnew(t *testing.T) {
	r := openRotatingIn(t, 10, 0)
	r.mustWrite(t, "123456789\n")
	r.mustWrite(t, "abc\n")
	r.has(t, "abc\n")
}

func TestAFileThatWasThereCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stdout")
	if err := os.WriteFile(path, []byte("fetched\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, fail := openRotating(path, 10, 1)
	if fail != nil {
		t.Fatal(fail)
	}
	defer r.Close()
	r.mustWrite(t, "abc\n")
	r.has(t, "abc\n", "fetched\n")
	for _, name := range []string{path, path + ".1"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	// Somebody may empty it.
	r.mustWrite(t, "defgh\n")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	r.mustWrite(t, "ijk\n")
	r.has(t, "ijk\n", "fetched\n")
}

func TestTheNewFileIsItsOwnersToo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	r := openRotatingIn(t, 4, 1)
	if err := os.Chown(r.path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	r.mustWrite(t, "abc\ndef\n")
	info, err := os.Stat(r.path)
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 65534 {
		t.Errorf("%v, %v", info, err)
	}
}

// What a container puts in the way costs it its own output, and no more.
func TestNothingInTheWayIsFollowed(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := openRotatingIn(t, 10, 1)
	if err := os.MkdirAll(r.older(1)+"/full", 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		r.mustWrite(t, fmt.Sprintf("line %d..\n", i))
	}
	if got, _ := os.ReadFile(r.path); string(got) != "line 4..\n" {
		t.Errorf("stdout = %q", got)
	}
	if err := os.RemoveAll(r.older(1)); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{r.path, r.older(1)} {
		_ = os.Remove(link)
		if err := os.Symlink(outside, link); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			r.mustWrite(t, fmt.Sprintf("line %d..\n", i))
		}
	}
	if got, _ := os.ReadFile(outside); string(got) != "precious" {
		t.Errorf("a link was followed: %q", got)
	}
}
