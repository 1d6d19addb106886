package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// doneContainers notes what is asked of it, and fails with err.
type doneContainers struct {
	fakeContainers
	mu      sync.Mutex // of asked: a handler may go on when its answer has been read
	asked   []string
	list    []ListedContainer
	output  *cannedOutput
	input   *cannedInput
	err     error
	pending []PendingOperation
}

func (f *doneContainers) note(what string, id mesos.ContainerID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what+" "+string(id))
	return f.err
}

// heard is what was asked so far.
func (f *doneContainers) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// forget begins anew, with other output.
func (f *doneContainers) forget(output *cannedOutput) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.output = nil, output
}

func (f *doneContainers) Launch(_ context.Context, l ContainerLaunch) error {
	return f.note("launch", l.ID)
}

func (f *doneContainers) LaunchSession(_ context.Context, l ContainerLaunch) (ContainerOutput, error) {
	return f.output, f.note("session", l.ID)
}

func (f *doneContainers) Wait(_ context.Context, id mesos.ContainerID) (*agentpb.Response_WaitContainer, error) {
	return &agentpb.Response_WaitContainer{ExitStatus: proto.Int32(9)}, f.note("wait", id)
}

func (f *doneContainers) Kill(id mesos.ContainerID, signal int) error {
	return f.note(fmt.Sprintf("signal %d", signal), id)
}

func (f *doneContainers) Destroy(_ context.Context, id mesos.ContainerID) error {
	return f.note("destroy", id)
}

func (f *doneContainers) Remove(id mesos.ContainerID) error { return f.note("remove", id) }

func (f *doneContainers) AttachOutput(_ context.Context, id mesos.ContainerID) (ContainerOutput, error) {
	return f.output, f.note("output", id)
}

func (f *doneContainers) AttachInput(_ context.Context, id mesos.ContainerID) (ContainerInput, error) {
	return f.input, f.note("input", id)
}

func (f *doneContainers) List() []ListedContainer { return f.list }

func (f *doneContainers) Status(id mesos.ContainerID) (*mesospb.ContainerStatus, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &mesospb.ContainerStatus{ExecutorPid: proto.Uint32(uint32(len(id)))}, nil
}

func (f *doneContainers) Pending() []PendingOperation { return f.pending }

// cannedOutput is output that is there already.
type cannedOutput struct {
	chunks []string // those of standard error begin with "!"
	broken error
	closed bool
}

func (o *cannedOutput) Next() (bool, []byte, error) {
	if len(o.chunks) == 0 {
		if o.broken != nil {
			return false, nil, o.broken
		}
		return false, nil, io.EOF
	}
	chunk, stderr := strings.CutPrefix(o.chunks[0], "!")
	o.chunks = o.chunks[1:]
	return stderr, []byte(chunk), nil
}

func (o *cannedOutput) Close() error { o.closed = true; return nil }

// cannedInput notes what is said to it.
type cannedInput struct {
	said  []string
	ended chan struct{}
	fails error
}

func (i *cannedInput) Write(data []byte) error {
	i.said = append(i.said, string(data))
	return i.fails
}

func (i *cannedInput) Resize(rows, columns uint16) error {
	i.said = append(i.said, fmt.Sprintf("%dx%d", rows, columns))
	return nil
}

func (i *cannedInput) End() error             { i.said = append(i.said, "end"); return nil }
func (i *cannedInput) Ended() <-chan struct{} { return i.ended }
func (i *cannedInput) Close() error           { i.said = append(i.said, "close"); return nil }

// contained is an agent with an executor in c1, and what it asks of its containers.
func contained() (*doneContainers, Agent) {
	config, _ := anAgent()
	containers := &doneContainers{}
	config.Containers = containers
	return containers, config
}

