package agent

import (
	"fmt"
	"testing"
)

// These rules are those of
// https://mesos.apache.org/documentation/latest/executor-http-api/ and
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/.

func TestUpdateIsRetriedUntilItIsAcknowledged(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.RetryStatusUpdate
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101")
	s.wants(s.do("after 9s"))
	s.contains(s.do("after 1s"), "update #101 F/t RUNNING")
	s.wants(s.do("after 19s"))
	s.contains(s.do("after 1s"), "update #101 F/t RUNNING")
	s.do("ack uuid=101")
	s.wants(s.do("after 24h"))
}

func TestUpdateIsCheckpointedBeforeItIsSent(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.CheckpointStatusUpdate
	s := scene(t, "run task=t executor=E checkpoint", "subscribe")
	s.show["checkpoints"] = true
	s.contains(s.do("update state=RUNNING uuid=101"),
		"append U to slaves/M-S0/frameworks/F/executors/E/runs/00000000-0000-0000-0000-000000000001/tasks/t/task.updates\n",
		"to master: update #101", "ACKNOWLEDGED t #101")
	s.contains(s.do("ack uuid=101"), "append A to slaves/M-S0/frameworks/F/executors/E/runs/")
}

func TestUpdatesOfFrameworksWithoutCheckpointingAreNotWritten(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe")
	s.show["checkpoints"] = true
	s.lacks(s.do("update state=RUNNING uuid=101", "ack uuid=101"), "append")
}

func TestSecondAcknowledgementIsIgnored(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.IgnoreDuplicateStatusUpdateAck
	s := scene(t, "run task=t executor=E", "subscribe", "update state=STARTING uuid=101",
		"update state=RUNNING uuid=102", "update state=FINISHED uuid=103")
	s.contains(s.do("ack uuid=101"), "update #102 F/t RUNNING")
	s.wants(s.do("ack uuid=101"))
	s.contains(s.do("ack uuid=102"), "update #103 F/t FINISHED")
}

func TestAcknowledgementOfAnotherUpdateIsIgnored(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.IgnoreUnexpectedStatusUpdateAck
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101",
		"update state=FINISHED uuid=102")
	s.wants(s.do("ack uuid=77", "ack uuid=102", "ack task=other uuid=101"))
	s.contains(s.do("after 10s"), "update #101 F/t RUNNING")
}

func TestUpdateWithAKnownUUIDIsAcknowledgedAndNotForwarded(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.DuplicateUpdateBeforeAck
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101")
	s.wants(s.do("update state=RUNNING uuid=101"), "reply: accepted", "to executor s-E: ACKNOWLEDGED t #101")
	s.wants(s.do("ack uuid=101"))
}

func TestTerminalUpdateAfterATerminalOneIsDropped(t *testing.T) {
	// covers: SlaveTest.DuplicateTerminalUpdateBeforeAck
	// covers: TaskStatusUpdateManagerTest.DuplicatedTerminalStatusUpdate
	s := scene(t, "run task=t executor=E", "subscribe", "update state=FINISHED uuid=101")
	s.wants(s.do("update state=KILLED uuid=102"), "reply: accepted", "to executor s-E: ACKNOWLEDGED t #102")
	s.wants(s.do("ack uuid=101", "after 1h"))
}

func TestTerminalUpdateOfATaskThatIsForgottenIsForwarded(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.DuplicateTerminalUpdateAfterAck
	s := scene(t, "run task=t executor=E", "subscribe", "update state=FINISHED uuid=101", "ack uuid=101")
	s.contains(s.do("update state=KILLED uuid=102"), "update #102 F/t KILLED")
	s.wants(s.do("ack uuid=102", "after 1h"))
}

func TestUpdateTellsTheLatestState(t *testing.T) {
	// covers: TaskStatusUpdateManagerTest.LatestTaskState
	s := scene(t, "run task=t executor=E", "subscribe")
	s.do("link-closed", "update state=RUNNING uuid=101", "update state=FINISHED uuid=102")
	s.contains(s.do("after 1s", "connected", "registered"), "update #101 F/t RUNNING", "latest=FINISHED")
}

func TestReregistrationTellsBothTheLatestAndTheUpdateState(t *testing.T) {
	// covers: SlaveTest.ReregisterWithStatusUpdateTaskState
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101",
		"update state=FINISHED uuid=102", "link-closed", "after 1s")
	s.contains(s.do("connected"), "task F/t FINISHED (told RUNNING #101)")
}

func TestAcknowledgementOfAMasterThatDoesNotLeadIsIgnored(t *testing.T) {
	// covers: SlaveTest.IgnoreNonLeaderStatusUpdateAcknowledgement
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101")
	s.do("link-closed", "after 1s", "connected")
	s.wants(s.do("ack uuid=101")) // not registered there yet
	s.link--
	s.do("ack uuid=101") // by the link of before
	s.link++
	s.contains(s.do("registered term=9"), "update #101 F/t RUNNING")
}

func TestUpdatesWaitWhileNoMasterIsThere(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe", "link-closed")
	s.wants(s.do("update state=RUNNING uuid=101"), "reply: accepted", "to executor s-E: ACKNOWLEDGED t #101")
	s.lacks(s.do("after 1h"), "update")
	s.contains(s.do("connected", "registered"), "update #101 F/t RUNNING")
}

func TestUpdateOfATaskThatIsNotHereIsForwarded(t *testing.T) {
	// covers: FaultToleranceTest.ForwardStatusUpdateUnknownExecutor
	s := scene(t, "run task=t executor=E", "subscribe")
	s.contains(s.do("update task=other state=RUNNING uuid=101"), "update #101 F/other RUNNING")
}

func TestStatusSaysWhereTheTaskRuns(t *testing.T) {
	// covers: SlaveTest.TaskStatusContainerStatus
	s := scene(t, "run task=t executor=E", "started container=1 pid=42", "subscribe")
	s.contains(s.do("update state=RUNNING uuid=101"), "F/t RUNNING in c1@10.0.0.1 pid 42")
}

func TestSchedulerThatFailedOverGetsWhatIsUnacknowledgedAtOnce(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe", "update state=RUNNING uuid=101")
	s.contains(s.do("update-framework"), "update #101 F/t RUNNING")
}

func TestWhatIsRememberedOfALongLivedTaskIsBounded(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe")
	for i := range 1000 {
		state := [2]string{"STARTING", "RUNNING"}[i%2]
		s.do(fmt.Sprint("update uuid=", 1000+i, " state=", state), fmt.Sprint("ack uuid=", 1000+i))
	}
	stream := s.agent.updates.stream("F", "t")
	record := s.agent.frameworks.get("F").tasks["t"].record
	if len(stream.received) != maxReceived || len(record.GetStatuses()) != maxStatuses {
		t.Errorf("remembers %d updates and %d statuses, want %d and %d", len(stream.received),
			len(record.GetStatuses()), maxReceived, maxStatuses)
	}
	s.wants(s.do("update uuid=1999 state=RUNNING"), "reply: accepted", "to executor s-E: ACKNOWLEDGED t #1999")
}
