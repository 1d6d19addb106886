package link

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
)

// masterAt serves links; each accepted one is handed over.
func masterAt(t *testing.T) (address string, accepted <-chan *Conn) {
	t.Helper()
	links := make(chan *Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != Path {
			http.NotFound(w, r)
			return
		}
		if conn, err := Accept(w, r); err == nil {
			links <- conn
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), links
}

func dial(t *testing.T, address string) *Conn {
	t.Helper()
	conn, _, err := Dial(context.Background(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func update(uuid string) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_Refused{Refused: &linkpb.Refused{Message: proto.String(uuid)}}}
}

func TestMessagesArriveInOrderBothWays(t *testing.T) {
	address, accepted := masterAt(t)
	agent := dial(t, address)
	master := <-accepted

	const n = 5000
	large := strings.Repeat("x", 1<<20)
	go func() {
		for range n {
			master.Send(&linkpb.ToAgent{Message: &linkpb.ToAgent_Ping{Ping: &linkpb.Ping{Connected: proto.Bool(true)}}})
		}
		master.Send(update(large))
		master.Close()
		var m linkpb.ToMaster
		for master.Receive(&m) == nil { // as whoever has a link does until it breaks
		}
	}()
	for range n {
		var m linkpb.ToAgent
		if err := agent.Receive(&m); err != nil {
			t.Fatal(err)
		}
		if !m.GetPing().GetConnected() {
			t.Fatalf("received %v", &m)
		}
		agent.Send(&linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
	}
	var last linkpb.ToAgent
	if err := agent.Receive(&last); err != nil || last.GetRefused().GetMessage() != large {
		t.Fatalf("the last message before Close was lost: %v", err)
	}
	if err := agent.Receive(&last); !errors.Is(err, io.EOF) || mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("after the peer's Close: %v", err)
	}
}

func TestAStandbySendsTheAgentToTheLeader(t *testing.T) {
	leader, accepted := masterAt(t)
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+leader+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer standby.Close()
	conn, at, err := Dial(context.Background(), strings.TrimPrefix(standby.URL, "http://"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-accepted
	if at != leader {
		t.Errorf("connected to %s, the leader is %s", at, leader)
	}
}

func TestDialSaysWhy(t *testing.T) {
	electing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no master leads", http.StatusServiceUnavailable)
	}))
	defer electing.Close()
	var circle *httptest.Server
	circle = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "//"+circle.Listener.Addr().String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	defer circle.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		if conn, err := garbage.Accept(); err == nil {
			io.WriteString(conn, "SSH-2.0-x\r\n\r\n")
			conn.Close()
		}
	}()
	for name, test := range map[string]struct{ address, want string }{
		"electing":    {electing.Listener.Addr().String(), "no master leads"},
		"a circle":    {circle.Listener.Addr().String(), "redirects"},
		"no master":   {garbage.Addr().String(), "malformed"},
		"closed port": {"127.0.0.1:1", "refused"},
	} {
		_, _, err := Dial(context.Background(), test.address, nil)
		if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := Dial(ctx, silent.Addr().String(), nil); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("dial of a master that says nothing: %v", err)
	}
}

func TestOnlyAgentsAreUpgraded(t *testing.T) {
	address, _ := masterAt(t)
	answer, err := http.Get("http://" + address + Path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUpgradeRequired || answer.Header.Get("Upgrade") != Protocol {
		t.Errorf("%s, Upgrade: %q", answer.Status, answer.Header.Get("Upgrade"))
	}
}

func TestGarbageEndsTheLinkOnly(t *testing.T) {
	address, accepted := masterAt(t)
	agent := dial(t, address)
	master := <-accepted
	if _, err := agent.conn.Write([]byte("\xff\xff\xff\xff garbage")); err != nil {
		t.Fatal(err)
	}
	var m linkpb.ToMaster
	if err := master.Receive(&m); err == nil {
		t.Errorf("received %v", &m)
	}
	master.Send(update("after the end")) // goes nowhere, harms nobody
	dial(t, address)
}

func TestAPeerThatNeverReadsIsGivenUp(t *testing.T) {
	address, accepted := masterAt(t)
	dial(t, address)
	master := <-accepted
	large := update(strings.Repeat("x", 1<<20))
	for range maxQueued + 1000 {
		master.Send(large)
	}
	var m linkpb.ToMaster
	if err := master.Receive(&m); !errors.Is(err, ErrSlow) {
		t.Errorf("the link ended with %v", err)
	}
}
