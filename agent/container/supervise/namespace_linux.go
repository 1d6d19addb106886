package supervise

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// kinds are the kinds of namespaces, in the order in which they are entered: the
// mount namespace last, for the others' files are found in this one's.
var kinds = []struct {
	flag uint64
	name string
}{
	{syscall.CLONE_NEWUSER, "user"},
	{0x02000000, "cgroup"},
	{syscall.CLONE_NEWIPC, "ipc"},
	{syscall.CLONE_NEWUTS, "uts"},
	{syscall.CLONE_NEWNET, "net"},
	{syscall.CLONE_NEWPID, "pid"},
	{syscall.CLONE_NEWNS, "mnt"},
}

// join enters the namespaces of others; a pid namespace is the children's.
func join(p *Process) *failure {
	if len(p.Join) == 0 {
		return nil
	}
	// Go may want a thread at any time, and another thread makes it for one that is
	// locked. One whose children belong to another pid namespace can't make threads, and
	// threads share what the file system looks like, which a thread in another mount
	// namespace can't.
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_UNSHARE, cloneFS, 0, 0); errno != 0 {
		return failed("leave the other threads", errno)
	}
	files := make([]*os.File, len(p.Join))
	for i, ns := range p.Join {
		file, err := os.Open(ns.Path)
		if err != nil {
			return failed("enter the namespace "+ns.Path, err)
		}
		defer file.Close()
		files[i] = file
	}
	for _, kind := range kinds {
		for i, ns := range p.Join {
			if ns.Kind != kind.flag {
				continue
			}
			if _, _, errno := syscall.RawSyscall(sys.setns, files[i].Fd(), uintptr(ns.Kind), 0); errno != 0 {
				return failed("enter the "+kind.name+" namespace "+ns.Path, errno)
			}
		}
	}
	return nil
}

// makeNamespaces makes p's namespaces; that of pids was made with this process.
func makeNamespaces(p *Process) *failure {
	for _, kind := range kinds {
		if p.Namespaces&kind.flag == 0 || kind.flag == syscall.CLONE_NEWPID {
			continue
		}
		if _, _, errno := syscall.RawSyscall(syscall.SYS_UNSHARE, uintptr(kind.flag), 0, 0); errno != 0 {
			return failed("make a "+kind.name+" namespace", errno)
		}
	}
	if p.Namespaces&syscall.CLONE_NEWNET != 0 {
		if err := loopbackUp(); err != nil {
			return failed("bring the loopback interface up", err)
		}
	}
	if p.Hostname != "" {
		if err := syscall.Sethostname([]byte(p.Hostname)); err != nil {
			return failed("set the hostname "+p.Hostname, err)
		}
	}
	return nil
}

// loopbackUp brings up the only interface of a new network namespace.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd) //nolint:errcheck // nothing was written
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
