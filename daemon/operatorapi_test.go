//go:build !windows

package daemon

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/operator-http-api/

var encodings = []wire.MediaType{wire.JSON, wire.Protobuf}

// operate sends an operator's call in an encoding, as somebody ("" as nobody), and
// returns the status and the answer, if it is one.
func operate(t *testing.T, media wire.MediaType, host, who string, call *masterpb.Call) (int, *masterpb.Response) {
	t.Helper()
	body, err := media.Append(nil, call)
	if err != nil {
		t.Fatal(err)
	}
	resp := as(t, who, http.MethodPost, "http://"+host+"/api/v1", string(body), "Content-Type", media.String(), "Accept", media.String())
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := new(masterpb.Response)
	if resp.StatusCode == http.StatusOK && len(text) > 0 {
		if err := media.Unmarshal(text, answer); err != nil {
			t.Fatalf("%s: %v: %s", call.GetType(), err, text)
		}
	} else {
		t.Logf("%s: %s %s", call.GetType(), resp.Status, text)
	}
	return resp.StatusCode, answer
}

// look asks what a call without arguments tells.
func look(t *testing.T, media wire.MediaType, host string, kind masterpb.Call_Type) *masterpb.Response {
	t.Helper()
	status, answer := operate(t, media, host, "", &masterpb.Call{Type: &kind})
	if status != http.StatusOK || answer.GetType().String() != kind.String() {
		t.Fatalf("%s: %d, %v", kind, status, answer)
	}
	return answer
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for nothing: %s", what)
		}
	}
}

// operatorStream is a stream of events for operators.
type operatorStream struct {
	t       *testing.T
	media   wire.MediaType
	records *wire.RecordReader
	state   *masterpb.Response_GetState // at its beginning
	close   func() error
}

func watch(t *testing.T, media wire.MediaType, host string) *operatorStream {
	t.Helper()
	resp := as(t, "", http.MethodPost, "http://"+host+"/api/v1", `{"type":"SUBSCRIBE"}`, "Content-Type", wire.JSON.String(), "Accept", media.String())
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("SUBSCRIBE: %s", resp.Status)
	}
	s := &operatorStream{t: t, media: media, records: wire.NewRecordReader(resp.Body, wire.MaxMessageSize), close: resp.Body.Close}
	first := s.next()
	if second := s.next(); first.GetType() != masterpb.Event_SUBSCRIBED || second.GetType() != masterpb.Event_HEARTBEAT {
		t.Fatalf("a stream begins with %v, %v", first, second)
	}
	s.state = first.GetSubscribed().GetGetState()
	return s
}

// next is the next event, nil at the end.
func (s *operatorStream) next() *masterpb.Event {
	s.t.Helper()
	record, err := s.records.Next()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	event := new(masterpb.Event)
	if err == nil {
		err = s.media.Unmarshal(record, event)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return event
}

// skip is the next event that is no heartbeat; there must be one.
func (s *operatorStream) skip() *masterpb.Event {
	s.t.Helper()
	for {
		switch event := s.next(); {
		case event == nil:
			s.t.Fatal("the stream has ended")
		case event.GetType() != masterpb.Event_HEARTBEAT:
			return event
		}
	}
}

// health is a health check that is done often.
func health(command string) *mesospb.HealthCheck {
	return &mesospb.HealthCheck{
		Type: mesospb.HealthCheck_COMMAND.Enum(), Command: &mesospb.CommandInfo{Shell: proto.Bool(true), Value: &command},
		DelaySeconds: proto.Float64(0), IntervalSeconds: proto.Float64(0.1), GracePeriodSeconds: proto.Float64(0),
		TimeoutSeconds: proto.Float64(20), ConsecutiveFailures: proto.Uint32(1000),
	}
}

func TestOperatorsFollowATaskFromItsLaunchToItsEnd(t *testing.T) {
	// covers: MasterAPITest.GetState
	// covers: MasterAPITest.GetTasks
	// covers: MasterAPITest.GetTasksNoRunningTask
	// covers: MasterAPITest.GetExecutors
	// covers: MasterAPITest.GetFrameworks
	// covers: MasterAPITest.Subscribe
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			l := startOperating(t, t.TempDir())
			defer l.Close()
			host := l.Master()
			if tasks := look(t, media, host, masterpb.Call_GET_TASKS).GetGetTasks(); tasks == nil || len(tasks.GetTasks()) != 0 {
				t.Errorf("at first there are %v", tasks)
			}
			s := subscribeFramework(t, host, podFramework(false))
			frameworks := look(t, media, host, masterpb.Call_GET_FRAMEWORKS).GetGetFrameworks().GetFrameworks()
			if len(frameworks) != 1 {
				t.Fatalf("there are frameworks %v", frameworks)
			}
			if f := frameworks[0]; f.GetFrameworkInfo().GetName() != "test" || f.GetFrameworkInfo().GetRoles()[0] != "*" || f.GetFrameworkInfo().GetCheckpoint() ||
				!f.GetActive() || !f.GetConnected() || f.GetRecovered() {
				t.Errorf("there is %v", f)
			}
			offer := s.has(resources.MustParse("cpus:1"))
			events := watch(t, media, host)
			for _, state := range []*masterpb.Response_GetState{events.state, look(t, media, host, masterpb.Call_GET_STATE).GetGetState()} {
				if len(state.GetGetFrameworks().GetFrameworks()) != 1 || len(state.GetGetAgents().GetAgents()) != 1 ||
					len(state.GetGetTasks().GetTasks()) != 0 || len(state.GetGetExecutors().GetExecutors()) != 0 {
					t.Errorf("before the launch: %v", state)
				}
			}
			followTask(t, media, host, s, offer, events)
		})
	}
}

