package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func have(text string) []*mesospb.Resource { return convert.ToWire(resources.MustParse(text)) }

// allocated are resources that a role was given.
func allocated(role, text string) []*mesospb.Resource {
	list := have(text)
	for _, r := range list {
		r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: &role}
	}
	return list
}

func frameworkID(id string) *mesospb.FrameworkID { return &mesospb.FrameworkID{Value: &id} }
func agentID(id string) *mesospb.AgentID         { return &mesospb.AgentID{Value: &id} }

func at(seconds float64) *mesospb.TimeInfo {
	return &mesospb.TimeInfo{Nanoseconds: proto.Int64(int64(seconds * 1e9))}
}

func agentInfo(id string) *mesospb.AgentInfo {
	return &mesospb.AgentInfo{
		Id: agentID(id), Hostname: proto.String(id + ".example"), Port: proto.Int32(5051),
		Resources: have("cpus:2;mem:1024;disk:4096;ports:[31000-32000];cpus(ads):1.5"),
		Attributes: []*mesospb.Attribute{
			{Name: proto.String("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: proto.String("r1")}},
			{Name: proto.String("level"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(3)}},
		},
	}
}

func registeredAgent(id string) *masterpb.Response_GetAgents_Agent {
	info := agentInfo(id)
	return &masterpb.Response_GetAgents_Agent{
		AgentInfo: info, Active: proto.Bool(true), Deactivated: proto.Bool(false), Version: proto.String("1.11.0"),
		Pid: proto.String("slave(1)@10.0.0.2:5051"), RegisteredTime: at(1795292439.5),
		TotalResources: info.Resources, AllocatedResources: allocated("*", "cpus:1;mem:640"),
		Capabilities: []*mesospb.AgentInfo_Capability{{Type: mesospb.AgentInfo_Capability_MULTI_ROLE.Enum()}},
	}
}

func frameworkRecordOf(id string, connected bool, roles ...string) *masterpb.Response_GetFrameworks_Framework {
	info := &mesospb.FrameworkInfo{
		Id: frameworkID(id), Name: proto.String("n" + id), User: proto.String("root"), Hostname: proto.String("h"),
		WebuiUrl: proto.String(""), Principal: proto.String("p"),
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()}},
	}
	if len(roles) > 0 {
		info.Roles = roles
		info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()})
	}
	f := &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: info, Active: &connected, Connected: &connected, Recovered: proto.Bool(false),
		RegisteredTime: at(1795292505.126067),
	}
	if connected {
		f.AllocatedResources = allocated("*", "cpus:1;mem:640")
	}
	return f
}

func status(state mesospb.TaskState, seconds float64) *mesospb.TaskStatus {
	return &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: proto.String("x")}, State: &state, Timestamp: &seconds,
		ContainerStatus: &mesospb.ContainerStatus{
			ContainerId: &mesospb.ContainerID{Value: proto.String("c")}, ExecutorPid: proto.Uint32(7),
			NetworkInfos: []*mesospb.NetworkInfo{{IpAddresses: []*mesospb.NetworkInfo_IPAddress{{
				Protocol: mesospb.NetworkInfo_IPv4.Enum(), IpAddress: proto.String("127.0.0.1"),
			}}}},
		},
	}
}

func task(framework, agent, id string, state mesospb.TaskState, seconds float64) *mesospb.Task {
	return &mesospb.Task{
		Name: proto.String("n" + id), TaskId: &mesospb.TaskID{Value: &id}, FrameworkId: frameworkID(framework),
		AgentId: agentID(agent), State: &state, Resources: allocated("*", "cpus:0.05;mem:32"),
		Statuses: []*mesospb.TaskStatus{status(mesospb.TaskState_TASK_STARTING, seconds), status(state, seconds+1)},
	}
}

