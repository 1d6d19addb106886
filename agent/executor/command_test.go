package executor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fixture is the core of an executor in virtual time.
type fixture struct {
	t   *testing.T
	c   core
	now time.Time
}

func coreConfig() CoreConfig {
	var serial byte
	return CoreConfig{
		Framework: "f", Executor: "e", Container: "c", AgentIP: "192.0.2.7",
		ShutdownGracePeriod: 5 * time.Second,
		UUID:                func() [16]byte { serial++; return [16]byte{serial} },
	}
}

// newFixture is a command executor.
func newFixture(t *testing.T, capabilities ...mesospb.FrameworkInfo_Capability_Type) *fixture {
	return start(t, NewCommand(coreConfig()), capabilities...)
}

// start takes an executor to its subscription.
func start(t *testing.T, c core, capabilities ...mesospb.FrameworkInfo_Capability_Type) *fixture {
	f := &fixture{t: t, c: c, now: time.Unix(1000, 0)}
	f.expect(f.step(Start{}), "SUBSCRIBE")
	framework := &mesospb.FrameworkInfo{}
	for _, c := range capabilities {
		framework.Capabilities = append(framework.Capabilities, &mesospb.FrameworkInfo_Capability{Type: &c})
	}
	f.expect(f.event(executorpb.Event_SUBSCRIBED, func(e *executorpb.Event) {
		e.Subscribed = &executorpb.Event_Subscribed{FrameworkInfo: framework}
	}))
	return f
}

func (f *fixture) step(in Input) []Effect { return slices.Clone(f.c.Step(f.now, in)) }

func (f *fixture) event(t executorpb.Event_Type, fill func(*executorpb.Event)) []Effect {
	event := &executorpb.Event{Type: &t}
	if fill != nil {
		fill(event)
	}
	return f.step(Received{event})
}

func newTask(id string) *mesospb.TaskInfo {
	return &mesospb.TaskInfo{
		TaskId:  &mesospb.TaskID{Value: &id},
		Command: &mesospb.CommandInfo{Value: proto.String("true")},
	}
}

func (f *fixture) launch(task *mesospb.TaskInfo) []Effect {
	return f.event(executorpb.Event_LAUNCH, func(e *executorpb.Event) {
		e.Launch = &executorpb.Event_Launch{Task: task}
	})
}

// running takes a task to TASK_RUNNING.
func (f *fixture) running(task *mesospb.TaskInfo) {
	f.t.Helper()
	f.expect(f.launch(task), "TASK_STARTING", "launch")
	f.expect(f.step(Launched{Status: container.HostStatus("c", "192.0.2.7", 42)}), "TASK_RUNNING")
}

func seconds(s float64) *mesospb.DurationInfo {
	return &mesospb.DurationInfo{Nanoseconds: proto.Int64(int64(s * float64(time.Second)))}
}

func (f *fixture) kill(task string, grace *mesospb.DurationInfo) []Effect {
	return f.event(executorpb.Event_KILL, func(e *executorpb.Event) {
		e.Kill = &executorpb.Event_Kill{TaskId: &mesospb.TaskID{Value: &task}}
		if grace != nil {
			e.Kill.KillPolicy = &mesospb.KillPolicy{GracePeriod: grace}
		}
	})
}

func (f *fixture) acknowledge(task string, uuid byte) []Effect {
	return f.event(executorpb.Event_ACKNOWLEDGED, func(e *executorpb.Event) {
		id := [16]byte{uuid}
		e.Acknowledged = &executorpb.Event_Acknowledged{TaskId: &mesospb.TaskID{Value: &task}, Uuid: id[:]}
	})
}

// tick lets the time come that the core waits for.
func (f *fixture) tick(after time.Duration) []Effect {
	f.t.Helper()
	if next := f.c.Next(); !next.Equal(f.now.Add(after)) {
		f.t.Fatalf("next tick is due in %v, want %v", next.Sub(f.now), after)
	}
	f.now = f.now.Add(after)
	return f.step(Tick{})
}

func exited(status int) Ended {
	return Ended{Exit: container.Exit{Status: syscall.WaitStatus(status << 8), Known: true}}
}

