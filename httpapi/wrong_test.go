package httpapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

const (
	jsonType     = "application/json"
	protobufType = "application/x-protobuf"
)

// wrong is a request that must be refused.
type wrong struct {
	name    string
	method  string // POST if empty
	path    string
	headers []string
	body    io.Reader
	// announced is the body's Content-Length, where the test sets it.
	announced int64
	status    int
	says      string
}

func (test wrong) run(t *testing.T, url string) {
	t.Helper()
	method := test.method
	if method == "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, url+test.path, test.body)
	if err != nil {
		t.Fatal(err)
	}
	if test.announced > 0 {
		request.ContentLength = test.announced
	}
	for i := 0; i < len(test.headers); i += 2 {
		request.Header.Set(test.headers[i], test.headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Errorf("%s: %v", test.name, err)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != test.status || !strings.Contains(string(body), test.says) {
		t.Errorf("%s: %s: %s", test.name, answer.Status, body)
	}
	if strings.IndexFunc(string(body), unicode.IsSpace) < 0 {
		t.Errorf("%s: %q is no sentence", test.name, body)
	}
	if method == http.MethodGet && test.status == http.StatusMethodNotAllowed && answer.Header.Get("Allow") != "POST" {
		t.Errorf("%s: Allow is %q", test.name, answer.Header.Get("Allow"))
	}
}

// zeros is a body of n bytes that is never in memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// malformed are requests that every API refuses before it looks at the call.
func malformed(path string, valid []byte) []wrong {
	text := func(s string) io.Reader { return strings.NewReader(s) }
	return []wrong{
		{name: "no content type", path: path, body: bytes.NewReader(valid), status: 400, says: "Content-Type"},
		{name: "other content type", path: path, headers: []string{"Content-Type", "text/plain"}, body: bytes.NewReader(valid), status: 415, says: "text/plain"},
		{name: "malformed json", path: path, headers: []string{"Content-Type", jsonType}, body: text(`{"type": `), status: 400, says: "json"},
		{name: "not json at all", path: path, headers: []string{"Content-Type", jsonType}, body: text("MALFORMED"), status: 400, says: "json"},
		{name: "empty json", path: path, headers: []string{"Content-Type", jsonType}, body: text(""), status: 400, says: "json"},
		{name: "deep json", path: path, headers: []string{"Content-Type", jsonType}, body: text(strings.Repeat(`{"subscribe":`, 100000)), status: 400, says: "json"},
		{name: "garbage protobuf", path: path, headers: []string{"Content-Type", protobufType}, body: text("\xff\xff\xff garbage"), status: 400, says: "protobuf"},
		{name: "100 MB announced", path: path, headers: []string{"Content-Type", jsonType}, body: zeros(100 << 20), announced: 100 << 20, status: 413, says: "limit"},
		{name: "no gzip", path: path, headers: []string{"Content-Type", jsonType, "Content-Encoding", "gzip"}, body: text("{}"), status: 400, says: "gzip"},
		{name: "get", method: http.MethodGet, path: path, status: 405, says: "GET"},
	}
}

func TestWrongSchedulerCallsAreRefused(t *testing.T) {
	// covers: SchedulerHttpApiTest.NoContentType
	// covers: SchedulerHttpApiTest.UnsupportedContentMediaType
	// covers: SchedulerHttpApiTest.MalformedContent
	// covers: SchedulerHttpApiTest.GetRequest
	// covers: SchedulerHttpApiTest.NotAcceptable
	// covers: SchedulerHttpApiTest.SubscribeWithStreamId
	config, backend := leader()
	server := serve(t, NewMaster(config))
	const path = "/api/v1/scheduler"
	subscribe := encode(t, wire.JSON, subscribeCall("f"))
	decline := func(framework string) io.Reader {
		return bytes.NewReader(encode(t, wire.JSON, &schedulerpb.Call{
			FrameworkId: &mesospb.FrameworkID{Value: &framework}, Type: schedulerpb.Call_REVIVE.Enum(),
		}))
	}
	tests := append(malformed(path, subscribe), []wrong{
		{name: "required field", path: path, headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root"}}}`), status: 400, says: "subscribe.framework_info.name"},
		{name: "not acceptable", path: path, headers: []string{"Content-Type", jsonType, "Accept", "foo"}, body: bytes.NewReader(subscribe), status: 406, says: "foo"},
		{name: "subscribe with a stream id", path: path, headers: []string{"Content-Type", jsonType, "Mesos-Stream-Id", "x"}, body: bytes.NewReader(subscribe), status: 400, says: "Mesos-Stream-Id"},
		{name: "unknown framework", path: path, headers: []string{"Content-Type", jsonType}, body: decline("G"), status: 400, says: `no framework "G"`},
		{name: "stale stream", path: path, headers: []string{"Content-Type", jsonType, "Mesos-Stream-Id", "old"}, body: decline("F"), status: 400, says: `"old"`},
	}...)
	for _, test := range tests {
		test.run(t, server.URL)
	}
	if len(backend.streams) > 0 || len(backend.calls) > 0 {
		t.Error("a wrong call reached the backend")
	}
	// The master goes on.
	ok := post(t, server.URL+path, encode(t, wire.Protobuf, &schedulerpb.Call{
		FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")}, Type: schedulerpb.Call_REVIVE.Enum(),
	}), "Content-Type", protobufType, "Mesos-Stream-Id", "current")
	if ok.StatusCode != http.StatusAccepted {
		t.Errorf("a right call: %s: %s", ok.Status, text(t, ok))
	}
}

func TestWrongExecutorCallsAreRefused(t *testing.T) {
	// covers: ExecutorHttpApiTest.NoContentType
	// covers: ExecutorHttpApiTest.UnsupportedContentMediaType
	// covers: ExecutorHttpApiTest.MalformedContent
	// covers: ExecutorHttpApiTest.ValidJsonButInvalidProtobuf
	// covers: ExecutorHttpApiTest.GetRequest
	// covers: ExecutorHttpApiTest.NotAcceptable
	backend := &fakeExecutor{streams: make(chan *Stream, 1)}
	server := serve(t, NewAgent(Agent{
		Daemon: daemon(), Executor: backend, Recovered: func() bool { return true }, View: NewAgentView(),
	}))
	const path = "/api/v1/executor"
	call := func(kind executorpb.Call_Type) []byte {
		return encode(t, wire.JSON, &executorpb.Call{
			ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")},
			Type: kind.Enum(),
		})
	}
	subscribe := call(executorpb.Call_SUBSCRIBE)
	tests := append(malformed(path, subscribe), []wrong{
		{name: "valid json, no call", path: path, headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"string":"valid"}`), status: 400, says: "executor_id"},
		{name: "not acceptable", path: path, headers: []string{"Content-Type", jsonType, "Accept", "foo"}, body: bytes.NewReader(subscribe), status: 406, says: "foo"},
		{name: "not subscribed", path: path, headers: []string{"Content-Type", jsonType}, body: bytes.NewReader(call(executorpb.Call_UPDATE)), status: 403, says: "not subscribed"},
	}...)
	for _, test := range tests {
		test.run(t, server.URL)
	}
	if len(backend.streams) > 0 {
		t.Error("a wrong call reached the backend")
	}
	ok := post(t, server.URL+path, call(executorpb.Call_HEARTBEAT), "Content-Type", jsonType)
	if ok.StatusCode != http.StatusAccepted {
		t.Errorf("a right call: %s", ok.Status)
	}
}

func TestWrongOperatorCallsAreRefused(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	tests := append(malformed("/api/v1", []byte(`{"type":"GET_HEALTH"}`)), []wrong{
		{name: "no type", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{}`), status: 400, says: "no type"},
		{name: "unknown type", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"NO_SUCH_CALL"}`), status: 400, says: "does not know"},
		{name: "no level", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"SET_LOGGING_LEVEL"}`), status: 400, says: "set_logging_level"},
		{name: "no arguments", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"READ_FILE"}`), status: 400, says: "read_file"},
		{name: "no such file", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"READ_FILE","read_file":{"path":"/x","offset":0}}`), status: 404, says: `"/x"`},
		{name: "no such framework", path: "/api/v1", headers: []string{"Content-Type", jsonType}, body: strings.NewReader(`{"type":"TEARDOWN","teardown":{"framework_id":{"value":"G"}}}`), status: 404, says: `"G"`},
		{name: "not acceptable", path: "/api/v1", headers: []string{"Content-Type", jsonType, "Accept", "foo"}, body: strings.NewReader(`{"type":"GET_HEALTH"}`), status: 406, says: "foo"},
		{name: "no such path", path: "/no/such/path", method: http.MethodGet, status: 404, says: "/no/such/path"},
		{name: "post to a page", path: "/state", status: 405, says: "POST"},
		{name: "bad timeout", path: "/metrics/snapshot?timeout=soon", method: http.MethodGet, status: 400, says: "soon"},
		{name: "script as callback", path: "/flags?jsonp=alert(1)//", method: http.MethodGet, status: 400, says: "alert"},
	}...)
	for _, test := range tests {
		test.run(t, server.URL)
	}
}

