package xfs

import (
	"errors"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// attributes is struct fsxattr.
type attributes struct {
	flags, extentSize, extents, project, copySize uint32
	_                                             [8]byte
}

const (
	getAttributes = 0x801c581f // FS_IOC_FSGETXATTR
	setAttributes = 0x401c5820 // FS_IOC_FSSETXATTR
	inherit       = 0x200      // what is made in a directory is of its project
)

// Of tells of which project a directory is.
func Of(dir string) (Project, error) {
	file, err := os.OpenFile(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	a, err := read(file)
	return Project(a.project), err
}

// Assign makes a directory and everything in it a project's; 0: no project's. What
// has no content of its own, such as a link, can't be, and what is mounted below is
// not the directory's.
func Assign(dir string, project Project) error {
	file, err := os.OpenFile(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return mesos.Errorf(mesos.Invalid, "%s is not a directory", dir)
	}
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		_ = file.Close()
		return &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	return assigning{project: project, device: st.Dev}.directory(file)
}

type assigning struct {
	project Project
	device  uint64
}

// directory assigns a directory and what is in it, and closes it.
func (a assigning) directory(dir *os.File) error {
	defer dir.Close()
	if err := a.one(dir, true); err != nil {
		return err
	}
	for {
		const batch = 256 // entries held at once
		names, err := dir.Readdirnames(batch)
		for _, name := range names {
			if err := a.entry(dir, name); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (a assigning) entry(dir *os.File, name string) error {
	var st unix.Stat_t
	err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	kind := st.Mode & unix.S_IFMT
	if errors.Is(err, unix.ENOENT) || err == nil && (st.Dev != a.device || kind != unix.S_IFDIR && kind != unix.S_IFREG) {
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "stat", Path: dir.Name() + "/" + name, Err: err}
	}
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) {
		return nil // it was removed or replaced meanwhile
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: dir.Name() + "/" + name, Err: err}
	}
	file := os.NewFile(uintptr(fd), dir.Name()+"/"+name)
	if kind == unix.S_IFDIR {
		return a.directory(file)
	}
	defer file.Close()
	return a.one(file, false)
}

func (a assigning) one(file *os.File, directory bool) error {
	is, err := read(file)
	if err != nil {
		return err
	}
	is.project = uint32(a.project)
	is.flags &^= inherit
	if directory && a.project != 0 {
		is.flags |= inherit
	}
	return ioctl(file, setAttributes, &is)
}

func read(file *os.File) (attributes, error) {
	var a attributes
	return a, ioctl(file, getAttributes, &a)
}

func ioctl(file *os.File, request uintptr, a *attributes) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), request, uintptr(unsafe.Pointer(a)))
	if errno != 0 {
		return &os.PathError{Op: "attributes", Path: file.Name(), Err: errno}
	}
	return nil
}
