package agent

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// These rules are those of https://mesos.apache.org/documentation/latest/agent-recovery/.

// ran is a scene after a task of a framework with checkpointing runs, which has
// acknowledged that it does.
func ran(t *testing.T, commands ...string) *stage {
	t.Helper()
	s := scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42", "subscribe",
		"update state=RUNNING uuid=101", "ack uuid=101")
	s.do(commands...)
	return s
}

// ranCommand is the same of a command task.
func ranCommand(t *testing.T, commands ...string) *stage {
	t.Helper()
	s := scene(t, "run task=t checkpoint", "started container=1", "subscribe executor=t",
		"update executor=t state=RUNNING uuid=101 timestamp=1000", "ack uuid=101")
	s.do(commands...)
	return s
}

func TestRestartedAgentTakesOverWhatRuns(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverSlaveState
	// covers: MasterSlaveReconciliationTest.SlaveReregisterFrameworks
	// covers: SlaveRecoveryTest.ReconnectExecutor
	s := ran(t, "restart")
	s.wants(s.do("start"),
		"recover container c1: custom executor F/E as alice with cpus(allocated: dev):1.1; mem(allocated: dev):96", "connect")
	s.wants(s.do("started container=1 pid=42"))
	s.wants(s.do("subscribe"), "reply: accepted", "to executor s-E: SUBSCRIBED F/E on M-S0 in c1",
		"update container c1: cpus(allocated: dev):1.1; mem(allocated: dev):96")
	s.wants(s.do("connected"), "to master: reregister M-S0", "  framework F", "  executor F/E in c1",
		"  task F/t RUNNING (told RUNNING #101)")
	s.do("registered")
	// Everybody can still talk with everybody.
	// covers: SlaveRecoveryTest.KillTask
	s.wants(s.do("kill task=t"), "to executor s-E: KILL t")
	s.contains(s.do("update state=KILLED uuid=102"), `to master: update #102 F/t KILLED in c1@10.0.0.1 pid 42`)
	s.do("ack uuid=102")
	s.contains(s.do("ended container=1 status=0"), "executor F/E exited, status 0")
	if files := s.left(); len(files) > 0 {
		t.Errorf("checkpoints are left: %q", files)
	}
}

// left is what is on the disk of frameworks.
func (s *stage) left() (files []string) {
	for path := range maps.Keys(s.disk) {
		if strings.Contains(path, "/frameworks/") {
			files = append(files, path)
		}
	}
	slices.Sort(files)
	return files
}

func TestUpdateThatIsNotAcknowledgedIsSentAgainAfterARestart(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverTaskStatusUpdateManager
	// covers: MasterSlaveReconciliationTest.SlaveReregisterTerminalTask
	s := ran(t, "update state=FINISHED uuid=102", "restart", "start", "subscribe")
	s.wants(s.do("connected", "registered"), "to master: reregister M-S0", "  framework F", "  executor F/E in c1",
		"  task F/t FINISHED (told FINISHED #102)", "to master: update #102 F/t FINISHED in c1@10.0.0.1 pid 42")
	s.contains(s.do("after 10s"), "update #102")
	s.wants(s.do("update state=FINISHED uuid=102"), "reply: accepted", "to executor s-E: ACKNOWLEDGED t #102")
	s.wants(s.do("ack uuid=102", "after 1h"))
}

func TestUpdatesThatThePastAgentNeverGotComeWithTheSubscription(t *testing.T) {
	// covers: SlaveRecoveryTest.DISABLED_ReconnectHTTPExecutor
	s := scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42", "subscribe", "restart", "start")
	s.contains(s.do("subscribe unacked-updates=t:RUNNING:101 unacked-tasks=t", "connected", "registered"),
		"ACKNOWLEDGED t #101", "task F/t RUNNING", "update #101 F/t RUNNING")
	// covers: SlaveRecoveryTest.DISABLED_ROOT_CGROUPS_ReconnectDefaultExecutor
	s = scene(t, "run tasks=a,b executor=D default group checkpoint", "started container=1 pid=42", "subscribe executor=D", "restart", "start")
	s.contains(s.do("subscribe executor=D unacked-tasks=a,b unacked-updates=a:RUNNING:101,b:RUNNING:102", "connected", "registered"),
		"ACKNOWLEDGED a #101", "ACKNOWLEDGED b #102", "task F/a RUNNING", "task F/b RUNNING", "update #101 F/a RUNNING", "update #102 F/b RUNNING")
}

