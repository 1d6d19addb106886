package master

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// refused is the message with which an agent was turned away, or "".
func refused(effects []Effect) string {
	for _, e := range effects {
		if e, ok := e.(SendAgent); ok && e.Message.GetRefused() != nil {
			return e.Message.GetRefused().GetMessage()
		}
	}
	return ""
}

func reregisterMessage(link LinkID, id string, change func(*linkpb.Reregister)) AgentMessage {
	info := agentInfo(link, "cpus:4;mem:1024")
	info.Id = wireAgentID(mesos.AgentID(id))
	msg := &linkpb.Reregister{AgentInfo: info, Version: new("1.0.0"), Capabilities: agentCapabilities()}
	if change != nil {
		change(msg)
	}
	return AgentMessage{Link: link, Address: agentAddress(link), Message: &linkpb.ToMaster{
		Message: &linkpb.ToMaster_Reregister{Reregister: msg},
	}}
}

func TestAnAgentThatMakesNoSenseIsRefused(t *testing.T) {
	// covers: RegisterSlaveValidationTest.DropInvalidReregistration
	// covers: RegisterSlaveValidationTest.DuplicateExecutorID
	framework := func(msg *linkpb.Reregister) {
		msg.Frameworks = append(msg.Frameworks, frameworkInfo(withFramework("F")))
	}
	executor := func(msg *linkpb.Reregister) {
		info := commandTask("t", "X-S1", "cpus:1", withExecutor("e", "cpus:1")).Executor
		info.FrameworkId = &mesospb.FrameworkID{Value: new("F")}
		msg.Executors = append(msg.Executors, &linkpb.Reregister_Executor{ExecutorInfo: info, ContainerId: &mesospb.ContainerID{Value: new("c")}})
	}
	task := func(msg *linkpb.Reregister) {
		msg.Tasks = append(msg.Tasks, newRecord(commandTask("t", "X-S1", "cpus:1"), &mesospb.FrameworkID{Value: new("F")}))
	}
	for name, test := range map[string]struct {
		change func(*linkpb.Reregister)
		words  string
	}{
		"an agent":             {func(msg *linkpb.Reregister) { framework(msg); executor(msg); task(msg) }, ""},
		"id with a slash":      {func(msg *linkpb.Reregister) { msg.AgentInfo.Id.Value = new("a/b") }, "agent_info.id"},
		"negative resources":   {func(msg *linkpb.Reregister) { msg.AgentInfo.Resources[0].Scalar.Value = new(-1.0) }, "agent_info.resources"},
		"one framework twice":  {func(msg *linkpb.Reregister) { framework(msg); framework(msg) }, "frameworks: F is there twice"},
		"one executor twice":   {func(msg *linkpb.Reregister) { framework(msg); executor(msg); executor(msg) }, `executor "e" of framework F is there twice`},
		"unknown framework":    {executor, `framework "F" is not listed`},
		"task of no framework": {task, `framework "F" is not listed`},
		"another agent's task": {func(msg *linkpb.Reregister) { framework(msg); task(msg); msg.Tasks[0].AgentId = wireAgentID("Y") }, `it is of agent "Y"`},
		"unknown state": {func(msg *linkpb.Reregister) {
			framework(msg)
			task(msg)
			msg.Tasks[0].State = mesospb.TaskState(77).Enum()
		}, "state"},
		"framework of bad role": {func(msg *linkpb.Reregister) { framework(msg); msg.Frameworks[0].Role = new("/") }, "framework_info.role"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			c.step(reregisterMessage(1, "X-S1", test.change))
			got := refused(c.take())
			if (got == "") != (test.words == "") || !strings.Contains(got, test.words) {
				t.Errorf("refused with %q, want %q", got, test.words)
			}
			if test.words != "" && len(c.agents) > 0 {
				t.Error("the agent is registered")
			}
		})
	}
}

func TestANewAgentThatMakesNoSenseIsRefused(t *testing.T) {
	// covers: RegisterSlaveValidationTest.DropInvalidRegistration
	for name, test := range map[string]struct {
		change func(*mesospb.AgentInfo)
		words  string
	}{
		"negative resources": {func(info *mesospb.AgentInfo) { info.Resources[0].Scalar.Value = new(-1.0) }, "agent_info.resources"},
	} {
		c := newCluster(t, testConfig(), Recovered{})
		in := registerMessage(1, "cpus:1")
		test.change(in.Message.GetRegister().AgentInfo)
		c.step(in)
		if got := refused(c.take()); !strings.Contains(got, test.words) || len(c.agents) > 0 {
			t.Errorf("%s: refused with %q, want %q", name, got, test.words)
		}
	}
}

