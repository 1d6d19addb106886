package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// callers sends a scheduler's calls over several connections that are kept alive.
// Calls that wait are written together, before the answers to those before them have
// come, as the scheduler library of Mesos does. It is sparing, since it is not what
// is measured.
type callers struct {
	header  []byte // of every request, up to the length
	calls   chan *schedulerpb.Call
	waiting atomic.Int64 // calls not answered yet
	conns   []net.Conn
	failed  chan error
}

func newCallers(ctx context.Context, of *client.Scheduler, n int) (*callers, error) {
	c := &callers{
		header: []byte("POST /api/v1/scheduler HTTP/1.1\r\nHost: " + of.Host() +
			"\r\nContent-Type: application/x-protobuf\r\nMesos-Stream-Id: " + of.StreamID() + "\r\nContent-Length: "),
		calls:  make(chan *schedulerpb.Call, 1<<16),
		failed: make(chan error, 2*n),
	}
	for range n {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", of.Host())
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, conn)
		go c.serve(conn)
	}
	return c, nil
}

// call queues a call.
func (c *callers) call(call *schedulerpb.Call) {
	c.waiting.Add(1)
	c.calls <- call
}

func (c *callers) close() {
	close(c.calls)
	for _, conn := range c.conns {
		conn.Close() // nothing more is said
	}
}

const (
	// together is how many calls are written at once.
	together = 16
	// ahead is how many calls of a connection may wait for their answers.
	ahead = 4 * together
)

func (c *callers) serve(conn net.Conn) {
	sent := make(chan schedulerpb.Call_Type, ahead)
	defer close(sent)
	go c.answers(conn, sent)
	var requests, body []byte
	for call := range c.calls {
		requests = requests[:0]
		for n := 1; call != nil; n++ {
			var err error
			if body, err = wire.Append(body[:0], call); err != nil {
				c.failed <- fmt.Errorf("%v call: %w", call.GetType(), err)
				return
			}
			requests = strconv.AppendInt(append(requests, c.header...), int64(len(body)), 10)
			requests = append(append(requests, "\r\n\r\n"...), body...)
			sent <- call.GetType()
			call = nil
			if n < together {
				select {
				case call = <-c.calls:
				default:
				}
			}
		}
		if _, err := conn.Write(requests); err != nil {
			c.failed <- fmt.Errorf("calls: %w", err)
			return
		}
	}
}

// answers takes the answers to calls that were sent.
func (c *callers) answers(conn net.Conn, sent <-chan schedulerpb.Call_Type) {
	reader := bufio.NewReader(conn)
	for call := range sent {
		if err := accepted(reader); err != nil {
			c.failed <- fmt.Errorf("%v call: %w", call, err)
			return
		}
		c.waiting.Add(-1)
	}
}

// accepted reads an answer, which must be 202 without a body.
func accepted(r *bufio.Reader) error {
	status, err := r.ReadString('\n')
	for line := status; err == nil && line != "\r\n"; {
		line, err = r.ReadString('\n')
		if length, ok := strings.CutPrefix(line, "Content-Length: "); ok && length != "0\r\n" {
			text, _ := io.ReadAll(io.LimitReader(r, 1<<10))
			return mesos.Errorf(mesos.Internal, "%s: %s", strings.TrimSpace(status), text)
		}
	}
	if err == nil && !strings.HasPrefix(status, "HTTP/1.1 202 ") {
		err = mesos.Errorf(mesos.Internal, "%s", strings.TrimSpace(status))
	}
	return err
}
