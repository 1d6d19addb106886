//go:build !windows

package daemon

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Whose sandbox it would be nobody knows, so nothing of the task is begun.
// https://mesos.apache.org/documentation/latest/sandbox/
func TestTasksOfUsersThatThereAreNotAreDropped(t *testing.T) {
	// covers: SlaveTest.ROOT_RunTaskWithCommandInfoWithInvalidUser
	cfg := localConfig(t)
	cfg.Agent.SwitchUser = true
	l := startLocalAs(t, cfg)
	s := subscribe(t, l.Master(), mesospb.FrameworkInfo_Capability_PARTITION_AWARE)
	const nobody = "there-is-no-such-user"
	check := func(what string) {
		t.Helper()
		status := s.ended()
		if status.GetState() != mesospb.TaskState_TASK_DROPPED || status.GetSource() != mesospb.TaskStatus_SOURCE_AGENT ||
			!strings.Contains(status.GetMessage(), nobody) {
			t.Errorf("%s: %v", what, status)
		}
	}
	command := &mesospb.CommandInfo{Value: proto.String("true"), User: proto.String(nobody)}
	task := func(id string) *mesospb.TaskInfo {
		return &mesospb.TaskInfo{
			Name: &id, TaskId: &mesospb.TaskID{Value: &id}, Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32)},
		}
	}
	of := task("command")
	of.Command = command
	s.acceptTask(of)
	check("a command task")
	of = task("custom")
	of.Executor = &mesospb.ExecutorInfo{ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")}, Command: command}
	s.acceptTask(of)
	check("a task of a custom executor")
}
