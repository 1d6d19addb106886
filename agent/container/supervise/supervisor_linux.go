package supervise

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// supervisor is the state of a supervisor process. One goroutine owns it: it
// alone starts and reaps processes, so between two of its steps the list of its
// children only grows.
type supervisor struct {
	agent      *os.File // nil while there is none
	listening  bool     // another agent may come
	tiny       *os.File // nil if there is none
	containers map[string]*contained
	byPid      map[int]*contained    // those whose first process is not reaped yet
	ending     map[string]*contained // those whose first process is
	// born tells the waiter that there may be a child to wait for again.
	born chan struct{}
	// drained tells of a container that is gone and whose output is copied.
	drained chan *contained
	// births tells of init processes that became what they should, or failed.
	births chan born
	// again tells to look at what is ending.
	again chan struct{}
	// passing counts births that end in another process than began, and strays are
	// the children that ended meanwhile and are nobody's yet.
	passing int
	strays  map[int]syscall.WaitStatus
	// closing is set when this process is to end: everything is being killed.
	closing bool
	// lonely is when the last agent went; met is set once there was one.
	lonely time.Time
	met    bool
	tick   *time.Ticker // runs while there is none
}

// contained is one container.
type contained struct {
	id    string
	pid   int
	start uint64 // of the first process, clock ticks since boot
	keep  time.Duration
	// adopted is true while the agent that is connected knows the container.
	adopted bool
	// ended is set when the first process was reaped; the rest is being killed.
	ended  bool
	status syscall.WaitStatus
	// out is its output, where this process copies it; it is nil once that is done.
	out *output
	// draining is set while what is left of the output is copied.
	draining bool
	// birth is set if there was an init process: until the first process runs its
	// command, and after that if it tells how the command ended.
	birth *birth
	// unborn is set until the first process runs its command.
	unborn bool
	// killed is set when the container was to be killed.
	killed bool
	// ownsPids is set if the first process is that of a pid namespace, so that the
	// kernel ends all others with it.
	ownsPids bool
	// cgroups are those that it was put into, and own those of them that had none but
	// its processes then.
	cgroups, own []string
	// joins is set if the first process is in the pid namespace of another container.
	joins bool
	// gone is set when nothing is left of it but its status.
	gone bool
}

// supervise runs a supervisor until there is nothing for it to do any more. It
// returns an exit status.
func supervise(fd int, listening bool) int {
	syscall.CloseOnExec(fd)
	const prSetChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		return 1
	}
	if syscall.Chdir("/") != nil {
		return 1
	}
	s := &supervisor{
		listening:  listening,
		containers: map[string]*contained{},
		byPid:      map[int]*contained{},
		ending:     map[string]*contained{},
		born:       make(chan struct{}, 1),
		drained:    make(chan *contained),
		births:     make(chan born),
		again:      make(chan struct{}, 1),
		strays:     map[int]syscall.WaitStatus{},
		lonely:     time.Now(),
		tick:       time.NewTicker(lonelyTick),
	}
	if tiny, err := tinyFile(); err == nil {
		s.tiny = tiny
	}
	agents := make(chan *os.File, 1)
	if listening {
		go accept(fd, agents)
	} else {
		agents <- os.NewFile(uintptr(fd), "agent")
	}
	s.run(agents)
	return 0
}

// heard is a request, or the end of the connection it came on.
type heard struct {
	from *os.File
	req  Request
	file *os.File // that came with it, or nil
	end  bool
}

func (s *supervisor) run(agents <-chan *os.File) {
	requests := make(chan heard)
	exits, reaped := make(chan bool), make(chan struct{})
	go wait(exits, reaped, s.born)
	for {
		select {
		case agent := <-agents:
			s.connect(agent, requests)
		case h := <-requests:
			switch {
			case h.from != s.agent: // of an agent that is gone
				h.close()
			case h.end:
				s.disconnect()
				s.tire()
			default:
				s.do(&h)
			}
		case any := <-exits:
			if any {
				s.reap()
			} else if s.closing {
				s.drainAll()
				return
			}
			reaped <- struct{}{}
		case c := <-s.drained:
			c.draining, c.out = false, nil
			s.finishAll()
		case b := <-s.births:
			s.deliver(b)
		case <-s.again:
			s.finishAll()
		case <-s.tick.C:
			s.tire()
		}
	}
}

// connect takes an agent on. It is the newest one that counts.
func (s *supervisor) connect(agent *os.File, requests chan<- heard) {
	if s.closing {
		agent.Close()
		return
	}
	s.disconnect()
	s.tick.Stop()
	s.agent, s.met = agent, true
	go listen(agent, requests)
}

