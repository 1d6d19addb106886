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

// list is a list of the length that comes next; nil if that is none.
func list[T any](d *decoder) []T {
	if n := d.count(); n > 0 {
		return make([]T, n)
	}
	return nil
}

func (d *decoder) strings() []string {
	list := list[string](d)
	for i := range list {
		list[i] = d.string()
	}
	return list
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
	e.bool(m.Ended)
	e.uint(m.Version)
	e.string(m.Remark)
	return e.writeTo(w)
}

// ReadMessage reads what WriteMessage wrote.
func ReadMessage(r io.Reader) (Message, error) {
	d, err := readMessage(r)
	if err != nil {
		return Message{}, err
	}
	m := Message{Seq: d.uint(), Container: d.string()}
	m.Pids = list[int](d)
	for i := range m.Pids {
		m.Pids[i] = int(d.uint())
	}
	m.Status = int(d.uint())
	m.Errno = int(d.uint())
	m.What = d.string()
	m.Ended = d.bool()
	m.Version = d.uint()
	m.Remark = d.string()
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
