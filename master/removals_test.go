package master

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// removing says how many removals were scheduled, canceled and completed.
func (c *cluster) removing() string {
	return fmt.Sprint(c.metric("master/slave_unreachable_scheduled"), c.metric("master/slave_unreachable_canceled"), c.metric("master/slave_unreachable_completed"))
}

func removalConfig() Config {
	config := testConfig()
	config.AgentRemovalInterval = time.Hour
	return config
}

func TestAgentsThatDontAnswerAreGivenUpOneByOne(t *testing.T) {
	// covers: SlaveTest.RateLimitSlaveRemoval
	// covers: SlaveTest.CancelSlaveRemoval
	c := newCluster(t, removalConfig(), Recovered{})
	for link := range LinkID(4) {
		c.agent(link+1, "cpus:1")
	}
	c.pass(80 * time.Second) // 5 pings of 15 s
	if len(c.agents) != 3 || c.removing() != "4 0 1" {
		t.Fatalf("%d agents are left, removals %s", len(c.agents), c.removing())
	}
	back := c.links[3]
	c.fromAgent(3, &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
	if c.removing() != "4 1 1" {
		t.Errorf("after an agent answered: removals %s", c.removing())
	}
	answer := func(d time.Duration) { // the one goes on answering
		for range int(d / (10 * time.Second)) {
			c.pass(10 * time.Second)
			c.fromAgent(3, &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
		}
	}
	answer(time.Hour)
	if len(c.agents) != 2 || c.removing() != "4 1 2" {
		t.Errorf("an hour later %d agents are left, removals %s", len(c.agents), c.removing())
	}
	answer(time.Hour)
	if len(c.agents) != 1 || c.agents[back.id] == nil || c.removing() != "4 1 3" {
		t.Errorf("another hour later %d agents are left, removals %s", len(c.agents), c.removing())
	}
}

func TestAgentsThatDontComeBackAreGivenUpOneByOne(t *testing.T) {
	// covers: MasterTest.AgentRestartNoReregisterRateLimit
	c := newCluster(t, removalConfig(), Recovered{})
	ids := []mesos.AgentID{c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024"), c.agent(3, "cpus:4;mem:1024")}
	// Pings alone don't give these up: nobody misses them before the timeout.
	for _, a := range c.agents {
		c.timers.disarm(&a.ping)
	}
	for link := range LinkID(3) {
		c.step(LinkClosed{Link: link + 1})
	}
	c.pass(c.config.AgentReregisterTimeout)
	if len(c.agents) != 2 || c.removing() != "3 0 1" {
		t.Fatalf("%d agents are left, removals %s", len(c.agents), c.removing())
	}
	c.step(reregisterMessage(2, string(ids[1]), nil))
	c.timers.disarm(&c.agents[ids[1]].ping)
	c.pass(time.Hour)
	if len(c.agents) != 1 || c.agents[ids[1]] == nil || c.removing() != "3 1 2" {
		t.Errorf("%d agents are left, removals %s", len(c.agents), c.removing())
	}
}

func admitted(n int) (r Recovered) {
	for i := range n {
		info := agentInfo(LinkID(i+1), "cpus:4;mem:1024")
		info.Id = wireAgentID(mesos.AgentID(fmt.Sprintf("L-S%d", i)))
		r.Admitted = append(r.Admitted, &registrypb.AdmittedAgent{Info: info})
	}
	return r
}

func TestRecoveredAgentsAreGivenUpOneByOne(t *testing.T) {
	// covers: MasterTest.RateLimitRecoveredSlaveRemoval
	// covers: MasterTest.CancelRecoveredSlaveRemoval
	c := newCluster(t, removalConfig(), admitted(3))
	c.step(Tick{})
	c.pass(c.config.AgentReregisterTimeout)
	if len(c.views.recovered) != 2 || c.removing() != "3 0 1" {
		t.Fatalf("%d agents are awaited, removals %s", len(c.views.recovered), c.removing())
	}
	c.step(reregisterMessage(2, "L-S1", nil))
	c.timers.disarm(&c.agents["L-S1"].ping)
	c.pass(time.Hour)
	if len(c.views.recovered) != 0 || len(c.agents) != 1 || c.removing() != "3 1 2" {
		t.Errorf("%d agents are awaited, %d there, removals %s", len(c.views.recovered), len(c.agents), c.removing())
	}
}

func TestAMasterToWhichTooFewComeBackGivesUp(t *testing.T) {
	for back, want := range map[int]bool{1: true, 2: false} { // of 4
		config := testConfig()
		config.RecoveryAgentRemovalLimit = 0.5
		c := newCluster(t, config, admitted(4))
		c.step(Tick{})
		for i := range back {
			c.step(reregisterMessage(LinkID(i+1), fmt.Sprintf("L-S%d", i), nil))
			c.timers.disarm(&c.agents[mesos.AgentID(fmt.Sprintf("L-S%d", i))].ping)
		}
		c.take()
		c.pass(config.AgentReregisterTimeout)
		var gaveUp error
		for _, e := range c.take() {
			if e, ok := e.(GiveUp); ok {
				gaveUp = e.Err
			}
		}
		if (gaveUp != nil) != want || (len(c.unreachable) == 0) != want {
			t.Errorf("%d of 4 came back: %v, and %d are unreachable", back, gaveUp, len(c.unreachable))
		}
		if want && !strings.Contains(gaveUp.Error(), "3 of 4 agents (75.0%)") {
			t.Errorf("the error is %q", gaveUp)
		}
	}
}

// asksAbout is what a framework is told that asks about a task on an agent.
func (s *scheduler) asksAbout(agent mesos.AgentID) string {
	s.c.t.Helper()
	s.c.take()
	granted(s.c.t, s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{Tasks: []*schedulerpb.Call_Reconcile_Task{
			{TaskId: &mesospb.TaskID{Value: new("t-" + string(agent))}, AgentId: wireAgentID(agent)},
		}},
	}))
	return strings.Fields(s.c.updates()[0])[1]
}

func gcConfig(count int, age time.Duration) Config {
	config := testConfig()
	config.RegistryGCInterval, config.RegistryMaxAgentCount, config.RegistryMaxAgentAge = 15*time.Minute, count, age
	config.AgentReregisterTimeout = time.Minute
	config.MaxAgentPingTimeouts = 1 << 20
	return config
}

func TestTheOldestOfTooManyUnreachableAgentsLeaveTheRegistry(t *testing.T) {
	// covers: PartitionTest.RegistryGcByCount
	// covers: PartitionTest.RegistryGcByCountManySlaves
	// covers: RegistrarTest.Prune
	c := newCluster(t, gcConfig(1, 1000*time.Hour), Recovered{})
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	var ids []mesos.AgentID
	for link := LinkID(3); link > 0; link-- { // the IDs say nothing of the order
		ids = append(ids, c.agent(link, "cpus:4;mem:1024"))
		c.runningTask(s, link, "t-"+string(ids[3-link]))
	}
	for _, link := range []LinkID{1, 3, 2} {
		c.step(LinkClosed{Link: link})
		c.pass(61 * time.Second)
	}
	newest, older := ids[1], []mesos.AgentID{ids[0], ids[2]}
	for _, id := range older {
		if got := s.asksAbout(id); got != "TASK_UNREACHABLE" {
			t.Errorf("of a task on %s the framework hears %s", id, got)
		}
	}
	granted(t, c.deactivateAgent(older[0]))
	c.pass(15 * time.Minute)
	for _, id := range older {
		if got := s.asksAbout(id); got != "TASK_UNKNOWN" || c.registry[UnreachableKey(id)] != nil || c.standings[id] != nil {
			t.Errorf("of a task on %s the framework hears %s", id, got)
		}
		if task, ok := c.views.tasks[s.id+" t-"+string(id)]; ok {
			t.Errorf("readers see %v", task.Task)
		}
	}
	if got := s.asksAbout(newest); got != "TASK_UNREACHABLE" || c.registry[UnreachableKey(newest)] == nil {
		t.Errorf("of a task on the newest the framework hears %s", got)
	}
	// One that comes back has nothing but its ID, and is welcome.
	c.step(reregisterMessage(3, string(ids[0]), runs(s, ids[0], mesospb.TaskState_TASK_RUNNING, "t-"+string(ids[0]))))
	if got := s.asksAbout(ids[0]); got != "TASK_RUNNING" || c.agents[ids[0]] == nil {
		t.Errorf("of a task on an agent that came back the framework hears %s", got)
	}
}

func TestAgentsUnreachableForTooLongLeaveTheRegistry(t *testing.T) {
	// covers: PartitionTest.RegistryGcByAge
	c := newCluster(t, gcConfig(1000, 40*time.Minute), Recovered{})
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	first, second := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	c.step(LinkClosed{Link: 1})
	c.pass(20 * time.Minute)
	c.step(LinkClosed{Link: 2})
	c.pass(10 * time.Minute)
	if a, b := s.asksAbout(first), s.asksAbout(second); a+b != "TASK_UNREACHABLETASK_UNREACHABLE" {
		t.Errorf("after half an hour the framework hears %s and %s", a, b)
	}
	c.pass(15 * time.Minute)
	if a, b := s.asksAbout(first), s.asksAbout(second); a+b != "TASK_UNKNOWNTASK_UNREACHABLE" {
		t.Errorf("after three quarters of an hour the framework hears %s and %s", a, b)
	}
}

func TestGoneAgentsLeaveTheRegistry(t *testing.T) {
	// covers: MasterTest.RegistryGcByCount
	c := newCluster(t, gcConfig(1, 1000*time.Hour), Recovered{})
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	first, second := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	granted(t, c.markGone(second))
	c.pass(time.Second)
	granted(t, c.markGone(first))
	c.pass(15 * time.Minute)
	if a, b := s.asksAbout(first), s.asksAbout(second); a+b != "TASK_GONE_BY_OPERATORTASK_UNKNOWN" || c.registry[GoneKey(second)] != nil {
		t.Errorf("the framework hears %s and %s", a, b)
	}
}

func TestAnAgentThatComesBackAmidGarbageCollectionStays(t *testing.T) {
	// covers: PartitionTest.RegistryGcRace
	c := newCluster(t, gcConfig(1, 1000*time.Hour), Recovered{})
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	first, second := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	third := c.agent(3, "cpus:4;mem:1024")
	c.runningTask(s, 1, "t")
	for link := range LinkID(3) {
		c.step(LinkClosed{Link: link + 1})
		c.pass(61 * time.Second)
	}
	c.slowRegistry = true
	c.pass(15 * time.Minute) // and the garbage is being collected
	c.step(reregisterMessage(1, string(first), runs(s, first, mesospb.TaskState_TASK_RUNNING, "t")))
	c.take()
	c.written()
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_RUNNING REASON_AGENT_REREGISTERED"}) {
		t.Errorf("the framework was told %v", got)
	}
	if c.agents[first] == nil || c.registry[AdmittedKey(first)] == nil || c.unreachable[second] != nil || c.unreachable[third] == nil {
		t.Errorf("unreachable are %v, and the registry has %v", sortedKeys(c.unreachable), sortedKeys(c.registry))
	}
}