// followTask launches a task, and looks at it from all sides until it is over.
func followTask(t *testing.T, media wire.MediaType, host string, s *testScheduler, offer *mesospb.Offer, events *operatorStream) {
	t.Helper()
	end := filepath.Join(t.TempDir(), "end")
	task := podTask(offer, "1", fmt.Sprintf("while ! test -e %s; do sleep 0.05; done", end))
	task.HealthCheck = health("exit 0")
	s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{task})
	added := events.skip().GetTaskAdded().GetTask()
	if !proto.Equal(added.GetTaskId(), task.TaskId) || !proto.Equal(added.GetHealthCheck(), task.HealthCheck) {
		t.Errorf("the event tells of %v", added)
	}
	for _, want := range []mesospb.TaskState{mesospb.TaskState_TASK_STARTING, mesospb.TaskState_TASK_RUNNING} {
		if told := events.skip().GetTaskUpdated(); told.GetState() != want || told.GetStatus().GetState() != want ||
			!proto.Equal(told.GetStatus().GetTaskId(), task.TaskId) || !proto.Equal(told.GetFrameworkId(), s.id) {
			t.Errorf("the event tells of %v, not of %s", told, want)
		}
		s.until("an update", taskIs("1", want))
	}
	executors := look(t, media, host, masterpb.Call_GET_EXECUTORS).GetGetExecutors().GetExecutors()
	if len(executors) != 1 || !proto.Equal(executors[0].GetAgentId(), offer.GetAgentId()) || executors[0].GetExecutorInfo().GetExecutorId().GetValue() != "pod" {
		t.Errorf("there are executors %v", executors)
	}
	for _, tasks := range []*masterpb.Response_GetTasks{
		look(t, media, host, masterpb.Call_GET_TASKS).GetGetTasks(), look(t, media, host, masterpb.Call_GET_STATE).GetGetState().GetGetTasks(),
	} {
		if len(tasks.GetTasks()) != 1 || len(tasks.GetCompletedTasks()) != 0 {
			t.Fatalf("while it runs: %v", tasks)
		}
		if got := tasks.GetTasks()[0]; got.GetState() != mesospb.TaskState_TASK_RUNNING || got.GetName() != "1" || !proto.Equal(got.GetHealthCheck(), task.HealthCheck) {
			t.Errorf("while it runs: %v", got)
		}
	}
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.until("its end", taskIs("1", mesospb.TaskState_TASK_FINISHED))
	soon(t, "the task is completed", func() bool {
		return len(look(t, media, host, masterpb.Call_GET_TASKS).GetGetTasks().GetTasks()) == 0
	})
	for _, tasks := range []*masterpb.Response_GetTasks{
		look(t, media, host, masterpb.Call_GET_TASKS).GetGetTasks(), look(t, media, host, masterpb.Call_GET_STATE).GetGetState().GetGetTasks(),
	} {
		if done := tasks.GetCompletedTasks(); len(tasks.GetTasks()) != 0 || len(done) != 1 || done[0].GetState() != mesospb.TaskState_TASK_FINISHED ||
			done[0].GetName() != "1" || done[0].GetTaskId().GetValue() != "1" {
			t.Errorf("once it is over: %v", tasks)
		}
	}
}

