//go:build !windows

package daemon

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func podFramework(checkpoint bool) *mesospb.FrameworkInfo {
	return &mesospb.FrameworkInfo{
		User: new("root"), Name: new("test"), Roles: []string{"*"}, Checkpoint: &checkpoint,
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
	}
}

// podTask is a task of a group.
func podTask(offer *mesospb.Offer, id, command string) *mesospb.TaskInfo {
	return &mesospb.TaskInfo{
		Name: &id, TaskId: &mesospb.TaskID{Value: &id}, AgentId: offer.GetAgentId(),
		Command:   &mesospb.CommandInfo{Value: &command},
		Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)},
	}
}

// podExecutor is a default executor.
func (s *testScheduler) podExecutor() *mesospb.ExecutorInfo {
	return &mesospb.ExecutorInfo{
		Type: mesospb.ExecutorInfo_DEFAULT.Enum(), ExecutorId: &mesospb.ExecutorID{Value: new("pod")}, FrameworkId: s.id,
		Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)},
	}
}

// launchGroups accepts an offer with operations and then task groups for one executor.
func (s *testScheduler) launchGroups(offer *mesospb.Offer, executor *mesospb.ExecutorInfo, before []*mesospb.Offer_Operation, groups ...[]*mesospb.TaskInfo) {
	s.t.Helper()
	accept := &schedulerpb.Call_Accept{OfferIds: []*mesospb.OfferID{offer.GetId()}, Operations: before}
	for _, tasks := range groups {
		accept.Operations = append(accept.Operations, &mesospb.Offer_Operation{
			Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
			LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
				Executor: executor, TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
			},
		})
	}
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: accept})
}

// launchOn accepts an offer with one task.
func (s *testScheduler) launchOn(offer *mesospb.Offer, task *mesospb.TaskInfo) {
	s.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
		OfferIds: []*mesospb.OfferID{offer.GetId()},
		Operations: []*mesospb.Offer_Operation{{
			Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{task}},
		}},
	}})
}

func (s *testScheduler) kill(task string) {
	s.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_KILL.Enum(), Kill: &schedulerpb.Call_Kill{TaskId: &mesospb.TaskID{Value: &task}}})
}

// untilAll acknowledges updates until tasks are in their states.
func (s *testScheduler) untilAll(want map[string]mesospb.TaskState) {
	s.t.Helper()
	is := map[string]mesospb.TaskState{}
	s.until(fmt.Sprint(want), func(status *mesospb.TaskStatus) bool {
		is[status.GetTaskId().GetValue()] = status.GetState()
		for task, state := range want {
			if is[task] != state {
				return false
			}
		}
		return true
	})
}

// always is a check that is done often.
func always(command string) *mesospb.CheckInfo {
	return &mesospb.CheckInfo{
		Type:         mesospb.CheckInfo_COMMAND.Enum(),
		Command:      &mesospb.CheckInfo_Command{Command: &mesospb.CommandInfo{Value: &command}},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.05),
	}
}

func checkedWith(task string, code int32) func(*mesospb.TaskStatus) bool {
	return func(s *mesospb.TaskStatus) bool {
		result := s.GetCheckStatus().GetCommand()
		return s.GetTaskId().GetValue() == task && s.GetState() == mesospb.TaskState_TASK_RUNNING &&
			result.GetExitCode() == code && result.ExitCode != nil
	}
}

// reconcile asks for a task's state and returns the answer.
func (s *testScheduler) reconcile(task string) *mesospb.TaskStatus {
	s.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: &task}}},
	}})
	return s.until("an answer about "+task, func(status *mesospb.TaskStatus) bool {
		return status.GetReason() == mesospb.TaskStatus_REASON_RECONCILIATION
	})
}

// lasting is the configuration of an agent that containers outlive, and that has
// more to offer than others.
func lasting(t *testing.T, l *Local) AgentConfig {
	cfg := localConfig(t).Agent
	cfg.WorkDir, cfg.Masters, cfg.Outlive = t.TempDir(), []string{l.Master()}, true
	cfg.Resources = "cpus:4;mem:1024;disk:512"
	return cfg
}

