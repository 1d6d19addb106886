package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/internal/drive"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
)

const (
	// maxMasters is how many connections a server takes at once. One cluster has
	// one leader; a moment after a failover the old one may still be there.
	maxMasters = 16
	// maxTogether is how many inputs a master may say belong together.
	maxTogether = 1 << 22
)

// ServerConfig is what Serve is told.
type ServerConfig struct {
	// Policy names the policy, for the master's log.
	Policy string
	// New is a policy that knows nobody yet. Each connection gets one of its
	// own: a master tells everything it knows whenever it connects.
	New func(Master) allocation.Policy
	// Software names this program and its version, for the master's log.
	Software string
	Log      *slog.Logger
}

// Serve serves masters that connect to a listener, until the context ends.
func Serve(ctx context.Context, listener net.Listener, cfg ServerConfig) error {
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { listener.Close() }) //nolint:errcheck // nobody connects any more
	defer stop()
	free := make(chan struct{}, maxMasters)
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("serve allocator: %w", err)
			}
			cfg.Log.Warn("connection not accepted", "error", err)
			continue
		}
		log := cfg.Log.With("address", conn.RemoteAddr().String())
		select {
		case free <- struct{}{}:
		default:
			log.Warn("master refused: too many are connected", "limit", maxMasters)
			goodbyeToMaster(newConn(conn), "too many masters are connected")
			continue
		}
		sessions.Go(func() {
			defer func() { <-free }()
			s := serving{cfg: &cfg, log: log, conn: newConn(conn)}
			s.run(ctx)
		})
	}
}

// serving is one connection of a master, and the policy that serves it.
type serving struct {
	cfg  *ServerConfig
	log  *slog.Logger
	conn *link.Conn
	// policy is the loop's; others may only ask what it is.
	policy allocation.Policy
	loop   *drive.Loop[numbered, allocation.Output]
	asks   chan *allocationpb.Ask
	taken  atomic.Uint64 // sequence of the last Inputs that the policy took
	sent   uint64        // sequence of the last Outputs; the loop's
}

// numbered is an input with the sequence of the Inputs it came with.
type numbered struct {
	sequence uint64
	in       allocation.Input
}

// counted is a policy that notes how far it has come.
type counted struct {
	allocation.Policy
	taken *atomic.Uint64
}

func (c counted) Step(now time.Time, in numbered) []allocation.Output {
	if in.sequence != 0 {
		c.taken.Store(in.sequence)
	}
	return c.Policy.Step(now, in.in)
}

// run serves until the connection breaks or the context ends.
func (s *serving) run(ctx context.Context) {
	defer s.conn.Close()
	stop := context.AfterFunc(ctx, func() { goodbyeToMaster(s.conn, "the allocator is being stopped") })
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hello, err := s.greet()
	if err != nil {
		s.log.Warn("master refused", "error", err)
		goodbyeToMaster(s.conn, err.Error())
		return
	}
	master := Master{ID: hello.GetMasterId(), Software: hello.GetSoftware(), Domain: convert.Domain(hello.GetDomain())}
	s.log = s.log.With("master", master.ID, "session", hello.GetSession())
	s.log.Info("master connected", "software", master.Software)
	s.policy, s.asks = s.cfg.New(master), make(chan *allocationpb.Ask, maxAsks)
	s.loop = drive.New[numbered, allocation.Output](
		counted{s.policy, &s.taken}, numbered{in: allocation.Tick{}}, s.perform)

	var parts sync.WaitGroup
	parts.Go(func() { s.loop.Run(ctx) }) //nolint:errcheck // the context's
	parts.Go(func() { s.answerAll(ctx) })
	parts.Go(func() {
		beat(ctx, func() {
			s.conn.Send(&allocationpb.ToMaster{Message: &allocationpb.ToMaster_Heartbeat{
				Heartbeat: &allocationpb.Heartbeat{Taken: new(s.taken.Load())},
			}})
		})
	})
	err = s.receive()
	s.log.Info("master disconnected", "cause", err)
	if mesos.KindOf(err) == mesos.Invalid {
		goodbyeToMaster(s.conn, err.Error())
	}
	cancel()
	parts.Wait()
}

// greet exchanges hellos.
func (s *serving) greet() (*allocationpb.MasterHello, error) {
	first := new(allocationpb.ToAllocator)
	if err := s.conn.Receive(first); err != nil {
		return nil, err
	}
	hello := first.GetHello()
	if hello == nil {
		return nil, mesos.Errorf(mesos.Invalid, "the first message is not a hello")
	}
	if _, err := agree(hello.GetVersions()); err != nil {
		return nil, err
	}
	s.conn.Send(&allocationpb.ToMaster{Message: &allocationpb.ToMaster_Hello{Hello: &allocationpb.AllocatorHello{
		Versions: versions(), Software: &s.cfg.Software, Policy: &s.cfg.Policy, Session: hello.Session, Metrics: new(true),
	}}})
	return hello, nil
}

// receive hands the policy what the master says, until the connection ends.
func (s *serving) receive() error {
	var together []numbered
	for last := uint64(0); ; {
		message := new(allocationpb.ToAllocator)
		if err := s.conn.Receive(message); err != nil {
			return err
		}
		switch m := message.GetMessage().(type) {
		case *allocationpb.ToAllocator_Inputs:
			if last++; m.Inputs.GetSequence() != last {
				return mesos.Errorf(mesos.Invalid, "inputs %d came after %d", m.Inputs.GetSequence(), last-1)
			}
			var err error
			if together, err = appendInputs(together, m.Inputs); err != nil {
				return err
			}
			if !m.Inputs.GetMore() {
				if !s.loop.PutWait(together...) {
					return context.Canceled
				}
				together = nil
			}
		case *allocationpb.ToAllocator_Ask:
			s.take(m.Ask)
		case *allocationpb.ToAllocator_Heartbeat:
		case *allocationpb.ToAllocator_Goodbye:
			return mesos.Errorf(mesos.Unavailable, "the master says: %s", m.Goodbye.GetReason())
		default:
			return mesos.Errorf(mesos.Invalid, "a message is of no kind that this version knows")
		}
	}
}

// appendInputs decodes inputs that came together.
func appendInputs(list []numbered, m *allocationpb.Inputs) ([]numbered, error) {
	for i, input := range m.GetInputs() {
		in, err := decodeInput(input)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "inputs %d: input %d: %w", m.GetSequence(), i, err)
		}
		list = append(list, numbered{m.GetSequence(), in})
	}
	if len(list) > maxTogether {
		return nil, mesos.Errorf(mesos.Invalid, "more than %d inputs belong together", maxTogether)
	}
	return list, nil
}

// perform sends what the policy decided.
func (s *serving) perform(outputs []allocation.Output) {
	list := make([]*allocationpb.Output, len(outputs))
	for i, out := range outputs {
		list[i] = encodeOutput(out)
	}
	frames(list, func(piece []*allocationpb.Output, _ bool) {
		s.sent++
		s.conn.Send(&allocationpb.ToMaster{Message: &allocationpb.ToMaster_Outputs{Outputs: &allocationpb.Outputs{
			Sequence: new(s.sent), Taken: new(s.taken.Load()), Outputs: piece,
		}}})
	})
}

// goodbyeToMaster ends a connection and says why.
func goodbyeToMaster(conn *link.Conn, reason string) {
	conn.Send(&allocationpb.ToMaster{Message: &allocationpb.ToMaster_Goodbye{Goodbye: &allocationpb.Goodbye{Reason: &reason}}})
	conn.Close()
}
