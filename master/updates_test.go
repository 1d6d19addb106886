package master

import (
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func withStatus(change func(*mesospb.TaskStatus)) func(*linkpb.StatusUpdate) {
	return func(u *linkpb.StatusUpdate) { change(u.Status) }
}

// https://mesos.apache.org/documentation/latest/task-state-reasons/
func TestATaskKeepsTheNewestStatusOfEachState(t *testing.T) {
	// covers: MasterTest.TaskStatusLabels
	// covers: MasterTest.TaskStatusContainerStatus
	d := newDesk(t)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.update(1, d.s, "t", mesospb.TaskState_TASK_STARTING, 1)
	first := d.views.tasks["M-0000 t"].Task
	running := func(n byte, label string) {
		d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, n, withStatus(func(s *mesospb.TaskStatus) {
			s.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new(label)}}}
			s.ContainerStatus = &mesospb.ContainerStatus{ContainerId: &mesospb.ContainerID{Value: new("c")}}
		}))
	}
	running(2, "a")
	second := d.views.tasks["M-0000 t"].Task
	running(3, "b")
	got := d.views.tasks["M-0000 t"].Task.GetStatuses()
	if len(got) != 2 || got[0].GetState() != mesospb.TaskState_TASK_STARTING || got[1].GetLabels().GetLabels()[0].GetValue() != "b" ||
		got[1].GetContainerStatus().GetContainerId().GetValue() != "c" {
		t.Errorf("readers see %v", got)
	}
	// Records that were published stay as they were.
	if len(first.GetStatuses()) != 1 || len(second.GetStatuses()) != 2 || second.GetStatuses()[1].GetLabels().GetLabels()[0].GetValue() != "a" {
		t.Errorf("published before: %v and %v", first.GetStatuses(), second.GetStatuses())
	}
	// Reconciliation repeats what is known of health and container.
	d.take()
	_ = d.s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{}})
	if got := updates(d.take()); got[0].GetContainerStatus().GetContainerId().GetValue() != "c" {
		t.Errorf("reconciled as %v", got)
	}
}

func TestATaskIsPublishedAsItsFrameworkDescribesIt(t *testing.T) {
	// covers: MasterTest.TaskLabels
	// covers: MasterTest.TaskDiscoveryInfo
	// covers: MasterTest.TasksEndpoint
	d := newDesk(t)
	task := commandTask("t", d.agent, "cpus:1")
	task.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new("v")}}}
	task.Discovery = &mesospb.DiscoveryInfo{Visibility: mesospb.DiscoveryInfo_CLUSTER.Enum(), Name: new("web")}
	task.Command.User = new("carol")
	wantError(t, d.try("cpus:1", launchOf(task)), 0, "")
	got := d.views.tasks["M-0000 t"].Task
	if got.GetLabels().GetLabels()[0].GetKey() != "k" || got.GetDiscovery().GetName() != "web" || got.GetUser() != "carol" ||
		got.GetFrameworkId().GetValue() != "M-0000" || got.GetAgentId().GetValue() != string(d.agent) || got.ExecutorId != nil ||
		got.GetResources()[0].GetAllocationInfo().GetRole() != "*" {
		t.Errorf("readers see %v", got)
	}
}

func TestAnExecutorIsPublishedAsItsFrameworkDescribesIt(t *testing.T) {
	// covers: MasterTest.ExecutorLabels
	d := newDesk(t)
	task := commandTask("t", d.agent, "cpus:1", withExecutor("e", "cpus:0.5"))
	task.Executor.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new("v")}}}
	wantError(t, d.try("cpus:2", launchOf(task)), 0, "")
	got := d.views.executors["M-0000 "+string(d.agent)+" e"]
	if got.GetLabels().GetLabels()[0].GetKey() != "k" || got.GetFrameworkId().GetValue() != "M-0000" {
		t.Errorf("readers see %v", got)
	}
	if got := d.views.tasks["M-0000 t"].Task; got.GetExecutorId().GetValue() != "e" {
		t.Errorf("readers see task %v", got)
	}
}

func TestAFrameworkIsPublishedAsItDescribesItself(t *testing.T) {
	// covers: MasterTest.FrameworkInfoLabels
	// covers: FaultToleranceTest.UpdateFrameworkInfoOnSchedulerFailover
	c := newCluster(t, testConfig(), Recovered{})
	label := func(value string) infoOption {
		return func(info *mesospb.FrameworkInfo) {
			info.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new(value)}}}
			info.WebuiUrl = new("http://" + value)
		}
	}
	s := c.subscribe("s1", frameworkInfo(label("a")))
	got := c.views.frameworks["M-0000"].Framework
	if got.GetFrameworkInfo().GetLabels().GetLabels()[0].GetValue() != "a" || !got.GetActive() || !got.GetConnected() || got.RegisteredTime == nil {
		t.Errorf("readers see %v", got)
	}
	c.subscribe("s2", frameworkInfo(label("b"), withFramework(s.id)))
	got = c.views.frameworks["M-0000"].Framework
	if got.GetFrameworkInfo().GetWebuiUrl() != "http://b" || got.GetFrameworkInfo().GetLabels().GetLabels()[0].GetValue() != "b" || got.ReregisteredTime == nil {
		t.Errorf("after a failover readers see %v", got)
	}
}