// https://mesos.apache.org/documentation/latest/fault-domains/
func TestAnAgentWithoutADomainIsWelcome(t *testing.T) {
	// covers: MasterTest.AgentDomainUnset
	domain := &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: new("r")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: new("z")},
	}}
	config := testConfig()
	config.Info.Domain = domain
	c := newCluster(t, config, Recovered{})
	s := c.subscribe("s", frameworkInfo())
	without := c.agent(1, "cpus:4")
	in := registerMessage(2, "cpus:4")
	in.Message.GetRegister().AgentInfo.Domain = domain
	c.step(in)
	with := c.links[2].id
	c.take()
	if o := c.offer(s, without, "cpus:1"); c.views.offers[o].GetDomain() != nil {
		t.Error("the offer has a domain that the agent has not")
	}
	if o := c.offer(s, with, "cpus:1"); c.views.offers[o].GetDomain().GetFaultDomain().GetRegion().GetName() != "r" {
		t.Error("the offer does not have the agent's domain")
	}
}

// An agent that an operator declared gone must stop.
func TestAnAgentThatIsGoneMayNotComeBack(t *testing.T) {
	gone := Recovered{Gone: []*registrypb.GoneAgent{{Id: wireAgentID("X-S1"), Since: &mesospb.TimeInfo{Nanoseconds: new(int64(1))}}}}
	c := newCluster(t, testConfig(), gone)
	c.step(reregisterMessage(1, "X-S1", nil))
	if got := refused(c.take()); !strings.Contains(got, "X-S1 was marked gone") {
		t.Errorf("refused with %q", got)
	}
	s := c.subscribe("s", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	c.take()
	_ = s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID("X-S1")}},
	}})
	if got := updates(c.take()); len(got) != 1 || got[0].GetState() != mesospb.TaskState_TASK_GONE_BY_OPERATOR {
		t.Errorf("reconciled as %v", got)
	}
}

// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/
func TestAnAgentThatDoesNotComeBackInTimeIsUnreachable(t *testing.T) {
	// covers: MasterTest.AgentRestartNoReregister
	config := testConfig()
	config.AgentReregisterTimeout = 20 * time.Second // sooner than too many pings
	c := newCluster(t, config, Recovered{})
	a := c.agent(1, "cpus:1")
	c.step(LinkClosed{Link: 1})
	c.pass(20*time.Second - 1)
	if c.agents[a] == nil {
		t.Fatal("the agent is gone too early")
	}
	c.pass(1)
	if c.agents[a] != nil || c.unreachable[a] == nil {
		t.Error("the agent is not unreachable")
	}
}

func TestAnAgentInMidReregistrationIsNotMarkedUnreachable(t *testing.T) {
	// covers: MasterTest.RecoveredSlaveReregisterThenUnreachableRace
	// covers: MasterTest.CancelRecoveredSlaveRemoval
	// covers: MasterTest.RecoveredSlaveReregisters
	// covers: ReconciliationTest.RecoveredAgentReregistrationInProgress
	info := agentInfo(1, "cpus:2")
	info.Id = wireAgentID("X-S1")
	c := newCluster(t, testConfig(), Recovered{Admitted: []*registrypb.AdmittedAgent{{Info: info}}})
	c.slowRegistry = true
	s := c.subscribe("s", frameworkInfo())
	c.step(reregisterMessage(1, "X-S1", nil)) // with other resources, so it must be written down
	c.take()
	_ = s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{
		Tasks: []*schedulerpb.Call_Reconcile_Task{{TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID("X-S1")}},
	}})
	if got := updates(c.take()); len(got) > 0 {
		t.Errorf("reconciled as %v before the agent is back", got)
	}
	c.pass(testConfig().AgentReregisterTimeout)
	c.written()
	if c.agents["X-S1"] == nil || c.unreachable["X-S1"] != nil || len(c.pending) > 0 {
		t.Error("the agent was marked unreachable while it came back")
	}
}

func TestAnAgentThatIsBeingMarkedUnreachableWaitsUntilItIs(t *testing.T) {
	// covers: MasterTest.AgentReregistrationDuringMarkingUnreachable
	// covers: PartitionTest.FailHealthChecksTwice
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	c.slowRegistry = true
	c.pass(75 * time.Second)
	c.pass(30 * time.Second) // pings go on being unanswered
	if len(c.pending) != 1 {
		t.Fatalf("%d registry writes wait, want one", len(c.pending))
	}
	in := reregisterMessage(2, string(a), nil)
	in.Address = agentAddress(1)
	in.Message.GetReregister().AgentInfo.Hostname = new("a1.example")
	c.step(in)
	if len(c.pending) != 1 || c.agents[a].link != 1 {
		t.Error("the agent did not have to wait")
	}
	c.written()
	if c.agents[a] != nil || c.unreachable[a] == nil {
		t.Error("the agent is not unreachable")
	}
	c.written() // that it is reachable again
	if c.agents[a] == nil || c.agents[a].link != 2 || c.unreachable[a] != nil {
		t.Error("the agent is not back")
	}
}

