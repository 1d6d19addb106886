package supervise

import (
	"os"
	"syscall"
	"unsafe"
)

// stdio is the standard streams of a process that is about to be started.
type stdio struct {
	// child are the ends that the process gets; they are closed once it has them.
	child [3]*os.File
	// terminal tells that they are a terminal, to be made the controlling one.
	terminal bool
	// copied is what goes through this process; nil if the container reads and
	// writes its files itself, which costs nothing.
	copied *output
}

// openStdio opens the standard streams of p. Files of the sandbox are written to
// by the process itself, unless somebody is to attach to it or they are bounded.
func openStdio(p *Process) (*stdio, *failure) {
	if p.Terminal != nil {
		return openTerminalStdio(p)
	}
	std := new(stdio)
	copied := &output{}
	if fail := std.open(p, copied); fail != nil {
		std.close()
		copied.discard()
		return nil, fail
	}
	if copied.stdin != nil || len(copied.streams) > 0 {
		std.copied = copied
	}
	return std, nil
}

func (std *stdio) open(p *Process, copied *output) (fail *failure) {
	if p.Stdin {
		copied.stdin, std.child[0], fail = pollPipe(false)
	} else {
		std.child[0], fail = openNull()
	}
	if fail != nil {
		return fail
	}
	if std.child[1], fail = copied.open(p, FrameStdout, p.Stdout); fail != nil {
		return fail
	}
	std.child[2], fail = copied.open(p, FrameStderr, p.Stderr)
	return fail
}

// open opens one of a process's outputs: a file, or a pipe to what copies it.
func (o *output) open(p *Process, kind Frame, path string) (*os.File, *failure) {
	if limit, _ := p.Logs.of(kind); path != "" && !p.Stdin && limit == 0 {
		return openOutput(path)
	}
	log, fail := p.openLog(kind, path)
	if fail != nil {
		return nil, fail
	}
	ours, theirs, fail := pollPipe(true)
	if fail != nil {
		_ = log.Close() // nothing was written
		return nil, fail
	}
	o.streams = append(o.streams, &stream{kind: kind, source: ours, log: log})
	return theirs, nil
}

func openNull() (*os.File, *failure) {
	fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, failed("open /dev/null", err)
	}
	return os.NewFile(uintptr(fd), "/dev/null"), nil
}

// openTerminalStdio makes a terminal. This process keeps the container's side
// open as well, so that the terminal lasts for as long as the container does,
// whichever of its processes have it open.
func openTerminalStdio(p *Process) (*stdio, *failure) {
	master, slave, fail := openTerminal(p.User)
	if fail != nil {
		return nil, fail
	}
	log, fail := p.openLog(FrameStdout, p.Stdout)
	if fail != nil {
		master.Close()
		slave.Close()
		return nil, fail
	}
	resize(master, *p.Terminal)
	return &stdio{
		child: [3]*os.File{slave, slave, slave}, terminal: true,
		copied: &output{
			stdin: master, terminal: slave,
			streams: []*stream{{kind: FrameStdout, source: master, log: log}},
		},
	}, nil
}

// openTerminal makes a pseudo-terminal, which is the user's.
func openTerminal(user *User) (master, slave *os.File, fail *failure) {
	fd, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, failed("open /dev/ptmx", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	var number, locked uint32
	err = control(master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	if err == nil {
		err = control(master, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	}
	path := "/dev/pts/" + itoa(int(number))
	if err == nil && user != nil {
		err = syscall.Chown(path, int(user.UID), int(user.GID))
	}
	if err != nil {
		master.Close()
		return nil, nil, failed("make a terminal", err)
	}
	fd, err = syscall.Open(path, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		master.Close()
		return nil, nil, failed("open "+path, err)
	}
	return master, os.NewFile(uintptr(fd), path), nil
}

// console has p's terminal, which the host made, found in a /dev of p's own:
// programs that ask for its name are told /dev/console.
func (t *tree) console() *failure {
	p := t.process
	if p.Terminal == nil || p.Root == "" {
		return nil
	}
	for i := range p.Mounts {
		if p.Mounts[i].Target != p.Root+"/dev" {
			continue
		}
		name, err := os.Readlink("/proc/self/fd/0")
		if err != nil {
			return failed("find the terminal", err)
		}
		return t.do(&Mount{Source: name, Target: p.Root + "/dev/console", Make: true, Flags: syscall.MS_BIND})
	}
	return nil
}

// resize sets the size of a terminal, of which its processes are told. A size
// that is not known stays as it is.
func resize(terminal *os.File, w Window) {
	if w.Rows == 0 && w.Columns == 0 {
		return
	}
	size := struct{ rows, columns, x, y uint16 }{rows: w.Rows, columns: w.Columns}
	_ = control(terminal, syscall.TIOCSWINSZ, unsafe.Pointer(&size)) // of a terminal that is there
}

// control is ioctl(2), without making the file block.
func control(file *os.File, request uintptr, argument unsafe.Pointer) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(argument))
	}); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// pollPipe makes a pipe for a container. Our end is one that goroutines wait for
// without a thread each; reads tells whether it is the one to read from.
func pollPipe(reads bool) (ours, theirs *os.File, fail *failure) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, failed("make a pipe", err)
	}
	if !reads {
		fds[0], fds[1] = fds[1], fds[0]
	}
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		_ = syscall.Close(fds[0])
		_ = syscall.Close(fds[1])
		return nil, nil, failed("make a pipe", err)
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe"), nil
}

// fds are the descriptors that the process gets as 0, 1 and 2.
func (std *stdio) fds() []uintptr {
	return []uintptr{std.child[0].Fd(), std.child[1].Fd(), std.child[2].Fd()}
}

// close closes the ends of the process.
func (std *stdio) close() {
	for i, file := range std.child {
		if file != nil && (std.copied == nil || file != std.copied.terminal) {
			file.Close()
		}
		std.child[i] = nil
	}
}
