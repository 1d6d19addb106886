// Package whole writes files that are there whole, or as they were before.
package whole

import (
	"errors"
	"os"
	"path/filepath"
)

// Write writes a file that is also whole after the machine went down.
func Write(path string, data []byte, mode os.FileMode) error {
	return write(path, data, mode, (*os.File).Sync)
}

// Replace writes a file that is whole whenever a process ends. What it says is
// of no use once the machine was down, so nobody waits for the disk.
func Replace(path string, data []byte, mode os.FileMode) error {
	return write(path, data, mode, func(*os.File) error { return nil })
}

func write(path string, data []byte, mode os.FileMode, sync func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = sync(file)
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // it may not be there
	}
	return err
}
