package container

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// findSupervisor finds the supervisor that an earlier agent left, or starts one.
func findSupervisor(dir string, to told) (*supervisor, error) {
	keepFiles()
	if dir == "" {
		return startSupervisor(to)
	}
	if conn, err := supervise.Dial(dir); err == nil {
		s := newSupervisor(conn, nil, to)
		if hello, ok := s.call(&supervise.Request{Op: supervise.OpHello, Version: supervise.ProtocolVersion}, nil); ok {
			s.version = hello.Version
			return s, nil
		}
		<-s.down // it was about to end
	}
	return startListening(dir, to)
}

// startSupervisor starts a supervisor that ends with this process.
func startSupervisor(to told) (*supervisor, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "supervisor"), os.NewFile(uintptr(fds[1]), "agent")
	defer theirs.Close()
	process := command(theirs, os.Stderr)
	if err := process.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	return newSupervisor(ours, process, to), nil
}

// startListening starts a supervisor that outlives this process.
func startListening(dir string, to told) (*supervisor, error) {
	socket, err := supervise.ListenIn(dir)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	// Not this process's stderr: whoever reads that waits for its end.
	log, err := os.OpenFile(filepath.Join(dir, "supervisor.log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	process := command(socket, log, supervise.Listen)
	if err := process.Start(); err != nil {
		return nil, err
	}
	conn, err := supervise.Dial(dir)
	if err != nil {
		_ = process.Process.Kill()
		_ = process.Wait()
		return nil, err
	}
	return newSupervisor(conn, process, to), nil
}

// keepFiles has no process that this one starts inherit what whoever started this
// one left open: the readers of such a pipe would wait for the end of the last
// container. Kernels before 5.9 can't do it, which harms nobody else.
func keepFiles() { _ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }

// command is a supervisor process that finds file where it looks for its agent.
func command(file, stderr *os.File, args ...string) *exec.Cmd {
	return &exec.Cmd{
		Path: "/proc/self/exe", // this binary, even if its file was replaced
		Args: append([]string{supervise.SupervisorName}, args...),
		// What the race detector is told (if it is built in) holds for it, too.
		Env:        append(supervise.Environment(), "GORACE="+os.Getenv("GORACE")),
		Dir:        "/",
		Stderr:     stderr,
		ExtraFiles: []*os.File{file},
		// Its own session: a terminal's Ctrl-C is the agent's affair.
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
}
