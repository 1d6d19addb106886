//go:build !windows

package daemon

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/members"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// lastingMaster starts a master that can be started again at its address.
func lastingMaster(t *testing.T) (cfg MasterConfig, m *Master) {
	t.Helper()
	self := freeMasters(t, 1)[0]
	cfg = masterConfig(t, self, []members.Address{self}, t.TempDir())
	cfg.AllocationInterval = 50 * time.Millisecond
	m = startMaster(t, cfg)
	soon(t, "the master leads", func() bool { return leads(t, m) })
	return cfg, m
}

// leads reports whether a master answers operators' calls.
func leads(t *testing.T, m *Master) bool {
	t.Helper()
	resp := as(t, "", http.MethodPost, "http://"+m.Address()+"/api/v1", `{"type":"GET_AGENTS"}`, "Content-Type", "application/json")
	return resp.StatusCode == http.StatusOK
}

// lastingAgent is an agent of a master that containers outlive.
func lastingAgent(t *testing.T, master MasterConfig, has string) AgentConfig {
	cfg := localConfig(t).Agent
	cfg.WorkDir, cfg.Masters, cfg.Outlive, cfg.Resources = t.TempDir(), []string{master.Masters[0].String()}, true, has
	return cfg
}

// https://mesos.apache.org/documentation/latest/high-availability/
func TestOperatorsSeeAClusterComeBackToANewMaster(t *testing.T) {
	// covers: MasterAPITest.MasterFailover
	// covers: MasterAPITest.GetRecoveredAgents
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			cfg, m := lastingMaster(t)
			agent := lastingAgent(t, cfg, "cpus(foo):1;cpus(*):2;mem(foo):256;mem(*):512;disk(*):512")
			_, stop := startLasting(t, agent)
			s := subscribeFramework(t, m.Address(), podFramework(true))
			offer := s.has(resources.MustParse("cpus:2"))
			s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{podTask(offer, "t", "exec sleep 1000")})
			s.until("it runs", taskIs("t", mesospb.TaskState_TASK_RUNNING))
			known := func() (agents, recovered []string) {
				list := look(t, media, m.Address(), masterpb.Call_GET_AGENTS).GetGetAgents()
				for _, a := range list.GetAgents() {
					agents = append(agents, a.GetAgentInfo().GetId().GetValue())
				}
				for _, a := range list.GetRecoveredAgents() {
					recovered = append(recovered, a.GetId().GetValue())
				}
				return agents, recovered
			}
			id := offer.GetAgentId().GetValue()
			if agents, recovered := known(); len(agents) != 1 || agents[0] != id || len(recovered) != 0 {
				t.Errorf("there are %v, and recovered %v", agents, recovered)
			}

			// Both end; the task runs on, and the scheduler does not come back.
			stop()
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			m = startMaster(t, cfg)
			soon(t, "the master leads again", func() bool { return leads(t, m) })
			soon(t, "it knows whom it waits for", func() bool {
				agents, recovered := known()
				return len(agents) == 0 && slices.Equal(recovered, []string{id})
			})
			events := watch(t, media, m.Address())
			if state := events.state; len(state.GetGetFrameworks().GetFrameworks()) != 0 || len(state.GetGetAgents().GetAgents()) != 0 ||
				len(state.GetGetTasks().GetTasks()) != 0 || len(state.GetGetExecutors().GetExecutors()) != 0 {
				t.Errorf("with a new master there is %v", state)
			}
			back, stop := startLasting(t, agent)
			defer stop()
			defer back.Kill()
			if got := events.skip().GetAgentAdded().GetAgent().GetAgentInfo().GetId().GetValue(); got != id {
				t.Errorf("first %q comes back", got)
			}
			if f := events.skip().GetFrameworkAdded().GetFramework(); !proto.Equal(f.GetFrameworkInfo().GetId(), s.id) ||
				f.GetActive() || f.GetConnected() || !f.GetRecovered() {
				t.Errorf("then the framework: %v", f)
			}
			if task := events.skip().GetTaskAdded().GetTask(); task.GetTaskId().GetValue() != "t" {
				t.Errorf("then the task: %v", task)
			}
			if agents, recovered := known(); len(agents) != 1 || len(recovered) != 0 {
				t.Errorf("in the end there are %v, and recovered %v", agents, recovered)
			}
		})
	}
}

