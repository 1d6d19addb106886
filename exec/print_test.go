package exec

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What mesos-execute prints, as scripts that read it know it.
func TestAsMesosPrints(t *testing.T) {
	var out strings.Builder
	printer := AsMesos(&out)
	running := update(mesospb.TaskState_TASK_RUNNING, "").Event.GetUpdate().GetStatus()
	finished := update(mesospb.TaskState_TASK_FINISHED, "Command exited with status 0").Event.GetUpdate().GetStatus()
	unhealthy := update(mesospb.TaskState_TASK_RUNNING, "").Event.GetUpdate().GetStatus()
	unhealthy.Healthy = proto.Bool(false)
	unhealthy.Reason = mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED.Enum()
	unhealthy.CheckStatus = &mesospb.CheckStatusInfo{
		Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckStatusInfo_Command{ExitCode: proto.Int32(1)},
	}
	for _, n := range []Notice{
		Subscribed{FrameworkID: "b7e3aa64-2820-4f1c-8da3-564894574c49-0000"},
		Submitted{Names: []string{"echo-test"}, IDs: []mesos.TaskID{"echo-test"}, AgentID: "S0", Host: "h"},
		Updated{Status: running},
		Updated{Status: unhealthy},
		Killing{TaskID: "hello", AgentID: "S0"},
		Updated{Status: finished},
		Submitted{Group: true, Names: []string{"a", "b"}, IDs: []mesos.TaskID{"a", "b"}, AgentID: "S0"},
	} {
		printer(n)
	}
	want := `Subscribed with ID b7e3aa64-2820-4f1c-8da3-564894574c49-0000
Submitted task 'echo-test' to agent 'S0'
Received status update TASK_RUNNING for task 'hello'
  source: SOURCE_EXECUTOR
Received status update TASK_RUNNING for task 'hello'
  source: SOURCE_EXECUTOR
  reason: REASON_TASK_CHECK_STATUS_UPDATED
  healthy?: 0
  check status: COMMAND exit code 1
Asked to kill task 'hello' on agent 'S0'
Received status update TASK_FINISHED for task 'hello'
  message: 'Command exited with status 0'
  source: SOURCE_EXECUTOR
Submitted task group with tasks [ a, b ] to agent 'S0'
`
	if out.String() != want {
		t.Errorf("printed:\n%s\nwant:\n%s", out.String(), want)
	}
}
