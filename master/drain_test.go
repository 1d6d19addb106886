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
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func (c *cluster) drain(agent mesos.AgentID, maxGrace time.Duration, markGone bool) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input {
		return DrainAgent{Request: id, Agent: agent, MaxGracePeriod: &maxGrace, MarkGone: markGone}
	})
}

func (c *cluster) deactivateAgent(agent mesos.AgentID) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return DeactivateAgent{Request: id, Agent: agent} })
}

func (c *cluster) reactivateAgent(agent mesos.AgentID) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return ReactivateAgent{Request: id, Agent: agent} })
}

func (c *cluster) markGone(agent mesos.AgentID) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return MarkAgentGone{Request: id, Agent: agent} })
}

// standing says what readers see of an agent, and what the allocator was told.
func (c *cluster) standing(id mesos.AgentID) string {
	a := c.views.agents[id]
	if a == nil {
		return "none"
	}
	s := "inactive"
	if a.GetActive() {
		s = "active"
	}
	if c.told.agents[id].active != a.GetActive() {
		s += ", which the allocator was not told"
	}
	if a.GetDeactivated() {
		s += ", deactivated"
	}
	if a.DrainInfo != nil {
		s += fmt.Sprintf(", %v within %v", a.GetDrainInfo().GetState(),
			time.Duration(a.GetDrainInfo().GetConfig().GetMaxGracePeriod().GetNanoseconds()))
		if a.GetEstimatedDrainStartTime().GetNanoseconds() != epoch.UnixNano() {
			s += fmt.Sprintf(" since %v", a.GetEstimatedDrainStartTime())
		}
	}
	return s
}

// drains takes the messages of drains that agents were sent: link and grace period.
func (c *cluster) drains() (list []string) {
	for _, e := range c.take() {
		if e, ok := e.(SendAgent); ok && e.Message.GetDrainAgent() != nil {
			grace := e.Message.GetDrainAgent().GetConfig().GetMaxGracePeriod().GetNanoseconds()
			list = append(list, fmt.Sprintf("%d within %v", e.Link, time.Duration(grace)))
		}
	}
	return list
}

// updates takes the states, reasons and uuids of updates that frameworks were sent.
func (c *cluster) updates() (list []string) {
	for _, e := range c.take() {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE {
			s := e.Event.GetUpdate().GetStatus()
			list = append(list, s.GetTaskId().GetValue()+" "+s.GetState().String()+" "+s.GetReason().String())
		}
	}
	return list
}

// runningTask launches a task and has it run.
func (c *cluster) runningTask(s *scheduler, link LinkID, id string) {
	c.t.Helper()
	a := c.links[link].id
	granted(c.t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:1;mem:64")}, commandTask(id, a, "cpus:1;mem:64")))
	c.update(link, s, id, mesospb.TaskState_TASK_RUNNING, 1)
	s.acknowledge(a, id, 1)
}

// runs is what a re-registering agent says that it runs.
func runs(s *scheduler, agent mesos.AgentID, state mesospb.TaskState, tasks ...string) func(*linkpb.Reregister) {
	return func(msg *linkpb.Reregister) {
		msg.Frameworks = []*mesospb.FrameworkInfo{s.c.frameworks[mesos.FrameworkID(s.id)].info.CloneVT()}
		for _, id := range tasks {
			record := newRecord(commandTask(id, agent, "cpus:1;mem:64"), &mesospb.FrameworkID{Value: new(s.id)})
			for _, r := range record.Resources {
				r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("*")}
			}
			record.State = state.Enum()
			msg.Tasks = append(msg.Tasks, record)
		}
	}
}

func TestAnAgentIsDrainedOnceAllItsUpdatesAreAcknowledged(t *testing.T) {
	// covers: MasterDrainingTest.DrainAgent
	// covers: MasterDrainingTest2.DisallowReactivationWhileDraining
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	c.runningTask(s, 1, "t1")
	c.runningTask(s, 1, "t2")
	left := c.offer(s, a, "cpus:2")
	c.take()
	granted(t, c.drain(a, 10*time.Second, false))
	if got := c.standing(a); got != "inactive, deactivated, DRAINING within 10s" {
		t.Errorf("the agent is %s", got)
	}
	if c.views.offers[left] != nil {
		t.Error("an offer of the agent is still out")
	}
	if got := c.drains(); !slices.Equal(got, []string{"1 within 10s"}) {
		t.Errorf("agents were told to drain: %v", got)
	}
	says(t, c.reactivateAgent(a), mesos.Invalid, "still draining")

	c.update(1, s, "t1", mesospb.TaskState_TASK_KILLED, 2)
	s.acknowledge(a, "t1", 2)
	c.update(1, s, "t2", mesospb.TaskState_TASK_KILLED, 3)
	if got := c.standing(a); !strings.Contains(got, "DRAINING") {
		t.Errorf("with an update that is not acknowledged the agent is %s", got)
	}
	s.acknowledge(a, "t2", 3)
	if got := c.standing(a); got != "inactive, deactivated, DRAINED within 10s" {
		t.Errorf("without tasks the agent is %s", got)
	}
	if c.canOfferAt(s, a) {
		t.Error("resources of a drained agent were offered")
	}
	granted(t, c.reactivateAgent(a))
	if got := c.standing(a); got != "active" || !c.canOfferAt(s, a) {
		t.Errorf("reactivated the agent is %s", got)
	}
	says(t, c.reactivateAgent(a), mesos.Invalid, "not deactivated")
}

