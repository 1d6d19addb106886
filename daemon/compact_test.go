package daemon

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A message says the same when equal parts of it are one.
func TestCompactingChangesNothing(t *testing.T) {
	task := func(id, framework, agent, rs string) *mesospb.Task {
		executor := &mesospb.ExecutorID{Value: proto.String("e" + id)}
		return &mesospb.Task{
			Name: proto.String(id), TaskId: &mesospb.TaskID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: &framework},
			AgentId: &mesospb.AgentID{Value: &agent}, ExecutorId: executor, State: mesospb.TaskState_TASK_RUNNING.Enum(),
			Resources: convert.ToWire(resources.MustParse(rs)),
			Statuses: []*mesospb.TaskStatus{{
				TaskId: &mesospb.TaskID{Value: proto.String(id)}, State: mesospb.TaskState_TASK_RUNNING.Enum(),
				AgentId: &mesospb.AgentID{Value: &agent}, ExecutorId: &mesospb.ExecutorID{Value: proto.String("e1")},
			}},
		}
	}
	r := &linkpb.Reregister{
		AgentInfo:  &mesospb.AgentInfo{Hostname: proto.String("h"), Id: &mesospb.AgentID{Value: proto.String("A")}},
		Version:    proto.String("1"),
		Frameworks: []*mesospb.FrameworkInfo{{User: proto.String("u"), Name: proto.String("f"), Id: &mesospb.FrameworkID{Value: proto.String("F")}}},
		Tasks: []*mesospb.Task{
			task("1", "F", "A", "cpus:1;mem:32"), task("2", "F", "A", "cpus:1;mem:32"), task("3", "F", "B", "cpus:2"),
			task("4", "F", "A", "cpus:3"), task("5", "F", "A", "cpus:4"), task("6", "F", "A", "cpus:5"), task("7", "F", "A", "cpus:6"),
		},
		CompletedTasks: []*mesospb.Task{task("8", "G", "A", "cpus:1;mem:32"), task("9", "G", "A", "cpus:6"), task("10", "G", "A", "")},
	}
	whole := r.CloneVT()
	compact(&linkpb.ToMaster{Message: &linkpb.ToMaster_Reregister{Reregister: r}})
	if !r.EqualVT(whole) {
		t.Errorf("it was\n%v\nand is\n%v", whole, r)
	}
	one, two := r.Tasks[0], r.Tasks[1]
	if &one.Resources[0] != &two.Resources[0] || one.AgentId != r.AgentInfo.Id || one.FrameworkId != two.FrameworkId ||
		one.Statuses[0].AgentId != r.AgentInfo.Id || one.Statuses[0].TaskId != one.TaskId ||
		r.CompletedTasks[0].FrameworkId != r.CompletedTasks[1].FrameworkId ||
		&r.Tasks[6].Resources[0] != &r.CompletedTasks[1].Resources[0] {
		t.Error("equal parts are not one")
	}
}