// cluster fills a view: two agents, a framework that runs and one that ended.
func cluster(v *MasterView) {
	v.PutAgent(registeredAgent("M-S0"))
	v.PutAgent(registeredAgent("M-S1"))
	v.PutFramework(frameworkRecordOf("F", true, "*", "ads"), false)
	v.PutFramework(frameworkRecordOf("G", true), false)
	for i := range 3 {
		v.PutTask(task("F", "M-S0", fmt.Sprint("t", i), mesospb.TaskState_TASK_RUNNING, float64(100+i)), TaskActive)
	}
	v.PutTask(task("G", "M-S1", "old", mesospb.TaskState_TASK_RUNNING, 50), TaskActive)
	v.PutTask(task("G", "M-S1", "old", mesospb.TaskState_TASK_FINISHED, 50), TaskCompleted)
	v.PutFramework(frameworkRecordOf("G", false), true)
}

// shape is the set of paths in JSON with their types.
func shape(value any, path string, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		into[path+" object"] = true
		for key, element := range value {
			shape(element, path+"."+key, into)
		}
	case []any:
		into[path+" array"] = true
		for _, element := range value {
			shape(element, path+"[]", into)
		}
	case bool:
		into[path+" bool"] = true
	case float64:
		into[path+" number"] = true
	case string:
		into[path+" string"] = true
	}
}

// checkShape fails if an answer lacks a field that Mesos's has. The shapes in
// testdata are those of the answers of a real cluster.
func checkShape(t *testing.T, h http.Handler, path, golden string) {
	t.Helper()
	answer := ask(h, "GET", path)
	var value any
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, answer.Body)
	}
	got := make(map[string]bool)
	shape(value, "", got)
	want, err := os.ReadFile("testdata/shapes/" + golden + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(want)) {
		if line = strings.TrimSpace(line); !got[line] {
			t.Errorf("%s lacks %s", path, line)
		}
	}
}

func TestTheMastersPagesHaveMesossFields(t *testing.T) {
	config, _ := leader()
	config.Version.GitBranch = proto.String("main")
	cluster(config.View)
	master := NewMaster(config)
	for path, golden := range map[string]string{
		"/state": "master_state", "/state-summary": "master_state-summary", "/slaves": "master_slaves",
		"/tasks": "master_tasks", "/frameworks": "master_frameworks", "/roles": "master_roles",
		"/version": "master_version", "/master/state": "master_state",
	} {
		checkShape(t, master, path, golden)
	}
}

// fetch decodes what a path answers.
func fetch[T any](t *testing.T, h http.Handler, path string) T {
	t.Helper()
	var value T
	answer := ask(h, "GET", path)
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, answer.Body)
	}
	return value
}

type object = map[string]any

