package image

import (
	"os"

	"golang.org/x/sys/unix"
)

// used is the part of a disk that is not free, between 0 and 1.
func used(dir string) (float64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if st.Blocks == 0 {
		return 0, nil
	}
	return 1 - float64(st.Bfree)/float64(st.Blocks), nil
}
