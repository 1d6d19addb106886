package master

import (
	"math"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// A desk is a framework with an agent's whole resources at hand.
type desk struct {
	*cluster
	s     *scheduler
	agent mesos.AgentID
}

const deskResources = "cpus:8;mem:2048;disk:4096;gpus:2;ports:[1-100]"

func newDesk(t *testing.T, options ...func(*mesospb.FrameworkInfo)) *desk {
	c := newCluster(t, testConfig(), Recovered{})
	d := &desk{cluster: c, agent: c.agent(1, deskResources)}
	d.s = c.subscribe("s1", frameworkInfo(options...))
	return d
}

// try launches from an offer of resources and returns the updates that come of
// it at once.
func (d *desk) try(text string, operations ...*mesospb.Offer_Operation) []*mesospb.TaskStatus {
	d.t.Helper()
	o := d.offer(d.s, d.agent, text)
	d.take()
	if err := d.s.call(acceptCall([]mesos.OfferID{o}, operations...)); err != nil {
		d.t.Fatalf("ACCEPT: %v", err)
	}
	return updates(d.take())
}

func updates(effects []Effect) (list []*mesospb.TaskStatus) {
	for _, e := range effects {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE {
			list = append(list, e.Event.GetUpdate().GetStatus())
		}
	}
	return list
}

func launchOf(tasks ...*mesospb.TaskInfo) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: tasks},
	}
}

func groupOf(executor *mesospb.ExecutorInfo, tasks ...*mesospb.TaskInfo) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
		LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
			Executor: executor, TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
		},
	}
}

// wantError checks that all of an operation's tasks ended in TASK_ERROR with a
// message that has words, or (no words) that they were launched.
func wantError(t *testing.T, got []*mesospb.TaskStatus, reason mesospb.TaskStatus_Reason, words string) {
	t.Helper()
	if words == "" {
		for _, s := range got {
			t.Errorf("%s: %s", s.GetState(), s.GetMessage())
		}
		return
	}
	if len(got) == 0 {
		t.Errorf("launched, want an error with %q", words)
	}
	for _, s := range got {
		if s.GetState() != mesospb.TaskState_TASK_ERROR || s.GetReason() != reason || !strings.Contains(s.GetMessage(), words) {
			t.Errorf("%s %s: %s\nwant %s with %q", s.GetState(), s.GetReason(), s.GetMessage(), reason, words)
		}
		if s.GetSource() != mesospb.TaskStatus_SOURCE_MASTER || s.Uuid != nil {
			t.Errorf("source %s, uuid %v: a status of the master's own has none", s.GetSource(), s.Uuid)
		}
	}
}

type taskOption = func(*mesospb.TaskInfo)

func revocable(text string) *mesospb.Resource {
	r := convert.ToWire(resources.MustParse(text))[0]
	r.Revocable = &mesospb.Resource_RevocableInfo{}
	return r
}

func badEnvironment() *mesospb.Environment {
	return &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: new("PATH"), Type: mesospb.Environment_Variable_SECRET.Enum()}}}
}

