package layer

import (
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tree is a directory that files are put into and never out of. A path is
// walked from the root by directories that are open, and a symbolic link in it
// leads where it would lead with that root.
type tree struct {
	root int
	form Form
	// owners tells whether owners can be kept.
	owners bool
	// open are directories that were walked to, by their paths.
	open   map[string]int
	buffer []byte
	// modified has the times of directories, which change while they are filled.
	modified map[string]time.Time
}

// entry is what all kinds of files have.
type entry struct {
	mode       uint32 // permissions and set-ID bits
	uid, gid   int
	modified   time.Time
	attributes map[string]string
}

const (
	maxOpen  = 64 // directories kept open
	maxLinks = 40 // symbolic links in one path, as the kernel has it

	walkFlags  = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	implicit   = 0o755 // mode of directories that an archive does not mention
	opaqueName = "trusted.overlay.opaque"
)

func openTree(dir string, form Form) (*tree, error) {
	root, err := unix.Open(dir, walkFlags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return &tree{
		root: root, form: form, owners: os.Geteuid() == 0,
		open: map[string]int{}, buffer: make([]byte, 128<<10), modified: map[string]time.Time{},
	}, nil
}

// close gives back what is open.
func (t *tree) close() {
	t.forget()
	_ = unix.Close(t.root)
}

// forget closes all directories but the root: paths may lead elsewhere now.
func (t *tree) forget() {
	for _, fd := range t.open {
		_ = unix.Close(fd)
	}
	clear(t.open)
}

// finish sets what could not be set while entries were put in.
func (t *tree) finish() error {
	for name, modified := range t.modified {
		dir, base, err := t.parent(name, false)
		if err == nil {
			err = setTimes(dir, base, modified)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR) { // replaced since
			return err
		}
	}
	return nil
}

// parent opens the directory of a name. The base of the root is ".".
func (t *tree) parent(name string, create bool) (dir int, base string, err error) {
	if name == "" || name == "." {
		return t.root, ".", nil
	}
	dir, err = t.walk(path.Dir(name), create)
	return dir, path.Base(name), err
}

// walk opens a directory. The descriptor is the tree's to close.
func (t *tree) walk(name string, create bool) (int, error) {
	if name == "." || name == "" {
		return t.root, nil
	}
	if fd, ok := t.open[name]; ok {
		return fd, nil
	}
	fd, err := t.descend(strings.Split(name, "/"), create)
	if err != nil {
		return -1, err
	}
	if len(t.open) == maxOpen {
		t.forget()
	}
	t.open[name] = fd
	return fd, nil
}

// descend walks components from the root and returns a descriptor of its own.
func (t *tree) descend(rest []string, create bool) (int, error) {
	var way []int // the directories below the root, the last one being where it stands
	defer func() {
		for _, fd := range way {
			_ = unix.Close(fd)
		}
	}()
	for links := 0; len(rest) > 0; {
		at := t.root
		if len(way) > 0 {
			at = way[len(way)-1]
		}
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..": // of a symbolic link; above the root is the root
			if len(way) > 0 {
				_ = unix.Close(at)
				way = way[:len(way)-1]
			}
			continue
		}
		fd, err := t.step(at, part, create)
		switch {
		case err == nil:
			way = append(way, fd)
			continue
		case !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, unix.ELOOP):
			return -1, err
		}
		target, err := readlink(at, part)
		if err != nil {
			return -1, unix.ENOTDIR
		}
		if links++; links > maxLinks {
			return -1, unix.ELOOP
		}
		if strings.HasPrefix(target, "/") {
			for _, fd := range way {
				_ = unix.Close(fd)
			}
			way = nil
		}
		rest = slices.Concat(strings.Split(target, "/"), rest)
		if len(rest) > 2*maxPath || len(way) > maxDepth {
			return -1, unix.ENAMETOOLONG
		}
	}
	if len(way) == 0 {
		return unix.FcntlInt(uintptr(t.root), unix.F_DUPFD_CLOEXEC, 0)
	}
	last := way[len(way)-1]
	way = way[:len(way)-1]
	return last, nil
}

// step opens a directory in another one, and makes it if it has to be there.
func (t *tree) step(at int, name string, create bool) (int, error) {
	fd, err := unix.Openat(at, name, walkFlags, 0)
	if err == nil || !create {
		return fd, err
	}
	var hidden bool
	switch {
	case errors.Is(err, unix.ENOENT):
	case errors.Is(err, unix.ENOTDIR) && t.isWhiteout(at, name):
		if err := unix.Unlinkat(at, name, 0); err != nil {
			return -1, err
		}
		hidden = true
	default:
		return -1, err
	}
	if err := unix.Mkdirat(at, name, implicit); err != nil {
		return -1, err
	}
	if fd, err = unix.Openat(at, name, walkFlags, 0); err == nil && hidden {
		err = unix.Fsetxattr(fd, opaqueName, []byte("y"), 0)
	}
	return fd, err
}

func readlink(at int, name string) (string, error) {
	var target [maxPath]byte
	n, err := unix.Readlinkat(at, name, target[:])
	return string(target[:max(n, 0)]), err
}

// isWhiteout reports whether a file stands for what is gone in overlayfs.
func (t *tree) isWhiteout(at int, name string) bool {
	var st unix.Stat_t
	err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return t.form == Overlay && err == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0
}

// gone notes that what a lower layer has under a name is gone. What this layer
// has there stays, whatever comes first in the archive.
func (t *tree) gone(name string) error {
	at, base, err := t.parent(name, true)
	if err != nil {
		return err
	}
	if t.form == Plain {
		return t.flag(at, whiteout+base)
	}
	var st unix.Stat_t
	switch err := unix.Fstatat(at, base, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case errors.Is(err, unix.ENOENT):
		return unix.Mknodat(at, base, unix.S_IFCHR, 0)
	case err != nil:
		return err
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return t.hide(name)
	}
	return nil
}

// hide notes that a directory hides what lower layers have in it.
func (t *tree) hide(name string) error {
	dir, err := t.walk(name, true)
	if err != nil {
		return err
	}
	if t.form == Plain {
		return t.flag(dir, opaque)
	}
	return unix.Fsetxattr(dir, opaqueName, []byte("y"), 0)
}

// flag makes an empty file, if it isn't there.
func (t *tree) flag(at int, name string) error {
	fd, err := unix.Openat(at, name, unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// copyTo writes what a reader has, without a buffer for each file. From a file
// the kernel copies, or shares the blocks.
func (t *tree) copyTo(w *os.File, r io.Reader) error {
	if from, ok := r.(*os.File); ok {
		_, err := w.ReadFrom(from)
		return err
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, t.buffer)
	return err
}
