package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// running is a default executor with real containers.
type running struct {
	*testAgent
	config Config
	local  *container.Local
	ended  chan container.Exit
}

// runPod runs a default executor with task groups until the test ends.
func runPod(t *testing.T, change func(*container.Spec), groups ...[]*mesospb.TaskInfo) *running {
	t.Helper()
	r := &running{testAgent: newTestAgent(nil), ended: make(chan container.Exit, 1)}
	r.groups = groups
	r.config = configFor(t, r.testAgent)
	r.local = r.config.Containerizer.(*container.Local)
	containertest.Reachable(filepath.Dir(r.config.Sandbox))
	r.config.Container = containertest.Spec(t, nil).ID
	spec := container.Spec{ID: r.config.Container, Sandbox: r.config.Sandbox, Pause: true}
	if change != nil {
		change(&spec)
	}
	r.config.User = spec.User
	containertest.Launch(t, r.local, spec)
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.ended <- RunDefault(ctx, r.config)
	}()
	t.Cleanup(func() { cancel(); <-over })
	return r
}

// named is a task with a name and a command.
func named(id, command string) *mesospb.TaskInfo {
	task := commandTask(command)
	task.TaskId = newTask(id).TaskId
	return task
}

// is waits for a state of one of the tasks.
func (r *running) is(t *testing.T, task string, state mesospb.TaskState) *mesospb.TaskStatus {
	t.Helper()
	return r.awaitThat(t, task+" is "+state.String(), func(s *mesospb.TaskStatus) bool {
		return s.GetTaskId().GetValue() == task && s.GetState() == state
	})
}