// askAgent makes a call and checks the status and a part of the answer.
func askAgent(t *testing.T, h http.Handler, body string, status int, says string) {
	t.Helper()
	got := askAs(h, "", http.MethodPost, "/api/v1", body)
	if got.Code != status || !strings.Contains(got.Body.String(), says) {
		t.Errorf("%s: %d, %s; want %d, %q", body, got.Code, got.Body, status, says)
	}
}

const child = `{"value":"child","parent":{"value":"c1"}}`

func TestCallsAboutContainers(t *testing.T) {
	containers, config := contained()
	h := NewAgent(config)
	for _, test := range []struct {
		body, says, asked string
	}{
		{`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":` + child + `}}`, "", "launch c1.child"},
		{`{"type":"LAUNCH_CONTAINER","launch_container":{"container_id":{"value":"own"}}}`, "", "launch own"},
		{`{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"container_id":` + child + `}}`, `"wait_nested_container":{"exit_status":9}`, "wait c1.child"},
		{`{"type":"WAIT_CONTAINER","wait_container":{"container_id":` + child + `}}`, `"wait_container":{"exit_status":9}`, "wait c1.child"},
		{`{"type":"KILL_NESTED_CONTAINER","kill_nested_container":{"container_id":` + child + `}}`, "", "signal 9 c1.child"},
		{`{"type":"KILL_CONTAINER","kill_container":{"container_id":` + child + `,"signal":15}}`, "", "signal 15 c1.child"},
		{`{"type":"REMOVE_NESTED_CONTAINER","remove_nested_container":{"container_id":` + child + `}}`, "", "remove c1.child"},
		{`{"type":"REMOVE_CONTAINER","remove_container":{"container_id":{"value":"own"}}}`, "", "remove own"},
	} {
		containers.forget(containers.output)
		askAgent(t, h, test.body, http.StatusOK, test.says)
		if !slices.Equal(containers.heard(), []string{test.asked}) {
			t.Errorf("%s: %v", test.body, containers.heard())
		}
	}
	launch := `{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":` + child + `}}`
	// covers: AgentContainerAPITest.NestedContainerIdempotentLaunch
	containers.err = mesos.Errorf(mesos.Conflict, "it is there")
	askAgent(t, h, launch, http.StatusAccepted, "")
	// covers: AgentContainerAPITest.NestedContainerFailLaunch
	// covers: AgentContainerAPITest.NestedContainerLaunchFalse
	for _, kind := range []mesos.Kind{mesos.Internal, mesos.Unsupported, mesos.Unavailable} {
		containers.err = mesos.Errorf(kind, "it can't be done")
		askAgent(t, h, launch, http.StatusBadRequest, "it can't be done")
	}
	// covers: AgentContainerAPITest.NestedContainerNotFound
	containers.err = mesos.Errorf(mesos.NotFound, "there is none")
	for _, call := range []string{"wait", "kill"} {
		askAgent(t, h, `{"type":"`+strings.ToUpper(call)+`_NESTED_CONTAINER","`+call+`_nested_container":{"container_id":`+child+`}}`, http.StatusNotFound, "there is none")
	}
}

// record reads the records of an answer.
func records(t *testing.T, body io.Reader, media wire.MediaType) (text string) {
	t.Helper()
	reader := wire.NewRecordReader(body, 1<<20)
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return text
		}
		if err != nil {
			return text + "broken"
		}
		message := new(agentpb.ProcessIO)
		if err := media.Unmarshal(record, message); err != nil {
			t.Fatal(err)
		}
		text += message.GetData().GetType().String() + " " + string(message.GetData().GetData()) + "\n"
	}
}

