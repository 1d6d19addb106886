package layer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Copy copies unpacked layers in Plain form, the lowest one first, into an empty
// directory that exists, and removes what upper layers say is gone.
func Copy(ctx context.Context, layers []string, dir string) error {
	tree, err := openTree(dir, Plain)
	if err != nil {
		return err
	}
	defer tree.close()
	for _, from := range layers {
		c := copier{ctx: ctx, tree: tree, from: from, linked: map[uint64]string{}}
		if err := c.directory(""); err != nil {
			return fmt.Errorf("copy %s: %w", from, kind(err))
		}
	}
	return tree.finish()
}

// copier copies one layer over those below it.
type copier struct {
	ctx  context.Context
	tree *tree
	from string
	// linked has the first name of each file that has several, by its number.
	linked map[uint64]string
}

// directory copies a directory: first itself, over whatever was there, then what
// is gone, then what is in it.
func (c *copier) directory(name string) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	source := filepath.Join(c.from, name)
	e, _, err := look(source)
	if err != nil {
		return err
	}
	if err := c.tree.directory(name, e); err != nil {
		return err
	}
	children, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	var stay []os.DirEntry
	for _, child := range children {
		if child.Name() == opaque {
			err = c.tree.emptyDirectory(name)
		} else if lost, ok := strings.CutPrefix(child.Name(), whiteout); ok {
			_, _, err = c.tree.clear(path.Join(name, lost))
		} else {
			stay = append(stay, child)
		}
		if err != nil {
			return err
		}
	}
	for _, child := range stay {
		name := path.Join(name, child.Name())
		if child.IsDir() {
			err = c.directory(name)
		} else {
			err = c.file(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) file(name string) error {
	source := filepath.Join(c.from, name)
	e, st, err := look(source)
	if err != nil {
		return err
	}
	if st.Nlink > 1 {
		if first, ok := c.linked[st.Ino]; ok {
			return c.tree.link(name, first)
		}
		c.linked[st.Ino] = name
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		file, err := os.Open(source)
		if err != nil {
			return err
		}
		defer file.Close()
		return c.tree.file(name, e, file)
	case unix.S_IFLNK:
		target, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return c.tree.symlink(name, e, target)
	case unix.S_IFIFO:
		return c.tree.node(name, e, unix.S_IFIFO, 0)
	}
	return fmt.Errorf("%s: a file of type %o in a layer", source, st.Mode&unix.S_IFMT)
}

// emptyDirectory removes what is in a directory.
func (t *tree) emptyDirectory(name string) error {
	at, err := t.walk(name, false)
	if err != nil {
		return err
	}
	fd, err := unix.Openat(at, ".", walkFlags, 0)
	if err != nil {
		return err
	}
	t.forget()
	return empty(fd, name)
}

// look reads what all kinds of files have.
func look(source string) (entry, *unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Lstat(source, &st); err != nil {
		return entry{}, nil, &os.PathError{Op: "lstat", Path: source, Err: err}
	}
	e := entry{
		mode: st.Mode & 0o7777, uid: int(st.Uid), gid: int(st.Gid),
		modified: time.Unix(st.Mtim.Unix()), attributes: map[string]string{},
	}
	size, err := unix.Llistxattr(source, nil)
	if size <= 0 && (err == nil || errors.Is(err, unix.ENOTSUP)) {
		return e, &st, nil
	}
	names := make([]byte, max(size, 0))
	if err == nil {
		size, err = unix.Llistxattr(source, names)
	}
	if err != nil {
		return e, &st, &os.PathError{Op: "listxattr", Path: source, Err: err}
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names[:size]), "\x00"), "\x00") {
		if name != capability && !strings.HasPrefix(name, "user.") {
			continue
		}
		value := make([]byte, maxAttribute)
		n, err := unix.Lgetxattr(source, name, value)
		if err != nil {
			return e, &st, &os.PathError{Op: "getxattr", Path: source, Err: err}
		}
		e.attributes[name] = string(value[:n])
	}
	return e, &st, nil
}

// maxAttribute is the largest value that the kernel takes.
const maxAttribute = 64 << 10