func TestTheRegistryLearnsOfAChangedAgent(t *testing.T) {
	// covers: MasterTest.RegistryUpdateAfterReconfiguration
	// covers: MasterTest.RegistryUpdateAfterMasterFailover
	written := func(effects []Effect) *mesospb.AgentInfo {
		for _, e := range effects {
			if e, ok := e.(WriteRegistry); ok {
				r, err := DecodeRecovered(map[string][]byte{e.Writes[0].Key: e.Writes[0].Value})
				if err != nil || len(r.Admitted) != 1 {
					t.Fatalf("written: %v, %v", r, err)
				}
				return r.Admitted[0].GetInfo()
			}
		}
		return nil
	}
	change := func(msg *linkpb.Reregister) {
		msg.AgentInfo.Attributes = []*mesospb.Attribute{{Name: new("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: new("r1")}}}
	}
	known := newCluster(t, testConfig(), Recovered{})
	id := known.agent(1, "cpus:4;mem:1024")
	known.take()
	in := reregisterMessage(1, string(id), change)
	in.Link = 2
	known.step(in)
	if got := written(known.take()); len(got.GetAttributes()) != 1 {
		t.Errorf("the registry has %v", got)
	}
	if got := known.views.agents[id].GetAgentInfo(); len(got.GetAttributes()) != 1 {
		t.Errorf("readers see %v", got)
	}

	info := agentInfo(1, "cpus:4;mem:1024")
	info.Id = wireAgentID("X-S1")
	recovered := newCluster(t, testConfig(), Recovered{Admitted: []*registrypb.AdmittedAgent{{Info: info}}})
	recovered.step(reregisterMessage(1, "X-S1", change))
	if got := written(recovered.take()); len(got.GetAttributes()) != 1 {
		t.Errorf("after a failover the registry has %v", got)
	}
}

func TestAnAgentMayBeTheFirstThatATermHears(t *testing.T) {
	info := agentInfo(1, "cpus:4;mem:1024")
	info.Id = wireAgentID("X-S1")
	c := newCluster(t, testConfig(), Recovered{Admitted: []*registrypb.AdmittedAgent{{Info: info}}})
	c.step(reregisterMessage(1, "X-S1", nil))
	if got := c.views.agents["X-S1"]; !got.GetActive() {
		t.Errorf("readers see the agent as %v, recovered %v", got, c.views.recovered)
	}
}

func TestANewMasterIsToldOfCompletedTasks(t *testing.T) {
	// covers: FaultToleranceTest.ReregisterCompletedFrameworks
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s1", frameworkInfo())
	ended := func(state mesospb.TaskState, framework string) func(*linkpb.Reregister) {
		return func(msg *linkpb.Reregister) {
			record := newRecord(commandTask("t", mesos.AgentID(msg.GetAgentInfo().GetId().GetValue()), "cpus:1"), &mesospb.FrameworkID{Value: &framework})
			record.State = state.Enum()
			msg.CompletedTasks = append(msg.CompletedTasks, record)
		}
	}
	c.step(reregisterMessage(1, "X-S1", ended(mesospb.TaskState_TASK_FINISHED, s.id)))
	if got := c.views.tasks[s.id+" t"]; got.List != TaskCompleted || got.Task.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("readers see %+v", got)
	}
	c.step(reregisterMessage(2, "X-S2", ended(mesospb.TaskState_TASK_FINISHED, "unknown")))
	if len(c.views.tasks) != 1 {
		t.Errorf("readers see tasks of nobody: %v", c.views.tasks)
	}
	c.take()
	in := reregisterMessage(3, "X-S3", ended(mesospb.TaskState_TASK_RUNNING, s.id))
	c.step(in)
	if c.views.agents["X-S3"] != nil {
		t.Error("a task that runs is completed")
	}
}

func TestIDsAreUniqueAcrossMasters(t *testing.T) {
	// covers: MasterTest.DuplicatedSlaveIdWhenSlaveReregister
	c := newCluster(t, testConfig(), Recovered{})
	c.step(reregisterMessage(1, "M-S0", nil))
	if got := c.agent(2, "cpus:1"); got != "M-S1" {
		t.Errorf("the new agent is %s", got)
	}
	c.subscribe("s1", frameworkInfo(withFramework("M-0000")))
	if got := c.subscribe("s2", frameworkInfo()).id; got != "M-0001" {
		t.Errorf("the new framework is %s", got)
	}
}

func TestAFailedRegistryWriteStopsTheTerm(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.slowRegistry = true
	c.step(registerMessage(1, "cpus:1"))
	c.step(RegistryWritten{ID: c.pending[0], Err: mesos.Errorf(mesos.Unavailable, "fenced")})
	if len(c.agents) > 0 {
		t.Error("an agent was admitted that the registry does not have")
	}
}

func TestAnAgentIsFoundWhereItSaysOrWhereItComesFrom(t *testing.T) {
	for _, test := range []struct{ ip, connection, want string }{
		{"", "10.0.0.1:40000", "10.0.0.1:5051"},
		{"", "[::1]:40000", "[::1]:5051"},
		{"", "a.example:40000", "a.example:5051"},
		{"10.0.0.7", "10.0.0.1:40000", "10.0.0.7:5051"},
		{"127.0.0.2", "127.0.0.1:40000", "127.0.0.2:5051"},
		{"127.0.0.1", "10.0.0.1:40000", "10.0.0.1:5051"}, // nobody else would find it there
		{"fd00::7", "10.0.0.1:40000", "[fd00::7]:5051"},
	} {
		host, err := agentHost(test.ip, test.connection)
		if err != nil {
			t.Fatal(err)
		}
		a := &agent{info: &mesospb.AgentInfo{}, host: host}
		if got := a.address(); got != test.want {
			t.Errorf("the agent that says %q on a connection from %s serves at %s, want %s", test.ip, test.connection, got, test.want)
		}
	}
	for _, ip := range []string{"0.0.0.0", "a.example"} {
		if host, err := agentHost(ip, "10.0.0.1:40000"); err == nil {
			t.Errorf("an agent at %q is sought at %s, want an error", ip, host)
		}
	}
}

func TestAgentsAtDifferentAddressesOfOneMachineAreTwo(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	for i, ip := range []string{"127.0.0.2", "127.0.0.3"} {
		in := registerMessage(LinkID(i+1), "cpus:1")
		in.Address = "127.0.0.1:" + strconv.Itoa(40000+i)
		in.Message.GetRegister().Ip = &ip
		c.step(in)
	}
	if len(c.agents) != 2 {
		t.Errorf("%d agents are admitted, want 2", len(c.agents))
	}
}

func TestWhatANonMemberSaysIsDropped(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{Unregister: &linkpb.Unregister{AgentId: wireAgentID("M-S0")}}})
	c.agent(1, "cpus:1")
	c.fromAgent(1, &linkpb.ToMaster{}) // of a later version
	if n := c.metric("master/dropped_messages"); n != 2 || len(c.agents) != 1 {
		t.Errorf("%v messages were dropped", n)
	}
}