// all waits for the executor's end and returns what was told of each task, by
// the last word of each state.
func (r *running) all(t *testing.T) map[string]string {
	t.Helper()
	select {
	case exit := <-r.ended:
		r.ended <- exit
		if exit.Status != 0 {
			t.Errorf("the executor ended with %+v", exit)
		}
	case <-t.Context().Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	told := map[string]string{}
	for _, s := range r.statuses {
		told[s.GetTaskId().GetValue()] += strings.TrimPrefix(s.GetState().String(), "TASK_") + " "
	}
	return told
}

func (r *running) kill(task string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event(executorpb.Event_KILL, &executorpb.Event{Kill: &executorpb.Event_Kill{TaskId: newTask(task).TaskId}})
}

const whole = "STARTING RUNNING FINISHED "

// covers: DefaultExecutorTest.AllocationRoleEnvironmentVariable
// covers: DefaultExecutorTest.ROOT_ContainerStatusForTask
func TestTasksOfAGroupRunInContainersOfTheirOwn(t *testing.T) {
	const look = `echo $MESOS_ALLOCATION_ROLE $MESOS_CONTAINER_IP $FROM_AGENT; test "$PWD" = "$MESOS_SANDBOX"`
	r := runPod(t, nil, []*mesospb.TaskInfo{named("a", look), named("b", look)})
	if got, want := r.all(t), (map[string]string{"a": whole, "b": whole}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("told %v, want %v", got, want)
	}
	ids := map[string]bool{}
	for _, s := range r.statuses {
		id := s.GetContainerStatus().GetContainerId()
		if id.GetParent().GetValue() != string(r.config.Container) || id.GetParent().GetParent() != nil {
			t.Errorf("%s: container %v is not in the executor's", s.GetTaskId().GetValue(), id)
		}
		ids[id.GetValue()] = true
	}
	if len(ids) != 2 {
		t.Errorf("containers %v, want one a task", ids)
	}
	for _, task := range []string{"a", "b"} {
		out, err := os.ReadFile(filepath.Join(r.config.Sandbox, "tasks", task, "stdout"))
		if string(out) != "role 192.0.2.7\n" {
			t.Errorf("%s: stdout = %q, %v", task, out, err)
		}
	}
}

func TestFailureOfARealTaskKillsItsGroup(t *testing.T) {
	r := runPod(t, nil,
		[]*mesospb.TaskInfo{named("a", "while ! test -e ../../now; do sleep 0.01; done; exit 1"), named("b", "exec sleep 1000")},
		[]*mesospb.TaskInfo{named("x", "exec sleep 1000")})
	r.is(t, "x", mesospb.TaskState_TASK_RUNNING)
	if err := os.WriteFile(filepath.Join(r.config.Sandbox, "now"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.is(t, "b", mesospb.TaskState_TASK_KILLED)
	r.kill("x")
	want := map[string]string{"a": "STARTING RUNNING FAILED ", "b": "STARTING RUNNING KILLED ", "x": "STARTING RUNNING KILLED "}
	if got := r.all(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", got, want)
	}
	if _, err := r.local.Status(r.config.Container); err == nil {
		if exit := containertest.Wait(t, r.local, r.config.Container); exit.Status.Signal() != syscall.SIGKILL {
			t.Errorf("the executor's container: %+v", exit)
		}
	}
}

// covers: DefaultExecutorTest.TaskWithFileURI
func TestTaskOfAGroupWithAURI(t *testing.T) {
	file := filepath.Join(t.TempDir(), "testFile")
	if err := os.WriteFile(file, []byte("pizza"), 0o600); err != nil {
		t.Fatal(err)
	}
	task := named("a", "test `cat testFile` = pizza")
	task.Command.Uris = []*mesospb.CommandInfo_URI{{Value: new("file://" + file)}}
	if got := runPod(t, nil, []*mesospb.TaskInfo{task}).all(t); got["a"] != whole {
		t.Errorf("told %v", got)
	}
}

// covers: DefaultExecutorTest.ROOT_UNPRIVILEGED_USER_SandboxOwnership
func TestTaskOfAGroupIsItsExecutorsUserUnlessItNamesOne(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	inherits := named("a", "test `stat -c %U .` = nobody && test `id -un` = nobody")
	names := named("b", "test `stat -c %U .` = daemon && test `id -un` = daemon")
	names.Command.User = new("daemon")
	r := runPod(t, func(spec *container.Spec) { spec.User = "nobody" }, []*mesospb.TaskInfo{inherits}, []*mesospb.TaskInfo{names})
	if got := r.all(t); got["a"] != whole || got["b"] != whole {
		t.Errorf("told %v", got)
	}
}

// covers: DefaultExecutorTest.SigkillExecutor
func TestDefaultExecutorsContainerIsKilled(t *testing.T) {
	r := runPod(t, nil, []*mesospb.TaskInfo{named("a", "exec sleep 1000")})
	pid := int(r.is(t, "a", mesospb.TaskState_TASK_RUNNING).GetContainerStatus().GetExecutorPid())
	if err := r.local.Signal(r.config.Container, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := <-r.ended; !exit.Known || exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("the executor ended with %+v", exit)
	} else {
		r.ended <- exit
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the task is there without its executor")
	}
}

func TestLinkOfATaskStaysInTheSandbox(t *testing.T) {
	sandbox, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(sandbox, "tasks")); err != nil {
		t.Fatal(err)
	}
	if err := linkTask(sandbox, "a", "c.1"); err == nil {
		t.Error("a link is made through a link that leaves the sandbox")
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) > 0 {
		t.Errorf("elsewhere is %v, %v", entries, err)
	}
}

// covers: DefaultExecutorCheckTest.CommandCheckStatusChange
// covers: DefaultExecutorCheckTest.CommandCheckSharesWorkDirWithTask
func TestCommandCheckOfATaskOfAGroupSeesItsSandbox(t *testing.T) {
	task := named("a", "exec sleep 1000")
	task.Check = checkBy(shell("test -d found || { mkdir found; exit 3; }"))
	r := runPod(t, nil, []*mesospb.TaskInfo{task})
	r.exitCode(t, 3)
	r.exitCode(t, 0)
	if _, err := os.Stat(filepath.Join(r.config.Sandbox, "tasks/a/found")); err != nil {
		t.Error(err)
	}
}

// covers: DefaultExecutorCheckTest.CommandCheckSeesParentsEnv
func TestCommandCheckOfATaskOfAGroupHasItsEnvironment(t *testing.T) {
	task := named("a", "exec sleep 1000")
	task.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: new("CODE"), Value: new("42")}}}
	task.Check = checkBy(shell("exit $CODE"))
	runPod(t, nil, []*mesospb.TaskInfo{task}).exitCode(t, 42)
}

