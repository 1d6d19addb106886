package master

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// sentTo takes what an agent was asked to end: tasks and frameworks.
func (c *cluster) sentTo(link LinkID) (list []string) {
	for _, e := range c.take() {
		e, ok := e.(SendAgent)
		if !ok || e.Link != link {
			continue
		}
		switch m := e.Message.GetMessage().(type) {
		case *linkpb.ToAgent_KillTask:
			list = append(list, "kill "+m.KillTask.GetTaskId().GetValue())
		case *linkpb.ToAgent_ShutdownFramework:
			list = append(list, "shutdown "+m.ShutdownFramework.GetFrameworkId().GetValue())
		case *linkpb.ToAgent_UpdateFramework:
			list = append(list, "update "+m.UpdateFramework.GetFrameworkInfo().GetId().GetValue())
		case *linkpb.ToAgent_Registered:
			for _, r := range m.Registered.GetReconcile() {
				list = append(list, "reconcile "+taskIDs(r.GetTaskIds()))
			}
		}
	}
	return list
}

func partitionAware(id string) *mesospb.FrameworkInfo {
	return frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE), withFramework(id))
}

// lose makes the agent of a link unreachable.
func (c *cluster) lose(link LinkID) {
	c.t.Helper()
	c.step(LinkClosed{Link: link})
	c.pass(c.config.AgentReregisterTimeout)
	c.take()
}

func TestAFrameworkWithoutTasksIsNotOver(t *testing.T) {
	// Its agent has nothing of it any more, but its scheduler is there.
	// covers: FaultToleranceTest.ReregisterCompletedFrameworks
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	c.update(1, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	s.acknowledge(a, "t", 2)
	next := c.failover()
	next.subscribe("s2", frameworkInfo(withFramework("F")))
	next.step(reregisterMessage(1, string(a), func(msg *linkpb.Reregister) { msg.Frameworks = nil }))
	if next.agents[a] == nil || next.frameworks["F"] == nil || !next.frameworks["F"].connected() || len(next.completed.byID) > 0 {
		t.Errorf("frameworks are %v, and over are %v", next.frameworks, next.completed.byID)
	}
}

func TestTasksWithoutCheckpointsAreLostWithTheConnection(t *testing.T) {
	// covers: SlaveRecoveryTest.RemoveNonCheckpointingFramework
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.Checkpoint = new(false) }))
	c.runningTask(s, 1, "t1")
	c.runningTask(s, 1, "t2")
	c.take()
	c.step(LinkClosed{Link: 1})
	var lost []string
	for _, e := range c.take() {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE {
			status := e.Event.GetUpdate().GetStatus()
			lost = append(lost, fmt.Sprint(status.GetTaskId().GetValue(), " ", status.GetState(), " ", status.GetSource(), " ", status.GetReason()))
		}
	}
	want := []string{"t1 TASK_LOST SOURCE_MASTER REASON_AGENT_DISCONNECTED", "t2 TASK_LOST SOURCE_MASTER REASON_AGENT_DISCONNECTED"}
	if !slices.Equal(lost, want) {
		t.Errorf("the framework was told %v", lost)
	}
	if n := len(c.agents[a].holdings); n > 0 {
		t.Errorf("%d frameworks hold something of the agent", n)
	}
}

func TestATaskWhoseFrameworkEndedDuringThePartitionIsShutDown(t *testing.T) {
	// covers: PartitionTest.PartitionedSlaveOrphanedTask
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", partitionAware("F"))
	c.runningTask(s, 1, "t")
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))
	c.lose(1)
	granted(t, c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: "F"} }))
	c.take()
	c.step(back)
	if got := c.sentTo(1); !slices.Equal(got, []string{"shutdown F"}) {
		t.Errorf("the agent was told %v", got)
	}
	if task := c.views.tasks["F t"]; task.List != TaskCompleted || task.Task.GetState() != mesospb.TaskState_TASK_KILLED {
		t.Errorf("readers see %v in list %v", task.Task, task.List)
	}
	if used := c.agents[a].used; !used.IsEmpty() {
		t.Errorf("%v of the agent are in use", used)
	}
}

