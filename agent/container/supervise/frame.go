package supervise

import (
	"io"
	"syscall"
)

// Frame is what a frame on the connection of one who has attached to a container
// carries: a byte that says so, the length of the data in four, and the data.
type Frame byte

// The frames.
const (
	// FrameEnd ends the connection: the container has ended, and all it wrote was
	// sent. A connection that just breaks was not ended by the container.
	FrameEnd Frame = iota
	// FrameStdout and FrameStderr are output. Of a terminal all is FrameStdout.
	FrameStdout
	FrameStderr
	// FrameStdin is input.
	FrameStdin
	// FrameEOF closes the standard input, if it is no terminal.
	FrameEOF
	// FrameWindow sets a terminal's size: rows and columns, in two bytes each.
	FrameWindow
)

// maxFrame bounds the data of a frame, in bytes.
const maxFrame = 1 << 20

const frameHead = 5

// AppendFrame appends one frame.
func AppendFrame(dst []byte, kind Frame, data []byte) []byte {
	n := len(data)
	dst = append(dst, byte(kind), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return append(dst, data...)
}

// AppendWindow appends a FrameWindow.
func AppendWindow(dst []byte, w Window) []byte {
	return AppendFrame(dst, FrameWindow, []byte{
		byte(w.Rows >> 8), byte(w.Rows), byte(w.Columns >> 8), byte(w.Columns),
	})
}

// ReadFrame reads one frame; its data is valid until buf is used again.
func ReadFrame(r io.Reader, buf *[]byte) (Frame, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(head[1])<<24 | int(head[2])<<16 | int(head[3])<<8 | int(head[4])
	if n > maxFrame {
		return 0, nil, syscall.EMSGSIZE
	}
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	data := (*buf)[:n]
	_, err := io.ReadFull(r, data)
	return Frame(head[0]), data, err
}