func TestSessionAnswersWithWhatItWrites(t *testing.T) {
	containers, config := contained()
	server := serve(t, NewAgent(config))
	const launch = `{"type":"LAUNCH_NESTED_CONTAINER_SESSION","launch_nested_container_session":{"container_id":` + child + `,"command":{"value":"true"}}}`
	ask := func(body string, headers ...string) *http.Response {
		t.Helper()
		containers.forget(&cannedOutput{chunks: []string{"out", "!err", "more"}})
		return post(t, server.URL+"/api/v1", []byte(body), append([]string{"Content-Type", jsonType}, headers...)...)
	}
	const all = "STDOUT out\nSTDERR err\nSTDOUT more\n"
	for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
		response := ask(launch, "Accept", media.String())
		if text := records(t, response.Body, media); text != all || response.Header.Get("Content-Type") != media.String() || response.Header.Get("Message-Content-Type") != "" {
			t.Errorf("%s: %q, %v", media, text, response.Header)
		}
		if !slices.Equal(containers.heard(), []string{"session c1.child", "destroy c1.child"}) || !containers.output.closed {
			t.Errorf("asked %v", containers.heard())
		}
		response = ask(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"c1"}}}`,
			"Accept", wire.RecordIO, "Message-Accept", media.String())
		if text := records(t, response.Body, media); text != all || response.Header.Get("Content-Type") != wire.RecordIO ||
			response.Header.Get("Message-Content-Type") != media.String() {
			t.Errorf("%s: %q, %v", media, text, response.Header)
		}
		if !slices.Equal(containers.heard(), []string{"output c1"}) {
			t.Errorf("asked %v", containers.heard())
		}
	}
	// covers: AgentAPITest.LaunchNestedContainerSessionAttachFailure
	// What breaks is not taken for the end, and nothing of the session is left.
	containers.forget(&cannedOutput{chunks: []string{"out"}, broken: errors.New("lost")})
	response := post(t, server.URL+"/api/v1", []byte(launch), "Content-Type", jsonType)
	if text := records(t, response.Body, wire.JSON); text != "STDOUT out\nbroken" {
		t.Errorf("%q", text)
	}
	for end := time.Now().Add(10 * time.Second); !slices.Contains(containers.heard(), "destroy c1.child"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the session is left: asked %v", containers.heard())
		}
	}
	// covers: AgentAPITest.AttachContainerOutputFailure
	containers.err = mesos.Errorf(mesos.Internal, "Unsupported")
	if response := ask(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"c1"}}}`); response.StatusCode != http.StatusInternalServerError {
		t.Errorf("attach that fails: %s", response.Status)
	}
	// Only what an executor has can be attached to.
	containers.err = nil
	if response := ask(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"nobody"}}}`); response.StatusCode != http.StatusNotFound {
		t.Errorf("attach to nobody's: %s", response.Status)
	}
	// covers: AgentAPITest.LaunchNestedContainerWithUnknownParent
	containers.err = mesos.Errorf(mesos.Invalid, "its parent does not exist")
	if response := ask(launch); response.StatusCode != http.StatusBadRequest {
		t.Errorf("session below nobody: %s", response.Status)
	}
}

// stream is the body of a streamed call.
func stream(records ...string) *bytes.Buffer {
	var body []byte
	for _, record := range records {
		body = wire.AppendRecord(body, []byte(`{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":`+record+`}`))
	}
	return bytes.NewBuffer(body)
}

