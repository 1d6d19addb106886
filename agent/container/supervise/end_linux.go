package supervise

import (
	"os"
	"syscall"
	"time"
	"unsafe"
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
			s.tidy(c)
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

// lookAgain has finish called soon.
func (s *supervisor) lookAgain() {
	time.AfterFunc(time.Millisecond, func() {
		select {
		case s.again <- struct{}{}:
		default:
		}
	})
}
