package agent

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// How an agent and its master keep in touch is told in
// https://mesos.apache.org/documentation/latest/high-availability/ and
// https://mesos.apache.org/documentation/latest/reconciliation/.

func TestAgentThatGetsNoPingsRegistersAgain(t *testing.T) {
	// covers: SlaveTest.PingTimeoutNoPings
	s := scene(t, "ping connected=false", "registered ping_timeout=75")
	s.wants(s.do("after 74s"))
	s.wants(s.do("after 1s"), "at +1s:", "close link")
	s.contains(s.do("after 10s", "connected"), "connect", "reregister M-S0")
}

func TestAgentWhosePingsStopRegistersAgain(t *testing.T) {
	// covers: SlaveTest.PingTimeoutSomePings
	s := scene(t, "ping connected=false", "registered ping_timeout=75")
	s.wants(s.do("after 60s", "ping", "after 60s", "ping"), "to master: pong", "to master: pong")
	s.wants(s.do("after 74s"))
	s.contains(s.do("after 1s"), "close link")
}

func TestAgentThatTheMasterCountsAsDisconnectedRegistersAgain(t *testing.T) {
	// covers: OneWayPartitionTest.MasterToSlave
	s := scene(t)
	s.contains(s.do("ping connected=false"), "pong", "reregister M-S0")
}

func TestAgentTriesUntilItIsRegistered(t *testing.T) {
	// covers: FaultToleranceTest.SlaveReliableRegistration
	s := newStage(t, State{})
	s.do("start", "connected")
	for range 5 {
		s.contains(s.do("after 2m"), "register host")
	}
	s.do("registered")
	s.lacks(s.do("after 1h"), "register")
}

func TestWhyThereIsNoConnectionIsToldOnce(t *testing.T) {
	s := newStage(t, State{})
	s.show["logs"] = true
	const told = "log: no connection to a leading master"
	s.contains(s.do("start", "connect-failed"), told)
	s.lacks(s.do("after 2m", "connect-failed"), told)
	s.do("after 2m", "connected", "link-closed", "after 2m")
	s.contains(s.do("connect-failed"), told)
}

func TestAgentThatIsTurnedAwaySaysWhyAndTriesAgain(t *testing.T) {
	s := newStage(t, State{})
	s.show["logs"] = true
	s.do("start", "connected")
	s.contains(s.do("turned-away message='no domain'"), "log: turned away; trying again", "close link")
	s.contains(s.do("after 2m", "connected"), "connect", "register host")
}

func TestAgentThatIsStoppingDoesNotRegister(t *testing.T) {
	// covers: SlaveTest.DISABLED_TerminatingSlaveDoesNotReregister
	s := scene(t, "run task=t executor=E", "subscribe")
	s.contains(s.do("shutdown"), "unregister M-S0", "SHUTDOWN")
	s.lacks(s.do("ping connected=false", "link-closed", "after 1h", "connected"), "register")
}

func TestAgentThatIsAskedToStopUnregisters(t *testing.T) {
	s := scene(t)
	s.wants(s.do("shutdown"), "to master: unregister M-S0", "stopped: <nil>")
}

func TestAgentThatStopsBeforeTheMasterAnsweredUnregisters(t *testing.T) {
	s := scene(t, "link-closed", "after 1s", "connected")
	s.wants(s.do("shutdown"), "to master: unregister M-S0", "stopped: <nil>")
	s = newStage(t, State{})
	s.do("start", "connected")
	s.wants(s.do("shutdown"), "stopped: <nil>") // it never was anybody
}

func TestTasksThatTheAgentNeverGotAreLost(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.ReconcileLostTask
	// covers: SlaveRecoveryTest.ReconcileTasksMissingFromSlave
	s := scene(t, "link-closed", "after 1s", "connected")
	s.contains(s.do("registered reconcile=t"), "F/t LOST RECONCILIATION")
	s.contains(s.do("after 10s"), "F/t LOST RECONCILIATION")
	s.wants(s.do("ack uuid=1", "after 1h"))
}

func TestTasksOfAPartitionAwareFrameworkThatTheAgentNeverGotAreDropped(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.ReconcileDroppedTask
	s := scene(t, "link-closed", "after 1s", "connected")
	s.contains(s.do("registered reconcile=t aware"), "F/t DROPPED RECONCILIATION")
}

func TestTasksThatWaitForTheirExecutorAreReportedOnReregistration(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregisterPendingTask
	s := scene(t, "run task=t executor=E", "link-closed", "after 1s")
	s.contains(s.do("connected"), "executor F/E in c1", "task F/t STAGING")
}

func TestUnacknowledgedTasksOfAnExecutorThatEndedAreReportedOnReregistration(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregisterTerminatedExecutor
	s := scene(t, "run task=t executor=E", "subscribe", "update state=FINISHED uuid=101",
		"ended container=1 status=0", "link-closed", "after 1s")
	got := s.do("connected")
	s.contains(got, "framework F", "task F/t FINISHED")
	s.lacks(got, "executor F/E")
	s.contains(s.do("registered"), "update #101 F/t FINISHED")
}