// The agent is away for a while only, and its executors go on meanwhile.
func TestATaskWhoseFrameworkEndedWhileItsAgentWasAwayIsShutDown(t *testing.T) {
	// covers: SlaveRecoveryTest.ReconcileShutdownFramework
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))
	back.Link = 2
	c.step(LinkClosed{Link: 1})
	granted(t, c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: "F"} }))
	c.take()
	c.step(back)
	if got := c.sentTo(2); !slices.Equal(got, []string{"shutdown F"}) {
		t.Errorf("the agent was told %v", got)
	}
	if f, task := c.views.frameworks["F"], c.views.tasks["F t"]; !f.Completed || task.List != TaskCompleted || task.Task.GetState() != mesospb.TaskState_TASK_KILLED {
		t.Errorf("readers see %v, and its task %v in list %v", f, task.Task, task.List)
	}
}

// What it has more of than before is offered, whatever runs on it.
func TestAnAgentComesBackWithMore(t *testing.T) {
	// covers: SlaveRecoveryTest.AgentReconfigurationWithRunningTask
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	used := c.agents[a].used
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))
	back.Link = 2
	more := resources.MustParse("cpus:10;mem:2048")
	back.Message.GetReregister().AgentInfo.Resources = convert.ToWire(more)
	c.step(LinkClosed{Link: 1})
	c.step(back)
	if got := c.told.agents[a].Total; !got.Equal(more) {
		t.Errorf("the allocator was told of %v", got)
	}
	if got := c.agents[a].used; !got.Equal(used) || c.held[holder{"F", a}].IsEmpty() {
		t.Errorf("%v are in use, and %v is held", got, c.held[holder{"F", a}])
	}
	c.update(2, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	if got := c.held[holder{"F", a}]; !got.IsEmpty() {
		t.Errorf("of a task that ended %v is held", got)
	}
}

func TestATaskOfADisconnectedFrameworkIsLostWithItsAgent(t *testing.T) {
	// covers: PartitionTest.DisconnectedFramework
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	info := frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.FailoverTimeout = new(1e6) })
	s := c.subscribe("s1", info)
	c.runningTask(s, 1, "t")
	c.step(StreamClosed{Stream: "s1"})
	c.lose(1)
	s = c.subscribe("s2", info.CloneVT())
	c.take()
	granted(t, s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID(a)}},
	}}))
	for _, e := range c.out {
		if e, ok := e.(SendEvent); ok && e.Event.GetUpdate().GetStatus().GetUnreachableTime() == nil {
			t.Errorf("%v does not say since when", e.Event)
		}
	}
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_LOST REASON_RECONCILIATION"}) {
		t.Errorf("the framework was told %v", got)
	}
	if c.metric("master/tasks_lost") != 1 || c.metric("master/slave_removals/reason_unhealthy") != 1 || c.removing() != "1 0 1" {
		t.Errorf("lost %v, unhealthy %v, removals %s", c.metric("master/tasks_lost"), c.metric("master/slave_removals/reason_unhealthy"), c.removing())
	}
}

func TestAnAgentThatRegistersAgainForNoReasonKeepsItsTasks(t *testing.T) {
	// covers: PartitionTest.SpuriousSlaveReregistration
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F"))) // not partition aware
	c.runningTask(s, 1, "t")
	c.take()
	c.step(reregisterMessage(11, string(a), func(msg *linkpb.Reregister) {
		msg.AgentInfo.Hostname = new("a1.example")
		runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")(msg)
	}).at(1))
	out := c.take()
	c.out = out
	if got := c.sentTo(11); len(got) > 0 {
		t.Errorf("the agent was told %v", got)
	}
	c.out = out
	if got := c.updates(); len(got) > 0 || c.views.tasks["F t"].List != TaskActive {
		t.Errorf("the framework was told %v", got)
	}
}

