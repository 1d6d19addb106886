package remote

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
)

// network is a listener and those who dial it, in virtual time.
type network struct {
	mu       sync.Mutex
	incoming chan net.Conn
	closed   chan struct{}
	dialed   []net.Conn // both ends of each
	refuses  bool
}

func newNetwork() *network {
	return &network{incoming: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.incoming:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { close(n.closed); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(context.Context) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refuses {
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	n.dialed = append(n.dialed, here, there)
	select {
	case n.incoming <- there:
		return here, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.dialed {
		c.Close()
	}
	n.dialed = nil
}

// lines is a log, without times.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), words)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// echo is a policy that refuses to remove frameworks: what goes in can be seen
// to come out.
type echo struct{}

func (echo) Step(_ time.Time, in allocation.Input) []allocation.Output {
	if in, ok := in.(allocation.RemoveFramework); ok {
		return []allocation.Output{allocation.Refused{Err: errors.New(string(in.ID))}}
	}
	return nil
}

func (echo) Next() time.Time { return time.Time{} }

// serve runs a server until the end of the test.
func serve(t *testing.T, n *network, log *slog.Logger) {
	servePolicy(t, n, log, func(Master) allocation.Policy { return echo{} })
}

func servePolicy(t *testing.T, n *network, log *slog.Logger, policy func(Master) allocation.Policy) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- Serve(ctx, n, ServerConfig{Policy: "echo", Software: "test", Log: log, New: policy})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("serve: %v", err)
		}
	})
}

// peer is a master of few means.
type peer struct {
	t      *testing.T
	conn   net.Conn
	frames *wire.FrameReader
}

func dialPeer(t *testing.T, n *network) *peer {
	conn, err := n.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t, conn, wire.NewFrameReader(conn, 1<<20)}
}

func (p *peer) send(m *allocationpb.ToAllocator) {
	p.t.Helper()
	data, err := wire.AppendFrame(nil, m)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.conn.Write(data); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) hello(oldest, newest uint32) {
	p.send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Hello{Hello: &allocationpb.MasterHello{
		Versions: &allocationpb.Versions{Oldest: &oldest, Newest: &newest}, Software: new("test"), MasterId: new("M"), Session: new(uint64(1)),
	}}})
}

func (p *peer) inputs(sequence uint64, list ...*allocationpb.Input) {
	p.send(&allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Inputs{Inputs: &allocationpb.Inputs{Sequence: &sequence, Inputs: list}}})
}

// receive is the next message that is not a heartbeat.
func (p *peer) receive() *allocationpb.ToMaster {
	p.t.Helper()
	for {
		m := new(allocationpb.ToMaster)
		if err := p.frames.Next(m); err != nil {
			p.t.Fatal(err)
		}
		if m.GetHeartbeat() == nil {
			return m
		}
	}
}

// isToldWhy expects a goodbye and the end.
func (p *peer) isToldWhy(words string) {
	p.t.Helper()
	if reason := p.receive().GetGoodbye().GetReason(); !strings.Contains(reason, words) {
		p.t.Errorf("the goodbye says %q, want %q", reason, words)
	}
	if err := p.frames.Next(new(allocationpb.ToMaster)); !errors.Is(err, io.EOF) {
		p.t.Errorf("after the goodbye: %v", err)
	}
}

func removal(id string) *allocationpb.Input {
	in, err := encodeInput(allocation.RemoveFramework{ID: mesos.FrameworkID(id)})
	if err != nil {
		panic(err)
	}
	return in
}

func TestAServerRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for name, test := range map[string]struct {
		say   func(*peer)
		words string
	}{
		"a newer master":  {func(p *peer) { p.hello(2, 9) }, "versions 2 to 9"},
		"an older master": {func(p *peer) { p.hello(0, 0) }, "versions 0 to 0"},
		"no hello":        {func(p *peer) { p.inputs(1) }, "not a hello"},
		"a gap":           {func(p *peer) { p.hello(1, 1); p.receive(); p.inputs(2) }, "inputs 2 came after 0"},
		"two hellos":      {func(p *peer) { p.hello(1, 1); p.receive(); p.hello(1, 1) }, "no kind"},
		"a wrong input":   {func(p *peer) { p.hello(1, 1); p.receive(); p.inputs(1, new(allocationpb.Input)) }, "inputs 1: input 0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				serve(t, n, slog.New(slog.DiscardHandler))
				p := dialPeer(t, n)
				test.say(p)
				p.isToldWhy(test.words)
			})
		})
	}
}

func TestAServerSpeaksTheNewestCommonVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		serve(t, n, slog.New(slog.DiscardHandler))
		p := dialPeer(t, n)
		p.hello(0, 7)
		if h := p.receive().GetHello(); h.GetPolicy() != "echo" || h.GetSession() != 1 || h.GetVersions().GetNewest() != newestVersion {
			t.Errorf("hello: %v", h)
		}
		for i := uint64(1); i <= 2; i++ {
			p.inputs(i, removal("1"), removal("2"))
			if o := p.receive().GetOutputs(); o.GetSequence() != i || o.GetTaken() != i {
				t.Errorf("outputs %d: %v", i, o)
			}
		}
		p.conn.Close()
	})
}

func TestAServerHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		serve(t, n, slog.New(slog.DiscardHandler))
		for range maxMasters {
			dialPeer(t, n).hello(1, 1)
		}
		dialPeer(t, n).isToldWhy("too many")
		n.cut()
		synctest.Wait()
		p := dialPeer(t, n)
		p.hello(1, 1)
		if p.receive().GetHello() == nil {
			t.Error("there is no room after the others left")
		}
		n.cut()
	})
}

func TestSomebodyElseOnThePortIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, log := newNetwork(), new(lines)
		serve(t, n, log.logger())
		p := dialPeer(t, n)
		if _, err := io.WriteString(p.conn, "GET / HTTP/1.1\r\n\r\n"); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
		if _, err := p.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection is still there: %v", err)
		}
		synctest.Wait()
		if !log.has("master refused") {
			t.Error("nobody hears of it")
		}
	})
}

// told is what a client told its master.
type told struct {
	mu       sync.Mutex
	sessions []uint64
	refused  []string
}

func startClient(t *testing.T, n *network, log *slog.Logger) (*Client, *told, func()) {
	got := new(told)
	c := NewClient(ClientConfig{
		Log: log, Master: Master{ID: "M"},
		Connected: func(session uint64) {
			got.mu.Lock()
			defer got.mu.Unlock()
			got.sessions = append(got.sessions, session)
		},
		Decided: func(_ uint64, outputs []allocation.Output) {
			got.mu.Lock()
			defer got.mu.Unlock()
			for _, out := range outputs {
				got.refused = append(got.refused, out.(allocation.Refused).Err.Error())
			}
		},
	})
	c.dial = n.dial
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	return c, got, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	}
}

func TestAClientConnectsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, log := newNetwork(), new(lines)
		serve(t, n, log.logger())
		c, got, stop := startClient(t, n, log.logger())
		defer stop()
		synctest.Wait()
		if status := c.Status(); !status.Connected || status.Losses != 0 {
			t.Fatalf("%+v", status)
		}
		time.Sleep(time.Hour) // heartbeats keep it
		n.cut()
		synctest.Wait()
		if status := c.Status(); status.Connected || status.Losses != 1 || !log.has("allocator lost") {
			t.Errorf("after a cut: %+v", status)
		}
		c.Send(1, []allocation.Input{allocation.RemoveFramework{ID: "old"}})
		time.Sleep(2 * maxBackoff)
		if !c.Status().Connected {
			t.Fatal("it does not connect again")
		}
		c.Send(1, []allocation.Input{allocation.RemoveFramework{ID: "older"}})
		c.Send(2, []allocation.Input{allocation.RemoveFramework{ID: "new"}})
		synctest.Wait()
		got.mu.Lock()
		defer got.mu.Unlock()
		if len(got.sessions) != 2 || len(got.refused) != 1 || got.refused[0] != "new" {
			t.Errorf("sessions %v, told %v", got.sessions, got.refused)
		}
	})
}

func TestAClientTriesLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, log := newNetwork(), new(lines)
		n.refuses = true
		attempts := 0
		c := NewClient(ClientConfig{Log: log.logger()})
		c.dial = func(ctx context.Context) (net.Conn, error) { attempts++; return n.dial(ctx) }
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("run: %v", err)
		}
		// Every 2.5 to 5 s, after the first few.
		if attempts < 120 || attempts > 260 {
			t.Errorf("%d attempts in ten minutes", attempts)
		}
		if complaints := strings.Count(log.text.String(), "allocator unreachable"); complaints < 8 || complaints > 11 {
			t.Errorf("%d lines in the log", complaints)
		}
	})
}

func TestASilentAllocatorIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, log := newNetwork(), new(lines)
		go func() {
			for { // says hello and then nothing
				conn, err := n.Accept()
				if err != nil {
					return
				}
				frames := wire.NewFrameReader(conn, 1<<20)
				hello := new(allocationpb.ToAllocator)
				if frames.Next(hello) != nil {
					return
				}
				answer, _ := wire.AppendFrame(nil, &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Hello{Hello: &allocationpb.AllocatorHello{
					Versions: versions(), Software: new("mute"), Policy: new("none"), Session: hello.GetHello().Session,
				}}})
				conn.Write(answer)
				go io.Copy(io.Discard, conn)
			}
		}()
		c, _, stop := startClient(t, n, log.logger())
		time.Sleep(silence - time.Second)
		if !c.Status().Connected {
			t.Error("it was given up too early")
		}
		time.Sleep(2 * time.Second)
		if c.Status().Losses != 1 {
			t.Error("it was not given up")
		}
		stop()
		n.cut()
		n.Close()
	})
}

// because is a policy that can say why.
type because struct {
	echo
	err error
}

func (b because) Inquire(framework mesos.FrameworkID, role string, agent mesos.AgentID) (allocation.Inquiry, error) {
	return &answers{list: []allocation.Explanation{{
		Framework: framework, Role: role, Agents: 1,
		Held:    allocation.Amount{Agents: 1, Resources: resources.MustParse("cpus:1.5").Quantities()},
		Reasons: []allocation.Reason{{Rule: "test", Example: agent, Sentence: "it is a test", Advice: "end it"}},
	}}}, b.err
}

// answers is done the third time.
type answers struct {
	list  []allocation.Explanation
	asked int
}

func (a *answers) Next() (bool, error)                    { a.asked++; return a.asked == 3, nil }
func (a *answers) Explanations() []allocation.Explanation { return a.list }

func TestQuestionsAreAnsweredFromAfar(t *testing.T) {
	for name, test := range map[string]struct {
		policy allocation.Policy
		kind   mesos.Kind
		words  string
	}{
		"an answer":           {because{}, 0, ""},
		"no such framework":   {because{err: mesos.Errorf(mesos.NotFound, "there is no framework F")}, mesos.NotFound, "no framework F"},
		"an error":            {because{err: errors.New("it broke")}, mesos.Internal, "it broke"},
		"a policy that can't": {echo{}, mesos.Unsupported, "can't say why"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, log := newNetwork(), slog.New(slog.DiscardHandler)
				servePolicy(t, n, log, func(Master) allocation.Policy { return test.policy })
				c, _, stop := startClient(t, n, log)
				defer stop()
				if _, err := NewClient(ClientConfig{}).Explain(t.Context(), "F", "dev", "A"); mesos.KindOf(err) != mesos.Unavailable {
					t.Errorf("without a connection: %v", err)
				}
				synctest.Wait()
				got, err := c.Explain(t.Context(), "F", "dev", "A")
				inquiry, _ := because{}.Inquire("F", "dev", "A")
				want := inquiry.Explanations()
				if test.words == "" {
					if diff := cmp.Diff(want, got, alike); err != nil || diff != "" {
						t.Errorf("%v (-want +got):\n%s", err, diff)
					}
				} else if err == nil || mesos.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.words) {
					t.Errorf("%v, want %q", err, test.words)
				}
			})
		})
	}
}

// counting is a policy that counts.
type counting struct{ echo }

func (counting) Metrics() []allocation.Metric { return []allocation.Metric{{Name: "runs", Value: 3}} }

func TestMetricsComeFromAfar(t *testing.T) {
	for name, test := range map[string]struct {
		policy allocation.Policy
		want   []string
	}{
		"a policy that counts":   {counting{}, []string{"runs", "allocator/event_queue_dispatches", "allocator/mesos/event_queue_dispatches"}},
		"a policy that does not": {echo{}, []string{"allocator/event_queue_dispatches", "allocator/mesos/event_queue_dispatches"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, log := newNetwork(), slog.New(slog.DiscardHandler)
				servePolicy(t, n, log, func(Master) allocation.Policy { return test.policy })
				c, _, stop := startClient(t, n, log)
				defer stop()
				if got := NewClient(ClientConfig{}).Metrics(t.Context()); len(got) > 0 {
					t.Errorf("without a connection: %v", got)
				}
				synctest.Wait()
				var names []string
				for _, m := range c.Metrics(t.Context()) {
					names = append(names, m.Name)
				}
				if !slices.Equal(names, test.want) {
					t.Errorf("metrics are %v, want %v", names, test.want)
				}
			})
		})
	}
}