func signalled(signal syscall.Signal) Ended {
	return Ended{Exit: container.Exit{Status: syscall.WaitStatus(signal), Known: true}}
}

// expect compares effects with how they are told.
func (f *fixture) expect(effects []Effect, want ...string) {
	f.t.Helper()
	var got []string
	for _, effect := range effects {
		got = append(got, tell(effect))
	}
	if !slices.Equal(got, want) {
		f.t.Fatalf("effects:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func tell(effect Effect) string {
	switch e := effect.(type) {
	case Subscribe:
		s := e.Call.GetType().String()
		for _, task := range e.Call.GetSubscribe().GetUnacknowledgedTasks() {
			s += " task " + task.GetTaskId().GetValue()
		}
		for _, update := range e.Call.GetSubscribe().GetUnacknowledgedUpdates() {
			s += " " + update.GetStatus().GetState().String()
		}
		return s
	case Send:
		status := e.Call.GetUpdate().GetStatus()
		s := status.GetState().String()
		if status.Reason != nil {
			s += " " + status.GetReason().String()
		}
		if status.Message != nil {
			s += ": " + status.GetMessage()
		}
		return s
	case Launch:
		return "launch"
	case Signal:
		if e.OrDestroy {
			return e.Signal.String() + " or destroy"
		}
		return e.Signal.String()
	case Destroy:
		return "destroy"
	case Check:
		return fmt.Sprintf("%s %d", [...]string{"check", "health check"}[e.Which], e.Probe.Serial)
	case StopChecks:
		return "stop checks"
	case Terminate:
		return fmt.Sprintf("terminate %d", e.Status)
	}
	return fmt.Sprintf("%T", effect)
}

func TestTaskFinishes(t *testing.T) {
	f := newFixture(t)
	effects := f.launch(newTask("t"))
	f.expect(effects, "TASK_STARTING", "launch")
	call := effects[0].(Send).Call
	if call.GetFrameworkId().GetValue() != "f" || call.GetExecutorId().GetValue() != "e" {
		t.Errorf("call = %v", call)
	}
	status := call.GetUpdate().GetStatus()
	if status.GetSource() != mesospb.TaskStatus_SOURCE_EXECUTOR || status.GetTimestamp() != 1000 ||
		len(status.GetUuid()) != 16 || status.GetExecutorId().GetValue() != "e" || status.GetTaskId().GetValue() != "t" {
		t.Errorf("status = %v", status)
	}
	effects = f.step(Launched{Status: container.HostStatus("c", "192.0.2.7", 42)})
	f.expect(effects, "TASK_RUNNING")
	status = effects[0].(Send).Call.GetUpdate().GetStatus()
	if cs := status.GetContainerStatus(); cs.GetExecutorPid() != 42 || cs.GetContainerId().GetValue() != "c" ||
		cs.GetNetworkInfos()[0].GetIpAddresses()[0].GetIpAddress() != "192.0.2.7" {
		t.Errorf("container status = %v", cs)
	}
	f.expect(f.step(exited(0)), "TASK_FINISHED: Command exited with status 0")
}

func TestTaskFails(t *testing.T) {
	for want, in := range map[string]Input{
		"TASK_FAILED: Command exited with status 7":                         exited(7),
		"TASK_FAILED: Command terminated with signal Killed":                signalled(syscall.SIGKILL),
		"TASK_FAILED: Command terminated with signal Segmentation fault":    signalled(syscall.SIGSEGV),
		"TASK_FAILED: Command terminated with signal Aborted (core dumped)": signalled(syscall.SIGABRT | 0x80),
		"TASK_FAILED: Command terminated with signal Real-time signal 3":    signalled(37),
		"TASK_FAILED: the exit status of the command was lost":              Ended{Exit: container.Exit{}},
		"TASK_FAILED REASON_CONTAINER_LIMITATION_MEMORY: over 32 MB": Ended{Exit: container.Exit{
			Reason: mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY, Message: "over 32 MB"}},
	} {
		f := newFixture(t)
		f.running(newTask("t"))
		f.expect(f.step(in), want)
	}
}

func TestLaunchFails(t *testing.T) {
	f := newFixture(t)
	f.expect(f.launch(newTask("t")), "TASK_STARTING", "launch")
	f.expect(f.step(LaunchFailed{Err: errors.New("fetch: no route")}),
		"TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: fetch: no route")
}

// A task that ends when it is asked to does not wait for its grace period.
// covers: SlaveTest.CommandTaskWithKillPolicy
func TestATaskThatEndsWhenItIsAskedTo(t *testing.T) {
	f := newFixture(t)
	task := newTask("t")
	task.KillPolicy = &mesospb.KillPolicy{GracePeriod: seconds(3600)}
	f.running(task)
	f.expect(f.kill("t", nil), "terminated")
	f.expect(f.step(signalled(syscall.SIGTERM)), "TASK_KILLED: Command terminated with signal Terminated")
}

// covers: CommandExecutorTest.NoTaskKillingCapability
func TestKillWithoutKillingState(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.kill("t", nil), "terminated")
	f.expect(f.step(signalled(syscall.SIGTERM)), "TASK_KILLED: Command terminated with signal Terminated")
}

// covers: CommandExecutorTest.TaskKillingCapability
func TestKillWithKillingState(t *testing.T) {
	f := newFixture(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	f.running(newTask("t"))
	f.expect(f.kill("t", nil), "TASK_KILLING", "terminated")
	f.expect(f.kill("t", nil)) // a retry does nothing
	f.expect(f.step(exited(0)), "TASK_KILLED: Command exited with status 0")
}

func TestKillEscalatesAfterTheGracePeriod(t *testing.T) {
	for _, tt := range []struct {
		name           string
		policy, kill   *mesospb.DurationInfo
		escalatesAfter time.Duration
	}{
		{"by default", nil, nil, 3 * time.Second},
		{"of the task", seconds(7), nil, 7 * time.Second},
		{"of the kill", seconds(7), seconds(1), time.Second},
		{"negative", nil, seconds(-1), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			task := newTask("t")
			if tt.policy != nil {
				task.KillPolicy = &mesospb.KillPolicy{GracePeriod: tt.policy}
			}
			f.running(task)
			f.expect(f.kill("t", tt.kill), "terminated")
			f.expect(f.tick(tt.escalatesAfter), "destroy")
			f.expect(f.step(signalled(syscall.SIGKILL)), "TASK_KILLED: Command terminated with signal Killed")
		})
	}
}

func TestLaterKillOnlyShortensTheGracePeriod(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.kill("t", seconds(20)), "terminated")
	f.now = f.now.Add(2 * time.Second)
	f.expect(f.kill("t", seconds(30)))
	f.expect(f.kill("t", seconds(5))) // from the first kill on
	f.expect(f.tick(3*time.Second), "destroy")
}

