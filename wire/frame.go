package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/mesosctl/mesosctl/mesos"
)

// frameHeader is the size in bytes of what goes before a frame's message: the
// message's length as a big-endian uint32.
const frameHeader = 4

// AppendFrame appends m to dst as a frame of the agent's link: four bytes of
// length, most significant first, and the message as protobuf.
func AppendFrame(dst []byte, m Message) ([]byte, error) {
	start := len(dst)
	out, err := Append(append(dst, 0, 0, 0, 0), m)
	if err != nil {
		return dst, err
	}
	length := len(out) - start - frameHeader
	if length > MaxMessageSize {
		return dst, mesos.Errorf(mesos.TooLarge, "encode frame: %d bytes are more than the limit of %d", length, MaxMessageSize)
	}
	binary.BigEndian.PutUint32(out[start:], uint32(length))
	return out, nil
}

// A FrameReader reads the frames that AppendFrame makes. Not for use by two
// goroutines at once.
type FrameReader struct {
	// Decode decodes a frame's message; it keeps nothing of data. It is Unmarshal
	// until it is set.
	Decode func(data []byte, m Message) error

	r     *bufio.Reader
	limit int
	err   error
}

// frames are buffers for frames that don't fit into a reader's own; one at rest
// holds none of them.
var frames = sync.Pool{New: func() any { return new(frame) }}

type frame []byte

// put makes a buffer available to others, unless it has become large.
func (f *frame) put() {
	if cap(*f) <= 256<<10 {
		frames.Put(f)
	}
}

// NewFrameReader reads frames with messages of up to limit bytes from r.
func NewFrameReader(r io.Reader, limit int) *FrameReader {
	return &FrameReader{Decode: Unmarshal, r: bufio.NewReader(r), limit: limit}
}

// Next reads the next frame into m, which keeps no reference to the reader. At
// the end of the stream it returns io.EOF, and within a frame an error that is
// io.ErrUnexpectedEOF. A frame above the limit is of kind mesos.TooLarge. Once
// the stream is broken the same error is returned forever; a message that could
// not be decoded (mesos.Invalid) does not break it.
func (r *FrameReader) Next(m Message) error {
	if r.err != nil {
		return r.err
	}
	length, err := r.header()
	switch {
	case err != nil:
	case length <= r.r.Buffered():
		whole, _ := r.r.Peek(length)
		defer r.r.Discard(length) //nolint:errcheck // it is there
		return r.Decode(whole, m)
	default:
		buffer := frames.Get().(*frame)
		defer buffer.put()
		if *buffer, err = readFull(r.r, (*buffer)[:0], length); err == nil {
			return r.Decode(*buffer, m)
		}
	}
	if r.err = io.EOF; !errors.Is(err, io.EOF) {
		r.err = mesos.Errorf(mesos.KindOf(err), "read frame: %w", err)
	}
	return r.err
}

// header reads the length of the next frame: io.EOF only before its first byte.
func (r *FrameReader) header() (length int, err error) {
	header, err := r.r.Peek(frameHeader)
	if len(header) > 0 && errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(header)
	r.r.Discard(frameHeader) //nolint:errcheck // it is there
	if uint64(n) > uint64(r.limit) {
		return 0, mesos.Errorf(mesos.TooLarge, "%d bytes are more than the limit of %d", n, r.limit)
	}
	return int(n), nil
}
