package executor

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor/check"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// checkedTask has a check and a health check, both due at once and then every second.
func checkedTask() *mesospb.TaskInfo {
	task := newTask("t")
	command := &mesospb.CommandInfo{Value: proto.String("true")}
	task.Check = &mesospb.CheckInfo{
		Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckInfo_Command{Command: command},
		DelaySeconds: new(0.0), IntervalSeconds: new(1.0),
	}
	task.HealthCheck = &mesospb.HealthCheck{
		Type: mesospb.HealthCheck_COMMAND.Enum(), Command: command, ConsecutiveFailures: new(uint32(2)),
		DelaySeconds: new(0.0), IntervalSeconds: new(1.0), GracePeriodSeconds: new(0.0),
	}
	return task
}

func exitCode(code int32) check.Result {
	return check.Result{Status: &mesospb.CheckStatusInfo{
		Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckStatusInfo_Command{ExitCode: &code},
	}}
}

func (f *fixture) checked(which Which, serial int, code int32) []Effect {
	return f.step(Checked{Container: "c", Which: which, Serial: serial, Result: exitCode(code)})
}

// told is the one status that effects tell.
func (f *fixture) told(effects []Effect) *mesospb.TaskStatus {
	f.t.Helper()
	var status *mesospb.TaskStatus
	for _, effect := range effects {
		if send, ok := effect.(Send); ok {
			if status != nil {
				f.t.Fatalf("more than one status in %v", effects)
			}
			status = send.Call.GetUpdate().GetStatus()
		}
	}
	if status == nil {
		f.t.Fatalf("no status in %v", effects)
	}
	return status
}

func TestStatusOfATaskWithACheckAlwaysHasAResult(t *testing.T) {
	f := newFixture(t)
	for _, effects := range [][]Effect{
		f.launch(checkedTask()),
		f.step(Launched{}),
		f.step(exited(0)),
	} {
		if result := f.told(effects).GetCheckStatus(); result.GetType() != mesospb.CheckInfo_COMMAND ||
			result.Command == nil || result.Command.ExitCode != nil {
			t.Errorf("check status = %v", result)
		}
	}
}

func TestChecksDoNotHideEachOther(t *testing.T) {
	f := newFixture(t)
	f.running(checkedTask())
	f.expect(f.tick(0), "check 1", "health check 1")
	status := f.told(f.checked(GeneralCheck, 1, 7))
	if status.GetState() != mesospb.TaskState_TASK_RUNNING || status.Healthy != nil ||
		status.GetReason() != mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED ||
		status.GetCheckStatus().GetCommand().GetExitCode() != 7 || status.GetContainerStatus().GetExecutorPid() != 42 {
		t.Errorf("status after a check = %v", status)
	}
	status = f.told(f.checked(HealthCheck, 1, 0))
	if status.Healthy == nil || !*status.Healthy || status.Message != nil ||
		status.GetReason() != mesospb.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED ||
		status.GetCheckStatus().GetCommand().GetExitCode() != 7 {
		t.Errorf("status after a health check = %v", status)
	}
	f.expect(f.tick(time.Second), "check 2", "health check 2")
	if status = f.told(f.checked(GeneralCheck, 2, 8)); status.Healthy == nil || !*status.Healthy {
		t.Errorf("status after another check = %v", status)
	}
	f.expect(f.checked(HealthCheck, 2, 0)) // as before
}

func TestTaskThatIsUnhealthyTooOftenIsKilled(t *testing.T) {
	f := newFixture(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	task := checkedTask()
	task.Check = nil
	task.KillPolicy = &mesospb.KillPolicy{GracePeriod: seconds(7)}
	f.running(task)
	f.expect(f.tick(0), "health check 1")
	status := f.told(f.checked(HealthCheck, 1, 1))
	if status.Healthy == nil || *status.Healthy || status.GetMessage() != "health check: command exited with status 1" {
		t.Errorf("status = %v", status)
	}
	f.expect(f.tick(time.Second), "health check 2")
	f.expect(f.checked(HealthCheck, 2, 1),
		"TASK_RUNNING REASON_TASK_HEALTH_CHECK_STATUS_UPDATED: health check: command exited with status 1",
		"stop checks", "TASK_KILLING", "terminated")
	f.expect(f.tick(7*time.Second), "destroy")
	status = f.told(f.step(exited(0)))
	if status.GetState() != mesospb.TaskState_TASK_KILLED || status.Healthy == nil || *status.Healthy {
		t.Errorf("terminal status = %v", status)
	}
}

// covers: CommandExecutorTest.NoTransitionFromKillingToRunning
func TestKilledTaskIsNotCheckedAnyMore(t *testing.T) {
	f := newFixture(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	f.running(checkedTask())
	f.expect(f.tick(0), "check 1", "health check 1")
	f.expect(f.kill("t", nil), "stop checks", "TASK_KILLING", "terminated")
	f.expect(f.checked(GeneralCheck, 1, 0)) // was on its way
	f.expect(f.checked(HealthCheck, 1, 0))
	f.expect(f.tick(defaultKillGracePeriod), "destroy")
	f.expect(f.step(exited(0)), "TASK_KILLED: Command exited with status 0")
}

func TestTaskThatEndedIsNotCheckedAnyMore(t *testing.T) {
	f := newFixture(t)
	f.running(checkedTask())
	f.expect(f.tick(0), "check 1", "health check 1")
	f.expect(f.step(exited(0)), "stop checks", "TASK_FINISHED: Command exited with status 0")
	f.expect(f.checked(GeneralCheck, 1, 0))
	if next := f.c.Next().Sub(f.now); next != acknowledgementTimeout {
		t.Errorf("next tick in %v", next)
	}
}

func TestResumedTaskIsCheckedOn(t *testing.T) {
	f := &fixture{t: t, c: NewCommand(coreConfig()), now: time.Unix(1000, 0)}
	told := &mesospb.TaskStatus{
		State: mesospb.TaskState_TASK_RUNNING.Enum(), Healthy: new(true), CheckStatus: exitCode(7).Status,
		ContainerStatus: container.HostStatus("c", "192.0.2.7", 42),
	}
	f.expect(f.step(Resume{[]Recovered{{Task: checkedTask(), Told: told}}}), "executor.Adopt", "SUBSCRIBE")
	f.event(executorpb.Event_SUBSCRIBED, nil)
	f.expect(f.tick(0), "check 1", "health check 1")
	f.expect(f.checked(GeneralCheck, 1, 7)) // is known
	f.expect(f.checked(HealthCheck, 1, 0))
	f.expect(f.tick(time.Second), "check 2", "health check 2")
	if status := f.told(f.checked(HealthCheck, 2, 1)); status.GetCheckStatus().GetCommand().GetExitCode() != 7 {
		t.Errorf("status = %v", status)
	}
}
