//go:build !windows

package daemon

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// testLog writes to the test's log while the test runs.
func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func localConfig(t *testing.T) LocalConfig {
	common := CommonConfig{IP: "127.0.0.1", Log: testLog(t), Version: "test"}
	return LocalConfig{
		WorkDir: t.TempDir(),
		Master: MasterConfig{
			CommonConfig: common, EtcdFast: true,
			PolicyConfig:     PolicyConfig{AllocationInterval: time.Second, MinAllocatable: allocator.DefaultMinAllocatable()},
			AgentPingTimeout: 15 * time.Second, MaxAgentPingTimeouts: 5,
			AgentReregisterTimeout: 10 * time.Minute, MaxCompletedFrameworks: 50, MaxCompletedTasksPerFramework: 1000,
			MaxUnreachableTasks: 1000, RootSubmissions: true, FrameworkMetrics: true,
			RegistryStoreTimeout: 20 * time.Second, RegistryFetchTimeout: time.Minute,
		},
		Agent: AgentConfig{
			CommonConfig: common, Resources: "cpus:2;mem:512;disk:512;ports:[31000-31010]",
			RegistrationBackoffFactor: 50 * time.Millisecond, ExecutorRegistrationTimeout: time.Minute,
			ExecutorReregistrationTimeout: 2 * time.Second, ExecutorShutdownGracePeriod: 5 * time.Second,
			RecoveryTimeout: 15 * time.Minute, MaxCompletedExecutorsPerFramework: 150, GCDelay: time.Hour,
		},
	}
}

func startLocal(t *testing.T) *Local {
	t.Helper()
	return startLocalAs(t, localConfig(t))
}

func startLocalAs(t *testing.T, cfg LocalConfig) *Local {
	t.Helper()
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// testScheduler is a scheduler of few means: it speaks protobuf over net/http.
type testScheduler struct {
	t      *testing.T
	client *http.Client
	url    string
	stream string
	id     *mesospb.FrameworkID
	events *wire.RecordReader

	subscribed *schedulerpb.Event_Subscribed
}

func subscribe(t *testing.T, master string, capabilities ...mesospb.FrameworkInfo_Capability_Type) *testScheduler {
	t.Helper()
	return subscribeAs(t, master, nil, capabilities...)
}

// subscribeAs is subscribe for a framework that has an ID, if that is not nil.
func subscribeAs(t *testing.T, master string, id *mesospb.FrameworkID, capabilities ...mesospb.FrameworkInfo_Capability_Type) *testScheduler {
	t.Helper()
	return subscribeAt(t, http.DefaultClient, "http://"+master, id, capabilities...)
}

// subscribeAt is subscribeAs through a client, at a master's URL.
func subscribeAt(
	t *testing.T, client *http.Client, master string, id *mesospb.FrameworkID, capabilities ...mesospb.FrameworkInfo_Capability_Type,
) *testScheduler {
	t.Helper()
	var can []*mesospb.FrameworkInfo_Capability
	for _, c := range append(capabilities, mesospb.FrameworkInfo_Capability_MULTI_ROLE) {
		can = append(can, &mesospb.FrameworkInfo_Capability{Type: c.Enum()})
	}
	s := &testScheduler{t: t, client: client, url: master + "/api/v1/scheduler"}
	resp := s.post(&schedulerpb.Call{
		Type:        schedulerpb.Call_SUBSCRIBE.Enum(),
		FrameworkId: id,
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
			Id: id, FailoverTimeout: proto.Float64(60), User: proto.String("root"), Name: proto.String("test"), Roles: []string{"*"},
			Capabilities: can,
		}},
	}, http.StatusOK)
	t.Cleanup(func() { resp.Body.Close() })
	s.stream = resp.Header.Get("Mesos-Stream-Id")
	s.events = wire.NewRecordReader(resp.Body, 1<<20)
	s.subscribed = s.next(schedulerpb.Event_SUBSCRIBED).GetSubscribed()
	s.id = s.subscribed.GetFrameworkId()
	return s
}

func (s *testScheduler) post(call *schedulerpb.Call, want int) *http.Response {
	s.t.Helper()
	body, err := wire.Marshal(call)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Accept", "application/x-protobuf")
	if s.stream != "" {
		req.Header.Set("Mesos-Stream-Id", s.stream)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != want {
		text, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s: %s: %s", call.GetType(), resp.Status, text)
	}
	return resp
}

func (s *testScheduler) call(call *schedulerpb.Call) {
	s.t.Helper()
	call.FrameworkId = s.id
	s.post(call, http.StatusAccepted).Body.Close()
}

// next returns the next event of a type and skips others.
func (s *testScheduler) next(want schedulerpb.Event_Type) *schedulerpb.Event {
	s.t.Helper()
	for {
		if event := s.event(want.String()); event.GetType() == want {
			return event
		}
	}
}

// event returns the next event while waiting for something.
func (s *testScheduler) event(what string) *schedulerpb.Event {
	s.t.Helper()
	record, err := s.events.Next()
	if err != nil {
		s.t.Fatalf("waiting for %s: %v", what, err)
	}
	event := new(schedulerpb.Event)
	if err := wire.Unmarshal(record, event); err != nil {
		s.t.Fatal(err)
	}
	return event
}

// accept accepts an offer with one command task.
func (s *testScheduler) accept(task, command string) {
	s.t.Helper()
	offer := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACCEPT.Enum(),
		Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{offer.GetId()},
			Operations: []*mesospb.Offer_Operation{{
				Type: mesospb.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{{
					Name: proto.String(task), TaskId: &mesospb.TaskID{Value: proto.String(task)}, AgentId: offer.GetAgentId(),
					Command:   &mesospb.CommandInfo{Value: proto.String(command)},
					Resources: []*mesospb.Resource{scalar("cpus", 0.5), scalar("mem", 64)},
				}}},
			}},
		},
	})
}

