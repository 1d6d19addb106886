package httpapi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// wantFields compares fields of an object.
func wantFields(t *testing.T, what string, got object, want map[string]any) {
	t.Helper()
	for key, want := range want {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", what, key, diff)
		}
	}
}

func TestTheStateOfAMasterAlone(t *testing.T) {
	// covers: MasterTest.StateEndpoint
	config, _ := leader()
	config.Version.GitBranch, config.Version.GitTag = proto.String("main"), proto.String("v1")
	config.Started = time.Unix(1795292438, 0)
	answer := ask(NewMaster(config), "GET", "/state")
	if kind := answer.Header().Get("Content-Type"); answer.Code != 200 || kind != jsonType {
		t.Errorf("%d %s", answer.Code, kind)
	}
	wantFields(t, "/state", fetch[object](t, NewMaster(config), "/state"), map[string]any{
		"version": "1.11.0", "git_sha": "abc", "git_branch": "main", "git_tag": "v1",
		"build_date": "2026-11-21 00:00:00 UTC", "build_time": 1795289312.0, "build_user": "x", "start_time": 1795292438.0,
		"id": "M", "pid": "master@10.0.0.1:5050", "hostname": "leader.example", "cluster": "test",
		"leader_info":      object{"id": "M", "pid": "master@10.0.0.1:5050", "port": 5050.0, "hostname": "leader.example"},
		"activated_slaves": 0.0, "deactivated_slaves": 0.0, "capabilities": []any{"AGENT_UPDATE"},
		"flags":  object{"port": "5050", "cluster": "test", "ip": "127.0.0.1"},
		"slaves": []any{}, "frameworks": []any{}, "completed_frameworks": []any{}, "orphan_tasks": []any{}, "unregistered_frameworks": []any{},
	})
}

func TestTheStateOfAFramework(t *testing.T) {
	// covers: MasterTest.StateEndpointFrameworkInfo
	// covers: MasterTest.StateEndpointAllocationRole
	config, _ := leader()
	v := config.View
	record := frameworkRecordOf("F", true, "foo")
	info := record.FrameworkInfo
	info.WebuiUrl, info.Capabilities = proto.String("http://localhost:8080/"), nil
	var names []any
	for _, c := range []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesospb.FrameworkInfo_Capability_GPU_RESOURCES, mesospb.FrameworkInfo_Capability_PARTITION_AWARE,
		mesospb.FrameworkInfo_Capability_MULTI_ROLE, mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
	} {
		info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{Type: c.Enum()})
		names = append(names, c.String())
	}
	v.PutFramework(record, false)
	running := task("F", "M-S0", "t", mesospb.TaskState_TASK_RUNNING, 1)
	running.Resources = allocated("foo", "cpus:1")
	v.PutTask(running, TaskActive)
	v.PutExecutor("M-S0", &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, FrameworkId: frameworkID("F"), Resources: allocated("foo", "cpus:0.1"),
	})
	v.PutOffer(&mesospb.Offer{
		Id: &mesospb.OfferID{Value: proto.String("O")}, FrameworkId: frameworkID("F"), AgentId: agentID("M-S0"), Hostname: proto.String("h"),
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: proto.String("foo")}, Resources: allocated("foo", "cpus:2"),
	})
	frameworks := fetch[struct{ Frameworks []object }](t, NewMaster(config), "/state").Frameworks
	if len(frameworks) != 1 {
		t.Fatalf("there are %d frameworks", len(frameworks))
	}
	f := frameworks[0]
	wantFields(t, "framework", f, map[string]any{"webui_url": "http://localhost:8080/", "capabilities": names})
	for list, want := range map[string]map[string]any{
		"tasks": {"id": "t", "role": "foo"}, "executors": {"executor_id": "E", "role": "foo"},
		"offers": {"id": "O", "allocation_info": object{"role": "foo"}},
	} {
		if entries := f[list].([]any); len(entries) != 1 {
			t.Errorf("there are %d %s", len(entries), list)
		} else {
			wantFields(t, list, entries[0].(object), want)
		}
	}
}

func TestASummaryFollowsATaskToItsEnd(t *testing.T) {
	// covers: MasterTest.StateSummaryEndpoint
	config, _ := leader()
	v := config.View
	v.PutAgent(registeredAgent("M-S0"))
	v.PutFramework(frameworkRecordOf("F", true), false)
	v.PutTask(task("F", "M-S0", "t", mesospb.TaskState_TASK_RUNNING, 1), TaskActive)
	master := NewMaster(config)
	for _, step := range []struct{ running, killed float64 }{{1, 0}, {0, 1}} {
		page := fetch[object](t, master, "/state-summary")
		wantFields(t, "/state-summary", page, map[string]any{"hostname": "leader.example", "cluster": "test"})
		for _, list := range []string{"slaves", "frameworks"} {
			entries := page[list].([]any)
			if len(entries) != 1 {
				t.Fatalf("there are %d %s", len(entries), list)
			}
			wantFields(t, list, entries[0].(object), map[string]any{"TASK_RUNNING": step.running, "TASK_KILLED": step.killed})
		}
		v.PutTask(task("F", "M-S0", "t", mesospb.TaskState_TASK_KILLED, 2), TaskCompleted)
	}
}
