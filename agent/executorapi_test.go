package agent

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The rules of calls are those of
// https://mesos.apache.org/documentation/latest/executor-http-api/.

func TestExecutorSubscribes(t *testing.T) {
	// covers: ExecutorHttpApiTest.Subscribe
	s := scene(t, "run task=t executor=E")
	s.wants(s.do("subscribe"), "reply: accepted", "to executor s-E: SUBSCRIBED F/E on M-S0 in c1",
		"to executor s-E: LAUNCH t")
}

func TestCallWithAFieldMissingOrWrongIsRefusedByName(t *testing.T) {
	// covers: ExecutorHttpApiTest.ValidProtobufInvalidCall
	// covers: ExecutorHttpApiTest.StatusUpdateCallFailedValidation
	s := scene(t, "run task=t executor=E", "subscribe")
	executor, framework := &mesospb.ExecutorID{Value: new("E")}, &mesospb.FrameworkID{Value: new("F")}
	status := func(change func(*mesospb.TaskStatus)) *executorpb.Call {
		status := executorStatus(arguments{"state": "RUNNING", "uuid": "1"})
		change(status)
		return &executorpb.Call{Type: executorpb.Call_UPDATE.Enum(), ExecutorId: executor, FrameworkId: framework,
			Update: &executorpb.Call_Update{Status: status}}
	}
	of := func(t executorpb.Call_Type) *executorpb.Call {
		return &executorpb.Call{Type: t.Enum(), ExecutorId: executor, FrameworkId: framework}
	}
	for _, c := range []struct {
		call *executorpb.Call
		want string
	}{
		{&executorpb.Call{ExecutorId: executor, FrameworkId: framework}, "expecting 'type' to be present"},
		{&executorpb.Call{Type: executorpb.Call_MESSAGE.Enum(), FrameworkId: framework}, "expecting 'executor_id' to be present"},
		{&executorpb.Call{Type: executorpb.Call_MESSAGE.Enum(), ExecutorId: executor}, "expecting 'framework_id' to be present"},
		{of(executorpb.Call_UPDATE), "expecting 'update' to be present"},
		{of(executorpb.Call_MESSAGE), "expecting 'message' to be present"},
		{of(executorpb.Call_UNKNOWN), "type UNKNOWN is not known"},
		{status(func(s *mesospb.TaskStatus) { s.Uuid = nil }), "expecting 'uuid' to be present"},
		{status(func(s *mesospb.TaskStatus) { s.Uuid = []byte("short") }), "'uuid' has 5 bytes instead of 16"},
		{status(func(s *mesospb.TaskStatus) { s.ExecutorId = &mesospb.ExecutorID{Value: new("X")} }),
			`'executor_id' is "X" in the status but "E" in the call`},
		{status(func(s *mesospb.TaskStatus) { s.Source = nil }), "'source' must be SOURCE_EXECUTOR"},
		{status(func(s *mesospb.TaskStatus) { s.State = mesospb.TaskState_TASK_STAGING.Enum() }),
			"'state' must not be TASK_STAGING"},
		{status(func(s *mesospb.TaskStatus) {
			s.CheckStatus = &mesospb.CheckStatusInfo{Type: mesospb.CheckInfo_HTTP.Enum()}
		}),
			"'check_status': expecting 'http' to be present"},
	} {
		s.out.Reset()
		s.step(ExecutorCall{Request: 1, Call: c.call})
		got := s.out.String()
		s.contains(got, "reply: executor call: ", c.want)
		s.lacks(got, "to master")
	}
}

func TestCallOfAnUnknownFrameworkOrExecutorIsRefused(t *testing.T) {
	// covers: ExecutorHttpApiTest.MessageFromUnknownFramework
	s := scene(t, "run task=t executor=E", "subscribe")
	s.wants(s.do("message framework=G data=x"), `reply: executor call: framework "G" is not known here (invalid)`)
	s.wants(s.do("message executor=X data=x"), `reply: executor call: executor "X" of framework "F" is not known here (invalid)`)
}

func TestExecutorThatIsNotSubscribedMayNotCall(t *testing.T) {
	s := scene(t, "run task=t executor=E")
	s.wants(s.do("message data=x"), `reply: executor call: executor "E" is not subscribed (forbidden)`)
}

func TestHeartbeatCallsAreAccepted(t *testing.T) {
	// covers: ExecutorHttpApiTest.HeartbeatCalls
	s := scene(t)
	s.wants(s.do("heartbeat executor=anybody"), "reply: accepted")
}

func TestStreamsHaveHeartbeats(t *testing.T) {
	// covers: ExecutorHttpApiTest.HeartbeatEvents
	s := scene(t, "run task=t executor=E")
	s.agent.config.HeartbeatInterval = 15 * time.Second
	s.do("subscribe")
	s.wants(s.do("after 30s"), "at +15s:", "to executor s-E: HEARTBEAT", "at +30s:", "to executor s-E: HEARTBEAT")
	s.wants(s.do("stream-closed", "after 1h"))
}

func TestTaskThatWasSentAndNeverArrivedIsDropped(t *testing.T) {
	s := scene(t, "run tasks=a,b executor=E aware", "subscribe", "stream-closed")
	got := s.do("subscribe unacked-tasks=a")
	s.contains(got, "F/b DROPPED AGENT_RESTARTED")
	s.lacks(got, "F/a")
}

func TestUnacknowledgedUpdatesOfAnExecutorThatIsBackAreTaken(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe", "stream-closed")
	s.contains(s.do("subscribe unacked-updates=t:RUNNING:101"), "update #101 F/t RUNNING", "ACKNOWLEDGED t #101")
}

func TestTasksWaitForAnExecutorThatIsNotConnected(t *testing.T) {
	s := scene(t, "run task=a executor=E", "subscribe", "update task=a state=RUNNING uuid=101", "stream-closed")
	s.wants(s.do("run task=b executor=E"))
	s.contains(s.do("subscribe"), "SUBSCRIBED", "LAUNCH b")
}

func TestLabelsOfAStatusAreKept(t *testing.T) {
	// covers: SlaveTest.TaskStatusLabels
	s := scene(t, "run task=t executor=E", "subscribe")
	status := executorStatus(arguments{"state": "RUNNING", "uuid": "101"})
	status.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("foo"), Value: new("bar")}}}
	s.step(ExecutorCall{Request: 1, Call: &executorpb.Call{
		Type: executorpb.Call_UPDATE.Enum(), ExecutorId: arguments{}.executor(), FrameworkId: arguments{}.framework(),
		Update: &executorpb.Call_Update{Status: status}}})
	record := s.agent.frameworks.get("F").tasks["t"].record
	if got := record.GetStatuses()[0].GetLabels().GetLabels()[0].GetValue(); got != "bar" {
		t.Errorf("label is %q", got)
	}
}

func TestStatusGetsWhatTheExecutorLeftOut(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101")
	got := s.agent.frameworks.get("F").tasks["t"].record.GetStatuses()[0]
	if got.GetAgentId().GetValue() != "M-S0" || got.GetExecutorId().GetValue() != "E" || got.GetTimestamp() != 1e9 {
		t.Errorf("status is %v", got)
	}
	s.do("update state=RUNNING uuid=102 timestamp=7")
	statuses := s.agent.frameworks.get("F").tasks["t"].record.GetStatuses()
	if len(statuses) != 1 || statuses[0].GetTimestamp() != 7 {
		t.Errorf("statuses are %v; want the newest of the state only, with its executor's time", statuses)
	}
}

func TestKindsOfRefusals(t *testing.T) {
	if err := checkCall(&executorpb.Call{}); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("an empty call: %v", err)
	}
}