// In Mesos it is a health check's late result that must not undo TASK_KILLING;
// here it is a launch that wins against the kill.
func TestKillingTaskDoesNotBecomeRunning(t *testing.T) {
	f := newFixture(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	f.expect(f.launch(newTask("t")), "TASK_STARTING", "launch")
	f.expect(f.kill("t", nil), "TASK_KILLING", "terminated or destroy")
	f.expect(f.step(Launched{}))
	f.expect(f.step(signalled(syscall.SIGKILL)), "TASK_KILLED: Command terminated with signal Killed")
}

func TestKillDuringLaunch(t *testing.T) {
	f := newFixture(t)
	f.launch(newTask("t"))
	f.expect(f.kill("t", nil), "terminated or destroy")
	f.expect(f.kill("t", nil))
	f.expect(f.step(LaunchFailed{Err: errors.New("destroyed")}),
		"TASK_KILLED REASON_TASK_KILLED_DURING_LAUNCH: killed before the command ran")
}

func TestACommandThatIsNotKnownToRunYetHasItsGracePeriod(t *testing.T) {
	f := newFixture(t)
	f.launch(newTask("t"))
	f.expect(f.kill("t", nil), "terminated or destroy")
	f.expect(f.tick(3*time.Second), "destroy")
}

func TestKillOfAnotherTaskIsIgnored(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.kill("other", nil))
}

func TestKillBeforeTheTaskCameEndsTheExecutor(t *testing.T) {
	f := newFixture(t)
	f.expect(f.kill("t", nil), "terminate 1")
	f.expect(f.launch(newTask("t")))
}