func TestSecondSubscriptionAfterARestartIsOnlyANewStream(t *testing.T) {
	// covers: SlaveRecoveryTest.ReconnectExecutorRetry
	s := ran(t, "restart", "start", "subscribe")
	s.wants(s.do("subscribe stream=again"), "reply: accepted", "close stream s-E", "to executor again: SUBSCRIBED F/E on M-S0 in c1")
	s.lacks(s.do("after 1h"), "destroy")
}

// An executor that an earlier agent never sent a task has none to wait for.
func TestExecutorThatWasSentNothingIsShutDown(t *testing.T) {
	// covers: SlaveTest.AgentFailoverTerminatesExecutorWithNoTask
	// covers: SlaveTest.AgentFailoverTerminatesHTTPExecutorWithNoTask
	s := scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42", "restart", "start", "started container=1 pid=42")
	s.contains(s.do("subscribe", "connected", "registered"), "SUBSCRIBED", "to executor s-E: SHUTDOWN", "F/t LOST AGENT_RESTARTED by agent")
	// One that lists its task goes on.
	s = scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42", "restart", "start", "started container=1 pid=42")
	s.lacks(s.do("subscribe unacked-tasks=t", "connected", "registered"), "SHUTDOWN")
}

// A master must not give up an agent that waits for its executors.
func TestAgentThatRecoversAnswersPings(t *testing.T) {
	// covers: SlaveRecoveryTest.PingTimeoutDuringRecovery
	s := ran(t)
	s.settings.ExecutorReregistrationTimeout = 15 * time.Second
	s.do("restart", "start")
	s.wants(s.do("connected"), "to master: recovering M-S0")
	for range 3 {
		s.wants(s.do("after 4s", "ping connected=false"), "to master: pong")
	}
	s.wants(s.do("kill task=t")) // it is not registered
	s.contains(s.do("link-closed", "after 1s"), "connect")
	s.wants(s.do("connected"), "to master: recovering M-S0")
	s.contains(s.do("leader master=m2:5050 term=9", "after 1s"), "close link", "connect")
	s.wants(s.do("connected master=m2:5050"), "to master: recovering M-S0")
	s.contains(s.do("subscribe"), "SUBSCRIBED", "to master: reregister M-S0", "task F/t RUNNING")
	s.contains(s.do("registered term=9", "kill task=t"), "to executor s-E: KILL t")
}

func TestTaskThatDidNotReachItsExecutorIsDropped(t *testing.T) {
	s := scene(t, "run task=t executor=E checkpoint aware", "started container=1 pid=42", "subscribe", "restart", "start")
	s.contains(s.do("subscribe", "connected", "registered"), "F/t DROPPED AGENT_RESTARTED by agent")
}

func TestExecutorThatDoesNotComeBackIsDestroyed(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverUnregisteredExecutor
	// covers: SlaveRecoveryTest.DISABLED_RecoverUnregisteredHTTPExecutor
	s := scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42", "restart", "start", "started container=1 pid=42")
	s.wants(s.do("after 1999ms"))
	s.wants(s.do("after 1ms"), "at +1ms:", "destroy container c1")
	s.contains(s.do("connected", "registered", "ended container=1 status=9"),
		"F/t LOST EXECUTOR_REREGISTRATION_TIMEOUT by agent \"Executor did not subscribe again within 2secs\"")
}

func TestExecutorsHaveAsLongToComeBackAsTheAgentIsTold(t *testing.T) {
	// covers: SlaveTest.ExecutorReregistrationTimeoutFlag
	s := ran(t)
	s.settings.ExecutorReregistrationTimeout = 15 * time.Second
	s.do("restart", "start")
	s.wants(s.do("after 14999ms"))
	s.contains(s.do("subscribe", "connected"), "to executor s-E: SUBSCRIBED", "task F/t RUNNING")
	s.lacks(s.do("registered", "after 1m"), "destroy")
}