func TestAFrameworkWithOneRoleBecomesOneThatMayHaveSeveral(t *testing.T) {
	// covers: UpgradeTest.MultiRoleSchedulerUpgrade
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.Role = new("foo") }))
	granted(t, s.accept([]mesos.OfferID{c.offerTo(s, a, "foo", "cpus:1;mem:64")}, commandTask("t", a, "cpus:1;mem:64")))
	c.update(1, s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	s.acknowledge(a, "t", 1)
	c.take()
	again := c.subscribe("s2", frameworkInfo(withFramework("F"), multiRole("foo")))
	effects := c.take()
	told := toldAgents(effects)
	if info := c.views.frameworks["F"].Framework.GetFrameworkInfo(); info.Role != nil || !slices.Equal(info.GetRoles(), []string{"foo"}) ||
		len(told) != 1 || !told[0].EqualVT(info) {
		t.Errorf("readers see %v, the agent is told %v", info, told)
	}
	if !slices.ContainsFunc(effects, func(e Effect) bool {
		sent, ok := e.(SendEvent)
		return ok && sent.Stream == "s1" && sent.Event.GetError().GetMessage() == "Framework failed over"
	}) {
		t.Errorf("the scheduler that was replaced is not told")
	}
	granted(t, again.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID(a)}},
	}}))
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_RUNNING REASON_RECONCILIATION"}) {
		t.Errorf("the framework was told %v", got)
	}
}

func TestATinyTaskRuns(t *testing.T) {
	// covers: MasterTest.TaskWithTinyResources
	d := newDesk(t)
	wantError(t, d.try("cpus:1;mem:64", launchOf(commandTask("t", d.agent, "cpus:0.001;mem:1"))), 0, "")
	if got := d.agents[d.agent].used.String(); got != "cpus(allocated: *):0.001; mem(allocated: *):1" {
		t.Errorf("in use: %s", got)
	}
}

func TestAnUpdateThatMakesNoSenseIsIgnored(t *testing.T) {
	d := newDesk(t)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.take()
	d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, 1, withStatus(func(s *mesospb.TaskStatus) { s.Uuid = nil }))
	d.update(1, d.s, "t", mesospb.TaskState(77), 1)
	d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, 1, func(u *linkpb.StatusUpdate) { u.LatestState = mesospb.TaskState(-1).Enum() })
	if got := updates(d.take()); len(got) > 0 {
		t.Errorf("the framework got %v", got)
	}
	// One of a task that the master does not know is the framework's to judge.
	d.update(1, d.s, "unknown", mesospb.TaskState_TASK_RUNNING, 1)
	if got := updates(d.take()); len(got) != 1 {
		t.Errorf("the framework got %v", got)
	}
}

// A terminal state is the last one, whatever an agent says later.
func TestATaskNeverLeavesATerminalState(t *testing.T) {
	d := newDesk(t)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.update(1, d.s, "t", mesospb.TaskState_TASK_FAILED, 1)
	d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, 2)
	if got := d.views.tasks["M-0000 t"].Task.GetState(); got != mesospb.TaskState_TASK_FAILED {
		t.Errorf("readers see %s", got)
	}
}

func TestAnAgentUpdateChangesWhatIsOffered(t *testing.T) {
	d := newDesk(t)
	o := d.offer(d.s, d.agent, "cpus:1")
	info := agentInfo(1, "cpus:16")
	info.Id = wireAgentID("M-S7")
	update := func() {
		d.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateAgent{UpdateAgent: &linkpb.UpdateAgent{AgentInfo: info}}})
	}
	update() // of another agent
	if d.views.offers[o] == nil {
		t.Error("the offer is gone")
	}
	info.Id = wireAgentID(d.agent)
	update()
	if d.views.offers[o] != nil || d.agents[d.agent].total.String() != "cpus:16" {
		t.Errorf("the agent has %s", d.agents[d.agent].total)
	}
}

// The acknowledgement of an earlier update does not end a task.
func TestOnlyTheTerminalUpdatesAcknowledgementEndsATask(t *testing.T) {
	d := newDesk(t)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	d.update(1, d.s, "t", mesospb.TaskState_TASK_FINISHED, 2)
	d.s.acknowledge(d.agent, "t", 1)
	if got := d.views.tasks["M-0000 t"].List; got != TaskActive {
		t.Errorf("the task is in list %d", got)
	}
	d.s.acknowledge(d.agent, "t", 2)
	if got := d.views.tasks["M-0000 t"].List; got != TaskCompleted {
		t.Errorf("the task is in list %d", got)
	}
}
