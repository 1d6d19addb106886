//go:build !windows

package daemon

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func startAllocator(t *testing.T, port int, policy string) *Allocator {
	t.Helper()
	a, err := StartAllocator(t.Context(), AllocatorConfig{
		PolicyConfig: PolicyConfig{AllocationInterval: time.Second, MinAllocatable: allocator.DefaultMinAllocatable()},
		IP:           "127.0.0.1", Port: port, Policy: policy, Version: "test", Log: testLog(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close allocator: %v", err)
		}
	})
	return a
}

func startLocalWith(t *testing.T, agents int, allocator string) *Local {
	t.Helper()
	cfg := localConfig(t)
	cfg.Agents, cfg.Master.Allocator = agents, allocator
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

// offered gathers offers until there is one of each of so many agents.
func (s *testScheduler) offered(agents int) map[string]*mesospb.Offer {
	s.t.Helper()
	offers := map[string]*mesospb.Offer{}
	for len(offers) < agents {
		for _, o := range s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers() {
			agent := o.GetAgentId().GetValue()
			if offers[agent] != nil {
				s.t.Fatalf("agent %s was offered twice: %v and %v", agent, offers[agent], o)
			}
			offers[agent] = o
		}
	}
	return offers
}

// start launches a command task from an offer, and acknowledges its updates up
// to the given state.
func (s *testScheduler) start(offer *mesospb.Offer, task, command string, want mesospb.TaskState) {
	s.t.Helper()
	s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACCEPT.Enum(),
		Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{offer.GetId()},
			Filters:  &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
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
	for {
		status := s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus()
		s.call(&schedulerpb.Call{
			Type: schedulerpb.Call_ACKNOWLEDGE.Enum(),
			Acknowledge: &schedulerpb.Call_Acknowledge{
				AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
			},
		})
		if status.GetTaskId().GetValue() == task && status.GetState() == want {
			return
		}
		if mesos.TaskState(status.GetState()).Terminal() {
			s.t.Fatalf("task %s: %v", task, status)
		}
	}
}

func cpus(o *mesospb.Offer) (sum float64) {
	for _, r := range o.GetResources() {
		if r.GetName() == "cpus" {
			sum += r.GetScalar().GetValue()
		}
	}
	return sum
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func metric(t *testing.T, master, name string) float64 {
	t.Helper()
	_, body := get(t, "http://"+master+"/metrics/snapshot")
	var metrics map[string]float64
	if err := json.Unmarshal([]byte(body), &metrics); err != nil {
		t.Fatal(err)
	}
	value, ok := metrics[name]
	if !ok {
		t.Fatalf("there is no metric %s", name)
	}
	return value
}

func getHealth(t *testing.T, master string) bool {
	t.Helper()
	resp, err := http.Post("http://"+master+"/api/v1", "application/json", strings.NewReader(`{"type":"GET_HEALTH"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), `"healthy":true`)
}

func TestAMasterWhoseAllocatorDiesGoesOn(t *testing.T) {
	a := startAllocator(t, 0, "hierarchical")
	_, text, _ := net.SplitHostPort(a.Address())
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	l := startLocalWith(t, 3, a.Address())
	s := subscribe(t, l.Master())
	offers := s.offered(3)
	var order []*mesospb.Offer
	for _, o := range offers {
		order = append(order, o)
	}
	running, used, open := order[0], order[1], order[2]
	s.start(running, "sleeper", "sleep 1000", mesospb.TaskState_TASK_RUNNING)
	left := s.offered(1)[running.GetAgentId().GetValue()]
	if cpus(left) != 1.5 || metric(t, l.Master(), "allocator/connected") != 1 || !getHealth(t, l.Master()) {
		t.Fatalf("before: %v is left, healthy is %v", left, getHealth(t, l.Master()))
	}

	for name, want := range map[string]float64{"resources/cpus/total": 6, "resources/cpus/offered_or_allocated": 6, "roles/*/shares/dominant": 1} {
		if got := metric(t, l.Master(), "allocator/mesos/"+name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"allocation_runs", "allocation_run_ms", "allocation_run_latency_ms/p99", "event_queue_dispatches"} {
		metric(t, l.Master(), "allocator/mesos/"+name)
	}

	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the master notices", func() bool { return metric(t, l.Master(), "allocator/connected") == 0 })
	if _, body := get(t, "http://"+l.Master()+"/metrics/snapshot"); strings.Contains(body, "allocator/mesos/allocation_runs") {
		t.Errorf("an allocator that is away still counts: %s", body)
	}
	if status, _ := get(t, "http://"+l.Master()+"/health"); status != http.StatusOK || getHealth(t, l.Master()) {
		t.Errorf("without an allocator /health says %d, GET_HEALTH %v", status, getHealth(t, l.Master()))
	}
	// Offers that were made can be used, and tasks go on.
	s.start(used, "late", "sleep 1000", mesospb.TaskState_TASK_RUNNING)
	if n := metric(t, l.Master(), "master/tasks_running"); n != 2 {
		t.Errorf("%v tasks are running", n)
	}

	startAllocator(t, port, "hierarchical")
	eventually(t, "the master has it back", func() bool { return metric(t, l.Master(), "allocator/connected") == 1 })
	again := s.offered(1)[used.GetAgentId().GetValue()]
	if cpus(again) != 1.5 {
		t.Errorf("of the agent with the new task %v is offered", again)
	}
	// What was on offer all the time comes back to be offered when it is declined.
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_DECLINE.Enum(), Decline: &schedulerpb.Call_Decline{
		OfferIds: []*mesospb.OfferID{open.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
	}})
	if o := s.offered(1)[open.GetAgentId().GetValue()]; cpus(o) != 2 {
		t.Errorf("of the agent whose offer was declined %v is offered", o)
	}
	if n, lost := metric(t, l.Master(), "master/tasks_running"), metric(t, l.Master(), "allocator/disconnects"); n != 2 || lost != 1 {
		t.Errorf("%v tasks are running, the allocator was lost %v times", n, lost)
	}
	if used := metric(t, l.Master(), "master/cpus_used"); used != 1 {
		t.Errorf("%v cpus are in use", used)
	}
}

func TestAMasterWithAnotherPolicy(t *testing.T) {
	l := startLocalWith(t, 1, startAllocator(t, 0, "first-fit").Address())
	s := subscribe(t, l.Master())
	if status := s.launch("hello", "exit 0"); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("last update: %v", status)
	}
}

func TestAllocatorsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, cfg := range []AllocatorConfig{
		{Policy: "best-fit"},
		{Policy: "hierarchical", PolicyConfig: PolicyConfig{RoleSorter: "bubble"}},
		{Policy: "hierarchical", IP: "256.0.0.1"},
	} {
		cfg.Log = testLog(t)
		if a, err := StartAllocator(t.Context(), cfg); err == nil {
			a.Close()
			t.Errorf("%+v was started", cfg)
		} else {
			t.Log(err)
		}
	}
}
