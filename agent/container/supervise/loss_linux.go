package supervise

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// keep writes what a container wrote to its log. What can't be written, because the
// disk is full say, is lost and holds up nobody: that is told once, and how much it
// was is written into the log of stderr, or of the terminal, when there is room again.
func (o *output) keep(s *stream, data []byte) {
	n, err := s.write(data)
	if err != nil {
		errno := syscall.EIO
		errors.As(err, &errno)
		s.lost, s.cause = s.lost+uint64(len(data)-n), errno
		if !s.told {
			s.told = o.tell(s.name() + " can't be written: " + errno.Error() + ": what can't be written is lost, and the container runs on")
		}
		return
	}
	s.unfinished = len(data) > 0 && data[len(data)-1] != '\n'
	o.settle(s)
}

// settle writes down what of a stream was lost, if it can.
func (o *output) settle(s *stream) {
	if s.lost == 0 {
		return
	}
	to := o.streams[len(o.streams)-1] // stderr is the last one
	note := itoa(int(s.lost)) + " bytes of " + s.name() + " were lost: " + s.cause.Error() + "\n"
	if to == s && s.unfinished {
		note = "\n" + note
	}
	if _, err := to.write([]byte(note)); err == nil {
		s.lost = 0
	}
}

// write appends to the log of a stream, which the other one's notes go to as well.
func (s *stream) write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(data)
}

// name is what people call a stream.
func (s *stream) name() string {
	if s.kind == FrameStderr {
		return "stderr"
	}
	return "stdout"
}

// tells has remarks on the output of a container come to the supervisor's loop. One
// that finds too many others waiting is not taken.
func (s *supervisor) tells(c *contained) func(string) bool {
	return func(remark string) bool {
		select {
		case s.remarks <- Message{Container: c.id, Remark: remark}:
			return true
		default:
			return false
		}
	}
}

// remark tells the agent, or whoever reads the log of this process.
func (s *supervisor) remark(m *Message) {
	if s.agent != nil && s.speaks >= remarksVersion {
		s.send(m)
		return
	}
	_, _ = os.Stderr.WriteString(time.Now().UTC().Format(time.RFC3339) + " container " + m.Container + ": " + m.Remark + "\n")
}
