package supervise

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// propagation are the flags that say where a mount's own mounts show up.
const propagation = syscall.MS_SHARED | syscall.MS_SLAVE | syscall.MS_PRIVATE | syscall.MS_UNBINDABLE

// mountAll makes p's mounts, seen by nobody outside p's mount namespace.
func mountAll(p *Process) *failure {
	if p.Namespaces&syscall.CLONE_NEWNS == 0 {
		if len(p.Mounts) > 0 || p.Root != "" {
			return &failure{syscall.EINVAL, "mount without a mount namespace"}
		}
		return nil
	}
	t := tree{process: p, path: "/", shared: map[*Mount]int{}}
	if fail := t.share(); fail != nil {
		return fail
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return failed("keep mounts from the host", err)
	}
	if p.Root != "" {
		// What is not a mount can't become the root.
		if err := syscall.Mount(p.Root, p.Root, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return failed("mount the root file system "+p.Root, err)
		}
		t.path = p.Root
	}
	var err error
	if t.fd, err = syscall.Open(t.path, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0); err != nil {
		return failed("open "+t.path, err)
	}
	defer closeFile(t.fd)
	defer syscall.Umask(syscall.Umask(0))
	for i := range p.Mounts {
		if fail := t.do(&p.Mounts[i]); fail != nil {
			return fail
		}
	}
	return t.console()
}

// changeRoot makes p's root file system the only one.
func changeRoot(p *Process) *failure {
	if p.Root == "" {
		return nil
	}
	err := syscall.Chdir(p.Root)
	if err == nil {
		err = syscall.PivotRoot(".", ".") // the old root is now on top of the new one
	}
	if err == nil {
		err = syscall.Unmount(".", syscall.MNT_DETACH)
	}
	if err == nil {
		err = syscall.Chdir("/")
	}
	if err != nil {
		return failed("change the root file system to "+p.Root, err)
	}
	return nil
}

// enterDirectory enters p's working directory, which need not be in an image that
// names it.
func enterDirectory(p *Process) *failure {
	if p.Dir == "" {
		return nil
	}
	err := syscall.Chdir(p.Dir)
	if errors.Is(err, syscall.ENOENT) && p.Root != "" {
		if err = os.MkdirAll(p.Dir, 0o755); err == nil {
			err = syscall.Chdir(p.Dir)
		}
	}
	if err != nil {
		return failed("change directory to "+p.Dir, err)
	}
	return nil
}

// tree is a root file system as seen from outside it. Its links lead nowhere else.
type tree struct {
	process *Process
	path    string
	fd      int
	shared  map[*Mount]int // copies of mounts, see share
}

// share takes copies of what has to be found where this process is not yet, or is
// no more: mounts that are to stay peers of the host's, while this mount namespace
// still is one, and mounts of other namespaces.
func (t *tree) share() *failure {
	for i := range t.process.Mounts {
		m := &t.process.Mounts[i]
		if m.Flags&syscall.MS_BIND == 0 || m.Flags&syscall.MS_SHARED == 0 && m.Namespace == "" {
			continue
		}
		copied := m.copy
		if m.Namespace != "" {
			copied = m.copyFrom
		}
		fd, err := copied()
		if err != nil {
			return failed("mount "+m.Source, err)
		}
		t.shared[m] = fd
	}
	return nil
}

// copy copies the source of a bind mount.
func (m *Mount) copy() (int, error) {
	source, err := m.open()
	if err != nil {
		return 0, err
	}
	defer closeFile(source)
	flags := uintptr(openTreeClone | syscall.O_CLOEXEC | atEmptyPath)
	if m.Flags&syscall.MS_REC != 0 {
		flags |= atRecursive
	}
	var empty [1]byte
	fd, _, errno := syscall.Syscall(sysOpenTree, uintptr(source), uintptr(unsafe.Pointer(&empty)), flags)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// copyFrom copies the source of a bind mount from the namespace it is in.
func (m *Mount) copyFrom() (fd int, err error) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_UNSHARE, cloneFS, 0, 0); errno != 0 {
		return 0, errno
	}
	own, err := os.Open("/proc/thread-self/ns/mnt")
	if err != nil {
		return 0, err
	}
	defer own.Close()
	theirs, err := os.Open(m.Namespace)
	if err != nil {
		return 0, err
	}
	defer theirs.Close()
	if _, _, errno := syscall.RawSyscall(sys.setns, theirs.Fd(), syscall.CLONE_NEWNS, 0); errno != 0 {
		return 0, errno
	}
	fd, err = m.copy()
	if _, _, errno := syscall.RawSyscall(sys.setns, own.Fd(), syscall.CLONE_NEWNS, 0); errno != 0 {
		return 0, errno
	}
	return fd, err
}

