package layer

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// file puts in a regular file.
func (t *tree) file(name string, e entry, body io.Reader) error {
	at, base, err := t.clear(name)
	if err != nil {
		return err
	}
	fd, err := unix.Openat(at, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), base)
	err = t.copyTo(file, body)
	if err == nil {
		err = t.own(fd, e)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return setTimes(at, base, e.modified)
}

// directory puts in a directory, or changes the one that is there.
func (t *tree) directory(name string, e entry) error {
	at, base, err := t.parent(name, true)
	if err != nil {
		return err
	}
	fd, err := unix.Openat(at, base, walkFlags, 0)
	if err != nil {
		hidden := t.isWhiteout(at, base)
		if at, base, err = t.clear(name); err != nil {
			return err
		}
		if err := unix.Mkdirat(at, base, 0o700); err != nil {
			return err
		}
		if fd, err = unix.Openat(at, base, walkFlags, 0); err != nil {
			return err
		}
		if hidden { // what was gone is new, not merged with what was there
			if err := unix.Fsetxattr(fd, opaqueName, []byte("y"), 0); err != nil {
				_ = unix.Close(fd)
				return err
			}
		}
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if !t.owners {
		e.mode |= 0o700 // it has to be filled, and to be removed
	}
	t.modified[name] = e.modified
	return t.own(fd, e)
}

// symlink puts in a symbolic link. Where it leads is of no concern: who follows
// it does so in a container.
func (t *tree) symlink(name string, e entry, target string) error {
	if strings.Contains(target, "\x00") || len(target) >= maxPath {
		return invalid("a link to %.64q, which is no path", target)
	}
	at, base, err := t.clear(name)
	if err != nil {
		return err
	}
	t.forget() // paths may lead through it
	if err := unix.Symlinkat(target, at, base); err != nil {
		return err
	}
	if t.owners {
		if err := unix.Fchownat(at, base, e.uid, e.gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	return setTimes(at, base, e.modified)
}

// link puts in another name for a file of this layer.
func (t *tree) link(name, target string) error {
	var is, would unix.Stat_t
	from, old, err := t.parent(target, false)
	if err == nil {
		err = unix.Fstatat(from, old, &is, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != nil {
		return invalid("a link to %q, which isn't in the layer", target)
	}
	if is.Mode&unix.S_IFMT == unix.S_IFDIR || t.isWhiteout(from, old) {
		return invalid("a link to %q, which is no file", target)
	}
	if from, err = unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 0); err != nil { // walking on may close it
		return err
	}
	defer unix.Close(from) //nolint:errcheck // nothing was written
	at, base, err := t.parent(name, true)
	if err != nil {
		return err
	}
	if err := unix.Fstatat(at, base, &would, unix.AT_SYMLINK_NOFOLLOW); err == nil && is.Dev == would.Dev && is.Ino == would.Ino {
		return nil
	}
	if at, base, err = t.clear(name); err != nil {
		return err
	}
	return unix.Linkat(from, old, at, base, 0)
}

// node puts in a special file.
func (t *tree) node(name string, e entry, kind uint32, number int) error {
	at, base, err := t.clear(name)
	if err != nil {
		return err
	}
	if err := unix.Mknodat(at, base, kind|0o600, number); err != nil {
		return err
	}
	if t.owners {
		if err := unix.Fchownat(at, base, e.uid, e.gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	// It was made just now and is no link: what follows can't be led elsewhere.
	if err := unix.Fchmodat(at, base, e.mode, 0); err != nil {
		return err
	}
	return setTimes(at, base, e.modified)
}

// own gives an open file its owner, permissions and attributes, in the order in
// which they don't undo each other.
func (t *tree) own(fd int, e entry) error {
	mode := e.mode
	if t.owners {
		if err := unix.Fchown(fd, e.uid, e.gid); err != nil {
			return err
		}
	} else {
		mode &^= unix.S_ISUID | unix.S_ISGID // they would be for another user
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return err
	}
	for name, value := range e.attributes {
		err := unix.Fsetxattr(fd, name, []byte(value), 0)
		if err != nil && (name == capability && t.owners || !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM)) {
			return err
		}
	}
	return nil
}

// clear makes room for a name: what was there is removed.
func (t *tree) clear(name string) (at int, base string, err error) {
	if at, base, err = t.parent(name, true); err != nil {
		return at, base, err
	}
	err = unix.Unlinkat(at, base, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return at, base, nil
	case err == nil:
		t.forget() // it may have been a link on the way
	case errors.Is(err, unix.EISDIR), errors.Is(err, unix.EPERM):
		if err := remove(at, base); err != nil {
			return at, base, err
		}
		t.forget()
	default:
		return at, base, err
	}
	return t.parent(name, true)
}

// remove removes a directory and what is in it.
func remove(at int, name string) error {
	fd, err := unix.Openat(at, name, walkFlags, 0)
	if err != nil {
		return err
	}
	if err := empty(fd, name); err != nil {
		return err
	}
	return unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
}

// empty removes what is in a directory, whose descriptor it closes.
func empty(fd int, name string) error {
	dir := os.NewFile(uintptr(fd), name)
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, child := range names {
		err := unix.Unlinkat(fd, child, 0)
		if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
			err = remove(fd, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func setTimes(at int, base string, modified time.Time) error {
	if modified.IsZero() {
		return nil
	}
	ts, err := unix.TimeToTimespec(modified)
	if err != nil {
		return invalid("modified at %v, which is no time", modified)
	}
	return unix.UtimesNanoAt(at, base, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
}
