package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// refused is an address where nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func dial(t *testing.T, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func answer(t *testing.T, w http.ResponseWriter, r *http.Request, m wire.Message) {
	t.Helper()
	media, ok := wire.ParseMediaType(r.Header.Get("Accept"))
	if !ok {
		t.Errorf("Accept is %q", r.Header.Get("Accept"))
	}
	body, err := media.Append(nil, m)
	if err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", media.String())
	_, _ = w.Write(body)
}

func healthy(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(t, w, r, &masterpb.Response{
			Type:      masterpb.Response_GET_HEALTH.Enum(),
			GetHealth: &masterpb.Response_GetHealth{Healthy: proto.Bool(true)},
		})
	}
}

func TestLeaderIsFoundBehindDeadAndStandbyMasters(t *testing.T) {
	leader := serve(t, healthy(t))
	var redirects atomic.Int32
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		redirects.Add(1)
		w.Header().Set("Location", "//"+leader+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := dial(t, Config{Masters: []string{refused(t), standby}, MediaType: wire.Protobuf})
	for range 2 {
		if ok, err := c.Health(t.Context()); err != nil || !ok {
			t.Fatalf("healthy is %t, %v", ok, err)
		}
	}
	if c.Leader() != leader {
		t.Errorf("leader is %s, want %s", c.Leader(), leader)
	}
	if redirects.Load() != 1 {
		t.Errorf("the standby was asked %d times, want once", redirects.Load())
	}
}

func TestElectionIsWaitedFor(t *testing.T) {
	var asked atomic.Int32
	master := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			http.Error(w, "No leader elected", http.StatusServiceUnavailable)
			return
		}
		healthy(t)(w, r)
	})
	c := dial(t, Config{Masters: []string{master}, MediaType: wire.JSON, Patience: 10 * time.Second})
	if _, err := c.Health(t.Context()); err != nil {
		t.Fatal(err)
	}

	asked.Store(0)
	impatient := dial(t, Config{Masters: []string{master}})
	_, err := impatient.Health(t.Context())
	if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "No leader elected") {
		t.Fatalf("error is %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	c := dial(t, Config{Masters: []string{refused(t), refused(t)}})
	if _, err := c.Health(t.Context()); mesos.KindOf(err) != mesos.Unavailable {
		t.Fatalf("error is %v", err)
	}
}

// aMaster makes a handler one of a master, which can be told by its health.
func aMaster(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/master/health" {
			handler(w, r)
		}
	}
}

func TestStatusesAreKinds(t *testing.T) {
	for status, kind := range map[int]mesos.Kind{
		400: mesos.Invalid, 401: mesos.Unauthenticated, 403: mesos.Forbidden, 404: mesos.NotFound, 405: mesos.Invalid,
		406: mesos.Unsupported, 409: mesos.Conflict, 410: mesos.Gone, 413: mesos.TooLarge, 415: mesos.Unsupported,
		500: mesos.Internal, 503: mesos.Unavailable, 504: mesos.TimedOut,
	} {
		master := serve(t, aMaster(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "because", status) }))
		_, err := dial(t, Config{Masters: []string{master}}).Health(t.Context())
		if mesos.KindOf(err) != kind || !strings.HasSuffix(err.Error(), ": because") {
			t.Errorf("%d: kind %d, %v", status, mesos.KindOf(err), err)
		}
	}
}

func TestDeadlineIsTimedOut(t *testing.T) {
	master := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := dial(t, Config{Masters: []string{master}}).Health(ctx); mesos.KindOf(err) != mesos.TimedOut {
		t.Fatalf("error is %v", err)
	}
}

func TestPrincipalAndTokenAreSent(t *testing.T) {
	var got atomic.Value
	master := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
		healthy(t)(w, r)
	})
	for want, config := range map[string]Config{
		"":                   {},
		"Basic bWU6c2VjcmV0": {Principal: "me", Secret: "secret"},
		"Bearer abc":         {Principal: "me", Token: "abc"},
	} {
		config.Masters = []string{master}
		if _, err := dial(t, config).Health(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.Load() != want {
			t.Errorf("Authorization is %q, want %q", got.Load(), want)
		}
	}
}

// scheduler is a master that knows one subscription.
func scheduler(t *testing.T, calls chan<- *schedulerpb.Call, events <-chan *schedulerpb.Event) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		media, _ := wire.ParseMediaType(r.Header.Get("Content-Type"))
		body, _ := io.ReadAll(r.Body)
		call := &schedulerpb.Call{}
		if err := media.Unmarshal(body, call); err != nil {
			t.Error(err)
		}
		calls <- call
		if call.GetType() != schedulerpb.Call_SUBSCRIBE {
			if r.Header.Get("Mesos-Stream-Id") != "stream" {
				http.Error(w, "not subscribed", http.StatusForbidden)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Mesos-Stream-Id", "stream")
		w.Header().Set("Content-Type", media.String())
		w.WriteHeader(http.StatusOK)
		for event := range events {
			record, err := media.Append(nil, event)
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(wire.AppendRecord(nil, record))
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func subscribe() *schedulerpb.Call {
	return &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
			User: proto.String("u"), Name: proto.String("n"),
		}},
	}
}

func subscribedEvent(heartbeatSeconds float64) *schedulerpb.Event {
	return &schedulerpb.Event{Type: schedulerpb.Event_SUBSCRIBED.Enum(), Subscribed: &schedulerpb.Event_Subscribed{
		FrameworkId:              &mesospb.FrameworkID{Value: proto.String("F")},
		HeartbeatIntervalSeconds: &heartbeatSeconds,
	}}
}

