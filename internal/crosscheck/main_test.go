package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatDoesNotBuildElsewhereIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":  "module example.org/m\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"example.org/m/p\"\n\nfunc main() { p.Stop() }\n",
		"p/p.go":  "package p\n\nimport (\n\t\"net/http\"\n\t\"syscall\"\n)\n\nfunc Stop() {\n\t_ = http.MethodGet\n\t_ = syscall.Kill(0, syscall.SIGSTOP)\n}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)

	if err := crosscheck(".", "darwin/arm64"); err != nil {
		t.Errorf("darwin: %v", err)
	}
	err := crosscheck(".", "windows/arm64")
	if err == nil || !strings.Contains(err.Error(), "undefined: syscall.Kill") {
		t.Errorf("windows: %v, want that there is no syscall.Kill", err)
	}
	if err := crosscheck(".", "windows"); err == nil {
		t.Error("a system without an architecture was accepted")
	}
}
