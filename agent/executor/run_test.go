package executor

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/posix"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is how long anything in these tests may take before it counts as hung.
const limit = 30 * time.Second

// testAgent is the agent of one executor: it subscribes it, launches its task,
// and acknowledges every update.
type testAgent struct {
	task *mesospb.TaskInfo
	// groups are launched instead of the task, if there are any.
	groups [][]*mesospb.TaskInfo
	// subscribed, if set, is told of each SUBSCRIBE and may refuse it.
	subscribed func(*executorpb.Call) error

	mu       sync.Mutex
	events   chan *executorpb.Event
	launched bool
	statuses []*mesospb.TaskStatus
	updated  chan *mesospb.TaskStatus
}

func newTestAgent(task *mesospb.TaskInfo) *testAgent {
	return &testAgent{task: task, updated: make(chan *mesospb.TaskStatus, 64)}
}

func (a *testAgent) Subscribe(_ context.Context, call *executorpb.Call) (<-chan *executorpb.Event, error) {
	if a.subscribed != nil {
		if err := a.subscribed(call); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = make(chan *executorpb.Event, 64)
	a.event(executorpb.Event_SUBSCRIBED, &executorpb.Event{Subscribed: &executorpb.Event_Subscribed{}})
	if !a.launched {
		a.launched = true
		if a.task != nil {
			a.event(executorpb.Event_LAUNCH, &executorpb.Event{Launch: &executorpb.Event_Launch{Task: a.task}})
		}
		for _, tasks := range a.groups {
			a.event(executorpb.Event_LAUNCH_GROUP, &executorpb.Event{LaunchGroup: &executorpb.Event_LaunchGroup{
				TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
			}})
		}
	}
	for _, update := range call.GetSubscribe().GetUnacknowledgedUpdates() {
		a.acknowledge(update)
	}
	return a.events, nil
}

func (a *testAgent) event(t executorpb.Event_Type, event *executorpb.Event) {
	event.Type = &t
	a.events <- event
}

func (a *testAgent) Call(_ context.Context, call *executorpb.Call) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acknowledge(call.GetUpdate())
	return nil
}

func (a *testAgent) acknowledge(update *executorpb.Call_Update) {
	status := update.GetStatus()
	a.statuses = append(a.statuses, status)
	a.updated <- status
	a.event(executorpb.Event_ACKNOWLEDGED, &executorpb.Event{Acknowledged: &executorpb.Event_Acknowledged{
		TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
	}})
}

// await waits for a state of the task.
func (a *testAgent) await(t *testing.T, state mesospb.TaskState) *mesospb.TaskStatus {
	t.Helper()
	return a.awaitThat(t, state.String(), func(s *mesospb.TaskStatus) bool { return s.GetState() == state })
}

// awaitThat waits for a status with a property.
func (a *testAgent) awaitThat(t *testing.T, what string, is func(*mesospb.TaskStatus) bool) *mesospb.TaskStatus {
	t.Helper()
	deadline := time.After(limit)
	for {
		select {
		case status := <-a.updated:
			if is(status) {
				return status
			}
			if mesos.TaskState(status.GetState()).Terminal() && len(a.groups) == 0 {
				t.Fatalf("no %s, but %v", what, status)
			}
		case <-deadline:
			t.Fatalf("no %s", what)
		}
	}
}

func commandTask(command string) *mesospb.TaskInfo {
	task := newTask("t")
	task.Command = &mesospb.CommandInfo{Value: &command}
	task.Resources = []*mesospb.Resource{{
		Name:           proto.String("cpus"),
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: proto.String("role")},
	}}
	return task
}

