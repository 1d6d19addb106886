package supervise

import (
	"errors"
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

// Plain reports whether p takes nothing but a fork and an exec, which is all that
// a supervisor of the first version can do, besides limits.
func (p *Process) Plain() bool {
	return len(p.Rlimits) == 0 && len(p.Cgroups) == 0 && len(p.Join) == 0 && p.Namespaces == 0 && p.Hostname == "" &&
		len(p.Mounts) == 0 && p.Root == "" && p.Capabilities == nil && !p.NoNewPrivileges && p.Seccomp == nil &&
		!p.Pause
}

// start starts a plain p in a session of its own and returns its pid once its exec
// succeeded. It changes the working directory of this process: to p's as it is
// now, as this user, for p's own user may not be able to walk there.
func start(p *Process, std *stdio) (int, *failure) {
	if err := syscall.Chdir(p.Dir); err != nil {
		return 0, failed("change directory to "+p.Dir, err)
	}
	defer func() { _ = syscall.Chdir("/") }() // not to keep p.Dir's file system busy

	attr := &syscall.ProcAttr{Env: p.Env, Files: std.fds(), Sys: &syscall.SysProcAttr{
		Setsid: true, Setctty: std.terminal, Pdeathsig: syscall.SIGKILL,
	}}
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
