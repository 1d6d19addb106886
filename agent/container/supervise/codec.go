package supervise

import (
	"io"
	"syscall"
)

// maxMessage bounds one message, in bytes. Arguments and environment of a
// process are bounded by the kernel well below it.
const maxMessage = 16 << 20

// encoder appends values to a message: numbers as base-128 varints, strings and
// lists with their length first.
type encoder struct{ buf []byte }

func (e *encoder) uint(v uint64) {
	for v >= 0x80 {
		e.buf = append(e.buf, byte(v)|0x80)
		v >>= 7
	}
	e.buf = append(e.buf, byte(v))
}

func (e *encoder) string(s string) {
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) strings(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

// decoder takes values off a message. After the first that does not fit, bad is
// set and every value is zero. Who reads may be older or newer than who wrote:
// messages only ever grow at their end, so a value that is not there is zero and
// what follows the last known value is left.
type decoder struct {
	buf []byte
	bad bool
}

func (d *decoder) uint() uint64 {
	if len(d.buf) == 0 {
		return 0
	}
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		if len(d.buf) == 0 {
			break
		}
		b := d.buf[0]
		d.buf = d.buf[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.buf, d.bad = nil, true
	return 0
}

// count reads the length of something whose every element takes a byte or more.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.buf)) {
		d.buf, d.bad = nil, true
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.count()
	s := string(d.buf[:n])
	d.buf = d.buf[n:]
	return s
}

func (d *decoder) strings() []string {
	list := make([]string, d.count())
	for i := range list {
		list[i] = d.string()
	}
	return list
}

// process appends a process with its length, so that it too may grow at its end.
func (e *encoder) process(p *Process) {
	inner := encoder{}
	inner.fields(p)
	e.string(string(inner.buf))
}

func (d *decoder) process(p *Process) {
	inner := decoder{buf: []byte(d.string())}
	inner.fields(p)
	d.bad = d.bad || inner.bad
}

func (e *encoder) fields(p *Process) {
	e.string(p.Path)
	e.strings(p.Args)
	e.strings(p.Env)
	e.string(p.Dir)
	e.string(p.Stdout)
	e.string(p.Stderr)
	if p.User == nil {
		e.uint(0)
	} else {
		e.uint(1)
		e.uint(uint64(p.User.UID))
		e.uint(uint64(p.User.GID))
		e.uint(uint64(len(p.User.Groups)))
		for _, gid := range p.User.Groups {
			e.uint(uint64(gid))
		}
	}
	e.uint(uint64(len(p.Rlimits)))
	for _, limit := range p.Rlimits {
		e.uint(uint64(limit.Resource))
		e.uint(limit.Soft)
		e.uint(limit.Hard)
	}
	e.uint(p.KeepSeconds)
	if p.Terminal == nil {
		e.uint(0)
	} else {
		e.uint(1)
		e.uint(uint64(p.Terminal.Rows))
		e.uint(uint64(p.Terminal.Columns))
	}
	if p.Stdin {
		e.uint(1)
	} else {
		e.uint(0)
	}
}

func (d *decoder) fields(p *Process) {
	p.Path = d.string()
	p.Args = d.strings()
	p.Env = d.strings()
	p.Dir = d.string()
	p.Stdout = d.string()
	p.Stderr = d.string()
	if d.uint() == 1 {
		p.User = &User{UID: uint32(d.uint()), GID: uint32(d.uint())}
		p.User.Groups = make([]uint32, d.count())
		for i := range p.User.Groups {
			p.User.Groups[i] = uint32(d.uint())
		}
	}
	p.Rlimits = make([]Rlimit, d.count())
	for i := range p.Rlimits {
		p.Rlimits[i] = Rlimit{Resource: int(d.uint()), Soft: d.uint(), Hard: d.uint()}
	}
	p.KeepSeconds = d.uint()
	if d.uint() == 1 {
		p.Terminal = &Window{Rows: uint16(d.uint()), Columns: uint16(d.uint())}
	}
	p.Stdin = d.uint() == 1
}

// WriteRequest writes one request.
func WriteRequest(w io.Writer, r *Request) error {
	e := encoder{buf: make([]byte, 4, 1024)}
	e.uint(r.Seq)
	e.uint(uint64(r.Op))
	e.string(r.Container)
	e.uint(uint64(r.Signal))
	if r.Op == OpLaunch {
		e.process(&r.Process)
	} else {
		e.string("")
	}
	e.uint(r.Version)
	return e.writeTo(w)
}

// ReadRequest reads what WriteRequest wrote.
func ReadRequest(r io.Reader) (Request, error) {
	d, err := readMessage(r)
	if err != nil {
		return Request{}, err
	}
	req := Request{Seq: d.uint(), Op: Op(d.uint()), Container: d.string(), Signal: int(d.uint())}
	if req.Op == OpLaunch {
		d.process(&req.Process)
		req.Process.Container = req.Container
	} else {
		_ = d.string()
	}
	req.Version = d.uint()
	return req, d.end()
}

// WriteMessage writes one message.
func WriteMessage(w io.Writer, m *Message) error {
	e := encoder{buf: make([]byte, 4, 128)}
	e.uint(m.Seq)
	e.string(m.Container)
	e.uint(uint64(len(m.Pids)))
	for _, pid := range m.Pids {
		e.uint(uint64(pid))
	}
	e.uint(uint64(m.Status))
	e.uint(uint64(m.Errno))
	e.string(m.What)
	ended := uint64(0)
	if m.Ended {
		ended = 1
	}
	e.uint(ended)
	e.uint(m.Version)
	return e.writeTo(w)
}

// ReadMessage reads what WriteMessage wrote.
func ReadMessage(r io.Reader) (Message, error) {
	d, err := readMessage(r)
	if err != nil {
		return Message{}, err
	}
	m := Message{Seq: d.uint(), Container: d.string()}
	m.Pids = make([]int, d.count())
	for i := range m.Pids {
		m.Pids[i] = int(d.uint())
	}
	m.Status = int(d.uint())
	m.Errno = int(d.uint())
	m.What = d.string()
	m.Ended = d.uint() == 1
	m.Version = d.uint()
	return m, d.end()
}

// writeTo writes the message behind its length, for which the first four bytes
// were kept free, in one write.
func (e *encoder) writeTo(w io.Writer) error {
	n := len(e.buf) - 4
	if n > maxMessage {
		return syscall.EMSGSIZE
	}
	e.buf[0], e.buf[1], e.buf[2], e.buf[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	_, err := w.Write(e.buf)
	return err
}

func readMessage(r io.Reader) (*decoder, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	if n > maxMessage {
		return nil, syscall.EMSGSIZE
	}
	buf := make([]byte, n)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, err
	}
	return &decoder{buf: buf}, nil
}

func (d *decoder) end() error {
	if d.bad {
		return syscall.EBADMSG
	}
	return nil
}
