package supervise

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// failure is an error number and what it is about.
type failure struct {
	errno syscall.Errno
	what  string
}

func failed(what string, err error) *failure {
	errno := syscall.EIO
	errors.As(err, &errno)
	return &failure{errno, what}
}

// start starts p in a session of its own and returns its pid once its exec
// succeeded. It changes the working directory of this process: to p's as it is
// now, as this user, for p's own user may not be able to walk there.
func start(p *Process, std *stdio) (int, *failure) {
	if err := syscall.Chdir(p.Dir); err != nil {
		return 0, failed("change directory to "+p.Dir, err)
	}
	defer func() { _ = syscall.Chdir("/") }() // not to keep p.Dir's file system busy

	files := std.fds()
	if len(p.Rlimits) > 0 {
		return startInit(p, files)
	}
	attr := &syscall.ProcAttr{Env: p.Env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true, Setctty: std.terminal}}
	if p.User != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: p.User.UID, Gid: p.User.GID, Groups: p.User.Groups}
	}
	path, args := lookup(p)
	pid, err := syscall.ForkExec(path, args, attr)
	if err == syscall.ENOEXEC {
		path, args = script(path, args)
		pid, err = syscall.ForkExec(path, args, attr)
	}
	if err != nil {
		return 0, failed("run "+p.Path, err)
	}
	return pid, nil
}

// openOutput opens a file of the sandbox to append to. What is there may be of
// the user's making, so links are not followed and a fifo does not block.
func openOutput(path string) (*os.File, *failure) {
	const flags = syscall.O_WRONLY | syscall.O_APPEND | syscall.O_CREAT |
		syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_CLOEXEC
	fd, err := syscall.Open(path, flags, 0o644)
	if err != nil {
		return nil, failed("open "+path, err)
	}
	err = syscall.SetNonblock(fd, false)
	file := os.NewFile(uintptr(fd), path)
	if err != nil {
		file.Close()
		return nil, failed("open "+path, err)
	}
	return file, nil
}

// script is how execvp(3) runs a file that the kernel knows no format for.
func script(path string, args []string) (string, []string) {
	shell := []string{"sh", path}
	if len(args) > 1 {
		shell = append(shell, args[1:]...)
	}
	return "/bin/sh", shell
}

// lookup finds p's executable; the working directory is p.Dir. If there is none
// it returns a path whose exec tells why.
func lookup(p *Process) (string, []string) {
	for i := range len(p.Path) {
		if p.Path[i] == '/' {
			return p.Path, p.Args
		}
	}
	if executable("./" + p.Path) {
		return "./" + p.Path, p.Args
	}
	var path string
	for _, v := range p.Env {
		if len(v) > 5 && v[:5] == "PATH=" {
			path = v[5:]
		}
	}
	for len(path) > 0 {
		end := 0
		for end < len(path) && path[end] != ':' {
			end++
		}
		if dir := path[:end]; dir != "" && executable(dir+"/"+p.Path) {
			return dir + "/" + p.Path, p.Args
		}
		path = path[min(end+1, len(path)):]
	}
	return "./" + p.Path, p.Args
}

func executable(path string) bool {
	var st syscall.Stat_t
	return syscall.Stat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG && st.Mode&0o111 != 0
}

// startInit starts p by way of an init process, which does what can only be
// done between fork and exec.
func startInit(p *Process, files []uintptr) (int, *failure) {
	process, toInit, err := pipe()
	if err != nil {
		return 0, failed("make a pipe", err)
	}
	fromInit, report, err := pipe()
	if err != nil {
		process.Close()
		toInit.Close()
		return 0, failed("make a pipe", err)
	}
	defer fromInit.Close()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{initName}, &syscall.ProcAttr{
		Env:   []string{"GOMAXPROCS=1"},
		Files: append(files, process.Fd(), report.Fd()),
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	process.Close()
	report.Close()
	if err != nil {
		toInit.Close()
		return 0, failed("start an init process", err)
	}
	err = WriteRequest(toInit, &Request{Op: OpLaunch, Container: p.Container, Process: *p})
	toInit.Close()
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	// The pipe closes with the exec, or with the end of the init process.
	m, readErr := ReadMessage(fromInit)
	switch {
	case err != nil:
		return 0, failed("tell the init process what to run", err)
	case readErr == nil:
		return 0, &failure{syscall.Errno(m.Errno), m.What}
	case !errors.Is(readErr, io.EOF):
		return 0, failed("hear from the init process", readErr)
	}
	return pid, nil
}

// pipe is os.Pipe without the poller, whose files would not block.
func pipe() (r, w *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe"), nil
}

// initialise is an init process. It becomes what it reads from process, or
// writes to report why not and returns an exit status.
func initialise(process, report *os.File) int {
	syscall.CloseOnExec(failureFD)
	req, err := ReadRequest(process)
	process.Close()
	if err != nil {
		return 1
	}
	fail := become(&req.Process)
	if err := WriteMessage(report, &Message{Errno: int(fail.errno), What: fail.what}); err != nil {
		return 2
	}
	return 1
}

func become(p *Process) *failure {
	for _, limit := range p.Rlimits {
		value := syscall.Rlimit{Cur: limit.Soft, Max: limit.Hard}
		if err := syscall.Setrlimit(limit.Resource, &value); err != nil {
			return failed("set a resource limit", err)
		}
	}
	if p.User != nil {
		groups := make([]int, len(p.User.Groups))
		for i, gid := range p.User.Groups {
			groups[i] = int(gid)
		}
		if err := syscall.Setgroups(groups); err != nil {
			return failed("set groups", err)
		}
		if err := syscall.Setgid(int(p.User.GID)); err != nil {
			return failed("set group", err)
		}
		if err := syscall.Setuid(int(p.User.UID)); err != nil {
			return failed("set user", err)
		}
	}
	path, args := lookup(p)
	err := syscall.Exec(path, args, p.Env)
	if err == syscall.ENOEXEC {
		path, args = script(path, args)
		err = syscall.Exec(path, args, p.Env)
	}
	return failed("run "+p.Path, err)
}