func negative() *mesospb.DurationInfo { return &mesospb.DurationInfo{Nanoseconds: new(int64(-1))} }

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#accept
func TestATaskThatIsInvalidEndsInTaskError(t *testing.T) {
	// covers: TaskValidationTest.TaskUsesNoResources
	// covers: TaskValidationTest.TaskUsesMoreResourcesThanOffered
	// covers: TaskValidationTest.TaskUsesCommandInfoAndExecutorInfo
	// covers: TaskValidationTest.TaskUsesExecutorInfoWithoutCommandInfo
	// covers: TaskValidationTest.TaskUsesDefaultExecutor
	// covers: TaskValidationTest.ExecutorUsesInvalidFrameworkID
	// covers: TaskValidationTest.ExecutorMissingFrameworkID
	// covers: TaskValidationTest.TaskUsesRevocableResources
	// covers: TaskValidationTest.TaskAndExecutorUseRevocableResources
	// covers: TaskValidationTest.ExecutorShutdownGracePeriodIsNonNegative
	// covers: TaskValidationTest.KillPolicyGracePeriodIsNonNegative
	// covers: TaskValidationTest.TaskEnvironmentInvalid
	// covers: TaskValidationTest.ExecutorEnvironmentInvalid
	// covers: TaskValidationTest.TaskMissingDockerInfo
	// covers: TaskValidationTest.TaskSettingDockerParameterName
	// covers: TaskValidationTest.LimitOtherThanCpuOrMem
	// covers: TaskValidationTest.ResourceLimitLessThanRequest
	// covers: TaskValidationTest.NestedCgroupInLaunchOperation
	// covers: TaskValidationTest.SharedCgroupOnExecutor
	// covers: TaskValidationTest.TaskInfoAllocatedResources
	// covers: ExecutorValidationTest.ExecutorID
	// covers: ExecutorValidationTest.ExecutorType
	// covers: ExecutorValidationTest.ExecutorInfoAllocatedResources
	// covers: ResourceOffersTest.ResourcesGetReofferedAfterTaskInfoError
	executor := withExecutor("e", "cpus:1;mem:32")
	limits := func(name string, value float64) taskOption {
		return func(task *mesospb.TaskInfo) {
			task.Limits = map[string]*mesospb.Value_Scalar{name: {Value: new(value)}}
		}
	}
	shares := func(share bool) *mesospb.ContainerInfo {
		return &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(share)}}
	}
	allocated := func(task *mesospb.TaskInfo, roles ...string) {
		for i, role := range roles {
			task.Resources[i].AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new(role)}
		}
	}
	for name, test := range map[string]struct {
		change taskOption
		words  string
	}{
		"a command task":                {func(*mesospb.TaskInfo) {}, ""},
		"with an executor":              {executor, ""},
		"an executor without resources": {func(task *mesospb.TaskInfo) { executor(task); task.Executor.Resources = nil }, ""},
		"no resources":                  {func(task *mesospb.TaskInfo) { task.Resources = nil }, "resources: the task uses none"},
		"too many resources": {func(task *mesospb.TaskInfo) { task.Resources = commandTask("", "", "cpus:9").Resources },
			"more than is left of the offers"},
		"executor on top": {func(task *mesospb.TaskInfo) {
			task.Resources = commandTask("", "", "cpus:7.5").Resources
			executor(task)
		}, "more than is left of the offers"},
		"command and executor": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Command = &mesospb.CommandInfo{Value: new("true")}
		}, "exactly one of command and executor"},
		"neither command nor executor": {func(task *mesospb.TaskInfo) { task.Command = nil }, "exactly one of command and executor"},
		"executor without command":     {func(task *mesospb.TaskInfo) { executor(task); task.Executor.Command = nil }, "command: missing"},
		"default executor": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.Type, task.Executor.Command = mesospb.ExecutorInfo_DEFAULT.Enum(), nil
		}, "type: it must be CUSTOM"},
		"default executor with command": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.Type = mesospb.ExecutorInfo_DEFAULT.Enum()
		}, "command: the DEFAULT executor has one"},
		"default executor with an image": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.Type, task.Executor.Command = mesospb.ExecutorInfo_DEFAULT.Enum(), nil
			task.Executor.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(),
				Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{Type: mesospb.Image_DOCKER.Enum()}}}
		}, "container.mesos.image"},
		"custom executor without command": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.Type, task.Executor.Command = mesospb.ExecutorInfo_CUSTOM.Enum(), nil
		}, "command: missing, but the type is CUSTOM"},
		"another framework's executor": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.FrameworkId = &mesospb.FrameworkID{Value: new("M-0042")}
		}, "framework_id"},
		"executor id with a slash": {func(task *mesospb.TaskInfo) { executor(task); task.Executor.ExecutorId.Value = new("a/b") }, "executor_id"},
		"executor id of dots":      {func(task *mesospb.TaskInfo) { executor(task); task.Executor.ExecutorId.Value = new("..") }, "executor_id"},
		"empty executor id":        {func(task *mesospb.TaskInfo) { executor(task); task.Executor.ExecutorId.Value = new("") }, "executor_id"},
		"long executor id": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Executor.ExecutorId.Value = new(strings.Repeat("x", 256))
		}, "executor_id"},
		"task id with a slash": {func(task *mesospb.TaskInfo) { task.TaskId.Value = new("a/b") }, "task_id"},
		"another agent":        {func(task *mesospb.TaskInfo) { task.AgentId.Value = new("M-S9") }, "agent_id"},
		"revocable and other cpus": {func(task *mesospb.TaskInfo) { task.Resources = append(task.Resources, revocable("cpus:1")) },
			"revocable and other ones"},
		"revocable cpus beside the executor's": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Resources[0] = revocable("cpus:1")
		}, "revocable and other ones"},
		"negative shutdown grace period": {func(task *mesospb.TaskInfo) { executor(task); task.Executor.ShutdownGracePeriod = negative() },
			"shutdown_grace_period: it is negative"},
		"negative kill grace period": {func(task *mesospb.TaskInfo) { task.KillPolicy = &mesospb.KillPolicy{GracePeriod: negative()} },
			"kill_policy.grace_period: it is negative"},
		"negative max_completion_time": {func(task *mesospb.TaskInfo) { task.MaxCompletionTime = negative() }, "max_completion_time: it is negative"},
		"bad environment":              {func(task *mesospb.TaskInfo) { task.Command.Environment = badEnvironment() }, `command.environment: variable "PATH"`},
		"executor's bad environment": {func(task *mesospb.TaskInfo) { executor(task); task.Executor.Command.Environment = badEnvironment() },
			`command.environment: variable "PATH"`},
		"docker without its description": {func(task *mesospb.TaskInfo) {
			task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_DOCKER.Enum()}
		}, "container.docker: missing"},
		"docker with a name": {func(task *mesospb.TaskInfo) {
			task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_DOCKER.Enum(), Docker: &mesospb.ContainerInfo_DockerInfo{
				Image: new("i"), Parameters: []*mesospb.Parameter{{Key: new("name"), Value: new("x")}}}}
		}, "container.docker.parameters"},
		"volume of nothing": {func(task *mesospb.TaskInfo) {
			task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(),
				Volumes: []*mesospb.Volume{{ContainerPath: new("/x"), Mode: mesospb.Volume_RW.Enum()}}}
		}, "container.volumes[0]: exactly one"},
		"limit of disk":      {limits("disk", 10), "only cpus and mem can be limited"},
		"cpus limit too low": {limits("cpus", 0.5), "limits: cpus: 0.5 is less than the 1 requested"},
		"mem limit too low":  {limits("mem", 1), "limits: mem: 1 is less"},
		"limits":             {limits("mem", 1000), ""},
		"no limit":           {limits("cpus", math.Inf(1)), ""},
		"nested cgroup":      {func(task *mesospb.TaskInfo) { task.Container = shares(false) }, "only a task of a group may set it to false"},
		"shared cgroup":      {func(task *mesospb.TaskInfo) { task.Container = shares(true) }, ""},
		"executor's cgroup":  {func(task *mesospb.TaskInfo) { executor(task); task.Executor.Container = shares(true) }, "share_cgroups: an executor can't"},
		"the offer's role":   {func(task *mesospb.TaskInfo) { allocated(task, "*", "*") }, ""},
		"two roles":          {func(task *mesospb.TaskInfo) { allocated(task, "a", "b") }, "allocated to several roles"},
		"another role":       {func(task *mesospb.TaskInfo) { allocated(task, "a", "a") }, "more than is left of the offers"},
		"executor of 2 roles": {func(task *mesospb.TaskInfo) {
			executor(task)
			allocated(&mesospb.TaskInfo{Resources: task.Executor.Resources}, "a", "b")
		}, "allocated to several roles"},
		"fractional gpus": {func(task *mesospb.TaskInfo) { task.Resources = commandTask("", "", "gpus:0.5").Resources }, "gpus: 0.5 is not a whole number"},
		// covers: ResourceValidationTest.OverlappingSetsAndRanges
		"overlapping ports": {func(task *mesospb.TaskInfo) {
			executor(task)
			task.Resources = commandTask("", "", "ports:[1-10]").Resources
			task.Executor.Resources = commandTask("", "", "ports:[10-12]").Resources
		}, "overlap"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			task := commandTask("t", d.agent, "cpus:1;mem:32")
			test.change(task)
			wantError(t, d.try(deskResources, launchOf(task)), mesospb.TaskStatus_REASON_TASK_INVALID, test.words)
			if test.words != "" {
				a := d.agents[d.agent]
				if !a.used.IsEmpty() || !a.offered.IsEmpty() {
					t.Errorf("the agent has %s in use and %s offered", a.used, a.offered)
				}
			}
		})
	}
}