func TestOperatorsAreToldOfHealth(t *testing.T) {
	// covers: MasterAPITest.SubscribersReceiveHealthUpdates
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			l := startOperating(t, t.TempDir())
			defer l.Close()
			s := subscribeFramework(t, l.Master(), podFramework(false))
			offer := s.has(resources.MustParse("cpus:1"))
			events := watch(t, media, l.Master())
			task := podTask(offer, "ill", "exec sleep 1000")
			task.HealthCheck = health("exit 1")
			s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{task})
			s.until("an update about its health", func(status *mesospb.TaskStatus) bool { return status.Healthy != nil })
			told := events.skip().GetTaskUpdated().GetStatus()
			for told == nil || told.Healthy == nil {
				told = events.skip().GetTaskUpdated().GetStatus()
			}
			if told.GetHealthy() || told.GetState() != mesospb.TaskState_TASK_RUNNING || told.GetTaskId().GetValue() != "ill" {
				t.Errorf("the event tells of %v", told)
			}
		})
	}
}

func aclsOf(t *testing.T, text string) *acl.ACLs {
	t.Helper()
	acls, err := acl.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return acls
}

func TestOperatorsTearDownOnlyWhatTheyMay(t *testing.T) {
	// covers: MasterAPITest.Teardown
	l := trusting(t, func(cfg *LocalConfig) {
		cfg.Master.AuthenticateReadonly, cfg.Master.AuthenticateReadwrite = false, true
		cfg.Master.ACLs = aclsOf(t, `{"teardown_frameworks": [{"principals": {"values": ["bob"]}, "framework_principals": {"type": "NONE"}},
			{"principals": {"values": ["ann"]}, "framework_principals": {"values": ["ann"]}}]}`)
	})
	for _, media := range encodings {
		framework := subscribed(t, l, "ann", "ann", "")
		known := func() *masterpb.Response_GetFrameworks {
			_, answer := operate(t, media, l.Master(), "ann", &masterpb.Call{Type: masterpb.Call_GET_FRAMEWORKS.Enum()})
			return answer.GetGetFrameworks()
		}
		before := len(known().GetCompletedFrameworks())
		teardown := &masterpb.Call{Type: masterpb.Call_TEARDOWN.Enum(), Teardown: &masterpb.Call_Teardown{FrameworkId: framework.id}}
		if status, _ := operate(t, media, l.Master(), "bob", teardown); status != http.StatusForbidden || len(known().GetFrameworks()) != 1 {
			t.Errorf("bob is answered %d, and then there are %v", status, known())
		}
		status, _ := operate(t, media, l.Master(), "ann", teardown)
		if f := known(); status != http.StatusOK || len(f.GetFrameworks()) != 0 || len(f.GetCompletedFrameworks()) != before+1 {
			t.Errorf("ann is answered %d, and then there are %v", status, f)
		}
		for { // the scheduler is disconnected
			if _, err := framework.events.Next(); err != nil {
				break
			}
		}
	}
}

func TestOperatorsSeeRoles(t *testing.T) {
	// covers: MasterAPITest.GetRoles
	cfg := localConfig(t)
	cfg.Master.Roles = map[string]bool{mesos.AnyRole: true, "role1": true}
	cfg.Master.Weights = map[string]float64{"role1": 2.5}
	cfg.Agent.Resources = "cpus(role1):0.5;mem(role1):512;ports(role1):[31000-31001];disk(role1):1024;gpus(role1):0"
	l := startLocalAs(t, cfg)
	s := subscribeTo(t, l.Master(), "role1")
	s.has(resources.MustParse("cpus(role1):0.5"))
	for _, media := range encodings {
		roles := look(t, media, l.Master(), masterpb.Call_GET_ROLES).GetGetRoles().GetRoles()
		if len(roles) != 2 || roles[0].GetName() != "*" || roles[1].GetName() != "role1" || roles[1].GetWeight() != 2.5 ||
			len(roles[1].GetFrameworks()) != 1 {
			t.Fatalf("there are %v", roles)
		}
		got, err := convert.Resources(roles[1].GetResources())
		if err != nil || !got.Equal(resources.MustParse("cpus:0.5;disk:1024;mem:512")) {
			t.Errorf("the role has %v, %v", roles[1].GetResources(), err)
		}
	}
}