func listen(agent *os.File, requests chan<- heard) {
	r := &receiver{conn: agent}
	for {
		req, err := ReadRequest(r)
		requests <- heard{agent, req, r.take(), err != nil}
		if err != nil {
			return
		}
	}
}

// disconnect ends the connection to the agent. Containers that are not to
// outlive it are killed, and forgotten once they are gone.
func (s *supervisor) disconnect() {
	if s.agent == nil {
		return
	}
	_ = syscall.Shutdown(int(s.agent.Fd()), syscall.SHUT_RDWR) // or its reader would wait on
	s.agent.Close()
	s.agent, s.lonely = nil, time.Now()
	s.tick.Reset(lonelyTick)
	if !s.listening {
		s.close()
		return
	}
	for _, c := range s.containers {
		c.adopted = false
		if c.keep == 0 {
			s.discard(c)
		}
	}
}

// discard ends a container that nobody asks for any more.
func (s *supervisor) discard(c *contained) {
	c.keep = 0
	if c.gone {
		delete(s.containers, c.id)
		return
	}
	s.kill(c)
}

// close begins the end of this process: everything is killed first.
func (s *supervisor) close() {
	s.closing = true
	kill(children(os.Getpid()))
	s.wake() // for the waiter to say that there are no children
}

// tire gives up containers for which no agent has come in time, and this process
// once there are none.
func (s *supervisor) tire() {
	if s.agent != nil || s.closing {
		return
	}
	waited := time.Since(s.lonely)
	for _, c := range s.containers {
		if waited >= c.keep {
			s.discard(c)
		}
	}
	if len(s.containers) == 0 && (s.met || waited >= firstAgentPatience) {
		s.close()
	}
}

const (
	// lonelyTick is how often to look whether an agent should have come back.
	lonelyTick = time.Second
	// firstAgentPatience is how long to wait for the agent that started this.
	firstAgentPatience = 5 * time.Second
)

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

func (s *supervisor) do(h *heard) {
	req := &h.req
	defer func() { h.close() }()
	reply := Message{Seq: req.Seq, Container: req.Container}
	c := s.containers[req.Container]
	switch req.Op {
	case OpHello:
		reply.Version = ProtocolVersion
	case OpLaunch:
		if c != nil {
			reply.Errno, reply.What = int(syscall.EEXIST), "container "+req.Container
			break
		}
		if !s.launch(h, &reply) {
			return // it is told later
		}
	case OpKillOthers:
		for _, c := range s.containers {
			if !c.adopted {
				s.discard(c)
			}
		}
	case OpShutdown:
		s.close()
	default:
		if c == nil {
			reply.Errno, reply.What = int(syscall.ESRCH), "container "+req.Container
			break
		}
		s.doTo(c, h, &reply)
	}
	s.send(&reply)
}

// doTo does what is asked of a container that is there.
func (s *supervisor) doTo(c *contained, h *heard, reply *Message) {
	req := &h.req
	switch req.Op {
	case OpAttachOutput, OpAttachInput:
		s.attach(c, h, reply)
	case OpAdopt:
		c.adopted = true
		reply.Pids, reply.Ended, reply.Status = []int{c.pid}, c.gone, int(c.status)
	case OpForget:
		if c.keep = 0; c.gone {
			delete(s.containers, c.id)
		}
	case OpSignal:
		for _, pid := range s.processes(c) {
			if pid != c.pid || !c.ownsPids { // the others' init has no use for it
				_ = syscall.Kill(pid, syscall.Signal(req.Signal)) // it may have ended
			}
		}
	case OpSignalFirst:
		if !c.ended {
			_ = syscall.Kill(c.command(), syscall.Signal(req.Signal)) // it may have ended
		}
	case OpKill:
		s.kill(c)
	case OpList:
		reply.Pids = s.processes(c)
	default:
		reply.Errno, reply.What = int(syscall.ENOSYS), "a newer agent's request"
	}
}

// attach gives one who has attached to a container what it asked for.
func (s *supervisor) attach(c *contained, h *heard, reply *Message) {
	file := h.file
	h.file = nil
	switch {
	case file == nil:
		reply.Errno, reply.What = int(syscall.EBADF), "attach to container "+c.id
	case c.out == nil:
		file.Close()
		reply.Errno, reply.What = int(syscall.ENXIO), "attach to container "+c.id
	case h.req.Op == OpAttachOutput:
		c.out.attach(file, false)
	default:
		if errno := c.out.attachInput(file); errno != 0 {
			reply.Errno, reply.What = int(errno), "attach to the standard input of container "+c.id
		}
	}
}

