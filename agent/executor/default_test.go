package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// pod is a default executor in virtual time, whose tasks have one letter each.
type pod struct {
	*fixture
	ids map[mesos.ContainerID]string // the task in a container
}

func newPod(t *testing.T, capabilities ...mesospb.FrameworkInfo_Capability_Type) *pod {
	return &pod{start(t, NewDefault(coreConfig()), capabilities...), map[mesos.ContainerID]string{}}
}

// launch sends a task group.
func (p *pod) launch(tasks ...*mesospb.TaskInfo) []Effect {
	effects := p.event(executorpb.Event_LAUNCH_GROUP, func(e *executorpb.Event) {
		e.LaunchGroup = &executorpb.Event_LaunchGroup{TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks}}
	})
	for _, effect := range effects {
		if e, ok := effect.(Launch); ok {
			p.ids[e.Container] = e.Task.GetTaskId().GetValue()
		}
	}
	return effects
}

func (p *pod) container(task string) mesos.ContainerID {
	p.t.Helper()
	for id, name := range p.ids {
		if name == task {
			return id
		}
	}
	p.t.Fatalf("task %s has no container", task)
	return ""
}

func (p *pod) launched(task string) []Effect {
	id := p.container(task)
	return p.step(Launched{id, container.HostStatus(id, "192.0.2.7", 42)})
}

func (p *pod) ended(task string, in Ended) []Effect {
	in.Container = p.container(task)
	return p.step(in)
}

