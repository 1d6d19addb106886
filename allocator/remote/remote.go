// Package remote puts a socket between a master and an allocator: Serve runs an
// allocation policy for masters that connect, a Client stands in for it in the
// master's process. Policies do not know of it, and anybody's can be served: see
// docs/allocator-protocol.md.
package remote

import (
	"context"
	"net"
	"time"

	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
)

// The versions of the protocol that this package speaks. Within a version fields
// are only ever added.
const (
	oldestVersion = 1
	newestVersion = 1
)

const (
	// heartbeatInterval is how often each side says that it is there.
	heartbeatInterval = 5 * time.Second
	// silence is how long a side may say nothing before it is given up.
	silence = 4 * heartbeatInterval
	// frameBytes is about how much goes into one frame.
	frameBytes = 1 << 20
)

// Master is what an allocator is told of the master that it serves.
type Master struct {
	ID       string            // a new one each term
	Software string            // for logs
	Domain   allocation.Domain // the master's fault domain
}

// impatient is a connection that breaks if its peer says nothing.
type impatient struct{ net.Conn }

func (c impatient) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(silence)) //nolint:errcheck // the read then fails
	return c.Conn.Read(p)
}

// CloseWrite says that nothing more follows.
func (c impatient) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return net.ErrClosed
}

func newConn(conn net.Conn) *link.Conn { return link.New(impatient{conn}) }

// versions is what this side says in its hello.
func versions() *allocationpb.Versions {
	return &allocationpb.Versions{Oldest: new(uint32(oldestVersion)), Newest: new(uint32(newestVersion))}
}

// agree is the newest version that both sides speak.
func agree(peer *allocationpb.Versions) (uint32, error) {
	version := min(newestVersion, peer.GetNewest())
	if version < oldestVersion || version < peer.GetOldest() {
		return 0, mesos.Errorf(mesos.Unsupported, "it speaks versions %d to %d of the protocol, and this side %d to %d",
			peer.GetOldest(), peer.GetNewest(), oldestVersion, newestVersion)
	}
	return version, nil
}

// beat sends heartbeats until the context ends.
func beat(ctx context.Context, send func()) {
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			send()
		case <-ctx.Done():
			return
		}
	}
}

// frames cuts a list of messages into pieces of about frameBytes, and has each
// sent; the last one with more false. An empty list is one empty piece.
func frames[M wire.Message](list []M, send func(piece []M, more bool)) {
	start, size := 0, 0
	for i, m := range list {
		if s := m.SizeVT(); size > 0 && size+s > frameBytes {
			send(list[start:i], true)
			start, size = i, s
		} else {
			size += s
		}
	}
	send(list[start:], false)
}