// canOfferAt reports whether an offer of an agent is made.
func (c *cluster) canOfferAt(s *scheduler, a mesos.AgentID) bool {
	c.t.Helper()
	before := len(c.offers)
	c.offer(s, a, "cpus:1")
	return len(c.offers) > before
}

func TestAnAgentWithNothingToKillIsDrainedAtOnce(t *testing.T) {
	// covers: MasterAlreadyDrainedTest.DrainAgent
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	granted(t, c.drain(a, 10*time.Second, false))
	if got := c.standing(a); got != "inactive, deactivated, DRAINED within 10s" {
		t.Errorf("the agent is %s", got)
	}
	granted(t, c.drain(a, time.Second, false)) // once more
	if got := c.standing(a); got != "inactive, deactivated, DRAINED within 1s" {
		t.Errorf("the agent is %s", got)
	}
}

func TestADrainedAgentIsGoneIfAskedFor(t *testing.T) {
	// covers: MasterAlreadyDrainedTest.DrainAgentMarkGone
	// covers: MasterDrainingTest.DrainAgentMarkGone
	c := newCluster(t, testConfig(), Recovered{})
	empty, busy := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	granted(t, c.drain(empty, 0, true))
	if got := refused(c.take()); got != goneMessage || c.standing(empty) != "none" || c.registry[GoneKey(empty)] == nil {
		t.Errorf("the empty agent was told %q", got)
	}
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	c.runningTask(s, 2, "t")
	granted(t, c.drain(busy, 0, true))
	if got := c.standing(busy); !strings.Contains(got, "DRAINING") {
		t.Errorf("the agent with a task is %s", got)
	}
	c.update(2, s, "t", mesospb.TaskState_TASK_GONE_BY_OPERATOR, 2)
	s.acknowledge(busy, "t", 2)
	if got := refused(c.take()); got != goneMessage || c.standing(busy) != "none" || c.registry[AdmittedKey(busy)] != nil {
		t.Errorf("the drained agent was told %q", got)
	}
	for link, id := range map[LinkID]mesos.AgentID{1: empty, 2: busy} {
		c.step(reregisterMessage(link, string(id), nil))
		if got := refused(c.take()); !strings.Contains(got, "gone") {
			t.Errorf("agent %s came back and was told %q", id, got)
		}
	}
}

