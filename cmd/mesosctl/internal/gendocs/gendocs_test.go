package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is committed is what the command tree says.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	fresh := t.TempDir()
	if err := generate(fresh); err != nil {
		t.Fatal(err)
	}
	const repository = "../../../.."
	for _, dir := range []string{"completions", "man"} {
		want, err := os.ReadDir(filepath.Join(fresh, dir))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadDir(filepath.Join(repository, dir))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s has %d files, want %d (%v): run make docs", dir, len(got), len(want), err)
		}
		for _, entry := range want {
			name := filepath.Join(dir, entry.Name())
			want, err := os.ReadFile(filepath.Join(fresh, name))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(repository, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what the commands say (%v): run make docs", name, err)
			}
		}
	}
}
