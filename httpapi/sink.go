package httpapi

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// lingerTimeout is how long a finished stream waits for the subscriber to close
// the connection.
const lingerTimeout = 2 * time.Second

// serve answers a SUBSCRIBE with the stream. It returns at once where the
// connection can be taken over (HTTP/1), which spares the memory that net/http
// keeps for each request, and otherwise when the stream ends.
func (s *Stream) serve(w http.ResponseWriter, r *http.Request, header http.Header) {
	header.Set("Content-Type", s.media.String())
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.serveWriter(w, r, header)
		return
	}
	conn.SetDeadline(time.Time{}) //nolint:errcheck // a broken connection shows at the next use
	to := &connSink{conn: conn, chunked: r.ProtoAtLeast(1, 1)}
	if err := to.begin(header); err != nil {
		conn.Close() // it is broken
		s.fail(err)
		return
	}
	s.open(to)
	go s.watch(conn)
}

// watch waits until the subscriber closes the connection.
func (s *Stream) watch(conn net.Conn) {
	var ignored [64]byte
	for {
		if _, err := conn.Read(ignored[:]); err != nil {
			s.fail(ErrDisconnected)
			conn.Close() // it is over
			return
		}
	}
}

// connSink writes to a connection that was taken over: chunks, by hand.
type connSink struct {
	conn    net.Conn
	chunked bool // HTTP/1.0 has no chunks: the end of the connection is the end
}

func (c *connSink) begin(header http.Header) error {
	proto := "HTTP/1.0"
	if c.chunked {
		proto = "HTTP/1.1"
		header.Set("Transfer-Encoding", "chunked")
	}
	header.Set("Connection", "close") // it ends with the stream: no client may use it again
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	head := []byte(proto + " 200 OK\r\n")
	for name, values := range header {
		head = fmt.Appendf(head, "%s: %s\r\n", name, values[0])
	}
	_, err := c.conn.Write(append(head, "\r\n"...))
	return err
}

// append makes each record a chunk of its own: there are clients that take what
// arrives in a chunk for a record.
func (c *connSink) append(dst []byte, media wire.MediaType, event wire.Message) ([]byte, error) {
	if !c.chunked {
		return wire.AppendMessageRecord(dst, media, event)
	}
	// The record is written behind room for its length and moved up to it.
	const room = len("ffffffff\r\n")
	start := len(dst)
	out, err := wire.AppendMessageRecord(append(dst, make([]byte, room)...), media, event)
	if err != nil {
		return dst, err
	}
	record := out[start+room:]
	out = append(strconv.AppendUint(out[:start], uint64(len(record)), 16), "\r\n"...)
	return append(append(out, record...), "\r\n"...), nil
}

func (c *connSink) write(events []byte) error {
	c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // the write then fails
	_, err := c.conn.Write(events)
	return err
}

// finish ends the answer, and gives the subscriber time to read it: closing a
// connection on which unread data waits takes back what was written.
func (c *connSink) finish() {
	if c.chunked {
		c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // the write then fails
		io.WriteString(c.conn, "0\r\n\r\n")                   //nolint:errcheck // it is closed in any case
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() //nolint:errcheck // it is closed in any case
	}
	c.conn.SetReadDeadline(time.Now().Add(lingerTimeout)) //nolint:errcheck // watch closes it
}

func (c *connSink) abort() { c.conn.Close() } // it is given up

// serveWriter serves the stream through net/http, for HTTP/2. Only the handler's
// goroutine may write, so the pieces are handed to it.
func (s *Stream) serveWriter(w http.ResponseWriter, r *http.Request, header http.Header) {
	for name, values := range header {
		w.Header()[name] = values
	}
	control := http.NewResponseController(w)
	if err := control.Flush(); err != nil {
		s.fail(mesos.Errorf(mesos.Unavailable, "stream: %w", err))
		return
	}
	to := &handlerSink{
		pieces: make(chan []byte), written: make(chan error),
		ended: make(chan struct{}), gone: r.Context().Done(),
	}
	s.open(to)
	for {
		select {
		case piece := <-to.pieces:
			_, err := w.Write(piece)
			if err == nil {
				err = control.Flush()
			}
			to.written <- err
		case <-to.ended:
			return
		case <-to.gone:
			s.fail(ErrDisconnected)
			return
		}
	}
}

// handlerSink writes through a handler that is still running.
type handlerSink struct {
	pieces  chan []byte
	written chan error
	ended   chan struct{}
	gone    <-chan struct{} // the client left or the handler is about to end
}

func (h *handlerSink) append(dst []byte, media wire.MediaType, event wire.Message) ([]byte, error) {
	return wire.AppendMessageRecord(dst, media, event)
}

func (h *handlerSink) write(records []byte) error {
	select {
	case h.pieces <- records:
		return <-h.written
	case <-h.gone:
		return ErrDisconnected
	case <-h.ended:
		return ErrDisconnected
	}
}

func (h *handlerSink) finish() { close(h.ended) }

func (h *handlerSink) abort() { close(h.ended) }