func TestAnAgentThatRunsAsManyExecutorsAsItMayIsNotOffered(t *testing.T) {
	// covers: MasterTest.MaxExecutorsPerSlave
	for most, want := range []bool{false, true} {
		config := testConfig()
		config.MaxExecutorsPerAgent = &most
		c := newCluster(t, config, Recovered{})
		a := c.agent(1, "cpus:4;mem:1024")
		s := c.subscribe("s1", frameworkInfo())
		if got := c.canOfferAt(s, a); got != want {
			t.Errorf("with %d executors allowed and none there: offered is %v", most, got)
		}
		if !want {
			continue
		}
		task := commandTask("t", a, "cpus:1;mem:64", withExecutor("e", "cpus:0.1;mem:32"))
		granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:2;mem:128")}, task))
		if c.canOfferAt(s, a) {
			t.Errorf("with %d executors allowed and one there it is offered", most)
		}
	}
}

func TestATaskIsLostWhileItsAgentIsBeingRemoved(t *testing.T) {
	// covers: ReconciliationTest.DISABLED_RemovalInProgress
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4")
	s := c.subscribe("s", frameworkInfo(withFramework("F")))
	c.slowRegistry = true
	c.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{Unregister: &linkpb.Unregister{AgentId: wireAgentID(a)}}})
	c.step(LinkClosed{Link: 1})
	if len(c.pending) != 1 || c.agents[a] == nil {
		t.Fatalf("%d writes are under way", len(c.pending))
	}
	c.take()
	granted(t, s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID(a)}},
	}}))
	got := updates(c.take())
	if len(got) != 1 || got[0].GetState() != mesospb.TaskState_TASK_LOST ||
		got[0].GetReason() != mesospb.TaskStatus_REASON_RECONCILIATION || got[0].UnreachableTime != nil {
		t.Errorf("the framework is told %v", got)
	}
}
