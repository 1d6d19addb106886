package container

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// sweepPatience is how long to look for what a dead supervisor left behind. A
// killed process goes at once unless the kernel holds it, say for a lost disk.
const sweepPatience = 10 * time.Second

// supervised is the POSIX launcher of Linux: every process is a descendant of
// one supervisor process, which may have been started by an earlier agent. If that
// dies its containers are lost, what is left of them is swept up, and the next
// launch starts another.
type supervised struct {
	told
	dir string // of the supervisor's socket; empty: it ends with the agent

	mu      sync.Mutex
	current *supervisor // nil until there is one
	closed  bool
}

// supervisorPatience is longer than a supervisor takes, unless it was stopped or the
// machine has other worries.
const supervisorPatience = 15 * time.Second

// isolatingVersion is that of the first supervisor that makes more of a process
// than a fork and an exec do.
const isolatingVersion = 2

func newLauncher(dir string, to told) (launcher, error) {
	l := &supervised{told: to, dir: dir}
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
	s, err := findSupervisor(l.dir, l.told)
	if err != nil {
		return nil, fmt.Errorf("start the supervisor of the containers: %w", err)
	}
	l.current = s
	return s, nil
}

func (l *supervised) call(op string, req *supervise.Request) (supervise.Message, error) {
	return l.callWith(op, req, nil)
}

// callWith is call that hands a file over, unless it is nil.
func (l *supervised) callWith(op string, req *supervise.Request, file *os.File) (supervise.Message, error) {
	s, err := l.supervisor()
	if err != nil {
		return supervise.Message{}, err
	}
	reply, ok := s.call(req, file)
	switch {
	case !ok:
		return reply, errLost(op)
	case reply.Errno == int(syscall.ESRCH):
		return reply, ErrNoContainer(mesos.ContainerID(req.Container))
	case reply.Errno != 0:
		return reply, launchError(reply.What, syscall.Errno(reply.Errno))
	}
	return reply, nil
}

func (l *supervised) Launch(p *supervise.Process, output *os.File) (int, error) {
	s, err := l.supervisor()
	if err != nil {
		return 0, err
	}
	if s.version < isolatingVersion && !p.Plain() {
		return 0, mesos.Errorf(mesos.Unavailable,
			"launch: the containers that are left from an older version have a supervisor that can't isolate others; once they have ended there is a new one")
	}
	reply, err := l.callWith("launch", &supervise.Request{Op: supervise.OpLaunch, Container: p.Container, Process: *p}, output)
	if err != nil {
		return 0, err
	}
	return reply.Pids[0], nil
}

func (l *supervised) Attach(id mesos.ContainerID, to supervise.Op, socket *os.File) error {
	_, err := l.callWith("attach", &supervise.Request{Op: to, Container: string(id)}, socket)
	if errors.Is(err, syscall.ENXIO) {
		return errNotCopied
	}
	return err
}

// errNotCopied tells that a container reads and writes its files itself.
var errNotCopied = mesos.Errorf(mesos.Invalid, "attach: the container has no standard input or terminal of its own")

func (l *supervised) Signal(id mesos.ContainerID, signal syscall.Signal) error {
	_, err := l.call("signal", &supervise.Request{Op: supervise.OpSignal, Container: string(id), Signal: int(signal)})
	return err
}