// startLasting starts such an agent. Stop ends it and leaves its containers.
func startLasting(t *testing.T, cfg AgentConfig) (a *Agent, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a, err := StartAgent(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a, func() {
		cancel()
		if err := a.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// https://mesos.apache.org/documentation/latest/agent-recovery/
func TestTaskGroupsOutliveTheirAgent(t *testing.T) {
	// covers: DefaultExecutorTest.SlaveRecoveryWithMetadataCheckpointed
	// covers: DefaultExecutorCheckTest.CommandCheckDeliveredAndReconciled
	l := startLocal(t)
	cfg := lasting(t, l)
	_, stop := startLasting(t, cfg)
	s := subscribeFramework(t, l.Master(), podFramework(true))
	offer := s.has(resources.MustParse("cpus:3"))
	flag := filepath.Join(t.TempDir(), "flag")
	waits := fmt.Sprintf("while ! test -e %s; do sleep 0.05; done; exit 1", flag)
	checked := podTask(offer, "a", "exec sleep 1000")
	checked.Check = always("exit 7")
	s.launchGroups(offer, s.podExecutor(), nil,
		[]*mesospb.TaskInfo{checked, podTask(offer, "b", waits)},
		[]*mesospb.TaskInfo{podTask(offer, "x", "exec sleep 1000")})
	var isChecked, isRunning bool
	s.until("a check, and the other group", func(status *mesospb.TaskStatus) bool {
		isChecked = isChecked || checkedWith("a", 7)(status) && status.GetReason() == mesospb.TaskStatus_REASON_TASK_CHECK_STATUS_UPDATED
		isRunning = isRunning || taskIs("x", mesospb.TaskState_TASK_RUNNING)(status)
		return isChecked && isRunning
	})
	if answer := s.reconcile("a"); !checkedWith("a", 7)(answer) {
		t.Errorf("reconciled as %v", answer)
	}

	stop()
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, _ := startLasting(t, cfg)
	defer a.Close()
	s.untilAll(map[string]mesospb.TaskState{"b": mesospb.TaskState_TASK_FAILED, "a": mesospb.TaskState_TASK_KILLED})
	s.kill("x")
	s.until("the other group", taskIs("x", mesospb.TaskState_TASK_KILLED))
	if failure := s.next(schedulerpb.Event_FAILURE).GetFailure(); failure.GetExecutorId().GetValue() != "pod" || failure.GetStatus() != 0 {
		t.Errorf("the executor's end: %v", failure)
	}
	if left := a.containers.Containers(); len(left) > 0 {
		t.Errorf("containers are left: %v", left)
	}
}

func TestTaskGroupsThatAreNotWrittenDownEndWithTheirAgent(t *testing.T) {
	// covers: DefaultExecutorTest.ROOT_SlaveRecoveryWithoutMetadataCheckpointed
	l := startLocal(t)
	cfg := lasting(t, l)
	_, stop := startLasting(t, cfg)
	s := subscribeFramework(t, l.Master(), podFramework(false))
	launch := func() int {
		offer := s.has(resources.MustParse("cpus:3"))
		s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{podTask(offer, "a", "exec sleep 1000")})
		status := s.until("a task", taskIs("a", mesospb.TaskState_TASK_RUNNING))
		return int(status.GetContainerStatus().GetExecutorPid())
	}
	pid := launch()
	stop()
	s.until("its end", func(status *mesospb.TaskStatus) bool { return mesos.TaskState(status.GetState()).Terminal() })
	eventually(t, "the executor's container is gone", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		return os.IsNotExist(err)
	})
	a, _ := startLasting(t, cfg)
	defer a.Close()
	launch()
}

func TestDefaultExecutorOnReservedResources(t *testing.T) {
	// covers: DefaultExecutorTest.ReservedResources
	// covers: DefaultExecutorTest.TaskUsesExecutor
	l := startLocal(t)
	s := subscribeTo(t, l.Master(), "dev")
	offer := s.has(resources.MustParse("cpus:1;mem:64;disk:64"))
	reserved := reservedTo("dev", "cpus:0.1;mem:32;disk:32")
	executor := s.podExecutor()
	executor.Resources = convert.ToWire(reserved)
	task := podTask(offer, "a", "exec sleep 1000")
	task.Resources = convert.ToWire(resources.MustParse("cpus:0.1;mem:32;disk:32"))
	task.Executor = executor
	s.launchGroups(offer, executor, []*mesospb.Offer_Operation{reserveOperation(reserved)}, []*mesospb.TaskInfo{task})
	if status := s.until("a task", taskIs("a", mesospb.TaskState_TASK_STARTING)); status.Timestamp == nil {
		t.Errorf("status = %v", status)
	}
	s.until("a task", taskIs("a", mesospb.TaskState_TASK_RUNNING))
}

func TestCheckOfACommandTaskIsReconciled(t *testing.T) {
	// covers: CommandExecutorCheckTest.CommandCheckDeliveredAndReconciled
	// covers: HealthCheckTest.HealthyTask
	// covers: HealthCheckTest.HealthyTaskViaHTTPWithoutType
	l := startLocal(t)
	s := subscribe(t, l.Master())
	offer := s.has(resources.MustParse("cpus:1"))
	task := podTask(offer, "t", "exec sleep 1000")
	task.Check = always("exit 7")
	port := uint32(l.agents[0].address.port)
	task.HealthCheck = &mesospb.HealthCheck{
		Http:         &mesospb.HealthCheck_HTTPCheckInfo{Port: &port, Path: new("/health")},
		DelaySeconds: new(0.0), IntervalSeconds: new(0.05),
	}
	s.launchOn(offer, task)
	s.until("a check and a health check", func(status *mesospb.TaskStatus) bool {
		return checkedWith("t", 7)(status) && status.GetHealthy()
	})
	if answer := s.reconcile("t"); !checkedWith("t", 7)(answer) || !answer.GetHealthy() {
		t.Errorf("reconciled as %v", answer)
	}
	for _, address := range append(l.Agents(), l.Master()) {
		resp, err := http.Get("http://" + address + "/state")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Contains(text, []byte(`"healthy":true`)) {
			t.Errorf("/state of %s does not know that the task is healthy: %v", address, err)
		}
	}
}
