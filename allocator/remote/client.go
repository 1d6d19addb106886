package remote

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
)

const (
	dialTimeout = 5 * time.Second
	// minBackoff and maxBackoff bound the wait between attempts, which doubles.
	// A session that lasts for maxBackoff begins the row anew.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
	// complaintInterval is how often a lasting failure is logged.
	complaintInterval = time.Minute
)

// ClientConfig is what a Client is told.
type ClientConfig struct {
	Address string // host:port of the allocator
	Master  Master
	Log     *slog.Logger
	// Connected is called when a session begins, with its number: the allocator
	// knows nothing and is to be sent everything.
	Connected func(session uint64)
	// Decided is called with what the allocator decided in a session. Neither
	// may block.
	Decided func(session uint64, outputs []allocation.Output)
}

// Client is an allocator in another process. It connects again whenever the
// connection breaks; each connection is a session.
type Client struct {
	cfg  ClientConfig
	dial func(context.Context) (net.Conn, error)

	mu     sync.Mutex
	now    *session // nil while there is no connection
	losses uint64
}

// NewClient is a client that connects once it runs.
func NewClient(cfg ClientConfig) *Client {
	dialer := net.Dialer{Timeout: dialTimeout}
	return &Client{cfg: cfg, dial: func(ctx context.Context) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", cfg.Address)
	}}
}

// Status is how a Client's connection is.
type Status struct {
	Connected bool
	Losses    uint64 // how many connections broke
}

// Status is how the connection is now.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Status{c.now != nil, c.losses}
}

// Send tells the allocator of a session what happened. It takes all of it
// before it decides anything. It never blocks; if the session is over, nobody
// is told. The caller may use the slice again.
func (c *Client) Send(session uint64, inputs []allocation.Input) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil && c.now.id == session {
		c.now.put(inputs)
	}
}

// Run connects, again and again, until the context ends.
func (c *Client) Run(ctx context.Context) error {
	backoff := minBackoff
	var complained time.Time
	for id := uint64(1); ctx.Err() == nil; id++ {
		began := time.Now()
		connected, err := c.serve(ctx, id)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case connected:
			c.cfg.Log.Warn("allocator lost: nothing new is offered until it is back; tasks and offers go on",
				"address", c.cfg.Address, "session", id, "error", err)
			complained = time.Now()
		case time.Since(complained) >= complaintInterval:
			c.cfg.Log.Warn("allocator unreachable: nothing new is offered", "address", c.cfg.Address, "error", err)
			complained = time.Now()
		default:
			c.cfg.Log.Debug("allocator unreachable", "address", c.cfg.Address, "error", err)
		}
		if connected && time.Since(began) >= maxBackoff {
			backoff = minBackoff
		}
		select {
		case <-time.After(backoff/2 + rand.N(backoff/2)):
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
	return ctx.Err()
}

// serve is one session, from the connection to its end. It reports whether it
// came to be one.
func (c *Client) serve(ctx context.Context, id uint64) (connected bool, err error) {
	raw, err := c.dial(ctx)
	if err != nil {
		return false, err
	}
	conn := newConn(raw)
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { goodbyeToAllocator(conn, "the master no longer leads") })
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hello, err := c.greet(conn, id)
	if err != nil {
		goodbyeToAllocator(conn, err.Error())
		return false, err
	}
	s := newSession(id, conn, c.cfg.Log)
	s.counts = hello.GetMetrics()
	defer close(s.over)
	c.set(s)
	var parts sync.WaitGroup
	parts.Go(func() { s.send(ctx) })
	parts.Go(func() {
		beat(ctx, func() {
			conn.Send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Heartbeat{Heartbeat: new(allocationpb.Heartbeat)}})
		})
	})
	c.cfg.Log.Info("allocator connected", "address", c.cfg.Address, "session", id,
		"policy", hello.GetPolicy(), "software", hello.GetSoftware())
	c.cfg.Connected(id)
	err = c.receive(s)
	c.set(nil)
	if mesos.KindOf(err) == mesos.Invalid {
		goodbyeToAllocator(conn, err.Error())
	}
	cancel()
	parts.Wait()
	return true, err
}

func (c *Client) set(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now = s; s == nil {
		c.losses++
	}
}

// greet exchanges hellos.
func (c *Client) greet(conn *link.Conn, id uint64) (*allocationpb.AllocatorHello, error) {
	conn.Send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Hello{Hello: &allocationpb.MasterHello{
		Versions: versions(), Software: &c.cfg.Master.Software, MasterId: &c.cfg.Master.ID, Session: &id,
		Domain: convert.DomainToWire(c.cfg.Master.Domain),
	}}})
	first := new(allocationpb.ToMaster)
	if err := conn.Receive(first); err != nil {
		return nil, err
	}
	switch m := first.GetMessage().(type) {
	case *allocationpb.ToMaster_Hello:
		if m.Hello.GetSession() != id {
			return nil, mesos.Errorf(mesos.Invalid, "the hello answers session %d, not %d", m.Hello.GetSession(), id)
		}
		_, err := agree(m.Hello.GetVersions())
		return m.Hello, err
	case *allocationpb.ToMaster_Goodbye:
		return nil, mesos.Errorf(mesos.Unavailable, "the allocator says: %s", m.Goodbye.GetReason())
	}
	return nil, mesos.Errorf(mesos.Invalid, "the first message is not a hello")
}