func TestOperatorsSeeTheReservationsThatTheyMay(t *testing.T) {
	// covers: MasterAPITest.GetAgentsFiltering
	l := trusting(t, func(cfg *LocalConfig) {
		cfg.Agent.Resources = "cpus(muggle):1;cpus(*):2;mem(muggle):512;mem(*):512;disk(muggle):256;disk(*):256;ports(muggle):[30000-30999];ports(*):[31000-31010]"
		cfg.Master.ACLs = aclsOf(t, `{"view_roles": [
			{"principals": {"values": ["ann"]}, "roles": {"values": ["superhero", "*"]}}, {"principals": {"values": ["ann"]}, "roles": {"type": "NONE"}},
			{"principals": {"values": ["bob"]}, "roles": {"values": ["muggle", "*"]}}, {"principals": {"values": ["bob"]}, "roles": {"type": "NONE"}}]}`)
	})
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	agents := func(media wire.MediaType, who string) *masterpb.Response_GetAgents_Agent {
		t.Helper()
		status, answer := operate(t, media, l.Master(), who, &masterpb.Call{Type: masterpb.Call_GET_AGENTS.Enum()})
		if status != http.StatusOK || len(answer.GetGetAgents().GetAgents()) != 1 {
			t.Fatalf("%s is answered %d, %v", who, status, answer)
		}
		return answer.GetGetAgents().GetAgents()[0]
	}
	mine := reservedTo("superhero", "cpus:1;mem:12")
	status, _ := operate(t, wire.JSON, l.Master(), "ann", &masterpb.Call{
		Type: masterpb.Call_RESERVE_RESOURCES.Enum(),
		ReserveResources: &masterpb.Call_ReserveResources{
			AgentId: agents(wire.JSON, "ann").GetAgentInfo().GetId(), Resources: withPrincipal(convert.ToWire(mine), "ann"),
		},
	})
	if status != http.StatusAccepted {
		t.Fatalf("RESERVE is answered %d", status)
	}
	for _, media := range encodings {
		for who, role := range map[string]string{"ann": "superhero", "bob": "muggle"} {
			agent := agents(media, who)
			for _, r := range agent.GetAgentInfo().GetResources() {
				for _, layer := range r.GetReservations() {
					if layer.GetRole() != role {
						t.Errorf("%s sees what the agent said of %v", who, r)
					}
				}
			}
			reserved := 0
			for _, r := range agent.GetTotalResources() {
				switch {
				case r.Role == nil || r.AllocationInfo != nil:
					t.Errorf("%v is not in the format of endpoints", r)
				case r.GetRole() == "*":
					if r.Reservation != nil || len(r.GetReservations()) != 0 {
						t.Errorf("%v is reserved for nobody", r)
					}
				case r.GetRole() != role:
					t.Errorf("%s sees %v", who, r)
				default:
					reserved++
					if dynamic := role == "superhero"; dynamic != (r.Reservation != nil) || r.Reservation != nil && r.Reservation.Role != nil ||
						len(r.GetReservations()) != 1 || r.GetReservations()[0].GetRole() != role {
						t.Errorf("%s sees %v", who, r)
					}
				}
			}
			if reserved == 0 {
				t.Errorf("%s does not see what is reserved for %s", who, role)
			}
		}
	}
}

// withPrincipal names who reserves resources.
func withPrincipal(list []*mesospb.Resource, principal string) []*mesospb.Resource {
	for _, r := range list {
		for _, layer := range r.Reservations {
			layer.Principal = &principal
		}
	}
	return list
}

func TestAnEventStreamTooManyEndsTheOldest(t *testing.T) {
	// covers: MasterAPITest.MaxEventStreamSubscribers
	cfg := localConfig(t)
	cfg.Master.MaxEventStreamSubscribers = 2
	l := startLocalAs(t, cfg)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := func(want float64) {
		t.Helper()
		soon(t, "the streams are counted", func() bool {
			return snapshotOf(t, l.Master())["master/operator_event_stream_subscribers"] == want
		})
	}
	for _, media := range encodings {
		first, second := watch(t, media, l.Master()), watch(t, media, l.Master())
		count(2)
		third := watch(t, media, l.Master())
		if event := first.next(); event != nil {
			t.Errorf("the oldest gets %v", event)
		}
		third.close()
		count(1)
		fourth := watch(t, media, l.Master())
		count(2)
		s := subscribe(t, l.Master())
		for _, stream := range []*operatorStream{second, fourth} {
			if got := stream.skip().GetFrameworkAdded().GetFramework().GetFrameworkInfo().GetId(); !proto.Equal(got, s.id) {
				t.Errorf("it is told of %v", got)
			}
			stream.close()
		}
		count(0)
	}
}
