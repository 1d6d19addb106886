package executor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// sleeper is a task that sleeps and is checked often.
func sleeper() *mesospb.TaskInfo { return commandTask("exec sleep 1000") }

func often(check *mesospb.CheckInfo) *mesospb.CheckInfo {
	check.DelaySeconds, check.IntervalSeconds = new(0.0), new(0.0)
	return check
}

func checkBy(command *mesospb.CommandInfo) *mesospb.CheckInfo {
	return often(&mesospb.CheckInfo{
		Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckInfo_Command{Command: command},
	})
}

func healthBy(command *mesospb.CommandInfo) *mesospb.HealthCheck {
	return &mesospb.HealthCheck{
		Type: mesospb.HealthCheck_COMMAND.Enum(), Command: command,
		DelaySeconds: new(0.0), IntervalSeconds: new(0.0), GracePeriodSeconds: new(0.0),
	}
}

func shell(format string, args ...any) *mesospb.CommandInfo {
	return containertest.Shell(fmt.Sprintf(format, args...))
}

// runs runs an executor until the test ends.
func (a *testAgent) runs(t *testing.T) Config {
	t.Helper()
	config := configFor(t, a)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan syscall.WaitStatus, 1)
	go func() { done <- RunCommand(ctx, config) }()
	t.Cleanup(func() { cancel(); <-done })
	return config
}

// exitCode waits for a result of the check.
func (a *testAgent) exitCode(t *testing.T, want int32) *mesospb.TaskStatus {
	t.Helper()
	return a.awaitThat(t, fmt.Sprintf("exit code %d", want), func(s *mesospb.TaskStatus) bool {
		code := s.GetCheckStatus().GetCommand().GetExitCode()
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED &&
			s.GetCheckStatus().GetCommand().ExitCode != nil && code == want
	})
}

func (a *testAgent) health(t *testing.T, want bool) *mesospb.TaskStatus {
	t.Helper()
	return a.awaitThat(t, fmt.Sprintf("healthy: %v", want), func(s *mesospb.TaskStatus) bool {
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_HEALTH_CHECK_STATUS_UPDATED &&
			s.Healthy != nil && *s.Healthy == want
	})
}

// covers: CommandExecutorCheckTest.CommandCheckStatusChange
// covers: CommandExecutorCheckTest.CommandCheckSharesWorkDirWithTask
func TestCommandCheckSeesTheSandboxChange(t *testing.T) {
	task := sleeper()
	task.Check = checkBy(shell("test -d found || { mkdir found; exit 3; }"))
	agent := newTestAgent(task)
	config := agent.runs(t)
	agent.exitCode(t, 3)
	agent.exitCode(t, 0)
	containertest.Until(t, "no more than one check is there", func() bool {
		entries, err := os.ReadDir(filepath.Join(config.Sandbox, "containers"))
		return err == nil && len(entries) <= 1
	})
	if info, err := os.Stat(filepath.Join(config.Sandbox, "found")); err != nil || !info.IsDir() {
		t.Errorf("what the check made is not in the task's sandbox: %v", err)
	}
}

// covers: CommandExecutorCheckTest.CommandCheckSeesParentsEnv
// covers: HealthCheckTest.EnvironmentSetup
func TestCommandChecksHaveTheEnvironmentOfTheTaskAndTheirOwn(t *testing.T) {
	task := sleeper()
	variable := func(name, value string) *mesospb.Environment {
		return &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: &name, Value: &value}}}
	}
	task.Command.Environment = variable("CODE", "42")
	task.Check = checkBy(shell("exit $CODE"))
	task.HealthCheck = healthBy(shell("exit $STATUS"))
	task.HealthCheck.Command.Environment = variable("STATUS", "0")
	agent := newTestAgent(task)
	agent.runs(t)
	agent.awaitThat(t, "both", func(s *mesospb.TaskStatus) bool {
		return s.GetHealthy() && s.GetCheckStatus().GetCommand().GetExitCode() == 42
	})
}

