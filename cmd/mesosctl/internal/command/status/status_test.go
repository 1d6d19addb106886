package status

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func wireResources(t *testing.T, text string) []*mesospb.Resource {
	t.Helper()
	r, err := resources.Parse(text, "*")
	if err != nil {
		t.Fatal(err)
	}
	return convert.ToWire(r)
}

func TestSummary(t *testing.T) {
	task := func(state mesospb.TaskState) *mesospb.Task { return &mesospb.Task{State: &state} }
	framework := func(active bool) *masterpb.Response_GetFrameworks_Framework {
		return &masterpb.Response_GetFrameworks_Framework{Active: &active}
	}
	s, err := summarize(&masterpb.Response_GetState{
		GetAgents: &masterpb.Response_GetAgents{Agents: []*masterpb.Response_GetAgents_Agent{
			{Active: proto.Bool(true), TotalResources: wireResources(t, "cpus:1.5;mem:100;ports:[1-9]"),
				AllocatedResources: wireResources(t, "cpus:0.5"), OfferedResources: wireResources(t, "cpus:0.25;mem:10")},
			{Active: proto.Bool(true), TotalResources: wireResources(t, "cpus(dev):2;mem:28")},
			{Active: proto.Bool(false), TotalResources: wireResources(t, "cpus:64")},
		}},
		GetFrameworks: &masterpb.Response_GetFrameworks{
			Frameworks:          []*masterpb.Response_GetFrameworks_Framework{framework(true), framework(false)},
			CompletedFrameworks: []*masterpb.Response_GetFrameworks_Framework{framework(false)},
		},
		GetTasks: &masterpb.Response_GetTasks{
			Tasks:          []*mesospb.Task{task(mesospb.TaskState_TASK_RUNNING), task(mesospb.TaskState_TASK_RUNNING)},
			CompletedTasks: []*mesospb.Task{task(mesospb.TaskState_TASK_FAILED)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Leader, s.Masters = "a:1", []Master{{"a:1", "leader"}, {"b:1", "standby"}}

	var out strings.Builder
	if err := table(&iostreams.Streams{Out: &out}, s); err != nil {
		t.Fatal(err)
	}
	want := `leader      a:1
masters     a:1 (leader), b:1 (standby)
agents      2 active, 1 inactive
frameworks  1 active, 1 inactive, 1 completed
tasks       1 TASK_FAILED, 2 TASK_RUNNING

RESOURCE  TOTAL  ALLOCATED  OFFERED  FREE
cpus      3.5    0.5        0.25     2.75
mem       128    0          10       118
`
	if out.String() != want {
		t.Errorf("table is\n%swant\n%s", out.String(), want)
	}

	out.Reset()
	if err := output.Print(&out, output.YAML, s, nil); err != nil || !strings.Contains(out.String(), "leader: a:1\n") {
		t.Errorf("yaml is %s, %v", out.String(), err)
	}
	out.Reset()
	if err := output.Print(&out, output.JSON, s, nil); err != nil || !strings.Contains(out.String(), `"TASK_RUNNING": 2`) {
		t.Errorf("json is %s, %v", out.String(), err)
	}
}

func TestSummaryOfAnEmptyCluster(t *testing.T) {
	s, err := summarize(&masterpb.Response_GetState{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := table(&iostreams.Streams{Out: &out}, s); err != nil || strings.Count(out.String(), "none") != 3 {
		t.Errorf("table is\n%s, %v", out.String(), err)
	}
}
