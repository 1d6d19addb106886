package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

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
	r     *bufio.Reader
	limit int
	frame []byte
	err   error
}

// NewFrameReader reads frames with messages of up to limit bytes from r.
func NewFrameReader(r io.Reader, limit int) *FrameReader {
	return &FrameReader{r: bufio.NewReader(r), limit: limit}
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
	if err := r.read(); err != nil {
		if r.err = io.EOF; !errors.Is(err, io.EOF) {
			r.err = mesos.Errorf(mesos.KindOf(err), "read frame: %w", err)
		}
		return r.err
	}
	return Unmarshal(r.frame, m)
}

func (r *FrameReader) read() error {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r.r, header[:]); err != nil {
		return err // io.EOF only before the first byte
	}
	length := binary.BigEndian.Uint32(header[:])
	if uint64(length) > uint64(r.limit) {
		return mesos.Errorf(mesos.TooLarge, "%d bytes are more than the limit of %d", length, r.limit)
	}
	var err error
	r.frame, err = readFull(r.r, r.frame[:0], int(length))
	return err
}