func TestATaskThatNeverReachedAnUnreachableAgentIsForgotten(t *testing.T) {
	// covers: PartitionTest.ReregisterPartitionedAgentWithEnrouteTask
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", partitionAware("F"))
	granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:1;mem:64")}, commandTask("t", a, "cpus:1;mem:64")))
	c.lose(1)
	if c.views.tasks["F t"].List != TaskUnreachable || c.metric("master/tasks_unreachable") != 1 {
		t.Fatalf("readers see %v", c.views.tasks["F t"])
	}
	c.step(reregisterMessage(1, string(a), nil))
	if task, ok := c.views.tasks["F t"]; ok || c.metric("master/tasks_unreachable") != 0 {
		t.Errorf("readers see %v", task.Task)
	}
}

func TestTasksOfAnUnreachableAgentComeBackToTheNextMaster(t *testing.T) {
	// covers: PartitionTest.PartitionedSlaveReregistrationMasterFailover
	// covers: FaultToleranceTest.UpdateFrameworkInfoOnMasterFailover
	// covers: FaultToleranceTest.FrameworkReregisterEmptyExecutor
	before := newCluster(t, testConfig(), Recovered{})
	a := before.agent(1, "cpus:4;mem:1024")
	unaware, aware := before.subscribe("s1", frameworkInfo(withFramework("F"))), before.subscribe("s2", partitionAware("G"))
	before.runningTask(unaware, 1, "t1")
	before.runningTask(aware, 1, "t2")
	msg := reregisterMessage(1, string(a), runs(unaware, a, mesospb.TaskState_TASK_RUNNING, "t1"))
	runs2 := new(linkpb.Reregister)
	runs(aware, a, mesospb.TaskState_TASK_RUNNING, "t2")(runs2)
	r := msg.Message.GetReregister()
	r.Frameworks, r.Tasks = append(r.Frameworks, runs2.Frameworks...), append(r.Tasks, runs2.Tasks...)
	r.Executors = []*linkpb.Reregister_Executor{{ // one without tasks
		ExecutorInfo: &mesospb.ExecutorInfo{
			ExecutorId: &mesospb.ExecutorID{Value: new("idle")}, FrameworkId: &mesospb.FrameworkID{Value: new("F")},
			Command: &mesospb.CommandInfo{Value: new("./e")},
		},
		ContainerId: &mesospb.ContainerID{Value: new("c")},
	}}
	before.lose(1)

	c := before.failover()
	c.subscribe("s3", frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.Name = new("renamed") }))
	c.subscribe("s4", partitionAware("G"))
	c.take()
	c.step(msg)
	out := c.take()
	c.out = out
	want := []string{"t1 TASK_RUNNING REASON_AGENT_REREGISTERED", "t2 TASK_RUNNING REASON_AGENT_REREGISTERED"}
	if got := c.updates(); !slices.Equal(got, want) {
		t.Errorf("frameworks were told %v", got)
	}
	c.out = out
	if got := c.sentTo(1); !slices.Equal(got, []string{"update F"}) { // it knows an older description
		t.Errorf("the agent was told %v", got)
	}
	if name := c.views.frameworks["F"].Framework.GetFrameworkInfo().GetName(); name != "renamed" || c.views.executors["F "+string(a)+" idle"] == nil {
		t.Errorf("readers see framework %s", name)
	}
}

func TestATaskThatWasLostWithItsAgentComesBackToLife(t *testing.T) {
	// covers: MasterTest.LostTaskCleanup
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))
	granted(t, c.schedule(window(machine(1))))
	c.take()
	granted(t, c.takeDown(machine(1)))
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_LOST REASON_AGENT_REMOVED"}) || c.views.tasks["F t"].List != TaskCompleted {
		t.Fatalf("the framework was told %v", got)
	}
	granted(t, c.bringUp(machine(1)))
	c.step(back)
	if task := c.views.tasks["F t"]; task.List != TaskActive || task.Task.GetState() != mesospb.TaskState_TASK_RUNNING ||
		len(c.frameworks["F"].completed.byID) > 0 {
		t.Errorf("readers see %v in list %v", task.Task, task.List)
	}
}