func attachInput(h http.Handler, who string, records ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1", stream(records...))
	r.Header.Set("Content-Type", wire.RecordIO)
	r.Header.Set("Message-Content-Type", jsonType)
	if who != "" {
		r.SetBasicAuth(who, who+who)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const toC1 = `{"type":"CONTAINER_ID","container_id":{"value":"c1"}}`

func TestInputReachesAContainer(t *testing.T) {
	containers, config := contained()
	h := NewAgent(config)
	processIO := func(io string) string { return `{"type":"PROCESS_IO","process_io":` + io + `}` }
	containers.input = &cannedInput{}
	got := attachInput(h, "", toC1,
		processIO(`{"type":"DATA","data":{"type":"STDIN","data":"aGk="}}`),
		processIO(`{"type":"CONTROL","control":{"type":"HEARTBEAT","heartbeat":{"interval":{"nanoseconds":1}}}}`), // covers: IOSwitchboardServerTest.ReceiveHeartbeat
		processIO(`{"type":"CONTROL","control":{"type":"TTY_INFO","tty_info":{"window_size":{"rows":3,"columns":4}}}}`),
		processIO(`{"type":"DATA","data":{"type":"STDIN","data":""}}`))
	if got.Code != http.StatusOK || !slices.Equal(containers.input.said, []string{"hi", "3x4", "end", "close"}) {
		t.Errorf("%d %s, said %q", got.Code, got.Body, containers.input.said)
	}
	// covers: AgentAPITest.AttachContainerInputValidation
	for name, test := range map[string]struct {
		records []string
		says    string
	}{
		"nothing":           {nil, "ended before the first record"},
		"no container":      {[]string{`{"type":"CONTAINER_ID"}`}, "container_id: missing"},
		"not a container":   {[]string{`{"type":"CONTAINER_ID","container_id":{"value":"a b"}}`}, "container_id"},
		"no container yet":  {[]string{processIO(`{"type":"DATA"}`)}, "the first must be CONTAINER_ID"},
		"twice a container": {[]string{toC1, toC1}, "all but the first must be PROCESS_IO"},
		"no type":           {[]string{toC1, processIO(`{}`)}, "DATA or CONTROL"},
		"not input":         {[]string{toC1, processIO(`{"type":"DATA","data":{"type":"STDOUT","data":"aGk="}}`)}, "STDIN"},
		"no data":           {[]string{toC1, processIO(`{"type":"DATA","data":{"type":"STDIN"}}`)}, "data: missing"},
		"no size":           {[]string{toC1, processIO(`{"type":"CONTROL","control":{"type":"TTY_INFO","tty_info":{}}}`)}, "window_size: missing"},
		"no control":        {[]string{toC1, processIO(`{"type":"CONTROL","control":{}}`)}, "TTY_INFO or HEARTBEAT"},
	} {
		containers.input = &cannedInput{}
		if got := attachInput(h, "", test.records...); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), test.says) {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
	}
	// covers: AgentAPITest.AttachContainerInputFailure
	containers.err = mesos.Errorf(mesos.Internal, "Unsupported")
	if got := attachInput(h, "", toC1); got.Code != http.StatusInternalServerError || !strings.Contains(got.Body.String(), "Unsupported") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	containers.err = nil
	containers.input = &cannedInput{fails: mesos.Errorf(mesos.Internal, "it does not read")}
	if got := attachInput(h, "", toC1, processIO(`{"type":"DATA","data":{"type":"STDIN","data":"aGk="}}`)); got.Code != http.StatusInternalServerError {
		t.Errorf("a write that fails: %d %s", got.Code, got.Body)
	}
}

func TestHeadersOfAgentCalls(t *testing.T) {
	// covers: AgentAPITest.HeaderValidation
	_, config := contained()
	server := serve(t, NewAgent(config))
	input := stream(toC1).String()
	output := `{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"c1"}}}`
	for name, test := range map[string]struct {
		headers []string
		body    string
		status  int
	}{
		"stream without Message-Content-Type":      {[]string{"Content-Type", wire.RecordIO}, input, http.StatusBadRequest},
		"stream of unknown records":                {[]string{"Content-Type", wire.RecordIO, "Message-Content-Type", "unsupported/media-type"}, input, http.StatusUnsupportedMediaType},
		"stream answered by unknown records":       {[]string{"Content-Type", jsonType, "Accept", wire.RecordIO, "Message-Accept", "unsupported/media-type"}, output, http.StatusNotAcceptable},
		"Message-Content-Type of no stream":        {[]string{"Content-Type", jsonType, "Message-Content-Type", jsonType}, output, http.StatusUnsupportedMediaType},
		"Message-Accept of no stream":              {[]string{"Content-Type", jsonType, "Accept", jsonType, "Message-Accept", jsonType}, output, http.StatusNotAcceptable},
		"an answer that is no stream":              {[]string{"Content-Type", jsonType, "Accept", wire.RecordIO}, `{"type":"GET_CONTAINERS"}`, http.StatusNotAcceptable},
		"a call that is no stream":                 {[]string{"Content-Type", wire.RecordIO, "Message-Content-Type", jsonType}, string(wire.AppendRecord(nil, []byte(`{"type":"GET_HEALTH"}`))), http.StatusUnsupportedMediaType},
		"a call that is a stream, sent as another": {[]string{"Content-Type", jsonType}, `{"type":"ATTACH_CONTAINER_INPUT","attach_container_input":` + toC1 + `}`, http.StatusUnsupportedMediaType},
	} {
		if response := post(t, server.URL+"/api/v1", []byte(test.body), test.headers...); response.StatusCode != test.status {
			t.Errorf("%s: %s, want %d", name, response.Status, test.status)
		}
	}
}

func TestWhoMayDoWhatWithContainers(t *testing.T) {
	// covers: AgentAPITest.LaunchNestedContainerSessionUnauthorized
	// covers: AgentAPITest.AttachContainerInputAuthorization
	// covers: AuthorizationTest.LaunchNestedContainers
	// covers: AuthorizationTest.LaunchNestedContainerSessions
	containers, config := contained()
	config.Realms = asking(t, authn.AgentReadwrite)
	allow := func(list, user string) string {
		return `"` + list + `": [{"principals": {"values": ["ann"]}, "users": {"values": ["` + user + `"]}}]`
	}
	user := "root"
	config.ACLs = aclsOf(t, `{"permissive": false,`+strings.Join([]string{
		allow("launch_nested_containers_as_user", "nobody"), allow("launch_nested_containers_under_parent_with_user", user),
		allow("launch_nested_container_sessions_as_user", "nobody"), allow("launch_nested_container_sessions_under_parent_with_user", user),
		allow("kill_nested_containers", user), allow("wait_nested_containers", user), allow("remove_nested_containers", user),
		allow("attach_containers_input", user), allow("attach_containers_output", user),
	}, ",")+`, "launch_standalone_containers": [{"principals": {"values": ["ann"]}, "users": {"type": "ANY"}}]}`)
	h := NewAgent(config)
	containers.output = &cannedOutput{}
	as := func(user string) string {
		return `{"container_id":` + child + `,"command":{"value":"true","user":"` + user + `"}}`
	}
	about := `{"container_id":` + child + `}`
	for call, ann := range map[string]int{
		`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":` + as("nobody") + `}`:                 http.StatusOK,
		`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":` + as("root") + `}`:                   http.StatusForbidden,
		`{"type":"LAUNCH_NESTED_CONTAINER_SESSION","launch_nested_container_session":` + as("nobody") + `}`: http.StatusOK,
		`{"type":"LAUNCH_NESTED_CONTAINER_SESSION","launch_nested_container_session":` + as("root") + `}`:   http.StatusForbidden,
		`{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":` + about + `}`:                            http.StatusOK,
		`{"type":"KILL_NESTED_CONTAINER","kill_nested_container":` + about + `}`:                            http.StatusOK,
		`{"type":"REMOVE_NESTED_CONTAINER","remove_nested_container":` + about + `}`:                        http.StatusOK,
		`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":` + about + `}`:                        http.StatusOK,
		`{"type":"LAUNCH_CONTAINER","launch_container":{"container_id":{"value":"own"}}}`:                   http.StatusOK,
		`{"type":"KILL_CONTAINER","kill_container":{"container_id":{"value":"own"}}}`:                       http.StatusForbidden,
	} {
		for who, want := range map[string]int{"ann": ann, "bob": http.StatusForbidden} {
			if got := askAs(h, who, http.MethodPost, "/api/v1", call); got.Code != want {
				t.Errorf("%s as %s: %d %s, want %d", call, who, got.Code, got.Body, want)
			}
		}
	}
	containers.input = &cannedInput{}
	for who, want := range map[string]int{"ann": http.StatusOK, "bob": http.StatusForbidden} {
		if got := attachInput(h, who, toC1); got.Code != want {
			t.Errorf("input as %s: %d, want %d", who, got.Code, want)
		}
	}
}

// claims is a scheme by which a container proves which one it is.
type claims struct{}

func (claims) Name() string { return "Bearer" }

func (claims) Identify(proof string) (authn.Identity, bool) {
	return authn.Identity{Claims: map[string]string{"cid": proof}}, true
}

func TestAnExecutorReachesOnlyWhatIsNestedInIt(t *testing.T) {
	containers, config := contained()
	realm, err := authn.New(authn.AgentReadwrite, claims{})
	if err != nil {
		t.Fatal(err)
	}
	config.Realms = authn.Realms{authn.AgentReadwrite: realm}
	containers.output = &cannedOutput{}
	h := NewAgent(config)
	for body, want := range map[string]map[string]int{
		`{"type":"LAUNCH_NESTED_CONTAINER","launch_nested_container":{"container_id":` + child + `}}`: {"c1": 200, "c2": 403},
		`{"type":"WAIT_NESTED_CONTAINER","wait_nested_container":{"container_id":` + child + `}}`:     {"c1": 200, "c2": 403},
		`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":` + child + `}}`: {"c1": 200, "c2": 403},
		`{"type":"LAUNCH_CONTAINER","launch_container":{"container_id":{"value":"own"}}}`:             {"c1": 403, "own": 403},
	} {
		for who, status := range want {
			r := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(body))
			r.Header.Set("Content-Type", jsonType)
			r.Header.Set("Authorization", "Bearer "+who)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != status {
				t.Errorf("%s as %s: %d, want %d", body, who, w.Code, status)
			}
		}
	}
}

