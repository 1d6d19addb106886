// Package link is the connection between an agent and the leading master: an
// HTTP/1.1 Upgrade on the master's port, then frames both ways. Each side sends
// messages of one type of package linkpb and receives those of the other. A
// master and an allocator use the same frames on a connection of their own.
package link

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/internal/crew"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

const (
	// maxQueued is how many messages may wait for a peer that does not read.
	maxQueued = 1 << 16
	// writeTimeout is for how long a peer may take nothing before it is given up.
	writeTimeout = 30 * time.Second
	// lingerTimeout is how long a closed link waits for the peer to close too.
	lingerTimeout = 10 * time.Second
	// batchBytes is about how much is written at once.
	batchBytes = 64 << 10
	// largeBytes is from where on a message is worth another goroutine to decode it.
	largeBytes = 1 << 10
	// maxFrameBytes is the largest message that is accepted.
	maxFrameBytes = 64 << 20
)

// ErrSlow ends a connection whose peer reads too slowly.
var ErrSlow = errors.New("the peer reads too slowly")

// Conn is one end of a link. Send may be called by many goroutines, Receive by one.
type Conn struct {
	conn   net.Conn
	frames *wire.FrameReader

	mu      sync.Mutex
	queue   []wire.Message
	unsent  int  // messages in the queue and in the batch being written
	writing bool // a goroutine is emptying the queue
	closing bool // nothing more is taken; close once the queue is empty
	err     error
}

// buffers are what frames are encoded into; an idle link holds none. They begin
// small: most links have one short message to send at a time.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// New is one end of a link over a connection that was made in another way than
// by Upgrade.
func New(conn net.Conn) *Conn { return newConn(conn, conn) }

func newConn(conn net.Conn, reader interface{ Read([]byte) (int, error) }) *Conn {
	frames := wire.NewFrameReader(reader, maxFrameBytes)
	frames.Decode = decode
	return &Conn{conn: conn, frames: frames}
}

// decoders decode large messages for all links of the process: the goroutine
// that reads a link rests most of the time, with a small stack.
var decoders crew.Crew

// sharers know what messages were lately made of.
var sharers = sync.Pool{New: func() any { return new(wire.Sharer) }}

// Share has the messages that will be received share parts, as wire.Sharer has
// it, with each other and with those of other links. It goes before the first
// Receive.
func (c *Conn) Share() { c.frames.Decode = decodeShared }

// decode decodes a message that was received.
func decode(data []byte, m wire.Message) error { return decodeBy(wire.Unmarshal, data, m) }

func decodeShared(data []byte, m wire.Message) error {
	return decodeBy(func(data []byte, m wire.Message) error {
		sharer := sharers.Get().(*wire.Sharer)
		defer sharers.Put(sharer)
		return sharer.Unmarshal(data, m)
	}, data, m)
}

func decodeBy(unmarshal func([]byte, wire.Message) error, data []byte, m wire.Message) (err error) {
	if len(data) < largeBytes {
		return unmarshal(data, m)
	}
	decoders.Do(func() { err = unmarshal(data, m) })
	return err
}

// Send queues a message and never blocks. Messages arrive in order; when the
// link breaks, those that were queued are lost and Receive says so. The message
// must not be changed afterwards.
func (c *Conn) Send(m wire.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.err != nil {
		return
	}
	if c.unsent >= maxQueued {
		c.breakLocked(ErrSlow)
		return
	}
	c.unsent++
	c.queue = append(c.queue, m)
	if !c.writing {
		c.writing = true
		go (*writer)(c).Run()
	}
}

// Receive reads the next message into m. Any error is final. It wraps io.EOF
// if the peer closed the connection.
func (c *Conn) Receive(m wire.Message) error {
	for {
		err := c.frames.Next(m)
		c.mu.Lock()
		if err != nil {
			c.breakLocked(err)
			err = c.err
		}
		closing := c.closing
		c.mu.Unlock()
		if err != nil {
			return mesos.Errorf(mesos.Unavailable, "receive from %s: %w", c.RemoteAddr(), err)
		}
		if !closing {
			return nil
		}
	}
}

// Close ends the link after what was sent before; it does not wait for that.
// Messages that still arrive are dropped.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.err != nil {
		return
	}
	c.closing = true
	if !c.writing {
		c.finishLocked()
	}
}

// finishLocked says goodbye once everything is written; mu is held. The peer is
// given time to read it, because closing a connection on which unread data waits
// takes back what was written.
func (c *Conn) finishLocked() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		c.breakLocked(net.ErrClosed)
		return
	}
	time.AfterFunc(lingerTimeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.breakLocked(net.ErrClosed)
	})
}

// RemoteAddr is the peer's host:port.
func (c *Conn) RemoteAddr() string { return c.conn.RemoteAddr().String() }

// breakLocked closes the connection because of err; mu is held.
func (c *Conn) breakLocked(err error) {
	if c.err == nil {
		c.err = err
		c.queue = nil
		c.conn.Close() // it is given up
	}
}

// writer is a link that has something to write.
type writer Conn

// Run writes what is queued until nothing is.
func (w *writer) Run() {
	c := (*Conn)(w)
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		if len(batch) == 0 || c.err != nil {
			c.writing = false
			if c.closing && c.err == nil {
				c.finishLocked()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		err := c.write(batch, buffer)
		c.mu.Lock()
		c.unsent -= len(batch)
		if err != nil {
			c.breakLocked(err)
		}
		c.mu.Unlock()
	}
}

// write encodes and writes messages, many at once.
func (c *Conn) write(batch []wire.Message, buffer *[]byte) error {
	out := (*buffer)[:0]
	for i, m := range batch {
		var err error
		if out, err = wire.AppendFrame(out, m); err != nil {
			return err
		}
		if len(out) < batchBytes && i < len(batch)-1 {
			continue
		}
		c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // the write then fails
		if _, err := c.conn.Write(out); err != nil {
			return err
		}
		out = out[:0]
	}
	if cap(out) <= 4*batchBytes { // a rare large message is not kept
		*buffer = out
	}
	return nil
}
