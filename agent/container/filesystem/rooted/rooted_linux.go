// Package rooted resolves paths that others wrote, in a directory that they may
// not lead out of, while others may be moving what is in it.
package rooted

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Dir is a directory that no path leads out of.
type Dir struct {
	file *os.File
	name string
	how  uint64
}

// OpenRoot opens the root of a file system: to its links, "/" is the root itself.
func OpenRoot(dir string) (*Dir, error) {
	return open(dir, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
}

// OpenBeneath opens a directory such as a sandbox. A path whose links lead out
// of it is refused.
func OpenBeneath(dir string) (*Dir, error) {
	return open(dir, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_MAGICLINKS)
}

func open(dir string, how uint64) (*Dir, error) {
	file, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{file: file, name: dir, how: how}, nil
}

// Close closes the directory.
func (d *Dir) Close() { _ = d.file.Close() }

// Open opens what a path names, as O_PATH does: nothing but its place is looked
// at. The error is fs.ErrNotExist if there is nothing.
func (d *Dir) Open(name string) (*os.File, error) {
	return d.open(name, unix.O_PATH)
}

func (d *Dir) open(name string, flags uint64) (*os.File, error) {
	for {
		fd, err := unix.Openat2(int(d.file.Fd()), relative(name), &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: d.how})
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN): // something moved under the walk
			continue
		case errors.Is(err, unix.EXDEV):
			return nil, mesos.Errorf(mesos.Invalid, "%q: it leads out of %s", name, d.name)
		case errors.Is(err, unix.ELOOP):
			return nil, mesos.Errorf(mesos.Invalid, "%q: its links lead nowhere in %s", name, d.name)
		case err != nil:
			return nil, &os.PathError{Op: "open", Path: path.Join(d.name, name), Err: err}
		}
		return os.NewFile(uintptr(fd), path.Join(d.name, name)), nil
	}
}

// Owner is who owns what is made; the zero Owner is root.
type Owner struct{ UID, GID int }

// MakeDir opens a directory. It and its parents are made if they are not there,
// the last ones as owner's; made tells whether the directory is new.
func (d *Dir) MakeDir(name string, owner Owner) (dir *os.File, made bool, err error) {
	parts := strings.Split(relative(name), "/")
	for i := range parts {
		prefix := strings.Join(parts[:i+1], "/")
		dir, made, err = d.makeOne(prefix, owner)
		if err != nil {
			return nil, false, err
		}
		if i < len(parts)-1 {
			dir.Close()
		}
	}
	return dir, made, nil
}

// makeOne opens or makes a directory whose parent is there.
func (d *Dir) makeOne(name string, owner Owner) (*os.File, bool, error) {
	dir, err := d.open(name, unix.O_PATH|unix.O_DIRECTORY)
	if !errors.Is(err, unix.ENOENT) {
		return dir, false, err
	}
	up, base := above(name)
	parent, err := d.open(up, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, false, err
	}
	defer parent.Close()
	err = unix.Mkdirat(int(parent.Fd()), base, 0o755)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, false, &os.PathError{Op: "mkdir", Path: path.Join(d.name, name), Err: err}
	}
	made := err == nil
	dir, err = d.open(name, unix.O_PATH|unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return nil, false, mesos.Errorf(mesos.Invalid, "%q: its links lead nowhere in %s", name, d.name)
	}
	if err != nil || !made {
		return dir, false, err
	}
	if err := chown(dir, owner); err != nil {
		dir.Close()
		return nil, false, err
	}
	return dir, true, nil
}

// MakeFile opens a file. It is made, empty, if it is not there, and its parents
// are made, as MakeDir does it.
func (d *Dir) MakeFile(name string, owner Owner) (*os.File, error) {
	name = relative(name)
	if file, err := d.Open(name); !errors.Is(err, unix.ENOENT) {
		return file, err
	}
	up, base := above(name)
	parent, _, err := d.MakeDir(up, owner)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	fd, err := unix.Openat(int(parent.Fd()), base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, &os.PathError{Op: "create", Path: path.Join(d.name, name), Err: err}
	}
	file := os.NewFile(uintptr(fd), path.Join(d.name, name))
	if err := chown(file, owner); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func chown(file *os.File, owner Owner) error {
	if owner == (Owner{}) {
		return nil
	}
	err := unix.Fchownat(int(file.Fd()), "", owner.UID, owner.GID, unix.AT_EMPTY_PATH)
	if err != nil {
		return &os.PathError{Op: "chown", Path: file.Name(), Err: err}
	}
	return nil
}

// Place is where an open file is, without links.
func Place(file *os.File) (string, error) {
	place, err := os.Readlink(Handle(file))
	if err != nil {
		return "", fmt.Errorf("where %s is: %w", file.Name(), err)
	}
	return place, nil
}

// Handle is a path that names an open file of this process, wherever it is moved.
func Handle(file *os.File) string {
	return "/proc/self/fd/" + strconv.Itoa(int(file.Fd()))
}

// relative makes a path one from the directory. What ".." means is the kernel's
// to say: after a link it is not what stands before it.
func relative(name string) string {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	if parts == nil {
		return "."
	}
	return strings.Join(parts, "/")
}

// above is the directory that a relative path's last element is in.
func above(name string) (dir, base string) {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return ".", name
}
