package supervise

import (
	"os"
	"syscall"
)

// initialise is an init process. It becomes what it reads from processFD, or
// writes to reportFD why not and returns an exit status.
func initialise() int {
	begin()
	for _, fd := range []int{tellFD, tinyFD} {
		syscall.CloseOnExec(fd)
	}
	// Who hears of it lives on after that, or its end is this process's, too.
	if _, err := syscall.Write(reportFD, []byte{1}); err != nil {
		return 1
	}
	req, err := ReadRequest(os.NewFile(processFD, "process"))
	if err != nil {
		return 1
	}
	return report(become(&req.Process))
}

// command is the process that becomes the command of a pid namespace where there
// is no tiny process: its parent is an init process.
func command() int {
	begin()
	req, err := ReadRequest(os.NewFile(processFD, "process"))
	if err != nil {
		return 1
	}
	rest := &program{}
	rest.command(&req.Process)
	return report(rest.run())
}

// begin keeps what fork and exec should not pass on. Go raises the limit of open
// files for itself, and lowers it again when it executes another program, even if
// that fails; programs that are not executed by way of Go's package need that too.
//
// If its parent is killed, so is this process, and what it becomes: nobody else
// is sure to find it.
func begin() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetParentDeath, uintptr(syscall.SIGKILL), 0)
	syscall.CloseOnExec(processFD)
	syscall.CloseOnExec(reportFD)
	_ = syscall.Exec("", nil, nil)
}

func report(fail *failure) int {
	if err := WriteMessage(os.NewFile(reportFD, "report"), &Message{Errno: int(fail.errno), What: fail.what}); err != nil {
		return 2
	}
	return 1
}

// become does everything that p asks for, in order, and comes back only with what
// failed. This is the main thread, which package initialisation does not leave; what
// a thread can do to itself is what its exec makes of the whole process.
func become(p *Process) *failure {
	for _, step := range []func(*Process) *failure{
		enterCgroups, join, makeNamespaces, mountAll, changeRoot, enterDirectory,
	} {
		if fail := step(p); fail != nil {
			return fail
		}
	}
	if p.ownsPids() || p.joinsPids() || p.Pause {
		return divide(p)
	}
	rest := &program{}
	rest.command(p)
	return rest.run()
}

func enterCgroups(p *Process) *failure {
	for _, dir := range p.Cgroups {
		file, err := os.OpenFile(dir+"/cgroup.procs", os.O_WRONLY, 0)
		if err == nil {
			_, err = file.Write([]byte("0"))
			file.Close()
		}
		if err != nil {
			return failed("enter the cgroup "+dir, err)
		}
	}
	return nil
}

// divide makes a parent of this process and p's command its child: the parent is
// the first process of the pid namespace, or ends in favour of the command if the
// namespace is another's. A paused container is the parent alone.
func divide(p *Process) *failure {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, tinyFD, syscall.F_GETFD, 0); errno != 0 {
		return divideGo(p)
	}
	rest := &program{foreign: true}
	if p.Pause {
		rest.ignoreChildren()
		rest.calls = append(rest.calls, call{number: callHold})
		return rest.execTiny(tinyFD, p.Container)
	}
	const setfd = syscall.F_SETFD
	for _, fd := range []uintptr{reportFD, tellFD} { // the tiny process is to have them
		_, _, _ = syscall.RawSyscall(syscall.SYS_FCNTL, fd, setfd, 0)
	}
	rest.add("", syscall.SYS_FCNTL, reportFD, setfd, fdCloexec)
	rest.add("", syscall.SYS_FCNTL, tellFD, setfd, fdCloexec)
	flags := uint64(syscall.SIGCHLD)
	if p.joinsPids() {
		flags |= cloneParent
	}
	rest.add("fork", syscall.SYS_CLONE, flags)
	rest.command(p)
	return rest.execTiny(tinyFD, p.Container)
}

// ignoreChildren has the kernel reap children.
func (p *program) ignoreChildren() {
	const ignore = 1 // SIG_IGN, the first word of a struct sigaction
	p.add("ignore children", syscall.SYS_RT_SIGACTION, uint64(syscall.SIGCHLD), p.words(ignore, 0, 0, 0), 0, 8)
}

// divideGo does what the tiny process does, where there is none.
func divideGo(p *Process) *failure {
	if p.Pause {
		rest := &program{}
		rest.ignoreChildren()
		rest.add("wait", syscall.SYS_PPOLL, 0, 0, 0, 0)
		for fd := range tinyFD {
			_ = syscall.Close(fd)
		}
		for {
			rest.run()
		}
	}
	var to *os.File
	process, err := pipe(&to, nil)
	if err != nil {
		return failed("make a pipe", err)
	}
	attr := &syscall.ProcAttr{
		Env: Environment(), Files: []uintptr{0, 1, 2, process.Fd(), reportFD}, Sys: &syscall.SysProcAttr{},
	}
	if p.joinsPids() {
		attr.Sys.Cloneflags = cloneParent
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{commandName}, attr)
	if err != nil {
		return failed("run the init process", err)
	}
	process.Close()
	if err := WriteRequest(to, &Request{Op: OpLaunch, Process: *p}); err != nil {
		return failed("tell the init process what to run", err)
	}
	to.Close()
	for fd := range tellFD {
		_ = syscall.Close(fd)
	}
	if p.joinsPids() {
		tell(pid)
		os.Exit(0)
	}
	os.Exit(reap(pid))
	return nil
}

// reap reaps children until pid has ended, tells how and returns an exit status.
func reap(pid int) int {
	for {
		var status syscall.WaitStatus
		if ended, err := syscall.Wait4(-1, &status, 0, nil); err != nil || ended != pid {
			continue
		}
		tell(int(status))
		if status.Signaled() {
			return 128 + int(status.Signal())
		}
		return status.ExitStatus()
	}
}

// tell writes a number to tellFD.
func tell(n int) {
	_, _ = syscall.Write(tellFD, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}
