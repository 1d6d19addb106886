package supervise

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// birth is a process that an init process is becoming.
type birth struct {
	pid    int // of the init process
	to     *os.File
	report *os.File
	// told is what the container's first process tells beyond its end: how the
	// command ended (of a pid namespace of its own), or the command's pid (of one
	// that is joined, where the init process ends). Nil of any other.
	told *os.File
}

// ownsPids reports whether p is the first process of a pid namespace.
func (p *Process) ownsPids() bool { return p.Namespaces&syscall.CLONE_NEWPID != 0 }

// joinsPids reports whether p is to run in a pid namespace that is there.
func (p *Process) joinsPids() bool {
	for _, ns := range p.Join {
		if ns.Kind == syscall.CLONE_NEWPID {
			return true
		}
	}
	return false
}

// bear starts an init process, which does what can only be done between fork and
// exec. tiny is the executable of the tiny process, nil if there is none.
func bear(p *Process, files []uintptr, tiny *os.File) (*birth, *failure) {
	var b birth
	process, err := pipe(&b.to, nil)
	if err != nil {
		return nil, failed("make a pipe", err)
	}
	defer process.Close()
	report, err := pipe(nil, &b.report)
	if err != nil {
		b.close()
		return nil, failed("make a pipe", err)
	}
	defer report.Close()
	const none = ^uintptr(0)
	files = append(files, process.Fd(), report.Fd(), none, none)
	if p.ownsPids() || p.joinsPids() {
		tell, err := pipe(nil, &b.told)
		if err != nil {
			b.close()
			return nil, failed("make a pipe", err)
		}
		defer tell.Close()
		files[tellFD] = tell.Fd()
	}
	if tiny != nil {
		files[tinyFD] = tiny.Fd()
	}
	b.pid, err = syscall.ForkExec("/proc/self/exe", []string{initName}, &syscall.ProcAttr{
		Env:   Environment(),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true, Cloneflags: uintptr(p.Namespaces & syscall.CLONE_NEWPID)},
	})
	if err != nil {
		b.close()
		what := "start an init process"
		if p.ownsPids() {
			what = "make a pid namespace"
		}
		return nil, failed(what, err)
	}
	return &b, nil
}

// wait sees to it that the init process becomes p, and returns the pid of the
// container's first process. The failure is the init process's, or that it ended.
func (b *birth) wait(p *Process) (pid int, fail *failure) {
	// It is told nothing before it has said that it will not outlive this process: one
	// that becomes a container after whoever looks for what is left has looked would
	// be nobody's.
	_, err := io.ReadFull(b.report, make([]byte, 1))
	if err == nil {
		err = WriteRequest(b.to, &Request{Op: OpLaunch, Container: p.Container, Process: *p})
	}
	b.to.Close()
	if err != nil {
		_ = syscall.Kill(b.pid, syscall.SIGKILL)
	}
	// The pipe closes with the exec, or with the end of the init process.
	m, readErr := ReadMessage(b.report)
	b.report.Close()
	switch {
	case readErr == nil:
		return 0, &failure{syscall.Errno(m.Errno), m.What}
	case !errors.Is(readErr, io.EOF):
		return 0, failed("hear from the init process", readErr)
	case err != nil:
		return 0, failed("tell the init process what to run", err)
	case !p.joinsPids():
		return b.pid, nil
	}
	if pid, ok := b.number(); ok {
		return pid, nil
	}
	return 0, &failure{syscall.ECHILD, "run " + p.Path + ": the init process ended"}
}

// number reads the number that the first process told, if it did; it is not
// waited for longer than the process has the pipe.
func (b *birth) number() (int, bool) {
	if b.told == nil {
		return 0, false
	}
	var word [4]byte
	_, err := io.ReadFull(b.told, word[:])
	b.told.Close()
	b.told = nil
	return int(int32(uint32(word[0]) | uint32(word[1])<<8 | uint32(word[2])<<16 | uint32(word[3])<<24)), err == nil
}

// close closes what is open.
func (b *birth) close() {
	for _, f := range []*os.File{b.to, b.report, b.told} {
		if f != nil {
			f.Close()
		}
	}
}

// pipe makes a pipe. It returns the end that another process is to have, which
// blocks, and sets the one that stays, where the poller waits: a thread that did
// would be there for good.
func pipe(to, from **os.File) (*os.File, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	stays := fds[0]
	if to != nil {
		stays = fds[1]
	}
	_ = syscall.SetNonblock(stays, true) // or a thread waits
	r, w := os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe")
	if to != nil {
		*to = w
		return r, nil
	}
	*from = r
	return w, nil
}
