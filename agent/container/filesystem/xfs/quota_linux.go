// Package xfs counts and bounds what directories occupy, by the project quotas of
// an XFS file system: everything in a directory is of one project.
package xfs

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Project is the number of a project; 0 is none.
type Project uint32

// Quota is what a project may occupy, and does. More than Soft can be noticed,
// more than Hard can't be written. Without limits both are 0.
type Quota struct{ Soft, Hard, Used mesos.Bytes }

// Commands of quotactl(2) for XFS, and what they are about; see
// include/uapi/linux/dqblk_xfs.h of the kernel.
const (
	quotaOn       = 'X'<<8 + 1
	getQuota      = 'X'<<8 + 3
	setLimits     = 'X'<<8 + 4
	getStatus     = 'X'<<8 + 8
	projectQuota  = 2
	accounted     = 1 << 4 // projects are
	enforced      = 1 << 5
	ofProject     = 1 << 1
	fieldSoft     = 1 << 2
	fieldHard     = 1 << 3
	blockBytes    = 512
	structVersion = 1
)

// diskQuota is struct fs_disk_quota.
type diskQuota struct {
	version, flags       int8
	fields               uint16
	id                   uint32
	hard, soft           uint64 // in blocks
	inodeHard, inodeSoft uint64
	used, inodes         uint64
	_                    [48]byte
}

// quotaStatus is struct fs_quota_statv.
type quotaStatus struct {
	version int8
	_       int8
	flags   uint16
	_       [156]byte
}

// Enable makes sure that the file system of a directory has projects and holds them
// to their quotas, or says why it can't.
func Enable(dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if fs.Type != unix.XFS_SUPER_MAGIC {
		return mesos.Errorf(mesos.Unsupported, "%s is not on an XFS file system", dir)
	}
	status, err := flags(dir)
	if err != nil {
		return err
	}
	if status&accounted == 0 {
		return mesos.Errorf(mesos.Unsupported, "the file system of %s has no project quotas: mount it with the option pquota", dir)
	}
	if status&enforced != 0 {
		return nil
	}
	on := uint32(accounted | enforced)
	err = quotactl(dir, quotaOn, 0, unsafe.Pointer(&on))
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// flags tells which quotas a file system has; none if it was mounted without.
func flags(dir string) (uint16, error) {
	status := quotaStatus{version: structVersion}
	err := quotactl(dir, getStatus, 0, unsafe.Pointer(&status))
	if errors.Is(err, unix.ENOSYS) && haveQuotactlFD() {
		return 0, nil
	}
	return status.flags, err
}

// haveQuotactlFD tells an old kernel from a file system without quotas.
func haveQuotactlFD() bool {
	_, _, errno := unix.Syscall6(unix.SYS_QUOTACTL_FD, ^uintptr(0), 0, 0, 0, 0, 0)
	return errno != unix.ENOSYS
}

// Get reads the quota of a project on the file system of a directory.
func Get(dir string, project Project) (Quota, error) {
	if project == 0 {
		return Quota{}, errNoProject
	}
	d := diskQuota{version: structVersion, id: uint32(project), flags: ofProject}
	err := quotactl(dir, getQuota, project, unsafe.Pointer(&d))
	if errors.Is(err, unix.ENOENT) {
		return Quota{}, nil // nothing is of the project
	}
	return Quota{Soft: mesos.Bytes(d.soft) * blockBytes, Hard: mesos.Bytes(d.hard) * blockBytes, Used: mesos.Bytes(d.used) * blockBytes}, err
}

// Set bounds a project on the file system of a directory; both 0: it is not.
func Set(dir string, project Project, soft, hard mesos.Bytes) error {
	switch {
	case project == 0:
		return errNoProject
	case (soft == 0) != (hard == 0) || soft > hard:
		return mesos.Errorf(mesos.Invalid, "quota: soft limit %v and hard limit %v", soft, hard)
	}
	d := diskQuota{
		version: structVersion, id: uint32(project), flags: ofProject, fields: fieldSoft | fieldHard,
		soft: blocks(soft), hard: blocks(hard),
	}
	return quotactl(dir, setLimits, project, unsafe.Pointer(&d))
}

var errNoProject = mesos.Errorf(mesos.Invalid, "project 0 is none")

// blocks are as many as it takes.
func blocks(size mesos.Bytes) uint64 { return (uint64(size) + blockBytes - 1) / blockBytes }

// quotactl is quotactl_fd(2), which needs to know no device.
func quotactl(dir string, command int, project Project, data unsafe.Pointer) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	_, _, errno := unix.Syscall6(unix.SYS_QUOTACTL_FD, uintptr(fd), uintptr(command<<8|projectQuota), uintptr(project), uintptr(data), 0, 0)
	if errno != 0 {
		return &os.PathError{Op: "quotactl", Path: dir, Err: errno}
	}
	return nil
}