func TestAnAgentThatIsAwayIsDrainedWhenItComesBack(t *testing.T) {
	// covers: MasterDrainingTest.DrainAgentDisconnected
	// covers: MasterAlreadyDrainedTest.DrainAgentDisconnected
	c := newCluster(t, testConfig(), Recovered{})
	a, empty := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	c.runningTask(s, 1, "t")
	c.step(LinkClosed{Link: 1})
	c.step(LinkClosed{Link: 2})
	if got := c.standing(a); got != "inactive" {
		t.Errorf("the disconnected agent is %s", got)
	}
	granted(t, c.drain(a, time.Second, false))
	granted(t, c.drain(empty, time.Second, false))
	if got := c.standing(a); got != "inactive, deactivated, DRAINING within 1s" {
		t.Errorf("the disconnected agent with a task is %s", got)
	}
	if got := c.standing(empty); got != "inactive, deactivated, DRAINED within 1s" {
		t.Errorf("the disconnected agent without tasks is %s", got)
	}
	if got := c.drains(); len(got) > 0 {
		t.Errorf("agents that are away were told %v", got)
	}
	c.step(reregisterMessage(11, string(a), func(msg *linkpb.Reregister) {
		msg.AgentInfo.Hostname = new("a1.example")
		runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")(msg)
	}).at(1))
	if got := c.drains(); !slices.Equal(got, []string{"11 within 1s"}) {
		t.Errorf("the agent that came back was told %v", got)
	}
	c.update(11, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	s.acknowledge(a, "t", 2)
	if got := c.standing(a); got != "inactive, deactivated, DRAINED within 1s" {
		t.Errorf("the agent is %s", got)
	}
	granted(t, c.reactivateAgent(a))
	if !c.canOfferAt(s, a) {
		t.Error("the agent is not offered again")
	}
}

// at is an agent's message from the host of another link.
func (m AgentMessage) at(link LinkID) AgentMessage {
	m.Address = agentAddress(link)
	return m
}

func TestADisconnectedAgentIsOfferedAgainOnceItIsBack(t *testing.T) {
	// covers: MasterAlreadyDrainedTest.ReactivateDisconnectedAgent
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	granted(t, c.drain(a, time.Second, false))
	c.step(LinkClosed{Link: 1})
	granted(t, c.reactivateAgent(a))
	if got := c.standing(a); got != "inactive" {
		t.Errorf("reactivated while it is away the agent is %s", got)
	}
	c.step(reregisterMessage(1, string(a), nil))
	if got := c.standing(a); got != "active" || !c.canOfferAt(s, a) {
		t.Errorf("back again the agent is %s", got)
	}
}

func TestAnUnreachableAgentIsDrainedWhenItComesBack(t *testing.T) {
	// covers: MasterDrainingTest.DrainAgentUnreachable
	// covers: MasterAlreadyDrainedTest.DrainAgentUnreachable
	for name, then := range map[string]func(*cluster) *cluster{
		"to the same master": func(c *cluster) *cluster { return c },
		"to another":         func(c *cluster) *cluster { return c.failover() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			a := c.agent(1, "cpus:4;mem:1024")
			info := frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE), withFramework("F"))
			s := c.subscribe("s1", info)
			c.runningTask(s, 1, "t")
			c.step(LinkClosed{Link: 1})
			c.pass(c.config.AgentReregisterTimeout)
			c.take()
			granted(t, c.drain(a, 0, false))
			c = then(c)
			s = c.subscribe("s2", info.CloneVT())
			c.step(reregisterMessage(1, string(a), runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")))
			if got := c.drains(); !slices.Equal(got, []string{"1 within 0s"}) {
				t.Errorf("the agent that came back was told %v", got)
			}
			if got := c.standing(a); !strings.HasPrefix(got, "inactive, deactivated, DRAINING") {
				t.Errorf("the agent that came back is %s", got)
			}
			c.update(1, s, "t", mesospb.TaskState_TASK_KILLED, 2)
			s.acknowledge(a, "t", 2)
			if got := c.standing(a); !strings.HasPrefix(got, "inactive, deactivated, DRAINED") {
				t.Errorf("without tasks the agent is %s", got)
			}
			granted(t, c.reactivateAgent(a))
			if !c.canOfferAt(s, a) {
				t.Error("the agent is not offered again")
			}
		})
	}
}

func TestWhatOperatorsDecidedOfAnAgentOutlivesTheMaster(t *testing.T) {
	// covers: RegistrarTest.DrainAgent
	// covers: RegistrarTest.MarkAgentDrained
	// covers: RegistrarTest.DeactivateAgent
	// covers: RegistrarTest.ReactivateAgent
	c := newCluster(t, testConfig(), Recovered{})
	a, drained := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	says(t, c.deactivateAgent("M-S9"), mesos.Invalid, "not known")
	granted(t, c.deactivateAgent(a))
	granted(t, c.drain(drained, time.Minute, false))
	if got := c.standing(a); got != "inactive, deactivated" {
		t.Errorf("the agent is %s", got)
	}
	next := c.failover()
	next.step(reregisterMessage(1, string(a), nil))
	next.step(reregisterMessage(2, string(drained), nil))
	if got := next.standing(a); got != "inactive, deactivated" {
		t.Errorf("after a failover the deactivated agent is %s", got)
	}
	if got := next.standing(drained); got != "inactive, deactivated, DRAINED within 1m0s" {
		t.Errorf("after a failover the drained agent is %s", got)
	}
	granted(t, next.reactivateAgent(a))
	last := next.failover()
	granted(t, last.reactivateAgent(drained)) // before it came back
	last.step(reregisterMessage(1, string(a), nil))
	last.step(reregisterMessage(2, string(drained), nil))
	if got := last.standing(a) + ", " + last.standing(drained); got != "active, active" {
		t.Errorf("after another failover the agents are %s", got)
	}
}

func TestAnAgentThatCantBeDrainedIsNot(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	says(t, c.drain("M-S9", 0, false), mesos.Invalid, "M-S9", "not known")
	says(t, c.drain(a, -time.Second, false), mesos.Invalid, "negative")
	granted(t, c.schedule(window(machine(1))))
	says(t, c.drain(a, 0, false), mesos.Invalid, "maintenance schedule")
	granted(t, c.schedule())
	old := registerMessage(2, "cpus:4;mem:1024")
	old.Message.GetRegister().Capabilities = nil
	c.step(old)
	says(t, c.drain(c.links[2].id, 0, false), mesos.Invalid, "AGENT_DRAINING")
}