func TestExecutorsMessagesGoThroughTheMaster(t *testing.T) {
	// covers: SlaveTest.HTTPScheduler
	s := ran(t)
	s.contains(s.do("message data=x"), "to master: message of F/E: x")
	// covers: SlaveTest.HTTPSchedulerSlaveRestart
	s.do("restart", "start", "subscribe", "connected", "registered")
	s.contains(s.do("message data=y"), "to master: message of F/E: y")
}

func TestExecutorThatEndedMeanwhile(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverTerminatedHTTPExecutor
	s := ran(t, "restart", "start")
	s.show["releases"] = true
	s.wants(s.do("ended container=1 status=9"), "release container c1")
	s.wants(s.do("connected", "registered"), "to master: reregister M-S0", "  framework F",
		"  task F/t FAILED (told RUNNING #101)", `to master: update #2 F/t FAILED EXECUTOR_TERMINATED by agent "Executor terminated" in c1@10.0.0.1 pid 42`)
}

// Nobody noticed that its executor had ended, so that its container was there still.
func TestTaskWhoseExecutorDoesNotComeBackIsLost(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverTerminatedExecutor
	for framework, state := range map[string]string{"": "LOST", " aware": "GONE"} {
		s := scene(t, "run task=t executor=E checkpoint"+framework, "started container=1 pid=42", "subscribe", "update state=RUNNING uuid=101",
			"ack uuid=101", "restart", "start", "started container=1 pid=42")
		s.wants(s.do("after 1999ms"))
		s.contains(s.do("after 1ms"), "destroy container c1")
		s.contains(s.do("ended container=1 status=9", "connected", "registered"), "F/t "+state+" EXECUTOR_REREGISTRATION_TIMEOUT by agent")
	}
}

func TestAgentThatDiedBeforeItLaunched(t *testing.T) {
	// covers: SlaveRecoveryTest.RestartBeforeContainerizerLaunch
	s := scene(t, "run task=t checkpoint", "restart")
	s.contains(s.do("start"), "recover container c1: command executor F/t")
	s.contains(s.do("ended container=1", "connected", "registered"), "F/t FAILED EXECUTOR_TERMINATED by agent")
}

func TestExecutorWhoseEveryUpdateIsAcknowledgedIsNotTakenOver(t *testing.T) {
	// covers: SlaveRecoveryTest.RecoverCompletedExecutor
	// covers: SlaveRecoveryTest.GCExecutor
	s := ran(t, "run task=u executor=X checkpoint", "update state=FINISHED uuid=102", "ack uuid=102", "ended container=1 status=0", "restart")
	s.show["checkpoints"] = true
	got := s.do("start")
	s.contains(got, "forget slaves/M-S0/frameworks/F/executors/E")
	s.lacks(got, "F/E")
	s.contains(got, "recover container c2: custom executor F/X")
	// Its directory goes when its time is over.
	const executors = "slaves/M-S0/frameworks/F/executors/"
	s.contains(s.do("leftover age=10000h path="+executors+"E", "tick"), "remove "+executors+"E\n")
	s.lacks(s.do("leftover age=10000h path="+executors+"X", "tick"), "remove")
}

func TestRunsWithoutANewestAreNotTakenOver(t *testing.T) {
	// covers: SlaveRecoveryTest.GCExecutor
	// covers: SlaveRecoveryTest.ExecutorDanglingLatestSymlink
	for _, gone := range []string{"runs/latest", "runs/00000000-0000-0000-0000-000000000001"} {
		s := ran(t)
		s.settings.Strict = true
		s.disk.do(Checkpoint{Path: "slaves/M-S0/frameworks/F/executors/E/" + gone})
		s.show["checkpoints"] = true
		s.contains(s.do("restart", "start"), "forget slaves/M-S0/frameworks/F", "connect")
		s.lacks(s.do("connected"), "executor")
	}
}

