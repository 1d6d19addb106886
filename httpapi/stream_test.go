package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func events(t *testing.T, answer *http.Response) func() *schedulerpb.Event {
	t.Helper()
	media, ok := wire.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || !ok {
		t.Fatalf("%s, Content-Type %q: %s", answer.Status, answer.Header.Get("Content-Type"), text(t, answer))
	}
	records := wire.NewRecordReader(answer.Body, wire.MaxMessageSize)
	return func() *schedulerpb.Event {
		record, err := records.Next()
		if err != nil {
			t.Fatal(err)
		}
		event := new(schedulerpb.Event)
		if err := media.Unmarshal(record, event); err != nil {
			t.Fatal(err)
		}
		return event
	}
}

func numbered(n int) *schedulerpb.Event {
	return &schedulerpb.Event{
		Type: schedulerpb.Event_MESSAGE.Enum(),
		Message: &schedulerpb.Event_Message{
			AgentId:    &mesospb.AgentID{Value: proto.String("A")},
			ExecutorId: &mesospb.ExecutorID{Value: proto.String(fmt.Sprint(n))},
			Data:       []byte("x"),
		},
	}
}

func TestASubscriberGetsItsEventsInOrder(t *testing.T) {
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		t.Run(media.String(), func(t *testing.T) {
			// covers: SchedulerHttpApiTest.Subscribe
			config, backend := leader()
			server := serve(t, NewMaster(config))
			answer := post(t, server.URL+"/api/v1/scheduler", encode(t, media, subscribeCall("f")),
				"Content-Type", media.String(), "Accept", media.String())
			next := events(t, answer)
			if got := answer.Header.Get("Content-Type"); got != media.String() {
				t.Errorf("Content-Type %q", got)
			}
			stream := within(t, backend.streams)
			if id := answer.Header.Get("Mesos-Stream-Id"); id == "" || id != stream.ID() {
				t.Errorf("Mesos-Stream-Id %q, the stream is %q", id, stream.ID())
			}
			if event := next(); event.GetSubscribed().GetFrameworkId().GetValue() != "F" {
				t.Fatalf("the first event is %v", event)
			}
			const n = 20000
			for i := range n {
				stream.Send(numbered(i))
			}
			stream.Close()
			for i := range n {
				if event := next(); event.GetMessage().GetExecutorId().GetValue() != fmt.Sprint(i) {
					t.Fatalf("event %d is %v", i, event)
				}
			}
			if rest := text(t, answer); rest != "" {
				t.Errorf("after the stream's end: %q", rest)
			}
			select {
			case id := <-backend.closed:
				t.Errorf("told that the stream %s closed, which the backend did itself", id)
			default:
			}
		})
	}
}

func TestTheBackendIsToldWhenASubscriberLeaves(t *testing.T) {
	config, backend := leader()
	server := serve(t, NewMaster(config))
	answer := post(t, server.URL+"/api/v1/scheduler", encode(t, wire.JSON, subscribeCall("f")),
		"Content-Type", "application/json")
	stream := within(t, backend.streams)
	answer.Body.Close()
	if id := within(t, backend.closed); id != stream.ID() {
		t.Errorf("told of %s instead of %s", id, stream.ID())
	}
	stream.Send(numbered(0)) // goes nowhere
	stream.Close()
}

func TestASubscriberThatNeverReadsIsDropped(t *testing.T) {
	config, backend := leader()
	server := serve(t, NewMaster(config))
	post(t, server.URL+"/api/v1/scheduler", encode(t, wire.JSON, subscribeCall("f")),
		"Content-Type", "application/json")
	stream := within(t, backend.streams)
	event := numbered(0)
	event.Message.Data = make([]byte, 100<<10)
	for range maxQueuedEvents + 100 {
		stream.Send(event)
	}
	if id := within(t, backend.closed); id != stream.ID() {
		t.Errorf("told of %s instead of %s", id, stream.ID())
	}
}

func TestStreamsLeaveNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	config, backend := leader()
	server := httptest.NewServer(NewMaster(config))
	transport := new(http.Transport)
	for i := range 20 {
		request, err := http.NewRequest(http.MethodPost, server.URL+"/api/v1/scheduler", bytes.NewReader(encode(t, wire.JSON, subscribeCall("f"))))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		stream := within(t, backend.streams)
		stream.Send(numbered(i))
		if i%2 == 0 { // one side or the other ends it
			stream.Close()
			io.Copy(io.Discard, answer.Body)
		}
		answer.Body.Close()
	}
	for range 10 {
		within(t, backend.closed)
	}
	transport.CloseIdleConnections()
	server.Close()
	goleak.VerifyNone(t, before)
}

func TestARefusedSubscriberGetsTheReason(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	answer := post(t, server.URL+"/api/v1/scheduler", encode(t, wire.JSON, subscribeCall("refused")),
		"Content-Type", "application/json")
	if answer.StatusCode != http.StatusForbidden || text(t, answer) != "this framework may not subscribe" {
		t.Errorf("%s", answer.Status)
	}
	if answer.Header.Get("Mesos-Stream-Id") != "" {
		t.Error("a refusal has a stream id")
	}
}

func TestEachEventIsAChunkOfItsOwn(t *testing.T) {
	config, backend := leader()
	server := serve(t, NewMaster(config))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := encode(t, wire.JSON, subscribeCall("f"))
	fmt.Fprintf(conn, "POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	stream := within(t, backend.streams)
	for i := range 100 {
		stream.Send(numbered(i)) // several are written at once
	}
	stream.Close()
	raw, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	_, chunks, _ := strings.Cut(string(raw), "\r\n\r\n")
	for i := range 101 { // the first one is SUBSCRIBED
		var size int
		if _, err := fmt.Sscanf(chunks, "%x\r\n", &size); err != nil {
			t.Fatalf("chunk %d: %q: %v", i, chunks, err)
		}
		_, chunks, _ = strings.Cut(chunks, "\r\n")
		chunk := chunks[:size]
		chunks = chunks[size+len("\r\n"):]
		records := wire.NewRecordReader(strings.NewReader(chunk), 1<<20)
		if _, err := records.Next(); err != nil {
			t.Fatalf("chunk %d is no record: %q: %v", i, chunk, err)
		}
		if _, err := records.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("chunk %d is more than one record: %q", i, chunk)
		}
	}
	if chunks != "0\r\n\r\n" {
		t.Errorf("after the last record: %q", chunks)
	}
}

func TestAnOldClientGetsItsStreamWithoutChunks(t *testing.T) {
	config, backend := leader()
	server := serve(t, NewMaster(config))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := encode(t, wire.JSON, subscribeCall("f"))
	fmt.Fprintf(conn, "POST /api/v1/scheduler HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	within(t, backend.streams).Close()
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	head, records, _ := strings.Cut(string(answer), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.0 200") || strings.Contains(head, "chunked") {
		t.Errorf("the header is %q", head)
	}
	if _, err := wire.NewRecordReader(strings.NewReader(records), 1<<20).Next(); err != nil {
		t.Errorf("%q: %v", records, err)
	}
}

func TestStreamsWorkOverHTTP2(t *testing.T) {
	config, backend := leader()
	server := httptest.NewUnstartedServer(NewMaster(config))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/v1/scheduler",
		strings.NewReader(string(encode(t, wire.JSON, subscribeCall("f")))))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.ProtoMajor != 2 {
		t.Fatalf("the answer is %s", answer.Proto)
	}
	next := events(t, answer)
	stream := within(t, backend.streams)
	next()
	for i := range 100 {
		stream.Send(numbered(i))
		if event := next(); event.GetMessage().GetExecutorId().GetValue() != fmt.Sprint(i) {
			t.Fatalf("event %d is %v", i, event)
		}
	}
	cancel()
	if id := within(t, backend.closed); id != stream.ID() {
		t.Errorf("told of %s instead of %s", id, stream.ID())
	}
}

