package supervise

import (
	"os"
	"syscall"
)

// heard is a request, or the end of the connection it came on.
type heard struct {
	from *os.File
	req  Request
	file *os.File // that came with it, or nil
	end  bool
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

func (s *supervisor) do(h *heard) {
	req := &h.req
	defer func() { h.close() }()
	reply := Message{Seq: req.Seq, Container: req.Container}
	c := s.containers[req.Container]
	switch req.Op {
	case OpHello:
		reply.Version, s.speaks = ProtocolVersion, req.Version
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

// send tells the agent. If the agent is gone the reader of requests notices.
func (s *supervisor) send(m *Message) {
	if s.agent != nil && !(s.closing && m.Seq == 0) {
		_ = WriteMessage(s.agent, m)
	}
}