func (l *supervised) SignalFirst(id mesos.ContainerID, signal syscall.Signal) error {
	_, err := l.call("signal", &supervise.Request{Op: supervise.OpSignalFirst, Container: string(id), Signal: int(signal)})
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

func (l *supervised) Adopt(id mesos.ContainerID) (adopted, error) {
	reply, err := l.call("adopt", &supervise.Request{Op: supervise.OpAdopt, Container: string(id)})
	if err != nil {
		return adopted{}, err
	}
	return adopted{pid: reply.Pids[0], ended: reply.Ended, status: syscall.WaitStatus(reply.Status)}, nil
}

func (l *supervised) KillOthers(lost []mesos.ContainerID) error {
	names := make([]string, len(lost))
	for i, id := range lost {
		names[i] = string(id)
	}
	supervise.Sweep(names, sweepPatience)
	_, err := l.call("kill others", &supervise.Request{Op: supervise.OpKillOthers})
	return err
}

func (l *supervised) Forget(id mesos.ContainerID) error {
	_, err := l.call("forget", &supervise.Request{Op: supervise.OpForget, Container: string(id)})
	return err
}

// Detach hangs up, on which a supervisor that listens waits for the next agent.
func (l *supervised) Detach() error {
	if s := l.leave(); s != nil {
		s.detached.Store(true)
		s.hangUp()
	}
	return nil
}

// Close has the supervisor kill everything, and waits for its end.
func (l *supervised) Close() error {
	if s := l.leave(); s != nil {
		s.call(&supervise.Request{Op: supervise.OpShutdown}, nil)
		<-s.down
	}
	return nil
}

// leave takes the supervisor, if there is one, and closes the launcher.
func (l *supervised) leave() *supervisor {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.current
	l.current, l.closed = nil, true
	return s
}

// errLost tells that the supervisor died under a request.
func errLost(op string) error {
	return mesos.Errorf(mesos.Unavailable, "%s: the supervisor of the containers ended", op)
}

// supervisor is the agent's end of one supervisor process.
type supervisor struct {
	told
	conn     *os.File
	process  *exec.Cmd     // nil if an earlier agent started it
	version  uint64        // of its protocol
	patience time.Duration // after which it is called silent
	// down is closed when the process is gone and its containers were told so.
	down     chan struct{}
	detached atomic.Bool

	mu         sync.Mutex
	seq        uint64
	pending    map[uint64]waiting // nil once the connection broke
	containers map[string]bool    // being launched (false) or running (true)
}

// waiting is who waits for a reply.
type waiting struct {
	reply  chan supervise.Message
	brings bool // whether it tells of a container's launch or adoption
}

func newSupervisor(conn *os.File, process *exec.Cmd, to told) *supervisor {
	s := &supervisor{
		conn:       conn,
		process:    process,
		told:       to,
		version:    supervise.ProtocolVersion,
		patience:   supervisorPatience,
		down:       make(chan struct{}),
		pending:    map[uint64]waiting{},
		containers: map[string]bool{},
	}
	go s.read()
	return s
}

// call sends a request and waits for its reply; false if the supervisor is gone.
func (s *supervisor) call(req *supervise.Request, file *os.File) (supervise.Message, bool) {
	reply := make(chan supervise.Message, 1)
	s.mu.Lock()
	if s.pending == nil {
		s.mu.Unlock()
		return supervise.Message{}, false
	}
	s.seq++
	req.Seq = s.seq
	brings := req.Op == supervise.OpLaunch || req.Op == supervise.OpAdopt
	s.pending[req.Seq] = waiting{reply, brings}
	if _, ok := s.containers[req.Container]; !ok && brings {
		s.containers[req.Container] = false
	}
	s.mu.Unlock()
	var err error
	if file == nil {
		err = supervise.WriteRequest(s.conn, req)
	} else {
		err = supervise.WriteRequestWith(s.conn, req, file)
	}
	if errors.Is(err, syscall.EMSGSIZE) {
		m := supervise.Message{Seq: req.Seq, Container: req.Container, Errno: int(syscall.E2BIG), What: "tell the supervisor"}
		s.take(&m)
		return m, true
	}
	waited := time.AfterFunc(s.patience, func() { s.silent(s.patience) })
	defer waited.Stop()
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
		if m.Remark != "" {
			s.remark(mesos.ContainerID(m.Container), m.Remark)
		} else if reply := s.take(&m); reply != nil {
			reply <- m
		} else if m.Seq == 0 {
			s.gone(mesos.ContainerID(m.Container), syscall.WaitStatus(m.Status), true)
		}
	}
	s.conn.Close()
	switch {
	case s.process == nil:
	case s.detached.Load():
		go s.process.Wait() //nolint:errcheck // it may go on for long, and end in any way
	default:
		_ = s.process.Wait() // however it ended
	}
	s.mu.Lock()
	pending, lost := s.pending, s.containers
	s.pending, s.containers = nil, nil
	s.mu.Unlock()
	if s.detached.Load() {
		lost = nil
	}
	supervise.Sweep(slices.Collect(maps.Keys(lost)), sweepPatience)
	for _, w := range pending {
		close(w.reply)
	}
	for id, running := range lost {
		if running {
			s.gone(mesos.ContainerID(id), 0, false)
		}
	}
	close(s.down)
}

// take notes what a message says of its container, and returns where to send
// the message if it is a reply that is waited for. Replies to other requests, to
// signals say, may come before that to the launch, and say nothing of it.
func (s *supervisor) take(m *supervise.Message) chan<- supervise.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.pending[m.Seq]
	delete(s.pending, m.Seq)
	running, known := s.containers[m.Container]
	switch {
	case !known:
	case m.Seq == 0: // gone
		delete(s.containers, m.Container)
	case running || !w.brings:
	case m.Errno != 0 || m.Ended: // not launched, or not there any more
		delete(s.containers, m.Container)
	default:
		s.containers[m.Container] = true
	}
	return w.reply
}

// hangUp makes the supervisor read an end of file.
func (s *supervisor) hangUp() {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return // closed already: read found the process gone
	}
	_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_WR) })
}