func TestPagesOfAnEmptyCluster(t *testing.T) {
	// covers: MasterTest.SlavesEndpointWithoutSlaves
	// covers: MasterTest.FrameworksEndpointWithoutFrameworks
	config, _ := leader()
	master := NewMaster(config)
	for path, want := range map[string]string{
		"/slaves":     `{"slaves":[],"recovered_slaves":[]}`,
		"/frameworks": `{"frameworks":[],"completed_frameworks":[],"unregistered_frameworks":[]}`,
		"/tasks":      `{"tasks":[]}`,
		"/roles":      `{"roles":[]}`,
	} {
		if got := ask(master, "GET", path).Body.String(); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestPagesOfOneAgentOrFramework(t *testing.T) {
	// covers: MasterTest.SlavesEndpointTwoSlaves
	// covers: MasterTest.SlavesEndpointQuerySlave
	// covers: MasterTest.FrameworksEndpointMultipleFrameworks
	config, _ := leader()
	cluster(config.View)
	config.View.PutFramework(frameworkRecordOf("H", true), false)
	master := NewMaster(config)
	for path, want := range map[string]string{
		"/slaves":                       "M-S0 M-S1",
		"/slaves?slave_id=M-S1":         "M-S1",
		"/slaves?slave_id=none":         "",
		"/frameworks":                   "F H G",
		"/frameworks?framework_id=H":    "H",
		"/frameworks?framework_id=G":    "G",
		"/frameworks?framework_id=none": "",
	} {
		page := fetch[map[string][]object](t, master, path)
		var ids []string
		for _, list := range []string{"slaves", "frameworks", "completed_frameworks"} {
			for _, entry := range page[list] {
				ids = append(ids, entry["id"].(string))
			}
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestTheStateOfAnAgentInNumbers(t *testing.T) {
	// covers: MasterTest.StateEndpointAgentCapabilities
	config, _ := leader()
	cluster(config.View)
	agent := fetch[struct{ Slaves []object }](t, NewMaster(config), "/slaves?slave_id=M-S1").Slaves
	if len(agent) != 1 {
		t.Fatalf("%d agents", len(agent))
	}
	for key, want := range map[string]any{
		"id":                     "M-S1",
		"resources":              object{"cpus": 3.5, "mem": 1024.0, "disk": 4096.0, "gpus": 0.0, "ports": "[31000-32000]"},
		"reserved_resources":     object{"ads": object{"cpus": 1.5, "mem": 0.0, "disk": 0.0, "gpus": 0.0}},
		"unreserved_resources":   object{"cpus": 2.0, "mem": 1024.0, "disk": 4096.0, "gpus": 0.0, "ports": "[31000-32000]"},
		"capabilities":           []any{"MULTI_ROLE"},
		"used_resources":         object{"cpus": 1.0, "mem": 640.0, "disk": 0.0, "gpus": 0.0},
		"attributes":             object{"rack": "r1", "level": 3.0},
		"offered_resources_full": []any{},
	} {
		if diff := cmp.Diff(want, agent[0][key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestRevocableResourcesAreShownApart(t *testing.T) {
	list := have("cpus:1;cpus:2")
	revocable := have("cpus:4")
	revocable[0].Revocable = new(mesospb.Resource_RevocableInfo)
	got := string(appendResources(nil, "r", append(list, revocable...)))
	if want := `"r":{"cpus":3.0,"disk":0.0,"gpus":0.0,"mem":0.0,"cpus_revocable":4.0}`; got != want {
		t.Errorf("%s", got)
	}
}

func tasksOf(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	var ids []string
	for _, task := range fetch[struct{ Tasks []object }](t, h, path).Tasks {
		ids = append(ids, task["id"].(string))
	}
	return strings.Join(ids, " ")
}

func TestTasksAreOrderedSelectedAndPaged(t *testing.T) {
	config, _ := leader()
	cluster(config.View)
	master := NewMaster(config)
	for query, want := range map[string]string{
		"":                          "t2 t1 t0 old",
		"?order=asc":                "old t0 t1 t2",
		"?order=des":                "t2 t1 t0 old",
		"?limit=1":                  "t2",
		"?limit=2&offset=1":         "t1 t0",
		"?limit=x&offset=-1":        "t2 t1 t0 old",
		"?offset=99":                "",
		"?framework_id=G":           "old",
		"?framework_id=none":        "",
		"?task_id=t1":               "t1",
		"?framework_id=G&task_id=0": "",
	} {
		if got := tasksOf(t, master, "/tasks"+query); got != want {
			t.Errorf("%q: %s", query, got)
		}
	}
}

func TestSummariesCountTasks(t *testing.T) {
	config, _ := leader()
	cluster(config.View)
	summary := fetch[struct{ Slaves, Frameworks []object }](t, NewMaster(config), "/state-summary")
	if len(summary.Slaves) != 2 || len(summary.Frameworks) != 1 {
		t.Fatalf("%d agents, %d frameworks", len(summary.Slaves), len(summary.Frameworks))
	}
	agent, framework := summary.Slaves[0], summary.Frameworks[0]
	if agent["TASK_RUNNING"] != 3.0 || framework["TASK_RUNNING"] != 3.0 || framework["TASK_FINISHED"] != 0.0 {
		t.Errorf("agent %v, framework %v", agent["TASK_RUNNING"], framework["TASK_RUNNING"])
	}
	if diff := cmp.Diff([]any{"F"}, agent["framework_ids"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"M-S0"}, framework["slave_ids"]); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsAreReplacedMovedAndDropped(t *testing.T) {
	config, _ := leader()
	v := config.View
	cluster(v)
	master := NewMaster(config)
	v.PutTask(task("F", "M-S0", "t1", mesospb.TaskState_TASK_FAILED, 101), TaskCompleted)
	v.DropTask("F", "M-S0", "t0")
	v.DropTask("F", "M-S0", "never")
	v.DropAgent("M-S0")
	v.PutRecoveredAgent(agentInfo("M-S9"))
	v.PutExecutor("M-S1", &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: frameworkID("F"),
		Resources: allocated("*", "cpus:1"), Type: mesospb.ExecutorInfo_DEFAULT.Enum(),
	})
	v.PutOffer(&mesospb.Offer{
		Id: &mesospb.OfferID{Value: proto.String("M-O1")}, FrameworkId: frameworkID("F"), AgentId: agentID("M-S1"),
		Hostname: proto.String("h"), Resources: allocated("*", "cpus:2"),
	})
	state := fetch[struct {
		Slaves, Recovered_slaves []object
		Frameworks               []struct{ Tasks, Completed_tasks, Offers, Executors []object }
	}](t, master, "/state")
	f := state.Frameworks[0]
	if len(state.Slaves) != 1 || len(state.Recovered_slaves) != 1 || len(f.Tasks) != 1 || len(f.Completed_tasks) != 1 {
		t.Errorf("%+v", state)
	}
	if f.Offers[0]["id"] != "M-O1" || f.Offers[0]["slave_id"] != "M-S1" || f.Executors[0]["type"] != "DEFAULT" {
		t.Errorf("%v %v", f.Offers, f.Executors)
	}
	all := call(t, master, `{"type":"GET_STATE"}`, new(masterpb.Response)).GetGetState()
	if offers := all.GetGetFrameworks().GetFrameworks()[0].GetOffers(); len(offers) != 1 || offers[0].GetId().GetValue() != "M-O1" {
		t.Errorf("offers: %v", offers)
	}
	if e := all.GetGetExecutors().GetExecutors(); len(e) != 1 || e[0].GetAgentId().GetValue() != "M-S1" {
		t.Errorf("executors: %v", e)
	}
	if a := all.GetGetAgents().GetRecoveredAgents(); len(a) != 1 || a[0].GetId().GetValue() != "M-S9" {
		t.Errorf("recovered agents: %v", a)
	}
	v.DropOffer("F", "M-O1")
	v.DropExecutor("F", "M-S1", "E")
	v.PutAgent(registeredAgent("M-S9"))
	v.DropFramework("G")
	state.Frameworks = nil
	again := fetch[object](t, master, "/state")
	if len(again["recovered_slaves"].([]any)) != 0 || len(again["completed_frameworks"].([]any)) != 0 {
		t.Errorf("%v", again)
	}
	v.Reset()
	if again["activated_slaves"] != 2.0 || again["deactivated_slaves"] != 0.0 || again["unreachable_slaves"] != 4.0 {
		t.Errorf("%v, %v, %v", again["activated_slaves"], again["deactivated_slaves"], again["unreachable_slaves"])
	}
	if empty := fetch[object](t, master, "/state"); len(empty["slaves"].([]any)) != 0 || empty["activated_slaves"] != 0.0 {
		t.Errorf("after the term: %v", empty)
	}
}

// call sends an operator's call, is answered in both encodings, and returns the
// answer.
func call[R wire.Message](t *testing.T, h http.Handler, body string, answer R) R {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(body))
	request.Header.Set("Content-Type", jsonType)
	request.Header.Set("Accept", protobufType)
	protobuf := httptest.NewRecorder()
	h.ServeHTTP(protobuf, request)
	if err := wire.Unmarshal(protobuf.Body.Bytes(), answer); err != nil {
		t.Fatalf("%s: %d, %v", body, protobuf.Code, err)
	}
	other := proto.Clone(answer).(R)
	recorded := ask(h, "POST", "/api/v1", body)
	if recorded.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", body, recorded.Code, recorded.Body)
	}
	if err := wire.UnmarshalJSON(recorded.Body.Bytes(), answer); err != nil {
		t.Fatalf("%s: %v\n%s", body, err, recorded.Body)
	}
	if again := encode(t, wire.JSON, other); string(again) != recorded.Body.String() {
		t.Errorf("%s: the two encodings differ:\n%s\n%s", body, again, recorded.Body)
	}
	return answer
}

func TestOperatorCallsShowTheRecords(t *testing.T) {
	// covers: MasterAPITest.GetHealth
	// covers: MasterAPITest.GetVersion
	// covers: MasterAPITest.GetFlags
	// covers: MasterAPITest.GetMaster
	// covers: MasterAPITest.GetMetrics
	config, _ := leader()
	cluster(config.View)
	master := NewMaster(config)
	ask := func(kind string) *masterpb.Response {
		return call(t, master, `{"type":"`+kind+`","get_metrics":{}}`, new(masterpb.Response))
	}
	if !ask("GET_HEALTH").GetGetHealth().GetHealthy() {
		t.Error("not healthy")
	}
	if diff := cmp.Diff(config.Version, ask("GET_VERSION").GetGetVersion().GetVersionInfo(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if flags := ask("GET_FLAGS").GetGetFlags().GetFlags(); len(flags) != 3 || flags[0].GetName() != "cluster" || flags[0].GetValue() != "test" {
		t.Errorf("%v", flags)
	}
	if metrics := ask("GET_METRICS").GetGetMetrics().GetMetrics(); len(metrics) != 2 || metrics[0].GetName() != "master/elected" {
		t.Errorf("%v", metrics)
	}
	if got := ask("GET_MASTER").GetGetMaster(); got.GetMasterInfo().GetId() != "M" || got.GetElectedTime() != 1795292439 {
		t.Errorf("%v", got)
	}
	if roles := ask("GET_ROLES").GetGetRoles().GetRoles(); len(roles) != 2 || roles[0].GetName() != "*" || roles[1].GetName() != "ads" {
		t.Errorf("%v", roles)
	}
	if executors := ask("GET_EXECUTORS"); executors.GetGetExecutors() == nil {
		t.Errorf("%v", executors)
	}
	state := ask("GET_STATE").GetGetState()
	if len(state.GetGetAgents().GetAgents()) != 2 || len(state.GetGetTasks().GetTasks()) != 3 ||
		len(state.GetGetTasks().GetCompletedTasks()) != 1 || len(state.GetGetFrameworks().GetCompletedFrameworks()) != 1 {
		t.Errorf("%v", state)
	}
	if diff := cmp.Diff(state.GetGetTasks(), ask("GET_TASKS").GetGetTasks(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(state.GetGetAgents(), ask("GET_AGENTS").GetGetAgents(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(state.GetGetFrameworks(), ask("GET_FRAMEWORKS").GetGetFrameworks(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestTeardownGoesToTheBackend(t *testing.T) {
	config, _ := leader()
	operator := new(fakeOperator)
	config.Operator = operator
	answer := ask(NewMaster(config), "POST", "/api/v1", `{"type":"TEARDOWN","teardown":{"framework_id":{"value":"F"}}}`)
	if answer.Code != http.StatusAccepted || operator.tornDown != "F" {
		t.Errorf("%d, torn down %q", answer.Code, operator.tornDown)
	}
}

type fakeContainers struct{}

func (fakeContainers) Usage(context.Context, mesos.ContainerID) (*mesospb.ResourceStatistics, error) {
	return &mesospb.ResourceStatistics{
		Timestamp: proto.Float64(1795292534.1), CpusLimit: proto.Float64(0.15), CpusSoftLimit: proto.Float64(0.15),
		CpusSystemTimeSecs: proto.Float64(0.01), CpusUserTimeSecs: proto.Float64(0.02), MemLimitBytes: proto.Uint64(1 << 20),
		MemRssBytes: proto.Uint64(1 << 19), MemSoftLimitBytes: proto.Uint64(1 << 20),
	}, nil
}

// anAgent has one executor that runs and one that ended.
func anAgent() (Agent, *AgentView) {
	view := NewAgentView()
	config := Agent{
		Daemon: daemon(), Executor: new(fakeExecutor), Recovered: func() bool { return true }, View: view,
		Containers: fakeContainers{}, PID: "slave(1)@10.0.0.2:5051",
		Capabilities: []*mesospb.AgentInfo_Capability{{Type: mesospb.AgentInfo_Capability_MULTI_ROLE.Enum()}},
	}
	config.Version.GitBranch = proto.String("main")
	view.PutAgent(agentInfo("M-S0"), "leader.example:5050")
	view.PutFramework(frameworkRecordOf("F", true, "*").FrameworkInfo, false)
	view.PutFramework(frameworkRecordOf("G", true).FrameworkInfo, false)
	for framework, container := range map[string]mesos.ContainerID{"F": "c1", "G": "c2"} {
		view.PutExecutor(&ExecutorRecord{
			Info: &mesospb.ExecutorInfo{
				ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: frameworkID(framework),
				Name: proto.String("name"), Source: proto.String("E"), Resources: allocated("*", "cpus:0.1;mem:32"),
			},
			Container: container, Sandbox: "/w/slaves/M-S0", Resources: allocated("*", "cpus:0.15;mem:64"), Ended: framework == "G",
			Status: &mesospb.ContainerStatus{ContainerId: &mesospb.ContainerID{Value: proto.String(string(container))}, ExecutorPid: proto.Uint32(7)},
		})
	}
	view.PutTask("c1", TaskLaunched, task("F", "M-S0", "t1", mesospb.TaskState_TASK_RUNNING, 1), nil)
	view.PutTask("c2", TaskAcknowledged, task("G", "M-S0", "t2", mesospb.TaskState_TASK_FINISHED, 1), nil)
	view.PutFramework(frameworkRecordOf("G", true).FrameworkInfo, true)
	return config, view
}

func TestTheAgentsPagesHaveMesossFields(t *testing.T) {
	config, _ := anAgent()
	agent := NewAgent(config)
	for path, golden := range map[string]string{
		"/state": "agent_state", "/slave(1)/state": "agent_state",
		"/containers": "agent_containers", "/monitor/statistics": "agent_monitor_statistics",
		"/slave(1)/monitor/statistics": "agent_monitor_statistics",
	} {
		checkShape(t, agent, path, golden)
	}
	if list := fetch[[]object](t, agent, "/containers?container_id=none"); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

func TestTheAgentsCallsShowTheRecords(t *testing.T) {
	// covers: AgentAPITest.GetHealth
	// covers: AgentAPITest.GetVersion
	// covers: AgentAPITest.GetFlags
	// covers: AgentAPITest.GetMetrics
	// covers: AgentAPITest.GetAgent
	config, view := anAgent()
	agent := NewAgent(config)
	queued := task("F", "M-S0", "t3", mesospb.TaskState_TASK_STAGING, 1)
	view.PutTask("c1", TaskQueued, queued, &mesospb.TaskInfo{
		Name: proto.String("n"), TaskId: queued.TaskId, AgentId: queued.AgentId, Resources: queued.Resources,
		Command: &mesospb.CommandInfo{Value: proto.String("true")},
	})
	view.PutTask("c1", TaskTerminated, task("F", "M-S0", "t4", mesospb.TaskState_TASK_FAILED, 1), nil)
	ask := func(kind string) *agentpb.Response {
		return call(t, agent, `{"type":"`+kind+`","get_metrics":{}}`, new(agentpb.Response))
	}
	if !ask("GET_HEALTH").GetGetHealth().GetHealthy() {
		t.Error("not healthy")
	}
	if v := ask("GET_VERSION").GetGetVersion().GetVersionInfo().GetVersion(); v != "1.11.0" {
		t.Errorf("version %q", v)
	}
	if flags := ask("GET_FLAGS").GetGetFlags().GetFlags(); len(flags) != 3 || flags[2].GetName() != "port" {
		t.Errorf("%v", flags)
	}
	if metrics := ask("GET_METRICS").GetGetMetrics().GetMetrics(); len(metrics) != 2 {
		t.Errorf("%v", metrics)
	}
	state := ask("GET_STATE").GetGetState()
	tasks := state.GetGetTasks()
	if len(tasks.GetQueuedTasks()) != 1 || len(tasks.GetLaunchedTasks()) != 1 || len(tasks.GetTerminatedTasks()) != 1 || len(tasks.GetCompletedTasks()) != 1 {
		t.Errorf("%v", tasks)
	}
	if e := state.GetGetExecutors(); len(e.GetExecutors()) != 1 || len(e.GetCompletedExecutors()) != 1 {
		t.Errorf("%v", e)
	}
	if f := state.GetGetFrameworks(); len(f.GetFrameworks()) != 1 || len(f.GetCompletedFrameworks()) != 1 {
		t.Errorf("%v", f)
	}
	if c := ask("GET_CONTAINERS").GetGetContainers().GetContainers(); len(c) != 1 || c[0].GetContainerId().GetValue() != "c1" || c[0].GetResourceStatistics() == nil {
		t.Errorf("%v", c)
	}
	if id := ask("GET_AGENT").GetGetAgent().GetAgentInfo().GetId().GetValue(); id != "M-S0" {
		t.Errorf("agent %q", id)
	}
	page := fetch[struct {
		Frameworks []struct {
			Executors []struct{ Tasks, Queued_tasks, Completed_tasks []object }
		}
	}](t, agent, "/state").Frameworks[0].Executors[0]
	if page.Queued_tasks[0]["command"].(object)["value"] != "true" || page.Completed_tasks[0]["id"] != "t4" || page.Tasks[0]["id"] != "t1" {
		t.Errorf("%v", page)
	}
	view.DropTask("c1", "t4")
	view.DropExecutor("G", "c2")
	view.DropFramework("F")
	if tasks := ask("GET_TASKS").GetGetTasks(); !proto.Equal(tasks, new(agentpb.Response_GetTasks)) {
		t.Errorf("%v", tasks)
	}
}

func TestAShelfKeepsItsOrder(t *testing.T) {
	var s shelf[int, int]
	for i := range 1000 {
		s.put(i, i%2, &i)
	}
	for i := range 1000 {
		if i%10 != 0 {
			s.drop(i)
		}
	}
	moved := 990
	s.put(moved, 3, &moved)
	var got []int
	for _, list := range []int{0, 1, 3} {
		for _, v := range s.all(list) {
			got = append(got, *v)
		}
	}
	if !slices.IsSorted(got) || len(got) != 100 || s.len(0) != 99 || s.len(3) != 1 {
		t.Errorf("%d, %d: %v", s.len(0), s.len(3), got)
	}
	for _, key := range slices.Sorted(maps.Keys(s.places)) {
		if v, _ := s.get(key); v == nil || *v != key {
			t.Errorf("%d leads to %v", key, v)
		}
	}
}