func TestAnExecutorSubscribes(t *testing.T) {
	backend := &fakeExecutor{streams: make(chan *Stream, 1)}
	server := serve(t, NewAgent(Agent{
		Daemon: daemon(), Executor: backend, Recovered: func() bool { return true }, View: NewAgentView(),
	}))
	call := &executorpb.Call{
		ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")},
		Type: executorpb.Call_SUBSCRIBE.Enum(), Subscribe: &executorpb.Call_Subscribe{},
	}
	answer := post(t, server.URL+"/slave(1)/api/v1/executor", encode(t, wire.Protobuf, call),
		"Content-Type", "application/x-protobuf", "Accept", "application/x-protobuf")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Mesos-Stream-Id") != "" {
		t.Fatalf("%s %v", answer.Status, answer.Header)
	}
	within(t, backend.streams).Send(&executorpb.Event{Type: executorpb.Event_SHUTDOWN.Enum()})
	record, err := wire.NewRecordReader(bufio.NewReader(answer.Body), 1<<20).Next()
	if err != nil {
		t.Fatal(err)
	}
	event := new(executorpb.Event)
	if err := wire.Unmarshal(record, event); err != nil || event.GetType() != executorpb.Event_SHUTDOWN {
		t.Errorf("%v, %v", event, err)
	}
}

// One subscriber stops reading while another one goes on.
func TestASlowSubscriberHoldsNobodyUpAndIsToldWhy(t *testing.T) {
	// covers: OneWayPartitionTest.MasterToScheduler
	config, backend := leader()
	server := serve(t, NewMaster(config))
	subscribe := func() (*Stream, func() *schedulerpb.Event) {
		answer := post(t, server.URL+"/api/v1/scheduler", encode(t, wire.Protobuf, subscribeCall("f")),
			"Content-Type", wire.Protobuf.String(), "Accept", wire.Protobuf.String())
		return within(t, backend.streams), events(t, answer)
	}
	stuck, nextOfStuck := subscribe()
	lively, next := subscribe()
	next() // SUBSCRIBED

	event := func(n int) *schedulerpb.Event {
		e := numbered(n)
		e.Message.Data = make([]byte, 1<<20)
		return e
	}
	const enough = 2*maxQueuedBytes>>20 + 32 // MiB: a batch, a queue, and what sockets hold
	sent := 0
	for told := false; !told; sent++ {
		if sent > enough {
			t.Fatalf("%d MiB wait for a subscriber that reads nothing", sent)
		}
		stuck.Send(event(sent))
		lively.Send(event(sent))
		if got := next(); got.GetMessage().GetExecutorId().GetValue() != fmt.Sprint(sent) {
			t.Fatalf("the one that reads got %v instead of event %d", got.GetType(), sent)
		}
		select {
		case id := <-backend.closed:
			if id != stuck.ID() {
				t.Fatalf("told of %s instead of %s", id, stuck.ID())
			}
			told = true
		default:
		}
	}
	lively.Send(event(sent))
	next()

	// When it reads again there are some more events, in order, and then the reason.
	nextOfStuck() // SUBSCRIBED
	for n := 0; ; n++ {
		e := nextOfStuck()
		if e.GetType() == schedulerpb.Event_ERROR {
			if !strings.Contains(e.GetError().GetMessage(), "reads too slowly") {
				t.Errorf("told %q", e.GetError().GetMessage())
			}
			break
		}
		if e.GetMessage().GetExecutorId().GetValue() != fmt.Sprint(n) {
			t.Fatalf("event %d is %v", n, e.GetMessage().GetExecutorId())
		}
	}
}

func TestAStuckSubscriberIsGivenUp(t *testing.T) {
	t.Parallel() // it waits
	config, backend := leader()
	server := serve(t, NewMaster(config))
	post(t, server.URL+"/api/v1/scheduler", encode(t, wire.JSON, subscribeCall("f")), "Content-Type", "application/json")
	stream := within(t, backend.streams)
	until := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
			stream.mu.Lock()
			done := is()
			stream.mu.Unlock()
			if done {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("not yet: " + what)
			}
		}
	}
	until("the answer is open", func() bool { return stream.sink != nil })
	large := numbered(0)
	large.Message.Data = make([]byte, 20<<20)
	stream.Send(large)
	until("it is being written", func() bool { return stream.writing && len(stream.queue) == 0 })
	for range 10 {
		stream.Send(large)
	}
	within(t, backend.closed)
	until("its events are forgotten", func() bool { return stream.ended && stream.queue == nil && !stream.writing })
}