// expect compares effects, each told with its task.
func (p *pod) expect(effects []Effect, want ...string) {
	p.t.Helper()
	var got []string
	for _, effect := range effects {
		var task string
		switch e := effect.(type) {
		case Send:
			task = e.Call.GetUpdate().GetStatus().GetTaskId().GetValue() + " "
		case Launch:
			task = p.ids[e.Container] + " "
		case Signal:
			task = p.ids[e.Container] + " "
		case Destroy:
			task = p.ids[e.Container] + " "
		case Check:
			task = p.ids[e.Container] + " "
		case StopChecks:
			task = p.ids[e.Container] + " "
		}
		got = append(got, task+tell(effect))
	}
	if !slices.Equal(got, want) {
		p.t.Fatalf("effects:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// running takes a group to TASK_RUNNING.
func (p *pod) running(tasks ...*mesospb.TaskInfo) {
	p.t.Helper()
	p.launch(tasks...)
	for i, task := range tasks {
		id := task.GetTaskId().GetValue()
		effects := p.launched(id)
		if last := i == len(tasks)-1; last != (len(effects) > 0) {
			p.t.Fatalf("after the launch of %s: %v", id, effects)
		}
	}
}

// acknowledgeAll acknowledges updates 1 to n, and returns what follows the last one.
func (p *pod) acknowledgeAll() (effects []Effect) {
	for _, update := range slices.Clone(p.c.(*Default).updates) {
		p.t.Helper()
		if len(effects) > 0 {
			p.t.Fatalf("too early: %v", effects)
		}
		effects = p.event(executorpb.Event_ACKNOWLEDGED, func(e *executorpb.Event) {
			e.Acknowledged = &executorpb.Event_Acknowledged{TaskId: update.Status.TaskId, Uuid: update.Status.Uuid}
		})
	}
	return effects
}

const sigterm = "terminated" // as Go says it

// covers: DefaultExecutorTest.TaskRunning
func TestGroupRuns(t *testing.T) {
	p := newPod(t)
	effects := p.launch(newTask("a"), newTask("b"))
	p.expect(effects, "a TASK_STARTING", "a launch", "b TASK_STARTING", "b launch")
	status := effects[0].(Send).Call.GetUpdate().GetStatus()
	id := status.GetContainerStatus().GetContainerId()
	if id.GetParent().GetValue() != "c" || id.GetValue() == "" || mesos.ContainerID("c."+id.GetValue()) != p.container("a") ||
		status.GetExecutorId().GetValue() != "e" || status.GetSource() != mesospb.TaskStatus_SOURCE_EXECUTOR || status.GetTimestamp() != 1000 {
		t.Errorf("status = %v", status)
	}
	if p.container("a") == p.container("b") {
		t.Error("the tasks share a container")
	}
	p.expect(p.launched("b"))
	p.expect(p.launched("a"), "a TASK_RUNNING", "b TASK_RUNNING")
	p.expect(p.ended("a", exited(0)), "a TASK_FINISHED: Command exited with status 0")
	p.expect(p.ended("b", exited(0)), "b TASK_FINISHED: Command exited with status 0")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

// covers: DefaultExecutorTest.KillTaskGroupOnTaskFailure
// covers: DefaultExecutorTest.CommitSuicideOnTaskFailure
func TestFailureOfATaskKillsItsGroup(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"), newTask("b"))
	p.running(newTask("x"))
	p.expect(p.ended("a", exited(1)), "a TASK_FAILED: Command exited with status 1", "b "+sigterm)
	p.expect(p.tick(3*time.Second), "b destroy")
	p.expect(p.ended("b", signalled(syscall.SIGKILL)), "b TASK_KILLED: Command terminated with signal Killed")
	p.expect(p.acknowledgeAll()) // another group is there
	p.expect(p.ended("x", exited(1)), "x TASK_FAILED: Command exited with status 1")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

// covers: DefaultExecutorTest.KillTask
func TestKillOfATaskKillsItsGroup(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"), newTask("b"))
	p.running(newTask("x"))
	p.expect(p.kill("a", nil), "a "+sigterm)
	p.expect(p.kill("a", nil)) // again
	p.expect(p.kill("nobody", nil))
	p.expect(p.ended("a", signalled(syscall.SIGTERM)), "a TASK_KILLED: Command terminated with signal Terminated", "b "+sigterm)
	p.expect(p.ended("b", signalled(syscall.SIGTERM)), "b TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.kill("x", nil), "x "+sigterm)
	p.expect(p.ended("x", signalled(syscall.SIGTERM)), "x TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

// covers: DefaultExecutorTest.CommitSuicideOnKillTask
func TestKillOfTheRestOfAGroup(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"), newTask("b"))
	p.expect(p.ended("a", exited(0)), "a TASK_FINISHED: Command exited with status 0")
	p.expect(p.kill("b", nil), "b "+sigterm)
	p.expect(p.ended("b", signalled(syscall.SIGTERM)), "b TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

// covers: DefaultExecutorTest.KillMultipleTasks
func TestTasksOfAGroupAreKilledAtOnce(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"), newTask("b"))
	p.expect(p.kill("a", nil), "a "+sigterm)
	p.expect(p.kill("b", nil), "b "+sigterm)
	p.expect(p.ended("a", signalled(syscall.SIGTERM)), "a TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.ended("b", signalled(syscall.SIGTERM)), "b TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

// covers: DefaultExecutorTest.ROOT_NoTransitionFromKillingToFinished
func TestKilledTaskOfAGroupDoesNotFinish(t *testing.T) {
	p := newPod(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	p.running(newTask("a"))
	p.expect(p.kill("a", nil), "a TASK_KILLING", "a "+sigterm)
	p.expect(p.ended("a", exited(0)), "a TASK_KILLED: Command exited with status 0")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

func TestKillPolicyOfATaskOfAGroup(t *testing.T) {
	for want, kill := range map[time.Duration]*mesospb.DurationInfo{7 * time.Second: nil, time.Second: seconds(1)} {
		p := newPod(t)
		task := newTask("a")
		task.KillPolicy = &mesospb.KillPolicy{GracePeriod: seconds(7)}
		p.running(task)
		p.expect(p.kill("a", kill), "a "+sigterm)
		p.expect(p.tick(want), "a destroy")
	}
}

// covers: DefaultExecutorTest.MaxCompletionTime
func TestMaxCompletionTimeOfATaskOfAGroup(t *testing.T) {
	p := newPod(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	a, b, c := newTask("a"), newTask("b"), newTask("c")
	a.MaxCompletionTime, b.MaxCompletionTime = seconds(2), seconds(1000)
	p.running(a, b)
	p.running(c)
	p.expect(p.tick(2*time.Second), "a "+sigterm, "a destroy")
	p.expect(p.ended("a", signalled(syscall.SIGKILL)),
		"a TASK_FAILED REASON_MAX_COMPLETION_TIME_REACHED: Command terminated with signal Killed", "b TASK_KILLING", "b "+sigterm)
	p.expect(p.ended("b", exited(0)), "b TASK_KILLED: Command exited with status 0")
	p.expect(p.acknowledgeAll())
}

// covers: DefaultExecutorTest.ROOT_LaunchGroupFailure
func TestLaunchOfATaskOfAGroupFails(t *testing.T) {
	p := newPod(t)
	p.running(newTask("x"))
	p.launch(newTask("a"), newTask("b"))
	p.expect(p.step(LaunchFailed{p.container("b"), errors.New("no such image")}))
	p.expect(p.launched("a"), "a TASK_RUNNING",
		"b TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: no such image", "a "+sigterm)
	p.expect(p.ended("a", signalled(syscall.SIGTERM)), "a TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.acknowledgeAll()) // x runs on
	p.expect(p.kill("x", nil), "x "+sigterm)
	p.expect(p.ended("x", signalled(syscall.SIGTERM)), "x TASK_KILLED: Command terminated with signal Terminated")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

func TestNoTaskOfAGroupCanBeLaunched(t *testing.T) {
	p := newPod(t)
	p.launch(newTask("a"), newTask("b"))
	p.expect(p.step(LaunchFailed{p.container("a"), errors.New("one")}))
	p.expect(p.step(LaunchFailed{p.container("b"), errors.New("two")}),
		"a TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: one", "b TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: two")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

func TestTaskEndsWhileOthersOfItsGroupAreLaunched(t *testing.T) {
	p := newPod(t)
	p.launch(newTask("a"), newTask("b"))
	p.expect(p.launched("a"))
	p.expect(p.ended("a", exited(0)))
	p.expect(p.launched("b"), "a TASK_RUNNING", "b TASK_RUNNING", "a TASK_FINISHED: Command exited with status 0")
}

func TestTaskOfAGroupIsKilledDuringItsLaunch(t *testing.T) {
	p := newPod(t)
	p.launch(newTask("a"), newTask("b"))
	p.expect(p.launched("a"))
	p.expect(p.kill("b", nil), "b terminated or destroy")
	p.expect(p.step(LaunchFailed{p.container("b"), errors.New("destroyed")}), "a TASK_RUNNING",
		"b TASK_KILLED REASON_TASK_KILLED_DURING_LAUNCH: killed before the command ran", "a "+sigterm)
}

func TestLimitOfATaskOfAGroup(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"))
	p.expect(p.ended("a", Ended{Exit: container.Exit{
		Known: true, Status: syscall.WaitStatus(syscall.SIGKILL),
		Reason: mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK, Message: "over 10 MB",
	}}), "a TASK_FAILED REASON_CONTAINER_LIMITATION_DISK: over 10 MB")
}

func TestDefaultExecutorShutsDown(t *testing.T) {
	p := newPod(t)
	a := newTask("a")
	a.KillPolicy = &mesospb.KillPolicy{GracePeriod: seconds(1)}
	p.running(a, newTask("b"))
	p.expect(p.event(executorpb.Event_SHUTDOWN, nil), "a "+sigterm, "b "+sigterm)
	p.expect(p.event(executorpb.Event_SHUTDOWN, nil))
	p.expect(p.launch(newTask("x"))) // too late
	p.expect(p.tick(time.Second), "a destroy")
	p.expect(p.tick(2*time.Second), "b destroy")
	p.expect(p.ended("a", signalled(syscall.SIGKILL)), "a TASK_KILLED: Command terminated with signal Killed")
	p.expect(p.ended("b", signalled(syscall.SIGKILL)), "b TASK_KILLED: Command terminated with signal Killed")
	p.expect(p.tick(time.Minute), "terminate 1") // nobody acknowledges

	p = newPod(t)
	p.expect(p.event(executorpb.Event_SHUTDOWN, nil), "terminate 0")
	p = newPod(t)
	p.expect(p.event(executorpb.Event_LAUNCH, nil), "terminate 0")
}

func TestGroupComesWhileTheLastUpdateIsNotAcknowledged(t *testing.T) {
	p := newPod(t)
	p.running(newTask("a"))
	p.expect(p.ended("a", exited(0)), "a TASK_FINISHED: Command exited with status 0")
	p.running(newTask("b"))
	p.expect(p.acknowledgeAll())
	if !p.c.Next().IsZero() {
		t.Error("an executor with a task is about to end")
	}
}

func TestDefaultExecutorSubscribesAgainWithWhatIsNotAcknowledged(t *testing.T) {
	p := newPod(t)
	p.running(checkedTask(), newTask("b"))
	p.expect(p.tick(0), "t check 1", "t health check 1")
	p.expect(p.step(Disconnected{}), "t stop checks")
	p.expect(p.tick(time.Second), "SUBSCRIBE task t task b TASK_STARTING TASK_STARTING TASK_RUNNING TASK_RUNNING")
	p.event(executorpb.Event_SUBSCRIBED, nil)
	p.expect(p.tick(0), "t check 2", "t health check 2") // at once
	p.expect(p.acknowledge("t", 2))                      // 1 is its container
	p.step(Disconnected{})
	p.expect(p.tick(time.Second), "SUBSCRIBE task b TASK_STARTING TASK_RUNNING TASK_RUNNING")
}

func TestUnhealthyTaskTakesItsGroupWithIt(t *testing.T) {
	p := newPod(t)
	task := checkedTask()
	task.HealthCheck.ConsecutiveFailures = new(uint32(1))
	p.running(task, newTask("b"))
	p.tick(0)
	p.expect(p.step(Checked{p.container("t"), HealthCheck, 1, exitCode(1)}),
		"t TASK_RUNNING REASON_TASK_HEALTH_CHECK_STATUS_UPDATED: health check: command exited with status 1",
		"t stop checks", "t "+sigterm)
	effects := p.ended("t", exited(0))
	p.expect(effects, "t TASK_KILLED: Command exited with status 0", "b "+sigterm)
	if status := effects[0].(Send).Call.GetUpdate().GetStatus(); status.Healthy == nil || *status.Healthy {
		t.Errorf("status = %v", status)
	}
}

// covers: DefaultExecutorCheckTest.MultipleTasksWithChecks
func TestTasksOfAGroupHaveChecksOfTheirOwn(t *testing.T) {
	p := newPod(t)
	a, b := checkedTask(), checkedTask()
	a.TaskId, b.TaskId, a.HealthCheck, b.HealthCheck = newTask("a").TaskId, newTask("b").TaskId, nil, nil
	p.running(a, b)
	p.expect(p.tick(0), "a check 1", "b check 1")
	for task, code := range map[string]int32{"a": 1, "b": 2} {
		effects := p.step(Checked{p.container(task), GeneralCheck, 1, exitCode(code)})
		p.expect(effects, task+" TASK_RUNNING REASON_TASK_CHECK_STATUS_UPDATED")
		if got := p.told(effects).GetCheckStatus().GetCommand().GetExitCode(); got != code {
			t.Errorf("%s: exit code %d, want %d", task, got, code)
		}
	}
}

// recovered is a task of a group that was told in a state.
func recovered(id, group string, state mesospb.TaskState) Recovered {
	container := &mesospb.ContainerID{Value: &id, Parent: &mesospb.ContainerID{Value: new("c")}}
	return Recovered{
		Task: newTask(id), Group: group, Running: time.Unix(900, 0),
		Told: &mesospb.TaskStatus{State: &state, ContainerStatus: &mesospb.ContainerStatus{ContainerId: container}},
	}
}

func resumedPod(t *testing.T, tasks ...Recovered) (*pod, []Effect) {
	p := &pod{&fixture{t: t, c: NewDefault(coreConfig()), now: time.Unix(1000, 0)}, map[mesos.ContainerID]string{}}
	for _, r := range tasks {
		id := r.Task.GetTaskId().GetValue()
		p.ids[mesos.ContainerID("c."+id)] = id
	}
	return p, p.step(Resume{tasks})
}

func TestDefaultExecutorGoesOn(t *testing.T) {
	p, effects := resumedPod(t,
		recovered("a", "a", mesospb.TaskState_TASK_RUNNING), recovered("b", "a", mesospb.TaskState_TASK_STARTING),
		recovered("x", "x", mesospb.TaskState_TASK_RUNNING), recovered("y", "x", mesospb.TaskState_TASK_FINISHED),
		Recovered{Task: newTask("z"), Group: "z"})
	var adopted []string
	for _, effect := range effects {
		if e, ok := effect.(Adopt); ok {
			adopted = append(adopted, fmt.Sprint(e.Container, " ", e.News))
		}
	}
	if want := []string{"c.a false", "c.b true", "c.x false"}; !slices.Equal(adopted, want) {
		t.Errorf("adopted %v, want %v", adopted, want)
	}
	p.expect(effects[3:], "SUBSCRIBE")
	p.event(executorpb.Event_SUBSCRIBED, nil)
	p.expect(p.ended("x", exited(0)), "x TASK_FINISHED: Command exited with status 0")
	p.expect(p.launched("b"), "b TASK_RUNNING")
	p.expect(p.ended("b", exited(1)), "b TASK_FAILED: Command exited with status 1", "a "+sigterm)
	p.expect(p.ended("a", Ended{}), "a TASK_KILLED: the exit status of the command was lost")
	p.expect(p.acknowledgeAll(), "terminate 0")
}

func TestDefaultExecutorOfWhichNothingIsLeftEnds(t *testing.T) {
	p, effects := resumedPod(t, recovered("a", "a", mesospb.TaskState_TASK_FAILED))
	p.expect(effects, "SUBSCRIBE") // so that the agent sees what it does not know
	p.expect(p.event(executorpb.Event_SUBSCRIBED, nil), "terminate 0")
}