func TestChecksOfATaskAreChecked(t *testing.T) {
	command := &mesospb.CommandInfo{Value: new("true")}
	http := &mesospb.CheckInfo_Http{Port: new(uint32(80)), Path: new("health")}
	for name, test := range map[string]struct {
		change taskOption
		words  string
	}{
		"no type": {func(task *mesospb.TaskInfo) { task.Check = &mesospb.CheckInfo{} }, "check.type"},
		"command": {func(task *mesospb.TaskInfo) {
			task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckInfo_Command{Command: command}}
		}, ""},
		"command without one": {func(task *mesospb.TaskInfo) { task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND.Enum()} }, "check.command: missing"},
		"empty command": {func(task *mesospb.TaskInfo) {
			task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckInfo_Command{Command: &mesospb.CommandInfo{}}}
		}, "check.command.value"},
		"http path": {func(task *mesospb.TaskInfo) {
			task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_HTTP.Enum(), Http: http}
		},
			"check.http.path"},
		"tcp without a port": {func(task *mesospb.TaskInfo) { task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_TCP.Enum()} }, "check.tcp: missing"},
		"negative delay": {func(task *mesospb.TaskInfo) {
			task.Check = &mesospb.CheckInfo{Type: mesospb.CheckInfo_TCP.Enum(), Tcp: &mesospb.CheckInfo_Tcp{Port: new(uint32(1))}, DelaySeconds: new(-1.0)}
		}, "check.delay_seconds"},
		"health check from before types": {func(task *mesospb.TaskInfo) { task.HealthCheck = &mesospb.HealthCheck{Command: command} }, ""},
		"health check of nothing":        {func(task *mesospb.TaskInfo) { task.HealthCheck = &mesospb.HealthCheck{} }, "health_check.type"},
		"health check's scheme": {func(task *mesospb.TaskInfo) {
			task.HealthCheck = &mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(),
				Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(80)), Scheme: new("ftp")}}
		}, "health_check.http.scheme"},
		"health check's grace period": {func(task *mesospb.TaskInfo) {
			task.HealthCheck = &mesospb.HealthCheck{Command: command, GracePeriodSeconds: new(math.NaN())}
		}, "health_check.grace_period_seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			wantError(t, d.try(deskResources, launchOf(commandTask("t", d.agent, "cpus:1", test.change))),
				mesospb.TaskStatus_REASON_TASK_INVALID, test.words)
		})
	}
}

