package httpapi

import (
	"encoding/json"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fields checks members of an object, each given as JSON.
func fields(t *testing.T, got map[string]json.RawMessage, want map[string]string) {
	t.Helper()
	for name, value := range want {
		sameJSON(t, []byte(`"v":`+string(got[name])), `{"v":`+value+`}`)
	}
}

// https://mesos.apache.org/documentation/latest/endpoints/slave/state/
func TestTheStateOfAnAgent(t *testing.T) {
	// covers: SlaveTest.StateEndpoint
	type framework struct {
		ID        string
		Roles     []string
		Executors []struct {
			ID, Source, Role string
			Resources        json.RawMessage
			Tasks            []map[string]json.RawMessage
		}
	}
	config, view := anAgent()
	config.View = NewAgentView()
	config.View.PutAgent(agentInfo("M-S0"), "leader.example:5050")
	state := fetch[map[string]json.RawMessage](t, NewAgent(config), "/state")
	fields(t, state, map[string]string{
		"version": `"1.11.0"`, "id": `"M-S0"`, "pid": `"slave(1)@10.0.0.2:5051"`, "hostname": `"M-S0.example"`,
		"capabilities": `["MULTI_ROLE"]`, "attributes": `{"rack": "r1", "level": 3}`,
		"resources":  `{"cpus": 3.5, "mem": 1024, "disk": 4096, "gpus": 0, "ports": "[31000-32000]"}`,
		"frameworks": `[]`, "completed_frameworks": `[]`,
	})
	for _, name := range []string{"git_sha", "git_branch", "build_date", "build_time", "build_user", "start_time", "flags"} {
		if len(state[name]) == 0 {
			t.Errorf("there is no %s", name)
		}
	}
	config.View = view
	frameworks := fetch[struct{ Frameworks []framework }](t, NewAgent(config), "/state").Frameworks
	if len(frameworks) != 1 || frameworks[0].ID != "F" || len(frameworks[0].Roles) != 1 || len(frameworks[0].Executors) != 1 {
		t.Fatalf("the frameworks are %+v", frameworks)
	}
	e := frameworks[0].Executors[0]
	if e.ID != "E" || e.Source != "E" || e.Role != "*" || len(e.Tasks) != 1 {
		t.Fatalf("the executor is %+v", e)
	}
	fields(t, map[string]json.RawMessage{"resources": e.Resources}, map[string]string{"resources": `{"cpus": 0.15, "mem": 64, "disk": 0, "gpus": 0}`})
	fields(t, e.Tasks[0], map[string]string{
		"id": `"t1"`, "name": `"nt1"`, "state": `"TASK_RUNNING"`, "role": `"*"`,
		"resources": `{"cpus": 0.05, "mem": 32, "disk": 0, "gpus": 0}`,
	})
}

// https://mesos.apache.org/documentation/latest/maintenance/#draining-agents
func TestAnAgentTellsOfItsDrain(t *testing.T) {
	// covers: SlaveTest.DrainAgentKillsRunningTask
	config, view := anAgent()
	h := NewAgent(config)
	drain := &mesospb.DrainConfig{MaxGracePeriod: &mesospb.DurationInfo{Nanoseconds: new(int64(0))}, MarkGone: new(false)}
	for _, test := range []struct {
		config       *mesospb.DrainConfig
		since        time.Time
		drain, start string // in /state
	}{
		{drain, time.Unix(1000, 0), `{"max_grace_period": {"nanoseconds": 0}, "mark_gone": false}`, "1000"},
		{drain, time.Time{}, `{"max_grace_period": {"nanoseconds": 0}, "mark_gone": false}`, ""},
		{nil, time.Time{}, "", ""},
	} {
		view.PutDrain(test.config, test.since)
		state := fetch[map[string]json.RawMessage](t, h, "/state")
		if test.drain == "" && state["drain_config"] != nil || test.start == "" && state["estimated_drain_start_time_seconds"] != nil {
			t.Errorf("/state of %v: %s since %s", test.config, state["drain_config"], state["estimated_drain_start_time_seconds"])
		}
		if test.drain != "" {
			fields(t, state, map[string]string{"drain_config": test.drain})
		}
		if test.start != "" {
			fields(t, state, map[string]string{"estimated_drain_start_time_seconds": test.start})
		}
		got := call(t, h, `{"type":"GET_AGENT"}`, new(agentpb.Response)).GetGetAgent()
		if !got.GetDrainConfig().EqualVT(test.config) || (got.EstimatedDrainStartTime != nil) != (test.start != "") {
			t.Errorf("GET_AGENT: %v", got)
		}
	}
}

func TestWhatTasksAndExecutorsCarryIsInTheAgentsState(t *testing.T) {
	config, view := anAgent()
	labels := &mesospb.Labels{Labels: []*mesospb.Label{
		{Key: new("foo"), Value: new("bar")}, {Key: new("bar"), Value: new("baz")}, {Key: new("bar"), Value: new("qux")},
	}}
	discovery := &mesospb.DiscoveryInfo{
		Visibility: mesospb.DiscoveryInfo_EXTERNAL.Enum(), Name: new("mytask"), Environment: new("mytest"), Location: new("mylocation"), Version: new("v0.1.1"),
		Ports: &mesospb.Ports{Ports: []*mesospb.Port{
			{Number: new(uint32(8888)), Name: new("myport1"), Protocol: new("tcp")}, {Number: new(uint32(9999)), Name: new("myport2"), Protocol: new("udp")},
		}},
	}
	running := task("F", "M-S0", "t1", mesospb.TaskState_TASK_RUNNING, 1)
	running.Labels, running.Discovery = labels, discovery
	running.Statuses = []*mesospb.TaskStatus{{
		TaskId: running.TaskId, State: mesospb.TaskState_TASK_RUNNING.Enum(), Timestamp: new(1.0), Labels: labels,
		ContainerStatus: &mesospb.ContainerStatus{NetworkInfos: []*mesospb.NetworkInfo{
			{IpAddresses: []*mesospb.NetworkInfo_IPAddress{{IpAddress: new("10.0.0.2")}}},
		}},
	}}
	view.PutTask("c1", TaskLaunched, running, nil)
	view.PutExecutor(&ExecutorRecord{Container: "c3", Resources: allocated("*", "cpus:0.1;mem:32"), Info: &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: proto.String("pod")}, FrameworkId: frameworkID("F"), Labels: labels, Type: mesospb.ExecutorInfo_DEFAULT.Enum(),
	}})
	// The tasks of a group whose executor is not there yet.
	for _, id := range []string{"a", "b"} {
		queued := task("F", "M-S0", id, mesospb.TaskState_TASK_STAGING, 1)
		view.PutTask("c3", TaskQueued, queued, &mesospb.TaskInfo{TaskId: queued.TaskId, AgentId: queued.AgentId, Resources: queued.Resources})
	}
	executors := make(map[string]map[string]json.RawMessage)
	for _, e := range fetch[struct {
		Frameworks []struct {
			Executors []map[string]json.RawMessage
		}
	}](t, NewAgent(config), "/state").Frameworks[0].Executors {
		executors[string(e["container"])] = e
	}
	list := func(raw json.RawMessage) (tasks []map[string]json.RawMessage) {
		if err := json.Unmarshal(raw, &tasks); err != nil {
			t.Fatal(err)
		}
		return tasks
	}
	const labelled = `[{"key": "foo", "value": "bar"}, {"key": "bar", "value": "baz"}, {"key": "bar", "value": "qux"}]`
	// covers: SlaveTest.TaskLabels
	// covers: SlaveTest.DiscoveryInfoAndPorts
	fields(t, list(executors[`"c1"`]["tasks"])[0], map[string]string{
		"labels": labelled,
		"discovery": `{"visibility": "EXTERNAL", "name": "mytask", "environment": "mytest", "location": "mylocation", "version": "v0.1.1",
			"ports": {"ports": [{"number": 8888, "name": "myport1", "protocol": "tcp"}, {"number": 9999, "name": "myport2", "protocol": "udp"}]}}`,
	})
	// covers: SlaveTest.TaskStatusLabels
	// covers: SlaveTest.TaskStatusContainerStatus
	var statuses []map[string]json.RawMessage
	if err := json.Unmarshal(list(executors[`"c1"`]["tasks"])[0]["statuses"], &statuses); err != nil || len(statuses) != 1 {
		t.Fatalf("statuses: %v, %v", statuses, err)
	}
	fields(t, statuses[0], map[string]string{
		"state": `"TASK_RUNNING"`, "labels": labelled, "container_status": `{"network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": "10.0.0.2"}]}]}`,
	})
	// covers: SlaveTest.ExecutorLabels
	fields(t, executors[`"c3"`], map[string]string{"labels": labelled, "type": `"DEFAULT"`, "tasks": `[]`})
	// covers: SlaveTest.GetStateTaskGroupPending
	queued := list(executors[`"c3"`]["queued_tasks"])
	if len(queued) != 2 || string(queued[0]["id"]) != `"a"` || string(queued[1]["id"]) != `"b"` {
		t.Errorf("what waits for its executor is %s", executors[`"c3"`]["queued_tasks"])
	}
}
