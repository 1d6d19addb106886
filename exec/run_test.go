package exec

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// cluster is a master and an agent in one, which runs one task as its script says.
type cluster struct {
	t      *testing.T
	server *httptest.Server
	events chan *schedulerpb.Event
	// onCall answers a call of the framework, beside accepting it.
	onCall func(*cluster, *schedulerpb.Call)
	// unreachable is how long an agent that is away is waited for; 0: for ever.
	unreachable time.Duration

	mu     sync.Mutex
	stdout string
	calls  []string
}

func newCluster(t *testing.T, onCall func(*cluster, *schedulerpb.Call)) *cluster {
	c := &cluster{t: t, onCall: onCall, events: make(chan *schedulerpb.Event, 16)}
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	return c
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/api/v1" {
		c.read(w, body)
		return
	}
	call := &schedulerpb.Call{}
	if err := wire.Unmarshal(body, call); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	c.calls = append(c.calls, call.GetType().String())
	c.mu.Unlock()
	if call.GetType() != schedulerpb.Call_SUBSCRIBE {
		w.WriteHeader(http.StatusAccepted)
		c.onCall(c, call)
		return
	}
	w.Header().Set("Mesos-Stream-Id", "stream")
	w.Header().Set("Content-Type", wire.Protobuf.String())
	c.onCall(c, call)
	for {
		select {
		case event := <-c.events:
			record, err := wire.Append(nil, event)
			if err != nil {
				c.t.Error(err)
				return
			}
			_, _ = w.Write(wire.AppendRecord(nil, record))
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (c *cluster) read(w http.ResponseWriter, body []byte) {
	call := &agentpb.Call{}
	if err := wire.Unmarshal(body, call); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.GetReadFile().GetPath() != "/frameworks/F/executors/hello/runs/latest/stdout" {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	rest := c.stdout[min(int(call.GetReadFile().GetOffset()), len(c.stdout)):]
	answer, err := wire.Append(nil, &agentpb.Response{
		Type:     agentpb.Response_READ_FILE.Enum(),
		ReadFile: &agentpb.Response_ReadFile{Data: []byte(rest), Size: proto.Uint64(uint64(len(c.stdout)))},
	})
	if err != nil {
		c.t.Error(err)
	}
	w.Header().Set("Content-Type", wire.Protobuf.String())
	_, _ = w.Write(answer)
}

func (c *cluster) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stdout += text
}

// offer is an offer whose agent is this server.
func (c *cluster) offer() *schedulerpb.Event {
	o := offer("O1", "cpus:4;mem:1024")
	address := strings.Split(c.server.Listener.Addr().String(), ":")
	port, _ := strconv.Atoi(address[1])
	o.Url.Address.Ip, o.Url.Address.Port = &address[0], proto.Int32(int32(port))
	return offers(o).Event
}

func (c *cluster) run(t *testing.T, interrupts <-chan struct{}) (Result, string, string) {
	t.Helper()
	spec, err := options().Spec()
	if err != nil {
		t.Fatal(err)
	}
	spec.UnreachablePatience = c.unreachable
	cl, err := client.New(client.Config{
		Masters: []string{c.server.Listener.Addr().String()}, MediaType: wire.Protobuf,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var stdout, stderr, status strings.Builder
	result := Run(t.Context(), Config{
		Client: cl, Spec: spec, Print: AsMesos(&status), Interrupts: interrupts,
		Output: func(mesos.TaskID) (io.WriteCloser, io.WriteCloser) { return open{&stdout}, open{&stderr} },
	})
	return result, stdout.String(), status.String()
}

// open is a stream that stays open.
type open struct{ io.Writer }

func (open) Close() error { return nil }

func subscribed() *schedulerpb.Event {
	return &schedulerpb.Event{
		Type:       schedulerpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &schedulerpb.Event_Subscribed{FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")}},
	}
}

func TestRunShowsTheOutputToItsEnd(t *testing.T) {
	output := strings.Repeat("0123456789\n", 5000)
	c := newCluster(t, func(c *cluster, call *schedulerpb.Call) {
		switch call.GetType() {
		case schedulerpb.Call_SUBSCRIBE:
			c.events <- subscribed()
			c.events <- c.offer()
		case schedulerpb.Call_ACCEPT:
			c.events <- update(mesospb.TaskState_TASK_RUNNING, "").Event
			c.print(output)
			c.events <- update(mesospb.TaskState_TASK_FAILED, "Command exited with status 7").Event
		}
	})
	result, stdout, status := c.run(t, nil)
	if result != (Result{Code: 7, Ended: true}) {
		t.Errorf("result is %+v", result)
	}
	if stdout != output {
		t.Errorf("%d bytes of output, want %d", len(stdout), len(output))
	}
	if !strings.Contains(status, "TASK_RUNNING") || !strings.Contains(status, "Subscribed with ID F") {
		t.Errorf("printed %s", status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := strings.Join(c.calls, " "); got != "SUBSCRIBE ACCEPT SUPPRESS ACKNOWLEDGE ACKNOWLEDGE TEARDOWN" {
		t.Errorf("calls are %s", got)
	}
}

func TestRunPassesAnInterruptOn(t *testing.T) {
	interrupts := make(chan struct{}, 1)
	c := newCluster(t, func(c *cluster, call *schedulerpb.Call) {
		switch call.GetType() {
		case schedulerpb.Call_SUBSCRIBE:
			c.events <- subscribed()
			c.events <- c.offer()
		case schedulerpb.Call_ACCEPT:
			c.events <- update(mesospb.TaskState_TASK_RUNNING, "").Event
			interrupts <- struct{}{}
		case schedulerpb.Call_KILL:
			c.events <- update(mesospb.TaskState_TASK_KILLED, "Command terminated with signal Terminated").Event
		}
	})
	if result, _, _ := c.run(t, interrupts); result != (Result{Code: CodeInterrupted, Ended: true}) {
		t.Errorf("result is %+v", result)
	}
}

// An agent that takes connections and says nothing any more holds nobody up: what is
// there of the output of its task is not waited for.
func TestRunLeavesATaskWhoseAgentIsSilent(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c := newCluster(t, func(c *cluster, call *schedulerpb.Call) {
		switch call.GetType() {
		case schedulerpb.Call_SUBSCRIBE:
			c.events <- subscribed()
			offer := c.offer()
			offer.GetOffers().GetOffers()[0].Url.Address.Port = proto.Int32(int32(silent.Addr().(*net.TCPAddr).Port))
			c.events <- offer
		case schedulerpb.Call_ACCEPT:
			c.events <- update(mesospb.TaskState_TASK_RUNNING, "").Event
			c.events <- update(mesospb.TaskState_TASK_UNREACHABLE, "").Event
		}
	})
	c.unreachable = time.Millisecond
	if result, _, _ := c.run(t, nil); mesos.KindOf(result.Err) != mesos.Unavailable || result.Ended {
		t.Errorf("result is %+v", result)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[len(c.calls)-1] != "TEARDOWN" {
		t.Errorf("calls are %v", c.calls)
	}
}

func TestRunWithoutAMaster(t *testing.T) {
	c := newCluster(t, nil)
	c.server.Close()
	if result, _, _ := c.run(t, nil); mesos.KindOf(result.Err) != mesos.Unavailable {
		t.Errorf("result is %+v", result)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newCluster(t, func(c *cluster, call *schedulerpb.Call) { cancel() })
	spec, err := options().Spec()
	if err != nil {
		t.Fatal(err)
	}
	cl, err := client.New(client.Config{Masters: []string{c.server.Listener.Addr().String()}, MediaType: wire.Protobuf})
	if err != nil {
		t.Fatal(err)
	}
	if result := Run(ctx, Config{Client: cl, Spec: spec, Print: AsMesos(io.Discard)}); result.Err == nil {
		t.Errorf("result is %+v", result)
	}
}