func TestLargeBodiesAreNotTaken(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	// A bomb is made of many gzip members, as the format allows.
	const member = 1 << 20
	bomb := bytes.Repeat(gzipped(t, make([]byte, member)), wire.MaxCallSize/member+1)
	headers := []string{"Content-Type", jsonType}
	for _, test := range []wrong{
		{name: "not announced", path: "/api/v1", headers: headers, body: zeros(100 << 20), status: 413, says: "limit"},
		{name: "gzip bomb", path: "/api/v1", headers: append(headers, "Content-Encoding", "gzip"), body: bytes.NewReader(bomb), status: 413, says: "limit"},
	} {
		test.run(t, server.URL)
	}
}

func TestTheAnswerIsJSONUnlessAskedOtherwise(t *testing.T) {
	// covers: SchedulerHttpApiTest.NoAcceptHeader
	// covers: SchedulerHttpApiTest.DefaultAccept
	config, backend := leader()
	server := serve(t, NewMaster(config))
	for accept, want := range map[string]string{"": jsonType, "*/*": jsonType, protobufType: protobufType} {
		request, err := http.NewRequest(http.MethodPost, server.URL+"/api/v1/scheduler", bytes.NewReader(encode(t, wire.Protobuf, subscribeCall("f"))))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", protobufType)
		if accept != "" {
			request.Header.Set("Accept", accept)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: Content-Type %q", accept, got)
		}
		within(t, backend.streams).Close()
		answer.Body.Close()
	}
}