// covers: CommandExecutorCheckTest.CommandCheckTimeout
func TestCommandCheckThatHangsIsKilledWithAllItStarted(t *testing.T) {
	task := sleeper()
	task.Check = checkBy(shell("test -e pids || { touch pids; exit 1; }; sleep 1000 & setsid sleep 1000 & echo $! $$ >> pids; sleep 1000"))
	task.Check.TimeoutSeconds = new(3.0)
	agent := newTestAgent(task)
	config := agent.runs(t)
	agent.exitCode(t, 1)
	agent.awaitThat(t, "no exit code", func(s *mesospb.TaskStatus) bool {
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED &&
			s.GetCheckStatus().Command != nil && s.GetCheckStatus().Command.ExitCode == nil
	})
	first := strings.SplitN(containertest.Read(t, config.commandSpec("", nil), "pids"), "\n", 2)[0]
	for _, text := range strings.Fields(first) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		containertest.Until(t, fmt.Sprintf("process %d of a check that timed out is gone", pid), func() bool {
			return syscall.Kill(pid, 0) != nil
		})
	}
}

// covers: CommandExecutorCheckTest.CommandCheckAndHealthCheckNoShadowing
func TestCheckAndHealthCheckOfOneTask(t *testing.T) {
	task := sleeper()
	task.Check = checkBy(shell("exit 1"))
	task.HealthCheck = healthBy(shell("exit 0"))
	agent := newTestAgent(task)
	agent.runs(t)
	agent.awaitThat(t, "both results", func(s *mesospb.TaskStatus) bool {
		return s.GetHealthy() && s.GetCheckStatus().GetCommand().GetExitCode() == 1
	})
}

// server is an HTTP server of the task, as far as the task's network goes.
func server(t *testing.T, code int) (port uint32) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	t.Cleanup(s.Close)
	return uint32(s.Listener.Addr().(*net.TCPAddr).Port)
}

// covers: CommandExecutorCheckTest.HTTPCheckDelivered
func TestHTTPCheckOfACommandTask(t *testing.T) {
	task := sleeper()
	task.Check = often(&mesospb.CheckInfo{
		Type: mesospb.CheckInfo_HTTP.Enum(), Http: &mesospb.CheckInfo_Http{Port: new(server(t, 200)), Path: new("/help")},
	})
	agent := newTestAgent(task)
	agent.runs(t)
	if status := agent.await(t, mesospb.TaskState_TASK_RUNNING); status.GetCheckStatus().Http == nil || status.CheckStatus.Http.StatusCode != nil {
		t.Errorf("before the first result: %v", status)
	}
	agent.awaitThat(t, "200", func(s *mesospb.TaskStatus) bool {
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED && s.GetCheckStatus().GetHttp().GetStatusCode() == 200
	})
}

// covers: CommandExecutorCheckTest.TCPCheckDelivered
func TestTCPCheckOfACommandTask(t *testing.T) {
	task := sleeper()
	task.Check = often(&mesospb.CheckInfo{
		Type: mesospb.CheckInfo_TCP.Enum(), Tcp: &mesospb.CheckInfo_Tcp{Port: new(server(t, 200))},
	})
	agent := newTestAgent(task)
	agent.runs(t)
	agent.awaitThat(t, "a connection", func(s *mesospb.TaskStatus) bool {
		return s.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED && s.GetCheckStatus().GetTcp().GetSucceeded()
	})
}

// covers: HealthCheckTest.HealthyTaskNonShell
// covers: HealthCheckTest.HealthyTaskViaHTTP
// covers: HealthCheckTest.HealthyTaskViaTCP
func TestHealthyTask(t *testing.T) {
	for name, check := range map[string]*mesospb.HealthCheck{
		"shell": healthBy(shell("exit 0")),
		"argv":  healthBy(containertest.Argv("/bin/true", "true")),
		"http": {Type: mesospb.HealthCheck_HTTP.Enum(), DelaySeconds: new(0.0),
			Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(server(t, 200)), Path: new("/help")}},
		"tcp": {Type: mesospb.HealthCheck_TCP.Enum(), DelaySeconds: new(0.0),
			Tcp: &mesospb.HealthCheck_TCPCheckInfo{Port: new(server(t, 200))}},
	} {
		t.Run(name, func(t *testing.T) {
			task := sleeper()
			task.HealthCheck = check
			agent := newTestAgent(task)
			agent.runs(t)
			agent.health(t, true)
		})
	}
}