// launch accepts an offer with one command task, and acknowledges its updates
// up to the last, which it returns.
func (s *testScheduler) launch(task, command string) *mesospb.TaskStatus {
	s.t.Helper()
	s.accept(task, command)
	return s.ended()
}

// ended acknowledges updates up to the last of a task, which it returns.
func (s *testScheduler) ended() *mesospb.TaskStatus {
	s.t.Helper()
	return s.until("the task's end", func(status *mesospb.TaskStatus) bool {
		return mesos.TaskState(status.GetState()).Terminal()
	})
}

// until acknowledges updates up to one with a property, which it returns.
func (s *testScheduler) until(what string, is func(*mesospb.TaskStatus) bool) *mesospb.TaskStatus {
	s.t.Helper()
	for {
		status := s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus()
		if status.Uuid != nil {
			s.call(&schedulerpb.Call{
				Type: schedulerpb.Call_ACKNOWLEDGE.Enum(),
				Acknowledge: &schedulerpb.Call_Acknowledge{
					AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
				},
			})
		}
		s.t.Logf("waiting for %s: %s is %s %s", what, status.GetTaskId().GetValue(), status.GetState(), status.GetMessage())
		if is(status) {
			return status
		}
		if status.GetState() == mesospb.TaskState_TASK_ERROR {
			s.t.Fatalf("no %s, but %v", what, status)
		}
	}
}

// taskIs is the property of a status that is a task's in a state.
func taskIs(task string, state mesospb.TaskState) func(*mesospb.TaskStatus) bool {
	return func(status *mesospb.TaskStatus) bool {
		return status.GetTaskId().GetValue() == task && status.GetState() == state
	}
}

func scalar(name string, value float64) *mesospb.Resource {
	return &mesospb.Resource{
		Name: proto.String(name), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(value)},
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: proto.String("*")},
	}
}

func TestACommandRunsOnAClusterInOneProcess(t *testing.T) {
	l := startLocal(t)
	s := subscribe(t, l.Master())
	status := s.launch("hello", "echo hello; exit 7")
	if status.GetState() != mesospb.TaskState_TASK_FAILED || status.GetMessage() != "Command exited with status 7" {
		t.Fatalf("last update: %v", status)
	}
	sandbox := filepath.Join(l.agents[0].cfg.WorkDir, "slaves", status.GetAgentId().GetValue(),
		"frameworks", s.id.GetValue(), "executors/hello/runs/latest/stdout")
	if out, err := os.ReadFile(sandbox); err != nil || string(out) != "hello\n" {
		t.Errorf("stdout: %q, %v", out, err)
	}
	var state struct {
		ID         string
		LeaderInfo struct{ ID string } `json:"leader_info"`
		Frameworks []struct {
			CompletedTasks []struct{ ID, State string } `json:"completed_tasks"`
		}
	}
	resp, err := http.Get("http://" + l.Master() + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	if len(state.Frameworks) != 1 || len(state.Frameworks[0].CompletedTasks) != 1 || state.Frameworks[0].CompletedTasks[0].State != "TASK_FAILED" {
		t.Errorf("/state: %+v", state)
	}
	if state.ID != state.LeaderInfo.ID || !strings.HasPrefix(s.id.GetValue(), state.ID+"-") {
		t.Errorf("/state: master %q, leader %q, framework %q", state.ID, state.LeaderInfo.ID, s.id.GetValue())
	}
}

func TestAClusterThatIsKilledWaitsForNoTask(t *testing.T) {
	l, err := StartLocal(t.Context(), localConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	s := subscribe(t, l.Master())
	s.accept("stubborn", "trap '' TERM; while :; do sleep 0.1; done")
	s.next(schedulerpb.Event_UPDATE) // never acknowledged, nor is what follows
	l.Kill()
	closed := make(chan error, 1)
	go func() { closed <- l.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Errorf("close: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for a built-in executor, which waits for its agent")
	}
}

func TestAnAgentThatCannotStartSaysWhy(t *testing.T) {
	cfg := localConfig(t)
	cfg.Agent.Isolation = []string{"cgroups/nonsense"}
	_, err := StartLocal(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "cgroups/nonsense") {
		t.Errorf("start: %v", err)
	}
}

func TestAnUpClusterHasItsAgents(t *testing.T) {
	cfg := localConfig(t)
	cfg.Agents = 3
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + l.Master() + "/slaves")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var slaves struct{ Slaves []struct{ Active bool } }
	if err := json.NewDecoder(resp.Body).Decode(&slaves); err != nil {
		t.Fatal(err)
	}
	if len(slaves.Slaves) != 3 {
		t.Errorf("%d agents are registered, want 3", len(slaves.Slaves))
	}
}
