package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/internal/drive"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/registry"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// errDeposed answers whoever waits when a term of leadership ends.
var errDeposed = mesos.Errorf(mesos.Unavailable, "this master no longer leads")

// errGaveUp ends a master that does more harm than good.
var errGaveUp = errors.New("this master gives up")

// term is one term of leadership: the master's core and the allocator, each on
// a loop of its own, and the connections they speak to. It ends when the
// leadership does, and all of it is dropped: schedulers and agents come back to
// whoever leads next.
type term struct {
	log       *slog.Logger
	number    uint64
	holds     func() bool // tells if the leadership can't be over yet
	began     time.Time
	master    *drive.Loop[master.Input, master.Effect]
	alloc     allocating
	core      *master.Master
	store     *registry.Store
	storing   storing
	view      *httpapi.MasterView
	requests  *requests
	gaveUp    chan error // one slot
	whitelist *whitelist
	told      []allocation.Input // scratch of allocate
	slow      atomic.Uint64      // schedulers that were disconnected because they read too slowly

	mu       sync.Mutex
	ended    bool
	streams  map[master.StreamID]*httpapi.Stream
	links    map[master.LinkID]*link.Conn
	lastLink master.LinkID
}

func newTerm(log *slog.Logger, core *master.Master, elected *registry.Term, view *httpapi.MasterView) *term {
	t := &term{
		log:      log,
		number:   uint64(elected.Revision()),
		holds:    elected.Holds,
		began:    time.Now(),
		core:     core,
		store:    elected.Store(),
		view:     view,
		requests: newRequests(),
		gaveUp:   make(chan error, 1),
		streams:  map[master.StreamID]*httpapi.Stream{},
		links:    map[master.LinkID]*link.Conn{},
	}
	t.master = drive.New[master.Input, master.Effect](core, master.Tick{}, t.perform)
	return t
}