func TestATaskIDInUseIsRefused(t *testing.T) {
	// covers: TaskValidationTest.DuplicatedTaskID
	d := newDesk(t)
	got := d.try(deskResources, launchOf(commandTask("t", d.agent, "cpus:1"), commandTask("t", d.agent, "cpus:1")))
	wantError(t, got, mesospb.TaskStatus_REASON_TASK_INVALID, "a task with this id is running")
	if len(got) != 1 || d.views.tasks["M-0000 t"].Task.GetState() != mesospb.TaskState_TASK_STAGING {
		t.Errorf("got %v: want the second refused and the first launched", got)
	}
}

// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/
func TestATaskIDOfAnUnreachableTaskIsRefused(t *testing.T) {
	// covers: TaskValidationTest.TaskReusesUnreachableTaskID
	d := newDesk(t, withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE))
	d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1")))
	d.step(LinkClosed{Link: 1})
	d.pass(testConfig().AgentPingTimeout * 5)
	d.agent = d.cluster.agent(2, deskResources)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))),
		mesospb.TaskStatus_REASON_TASK_INVALID, "on an unreachable agent")
}

func TestAnExecutorIDIsOneExecutorPerAgent(t *testing.T) {
	// covers: TaskValidationTest.ExecutorInfoDiffersOnSameSlave
	// covers: TaskValidationTest.ExecutorInfoDiffersOnDifferentSlaves
	d := newDesk(t)
	first := commandTask("t1", d.agent, "cpus:1", withExecutor("e", "cpus:0.5"))
	other := func(id string) *mesospb.TaskInfo {
		task := commandTask(id, d.agent, "cpus:1", withExecutor("e", "cpus:0.5"))
		task.Executor.Command.Value = new("./another")
		return task
	}
	wantError(t, d.try(deskResources, launchOf(first)), 0, "")
	wantError(t, d.try("cpus:2", launchOf(other("t2"))), mesospb.TaskStatus_REASON_TASK_INVALID, "with another ExecutorInfo")
	d.agent = d.cluster.agent(2, deskResources)
	wantError(t, d.try(deskResources, launchOf(other("t3"))), 0, "")
}

// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/
func TestATaskGroupThatIsInvalidEndsInTaskErrors(t *testing.T) {
	// covers: TaskGroupValidationTest.TaskGroupUsesRevocableResources
	// covers: TaskGroupValidationTest.TaskGroupAndExecutorUsesRevocableResources
	// covers: TaskGroupValidationTest.ExecutorUsesDockerContainerInfo
	// covers: TaskGroupValidationTest.ExecutorWithoutFrameworkId
	// covers: TaskGroupValidationTest.TaskUsesDockerContainerInfo
	// covers: TaskGroupValidationTest.TaskWithNetworkInfosDoesNotHaveHTTPHealthChecks
	// covers: TaskGroupValidationTest.TaskWithNetworkInfosDoesNotHaveTCPHealthChecks
	// covers: TaskGroupValidationTest.TaskUsesDifferentExecutor
	// covers: TaskGroupValidationTest.ExecutorEnvironmentInvalid
	// covers: TaskGroupValidationTest.TaskEnvironmentInvalid
	// covers: TaskGroupValidationTest.ResourceLimits
	// covers: TaskGroupValidationTest.ShareCgroup
	docker := &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_DOCKER.Enum(), Docker: &mesospb.ContainerInfo_DockerInfo{Image: new("i")}}
	network := func(task *mesospb.TaskInfo, check *mesospb.HealthCheck) {
		task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), NetworkInfos: []*mesospb.NetworkInfo{{}}}
		task.HealthCheck = check
	}
	shares := func(share bool) *mesospb.ContainerInfo {
		return &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(share)}}
	}
	type change = func(e *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo)
	for name, test := range map[string]struct {
		change change
		words  string
	}{
		"a group": {func(*mesospb.ExecutorInfo, []*mesospb.TaskInfo) {}, ""},
		"a task's revocable cpus": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			tasks[0].Resources = append(tasks[0].Resources, revocable("cpus:1"))
		}, "revocable and other ones"},
		"revocable cpus beside another task's": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) { tasks[0].Resources[0] = revocable("cpus:1") },
			"revocable and other ones"},
		"executor in docker": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) {
			e.Type, e.Command, e.Container = mesospb.ExecutorInfo_CUSTOM.Enum(), &mesospb.CommandInfo{}, docker
		}, "can't be a DOCKER container"},
		"executor without framework": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) { e.FrameworkId = nil }, "framework_id"},
		"executor without type":      {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) { e.Type = nil }, "type: missing"},
		"executor without disk": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) {
			e.Resources = commandTask("", "", "cpus:1;mem:32").Resources
		}, "it has no disk"},
		"executor with little memory": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) {
			e.Resources = commandTask("", "", "cpus:1;mem:31;disk:1").Resources
		}, "mem: 31 MB are less"},
		"executor with little cpus": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) {
			e.Resources = commandTask("", "", "cpus:0.001;mem:32;disk:1").Resources
		}, "0.001 cpus are less"},
		"task in docker": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) { tasks[1].Container = docker }, "can't be a DOCKER container"},
		"http health check of another network": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			network(tasks[0], &mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(), Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(1))}})
		}, "health_check.type: HTTP"},
		"tcp health check of another network": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			network(tasks[0], &mesospb.HealthCheck{Type: mesospb.HealthCheck_TCP.Enum(), Tcp: &mesospb.HealthCheck_TCPCheckInfo{Port: new(uint32(1))}})
		}, "health_check.type: TCP"},
		"task with another executor": {func(e *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			tasks[0].Executor = e.CloneVT()
			tasks[0].Executor.Name = new("another")
		}, "has another ExecutorInfo"},
		"task that repeats the executor": {func(e *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) { tasks[0].Executor = e.CloneVT() }, ""},
		"executor's environment": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) {
			e.Type, e.Command = mesospb.ExecutorInfo_CUSTOM.Enum(), &mesospb.CommandInfo{Environment: badEnvironment()}
		}, "environment"},
		"task's environment": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			tasks[0].Command.Environment = badEnvironment()
		},
			"environment"},
		"limits under a shared cgroup": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			tasks[0].Limits = map[string]*mesospb.Value_Scalar{"cpus": {Value: new(4.0)}}
		}, "limits: a task of a group can have some only if"},
		"limits": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			tasks[0].Limits = map[string]*mesospb.Value_Scalar{"cpus": {Value: new(4.0)}}
			tasks[0].Container, tasks[1].Container = shares(false), shares(false)
		}, ""},
		"executor's shared cgroup": {func(e *mesospb.ExecutorInfo, _ []*mesospb.TaskInfo) { e.Container = shares(true) }, "share_cgroups: an executor can't"},
		"one task shares, the other not": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) { tasks[1].Container = shares(false) },
			"must have it the same"},
		"one id twice": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) { tasks[1].TaskId = tasks[0].TaskId }, "two tasks with this id"},
		"overlapping ports": {func(_ *mesospb.ExecutorInfo, tasks []*mesospb.TaskInfo) {
			for _, task := range tasks {
				task.Resources = commandTask("", "", "ports:[1-2]").Resources
			}
		}, "overlap"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			e := defaultExecutor("e", d.s.id, "cpus:0.5;mem:32;disk:32")
			tasks := []*mesospb.TaskInfo{commandTask("t1", d.agent, "cpus:1"), commandTask("t2", d.agent, "cpus:1")}
			test.change(e, tasks)
			got := d.try(deskResources, groupOf(e, tasks...))
			wantError(t, got, mesospb.TaskStatus_REASON_TASK_GROUP_INVALID, test.words)
			if test.words != "" && len(got) != len(tasks) {
				t.Errorf("%d tasks of the group were refused, want all", len(got))
			}
		})
	}
}