// open opens the source of a bind mount, to name it.
func (m *Mount) open() (int, error) {
	resolve := uint64(0)
	if m.Fixed {
		resolve = noSymlinks
	}
	return openPath(atFdcwd, m.Source, resolve)
}

// do makes one mount, or what it is instead.
func (t *tree) do(m *Mount) *failure {
	inside, ok := t.inside(m.Target)
	if !ok {
		return &failure{syscall.EINVAL, "mount " + m.Target + ": outside of " + t.path}
	}
	at := place{t, inside, m.Fixed}
	if m.Link || m.Mode != 0 {
		if err := at.node(m); err != nil {
			return failed("make "+m.Target, err)
		}
		return nil
	}
	source, directory := m.Source, true
	switch copied, ok := t.shared[m]; {
	case ok:
		directory = isDirectory(copied)
	case m.Flags&syscall.MS_BIND != 0 && m.Flags&syscall.MS_REMOUNT == 0:
		fd, err := m.open()
		if err != nil {
			return failed("mount "+m.Source+": open", err)
		}
		defer closeFile(fd)
		directory, source = isDirectory(fd), fdPath(fd)
	}
	if m.Make {
		if err := at.make(directory); err != nil {
			return failed("make "+m.Target, err)
		}
		if m.Source == "" && m.Type == "" && m.Flags == 0 {
			return nil
		}
	}
	if err := at.mount(m, source); err != nil {
		return failed("mount "+m.Target, err)
	}
	return nil
}

// place is a path in a tree.
type place struct {
	tree  *tree
	path  string // relative
	fixed bool   // no links on the way
}

// mount mounts. What a bind mount is to be beyond that takes calls of its own.
func (at place) mount(m *Mount, source string) error {
	const bind, remount, recursive = syscall.MS_BIND, syscall.MS_REMOUNT, syscall.MS_REC
	options := m.Flags &^ (bind | recursive | propagation)
	if m.Flags&bind == 0 || m.Flags&remount != 0 {
		return at.with(func(fd int) error {
			if m.Type == "proc" && at.tree.process.joinsPids() {
				return mountInside(source, fd, m.Type, m.Flags, m.Data)
			}
			return syscall.Mount(source, fdPath(fd), m.Type, uintptr(m.Flags), m.Data)
		})
	}
	err := at.with(func(fd int) error {
		if copied, ok := at.tree.shared[m]; ok {
			defer closeFile(copied)
			var empty [1]byte
			return call5(sysMoveMount, uintptr(copied), uintptr(unsafe.Pointer(&empty)), uintptr(fd),
				uintptr(unsafe.Pointer(&empty)), moveFromFile|moveToFile)
		}
		return syscall.Mount(source, fdPath(fd), "", uintptr(m.Flags&(bind|recursive)), "")
	})
	if err == nil && options != 0 {
		err = at.with(func(fd int) error { return restrict(fd, m.Flags) })
	}
	if kind := m.Flags & propagation &^ syscall.MS_SHARED; err == nil && kind != 0 {
		err = at.with(func(fd int) error {
			return syscall.Mount("", fdPath(fd), "", uintptr(kind|m.Flags&recursive), "")
		})
	}
	return err
}

// restrict takes rights away from a mount, with MS_REC from all below it, too.
func restrict(fd int, flags uint64) error {
	var attributes struct{ set, clear, propagation, user uint64 }
	for i, flag := range []uint64{syscall.MS_RDONLY, syscall.MS_NOSUID, syscall.MS_NODEV, syscall.MS_NOEXEC} {
		if flags&flag != 0 {
			attributes.set |= 1 << i
		}
	}
	how := uintptr(atEmptyPath)
	if flags&syscall.MS_REC != 0 {
		how |= atRecursive
	}
	var empty [1]byte
	return call5(sysMountSetattr, uintptr(fd), uintptr(unsafe.Pointer(&empty)), how,
		uintptr(unsafe.Pointer(&attributes)), unsafe.Sizeof(attributes))
}