func TestWhatIsAskedOfAnAgentAmidAChangeIsDoneAfterIt(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	c.slowRegistry = true
	c.step(DeactivateAgent{Request: 101, Agent: a})
	c.step(DrainAgent{Request: 102, Agent: a})
	c.step(ReactivateAgent{Request: 103, Agent: a})
	c.step(MarkAgentGone{Request: 104, Agent: a})
	c.step(ReactivateAgent{Request: 105, Agent: a})
	for len(c.pending) > 0 {
		c.written()
	}
	var answers []string
	for _, e := range c.take() {
		if e, ok := e.(Reply); ok && e.Request > 100 {
			answers = append(answers, fmt.Sprint(e.Request, " ", e.Err))
		}
	}
	want := []string{
		"101 <nil>", "102 <nil>", "103 reactivate agent M-S0: it is still draining", "104 <nil>",
		"105 reactivate agent M-S0: it is not deactivated",
	}
	if !slices.Equal(answers, want) || c.standing(a) != "none" {
		t.Errorf("the agent is %s after answers\n%s", c.standing(a), strings.Join(answers, "\n"))
	}
}

func TestTheTasksOfAGoneAgentAreGone(t *testing.T) {
	// covers: MasterAPITest.MarkRegisteredAgentGone
	// covers: MasterAPITest.TaskUpdatesUponAgentGone
	// covers: MasterAPITest.UnreachableAgentMarkedGone
	// covers: RegistrarTest.MarkGone
	// covers: RegistrarTest.MarkUnreachableGone
	config := testConfig()
	config.MaxAgentPingTimeouts = 1000 // nobody answers pings here
	c := newCluster(t, config, Recovered{})
	here, away := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	aware := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	unaware := c.subscribe("s2", frameworkInfo())
	for _, s := range []*scheduler{aware, unaware} {
		c.runningTask(s, 1, "here-"+string(s.stream))
		c.runningTask(s, 2, "away-"+string(s.stream))
	}
	c.step(LinkClosed{Link: 2})
	c.pass(c.config.AgentReregisterTimeout)
	c.take()

	says(t, c.markGone("M-S9"), mesos.NotFound, "M-S9")
	granted(t, c.markGone(here))
	out := c.take()
	if got := refused(out); got != goneMessage {
		t.Errorf("the agent was told %q", got)
	}
	c.out = out
	want := []string{
		"here-s1 TASK_GONE_BY_OPERATOR REASON_AGENT_REMOVED_BY_OPERATOR", "here-s2 TASK_LOST REASON_AGENT_REMOVED",
	}
	if got := c.updates(); !slices.Equal(got, want) {
		t.Errorf("frameworks were told %v", got)
	}
	granted(t, c.markGone(away))
	want = []string{
		"away-s1 TASK_GONE_BY_OPERATOR REASON_AGENT_REMOVED_BY_OPERATOR", "away-s2 TASK_LOST REASON_AGENT_REMOVED",
	}
	if got := c.updates(); !slices.Equal(got, want) {
		t.Errorf("frameworks were told %v", got)
	}
	for _, s := range []*scheduler{aware, unaware} {
		task := c.views.tasks[s.id+" away-"+string(s.stream)]
		if task.List != TaskCompleted || !terminal(task.Task.GetState()) {
			t.Errorf("readers see task %v in list %v", task.Task, task.List)
		}
	}
	granted(t, c.markGone(here)) // it is
	next := c.failover()
	granted(t, next.markGone(away))
	next.step(reregisterMessage(1, string(here), nil))
	if got := refused(next.take()); !strings.Contains(got, "gone") || len(next.agents) > 0 {
		t.Errorf("the next master told the agent that is gone %q", got)
	}
	if next.registry[AdmittedKey(here)] != nil || next.registry[UnreachableKey(away)] != nil {
		t.Error("the registry still has the agents")
	}
}

func TestAnAgentThatHasNotComeBackCanBeGone(t *testing.T) {
	before := newCluster(t, testConfig(), Recovered{})
	a := before.agent(1, "cpus:4;mem:1024")
	c := before.failover()
	granted(t, c.markGone(a))
	if len(c.views.recovered) > 0 || len(c.recovered) > 0 {
		t.Error("the agent is still awaited")
	}
	c.step(reregisterMessage(1, string(a), nil))
	if got := refused(c.take()); !strings.Contains(got, "gone") {
		t.Errorf("the agent came back and was told %q", got)
	}
}
