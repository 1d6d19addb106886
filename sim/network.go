package sim

import "time"

// wire is one direction of a connection: what is sent on it arrives in order,
// each message after a delay of its own, until the connection breaks. What was
// under way then is lost.
type wire struct {
	world  *world
	slow   time.Duration // the longest delay
	last   time.Time     // arrival of the latest message
	broken bool
}

// send delivers a message, if the connection lasts that long.
func (l *wire) send(deliver func()) {
	if l.broken {
		return
	}
	arrival := l.world.now.Add(l.world.between(0, l.slow))
	if arrival.Before(l.last) {
		arrival = l.last
	}
	l.last = arrival
	l.world.at(arrival, func() {
		if !l.broken {
			deliver()
		}
	})
}

// stall holds up everything that is sent from now on for a while.
func (l *wire) stall(d time.Duration) {
	if until := l.world.now.Add(d); until.After(l.last) {
		l.last = until
	}
}

// conn is a connection of two ends. Either may close it, which the other end
// learns after all that was sent before; or it breaks, which both learn, each
// in its own time, and what is under way is lost.
type conn struct {
	world          *world
	client, server string // the places that it joins; empty within a machine
	up, down       wire   // to the server, to the client
	// serverClosed and clientClosed tell an end that the connection is over.
	serverClosed, clientClosed func()
	serverOver, clientOver     bool
}

func newConn(w *world, client, server string, slow time.Duration) *conn {
	return &conn{
		world: w, client: client, server: server,
		up:   wire{world: w, slow: slow},
		down: wire{world: w, slow: slow},
	}
}

// toServer and toClient deliver a message to an end that has not closed.
func (c *conn) toServer(deliver func()) {
	c.up.send(func() {
		if !c.serverOver {
			deliver()
		}
	})
}

func (c *conn) toClient(deliver func()) {
	c.down.send(func() {
		if !c.clientOver {
			deliver()
		}
	})
}

// closeByServer ends the connection after what the server sent.
func (c *conn) closeByServer() {
	if c.serverOver {
		return
	}
	c.serverOver = true
	c.toClient(c.endClient)
}

// closeByClient ends the connection after what the client sent.
func (c *conn) closeByClient() {
	if c.clientOver {
		return
	}
	c.clientOver = true
	c.toServer(c.endServer)
}

func (c *conn) endServer() {
	if !c.serverOver {
		c.serverOver = true
		c.serverClosed()
	}
}

func (c *conn) endClient() {
	if !c.clientOver {
		c.clientOver = true
		c.clientClosed()
	}
}

// breakUp cuts the connection. Both ends learn of it within a while.
func (c *conn) breakUp(within time.Duration) {
	if c.up.broken {
		return
	}
	c.up.broken, c.down.broken = true, true
	c.world.after(c.world.between(0, within), c.endServer)
	c.world.after(c.world.between(0, within), c.endClient)
}

// linger holds up what the client sent and has the client give up meanwhile, as if
// the connection had broken: what it sent still arrives, maybe after the first
// messages of the connection that it makes next.
func (c *conn) linger(d time.Duration) {
	if c.up.broken || c.clientOver {
		return
	}
	c.up.stall(d)
	c.world.after(c.world.between(0, d), func() {
		c.down.broken = true
		if !c.clientOver {
			c.toServer(c.endServer)
			c.endClient()
		}
	})
}

// open reports whether the connection still carries messages both ways.
func (c *conn) open() bool { return !c.up.broken && !c.serverOver && !c.clientOver }