// node makes a node or a symbolic link, in place of a file.
func (at place) node(m *Mount) error {
	dir, name := at.split()
	if err := dir.make(true); err != nil {
		return err
	}
	return dir.with(func(fd int) error {
		path := fdPath(fd) + "/" + name
		_ = syscall.Unlink(path) // it need not be there
		switch {
		case m.Link:
			return syscall.Symlink(m.Source, path)
		case m.Mode&syscall.S_IFMT == syscall.S_IFREG:
			return write(path, m, at.tree.process.User)
		}
		return syscall.Mknod(path, uint32(m.Mode), int(m.Device))
	})
}

// write makes a file with a mount's content, which is its owner's alone until it
// is complete.
func write(path string, m *Mount, owner *User) error {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(m.Data)
	if err == nil && owner != nil {
		err = f.Chown(int(owner.UID), int(owner.GID))
	}
	if err == nil {
		err = syscall.Fchmod(int(f.Fd()), uint32(m.Mode&0o7777))
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// make makes a directory or a file, and the directories that lead there.
func (at place) make(directory bool) error {
	err := at.with(func(int) error { return nil })
	if !errors.Is(err, syscall.ENOENT) || at.path == "" {
		return err
	}
	dir, name := at.split()
	if err := dir.make(true); err != nil {
		return err
	}
	return dir.with(func(fd int) error {
		path := fdPath(fd) + "/" + name
		if directory {
			return syscall.Mkdir(path, 0o755)
		}
		file, err := syscall.Open(path, syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o644)
		if err == nil {
			err = syscall.Close(file)
		}
		return err
	})
}

// with does something to the file at a place, to which no link leads astray.
func (at place) with(do func(fd int) error) error {
	resolve := uint64(resolveInRoot)
	if at.fixed {
		resolve |= noSymlinks
	}
	fd, err := openPath(at.tree.fd, "./"+at.path, resolve)
	if err != nil {
		return err
	}
	defer closeFile(fd)
	return do(fd)
}

// split is the directory of a place and its name in it.
func (at place) split() (dir place, name string) {
	for i := len(at.path) - 1; i >= 0; i-- {
		if at.path[i] == '/' {
			return place{at.tree, at.path[:i], at.fixed}, at.path[i+1:]
		}
	}
	return place{at.tree, "", at.fixed}, at.path
}

// openPath opens a file to name it, and for nothing else; resolve is openat2(2)'s.
func openPath(dir int, path string, resolve uint64) (int, error) {
	how := struct{ flags, mode, resolve uint64 }{oPath | syscall.O_CLOEXEC, 0, resolve}
	p, err := syscall.BytePtrFromString(path)
	if err != nil {
		return 0, err
	}
	fd, _, errno := syscall.Syscall6(sys.openat2, uintptr(dir), uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// call5 is a system call with five arguments.
//
//go:uintptrescapes
func call5(number, a, b, c, d, e uintptr) error {
	if _, _, errno := syscall.Syscall6(number, a, b, c, d, e, 0); errno != 0 {
		return errno
	}
	return nil
}

// inside is a path of the host as seen from the root of the tree.
func (t *tree) inside(path string) (string, bool) {
	root := t.path
	for len(root) > 0 && root[len(root)-1] == '/' {
		root = root[:len(root)-1]
	}
	if len(path) < len(root) || path[:len(root)] != root || len(path) > len(root) && path[len(root)] != '/' {
		return "", false
	}
	path = path[len(root):]
	for len(path) > 0 && path[0] == '/' {
		path = path[1:]
	}
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path, true
}

// oPath opens a file to name it, and for nothing else.
const oPath = 0x200000

const atFdcwd = -100

func fdPath(fd int) string { return "/proc/self/fd/" + itoa(fd) }

// closeFile closes a file that was opened to name it: nothing can be lost.
func closeFile(fd int) { _ = syscall.Close(fd) }

func isDirectory(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR
}

// mountInside mounts on an open file, as a process of the pid namespace that this
// process's children are in and it is not.
func mountInside(source string, target int, kind string, flags uint64, data string) error {
	rest := &program{foreign: true}
	path := "/proc/" + itoa(os.Getpid()) + "/fd/" + itoa(target)
	rest.add("mount", syscall.SYS_MOUNT, rest.string(source), rest.string(path), rest.string(kind), flags, rest.string(data))
	rest.add("end", syscall.SYS_EXIT_GROUP, 0)
	return rest.spawnTiny(tinyFD)
}