// receive hands on what the allocator decides, until the connection ends.
func (c *Client) receive(s *session) error {
	for last := uint64(0); ; {
		message := new(allocationpb.ToMaster)
		if err := s.conn.Receive(message); err != nil {
			return err
		}
		switch m := message.GetMessage().(type) {
		case *allocationpb.ToMaster_Outputs:
			if last++; m.Outputs.GetSequence() != last {
				return mesos.Errorf(mesos.Invalid, "outputs %d came after %d", m.Outputs.GetSequence(), last-1)
			}
			outputs := make([]allocation.Output, len(m.Outputs.GetOutputs()))
			for i, output := range m.Outputs.GetOutputs() {
				var err error
				if outputs[i], err = decodeOutput(output); err != nil {
					return mesos.Errorf(mesos.Invalid, "outputs %d: output %d: %w", last, i, err)
				}
			}
			c.cfg.Decided(s.id, s.current(outputs, m.Outputs.GetTaken()))
		case *allocationpb.ToMaster_Answer:
			s.answered(m.Answer)
		case *allocationpb.ToMaster_Heartbeat:
		case *allocationpb.ToMaster_Goodbye:
			return mesos.Errorf(mesos.Unavailable, "the allocator says: %s", m.Goodbye.GetReason())
		default:
			return mesos.Errorf(mesos.Invalid, "a message is of no kind that this version knows")
		}
	}
}

// session is one connection with an allocator.
type session struct {
	id   uint64
	conn *link.Conn
	log  *slog.Logger
	over chan struct{} // closed at its end
	// counts tells that the allocator can be asked for metrics.
	counts bool

	mu      sync.Mutex
	queue   []allocation.Input
	ready   chan struct{} // holds one token while the queue is not empty
	removed removals
	asked   uint64
	answers map[uint64]chan<- *allocationpb.Answer // by the ask's number; each has room for one
}

func newSession(id uint64, conn *link.Conn, log *slog.Logger) *session {
	return &session{
		id: id, conn: conn, log: log, over: make(chan struct{}), ready: make(chan struct{}, 1),
		answers: make(map[uint64]chan<- *allocationpb.Answer),
		removed: removals{queued: make(map[mesos.AgentID]int), sent: make(map[mesos.AgentID]uint64)},
	}
}

func (s *session) put(inputs []allocation.Input) {
	s.mu.Lock()
	s.queue = append(s.queue, inputs...)
	s.removed.queue(inputs)
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (s *session) take() []allocation.Input {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.queue
	s.queue = nil
	return queue
}

// current is what of the allocator's outputs still holds: what it offered of an
// agent before it learned that the agent was removed is void, even if an agent
// with that ID is back by now. The allocator forgets it too, when it learns.
func (s *session) current(outputs []allocation.Output, taken uint64) []allocation.Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed.learned(taken)
	if len(s.removed.queued)+len(s.removed.sent) == 0 {
		return outputs
	}
	kept := outputs[:0]
	for _, out := range outputs {
		if ready, ok := out.(allocation.OffersReady); ok {
			ready.Offers = slices.DeleteFunc(ready.Offers, func(o allocation.Offered) bool { return s.removed.has(o.Agent) })
			if len(ready.Offers) == 0 {
				continue
			}
			out = ready
		}
		kept = append(kept, out)
	}
	return kept
}

// removals are the agents of whose removal the allocator has not learned yet.
type removals struct {
	queued map[mesos.AgentID]int    // how often, in what is not sent yet
	sent   map[mesos.AgentID]uint64 // the sequence of the last Inputs that tell of it
}

func (r removals) queue(inputs []allocation.Input) {
	for _, in := range inputs {
		if gone, ok := in.(allocation.RemoveAgent); ok {
			r.queued[gone.ID]++
		}
	}
}

func (r removals) send(inputs []allocation.Input, sequence uint64) {
	for _, in := range inputs {
		if gone, ok := in.(allocation.RemoveAgent); ok {
			if r.queued[gone.ID]--; r.queued[gone.ID] == 0 {
				delete(r.queued, gone.ID)
			}
			r.sent[gone.ID] = sequence
		}
	}
}

// learned notes that the allocator has taken Inputs up to a sequence.
func (r removals) learned(taken uint64) {
	maps.DeleteFunc(r.sent, func(_ mesos.AgentID, sequence uint64) bool { return sequence <= taken })
}

func (r removals) has(agent mesos.AgentID) bool {
	_, sent := r.sent[agent]
	return sent || r.queued[agent] > 0
}

// send writes what is queued until the context ends. Messages are made here,
// not on the master's loop.
func (s *session) send(ctx context.Context) {
	for sequence := uint64(0); ; {
		select {
		case <-s.ready:
		case <-ctx.Done():
			return
		}
		inputs := s.take()
		list, err := encodeInputs(inputs)
		if err != nil {
			s.log.Error("allocator can't be told", "error", err)
			goodbyeToAllocator(s.conn, fmt.Sprintf("an input has no message: %v", err))
			return
		}
		frames(list, func(piece []*allocationpb.Input, more bool) {
			sequence++
			m := &allocationpb.Inputs{Sequence: new(sequence), Inputs: piece}
			if more {
				m.More = &more
			} else { // before the allocator can have taken them
				s.mu.Lock()
				s.removed.send(inputs, sequence)
				s.mu.Unlock()
			}
			s.conn.Send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Inputs{Inputs: m}})
		})
	}
}

func encodeInputs(inputs []allocation.Input) ([]*allocationpb.Input, error) {
	list := make([]*allocationpb.Input, len(inputs))
	for i, in := range inputs {
		var err error
		if list[i], err = encodeInput(in); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// goodbyeToAllocator ends a connection and says why.
func goodbyeToAllocator(conn *link.Conn, reason string) {
	conn.Send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Goodbye{Goodbye: &allocationpb.Goodbye{Reason: &reason}}})
	conn.Close()
}