// covers: CommandExecutorTest.MaxCompletionTime
func TestMaxCompletionTime(t *testing.T) {
	f := newFixture(t, mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE)
	task := newTask("t")
	task.MaxCompletionTime = seconds(2)
	f.running(task)
	f.expect(f.tick(2*time.Second), "terminated", "destroy")
	f.expect(f.step(signalled(syscall.SIGKILL)),
		"TASK_FAILED REASON_MAX_COMPLETION_TIME_REACHED: Command terminated with signal Killed")
}

func TestKillGoesBeforeMaxCompletionTime(t *testing.T) {
	f := newFixture(t)
	task := newTask("t")
	task.MaxCompletionTime = seconds(2)
	f.running(task)
	f.expect(f.kill("t", nil), "terminated")
	f.expect(f.tick(3*time.Second), "destroy")
	f.expect(f.step(signalled(syscall.SIGKILL)), "TASK_KILLED: Command terminated with signal Killed")
}

func TestShutdown(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.event(executorpb.Event_SHUTDOWN, nil), "terminated")
	// In time for the agent, which destroys the container after 5 s.
	f.expect(f.tick(3*time.Second), "destroy")
	f.expect(f.step(signalled(syscall.SIGKILL)), "TASK_KILLED: Command terminated with signal Killed")

	f = newFixture(t)
	f.expect(f.event(executorpb.Event_SHUTDOWN, nil), "terminate 0")
}

func TestTaskGroupShutsDown(t *testing.T) {
	f := newFixture(t)
	f.expect(f.event(executorpb.Event_LAUNCH_GROUP, nil), "terminate 0")
}

// covers: HTTPCommandExecutorTest.TerminateWithACK
func TestTerminatesWithTheLastAcknowledgement(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.step(exited(0))
	f.expect(f.acknowledge("t", 99)) // of no update
	f.expect(f.acknowledge("t", 1))
	f.expect(f.acknowledge("t", 2))
	f.expect(f.acknowledge("t", 3), "terminate 0")
	if !f.c.Next().IsZero() {
		t.Error("an executor that has ended waits for something")
	}
}

func TestTerminatesWithoutAcknowledgement(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.step(exited(0))
	f.expect(f.tick(time.Minute), "terminate 1")
}

func TestSubscribesAgainWithWhatIsNotAcknowledged(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.step(Disconnected{}))
	f.expect(f.tick(time.Second), "SUBSCRIBE task t TASK_STARTING TASK_RUNNING")
	f.expect(f.step(Disconnected{}))
	f.expect(f.step(exited(0))) // not sent: there is no connection
	f.expect(f.tick(time.Second), "SUBSCRIBE task t TASK_STARTING TASK_RUNNING TASK_FINISHED")
	f.event(executorpb.Event_SUBSCRIBED, nil)
	f.expect(f.acknowledge("t", 1))
	f.expect(f.step(Disconnected{}))
	f.expect(f.tick(time.Second), "SUBSCRIBE TASK_RUNNING TASK_FINISHED")
}

func TestSecondTaskFails(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	f.expect(f.launch(newTask("u")),
		"TASK_FAILED REASON_TASK_INVALID: task: a command executor runs one task only")
	f.expect(f.acknowledge("u", 3)) // does not end the executor
	f.expect(f.step(exited(0)), "TASK_FINISHED: Command exited with status 0")
}

func TestTaskThatAsksTooMuchFails(t *testing.T) {
	for want, spoil := range map[string]func(*mesospb.TaskInfo){
		"task: no command": func(t *mesospb.TaskInfo) { t.Command = nil },
	} {
		f := newFixture(t)
		task := newTask("t")
		spoil(task)
		f.expect(f.launch(task), "TASK_FAILED REASON_TASK_INVALID: "+want)
		f.expect(f.acknowledge("t", 1), "terminate 0")
	}
}

func TestOtherEventsAreIgnored(t *testing.T) {
	f := newFixture(t)
	f.running(newTask("t"))
	for _, event := range []executorpb.Event_Type{
		executorpb.Event_HEARTBEAT, executorpb.Event_MESSAGE, executorpb.Event_ERROR, executorpb.Event_UNKNOWN,
	} {
		f.expect(f.event(event, nil))
	}
}