// close closes what came with a request and nobody took.
func (h *heard) close() {
	if h.file != nil {
		h.file.Close()
	}
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
			if !c.unborn { // else deliver goes on
				s.settle(c)
			}
		} else if s.passing > 0 {
			s.strays[pid] = status
		}
	}
	if s.closing {
		kill(children(os.Getpid()))
	}
	s.finishAll()
}

// drainAll copies what is left of all output.
func (s *supervisor) drainAll() {
	draining := 0
	for _, c := range s.containers {
		if c.out == nil {
			continue
		}
		draining++
		if !c.draining {
			c.draining = true
			c.out.drain(func() { s.drained <- c })
		}
	}
	for range draining {
		<-s.drained
	}
}

// finishAll finishes every container that can be.
func (s *supervisor) finishAll() {
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
		if c.draining {
			continue
		}
		if left := s.owned(c, orphans); len(left) > 0 {
			killIn(c.own, left)
			if c.joins {
				s.lookAgain() // another reaps them
			}
			continue
		}
		if c.out != nil {
			c.draining = true
			c.out.drain(func() { s.drained <- c })
			continue
		}
		delete(s.ending, c.id)
		c.gone = true
		if c.keep == 0 {
			delete(s.containers, c.id)
		}
		if c.adopted {
			s.send(&Message{Container: c.id, Status: int(c.status)})
		}
		return true
	}
	return false
}

// kill kills every process of c; reap goes on as they end.
func (s *supervisor) kill(c *contained) {
	c.killed = true
	switch {
	case c.gone:
		return
	case c.ownsPids:
		if !c.ended {
			_ = syscall.Kill(c.pid, syscall.SIGKILL)
		}
		return
	}
	roots := s.owned(c, s.orphans())
	if !c.ended {
		roots = append(roots, c.pid)
	}
	killIn(c.own, roots)
}

// processes returns the pids of all processes of c, the first one first.
func (s *supervisor) processes(c *contained) []int {
	if c.gone {
		return nil
	}
	var roots []int
	if !c.ended {
		roots = append(roots, c.pid)
	}
	return descendants(append(roots, s.owned(c, s.orphans())...))
}

// command returns the pid of what a container runs: in a pid namespace of its own
// the first child of the first process.
func (c *contained) command() int {
	if c.ownsPids {
		if children := children(c.pid); len(children) > 0 {
			return children[0]
		}
	}
	return c.pid
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
	if c.ownsPids {
		return nil // who is left in a pid namespace is left to its first process
	}
	var owned []int
	if len(c.own) > 0 {
		for _, pid := range members(c.own[0]) {
			if pid != c.pid {
				owned = append(owned, pid)
			}
		}
	}
	if c.joins {
		owned = append(owned, s.leftBehind(c)...)
	}
	for _, pid := range orphans {
		if s.owner(pid) == c {
			owned = append(owned, pid)
		}
	}
	return owned
}

// leftBehind returns the processes that a container without a pid namespace of its
// own left to the first process of the one it is in.
func (s *supervisor) leftBehind(c *contained) (left []int) {
	for _, other := range s.containers {
		if !other.ownsPids || other.ended || len(c.id) <= len(other.id) || c.id[:len(other.id)+1] != other.id+"." {
			continue
		}
		for _, pid := range descendants([]int{other.pid}) {
			if marker(pid) == c.id {
				left = append(left, pid)
			}
		}
	}
	return left
}

// lookAgain has finish called soon.
func (s *supervisor) lookAgain() {
	time.AfterFunc(time.Millisecond, func() {
		select {
		case s.again <- struct{}{}:
		default:
		}
	})
}

// owner tells whose an orphan is: by its cgroups, its environment, its session, or because
// only one container is old enough to have started it. A process that hides
// from the first two stays nobody's until the third is true, which it is at the
// latest when the last but one of the containers older than it has gone; so none
// outlives them all.
//
// The cgroups come first: to read the environment waits for a process that
// is short of memory, for as long as its container is.
func (s *supervisor) owner(pid int) *contained {
	if c := s.grouped(pid); c != nil {
		return c
	}
	if c := s.containers[marker(pid)]; c != nil && !c.gone {
		return c
	}
	st, ok := readStatus(pid)
	if !ok {
		return nil
	}
	var only *contained
	older := 0
	for _, c := range s.containers {
		if c.gone {
			continue
		}
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
	if s.agent != nil && !(s.closing && m.Seq == 0) {
		_ = WriteMessage(s.agent, m)
	}
}
