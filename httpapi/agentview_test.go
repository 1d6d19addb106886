package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type fakeContainers struct{ Containers }

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

func TestTheAgentShowsWhatIsReserved(t *testing.T) {
	// covers: ReservationEndpointsTest.AgentStateEndpointResources
	config, _ := anAgent()
	config.View = NewAgentView()
	view := config.View
	mine, err := resources.MustParse("cpus:1;mem:512;disk:1024").PushReservation(resources.Reservation{Dynamic: true, Role: "role1", Principal: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	view.PutAgent(agentInfo("M-S0"), "leader.example:5050")
	view.PutResources(convert.ToWire(resources.MustParse("cpus:3;mem:1536;disk:3072;ports:[31000-32000];cpus(role):2;mem(role):512").Add(mine)))
	view.PutFramework(frameworkRecordOf("F", true, "*").FrameworkInfo, false)
	view.PutExecutor(&ExecutorRecord{
		Info:      &mesospb.ExecutorInfo{ExecutorId: &mesospb.ExecutorID{Value: new("t")}, FrameworkId: frameworkID("F")},
		Container: "c1", Resources: convert.ToWire(resources.MustParse("cpus(role):2;mem(role):512;cpus:2.1;mem:1056").Allocate("role")),
	})
	state := fetch[map[string]json.RawMessage](t, NewAgent(config), "/state")
	scalar := func(name string, value int, role string) string {
		return fmt.Sprintf(`{"name":%q,"role":%q,"scalar":{"value":%d.0},"type":"SCALAR"`, name, role, value)
	}
	fixed := `,"reservations":[{"role":"role","type":"STATIC"}]}`
	dynamic := `,"reservation":{"principal":"ops"},"reservations":[{"principal":"ops","role":"role1","type":"DYNAMIC"}]}`
	for field, want := range map[string]string{
		"reserved_resources": `{"role":{"cpus":2.0,"disk":0.0,"gpus":0.0,"mem":512.0},
			"role1":{"cpus":1.0,"disk":1024.0,"gpus":0.0,"mem":512.0}}`,
		"reserved_resources_allocated":   `{"role":{"cpus":2.0,"disk":0.0,"gpus":0.0,"mem":512.0}}`,
		"unreserved_resources":           `{"cpus":3.0,"disk":3072.0,"gpus":0.0,"mem":1536.0,"ports":"[31000-32000]"}`,
		"unreserved_resources_allocated": `{"cpus":2.1,"disk":0.0,"gpus":0.0,"mem":1056.0}`,
		"reserved_resources_full": `{"role":[` + scalar("cpus", 2, "role") + fixed + `,` + scalar("mem", 512, "role") + fixed + `],
			"role1":[` + scalar("cpus", 1, "role1") + dynamic + `,` + scalar("mem", 512, "role1") + dynamic + `,` + scalar("disk", 1024, "role1") + dynamic + `]}`,
		"unreserved_resources_full": `[` + scalar("cpus", 3, "*") + `},` + scalar("mem", 1536, "*") + `},` + scalar("disk", 3072, "*") + `},
			{"name":"ports","role":"*","ranges":{"range":[{"begin":31000,"end":32000}]},"type":"RANGES"}]`,
	} {
		var is, wanted any
		if err := errors.Join(json.Unmarshal(state[field], &is), json.Unmarshal([]byte(want), &wanted)); err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		if diff := cmp.Diff(wanted, is); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

func TestTheAgentsCallsShowTheRecords(t *testing.T) {
	// covers: AgentAPITest.GetHealth
	// covers: AgentAPITest.GetVersion
	// covers: AgentAPITest.GetFlags
	// covers: AgentAPITest.GetMetrics
	// covers: AgentAPITest.GetAgent
	// covers: AgentAPITest.GetState
	// covers: AgentAPITest.GetTasks
	// covers: AgentAPITest.GetExecutors
	// covers: AgentAPITest.GetFrameworks
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
	for kind, is := range map[string]func(*agentpb.Response) bool{
		"GET_TASKS":              func(r *agentpb.Response) bool { return proto.Equal(r.GetGetTasks(), tasks) },
		"GET_EXECUTORS":          func(r *agentpb.Response) bool { return proto.Equal(r.GetGetExecutors(), state.GetGetExecutors()) },
		"GET_FRAMEWORKS":         func(r *agentpb.Response) bool { return proto.Equal(r.GetGetFrameworks(), state.GetGetFrameworks()) },
		"GET_RESOURCE_PROVIDERS": func(r *agentpb.Response) bool { return len(r.GetGetResourceProviders().GetResourceProviders()) == 0 },
	} {
		if got := ask(kind); !is(got) || got.GetType().String() != kind {
			t.Errorf("%s: %v", kind, got)
		}
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
	if a := ask("GET_AGENT").GetGetAgent(); a.GetAgentInfo().GetId().GetValue() != "M-S0" || a.DrainConfig != nil || a.EstimatedDrainStartTime != nil {
		t.Errorf("agent %v", a)
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

func TestTasksOfCompletedExecutorsHaveEnded(t *testing.T) {
	// covers: AgentAPITest.GetStateWithNonTerminalCompletedTask
	// covers: AgentAPITest.TeardownAndGetStateWithNonTerminalCompletedTask
	config, view := anAgent()
	view.PutTask("c2", TaskLaunched, task("G", "M-S0", "t5", mesospb.TaskState_TASK_RUNNING, 1), nil)
	tasks := call(t, NewAgent(config), `{"type":"GET_STATE"}`, new(agentpb.Response)).GetGetState().GetGetTasks()
	if len(tasks.GetLaunchedTasks()) != 1 || len(tasks.GetTerminatedTasks()) != 1 || tasks.GetTerminatedTasks()[0].GetState() != mesospb.TaskState_TASK_RUNNING {
		t.Errorf("%v", tasks)
	}
}