// slowOutput says nothing until it is told to.
type slowOutput struct {
	cannedOutput
	wait <-chan struct{}
}

func (o *slowOutput) Next() (bool, []byte, error) {
	<-o.wait
	return o.cannedOutput.Next()
}

type slowContainers struct {
	doneContainers
	slow *slowOutput
}

func (f *slowContainers) AttachOutput(context.Context, mesos.ContainerID) (ContainerOutput, error) {
	return f.slow, nil
}

func TestQuietContainersSendHeartbeats(t *testing.T) {
	// covers: IOSwitchboardServerTest.SendHeartbeat
	_, config := contained()
	wait := make(chan struct{})
	config.Containers = &slowContainers{slow: &slowOutput{wait: wait}}
	config.HeartbeatInterval = 1
	server := serve(t, NewAgent(config))
	response := post(t, server.URL+"/api/v1", []byte(`{"type":"ATTACH_CONTAINER_OUTPUT","attach_container_output":{"container_id":{"value":"c1"}}}`), "Content-Type", jsonType)
	reader := wire.NewRecordReader(response.Body, 1<<20)
	for range 3 {
		record, err := reader.Next()
		if err != nil || !strings.Contains(string(record), `"heartbeat":{"interval":{"nanoseconds":1}}`) {
			t.Fatalf("%s, %v", record, err)
		}
	}
	close(wait)
	for {
		if _, err := reader.Next(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			return
		}
	}
}

