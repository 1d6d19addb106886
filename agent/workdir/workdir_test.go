//go:build unix

package workdir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// write makes a file, and the directories above it.
func (d *Dir) write(t *testing.T, name string) {
	t.Helper()
	full := filepath.Join(d.path, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(name), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (d *Dir) wants(t *testing.T, name string, there bool) {
	t.Helper()
	_, err := os.Lstat(filepath.Join(d.path, name))
	if (err == nil) != there {
		t.Errorf("%s: %v, want it there: %v", name, err, there)
	}
}

func TestWhatIsDiscardedMakesRoomAtOnce(t *testing.T) {
	d := open(t)
	d.write(t, "slaves/S/old")
	where, err := d.Discard("slaves/S")
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, "slaves/S/new")
	if got := d.Discarded(); !slices.Equal(got, []string{where}) {
		t.Errorf("discarded %q, want %q", got, where)
	}
	if err := d.Remove(context.Background(), where); err != nil {
		t.Fatal(err)
	}
	if got := d.Discarded(); len(got) != 0 {
		t.Errorf("discarded %q after it was removed", got)
	}
	d.wants(t, "slaves/S/new", true)
	if _, err := d.Discard("slaves/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("discarding nothing: %v", err)
	}
}

func TestLinksAreRemovedAndNotFollowed(t *testing.T) {
	d := open(t)
	outside := open(t)
	outside.write(t, "kept/file")
	d.write(t, "sandbox/a/b/c")
	for name, target := range map[string]string{
		"dir": filepath.Join(outside.path, "kept"), "file": filepath.Join(outside.path, "kept/file"),
		"up": "../../..", "loop": ".", "nowhere": "/nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(d.path, "sandbox/a", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Remove(context.Background(), "sandbox"); err != nil {
		t.Fatal(err)
	}
	d.wants(t, "sandbox", false)
	outside.wants(t, "kept/file", true)
}

func TestOnlyWhatIsBelowIsRemoved(t *testing.T) {
	d := open(t)
	d.write(t, "kept")
	for _, name := range []string{"", ".", "..", "/", "../x", "a/../..", "a/.."} {
		if err := d.Remove(context.Background(), name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
	d.wants(t, "kept", true)
	if err := d.Remove(context.Background(), "none"); err != nil {
		t.Errorf("what is not there: %v", err)
	}
}

func TestARemovalStopsWithItsContext(t *testing.T) {
	d := open(t)
	d.write(t, "sandbox/file")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Remove(ctx, "sandbox"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	d.wants(t, "sandbox/file", true)
}

func TestLeftoversAreAsOldAsWhatIsInThem(t *testing.T) {
	d := open(t)
	const run = "slaves/S1/frameworks/F/executors/E/runs/C"
	d.write(t, run+"/stdout")
	d.write(t, run+"/data/deep")
	d.write(t, "slaves/S0/frameworks/F/executors/E/runs/C/stdout")
	d.write(t, "slaves/file")
	if err := os.Symlink("C", filepath.Join(d.path, filepath.Dir(run), "latest")); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_000_000_000, 0)
	for _, dir := range []string{"slaves/S0", "slaves/S1", "slaves/S1/frameworks/F", "slaves/S1/frameworks/F/executors/E", run} {
		if err := d.Retire(dir, at); err != nil {
			t.Fatal(err)
		}
	}
	later := at.Add(time.Hour)
	if err := os.Chtimes(filepath.Join(d.path, run, "stdout"), later, later); err != nil {
		t.Fatal(err)
	}
	want := []Leftover{
		{"slaves/S0", at}, {"slaves/S1", at},
		{"slaves/S1/frameworks/F", at}, {"slaves/S1/frameworks/F/executors/E", at}, {run, later},
	}
	if diff := cmp.Diff(want, d.Leftovers("S1", false)); diff != "" {
		t.Errorf("leftovers (-want +got):\n%s", diff)
	}
	nested := []string{"containers/alone", run + "/containers/a", run + "/containers/a/containers/b"}
	for _, sandbox := range nested {
		d.write(t, sandbox+"/stdout")
	}
	var got []string
	for _, found := range d.Leftovers("S1", true) {
		if strings.Contains(found.Path, "containers") {
			got = append(got, found.Path)
		}
	}
	if !slices.Equal(got, nested) {
		t.Errorf("nested and standalone: %q, want %q", got, nested)
	}
	if err := d.Retire("slaves/none", at); err != nil {
		t.Errorf("retiring what is not there: %v", err)
	}
}

func TestTheLatestIsLinked(t *testing.T) {
	d := open(t)
	for _, name := range []string{"S1", "S1", "S2"} {
		if err := d.Latest("slaves", name); err != nil {
			t.Fatal(err)
		}
		if is, err := os.Readlink(filepath.Join(d.path, "slaves/latest")); err != nil || is != name {
			t.Errorf("the latest is %s, %v, want %s", is, err, name)
		}
	}
	d.write(t, "slaves/latest.d/file")
	d.write(t, "runs/latest/file")
	if err := d.Latest("runs", "x"); err == nil {
		t.Error("a directory that is in the way was replaced")
	}
}

func TestUsedIsAPart(t *testing.T) {
	used, err := open(t).Used()
	if err != nil || used <= 0 || used > 1 {
		t.Errorf("used %v, %v", used, err)
	}
}
