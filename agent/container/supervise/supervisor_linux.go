package supervise

import (
	"os"
	"syscall"
	"time"
)

// supervisor is the state of a supervisor process. One goroutine owns it: it
// alone starts and reaps processes, so between two of its steps the list of its
// children only grows.
type supervisor struct {
	agent      *os.File // nil while there is none
	speaks     uint64   // the version of the protocol that the agent does; 0: it has not said
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
	// remarks are what there is to say of containers that go on.
	remarks chan Message
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
		remarks:    make(chan Message, 16),
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
				for _, c := range s.containers {
					s.tidy(c)
				}
				return
			}
			reaped <- struct{}{}
		case c := <-s.drained:
			c.draining, c.out = false, nil
			s.finishAll()
		case b := <-s.births:
			s.deliver(b)
		case m := <-s.remarks:
			s.remark(&m)
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
	if s.speaks = 0; !s.met {
		s.speaks = ProtocolVersion // it is who started this process, and does not say
	}
	s.agent, s.met = agent, true
	go listen(agent, requests)
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
		s.tidy(c)
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
