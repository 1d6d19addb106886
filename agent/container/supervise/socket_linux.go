package supervise

import (
	"os"
	"syscall"
)

// socketName is the supervisor's socket in a directory of its own, which nobody
// but the agent's user may enter.
const socketName = "supervisor.sock"

// ListenIn makes the socket of a supervisor that outlives its agent, in place of
// one that nobody listens on any more. The directory is made.
func ListenIn(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(dir + "/" + socketName); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	const backlog = 4
	return socket(dir, func(fd int, address syscall.Sockaddr) error {
		if err := syscall.Bind(fd, address); err != nil {
			return err
		}
		return syscall.Listen(fd, backlog)
	})
}

// Dial connects to the supervisor that listens in a directory.
func Dial(dir string) (*os.File, error) {
	return socket(dir, syscall.Connect)
}

// socket makes a socket and has it bound or connected. An address may have about
// a hundred bytes, and a work directory more: the way leads over a descriptor.
func socket(dir string, do func(fd int, address syscall.Sockaddr) error) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "socket", Path: dir, Err: err}
	}
	if err := do(fd, &syscall.SockaddrUnix{Name: "/proc/self/fd/" + itoa(int(d.Fd())) + "/" + socketName}); err != nil {
		_ = syscall.Close(fd)
		return nil, &os.PathError{Op: "supervisor's socket", Path: dir, Err: err}
	}
	return os.NewFile(uintptr(fd), "supervisor"), nil
}

// accept takes the connections of agents: of this user, or of root.
func accept(fd int, agents chan<- *os.File) {
	for {
		conn, _, err := syscall.Accept4(fd, syscall.SOCK_CLOEXEC)
		switch {
		case err == syscall.EINTR || err == syscall.ECONNABORTED:
			continue
		case err != nil:
			return
		}
		peer, err := syscall.GetsockoptUcred(conn, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err != nil || peer.Uid != 0 && int(peer.Uid) != os.Geteuid() {
			_ = syscall.Close(conn)
			continue
		}
		agents <- os.NewFile(uintptr(conn), "agent")
	}
}