func TestAllTasksOfAnExecutorShareItsCgroupsOrNone(t *testing.T) {
	d := newDesk(t)
	apart := commandTask("t1", d.agent, "cpus:1")
	apart.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(false)}}
	wantError(t, d.try(deskResources, groupOf(defaultExecutor("e", d.s.id, "cpus:0.5;mem:32;disk:32"), apart)), 0, "")
	wantError(t, d.try("cpus:1", groupOf(defaultExecutor("e", d.s.id, "cpus:0.5;mem:32;disk:32"), commandTask("t2", d.agent, "cpus:1"))),
		mesospb.TaskStatus_REASON_TASK_GROUP_INVALID, "must have it the same")
}

func TestALaunchMayNotHaveAnOperationID(t *testing.T) {
	d := newDesk(t)
	launch := launchOf(commandTask("t", d.agent, "cpus:1"))
	launch.Id = &mesospb.OperationID{Value: new("op")}
	wantError(t, d.try(deskResources, launch), mesospb.TaskStatus_REASON_TASK_INVALID, "operation: id")
	group := groupOf(defaultExecutor("e", d.s.id, "cpus:0.5;mem:32;disk:32"), commandTask("t", d.agent, "cpus:1"))
	group.Id = launch.Id
	wantError(t, d.try(deskResources, group), mesospb.TaskStatus_REASON_TASK_GROUP_INVALID, "operation: id")
}

