package kinds

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestWhoseTasksNobodyAcknowledges(t *testing.T) {
	frameworks := &masterpb.Response_GetFrameworks{}
	for id, connected := range map[string]bool{"there": true, "away": false} {
		frameworks.Frameworks = append(frameworks.Frameworks, &masterpb.Response_GetFrameworks_Framework{
			FrameworkInfo: &mesospb.FrameworkInfo{Id: &mesospb.FrameworkID{Value: proto.String(id)}}, Connected: &connected,
		})
	}
	tasks := &masterpb.Response_GetTasks{}
	add := func(framework, agent string, state mesospb.TaskState) {
		tasks.Tasks = append(tasks.Tasks, &mesospb.Task{
			FrameworkId: &mesospb.FrameworkID{Value: &framework}, AgentId: &mesospb.AgentID{Value: &agent}, State: state.Enum(),
		})
	}
	add("there", "S0", mesospb.TaskState_TASK_FINISHED)
	add("away", "S0", mesospb.TaskState_TASK_RUNNING)
	add("away", "S1", mesospb.TaskState_TASK_KILLED)
	if got := Unacknowledged(tasks, frameworks, "S0"); got != "" {
		t.Errorf("says %q", got)
	}
	want := "; the end of 1 is not acknowledged, since framework away is not connected: 'mesosctl teardown away' ends it"
	if got := Unacknowledged(tasks, frameworks, "S1"); got != want {
		t.Errorf("says %q", got)
	}
}
