package gids

import (
	"errors"
	"io"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// owner is whom a file belongs to.
func owner(path string) (uid, gid uint32, err error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return 0, 0, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return st.Uid, st.Gid, nil
}

// primaryGroup is the group of a user as the machine's files have it; a user whom
// nobody knows has the group of its own number.
func primaryGroup(uid uint32) (uint32, error) {
	found, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	var unknown user.UnknownUserIdError
	if errors.As(err, &unknown) {
		return uid, nil
	}
	if err != nil {
		return 0, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	return uint32(gid), err
}

// hand changes the group of a file, or of a directory and everything in it. If the
// group is to share, directories become its to write to, and what is made in them
// its own. Tasks may be at work there: nothing leads out over a link, and a file
// that is elsewhere too, under the name of somebody else, stays as it is.
func hand(path string, gid uint32, share bool) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return handing{gid: gid, share: share, owner: st.Uid}.one(file, &st)
}

type handing struct {
	gid   uint32
	share bool
	owner uint32 // of the volume
}

// one changes a file that is open as O_PATH does it, and what is below it.
func (h handing) one(file *os.File, st *unix.Stat_t) error {
	directory := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if !directory && st.Nlink > 1 && st.Uid != h.owner {
		return nil
	}
	if err := unix.Fchownat(int(file.Fd()), "", -1, int(h.gid), unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "chown", Path: file.Name(), Err: err}
	}
	if !directory {
		return nil
	}
	dir, err := reopen(file)
	if err != nil {
		return err
	}
	defer dir.Close()
	mode := st.Mode&^unix.S_IFMT | unix.S_ISGID | unix.S_IWGRP
	if !h.share {
		mode &^= unix.S_ISGID | unix.S_IWGRP
	}
	if err := unix.Fchmod(int(dir.Fd()), mode); err != nil {
		return &os.PathError{Op: "chmod", Path: file.Name(), Err: err}
	}
	return h.below(dir)
}

func (h handing) below(dir *os.File) error {
	const batch = 256 // entries held at once
	for {
		names, err := dir.Readdirnames(batch)
		for _, name := range names {
			if err := h.entry(dir, name); err != nil {
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

func (h handing) entry(dir *os.File, name string) error {
	path := dir.Name() + "/" + name
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // it was removed meanwhile
	}
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return h.one(file, &st)
}

// reopen opens a directory, of which only the place is known, to be read.
func reopen(file *os.File) (*os.File, error) {
	fd, err := unix.Openat(int(file.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: file.Name(), Err: err}
	}
	return os.NewFile(uintptr(fd), file.Name()), nil
}