func TestContainersAreListed(t *testing.T) {
	// covers: SlaveTest.ContainersEndpoint
	// covers: AgentAPITest.GetContainers
	containers, config := contained()
	containers.list = []ListedContainer{{ID: "c1"}, {ID: "c1.child"}, {ID: "own", Standalone: true}, {ID: "own.child", Standalone: true}, {ID: "lost.child"}}
	h := NewAgent(config)
	ask := func(body string) *agentpb.Response { return call(t, h, body, new(agentpb.Response)) }
	listed := func(call string) (ids []string) {
		for _, c := range ask(`{"type":"GET_CONTAINERS","get_containers":{` + call + `}}`).GetGetContainers().GetContainers() {
			id := c.GetContainerId().GetValue()
			if parent := c.GetContainerId().GetParent(); parent != nil {
				id = parent.GetValue() + "." + id
			}
			if c.GetResourceStatistics() == nil || c.GetContainerStatus() == nil {
				t.Errorf("%s: %v", id, c)
			}
			ids = append(ids, id)
		}
		return ids
	}
	for call, want := range map[string][]string{
		"":                       {"c1"},
		`"show_nested":true`:     {"c1", "c1.child", "own.child"},
		`"show_standalone":true`: {"c1", "own"},
		`"show_nested":true,"show_standalone":true`:  {"c1", "c1.child", "own", "own.child"},
		`"show_nested":false,"show_standalone":true`: {"c1", "own"},
	} {
		if got := listed(call); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", call, got, want)
		}
	}
	for query, want := range map[string]int{
		"": 1, "?container_id=c1": 1, "?container_id=c9": 0, "?framework_id=F": 1, "?framework_id=G": 0, "?framework_id=F&executor_id=E": 1,
		"?framework_id=F&executor_id=X": 0,
	} {
		if list := fetch[[]object](t, h, "/containers"+query); len(list) != want {
			t.Errorf("/containers%s: %d, want %d", query, len(list), want)
		}
	}
	for _, query := range []string{"?executor_id=E", "?executor_id=E&container_id=c1", "?framework_id=F&container_id=c1", "?framework_id=F&executor_id=E&container_id=c1"} {
		if got := askAs(h, "", http.MethodGet, "/containers"+query); got.Code != http.StatusBadRequest {
			t.Errorf("/containers%s: %d", query, got.Code)
		}
	}
}