// run drives both cores and watches the whitelist until the context ends, then drops every connection.
func (t *term) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return t.master.Run(ctx) })
	group.Go(func() error { return t.alloc.Run(ctx) })
	group.Go(func() error { return t.whitelist.watch(ctx, t.master.Put) })
	group.Go(func() error {
		select {
		case err := <-t.gaveUp:
			return fmt.Errorf("%w: %w", errGaveUp, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	err := group.Wait()
	t.end()
	return err
}

func (t *term) end() {
	t.requests.end(errDeposed)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	for _, stream := range t.streams {
		stream.Close()
	}
	for _, conn := range t.links {
		conn.Close()
	}
}

// allocatingEvents bring what an allocator does to the master.
func (t *term) allocatingEvents() allocatingEvents {
	return allocatingEvents{
		connected: func(session uint64) {
			t.master.Put(master.AllocatorConnected{Session: master.AllocatorSession(session)})
		},
		decided: func(session uint64, outputs []allocation.Output) {
			inputs := make([]master.Input, len(outputs))
			for i, out := range outputs {
				inputs[i] = master.Allocated{Session: master.AllocatorSession(session), Output: out}
			}
			t.master.Put(inputs...)
		},
	}
}

// allocate tells the allocator what the effects tell, all at once.
func (t *term) allocate(effects []master.Effect) {
	session := master.AllocatorSession(0)
	send := func() {
		if len(t.told) > 0 {
			t.alloc.Send(uint64(session), t.told)
			clear(t.told)
			t.told = t.told[:0]
		}
	}
	for _, effect := range effects {
		if e, ok := effect.(master.Allocate); ok {
			if e.Session != session {
				send()
				session = e.Session
			}
			t.told = append(t.told, e.Input)
		}
	}
	send()
}

// perform does the master's effects, in order. Records are published before
// anything is sent, so that who is told of a change also sees it. A leader whose
// lease may have expired does nothing any more: another one may act by now.
func (t *term) perform(effects []master.Effect) {
	if !t.holds() {
		return
	}
	t.publish(effects)
	t.allocate(effects)
	for _, effect := range effects {
		switch e := effect.(type) {
		case master.Reply:
			t.requests.reply(uint64(e.Request), e.Err)
		case master.SendEvent:
			if stream := t.stream(e.Stream); stream != nil {
				stream.Send(e.Event)
			}
		case master.CloseStream:
			if stream := t.forgetStream(e.Stream); stream != nil {
				stream.Close()
			}
		case master.SendAgent:
			if conn := t.link(e.Link); conn != nil {
				conn.Send(e.Message)
			}
		case master.CloseLink:
			if conn := t.forgetLink(e.Link); conn != nil {
				conn.Close()
			}
		case master.WriteRegistry:
			t.write(e)
		case master.GiveUp:
			select {
			case t.gaveUp <- e.Err:
			default: // it is giving up
			}
		case master.Log:
			t.log.Log(context.Background(), slog.Level(e.Level), e.Message, e.Args...)
		}
	}
}

func (t *term) write(e master.WriteRegistry) {
	began := time.Now()
	t.store.Submit(e.Writes, func(err error) {
		if err != nil && !errors.Is(err, registry.ErrResigned) { // who stops gives up what it was about to write
			t.log.Error("registry write failed", "error", err)
		}
		now := time.Now()
		t.storing.wrote(now, now.Sub(began))
		t.master.Put(master.RegistryWritten{ID: e.ID, Err: err})
	})
}

// Subscribe opens a scheduler's event stream. It is called by the HTTP server.
func (t *term) Subscribe(ctx context.Context, principal string, call *schedulerpb.Call, stream *httpapi.Stream) error {
	id := master.StreamID(stream.ID())
	t.mu.Lock()
	if t.ended {
		t.mu.Unlock()
		return errDeposed
	}
	t.streams[id] = stream
	t.mu.Unlock()
	err := t.requests.ask(ctx, func(request uint64) bool {
		return t.master.PutWait(master.Subscribe{
			Request: master.RequestID(request), Stream: id, Principal: principal, Call: call,
		})
	})
	if err != nil && ctx.Err() == nil {
		t.forgetStream(id)
	}
	return err
}

// StreamClosed tells that a scheduler's stream broke.
func (t *term) StreamClosed(id string, cause error) {
	if t.forgetStream(master.StreamID(id)) != nil {
		level := slog.LevelDebug
		if errors.Is(cause, httpapi.ErrSlow) {
			level = slog.LevelWarn
			t.slow.Add(1)
		}
		t.log.Log(context.Background(), level, "scheduler disconnected", "stream", id, "cause", cause)
		t.master.Put(master.StreamClosed{Stream: master.StreamID(id)})
	}
}

// Call takes any other call of a scheduler.
func (t *term) Call(ctx context.Context, principal, streamID string, call *schedulerpb.Call) error {
	return t.requests.ask(ctx, func(request uint64) bool {
		return t.master.PutWait(master.SchedulerCall{
			Request: master.RequestID(request), Stream: master.StreamID(streamID), Principal: principal, Call: call,
		})
	})
}

// serveLink brings the messages of an agent to the core until the connection
// breaks; principal is who it is.
func (t *term) serveLink(conn *link.Conn, principal string) {
	t.mu.Lock()
	if t.ended {
		t.mu.Unlock()
		conn.Close()
		return
	}
	t.lastLink++
	id := t.lastLink
	t.links[id] = conn
	t.mu.Unlock()

	address := conn.RemoteAddr()
	conn.Share()
	for {
		message := new(linkpb.ToMaster)
		if err := conn.Receive(message); err != nil {
			t.log.Debug("agent connection ended", "address", conn.RemoteAddr(), "error", err)
			break
		}
		compact(message)
		if !t.master.PutWait(master.AgentMessage{Link: id, Address: address, Principal: principal, Message: message}) {
			break
		}
	}
	if t.forgetLink(id) != nil {
		conn.Close()
		t.master.Put(master.LinkClosed{Link: id})
	}
}

func (t *term) stream(id master.StreamID) *httpapi.Stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.streams[id]
}

func (t *term) forgetStream(id master.StreamID) *httpapi.Stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	stream := t.streams[id]
	delete(t.streams, id)
	return stream
}

func (t *term) link(id master.LinkID) *link.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.links[id]
}

func (t *term) forgetLink(id master.LinkID) *link.Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	conn := t.links[id]
	delete(t.links, id)
	return conn
}
