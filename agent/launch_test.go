package agent

import (
	"fmt"
	"testing"
)

// How tasks and their executors come and go is told in
// https://mesos.apache.org/documentation/latest/executor-http-api/,
// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/ and
// https://mesos.apache.org/documentation/latest/task-state-reasons/.

func TestContainerGetsItsResourcesBeforeTheExecutorGetsTheTask(t *testing.T) {
	// covers: SlaveTest.ContainerUpdatedBeforeTaskReachesExecutor
	s := scene(t, "run task=a executor=E", "subscribe")
	s.contains(s.do("run task=b executor=E cpus=2 mem=100"),
		"update container c1: cpus(allocated: dev):3.1; mem(allocated: dev):196", "LAUNCH b")
}

func TestContainerOfAnExecutorStartsWithTheResourcesOfItsTasks(t *testing.T) {
	// covers: SlaveTest.DefaultExecutorResources
	// covers: SlaveTest.DefaultExecutorCommandInfo
	s := scene(t)
	s.contains(s.do("run tasks=a,b executor=D default group cpus=1 mem=64"),
		"launch container c1: default executor F/D as alice with cpus(allocated: dev):2.1; mem(allocated: dev):160")
}

func TestTaskGroupIsLaunchedTogether(t *testing.T) {
	// covers: SlaveTest.RunTaskGroup
	s := scene(t, "run tasks=a,b executor=D default group new=true")
	s.contains(s.do("subscribe executor=D"), "LAUNCH_GROUP a b")
}

// The first of them was to bring the executor along.
func TestTaskGroupsWhoseExecutorNeverCameAreLost(t *testing.T) {
	// covers: SlaveTest.LaunchTaskGroupsUsingSameExecutorKillFirstTaskGroup
	s := scene(t)
	got := s.do("run tasks=../a executor=D default group new=true", "run tasks=b executor=D default group new=false",
		"run tasks=c executor=D default group new=false")
	s.contains(got, "F/../a ", "executor F/D exited, status unknown", "F/b LOST", "F/c LOST")
	s.lacks(got, "launch container")
}

func TestTasksReachTheirExecutorInTheirOrder(t *testing.T) {
	// covers: SlaveTest.LaunchTasksReorderTaskAuthorization
	s := scene(t, "reserve uuid=500 resources='disk:100'", "create uuid=501 id=op volumes=v:64")
	// The first group waits for its volume; the second could go on, and doesn't.
	s.wants(s.do("run tasks=a executor=D default group new=true volume=v:64", "run tasks=b executor=D default group new=false"))
	s.do("volumes-changed uuid=501")
	s.contains(s.do("subscribe executor=D"), "LAUNCH_GROUP a", "LAUNCH_GROUP b")
}

func TestTasksOfAnExecutorThatIsShuttingDownAreDropped(t *testing.T) {
	// covers: SlaveTest.ShutdownExecutorWhileTaskLaunching
	s := scene(t, "run task=a executor=E aware", "subscribe", "shutdown-executor")
	s.contains(s.do("run task=b executor=E aware"), "F/b DROPPED EXECUTOR_TERMINATED")
}

func TestCommandTaskDoesNotReuseAnExecutor(t *testing.T) {
	// covers: SlaveTest.DuplicateTaskIdCommandExecutor
	s := scene(t, "run task=t new=true", "subscribe executor=t", "update executor=t state=FINISHED uuid=101", "ack uuid=101")
	s.contains(s.do("run task=t new=true"), "F/t LOST TASK_INVALID")
}

func TestTasksKilledBeforeTheirExecutorSubscribedAreKilled(t *testing.T) {
	// covers: SlaveTest.KillQueuedTaskDuringExecutorRegistration
	s := scene(t, "run task=a executor=E", "run task=b executor=E")
	s.contains(s.do("kill task=a"), "F/a KILLED TASK_KILLED_DURING_LAUNCH")
	s.wants(s.do("subscribe"), "reply: accepted", "to executor s-E: SUBSCRIBED F/E on M-S0 in c1",
		"to executor s-E: LAUNCH b")
}

func TestExecutorWhoseFirstTasksWereAllKilledIsShutDown(t *testing.T) {
	// covers: SlaveTest.KillAllInitialTasksTerminatesExecutor
	// covers: SlaveTest.KillAllInitialTasksTerminatesHTTPExecutor
	// covers: SlaveTest.KillTaskUnregisteredHTTPExecutor
	s := scene(t, "run tasks=a,b executor=E", "kill task=a", "kill task=b")
	got := s.do("subscribe")
	s.contains(got, "SHUTDOWN")
	s.lacks(got, "LAUNCH")
	s.contains(s.do("after 5s"), "destroy container c1")
}