func TestExecutorsAndOperatorsAreAnsweredInJSONUnlessAskedOtherwise(t *testing.T) {
	// covers: ExecutorHttpApiTest.NoAcceptHeader
	// covers: ExecutorHttpApiTest.DefaultAccept
	// covers: AgentAPITest.DefaultAccept
	backend := &fakeExecutor{streams: make(chan *Stream, 1)}
	server := serve(t, NewAgent(Agent{
		Daemon: daemon(), Executor: backend, Recovered: func() bool { return true }, View: NewAgentView(),
	}))
	subscribe := encode(t, wire.JSON, &executorpb.Call{
		ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")},
		Type: executorpb.Call_SUBSCRIBE.Enum(), Subscribe: &executorpb.Call_Subscribe{},
	})
	for _, headers := range [][]string{{"Content-Type", jsonType}, {"Content-Type", jsonType, "Accept", "*/*"}} {
		for path, body := range map[string][]byte{"/api/v1/executor": subscribe, "/api/v1": []byte(`{"type":"GET_HEALTH"}`)} {
			answer := post(t, server.URL+path, body, headers...)
			if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || got != jsonType {
				t.Errorf("%s: %s, Content-Type %q", path, answer.Status, got)
			}
			if path == "/api/v1/executor" {
				within(t, backend.streams).Close()
			}
		}
	}
}

func TestACompressedCallIsTaken(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	answer := post(t, server.URL+"/api/v1", gzipped(t, []byte(`{"type":"GET_HEALTH"}`)),
		"Content-Type", jsonType, "Content-Encoding", "gzip")
	if got := text(t, answer); got != `{"type":"GET_HEALTH","get_health":{"healthy":true}}` {
		t.Errorf("%s: %s", answer.Status, got)
	}
}

// Many clients write a request as a whole before they read anything.
func TestAClientThatOnlyWritesStillGetsTheAnswer(t *testing.T) {
	config, _ := leader()
	server := serve(t, NewMaster(config))
	for name, head := range map[string]string{
		"announced":   fmt.Sprintf("Content-Length: %d\r\n\r\n", 64<<20),
		"unannounced": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", 64<<20),
	} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /api/v1 HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n%s", head)
		if _, err := io.Copy(conn, zeros(64<<20)); err != nil {
			t.Errorf("%s: write: %v", name, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: read: %v", name, err)
			continue
		}
		said, err := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(said), "limit") || err != nil {
			t.Errorf("%s: %s: %s, %v", name, answer.Status, said, err)
		}
	}
}

// deadlines remembers the read deadlines of the connection it stands for.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestABodyMustComeInTime(t *testing.T) {
	config, _ := leader()
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(`{"type":"GET_HEALTH"}`))
	r.Header.Set("Content-Type", jsonType)
	NewMaster(config).ServeHTTP(w, r)
	if w.Code != http.StatusOK || len(w.set) != 2 {
		t.Fatalf("%d: %s; deadlines %v", w.Code, w.Body, w.set)
	}
	if left := time.Until(w.set[0]); left <= 0 || left > bodyTimeout || !w.set[1].IsZero() {
		t.Errorf("deadlines %v", w.set)
	}
}
