package container

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// sandboxMode keeps a sandbox from users it is not for, as Mesos does.
const sandboxMode = 0o750

// makeSandbox makes a sandbox, or takes one that is there, and its stdout and
// stderr files, all owned by owner (nil: the agent's user). It returns stderr
// to write down in it what happens before the command can speak for itself.
func makeSandbox(dir string, owner *supervise.User) (stderr *os.File, err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := os.Mkdir(dir, sandboxMode); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := os.Chmod(dir, sandboxMode); err != nil { // whatever the umask
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if owner != nil {
		if err := os.Lchown(dir, int(owner.UID), int(owner.GID)); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	stdout, err := makeOutput(filepath.Join(dir, "stdout"), owner)
	if err != nil {
		return nil, err
	}
	stdout.Close()
	return makeOutput(filepath.Join(dir, "stderr"), owner)
}

func makeOutput(path string, owner *supervise.User) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|openNoFollow, 0o644)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if owner != nil {
		if err := f.Chown(int(owner.UID), int(owner.GID)); err != nil {
			f.Close()
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	return f, nil
}