func TestAReregistrationSentTwiceIsSettledOnce(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	in := reregisterMessage(1, string(a), nil)
	in.Link = 2
	c.step(in)
	s := c.subscribe("s", frameworkInfo())
	o := c.offer(s, a, "cpus:2")
	if err := s.accept([]mesos.OfferID{o}, commandTask("t", a, "cpus:1", withExecutor("e", "cpus:0.5"))); err != nil {
		t.Fatal(err)
	}
	// It was sent before the launch arrived, so it does not list the executor.
	again := reregisterMessage(1, string(a), nil)
	again.Link = 2
	c.take()
	c.step(again)
	if c.views.executors["M-0000 "+string(a)+" e"] == nil {
		t.Error("the executor is taken for gone")
	}
	for _, e := range c.take() {
		if e, ok := e.(SendAgent); ok && len(e.Message.GetRegistered().GetReconcile()) > 0 {
			t.Errorf("the agent was asked about %v", e.Message)
		}
	}
}

func TestAnExecutorThatAReturningAgentDoesNotListIsGone(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s", frameworkInfo())
	o := c.offer(s, a, "cpus:2")
	if err := s.accept([]mesos.OfferID{o}, commandTask("t", a, "cpus:1", withExecutor("e", "cpus:0.5"))); err != nil {
		t.Fatal(err)
	}
	c.step(LinkClosed{Link: 1})
	in := reregisterMessage(1, string(a), nil)
	in.Link = 2
	c.step(in)
	if len(c.views.executors) > 0 || c.agents[a].used.Cpus() != 1000 {
		t.Errorf("readers see %v, and %s in use", c.views.executors, c.agents[a].used)
	}
}