func TestSchedulerSubscribesAndCalls(t *testing.T) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			calls := make(chan *schedulerpb.Call, 4)
			events := make(chan *schedulerpb.Event, 4)
			c := dial(t, Config{Masters: []string{serve(t, scheduler(t, calls, events))}, MediaType: media})
			events <- subscribedEvent(15)
			events <- &schedulerpb.Event{Type: schedulerpb.Event_HEARTBEAT.Enum()}
			s, err := c.Subscribe(t.Context(), subscribe())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, want := range []schedulerpb.Event_Type{schedulerpb.Event_SUBSCRIBED, schedulerpb.Event_HEARTBEAT} {
				event, err := s.Next()
				if err != nil || event.GetType() != want {
					t.Fatalf("event is %v, %v; want %s", event, err, want)
				}
			}
			revive := &schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum(), FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")}}
			if err := s.Call(t.Context(), revive); err != nil {
				t.Fatal(err)
			}
			<-calls
			if got := <-calls; got.GetType() != schedulerpb.Call_REVIVE || got.GetFrameworkId().GetValue() != "F" {
				t.Fatalf("the master got %v", got)
			}
			close(events)
			if _, err := s.Next(); mesos.KindOf(err) != mesos.Unavailable {
				t.Fatalf("after the end: %v", err)
			}
		})
	}
}

func TestASubscriptionIsNotSubscribedAgain(t *testing.T) {
	// covers: SchedulerTest.SubscribeDrop
	calls, events := make(chan *schedulerpb.Call, 4), make(chan *schedulerpb.Event, 1)
	c := dial(t, Config{Masters: []string{serve(t, scheduler(t, calls, events))}})
	events <- subscribedEvent(15)
	s, err := c.Subscribe(t.Context(), subscribe())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer close(events)
	if err := s.Call(t.Context(), subscribe()); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("error is %v", err)
	}
	if len(calls) != 1 {
		t.Errorf("the master got %d calls, want one", len(calls))
	}
}

func TestSilentMasterIsGivenUp(t *testing.T) {
	calls := make(chan *schedulerpb.Call, 1)
	events := make(chan *schedulerpb.Event, 1)
	defer close(events)
	c := dial(t, Config{Masters: []string{serve(t, scheduler(t, calls, events))}})
	events <- subscribedEvent(0.005)
	s, err := c.Subscribe(t.Context(), subscribe())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); !errors.Is(err, errIdle) || mesos.KindOf(err) != mesos.Unavailable {
		t.Fatalf("error is %v", err)
	}
}

func TestSubscriptionWithoutStreamIDIsRefused(t *testing.T) {
	c := dial(t, Config{Masters: []string{serve(t, func(http.ResponseWriter, *http.Request) {})}})
	if _, err := c.Subscribe(t.Context(), subscribe()); err == nil || !strings.Contains(err.Error(), "Mesos-Stream-Id") {
		t.Fatalf("error is %v", err)
	}
}

func TestParseMasters(t *testing.T) {
	for in, want := range map[string]string{
		"host":                "[host:5050]",
		"host:1":              "[host:1]",
		"a:1, b ,http://c:3/": "[a:1 b:5050 c:3]",
		"[::1]:5":             "[[::1]:5]",
		"::1":                 "[[::1]:5050]",
		"":                    "",
		"a:0":                 "",
		"a:x":                 "",
		"a,,b":                "",
		"zk://a:2181/mesos":   "",
		"https://a":           "",
		"a/b":                 "",
	} {
		got, err := ParseMasters(in)
		if want == "" {
			if err == nil {
				t.Errorf("%q: %v, want an error", in, got)
			}
			continue
		}
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v; want %s", in, got, err, want)
		}
	}
}

func TestExecutorEnvironment(t *testing.T) {
	e, err := ParseExecutorEnvironment([]string{
		"MESOS_SLAVE_ENDPOINT=old:1", "MESOS_FRAMEWORK_ID=F", "MESOS_EXECUTOR_ID=E", "OTHER=x",
		"MESOS_EXECUTOR_AUTHENTICATION_TOKEN=t",
	})
	if err != nil || e != (ExecutorEnvironment{"old:1", "F", "E", "t"}) {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := ParseExecutorEnvironment([]string{"MESOS_FRAMEWORK_ID=F"}); mesos.KindOf(err) != mesos.Invalid {
		t.Fatalf("error is %v", err)
	}
}

func TestMasterThatIsCutOffIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := []string{}
		c, err := New(Config{Masters: []string{"a:5050", "b:5050"}, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if hosts = append(hosts, r.URL.Host); r.URL.Host == "b:5050" {
				return &http.Response{
					StatusCode: http.StatusOK, Header: http.Header{streamIDHeader: {"s"}}, Body: http.NoBody, Request: r,
				}, nil
			}
			<-r.Context().Done() // what was sent to it is lost, and nothing comes back
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		subscribe := &schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum()}
		if _, err := c.Subscribe(t.Context(), subscribe); mesos.KindOf(err) != mesos.Unavailable || !errors.Is(err, errSilent) {
			t.Errorf("from a master that does not answer: %v", err)
		}
		stream, err := c.Subscribe(t.Context(), subscribe)
		if err != nil {
			t.Fatalf("%v, having asked %v", err, hosts)
		}
		time.Sleep(2 * answerWithin) // virtual
		if stream.events.ctx.Err() != nil {
			t.Error("a stream that was opened in time is given up")
		}
		stream.Close()
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