func TestTasksOfAFrameworkThatIsBeingShutDownAreNotReported(t *testing.T) {
	// Its updates are not sent any more: to a new master the tasks would run for ever.
	s := scene(t, "run task=t executor=E", "subscribe", "shutdown-framework", "link-closed")
	s.lacks(s.do("after 1s", "connected"), "F/t")
}

func TestTasksForAFrameworkThatIsBeingShutDownAreDropped(t *testing.T) {
	s := scene(t, "run task=t executor=E", "subscribe", "shutdown-framework")
	s.contains(s.do("run task=t2"), "F/t2 LOST FRAMEWORK_REMOVED")
	s.lacks(s.do("ack task=t2 uuid=2", "after 1h"), "F/t")
}

func TestTaskNamesItsExecutorUnlessTheAgentMadeIt(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregisterTaskExecutorIds
	s := scene(t, "run task=c", "run task=t executor=E")
	for _, task := range s.agent.reregister().GetTasks() {
		want := map[string]string{"c": "", "t": "E"}[task.GetTaskId().GetValue()]
		if got := task.GetExecutorId().GetValue(); got != want {
			t.Errorf("task %s names executor %q, want %q", task.GetTaskId().GetValue(), got, want)
		}
	}
}

func TestAgentComesBackAsTheOneItWas(t *testing.T) {
	s := scene(t, "restart")
	s.show["checkpoints"] = true
	s.contains(s.do("start", "connected"), "reregister M-S0")
	s.lacks(s.do("registered"), "checkpoint") // nothing changed

	s.disk[InfoPath("M-S0")] = [][]byte{[]byte("garbage")}
	if state, err := Recover(s.disk, s.settings); err != nil || len(state.Errors) != 1 {
		t.Errorf("lenient recovery from garbage: %v, %v", state.Errors, err)
	}
	s.settings.Strict = true
	if _, err := Recover(s.disk, s.settings); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("recovery from garbage: got %v, want an error of kind Invalid", err)
	}
	if state, err := Recover(memory{}, s.settings); err != nil || state.Agent != nil {
		t.Errorf("recovery from nothing: got %v, %v", state, err)
	}
}

func TestMessagesAreAnsweredOnlyOnTheLinkThatIsHeld(t *testing.T) {
	s := scene(t)
	s.link--
	s.wants(s.do("run task=t", "ping", "refused", "link-closed"))
}

func TestExecutorThatEndsWhileTheAgentRegistersIsReported(t *testing.T) {
	s := scene(t, "run task=t executor=E new=true", "started container=1", "link-closed", "after 1s", "connected")
	s.lacks(s.do("ended container=1 status=0"), "exited")
	s.contains(s.do("registered"), "executor F/E exited, status 0")
	s.lacks(s.do("link-closed", "after 2s", "connected", "registered"), "exited")
}

func TestAgentLeavesAMasterThatWasSucceeded(t *testing.T) {
	s := newStage(t, State{})
	s.do("start", "connected", "registered term=3")
	s.wants(s.do("leader master=m1:5050 term=3", "leader master=m0:5050 term=2"))
	s.contains(s.do("leader master=m2:5050 term=4"), "close link")
	s.contains(s.do("after 100ms", "connected master=m2:5050"), "connect", "reregister M-S0")
	s.wants(s.do("leader master=m2:5050 term=4", "leader master=m1:5050 term=3"))
}

func TestAgentThatWaitsComesToANewLeaderSoon(t *testing.T) {
	s := newStage(t, State{})
	s.do("start", "connected", "registered term=3", "link-closed", "after 1s")
	for range 5 {
		s.do("connect-failed", "after 1m")
	}
	s.do("connect-failed")
	s.lacks(s.do("after 100ms"), "connect")
	s.contains(s.do("leader master=m2:5050 term=4", "after 100ms"), "connect")
}

func TestAgentDoesNotDoWhatAMasterAsksThatDoesNotLead(t *testing.T) {
	// covers: FaultToleranceTest.SplitBrainMasters
	s := newStage(t, State{})
	s.do("start", "connected", "registered term=3", "run task=t executor=E", "subscribe", "link-closed", "after 1s", "connected master=m9:5050")
	s.lacks(s.do("kill task=t"), "KILL")
	s.wants(s.do("registered term=2"), "close link")
}

func TestAFrameworkThatHasNothingHereIsNotListed(t *testing.T) {
	// covers: FaultToleranceTest.ReregisterCompletedFrameworks
	s := scene(t, "run task=t executor=E", "started container=1", "subscribe executor=E", "update task=t state=RUNNING uuid=5", "ack task=t uuid=5")
	s.contains(s.do("link-closed", "after 1s", "connected"), "reregister M-S0", "F/t")
	s.do("registered", "kill task=t", "update task=t state=KILLED uuid=6", "ack task=t uuid=6")
	s.show["publications"] = true
	s.contains(s.do("ended container=1"), "framework F", "completed")
	again := s.do("link-closed", "after 1s", "connected")
	s.lacks(again, "framework F")
	s.contains(again, "completed F/t KILLED")
}
