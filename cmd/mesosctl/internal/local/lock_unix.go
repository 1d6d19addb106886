//go:build unix

package local

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
)

func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "lock the local cluster: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = file.Close() }, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, mesos.Errorf(mesos.Conflict, "a local cluster is running already; 'mesosctl down' stops it")
	}
	return nil, mesos.Errorf(mesos.Internal, "lock the local cluster: %w", err)
}

func isLocked(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, mesos.Errorf(mesos.Internal, "look at the local cluster's lock: %w", err)
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK), nil
}
