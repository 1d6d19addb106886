package containertest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/internal/programs"
)

// rootTools are the programs that a Root has.
var rootTools = []string{"sh", "cat", "dd", "env", "id", "ln", "ls", "mkdir", "mknod", "mount", "rm", "sleep", "stat", "touch"}

// Root makes a small root file system for containers: the host's shell and a few
// of its tools, with the libraries that they need, and a user "nobody".
func Root(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	Reachable(root)
	for _, dir := range []string{"bin", "etc", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o1777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	copied := map[string]bool{}
	for _, tool := range rootTools {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("the image of the test needs %s: %v", tool, err)
		}
		copyFile(t, path, filepath.Join(root, "bin", tool))
		libraries, err := programs.Libraries(path)
		if err != nil {
			t.Skipf("the image of the test needs %s: %v", tool, err)
		}
		for _, library := range libraries {
			if !copied[library] {
				copied[library] = true
				copyFile(t, library, filepath.Join(root, library))
			}
		}
	}
	return root
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
}