func TestOperatorsChangeVolumes(t *testing.T) {
	// covers: MasterAPITest.CreateAndDestroyVolumes
	// covers: MasterAPITest.GrowVolume
	// covers: MasterAPITest.ShrinkVolume
	for _, media := range encodings {
		t.Run(media.String(), func(t *testing.T) {
			cfg := localConfig(t)
			cfg.Master.AllocationInterval = 50 * time.Millisecond
			cfg.Agent.Resources = "cpus(role1):1;mem(role1):512;disk(role1):192"
			l := startLocalAs(t, cfg)
			if err := l.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			agent := agentsOf(t, l.Master())[0].GetAgentInfo().GetId()
			change := func(call *masterpb.Call) {
				t.Helper()
				if status, _ := operate(t, media, l.Master(), "", call); status != http.StatusAccepted {
					t.Errorf("%s is answered %d", call.GetType(), status)
				}
			}
			volume := func(disk string) resources.Resources { return persistent(resources.MustParse(disk), "id1") }
			wire := func(disk string) *mesospb.Resource { return convert.ToWire(volume(disk))[0] }
			has := func(disk string) {
				t.Helper()
				total, err := convert.Resources(agentsOf(t, l.Master())[0].GetTotalResources())
				if err != nil || !total.Contains(volume(disk)) {
					t.Errorf("the agent has %s, not %s (%v)", total, volume(disk), err)
				}
			}
			change(&masterpb.Call{Type: masterpb.Call_CREATE_VOLUMES.Enum(), CreateVolumes: &masterpb.Call_CreateVolumes{
				AgentId: agent, Volumes: []*mesospb.Resource{wire("disk(role1):64")},
			}})
			has("disk(role1):64")
			change(&masterpb.Call{Type: masterpb.Call_GROW_VOLUME.Enum(), GrowVolume: &masterpb.Call_GrowVolume{
				AgentId: agent, Volume: wire("disk(role1):64"), Addition: convert.ToWire(resources.MustParse("disk(role1):128"))[0],
			}})
			has("disk(role1):192")
			change(&masterpb.Call{Type: masterpb.Call_SHRINK_VOLUME.Enum(), ShrinkVolume: &masterpb.Call_ShrinkVolume{
				AgentId: agent, Volume: wire("disk(role1):192"), Subtract: &mesospb.Value_Scalar{Value: proto.Float64(64)},
			}})
			has("disk(role1):128")

			// A framework is offered it, and a task runs there.
			s := subscribeTo(t, l.Master(), "role1")
			offer := s.has(volume("disk(role1):128"))
			s.launchOn(offer, &mesospb.TaskInfo{
				Name: new("t"), TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: offer.GetAgentId(), Command: shellCommand("echo abc > data/file"),
				Resources: append(allocatedToRole1("cpus(role1):0.1;mem(role1):32"), allocatedVolume(wire("disk(role1):128"))),
			})
			s.until("its end", taskIs("t", mesospb.TaskState_TASK_FINISHED))
			s.call(&schedulerpb.Call{Type: schedulerpb.Call_SUPPRESS.Enum(), Suppress: &schedulerpb.Call_Suppress{}})
			change(&masterpb.Call{Type: masterpb.Call_DESTROY_VOLUMES.Enum(), DestroyVolumes: &masterpb.Call_DestroyVolumes{
				AgentId: agent, Volumes: []*mesospb.Resource{wire("disk(role1):128")},
			}})
			if text := fmt.Sprint(agentsOf(t, l.Master())[0].GetTotalResources()); strings.Contains(text, "persistence") {
				t.Errorf("the agent has %s", text)
			}
		})
	}
}

// allocatedToRole1 is resources as a task of role1 names them.
func allocatedVolume(volume *mesospb.Resource) *mesospb.Resource {
	volume.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("role1")}
	return volume
}

func allocatedToRole1(text string) []*mesospb.Resource {
	list := convert.ToWire(resources.MustParse(text))
	for _, r := range list {
		r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("role1")}
	}
	return list
}
