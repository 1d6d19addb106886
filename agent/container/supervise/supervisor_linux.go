package supervise

import (
	"os"
	"syscall"
	"unsafe"
)

// supervisor is the state of a supervisor process. One goroutine owns it: it
// alone starts and reaps processes, so between two of its steps the list of its
// children only grows.
type supervisor struct {
	agent      *os.File
	null       int
	containers map[string]*contained
	byPid      map[int]*contained    // those whose first process is not reaped yet
	ending     map[string]*contained // those whose first process is
	// born tells the waiter that there may be a child to wait for again.
	born chan struct{}
	// closing is set when the agent is gone: everything is being killed.
	closing bool
}

// contained is one container.
type contained struct {
	id    string
	pid   int
	start uint64 // of the first process, clock ticks since boot
	// ended is set when the first process was reaped; the rest is being killed.
	ended  bool
	status syscall.WaitStatus
}

// supervise runs a supervisor until its agent closes the connection, and then
// until every process is gone. It returns an exit status.
func supervise(agent *os.File) int {
	syscall.CloseOnExec(connFD)
	const prSetChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		return 1
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil || syscall.Chdir("/") != nil {
		return 1
	}
	s := &supervisor{
		agent:      agent,
		null:       null,
		containers: map[string]*contained{},
		byPid:      map[int]*contained{},
		ending:     map[string]*contained{},
		born:       make(chan struct{}, 1),
	}
	s.run()
	return 0
}

func (s *supervisor) run() {
	requests := make(chan Request)
	go func() {
		defer close(requests)
		for {
			req, err := ReadRequest(s.agent)
			if err != nil {
				return
			}
			requests <- req
		}
	}()
	exits, reaped := make(chan bool), make(chan struct{})
	go wait(exits, reaped, s.born)

	for {
		select {
		case req, ok := <-requests:
			if !ok {
				requests, s.closing = nil, true
				kill(children(os.Getpid()))
				s.wake() // for the waiter to say that there are no children
				break
			}
			s.do(&req)
		case any := <-exits:
			if any {
				s.reap()
			} else if s.closing {
				return
			}
			reaped <- struct{}{}
		}
	}
}

// wait tells exits each time a child can be reaped (true), and when there is no
// child (false); it goes on when reaped is told, in the second case when born is.
func wait(exits chan<- bool, reaped <-chan struct{}, born <-chan struct{}) {
	const pAll, wNoWait = 0, 0x01000000
	for {
		var info [128]byte // siginfo_t
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0,
			uintptr(unsafe.Pointer(&info)), syscall.WEXITED|wNoWait, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		exits <- errno == 0
		<-reaped
		if errno != 0 {
			<-born
		}
	}
}

// wake makes the waiter look for children again.
func (s *supervisor) wake() {
	select {
	case s.born <- struct{}{}:
	default:
	}
}

func (s *supervisor) do(req *Request) {
	reply := Message{Seq: req.Seq, Container: req.Container}
	c := s.containers[req.Container]
	switch {
	case req.Op == OpLaunch && c != nil:
		reply.Errno, reply.What = int(syscall.EEXIST), "container "+req.Container
	case req.Op == OpLaunch:
		s.launch(&req.Process, &reply)
	case c == nil:
		reply.Errno, reply.What = int(syscall.ESRCH), "container "+req.Container
	case req.Op == OpSignal:
		for _, pid := range s.processes(c) {
			_ = syscall.Kill(pid, syscall.Signal(req.Signal)) // it may have ended
		}
	case req.Op == OpKill:
		s.kill(c)
	case req.Op == OpList:
		reply.Pids = s.processes(c)
	}
	s.send(&reply)
}

func (s *supervisor) launch(p *Process, reply *Message) {
	pid, fail := start(p, s.null)
	s.wake() // even a process that failed is a child to reap
	if fail != nil {
		reply.Errno, reply.What = int(fail.errno), fail.what
		return
	}
	st, _ := readStatus(pid)
	c := &contained{id: p.Container, pid: pid, start: st.start}
	s.containers[c.id] = c
	s.byPid[pid] = c
	reply.Pids = []int{pid}
}

// reap reaps every child that has ended, and goes on with what that ended.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid == 0 {
			break
		}
		if c := s.byPid[pid]; c != nil {
			delete(s.byPid, pid)
			c.ended, c.status = true, status
			s.ending[c.id] = c
		}
	}
	if s.closing {
		kill(children(os.Getpid()))
	}
	for s.finish() {
	}
}

// finish tells the agent of one container that is gone, and kills what is left
// of the others that have ended. It reports whether there was one that is gone.
func (s *supervisor) finish() bool {
	if len(s.ending) == 0 {
		return false
	}
	orphans := s.orphans()
	for _, c := range s.ending {
		if left := s.owned(c, orphans); len(left) > 0 {
			kill(left)
			continue
		}
		delete(s.containers, c.id)
		delete(s.ending, c.id)
		s.send(&Message{Container: c.id, Status: int(c.status)})
		return true
	}
	return false
}

// kill kills every process of c; reap goes on as they end.
func (s *supervisor) kill(c *contained) {
	roots := s.owned(c, s.orphans())
	if !c.ended {
		roots = append(roots, c.pid)
	}
	kill(roots)
}

// processes returns the pids of all processes of c, the first one first.
func (s *supervisor) processes(c *contained) []int {
	var roots []int
	if !c.ended {
		roots = append(roots, c.pid)
	}
	return descendants(append(roots, s.owned(c, s.orphans())...))
}

// orphans returns the children of this process that no container started with:
// processes that a container left behind, by a double fork or by ending.
func (s *supervisor) orphans() []int {
	var orphans []int
	for _, pid := range children(os.Getpid()) {
		if s.byPid[pid] == nil {
			orphans = append(orphans, pid)
		}
	}
	return orphans
}

// owned returns those of orphans that are c's.
func (s *supervisor) owned(c *contained, orphans []int) []int {
	var owned []int
	for _, pid := range orphans {
		if s.owner(pid) == c {
			owned = append(owned, pid)
		}
	}
	return owned
}

// owner tells whose an orphan is: by its environment, by its session, or because
// only one container is old enough to have started it. A process that hides
// from the first two stays nobody's until the third is true, which it is at the
// latest when the last but one of the containers older than it has gone; so none
// outlives them all.
func (s *supervisor) owner(pid int) *contained {
	if c := s.containers[marker(pid)]; c != nil {
		return c
	}
	st, ok := readStatus(pid)
	if !ok {
		return nil
	}
	var only *contained
	older := 0
	for _, c := range s.containers {
		if c.pid == st.session {
			return c
		}
		if c.start <= st.start {
			only = c
			older++
		}
	}
	if older == 1 {
		return only
	}
	return nil
}

// send tells the agent. If the agent is gone the reader of requests notices.
func (s *supervisor) send(m *Message) {
	if !s.closing {
		_ = WriteMessage(s.agent, m)
	}
}
