package container

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// sweepPatience is how long to look for what a dead supervisor left behind. A
// killed process goes at once unless the kernel holds it, say for a lost disk.
const sweepPatience = 10 * time.Second

// supervised is the POSIX launcher of Linux: every process is a descendant of
// one supervisor process. If that dies its containers are lost, what is left of
// them is swept up, and the next launch starts another.
type supervised struct {
	gone gone

	mu      sync.Mutex
	current *supervisor // nil until there is one
	closed  bool
}

func newLauncher(gone gone) (launcher, error) {
	l := &supervised{gone: gone}
	_, err := l.supervisor()
	return l, err
}

// supervisor returns the running supervisor, a new one if need be.
func (l *supervised) supervisor() (*supervisor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errNoLauncher
	}
	if l.current != nil {
		select {
		case <-l.current.down:
		default:
			return l.current, nil
		}
	}
	s, err := startSupervisor(l.gone)
	if err != nil {
		return nil, fmt.Errorf("start the supervisor of the containers: %w", err)
	}
	l.current = s
	return s, nil
}

func (l *supervised) call(op string, req *supervise.Request) (supervise.Message, error) {
	s, err := l.supervisor()
	if err != nil {
		return supervise.Message{}, err
	}
	reply, ok := s.call(req)
	switch {
	case !ok:
		return reply, errLost(op)
	case reply.Errno == int(syscall.ESRCH):
		return reply, errNoContainer(mesos.ContainerID(req.Container))
	case reply.Errno != 0:
		return reply, launchError(reply.What, syscall.Errno(reply.Errno))
	}
	return reply, nil
}

func (l *supervised) Launch(p *supervise.Process) (int, error) {
	reply, err := l.call("launch", &supervise.Request{Op: supervise.OpLaunch, Container: p.Container, Process: *p})
	if err != nil {
		return 0, err
	}
	return reply.Pids[0], nil
}

func (l *supervised) Signal(id mesos.ContainerID, signal syscall.Signal) error {
	_, err := l.call("signal", &supervise.Request{Op: supervise.OpSignal, Container: string(id), Signal: int(signal)})
	return err
}

func (l *supervised) Kill(id mesos.ContainerID) error {
	_, err := l.call("kill", &supervise.Request{Op: supervise.OpKill, Container: string(id)})
	return err
}

func (l *supervised) Processes(id mesos.ContainerID) ([]int, error) {
	reply, err := l.call("list", &supervise.Request{Op: supervise.OpList, Container: string(id)})
	return reply.Pids, err
}

// Close hangs up, on which a supervisor kills everything before it exits.
func (l *supervised) Close() error {
	l.mu.Lock()
	s := l.current
	l.current, l.closed = nil, true
	l.mu.Unlock()
	if s != nil {
		s.hangUp()
		<-s.down
	}
	return nil
}

// errLost tells that the supervisor died under a request.
func errLost(op string) error {
	return mesos.Errorf(mesos.Unavailable, "%s: the supervisor of the containers ended", op)
}

// supervisor is the agent's end of one supervisor process.
type supervisor struct {
	conn    *os.File
	process *exec.Cmd
	gone    gone
	// down is closed when the process is gone and its containers were told so.
	down chan struct{}

	mu         sync.Mutex
	seq        uint64
	pending    map[uint64]chan supervise.Message // nil once the connection broke
	containers map[string]bool                   // being launched (false) or running (true)
}

func startSupervisor(gone gone) (*supervisor, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "supervisor"), os.NewFile(uintptr(fds[1]), "agent")
	defer theirs.Close()
	s := &supervisor{
		conn: ours,
		process: &exec.Cmd{
			Path: "/proc/self/exe", // this binary, even if its file was replaced
			Args: []string{supervise.SupervisorName},
			// What the race detector is told (if it is built in) holds for it, too.
			Env:        []string{"GOMAXPROCS=1", "GORACE=" + os.Getenv("GORACE")},
			Dir:        "/",
			Stderr:     os.Stderr,
			ExtraFiles: []*os.File{theirs},
			// Its own session: a terminal's Ctrl-C is the agent's affair.
			SysProcAttr: &syscall.SysProcAttr{Setsid: true},
		},
		gone:       gone,
		down:       make(chan struct{}),
		pending:    map[uint64]chan supervise.Message{},
		containers: map[string]bool{},
	}
	if err := s.process.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	go s.read()
	return s, nil
}

// call sends a request and waits for its reply; false if the supervisor is gone.
func (s *supervisor) call(req *supervise.Request) (supervise.Message, bool) {
	reply := make(chan supervise.Message, 1)
	s.mu.Lock()
	if s.pending == nil {
		s.mu.Unlock()
		return supervise.Message{}, false
	}
	s.seq++
	req.Seq = s.seq
	s.pending[req.Seq] = reply
	if _, ok := s.containers[req.Container]; !ok && req.Op == supervise.OpLaunch {
		s.containers[req.Container] = false
	}
	s.mu.Unlock()
	if err := supervise.WriteRequest(s.conn, req); errors.Is(err, syscall.EMSGSIZE) {
		m := supervise.Message{Seq: req.Seq, Container: req.Container, Errno: int(syscall.E2BIG), What: "tell the supervisor"}
		s.take(&m)
		return m, true
	}
	// After any other error the connection is broken, and read says so.
	m, ok := <-reply
	return m, ok
}

// read takes messages until the connection breaks, then tells everyone who
// waits for one. A container's reply is taken before its end.
func (s *supervisor) read() {
	for {
		m, err := supervise.ReadMessage(s.conn)
		if err != nil {
			break
		}
		if reply := s.take(&m); reply != nil {
			reply <- m
		} else if m.Seq == 0 {
			s.gone(mesos.ContainerID(m.Container), syscall.WaitStatus(m.Status), true)
		}
	}
	s.conn.Close()
	_ = s.process.Wait() // however it ended
	s.mu.Lock()
	pending, lost := s.pending, s.containers
	s.pending, s.containers = nil, nil
	s.mu.Unlock()
	supervise.Sweep(slices.Collect(maps.Keys(lost)), sweepPatience)
	for _, reply := range pending {
		close(reply)
	}
	for id, running := range lost {
		if running {
			s.gone(mesos.ContainerID(id), 0, false)
		}
	}
	close(s.down)
}

// take notes what a message says of its container, and returns where to send
// the message if it is a reply that is waited for.
func (s *supervisor) take(m *supervise.Message) chan<- supervise.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := s.pending[m.Seq]
	delete(s.pending, m.Seq)
	running, known := s.containers[m.Container]
	switch {
	case !known:
	case m.Seq == 0: // gone
		delete(s.containers, m.Container)
	case !running && m.Errno != 0: // not launched
		delete(s.containers, m.Container)
	case !running:
		s.containers[m.Container] = true
	}
	return reply
}

// hangUp makes the supervisor read an end of file.
func (s *supervisor) hangUp() {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return // closed already: read found the process gone
	}
	_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
}
