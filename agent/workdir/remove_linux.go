package workdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxDepth is how deep a tree is walked down at once. What lies deeper is moved
// up first, so that no tree takes more than this many descriptors.
const maxDepth = 64

// remover is a removal under way.
type remover struct {
	ctx  context.Context
	top  *os.File // the directory that holds what is removed
	deep int      // how many directories were moved up to top
	// prefix names what was moved up.
	prefix string
	failed error // the first thing that could not be removed
}

func remove(ctx context.Context, root *os.Root, dir, name string) error {
	if err := unmount(filepath.Join(dir, name)); err != nil {
		return err
	}
	top, err := root.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer top.Close()
	base := filepath.Base(name)
	r := &remover{ctx: ctx, top: top, prefix: base + ".deep"}
	r.remove(top, base, 0)
	for done := 0; done < r.deep; done++ {
		r.remove(top, r.prefix+strconv.Itoa(done), 0)
	}
	return r.failed
}

// fail notes that something could not be removed; the rest still can be.
func (r *remover) fail(name string, err error) {
	if err != nil && !errors.Is(err, unix.ENOENT) && r.failed == nil {
		r.failed = fmt.Errorf("%s: %w", name, err)
	}
}

// remove removes one entry of a directory.
func (r *remover) remove(parent *os.File, name string, depth int) {
	if err := r.ctx.Err(); err != nil {
		r.fail(name, err)
		return
	}
	fd := int(parent.Fd())
	err := unix.Unlinkat(fd, name, 0)
	if err != unix.EISDIR && err != unix.EPERM && err != unix.EACCES {
		r.fail(name, err)
		return
	}
	if unix.Unlinkat(fd, name, unix.AT_REMOVEDIR) == nil {
		return
	}
	if depth == maxDepth && r.moveUp(parent, name) {
		return
	}
	if emptied := r.empty(fd, name, depth); errors.Is(emptied, unix.ENOTDIR) {
		r.fail(name, err) // a file that may not be removed
		return
	} else if emptied != nil {
		r.fail(name, emptied)
	}
	r.fail(name, unix.Unlinkat(fd, name, unix.AT_REMOVEDIR))
}

// moveUp moves a directory to the top, to be removed from there.
func (r *remover) moveUp(parent *os.File, name string) bool {
	err := unix.Renameat(int(parent.Fd()), name, int(r.top.Fd()), r.prefix+strconv.Itoa(r.deep))
	if err == nil {
		r.deep++
	}
	return err == nil
}

// empty removes what is in a directory.
func (r *remover) empty(parent int, name string, depth int) error {
	dir, err := openDir(parent, name)
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			r.remove(dir, name, depth+1)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// openDir opens a directory to empty it, unless something is mounted there. Its
// mode may say that its own owner must not: that is changed.
func openDir(parent int, name string) (*os.File, error) {
	fd, err := openBeneath(parent, name, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	self := "/proc/self/fd/" + strconv.Itoa(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Mode&0o700 != 0o700 && os.Geteuid() != 0 {
		_ = unix.Chmod(self, 0o700) // if that is not allowed, opening or removing tells
	}
	return os.Open(self)
}

// openBeneath opens an entry of a directory, following no link and no mount.
func openBeneath(parent int, name string, flags int) (int, error) {
	fd, err := unix.Openat2(parent, name, &unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC | unix.O_NOFOLLOW),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_XDEV,
	})
	if err != unix.ENOSYS && err != unix.EPERM {
		return fd, err
	}
	// A kernel before 5.6, or a filter that does not know the call. Mounts were
	// unmounted before; one that came since and is of the same device is missed.
	if fd, err = unix.Openat(parent, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0); err != nil {
		return -1, err
	}
	var above, here unix.Stat_t
	if err = unix.Fstat(parent, &above); err == nil {
		err = unix.Fstat(fd, &here)
	}
	if err == nil && above.Dev != here.Dev {
		err = unix.EXDEV
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// unmount takes away what is mounted at a path or below it, the newest first.
func unmount(path string) error {
	points, err := mountPoints()
	if err != nil {
		return err
	}
	for i := len(points) - 1; i >= 0; i-- {
		if points[i] != path && !strings.HasPrefix(points[i], path+"/") {
			continue
		}
		if err := unix.Unmount(points[i], unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unmount %s: %w", points[i], err)
		}
	}
	return nil
}

// mountPoints lists where something is mounted, in the order that it was.
func mountPoints() ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []string
	for line := range strings.Lines(string(data)) {
		const point = 4 // of the fields that proc(5) names
		if fields := strings.Fields(line); len(fields) > point {
			points = append(points, unescape.Replace(fields[point]))
		}
	}
	return points, nil
}

// unescape undoes how mountinfo writes what would end a field or a line.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