func TestAReregistrationThatIsSentTwiceAsksForNothingNewer(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.ReconcileRace
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.step(LinkClosed{Link: 1})
	again := reregisterMessage(1, string(a), nil)
	c.step(again)
	granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:1;mem:64")}, commandTask("t", a, "cpus:1;mem:64")))
	c.take()
	c.step(reregisterMessage(1, string(a), nil))
	if got := c.sentTo(1); len(got) > 0 || c.views.tasks["F t"].List != TaskActive {
		t.Errorf("the agent was told %v", got)
	}
}

func TestATaskThatIsOverWhenItsAgentComesBackHoldsNothing(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregisterTerminalTask
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	c.step(LinkClosed{Link: 1})
	c.step(reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_FINISHED, "t")))
	c.update(1, s, "t", mesospb.TaskState_TASK_FINISHED, 2)
	if held := c.told.agents[a].held; len(held) > 0 || !c.agents[a].used.IsEmpty() {
		t.Errorf("held are %v, used %v", held, c.agents[a].used)
	}
	s.acknowledge(a, "t", 2)
	if task := c.views.tasks["F t"]; task.List != TaskCompleted || task.Task.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("readers see %v in list %v", task.Task, task.List)
	}
}

func TestAnAgentThatComesBackHearsWhatChangedOfItsFrameworks(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregisterFrameworks
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.runningTask(s, 1, "t")
	old := runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")
	msg := reregisterMessage(1, string(a), old)
	c.step(LinkClosed{Link: 1})
	c.subscribe("s2", frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.WebuiUrl = new("http://new") }))
	c.take()
	c.step(msg)
	if got := c.sentTo(1); !slices.Equal(got, []string{"update F"}) {
		t.Errorf("the agent was told %v", got)
	}
}

func TestATaskThatIsOverIsNotReconciledImplicitly(t *testing.T) {
	// covers: ReconciliationTest.ImplicitTerminalTask
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	c.runningTask(s, 1, "t")
	c.update(1, s, "t", mesospb.TaskState_TASK_FINISHED, 2)
	s.acknowledge(a, "t", 2)
	c.take()
	granted(t, s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{}}))
	if got := c.updates(); len(got) > 0 {
		t.Errorf("the framework was told %v", got)
	}
}

func TestMessagesReachWhoeverSpeaksForTheFrameworkNow(t *testing.T) {
	// covers: FaultToleranceTest.SchedulerFailoverExecutorToFrameworkMessage
	// covers: FaultToleranceTest.SchedulerFailoverFrameworkToExecutorMessage
	// covers: FaultToleranceTest.FrameworkReregister
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	task := commandTask("t", a, "cpus:1;mem:64", withExecutor("e", "cpus:0.1;mem:32"))
	granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:2;mem:128")}, task))
	out := c.offer(s, a, "cpus:1")
	c.pass(1)
	s = c.subscribe("s2", frameworkInfo(withFramework("F")))
	if c.views.offers[out] != nil {
		t.Error("the offer of the old scheduler is still out")
	}
	if f := c.views.frameworks["F"].Framework; f.GetReregisteredTime().GetNanoseconds() <= f.GetRegisteredTime().GetNanoseconds() {
		t.Errorf("registered %v, again %v", f.GetRegisteredTime(), f.GetReregisteredTime())
	}
	if !c.canOfferAt(s, a) {
		t.Error("the new scheduler is not offered anything")
	}
	c.take()
	c.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_ExecutorMessage{ExecutorMessage: &linkpb.ExecutorMessage{
		FrameworkId: &mesospb.FrameworkID{Value: new("F")}, ExecutorId: &mesospb.ExecutorID{Value: new("e")}, Data: []byte("up"),
	}}})
	granted(t, s.call(&schedulerpb.Call{Type: schedulerpb.Call_MESSAGE.Enum(), Message: &schedulerpb.Call_Message{
		AgentId: wireAgentID(a), ExecutorId: &mesospb.ExecutorID{Value: new("e")}, Data: []byte("down"),
	}}))
	var got []string
	for _, e := range c.take() {
		switch e := e.(type) {
		case SendEvent:
			got = append(got, string(e.Stream)+" "+string(e.Event.GetMessage().GetData()))
		case SendAgent:
			got = append(got, string(e.Message.GetMessageToExecutor().GetData()))
		}
	}
	if want := []string{"s2 up", "down"}; !slices.Equal(got, want) {
		t.Errorf("sent were %v, want %v", got, want)
	}
}