func TestKillingOneOfAQueuedTaskGroupKillsTheGroup(t *testing.T) {
	// covers: SlaveTest.KillQueuedTaskGroup
	s := scene(t, "run tasks=a,b executor=D default group")
	s.contains(s.do("kill task=b"), "F/a KILLED TASK_KILLED_DURING_LAUNCH", "F/b KILLED TASK_KILLED_DURING_LAUNCH")
	s.lacks(s.do("subscribe executor=D"), "LAUNCH")
}

func TestKillingOneTaskGroupLeavesTheOtherOfTheSameExecutor(t *testing.T) {
	// covers: SlaveTest.LaunchTaskGroupsUsingSameExecutorKillLaterTaskGroup
	for killed, kept := range map[string]string{"a": "c d", "c": "a b"} {
		s := scene(t, "run tasks=a,b executor=D default group new=true", "run tasks=c,d executor=D default group new=false",
			"kill task="+killed)
		got := s.do("subscribe executor=D")
		s.contains(got, "LAUNCH_GROUP "+kept)
		s.lacks(got, "LAUNCH_GROUP "+killed)
	}
}

func TestExecutorThatDoesNotSubscribeInTimeFailsItsTasks(t *testing.T) {
	// covers: SlaveTest.ExecutorTimeoutCausedBySlowFetch
	// covers: SlaveTest.ShutdownUnregisteredExecutor
	s := scene(t, "run task=t")
	s.wants(s.do("after 59s"))
	s.contains(s.do("after 1s"), "destroy container c1")
	s.contains(s.do("ended container=1 status=9"),
		`F/t FAILED EXECUTOR_REGISTRATION_TIMEOUT by agent "Executor did not subscribe within 1mins"`)

	// The same if it was still being fetched.
	s = scene(t, "run task=t", "after 60s")
	s.contains(s.do("ended container=1 unlaunched reason=CONTAINER_LAUNCH_FAILED message='launch given up'"),
		`F/t FAILED EXECUTOR_REGISTRATION_TIMEOUT by agent "Executor did not subscribe within 1mins; launch given up"`)
}

func TestExecutorThatEndsBeforeItSubscribedIsRemoved(t *testing.T) {
	// covers: SlaveTest.RemoveUnregisteredTerminatedExecutor
	s := scene(t, "run task=t executor=E")
	s.contains(s.do("ended container=1 status=0"), "F/t FAILED EXECUTOR_TERMINATED")
	s.show["publications"] = true
	s.contains(s.do("ack uuid=2"), "put executor E in c1: {} (ended)", "put framework F (completed)")
}

func TestTasksWithoutASandboxAreDropped(t *testing.T) {
	for framework, state := range map[string]string{"": "LOST", " aware": "DROPPED"} {
		s := scene(t, "run task=t executor=E"+framework)
		s.contains(s.do("ended container=1 no-sandbox reason=CONTAINER_LAUNCH_FAILED message='user: joe: there is no such user'"),
			"F/t "+state+" CONTAINER_LAUNCH_FAILED by agent \"user: joe: there is no such user\"", "executor F/E exited, status unknown")
	}
}

func TestMasterIsToldOfAnExecutorThatWasNotLaunched(t *testing.T) {
	// covers: SlaveTest.RemoveExecutorUponFailedLaunch
	s := scene(t)
	s.contains(s.do("run task=../t executor=E new=true"), "executor F/E exited, status unknown")
	// covers: SlaveTest.RemoveExecutorUponFailedTaskGroupLaunch
	got := s.do("run tasks=a,../b executor=D default group new=true")
	s.contains(got, "executor F/D exited, status unknown")
	s.lacks(got, "launch")
}

func TestExecutorIsGivenItsGracePeriod(t *testing.T) {
	// covers: SlaveTest.ExecutorShutdownGracePeriod
	s := scene(t)
	s.show["launches"] = true
	s.contains(s.do("run task=t executor=E shutdown_grace=20"), "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=20secs")
	s.do("subscribe")
	s.contains(s.do("shutdown-executor"), "SHUTDOWN")
	s.wants(s.do("after 19s"))
	s.wants(s.do("after 1s"), "at +1s:", "destroy container c1")
}

func TestExecutorThatHasNotSubscribedIsDestroyedAfterItsGracePeriod(t *testing.T) {
	s := scene(t, "run task=t executor=E")
	s.wants(s.do("shutdown-executor"))
	s.contains(s.do("after 5s"), "destroy container c1")
}