// A strict agent does not start on what nobody but a failing disk writes, and
// another one tells what it leaves out.
func TestWhatIsDamagedIsNamed(t *testing.T) {
	executor := "slaves/M-S0/frameworks/F/executors/t/"
	run := executor + "runs/00000000-0000-0000-0000-000000000001/"
	for path, value := range map[string]string{
		"slaves/latest":                                  "M-S",
		"slaves/M-S0/slave.info":                         "\xff",
		"slaves/M-S0/frameworks/F/framework.info":        "\xff",
		executor + "executor.info":                       "\xff",
		executor + "executor_generated_for_command_task": "",
		executor + "runs/latest":                         "00000000",
		run + "tasks/t/task.info":                        "\xff",
		run + "tasks/t/task.updates":                     "\xff",
	} {
		s := ranCommand(t)
		if _, found := s.disk[path]; !found {
			t.Errorf("there is no %s", path)
			continue
		}
		s.disk[path] = [][]byte{[]byte(value)}
		s.settings.Strict = true
		_, err := Recover(s.disk, s.settings)
		if err == nil || !strings.Contains(err.Error(), "meta/"+path) || !strings.Contains(err.Error(), "--no-strict") {
			t.Errorf("%s: strict: %v", path, err)
		}
		s.settings.Strict = false
		s.show["logs"] = true
		state, err := Recover(s.disk, s.settings)
		if err != nil || len(state.Errors) != 1 || !strings.Contains(state.Errors[0].Error(), "meta/"+path) {
			t.Errorf("%s: lenient: %v, %v", path, state.Errors, err)
			continue
		}
		s.agent = New(s.settings, state)
		s.contains(s.do("start"), "log: left out what can't be read of the checkpoints")
	}
}

func TestNothingIsRecoveredOfFrameworksWithoutCheckpointing(t *testing.T) {
	// covers: SlaveRecoveryTest.NonCheckpointingFramework
	s := scene(t, "run task=t executor=E", "started container=1 pid=42", "subscribe", "update state=RUNNING uuid=101")
	if files := s.left(); len(files) > 0 {
		t.Errorf("checkpoints of a framework that wants none: %q", files)
	}
	s.wants(s.do("restart", "start", "connected"), "connect", "to master: reregister M-S0")
}

func TestTasksThatTheMasterKnowsAndTheRestartedAgentDoesNotAreDropped(t *testing.T) {
	// covers: SlaveRecoveryTest.ReconcileTasksMissingFromSlave
	s := scene(t, "run task=t executor=E", "restart", "start", "connected")
	s.contains(s.do("registered reconcile=t aware"), "F/t DROPPED RECONCILIATION by agent")
}

func TestFrameworkThatEndedMeanwhileIsShutDown(t *testing.T) {
	// covers: SlaveRecoveryTest.ReconcileShutdownFramework
	s := ran(t, "restart", "start", "subscribe", "connected", "registered")
	s.contains(s.do("shutdown-framework"), "to executor s-E: SHUTDOWN")
}

func TestEveryFrameworkIsTakenOver(t *testing.T) {
	// covers: SlaveRecoveryTest.MultipleFrameworks
	s := ran(t, "run task=t framework=G executor=E checkpoint", "restart")
	s.contains(s.do("start"), "recover container c1: custom executor F/E", "recover container c2: custom executor G/E")
	s.lacks(s.do("connected", "subscribe"), "reregister")
	s.contains(s.do("subscribe framework=G stream=g unacked-tasks=t"), "to master: reregister", "framework F", "framework G", "task G/t STAGING")
}

func TestSchedulerThatFailedOverMeanwhile(t *testing.T) {
	// covers: SlaveRecoveryTest.SchedulerFailover
	s := ran(t, "update state=FINISHED uuid=102", "restart", "start", "subscribe", "connected", "registered")
	s.contains(s.do("update-framework checkpoint"), "update #102")
}

func TestOtherMasterMeanwhile(t *testing.T) {
	s := ran(t, "restart", "start", "subscribe", "connected master=m2:5050", "registered term=9")
	s.wants(s.do("kill task=t"), "to executor s-E: KILL t")
}

func TestAgentOfTheCleanupKindEndsWhatRanAndItself(t *testing.T) {
	// covers: SlaveRecoveryTest.CleanupExecutor
	// covers: SlaveRecoveryTest.DISABLED_CleanupHTTPExecutor
	s := ran(t)
	s.settings.Cleanup = true
	s.contains(s.do("restart", "start"), "recover container c1")
	s.wants(s.do("subscribe"), "reply: accepted", "to executor s-E: SHUTDOWN", "close stream s-E")
	s.wants(s.do("after 5s"), "at +5s:", "destroy container c1")
	s.wants(s.do("ended container=1 status=9"), "stopped: <nil>")

	s = scene(t)
	s.settings.Cleanup = true
	s.wants(s.do("restart", "start"), "stopped: <nil>")
}

