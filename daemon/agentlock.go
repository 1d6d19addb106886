//go:build !windows

package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
)

// lockDir takes a directory for an agent; two in one would write over each other's
// files. The lock goes with the process, however that ends.
func lockDir(what, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, mesos.Errorf(mesos.Conflict, "%s %s: another agent runs in it", what, dir)
	}
	return file, nil
}
