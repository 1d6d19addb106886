package wire

import (
	"bufio"
	"errors"
	"io"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
)

// AppendRecord appends payload to dst as a RecordIO record: its length in bytes
// in decimal, a line feed, and the payload itself.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#recordio-response-format
func AppendRecord(dst, payload []byte) []byte {
	dst = append(strconv.AppendInt(dst, int64(len(payload)), 10), '\n')
	return append(dst, payload...)
}

// AppendMessageRecord appends m, encoded as media, to dst as a RecordIO record.
func AppendMessageRecord(dst []byte, media MediaType, m Message) ([]byte, error) {
	// The payload is written behind room for its length and moved up to it,
	// which costs a copy but no second buffer.
	const room = len("1073741824\n")
	start := len(dst)
	out, err := media.Append(append(dst, make([]byte, room)...), m)
	if err != nil {
		return dst, err
	}
	payload := out[start+room:]
	out = append(strconv.AppendInt(out[:start], int64(len(payload)), 10), '\n')
	return append(out, payload...), nil
}

// A RecordReader reads records from a RecordIO stream. Not for use by two
// goroutines at once.
type RecordReader struct {
	r      *bufio.Reader
	limit  int
	record []byte
	count  int64 // of records read
	err    error
}

// NewRecordReader reads records of up to limit bytes from r.
func NewRecordReader(r io.Reader, limit int) *RecordReader {
	return &RecordReader{r: bufio.NewReader(r), limit: limit}
}

// Next returns the next record, valid until the next call. At the end of the
// stream it returns io.EOF, and within a record an error that is
// io.ErrUnexpectedEOF. A length that is no number is an error of kind
// mesos.Invalid, one above the limit of kind mesos.TooLarge; there is no way to
// find the next record after one of these, so an error is returned forever.
func (r *RecordReader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	length, err := r.header()
	if err == nil {
		r.record, err = readFull(r.r, r.record[:0], length)
	}
	if err != nil {
		if r.err = io.EOF; !errors.Is(err, io.EOF) {
			r.err = mesos.Errorf(mesos.KindOf(err), "read record %d: %w", r.count, err)
		}
		return nil, r.err
	}
	r.count++
	return r.record, nil
}

// header reads a record's length and the line feed after it.
func (r *RecordReader) header() (length int, err error) {
	const longest = 20 // bytes: 2^64 has 20 digits
	var header []byte
	for {
		c, err := r.r.ReadByte()
		switch {
		case err == io.EOF && len(header) > 0:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case c == '\n':
			return r.length(header)
		case len(header) == longest:
			return 0, mesos.Errorf(mesos.Invalid, "length %q...: not a decimal number", header)
		}
		header = append(header, c)
	}
}

func (r *RecordReader) length(header []byte) (int, error) {
	length, err := strconv.ParseUint(string(header), 10, 64)
	if err != nil {
		return 0, mesos.Errorf(mesos.Invalid, "length %q: not a decimal number", header)
	}
	if length > uint64(r.limit) {
		return 0, mesos.Errorf(mesos.TooLarge, "%d bytes are more than the limit of %d", length, r.limit)
	}
	return int(length), nil
}

// readFull reads length bytes onto the end of buffer. It takes memory as bytes
// arrive, not as they are announced: a peer that announces much and sends
// little costs little.
func readFull(r io.Reader, buffer []byte, length int) ([]byte, error) {
	const step = 64 << 10 // bytes
	for want := length; want > 0; {
		n := min(want, max(step, len(buffer)))
		start := len(buffer)
		buffer = append(buffer, make([]byte, n)...)
		got, err := io.ReadFull(r, buffer[start:])
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return buffer[:start+got], err
		}
		want -= n
	}
	return buffer, nil
}