func TestATaskThatEndsBeforeItsFrameworkIsBackGivesItsResourcesBack(t *testing.T) {
	// covers: MasterTest.DISABLED_RecoverResourcesOrphanedTask
	before := newCluster(t, testConfig(), Recovered{})
	a := before.agent(1, "cpus:4;mem:1024")
	s := before.subscribe("s1", frameworkInfo(withFramework("F")))
	before.runningTask(s, 1, "t")
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))

	c := before.failover()
	c.step(back)
	if held := c.held[holder{"F", a}]; held.IsEmpty() {
		t.Fatal("the task of a framework that is not back holds nothing")
	}
	c.update(1, s, "t", mesospb.TaskState_TASK_FINISHED, 2)
	if held := c.held[holder{"F", a}]; !held.IsEmpty() {
		t.Errorf("the task is over and holds %v", held)
	}
	// It is not completed before its framework has acknowledged that.
	if got := c.views.tasks["F t"]; got.Task.GetState() != mesospb.TaskState_TASK_FINISHED || got.List != TaskActive {
		t.Errorf("readers see %v", got)
	}
}

func TestTheNewestReregistrationOfAnAgentCounts(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.SlaveReregistrationRace_MESOS_7187
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	c.step(LinkClosed{Link: 1})
	run := func(link LinkID, text string) {
		in := reregisterMessage(1, string(a), func(msg *linkpb.Reregister) { msg.AgentInfo.Resources = convert.ToWire(resources.MustParse(text)) })
		in.Link = link
		c.step(in)
	}
	c.slowRegistry = true
	run(2, "cpus:6;mem:1024")
	run(3, "cpus:8;mem:1024") // the agent started anew before the first was written down
	c.written()
	c.step(LinkClosed{Link: 2})
	c.written()
	if want := resources.MustParse("cpus:8;mem:1024"); !c.agents[a].total.Equal(want) || !c.told.agents[a].Total.Equal(want) {
		t.Errorf("the agent has %v, the allocator was told %v", c.agents[a].total, c.told.agents[a].Total)
	}
	c.take()
	granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:7")}, commandTask("t", a, "cpus:7")))
	if !slices.ContainsFunc(c.take(), func(e Effect) bool {
		sent, ok := e.(SendAgent)
		return ok && sent.Link == 3 && len(sent.Message.GetRunTasks().GetTasks()) == 1
	}) {
		t.Error("the task went elsewhere")
	}
}

func TestAFrameworkThatDidNotComeBackToTheNextMasterIsTornDown(t *testing.T) {
	// covers: TeardownTest.RecoveredFrameworkAfterMasterFailover
	before := newCluster(t, testConfig(), Recovered{})
	a := before.agent(1, "cpus:4;mem:1024")
	s := before.subscribe("s1", frameworkInfo(withFramework("F")))
	before.runningTask(s, 1, "t")
	back := reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t"))
	c := before.failover()
	c.step(back)
	if f := c.views.frameworks["F"]; !f.Framework.GetRecovered() || f.Completed {
		t.Fatalf("readers see %v", f)
	}
	c.take()
	granted(t, c.tearDown("", "F"))
	if got := c.sentTo(1); !slices.Equal(got, []string{"shutdown F"}) {
		t.Errorf("the agent was told %v", got)
	}
	if f, task := c.views.frameworks["F"], c.views.tasks["F t"]; !f.Completed || task.List != TaskCompleted {
		t.Errorf("readers see %v and its task %v", f, task)
	}
}
