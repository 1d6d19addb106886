package mounts

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Namespace is the mount namespace of a process, as long as that lives.
type Namespace struct{ process *os.File }

// In finds the mount namespace of a process. The error is os.ErrProcessDone if
// there is no such process.
func In(pid int) (*Namespace, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return nil, os.ErrProcessDone
	case err != nil:
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return &Namespace{process: os.NewFile(uintptr(fd), "process")}, nil
}

// Close lets go of the namespace.
func (n *Namespace) Close() { _ = n.process.Close() }

// Attach shows a directory of this process's namespace as dir/name of the other.
// dir is a path without links, name a directory in it. If the directory is shown
// there already nothing is done.
func (n *Namespace) Attach(source, dir, name string, readOnly bool) error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return &os.PathError{Op: "open_tree", Path: source, Err: err}
	}
	defer func() { _ = unix.Close(tree) }()
	attr := unix.MountAttr{Propagation: unix.MS_SLAVE} // nothing goes back to the host
	if readOnly {
		attr.Attr_set = unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return &os.PathError{Op: "mount_setattr", Path: source, Err: err}
	}
	return n.enter(func() error {
		target, err := fixed(dir, name)
		if err != nil {
			return err
		}
		defer target.Close()
		if same(tree, int(target.Fd())) {
			return nil
		}
		err = unix.MoveMount(tree, "", int(target.Fd()), "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
		if err != nil {
			return &os.PathError{Op: "move_mount", Path: target.Name(), Err: err}
		}
		return nil
	})
}

// Detach takes away what is mounted at dir/name of the namespace: at once for
// paths, and for files that are open once they are closed. It is no error if
// nothing is.
func (n *Namespace) Detach(dir, name string) error {
	err := n.enter(func() error {
		path := dir + "/" + name
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return &os.PathError{Op: "unmount", Path: path, Err: err}
		}
		return nil
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// fixed opens dir/name, neither of which may lead over a link.
func fixed(dir, name string) (*os.File, error) {
	path := dir + "/" + name
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// same reports whether two files are one.
func same(a, b int) bool {
	var is, was unix.Stat_t
	return unix.Fstat(a, &is) == nil && unix.Fstat(b, &was) == nil && is.Dev == was.Dev && is.Ino == was.Ino
}

// enter calls do in the namespace. There, paths are those of the other processes,
// and /proc may not know this one: do opens nothing by them that it doesn't mean to.
func (n *Namespace) enter(do func() error) error {
	return onThread(func() error {
		// A thread that shares its root with others may not enter.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		if err := unix.Setns(int(n.process.Fd()), unix.CLONE_NEWNS); err != nil {
			if errors.Is(err, unix.ESRCH) {
				return os.ErrProcessDone
			}
			return os.NewSyscallError("setns", err)
		}
		return do()
	})
}

// onThread calls do on a thread of its own, which ends with it.
func onThread(do func() error) error {
	result := make(chan error)
	go func() {
		// Never unlocked: the thread is of no use to others any more.
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			result <- do()
			return
		}
		// A process's first thread can't end, and /proc/self is where it is.
		err := onThread(do)
		runtime.UnlockOSThread()
		result <- err
	}()
	return <-result
}