// covers: HealthCheckTest.HealthStatusChange
func TestHealthStatusChange(t *testing.T) {
	task := sleeper()
	task.HealthCheck = healthBy(shell("if test -e sick; then rm sick; exit 1; else touch sick; fi"))
	agent := newTestAgent(task)
	agent.runs(t)
	for _, want := range []bool{true, false, true} {
		agent.health(t, want)
	}
}

// covers: HealthCheckTest.ConsecutiveFailures
func TestTaskIsKilledAfterFailuresInARow(t *testing.T) {
	task := sleeper()
	task.HealthCheck = healthBy(shell("exit 1"))
	task.HealthCheck.ConsecutiveFailures = new(uint32(4))
	agent := newTestAgent(task)
	RunCommand(t.Context(), configFor(t, agent))
	want := []string{"TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_RUNNING", "TASK_RUNNING", "TASK_RUNNING", "TASK_KILLED"}
	if got := agent.states(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("states = %v, want %v", got, want)
	}
	if last := agent.statuses[len(agent.statuses)-1]; last.Healthy == nil || *last.Healthy {
		t.Errorf("terminal status = %v", last)
	}
}

// covers: HealthCheckTest.CheckCommandTimeout
func TestHealthCheckThatHangsFails(t *testing.T) {
	task := sleeper()
	task.HealthCheck = healthBy(shell("sleep 1000"))
	task.HealthCheck.TimeoutSeconds, task.HealthCheck.ConsecutiveFailures = new(0.1), new(uint32(1))
	agent := newTestAgent(task)
	RunCommand(t.Context(), configFor(t, agent))
	if n := len(agent.statuses); n != 4 || agent.statuses[2].GetMessage() != "health check: timed out after 100ms" ||
		agent.statuses[3].GetState() != mesospb.TaskState_TASK_KILLED {
		t.Errorf("statuses = %v", agent.statuses)
	}
}

// covers: HealthCheckTest.GracePeriod
func TestFailuresInTheGracePeriodAreNotTold(t *testing.T) {
	task := commandTask("while ! test -e twice; do sleep 0.01; done")
	task.HealthCheck = healthBy(shell("test -e once && touch twice; touch once; exit 1"))
	task.HealthCheck.GracePeriodSeconds = new(9999.0)
	agent := newTestAgent(task)
	RunCommand(t.Context(), configFor(t, agent))
	if want := "TASK_STARTING TASK_RUNNING TASK_FINISHED"; strings.Join(agent.states(), " ") != want {
		t.Errorf("states = %v, want %v", agent.states(), want)
	}
	if last := agent.statuses[2]; last.Healthy != nil {
		t.Errorf("terminal status = %v", last)
	}
}

// covers: HealthCheckTest.HealthyToUnhealthyTransitionWithinGracePeriod
func TestTaskThatWasHealthyGetsNoGrace(t *testing.T) {
	task := sleeper()
	task.HealthCheck = healthBy(shell("test -e sick && exit 1; touch sick"))
	task.HealthCheck.GracePeriodSeconds = new(9999.0)
	agent := newTestAgent(task)
	agent.runs(t)
	agent.health(t, true)
	agent.health(t, false)
}

func TestCheckThatCannotBeRunFails(t *testing.T) {
	task := sleeper()
	task.HealthCheck = healthBy(containertest.Argv("/no/such/program"))
	agent := newTestAgent(task)
	agent.runs(t)
	if status := agent.health(t, false); !strings.Contains(status.GetMessage(), "/no/such/program") {
		t.Errorf("message = %q", status.GetMessage())
	}
}

func TestTaskEndsWithItsCheckUnderWay(t *testing.T) {
	task := commandTask("while ! test -e pid; do sleep 0.01; done")
	task.Check = checkBy(shell("echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 1000"))
	agent := newTestAgent(task)
	config := configFor(t, agent)
	began := time.Now()
	RunCommand(t.Context(), config)
	if want := "TASK_STARTING TASK_RUNNING TASK_FINISHED"; strings.Join(agent.states(), " ") != want {
		t.Errorf("states = %v, want %v", agent.states(), want)
	}
	if took := time.Since(began); took > limit/2 {
		t.Errorf("it took %v", took)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(containertest.Read(t, config.commandSpec("", nil), "pid")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the check is there without its task")
	}
}