func TestCommandExecutorGoesOnWhereItWas(t *testing.T) {
	s := ranCommand(t, "restart")
	s.contains(s.do("start"), "recover container c1: command executor F/t", ", told RUNNING, running since 1000")
	s.contains(s.do("started container=1", "subscribe executor=t", "connected"), "task F/t RUNNING")
}

func TestKillOfACommandTaskIsNotForgotten(t *testing.T) {
	// covers: SlaveRecoveryTest.DISABLED_KillTaskWithHTTPExecutor
	s := ranCommand(t, "kill task=t grace=7", "restart", "start")
	s.contains(s.do("subscribe executor=t"), "to executor s-t: KILL t grace=7s")
}

func TestKillMeanwhileIsDoneAfterwards(t *testing.T) {
	// covers: SlaveRecoveryTest.ReconcileKillTask
	s := ran(t, "restart", "start", "subscribe", "connected", "registered")
	s.contains(s.do("kill task=t"), "KILL t")
}

func TestTaskThatWasKilledBeforeItsExecutorCameStaysKilled(t *testing.T) {
	// covers: SlaveRecoveryTest.KillQueuedTaskDuringExecutorRegistration
	s := scene(t, "run task=t executor=E checkpoint", "started container=1 pid=42")
	s.contains(s.do("kill task=t"), "F/t KILLED TASK_KILLED_DURING_LAUNCH by agent")
	s.do("restart", "start")
	s.contains(s.do("subscribe"), "to executor s-E: SHUTDOWN")
	s.contains(s.do("connected", "registered"), "task F/t KILLED", "F/t KILLED TASK_KILLED_DURING_LAUNCH by agent")
}

func TestAgentThatCantBeWhoItWasComesAsANewOne(t *testing.T) {
	// covers: SlaveRecoveryTest.RegisterDisconnectedSlave
	s := ran(t)
	delete(s.disk, LatestPath)
	s.show["checkpoints"] = true
	s.contains(s.do("restart", "start", "connected"), "forget slaves/M-S0", "register host")
}

// Nobody knows how tasks ended that a reboot ended.
func TestRebootKeepsTheAgentAndEndsItsTasks(t *testing.T) {
	// covers: SlaveRecoveryTest.Reboot
	// covers: SlaveRecoveryTest.RebootWithExecutorPidReused
	s := newStage(t, State{})
	s.settings.BootID = "one"
	s.settings.ReconfigurationPolicy = ReconfigureEqual
	s.do("restart", "start", "connected", "registered", "run task=t executor=E checkpoint", "started container=1 pid=42", "subscribe",
		"update state=RUNNING uuid=101", "ack uuid=101")
	s.settings.BootID = "two"
	s.show["checkpoints"] = true
	// Containers are known by their names: whoever has the pid now is not looked at.
	s.contains(s.do("restart", "start"), "checkpoint boot_id", "recover container c1")
	s.contains(s.do("ended container=1", "connected", "registered"), "reregister M-S0", "F/t LOST EXECUTOR_TERMINATED by agent")
}

func TestRebootedMachineMayBeAnother(t *testing.T) {
	// covers: SlaveRecoveryTest.RebootWithSlaveInfoMismatch
	// covers: SlaveRecoveryTest.RebootWithSlaveInfoMismatchAndRestart
	s := newStage(t, State{})
	s.settings.BootID, s.settings.ReconfigurationPolicy = "one", ReconfigureEqual
	s.do("restart", "start", "connected", "registered")
	s.settings.Info.Resources[0].Scalar.Value = new(4.0)
	if _, err := Recover(s.disk, s.settings); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("another configuration in the same boot: %v", err)
	}
	s.settings.BootID = "two"
	s.contains(s.do("restart", "start", "connected"), "to master: register host")
	s.contains(s.do("restart", "start", "connected"), "to master: register host")
}