func TestContainerThatCanNotBeUpdatedTakesItsTasksAlong(t *testing.T) {
	// covers: SlaveTest.TaskLaunchContainerizerUpdateFails
	// covers: SlaveTest.TerminalTaskContainerizerUpdateFailsWithLost
	// covers: SlaveTest.TerminalTaskContainerizerUpdateFailsWithGone
	for framework, state := range map[string]string{"": "LOST", " aware": "GONE"} {
		s := scene(t, "run tasks=a,b executor=E"+framework, "subscribe", "update task=a state=FINISHED uuid=101")
		s.wants(s.do("update-failed container=1 message='no such cgroup'"), "destroy container c1")
		s.contains(s.do("ended container=1 status=9"), "F/b "+state+" CONTAINER_UPDATE_FAILED")
	}
}

func TestOnlySoManyCompletedExecutorsAreRemembered(t *testing.T) {
	// covers: SlaveTest.MaxCompletedExecutorsPerFrameworkFlag
	s := scene(t)
	s.agent.config.MaxCompletedExecutorsPerFramework = 1
	s.show["publications"] = true
	s.lacks(s.do("run task=a executor=A", "ended container=1 status=0", "ack task=a uuid=2"), "drop executor")
	s.contains(s.do("run task=b executor=B", "ended container=3 status=0", "ack task=b uuid=4"), "drop executor in c1")
	s.agent.config.MaxCompletedExecutorsPerFramework = 0
	s.contains(s.do("run task=c executor=C", "ended container=5 status=0", "ack task=c uuid=6"),
		"put executor C in c5: {} (ended)", "drop executor in c3", "drop executor in c5")
}

func TestCheckpointsOfExecutorsThatAreForgottenAreRemoved(t *testing.T) {
	s := scene(t, "run task=stay executor=S checkpoint") // keeps the framework here
	s.agent.config.MaxCompletedExecutorsPerFramework = 1
	s.show["checkpoints"] = true
	run := func(task string, container, uuid int) string {
		return s.do("run task="+task+" executor=E checkpoint", fmt.Sprintf("started container=%d pid=7", container),
			fmt.Sprintf("ended container=%d status=0", container), fmt.Sprintf("ack task=%s uuid=%d", task, uuid))
	}
	s.contains(run("a", 2, 3), "000000000002/pids/forked.pid", "000000000002/executor.sentinel")
	s.contains(run("b", 4, 5), "forget slaves/M-S0/frameworks/F/executors/E/runs/00000000-0000-0000-0000-000000000002\n")
	s.agent.config.MaxCompletedExecutorsPerFramework = 0
	s.contains(run("c", 6, 7), "forget slaves/M-S0/frameworks/F/executors/E\n")
}

func TestOnlySoManyCompletedTasksAreRemembered(t *testing.T) {
	s := scene(t, "run task=keep executor=E", "subscribe")
	s.show["publications"] = true
	cycle := []string{"run task=t executor=E", "update state=FINISHED uuid=1", "ack uuid=1"}
	for range maxCompletedTasksPerExecutor {
		s.lacks(s.do(cycle...), "drop task")
	}
	s.contains(s.do(cycle...), "drop task t")
}

func TestTasksKilledBeforeTheirExecutorStartedNeverRun(t *testing.T) {
	// covers: SlaveTest.KillMultiplePendingTasks
	// covers: SlaveTest.KillTaskBetweenRunTaskParts
	s := scene(t, "run task=a", "run task=b")
	s.contains(s.do("kill task=a", "kill task=b"), "F/a KILLED TASK_KILLED_DURING_LAUNCH", "F/b KILLED TASK_KILLED_DURING_LAUNCH")
	s.lacks(s.do("subscribe executor=a", "subscribe executor=b"), "LAUNCH")
	s.show["publications"] = true
	s.contains(s.do("ack task=a uuid=3", "ack task=b uuid=4", "ended container=1 status=0", "ended container=2 status=0"),
		"put framework F (completed)")
}

func TestTaskGroupKilledBeforeItsExecutorStartedNeverRuns(t *testing.T) {
	// covers: SlaveTest.KillTaskGroupBetweenRunTaskParts
	s := scene(t, "run tasks=a,b executor=D default group")
	s.contains(s.do("kill task=a"), "F/a KILLED", "F/b KILLED")
	got := s.do("subscribe executor=D")
	s.contains(got, "SHUTDOWN")
	s.lacks(got, "LAUNCH")
}

func TestLaunchWithATaskTwiceIsDropped(t *testing.T) {
	s := scene(t)
	s.contains(s.do("run tasks=a,b,a executor=E"), "launch task a: it is there twice")
}