// unmeasured has no statistics.
type unmeasured struct{ doneContainers }

func (*unmeasured) Usage(context.Context, mesos.ContainerID) (*mesospb.ResourceStatistics, error) {
	return nil, errors.New("injected failure")
}

func TestContainersThatCannotBeMeasured(t *testing.T) {
	// covers: SlaveTest.StatisticsEndpointMissingStatistics
	// covers: SlaveTest.StatisticsEndpointGetResourceUsageFailed
	_, config := contained()
	config.Containers = &unmeasured{}
	h := NewAgent(config)
	if list := fetch[[]object](t, h, "/monitor/statistics"); len(list) != 0 {
		t.Errorf("/monitor/statistics: %v", list)
	}
	if list := fetch[[]object](t, h, "/containers"); len(list) != 1 || list[0]["statistics"] != nil {
		t.Errorf("/containers: %v", list)
	}
	// covers: SlaveTest.StatisticsEndpointNoExecutor
	// covers: SlaveTest.ContainersEndpointNoExecutor
	config.View = NewAgentView()
	h = NewAgent(config)
	for _, path := range []string{"/monitor/statistics", "/containers"} {
		if got := askAs(h, "", http.MethodGet, path); got.Code != http.StatusOK || strings.TrimSpace(got.Body.String()) != "[]" {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

func TestWhatTheContainerizerHasBegun(t *testing.T) {
	containers, config := contained()
	h := NewAgent(config)
	for _, pending := range [][]PendingOperation{nil, {{Operation: "cgroups/cpu::prepare", Container: "c1"}}} {
		containers.pending = pending
		want := `{"pending":[]}`
		if pending != nil {
			want = `{"pending":[{"operation":"cgroups/cpu::prepare","args":{"containerId":"c1"}}]}`
		}
		if got := askAs(h, "", http.MethodGet, "/containerizer/debug"); got.Code != http.StatusOK || got.Body.String() != want {
			t.Errorf("%d %s, want %s", got.Code, got.Body, want)
		}
	}
}