// https://mesos.apache.org/documentation/latest/persistent-volume/
func TestResourcesOfATaskMakeSense(t *testing.T) {
	// covers: ResourceValidationTest.StaticReservation
	// covers: ResourceValidationTest.DynamicReservation
	// covers: ResourceValidationTest.RevocableDynamicReservation
	// covers: ResourceValidationTest.PersistentVolume
	// covers: ResourceValidationTest.UnreservedDiskInfo
	// covers: ResourceValidationTest.InvalidPersistenceID
	// covers: ResourceValidationTest.PersistentVolumeWithoutVolumeInfo
	// covers: ResourceValidationTest.PersistentVolumeWithHostPath
	// covers: ResourceValidationTest.NonPersistentVolume
	// covers: ResourceValidationTest.RevocablePersistentVolume
	static := []resources.Reservation{{Role: "r"}}
	dynamic := []resources.Reservation{{Role: "r", Dynamic: true, Principal: "p"}}
	volume := &resources.Volume{ContainerPath: "path"}
	disk := func(id string, v *resources.Volume, reservations []resources.Reservation) resources.Resource {
		r := resources.Resource{Name: "disk", Scalar: 128_000, Reservations: reservations, Disk: &resources.Disk{Volume: v}}
		if id != "" {
			r.Disk.Persistence = &resources.Persistence{ID: id}
		}
		return r
	}
	revoked := func(r resources.Resource) resources.Resource { r.Revocable = true; return r }
	cpus := func(reservations []resources.Reservation) resources.Resource {
		return resources.Resource{Name: "cpus", Scalar: 8000, Reservations: reservations}
	}
	for name, test := range map[string]struct {
		resources []resources.Resource
		words     string
	}{
		"static reservation":            {[]resources.Resource{cpus(static)}, ""},
		"dynamic reservation":           {[]resources.Resource{cpus(dynamic)}, ""},
		"revocable dynamic reservation": {[]resources.Resource{revoked(cpus(dynamic))}, "revocable resources can't be reserved"},
		"volume":                        {[]resources.Resource{disk("id1", volume, static)}, ""},
		"unreserved volume":             {[]resources.Resource{disk("id1", volume, nil)}, "of unreserved resources"},
		"bad persistence id":            {[]resources.Resource{disk("id1/", volume, static)}, "disk.persistence.id"},
		"volume nowhere":                {[]resources.Resource{disk("id1", nil, static)}, "disk.volume: missing"},
		"volume on the host": {[]resources.Resource{disk("id1", &resources.Volume{ContainerPath: "p", HostPath: "/h"}, static)},
			"host_path"},
		"volume that does not persist": {[]resources.Resource{disk("", volume, static)}, "only a persistent volume can have one"},
		"revocable volume":             {[]resources.Resource{revoked(disk("id1", volume, static))}, "of revocable resources"},
		"empty disk":                   {[]resources.Resource{disk("", nil, static)}, "it is set, but empty"},
		"two volumes of an id": {[]resources.Resource{disk("id1", volume, static), disk("id1", volume, []resources.Reservation{{Role: "r", Dynamic: true}})},
			"is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			rs, err := resources.New(test.resources...)
			if err == nil {
				err = validateResources(rs)
			}
			switch {
			case err == nil && test.words != "":
				t.Errorf("valid, want an error with %q", test.words)
			case err != nil && (test.words == "" || !strings.Contains(err.Error(), test.words)):
				t.Errorf("error %v, want %q", err, test.words)
			}
		})
	}
}
