package mounts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/filesystem/mounts"
)

// TestNothingIsLeftOfAttaching: the threads that enter a namespace end, and what
// was opened for it is closed.
func TestNothingIsLeftOfAttaching(t *testing.T) {
	root(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "target"), 0o755); err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	pid, _ := other(t)
	count := func(what string) int {
		entries, err := os.ReadDir("/proc/self/" + what)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	attach := func(times int) {
		for range times {
			ns, err := mounts.In(pid)
			if err != nil {
				t.Fatal(err)
			}
			if err := ns.Attach(source, dir, "target", false); err != nil {
				t.Fatal(err)
			}
			if err := ns.Detach(dir, "target"); err != nil {
				t.Fatal(err)
			}
			ns.Close()
		}
	}
	attach(10)
	files, threads := count("fd"), count("task")
	attach(200)
	if f, n := count("fd"), count("task"); f > files || n > threads+20 {
		t.Errorf("%d files and %d threads became %d and %d", files, threads, f, n)
	}
}
