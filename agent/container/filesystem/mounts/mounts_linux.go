// Package mounts looks at mount tables, and mounts what is here where another
// mount namespace shows it.
package mounts

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Supported says what this kernel can't do of what this package needs.
func Supported() error {
	// Each call is made in a way that can only fail, and not for want of it.
	if _, err := unix.OpenTree(-1, "", 0); errors.Is(err, unix.ENOSYS) {
		return mesos.Errorf(mesos.Unsupported, "this kernel has no open_tree(2): it needs Linux 5.2")
	}
	if _, err := unix.Openat2(-1, "", &unix.OpenHow{}); errors.Is(err, unix.ENOSYS) {
		return mesos.Errorf(mesos.Unsupported, "this kernel has no openat2(2): it needs Linux 5.6")
	}
	if err := unix.MountSetattr(-1, "", 0, &unix.MountAttr{}); errors.Is(err, unix.ENOSYS) {
		return mesos.Errorf(mesos.Unsupported, "this kernel has no mount_setattr(2): it needs Linux 5.12")
	}
	return nil
}

// Of finds the mount that a path is on, whatever links lead there.
func Of(path string) (*mountinfo.Info, error) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MNT_ID, &st); err != nil {
		return nil, &os.PathError{Op: "statx", Path: path, Err: err}
	}
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		same := uint64(m.ID) == st.Mnt_id
		return !same, same
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: its mount is not in this namespace", path)
	}
	return found[0], nil
}

// Shared reports whether what is mounted in a mount is seen by its peers.
func Shared(m *mountinfo.Info) bool {
	for field := range strings.FieldsSeq(m.Optional) {
		if strings.HasPrefix(field, "shared:") {
			return true
		}
	}
	return false
}
