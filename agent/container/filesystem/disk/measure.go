package disk

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Measure adds up what a directory, or a file, occupies on its file system, as
// du(1) does it: links are not followed, a file with several names counts once, and
// what is mounted below counts where it is. Tasks may be at work there.
func Measure(ctx context.Context, path string) (mesos.Bytes, error) {
	m := measuring{ctx: ctx, seen: map[uint64]bool{}, began: time.Now()}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return 0, &os.PathError{Op: "lstat", Path: path, Err: err}
		}
		m.add(&st)
		return m.total, nil
	}
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	dir := os.NewFile(uintptr(fd), path)
	if err := unix.Fstat(fd, &m.root); err != nil {
		_ = dir.Close()
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	m.add(&m.root)
	err = m.directory(dir, 1)
	return m.total, err
}

const (
	// maxDepth bounds how many directories are open at a time.
	maxDepth = 1024
	// batch is how many entries of a directory are held at once.
	batch = 256
	// pace is how many entries are looked at between two pauses. A pause is as long
	// as that took: no disk has more than half of its time to give.
	pace = 2048
)

// errDeep is the error of directories nested so deep that nobody meant it.
var errDeep = mesos.Errorf(mesos.Invalid, "directories are nested more than %d deep", maxDepth)

type measuring struct {
	ctx   context.Context
	root  unix.Stat_t
	total mesos.Bytes
	seen  map[uint64]bool // inodes of files that have several names
	count int
	began time.Time // when this stretch did
}

func (m *measuring) add(st *unix.Stat_t) {
	if st.Nlink > 1 && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if m.seen[st.Ino] {
			return
		}
		m.seen[st.Ino] = true
	}
	const blockBytes = 512 // whatever the file system's are
	m.total += mesos.Bytes(st.Blocks) * blockBytes
}

// directory adds what is in a directory, and closes it.
func (m *measuring) directory(dir *os.File, depth int) error {
	defer func() { _ = dir.Close() }()
	if depth > maxDepth {
		return errDeep
	}
	for {
		names, err := dir.Readdirnames(batch)
		for _, name := range names {
			if err := m.entry(dir, name, depth); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
	}
}

func (m *measuring) entry(dir *os.File, name string, depth int) error {
	if err := m.rest(); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return unlessGone(err, dir, name)
	}
	if st.Dev != m.root.Dev {
		return nil
	}
	m.add(&st)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil
	}
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return unlessGone(err, dir, name)
	}
	return m.directory(os.NewFile(uintptr(fd), name), depth+1)
}

// unlessGone is an error, unless what it is about was removed or replaced meanwhile.
func unlessGone(err error, dir *os.File, name string) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	return &os.PathError{Op: "measure", Path: dir.Name() + "/" + name, Err: err}
}

// rest pauses now and then.
func (m *measuring) rest() error {
	if m.count++; m.count%pace != 0 {
		return nil
	}
	pause := time.NewTimer(time.Since(m.began))
	defer pause.Stop()
	select {
	case <-m.ctx.Done():
		return m.ctx.Err()
	case <-pause.C:
		m.began = time.Now()
		return nil
	}
}
