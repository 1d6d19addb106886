package supervise

import (
	"os"
	"syscall"
	"time"
)

// born tells what came of a birth.
type born struct {
	c     *contained
	pid   int // of the container's first process
	fail  *failure
	asker *os.File // the agent that waits for it
	first *os.File // who reads the output from its beginning, or nil
	reply Message
}

// launch starts a container. It reports whether reply is complete; if not, deliver
// sends it.
func (s *supervisor) launch(h *heard, reply *Message) bool {
	p := &h.req.Process
	c, fail := s.begin(p)
	s.wake() // even a process that failed is a child to reap
	if fail != nil {
		reply.Errno, reply.What = int(fail.errno), fail.what
		return true
	}
	st, _ := readStatus(c.pid)
	c.start = st.start
	if s.listening {
		c.keep = time.Duration(p.KeepSeconds) * time.Second
	}
	s.containers[c.id] = c
	s.byPid[c.pid] = c
	if c.birth == nil {
		reply.Pids = []int{c.pid}
		c.copy(h.file)
		h.file = nil
		return true
	}
	if c.joins {
		s.passing++
	}
	event := born{c: c, asker: s.agent, first: h.file, reply: *reply}
	h.file = nil
	go func() {
		event.pid, event.fail = c.birth.wait(p)
		s.births <- event
	}()
	return false
}

// begin starts the first process of a container, or the init process that becomes it.
func (s *supervisor) begin(p *Process) (c *contained, fail *failure) {
	std, fail := openStdio(p)
	if fail != nil {
		return nil, fail
	}
	defer std.close()
	c = &contained{
		id: p.Container, adopted: true, out: std.copied, ownsPids: p.ownsPids(), joins: p.joinsPids(),
		cgroups: p.Cgroups, own: s.unshared(p.Cgroups),
	}
	if c.out != nil {
		c.out.tell = s.tells(c)
	}
	if p.Plain() {
		c.pid, fail = start(p, std)
	} else if c.birth, fail = bear(p, std.fds(), s.tiny); fail == nil {
		c.pid, c.unborn = c.birth.pid, true
	}
	if fail != nil && c.out != nil {
		c.out.discard()
	}
	return c, fail
}

// unshared returns those of some cgroups that no other container is in: a nested one
// may be in its parent's.
func (s *supervisor) unshared(cgroups []string) (own []string) {
	for _, dir := range cgroups {
		if !s.isUsed(dir) {
			own = append(own, dir)
		}
	}
	return own
}

func (s *supervisor) isUsed(cgroup string) bool {
	for _, c := range s.containers {
		for _, dir := range c.cgroups {
			if dir == cgroup && !c.gone {
				return true
			}
		}
	}
	return false
}

// copy begins to copy what the container writes, from its beginning on to first.
func (c *contained) copy(first *os.File) {
	switch {
	case c.out != nil:
		c.out.start(first)
	case first != nil:
		first.Close()
	}
}

// deliver goes on with a container whose init process is done.
func (s *supervisor) deliver(b born) {
	c := b.c
	c.unborn = false
	if b.reply.Pids = []int{b.pid}; b.fail != nil {
		s.forget(c)
		b.reply.Pids, b.reply.Errno, b.reply.What = nil, int(b.fail.errno), b.fail.what
	} else {
		if b.pid != c.pid {
			s.passOn(c, b.pid)
		}
		c.copy(b.first)
		b.first = nil
	}
	if b.first != nil {
		b.first.Close()
	}
	if c.joins {
		if s.passing--; s.passing == 0 {
			clear(s.strays)
		}
	}
	if b.asker == s.agent { // who asked is still there
		s.send(&b.reply)
	}
	switch {
	case b.fail != nil:
	case c.ended:
		s.settle(c)
		s.finishAll()
	case c.killed || s.closing:
		s.kill(c)
	}
}

// passOn makes another process the first one of a container. It may have ended.
func (s *supervisor) passOn(c *contained, pid int) {
	delete(s.byPid, c.pid)
	c.pid, c.birth = pid, nil
	c.status, c.ended = s.strays[pid], false
	if _, c.ended = s.strays[pid]; c.ended {
		return
	}
	s.byPid[pid] = c
	if st, ok := readStatus(pid); ok {
		c.start = st.start
	}
}

// forget forgets a container whose command does not run.
func (s *supervisor) forget(c *contained) {
	delete(s.containers, c.id)
	delete(s.byPid, c.pid)
	if !c.ended {
		_ = syscall.Kill(c.pid, syscall.SIGKILL) // it has failed, and is to be reaped
	}
	c.birth.close()
	if c.out != nil {
		c.out.discard()
	}
}

// settle takes in how the command of a container ended whose first process is reaped.
func (s *supervisor) settle(c *contained) {
	if c.birth != nil {
		if told, ok := c.birth.number(); ok {
			c.status = syscall.WaitStatus(told)
		}
		c.birth = nil
	}
	s.ending[c.id] = c
}