func TestAdditivePolicyAllowsMoreAndNotLess(t *testing.T) {
	// covers: SlaveRecoveryTest.AgentReconfigurationWithRunningTask
	s := ran(t)
	s.settings.ReconfigurationPolicy = ReconfigureAdditive
	s.settings.Info.Resources[0].Scalar.Value = new(16.0)
	s.contains(s.do("restart", "start", "subscribe", "connected"), "task F/t RUNNING")
	if got := s.agent.total.Cpus(); got != 16000 {
		t.Errorf("the agent has %v cpus", got)
	}
	s.settings.Info.Resources[0].Scalar.Value = new(1.0)
	if _, err := Recover(s.disk, s.settings); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("less than before: %v", err)
	}
	s.settings.Info.Port = new(int32(1))
	s.settings.Info.Resources[0].Scalar.Value = new(16.0)
	if _, err := Recover(s.disk, s.settings); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("another port: %v", err)
	}
}

func TestShutDownAgentComesBackAsTheSame(t *testing.T) {
	// covers: SlaveRecoveryTest.ShutdownSlave
	s := ran(t)
	s.contains(s.do("shutdown", "ended container=1 status=0"), "unregister M-S0", "stopped: <nil>")
	s.wants(s.do("restart", "start", "connected"), "connect", "to master: reregister M-S0")
}

// TestCheckpointSurvivesADeathAtAnyInstant stops the disk after each write of a
// story, and starts an agent on what is there. It must be readable, also by a
// strict agent, and nothing may be lost that was promised to anybody.
func TestCheckpointSurvivesADeathAtAnyInstant(t *testing.T) {
	story := []string{"start", "connected", "registered", "reserve uuid=500 id=r resources='disk:100'",
		"create uuid=501 id=c volumes=v:64", "volumes-changed uuid=501", "ack-operation uuid=500 status=1",
		"run task=t executor=E checkpoint", "started container=1 pid=42", "subscribe", "update state=STARTING uuid=100",
		"run task=c framework=G checkpoint", "subscribe framework=G executor=c stream=c", "update state=RUNNING uuid=101", "ack uuid=100",
		"kill task=c framework=G", "ack uuid=101", "update framework=G executor=c task=c state=KILLED uuid=103",
		"ack framework=G task=c uuid=103", "ended container=2 status=0", "update state=FINISHED uuid=102", "ack uuid=102",
		"destroy uuid=502 id=d volumes=v:64", "volumes-changed uuid=502", "ended container=1 status=0"}
	writes := 0
	for deadAfter := 0; ; deadAfter++ {
		s := newStage(t, State{})
		s.settings.Strict = true
		left := deadAfter
		s.diesAfter = &left
		for _, command := range story {
			if left < 0 {
				break
			}
			s.command(command)
		}
		if left >= 0 {
			break // it lived through the whole story
		}
		writes++
		s.diesAfter = nil
		state, err := Recover(s.disk, s.settings)
		if err != nil {
			t.Fatalf("after %d writes: %v", deadAfter, err)
		}
		s.agent = New(s.settings, state)
		got := s.do("start", "subscribe unacked-tasks=t", "subscribe framework=G executor=c stream=c unacked-tasks=c", "after 2s", "connected", "registered", "after 10s")
		for sent := range s.sent { // what went out and was not acknowledged goes out again
			if !strings.Contains(got, sent) {
				t.Errorf("after %d writes: %s is lost:\n%s", deadAfter, sent, got)
			}
		}
	}
	if writes < 30 {
		t.Errorf("the story has only %d writes", writes)
	}
}

// Containers are taken over before anything is answered, even to an executor that
// subscribes first.
func TestExecutorThatIsEarlyWaitsForTheContainers(t *testing.T) {
	// covers: ExecutorHttpApiTest.SubscribeBeforeContainerizerRecovery
	s := ran(t, "restart")
	s.wants(s.do("subscribe"),
		"recover container c1: custom executor F/E as alice with cpus(allocated: dev):1.1; mem(allocated: dev):96",
		"connect", "reply: accepted", "to executor s-E: SUBSCRIBED F/E on M-S0 in c1",
		"update container c1: cpus(allocated: dev):1.1; mem(allocated: dev):96")
}

// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/
func TestTasksOfAGroupAreWrittenDownAsOne(t *testing.T) {
	s := scene(t, "run task=a,b group executor=E checkpoint")
	var groups []string
	for path, data := range s.disk {
		if strings.HasSuffix(path, "/task.group") {
			groups = append(groups, string(data[0]))
		}
	}
	if !slices.Equal(groups, []string{"a", "a"}) {
		t.Errorf("groups = %q", groups)
	}
}
