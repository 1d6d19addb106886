package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

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

func TestRolesAndConstraintsOfAFrameworkAreShownAsTheyAreNow(t *testing.T) {
	// covers: UpdateFrameworkTest.OfferConstraints
	// covers: UpgradeTest.MultiRoleSchedulerUpgrade
	config, _ := leader()
	master := NewMaster(config)
	old := frameworkRecordOf("F", true)
	old.FrameworkInfo.Role = proto.String("foo")
	config.View.PutFramework(old, false)
	for _, path := range []string{"/state", "/frameworks"} { // so that they are cached
		f := fetch[struct{ Frameworks []object }](t, master, path).Frameworks[0]
		if f["role"] != "foo" || f["roles"] != nil || len(f["offer_constraints"].(object)) > 0 {
			t.Errorf("%s: %v", path, f)
		}
	}
	const constraints = `{"role_constraints":{"foo":{"groups":[{"attribute_constraints":[` +
		`{"selector":{"attribute_name":"rack"},"predicate":{"not_exists":{}}}]}]}}}`
	f := frameworkRecordOf("F", true, "foo")
	f.OfferConstraints = new(schedulerpb.OfferConstraints)
	if err := wire.UnmarshalJSON([]byte(constraints), f.OfferConstraints); err != nil {
		t.Fatal(err)
	}
	config.View.PutFramework(f, false)
	var want object
	if err := json.Unmarshal([]byte(constraints), &want); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/state", "/frameworks"} {
		f := fetch[struct{ Frameworks []object }](t, master, path).Frameworks[0]
		if diff := cmp.Diff(object{"roles": []any{"foo"}, "offer_constraints": want},
			object{"roles": f["roles"], "offer_constraints": f["offer_constraints"]}); diff != "" || f["role"] != nil {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	listed := call(t, master, `{"type":"GET_FRAMEWORKS"}`, new(masterpb.Response)).GetGetFrameworks().GetFrameworks()
	if len(listed) != 1 || !listed[0].GetOfferConstraints().EqualVT(f.OfferConstraints) {
		t.Errorf("GET_FRAMEWORKS: %v", listed)
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
	if answer.Code != http.StatusOK || operator.tornDown != "F" {
		t.Errorf("%d, torn down %q", answer.Code, operator.tornDown)
	}
}