func configFor(t *testing.T, agent *testAgent) Config {
	local, err := container.New(container.Config{
		AgentIP: "192.0.2.7", Now: time.Now, Isolators: []container.Isolator{posix.Rlimits()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	var serial byte
	return Config{
		Framework: "f", Executor: "t", Container: "c", Sandbox: filepath.Join(t.TempDir(), "sandbox"),
		Environment: []string{"FROM_AGENT=1"}, AgentIP: "192.0.2.7", ShutdownGracePeriod: 5 * time.Second,
		Agent: agent, Containerizer: local,
		UUID: func() [16]byte { serial++; return [16]byte{serial} },
		Log:  slog.New(slog.DiscardHandler),
	}
}

func (a *testAgent) states() (states []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, status := range a.statuses {
		states = append(states, status.GetState().String())
	}
	return states
}

// covers: CommandExecutorTest.AllocationRoleEnvironmentVariable
func TestRunCommand(t *testing.T) {
	agent := newTestAgent(commandTask("echo $MESOS_ALLOCATION_ROLE $FROM_AGENT $MESOS_SANDBOX; exit 7"))
	config := configFor(t, agent)
	if status := RunCommand(t.Context(), config); status != 0 {
		t.Errorf("the executor ended with %v", status)
	}
	if want := []string{"TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"}; !slices.Equal(agent.states(), want) {
		t.Errorf("states = %v, want %v", agent.states(), want)
	}
	last := agent.statuses[2]
	if last.GetMessage() != "Command exited with status 7" {
		t.Errorf("message = %q", last.GetMessage())
	}
	stdout, err := os.ReadFile(filepath.Join(config.Sandbox, "stdout"))
	if want := "role 1 " + config.Sandbox + "\n"; err != nil || string(stdout) != want {
		t.Errorf("stdout = %q, %v, want %q", stdout, err, want)
	}
}

// covers: SlaveTest.CommandTaskWithArguments
func TestRunCommandWithArguments(t *testing.T) {
	task := commandTask("")
	task.Command = &mesospb.CommandInfo{
		Shell: proto.Bool(false), Value: proto.String("/bin/echo"), Arguments: []string{"/bin/echo", "hello  world"},
	}
	agent := newTestAgent(task)
	config := configFor(t, agent)
	RunCommand(t.Context(), config)
	if want := []string{"TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"}; !slices.Equal(agent.states(), want) {
		t.Errorf("states = %v, want %v", agent.states(), want)
	}
	if stdout, err := os.ReadFile(filepath.Join(config.Sandbox, "stdout")); string(stdout) != "hello  world\n" {
		t.Errorf("stdout = %q, %v", stdout, err)
	}
}

// covers: SlaveTest.ROOT_UNPRIVILEGED_USER_RunTaskWithCommandInfoWithUser
// covers: SlaveTest.ROOT_RunTaskWithCommandInfoWithoutUser
func TestRunCommandAsAUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	for user, want := range map[string]string{"nobody": "nobody\n", "": "root\n"} {
		agent := newTestAgent(commandTask("id -un"))
		config := configFor(t, agent)
		config.User = user
		RunCommand(t.Context(), config)
		if stdout, err := os.ReadFile(filepath.Join(config.Sandbox, "stdout")); string(stdout) != want {
			t.Errorf("as %q: stdout = %q, %v, want %q", user, stdout, err, want)
		}
	}
}

// covers: PosixRLimitsIsolatorTest.InvalidLimits
func TestRunCommandThatCannotBeLaunched(t *testing.T) {
	container := func(fill func(*mesospb.ContainerInfo)) func(*Config, *mesospb.TaskInfo) {
		return func(_ *Config, task *mesospb.TaskInfo) {
			task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
			fill(task.Container)
		}
	}
	for want, spoil := range map[string]func(*Config, *mesospb.TaskInfo){
		"no-such-user": func(config *Config, _ *mesospb.TaskInfo) { config.User = "no-such-user" },
		"/no/such/program": func(_ *Config, task *mesospb.TaskInfo) {
			task.Command = &mesospb.CommandInfo{Shell: proto.Bool(false), Value: proto.String("/no/such/program")}
		},
		"container images": container(func(c *mesospb.ContainerInfo) {
			c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{}}
		}),
		"RLMT_CPU": container(func(c *mesospb.ContainerInfo) {
			c.RlimitInfo = &mesospb.RLimitInfo{Rlimits: []*mesospb.RLimitInfo_RLimit{{
				Type: mesospb.RLimitInfo_RLimit_RLMT_CPU.Enum(), Soft: proto.Uint64(100), Hard: proto.Uint64(1),
			}}}
		}),
	} {
		agent := newTestAgent(commandTask("true"))
		config := configFor(t, agent)
		spoil(&config, agent.task)
		if status := RunCommand(t.Context(), config); status != 0 {
			t.Errorf("%s: the executor ended with %v", want, status)
		}
		last := agent.statuses[len(agent.statuses)-1]
		if last.GetState() != mesospb.TaskState_TASK_FAILED ||
			last.GetReason() != mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED ||
			!strings.Contains(last.GetMessage(), want) {
			t.Errorf("%s: last status = %v", want, last)
		}
	}
}

func TestRunCommandIsKilled(t *testing.T) {
	agent := newTestAgent(commandTask("trap '' TERM; echo ready; sleep 1000 & sleep 1000"))
	done := make(chan syscall.WaitStatus, 1)
	config := configFor(t, agent)
	go func() { done <- RunCommand(t.Context(), config) }()
	agent.await(t, mesospb.TaskState_TASK_RUNNING)
	for deadline := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		stdout, _ := os.ReadFile(filepath.Join(config.Sandbox, "stdout"))
		if string(stdout) == "ready\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command is not ready")
		}
	}
	agent.mu.Lock()
	agent.event(executorpb.Event_KILL, &executorpb.Event{Kill: &executorpb.Event_Kill{
		TaskId: agent.task.TaskId, KillPolicy: &mesospb.KillPolicy{GracePeriod: seconds(0.01)},
	}})
	agent.mu.Unlock()
	last := agent.await(t, mesospb.TaskState_TASK_KILLED)
	if last.GetMessage() != "Command terminated with signal Killed" {
		t.Errorf("message = %q", last.GetMessage())
	}
	if status := <-done; status != 0 {
		t.Errorf("the executor ended with %v", status)
	}
}

func TestRunCommandIsDestroyed(t *testing.T) {
	agent := newTestAgent(commandTask("sleep 1000"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan syscall.WaitStatus, 1)
	config := configFor(t, agent)
	go func() { done <- RunCommand(ctx, config) }()
	pid := int(agent.await(t, mesospb.TaskState_TASK_RUNNING).GetContainerStatus().GetExecutorPid())
	cancel()
	if status := <-done; !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Errorf("the executor ended with %v, want killed", status)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the command is still there: %v", err)
	}
}

func TestRunCommandSubscribesAgain(t *testing.T) {
	agent := newTestAgent(commandTask("exit 0"))
	refusals := 1
	agent.subscribed = func(*executorpb.Call) error {
		if refusals > 0 {
			refusals--
			return errors.New("not now")
		}
		return nil
	}
	if status := RunCommand(t.Context(), configFor(t, agent)); status != 0 {
		t.Errorf("the executor ended with %v", status)
	}
	if want := []string{"TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"}; !slices.Equal(agent.states(), want) {
		t.Errorf("states = %v, want %v", agent.states(), want)
	}
}