// covers: DefaultExecutorCheckTest.CommandCheckTimeout
func TestCommandCheckOfATaskOfAGroupHangs(t *testing.T) {
	task := named("a", "exec sleep 1000")
	task.Check = checkBy(shell("test -e before || { touch before; exit 1; }; sleep 1000"))
	task.Check.TimeoutSeconds = new(4.0) // of which its first run needs a part on any machine
	r := runPod(t, nil, []*mesospb.TaskInfo{task})
	r.exitCode(t, 1)
	r.awaitThat(t, "no exit code", func(s *mesospb.TaskStatus) bool {
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED && s.GetCheckStatus().Command.ExitCode == nil
	})
}

// covers: DefaultExecutorCheckTest.CommandCheckAndHealthCheckNoShadowing
// covers: HealthCheckTest.DefaultExecutorCommandHealthCheck
func TestCheckAndHealthCheckOfATaskOfAGroup(t *testing.T) {
	task := named("a", "exec sleep 1000")
	task.Check = checkBy(shell("exit 1"))
	task.HealthCheck = healthBy(shell("exit 0"))
	r := runPod(t, nil, []*mesospb.TaskInfo{task})
	r.awaitThat(t, "both results", func(s *mesospb.TaskStatus) bool {
		return s.GetHealthy() && s.GetCheckStatus().GetCommand().GetExitCode() == 1
	})
}

// covers: HealthCheckTest.ROOT_UNPRIVILEGED_USER_DefaultExecutorCommandHealthCheck
func TestHealthCheckOfATaskOfAGroupIsItsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	task := named("a", "exec sleep 1000")
	task.Command.User = new("nobody")
	task.HealthCheck = healthBy(shell("test `id -un` = nobody"))
	runPod(t, func(spec *container.Spec) { spec.User = "root" }, []*mesospb.TaskInfo{task}).health(t, true)
}

// covers: DefaultExecutorCheckTest.HTTPCheckDelivered
// covers: DefaultExecutorCheckTest.TCPCheckDelivered
func TestNetworkChecksOfATaskOfAGroup(t *testing.T) {
	port := server(t, 200)
	web, tcp := named("web", "exec sleep 1000"), named("tcp", "exec sleep 1000")
	web.Check = often(&mesospb.CheckInfo{
		Type: mesospb.CheckInfo_HTTP.Enum(), Http: &mesospb.CheckInfo_Http{Port: &port, Path: new("/help")},
	})
	tcp.Check = often(&mesospb.CheckInfo{Type: mesospb.CheckInfo_TCP.Enum(), Tcp: &mesospb.CheckInfo_Tcp{Port: &port}})
	r := runPod(t, nil, []*mesospb.TaskInfo{web}, []*mesospb.TaskInfo{tcp})
	var found []string
	for len(found) < 2 {
		s := r.awaitThat(t, "results of both", func(s *mesospb.TaskStatus) bool {
			return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED &&
				(s.GetCheckStatus().GetHttp().GetStatusCode() == 200 || s.GetCheckStatus().GetTcp().GetSucceeded())
		})
		found = append(found, s.GetTaskId().GetValue())
	}
	if slices.Sort(found); !slices.Equal(found, []string{"tcp", "web"}) {
		t.Errorf("results of %v", found)
	}
}
