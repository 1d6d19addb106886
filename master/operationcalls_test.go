package master

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

const (
	finished = mesospb.OperationState_OPERATION_FINISHED
	failed   = mesospb.OperationState_OPERATION_FAILED
	dropped  = mesospb.OperationState_OPERATION_DROPPED
)

// comesBack is the agent on a new link, with a total and operations.
func (y *yard) comesBack(link LinkID, total resources.Resources, operations ...*mesospb.Operation) {
	y.t.Helper()
	in := reregisterMessage(1, string(y.agent), func(msg *linkpb.Reregister) {
		msg.AgentInfo.Resources = wireOf(text(yardResources))
		msg.TotalResources, msg.Operations = wireOf(total), operations
		msg.Frameworks = []*mesospb.FrameworkInfo{}
	})
	in.Link = link
	y.take()
	y.step(in)
}

// asked is the operations that an agent was asked about since the last take.
func (y *yard) asked() (list []string) {
	for _, e := range y.out {
		if e, ok := e.(SendAgent); ok {
			for _, o := range e.Message.GetReconcileOperations().GetOperations() {
				list = append(list, o.GetOperationId().GetValue()+" of "+o.GetFrameworkId().GetValue())
			}
		}
	}
	return list
}

// record is an operation as an agent lists it.
func (y *yard) record(a *linkpb.ApplyOperation, state mesospb.OperationState, n byte) *mesospb.Operation {
	status := &mesospb.OperationStatus{State: state.Enum(), OperationId: a.GetInfo().GetId(), AgentId: wireAgentID(y.agent)}
	if n != 0 {
		status.Uuid = &mesospb.UUID{Value: uuid(n)}
	}
	return &mesospb.Operation{
		FrameworkId: a.FrameworkId, AgentId: wireAgentID(y.agent), Info: a.Info, Uuid: a.OperationUuid,
		LatestStatus: status, Statuses: []*mesospb.OperationStatus{status},
	}
}

// https://mesos.apache.org/documentation/latest/operations/
func TestAFrameworkHearsOfItsOperationUntilItAcknowledges(t *testing.T) {
	// covers: OperationReconciliationTest.PendingOperation
	// covers: OperationReconciliationTest.PendingAndFinishedOperations
	// covers: OperationReconciliationTest.ReconcileUnackedAgentOperation
	// covers: SchedulerTest.OperationFeedbackValidationWithResourceProviderCapability
	y := newYard(t)
	mine := reserved(text("cpus:2"), "web")
	y.accept(text("cpus:2"), heard("r", reserve(mine)))
	sent := y.applied()[0]
	if got := sent.GetInfo().GetReserve().GetResources()[0].GetAllocationInfo().GetRole(); got != "web" {
		t.Errorf("the resources are allocated to %q", got)
	}
	y.reconcileOperations(y.s)
	y.reconcileOperations(y.s, "r")
	y.wantEvents("s1 r PENDING on M-S0")

	y.take()
	y.answer(1, sent, finished, 1)
	y.answer(1, sent, finished, 1) // again, as no acknowledgement came
	y.wantEvents("s1 r FINISHED on M-S0 uuid 1", "s1 r FINISHED on M-S0 uuid 1")
	if got := y.views.operations[string(sent.GetOperationUuid().GetValue())]; len(got.GetStatuses()) != 1 || got.GetLatestStatus().GetState() != finished {
		t.Errorf("readers see %v", got)
	}
	y.reconcileOperations(y.s)
	y.wantEvents("s1 r FINISHED on M-S0")
	y.reconcileOperations(y.s, "r@M-S0")
	y.wantEvents("s1 r FINISHED on M-S0")

	y.take()
	y.acknowledgeOperation(y.s, "r", 2) // no such status
	y.acknowledgeOperation(y.s, "x", 1) // no such operation
	if got := y.acknowledged(); len(got) > 0 || len(y.views.operations) != 1 {
		t.Errorf("acknowledged %v, operations are %v", got, y.views.operations)
	}
	y.acknowledgeOperation(y.s, "r", 1)
	if got := y.acknowledged(); len(got) != 1 || got[0] != 1 || len(y.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, y.views.operations)
	}
	y.reconcileOperations(y.s)
	y.wantEvents()
	y.wantMetrics(map[string]float64{
		"master/operations/total": 1, "master/operations/finished": 1, "master/operations/pending": 0,
		"master/operations/reserve/finished": 1, "master/operations/reserve/total": 1, "master/operations/create/total": 0,
		"master/messages_operation_status_update": 2, "master/valid_operation_status_updates": 2,
		"master/messages_operation_status_update_acknowledgement": 3, "master/valid_operation_status_update_acknowledgements": 1,
		"master/invalid_operation_status_update_acknowledgements": 2, "master/messages_reconcile_operations": 5,
		"master/frameworks/fw/M-0000/operations/reserve": 1,
	})
}

func (y *yard) wantMetrics(want map[string]float64) {
	y.t.Helper()
	got := make(map[string]float64)
	for _, metric := range metricsOf(y.Master) {
		got[metric.Name] = metric.Value
	}
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			y.t.Errorf("%s is %v (%v), want %v", name, v, ok, value)
		}
	}
}

func TestFeedbackNeedsAnAgentThatCanGiveIt(t *testing.T) {
	// covers: SchedulerTest.OperationFeedbackValidationNoResourceProviderCapability
	y := newYard(t)
	y.without(mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	y.wantEvents("s1 r ERROR")
	y.wantTotal(text(yardResources))
	y.done(text("cpus:2"), reserve(reserved(text("cpus:2"), "web"))) // nobody asked to hear of it
}

// without takes a capability from the agent.
func (y *yard) without(missing mesospb.AgentInfo_Capability_Type) {
	a := y.agents[y.agent]
	var rest []*mesospb.AgentInfo_Capability
	for _, c := range a.capabilities {
		if c.GetType() != missing {
			rest = append(rest, c)
		}
	}
	a.capabilities = rest
}

func TestAnOperationThatFailsIsUndone(t *testing.T) {
	for _, state := range []mesospb.OperationState{failed, dropped, mesospb.OperationState_OPERATION_ERROR} {
		y := newYard(t)
		disk := reserved(text("disk:100"), "web")
		volume := volumeOf(disk, "v")
		y.accept(text("cpus:1;disk:100"), heard("r", reserve(disk)), heard("c", create(volume)), heard("o", reserve(reserved(text("cpus:1"), "web"))))
		sent := y.applied()
		out := y.offerOf(y.s, y.agent, "web", volume)
		y.answer(1, sent[0], finished, 1)
		y.wantTotal(text("cpus:7;mem:1024;disk:900").Add(volume).Add(reserved(text("cpus:1"), "web")))
		y.answer(1, sent[1], state, 2)
		// The offer of the volume that isn't there is rescinded.
		y.wantTotal(text("cpus:7;mem:1024;disk:900").Add(disk).Add(reserved(text("cpus:1"), "web")))
		if y.views.offers[out] != nil {
			t.Error("the volume is still on offer")
		}
		y.answer(1, sent[2], finished, 3)
		y.wantTotal(text("cpus:7;mem:1024;disk:900").Add(disk).Add(reserved(text("cpus:1"), "web")))
		for id, n := range map[string]byte{"r": 1, "c": 2, "o": 3} {
			y.acknowledgeOperation(y.s, id, n)
		}
		if len(y.views.operations) > 0 {
			t.Errorf("operations are %v", y.views.operations)
		}
	}
}

func TestWhatBuildsOnAFailedOperationIsUndoneToo(t *testing.T) {
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	y.accept(text("disk:100"), reserve(disk), create(volumeOf(disk, "v")))
	sent := y.applied()
	y.answer(1, sent[0], failed, 0)
	y.wantTotal(text(yardResources))
	y.answer(1, sent[1], failed, 0)
	y.wantTotal(text(yardResources))
	y.wantMetrics(map[string]float64{"master/operations/failed": 2, "master/operations/pending": 0})
}

func TestAnAgentIsAskedAboutOperationsThatItDoesNotList(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.ReconcileDroppedOperation
	// covers: MasterSlaveReconciliationTest.ForwardOperationDroppedAfterExplicitReconciliation
	y := newYard(t)
	mine := reserved(text("cpus:2"), "web")
	y.accept(text("cpus:2"), heard("r", reserve(mine)))
	lost := y.applied()[0]
	y.accept(text("cpus:1"), heard("k", reserve(reserved(text("cpus:1"), "web"))))
	kept := y.applied()[0]
	y.step(LinkClosed{Link: 1})
	y.comesBack(2, text("cpus:7;mem:1024;disk:1000").Add(reserved(text("cpus:1"), "web")), y.record(kept, finished, 1))
	if got := y.asked(); strings.Join(got, ",") != "r of M-0000" {
		t.Errorf("the agent was asked about %v", got)
	}
	y.wantTotal(text("cpus:7;mem:1024;disk:1000").Add(reserved(text("cpus:1"), "web")))
	y.take()
	y.answer(2, &linkpb.ApplyOperation{OperationUuid: lost.OperationUuid, Info: &mesospb.Offer_Operation{}}, dropped, 0)
	y.wantEvents("s1 r DROPPED on M-S0")
	// covers: AgentOperationFeedbackTest.DroppedOperationDuplicateStatusUpdate
	y.take()
	y.answer(2, lost, dropped, 0) // again
	y.wantEvents()
	y.wantMetrics(map[string]float64{"master/operations/dropped": 1})
	y.answer(2, kept, finished, 1)
	y.acknowledgeOperation(y.s, "k", 1)
	if len(y.views.operations) > 0 {
		t.Errorf("operations are %v", y.views.operations)
	}
	y.wantTotal(text("cpus:7;mem:1024;disk:1000").Add(reserved(text("cpus:1"), "web")))
}

func TestOperationsComeBackWithTheirAgentAfterAFailover(t *testing.T) {
	// covers: OperationReconciliationTest.UnackedAgentOperationAfterMasterFailover
	// covers: OperationReconciliationTest.DISABLED_AgentPendingOperationAfterMasterFailover
	// covers: OperationReconciliationTest.UnknownOperationRecoveredAgent
	// covers: MasterTest.OperationUpdateDuringFailover
	// covers: ReservationTest.MasterFailover
	// covers: PersistentVolumeTest.MasterFailover
	// covers: PersistentVolumeTest.SharedPersistentVolumeMasterFailover
	y := newYard(t)
	volume := volumeOf(reserved(text("disk:100"), "web"), "v", share)
	y.done(text("disk:100"), reserve(reserved(text("disk:100"), "web")))
	y.accept(reserved(text("disk:100"), "web"), heard("c", create(volume)))
	sent := y.applied()[0]
	before := y.agents[y.agent].info

	after := &yard{t: t, agent: y.agent, cluster: newCluster(t, testConfig(), Recovered{Admitted: []*registrypb.AdmittedAgent{{Info: before}}})}
	after.s = after.framework("s2", withFramework(y.s.id))
	after.reconcileOperations(after.s, "c@M-S0")
	after.wantEvents("s2 c RECOVERING on M-S0")
	total := text("cpus:8;mem:1024;disk:900").Add(volume)
	after.comesBack(1, total, y.record(sent, finished, 7))
	after.wantTotal(total)
	after.reconcileOperations(after.s, "c@M-S0")
	after.wantEvents("s2 c FINISHED on M-S0")
	after.take()
	after.answer(1, sent, finished, 7)
	after.wantEvents("s2 c FINISHED on M-S0 uuid 7")
	after.acknowledgeOperation(after.s, "c", 7)
	if got := after.acknowledged(); len(got) != 1 || len(after.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, after.views.operations)
	}
	after.wantMetrics(map[string]float64{"master/operations/finished": 1, "master/operations/create/finished": 1, "master/operations/pending": 0})
	// The volume is on offer again.
	after.accept(volume.Add(text("cpus:1")))
}

func TestAFrameworkThatComesBackLateGetsItsOperations(t *testing.T) {
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	sent, info := y.applied()[0], y.agents[y.agent].info
	after := &yard{t: t, agent: y.agent, cluster: newCluster(t, testConfig(), Recovered{Admitted: []*registrypb.AdmittedAgent{{Info: info}}})}
	after.comesBack(1, text("cpus:6;mem:1024;disk:1000").Add(reserved(text("cpus:2"), "web")), y.record(sent, finished, 7))
	after.answer(1, sent, finished, 7)
	if got := after.acknowledged(); len(got) > 0 {
		t.Errorf("acknowledged %v before its framework could come back", got)
	}
	after.s = after.framework("s2", withFramework(y.s.id))
	after.answer(1, sent, finished, 7)
	after.acknowledgeOperation(after.s, "r", 7)
	if got := after.acknowledged(); len(got) != 1 || len(after.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, after.views.operations)
	}
}

func TestTheMasterAcknowledgesForFrameworksThatAreGone(t *testing.T) {
	// covers: MasterTest.OperationUpdateCompletedFramework
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	sent := y.applied()[0]
	y.step(Teardown{Request: 99, Framework: y.s.id})
	y.take()
	y.answer(1, sent, finished, 1)
	if got := y.acknowledged(); len(got) != 1 || len(y.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, y.views.operations)
	}
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(reserved(text("cpus:2"), "web")))

	// Of one that nobody remembers the master waits a while.
	config := testConfig()
	config.MaxCompletedFrameworks = 0
	forgetful := &yard{t: t, cluster: newCluster(t, config, Recovered{})}
	forgetful.agent = forgetful.cluster.agent(1, yardResources)
	forgetful.s = forgetful.framework("s1")
	forgetful.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	sent = forgetful.applied()[0]
	forgetful.step(Teardown{Request: 99, Framework: forgetful.s.id})
	forgetful.answer(1, sent, finished, 1)
	if got := forgetful.acknowledged(); len(got) > 0 {
		t.Errorf("acknowledged %v at once", got)
	}
	for range 10 {
		forgetful.fromAgent(1, pongMessage())
		forgetful.pass(time.Minute)
	}
	forgetful.answer(1, sent, finished, 1)
	if got := forgetful.acknowledged(); len(got) != 1 || len(forgetful.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, forgetful.views.operations)
	}
}

func TestOperationsOfAnAgentThatIsLost(t *testing.T) {
	// covers: MasterAPITest.OperationUpdatesUponUnreachable
	// covers: OperationReconciliationTest.UnknownOperationKnownAgent
	// covers: OperationReconciliationTest.UnknownOperationUnknownAgent
	// covers: OperationReconciliationTest.UnknownOperationUnreachableAgent
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))), reserve(reserved(text("cpus:1"), "web")))
	y.reconcileOperations(y.s, "x@M-S0", "x@M-S9", "x")
	y.wantEvents("s1 x UNKNOWN on M-S0", "s1 x UNKNOWN on M-S9", "s1 x UNKNOWN")
	y.take()
	y.pass(75 * time.Second)
	y.wantEvents("s1 r UNREACHABLE on M-S0")
	if len(y.views.operations) > 0 {
		t.Errorf("operations are %v", y.views.operations)
	}
	y.reconcileOperations(y.s, "r@M-S0")
	y.wantEvents("s1 r UNREACHABLE on M-S0")
	y.wantMetrics(map[string]float64{"master/operations/pending": 0})
}

func TestOperationsOfAnAgentThatIsGone(t *testing.T) {
	// covers: OperationReconciliationTest.UnknownOperationAgentMarkedGone
	y := newYard(t)
	gone := Recovered{Gone: []*registrypb.GoneAgent{{Id: wireAgentID("M-S0"), Since: &mesospb.TimeInfo{Nanoseconds: new(int64(1))}}}}
	y.cluster = newCluster(t, testConfig(), gone)
	y.s = y.framework("s1")
	y.reconcileOperations(y.s, "x@M-S0")
	y.wantEvents("s1 x GONE_BY_OPERATOR on M-S0")
}

func TestAnOperationOnOffersThatAreNotTheFrameworksIsAnError(t *testing.T) {
	y := newYard(t)
	other := y.framework("s2")
	theirs := y.offerOf(other, y.agent, "web", text("cpus:2"))
	mine := y.offerOf(y.s, y.agent, "web", text("cpus:1"))
	y.take()
	if err := y.s.call(acceptCall([]mesos.OfferID{mine, theirs}, heard("r", reserve(reserved(text("cpus:2"), "web"))))); err != nil {
		t.Fatal(err)
	}
	y.wantEvents("s1 r ERROR")
	if y.views.offers[mine] != nil || y.views.offers[theirs] == nil {
		t.Errorf("offers out are %v", y.views.offers)
	}
	y.take()
	for range 2 { // an offer used twice
		if err := other.call(acceptCall([]mesos.OfferID{theirs}, heard("r", reserve(reserved(text("cpus:2"), "web"))))); err != nil {
			t.Fatal(err)
		}
	}
	y.wantEvents("s2 r ERROR")
	if got := len(y.applied()); got != 1 {
		t.Errorf("%d operations were sent", got)
	}
}

func TestAcknowledgementsGoToAgentsThatGiveFeedback(t *testing.T) {
	// covers: MasterTest.AckOperationsAfterAgentCapabilityChange
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	y.answer(1, y.applied()[0], finished, 1)
	y.without(mesospb.AgentInfo_Capability_RESOURCE_PROVIDER)
	y.take()
	y.acknowledgeOperation(y.s, "r", 1)
	if got := y.acknowledged(); len(got) != 1 || len(y.views.operations) > 0 {
		t.Errorf("acknowledged %v, operations are %v", got, y.views.operations)
	}
}

func TestADowngradedAgentKeepsNoOperationsThatAreOver(t *testing.T) {
	// covers: MasterTest.CleanupOperationsAfterAgentDowngrade
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))))
	y.answer(1, y.applied()[0], finished, 1)
	y.step(LinkClosed{Link: 1})
	in := reregisterMessage(1, string(y.agent), func(msg *linkpb.Reregister) {
		msg.AgentInfo.Resources = wireOf(text(yardResources))
		msg.TotalResources = wireOf(text("cpus:6;mem:1024;disk:1000").Add(reserved(text("cpus:2"), "web")))
		for i, c := range msg.Capabilities {
			if c.GetType() == mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK {
				msg.Capabilities = append(msg.Capabilities[:i:i], msg.Capabilities[i+1:]...)
			}
		}
	})
	in.Link = 2
	y.step(in)
	if len(y.views.operations) > 0 {
		t.Errorf("operations are %v", y.views.operations)
	}
}

func TestUpdatesOfUnknownOperationsGoToTheFrameworkThatAsked(t *testing.T) {
	y := newYard(t)
	y.answer(1, &linkpb.ApplyOperation{
		FrameworkId: &mesospb.FrameworkID{Value: new(y.s.id)}, OperationUuid: &mesospb.UUID{Value: uuid(9)}, Info: heard("r", &mesospb.Offer_Operation{}),
	}, finished, 1)
	y.wantEvents("s1 r FINISHED on M-S0 uuid 1")
	y.take()
	y.answer(1, &linkpb.ApplyOperation{OperationUuid: &mesospb.UUID{Value: uuid(9)}, Info: &mesospb.Offer_Operation{}}, mesospb.OperationState(77), 0)
	y.wantEvents()
	y.wantMetrics(map[string]float64{"master/invalid_operation_status_updates": 2})
}

func TestAnAgentWhoseOperationsMakeNoSenseIsRefused(t *testing.T) {
	good := func() *mesospb.Operation {
		return &mesospb.Operation{
			Info: reserve(reserved(text("cpus:1"), "web")), Uuid: &mesospb.UUID{Value: uuid(1)},
			LatestStatus: &mesospb.OperationStatus{State: finished.Enum()},
		}
	}
	for words, change := range map[string]func(*linkpb.Reregister){
		"":                   func(*linkpb.Reregister) {},
		"3 bytes":            func(msg *linkpb.Reregister) { msg.Operations[0].Uuid.Value = []byte("abc") },
		"there twice":        func(msg *linkpb.Reregister) { msg.Operations = append(msg.Operations, good()) },
		"state":              func(msg *linkpb.Reregister) { msg.Operations[0].LatestStatus.State = mesospb.OperationState(77).Enum() },
		"LAUNCH":             func(msg *linkpb.Reregister) { msg.Operations[0].Info = launchOf() },
		"resource 0, \"cpus": func(msg *linkpb.Reregister) { msg.TotalResources[0].Scalar.Value = new(-1.0) },
	} {
		c := newCluster(t, testConfig(), Recovered{})
		c.step(reregisterMessage(1, "X-S1", func(msg *linkpb.Reregister) {
			msg.Operations = []*mesospb.Operation{good()}
			msg.TotalResources = wireOf(text("cpus:3;mem:1024").Add(reserved(text("cpus:1"), "web")))
			change(msg)
		}))
		if got := refused(c.take()); (got == "") != (words == "") || !strings.Contains(got, words) {
			t.Errorf("refused with %q, want %q", got, words)
		}
	}
}

func TestACallAboutOperationsNeedsItsParts(t *testing.T) {
	y := newYard(t)
	for _, call := range []*schedulerpb.Call{
		{Type: schedulerpb.Call_RECONCILE_OPERATIONS.Enum()},
		{Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum()},
		{
			Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
			AcknowledgeOperationStatus: &schedulerpb.Call_AcknowledgeOperationStatus{
				OperationId: &mesospb.OperationID{Value: new("r")}, Uuid: []byte("short"), AgentId: wireAgentID(y.agent),
			},
		},
	} {
		if err := y.s.call(call); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v: %v", call, err)
		}
	}
}

func pongMessage() *linkpb.ToMaster {
	return &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}}
}

func TestWhoeverWantsToHearOfAnOperationHearsThatItsAgentIsGone(t *testing.T) {
	// covers: OperationReconciliationTest.ReconcileAgentOperationOnGoneAgent
	// covers: MasterAPITest.OperationUpdatesUponAgentGone
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "web"))), reserve(reserved(text("cpus:1"), "web")))
	y.answer(1, y.applied()[0], finished, 1) // not acknowledged
	y.take()
	y.step(MarkAgentGone{Request: 99, Agent: y.agent})
	y.wantEvents("s1 r GONE_BY_OPERATOR on M-S0")
	if len(y.views.operations) > 0 {
		t.Errorf("operations are %v", y.views.operations)
	}
	y.reconcileOperations(y.s, "r@M-S0")
	y.wantEvents("s1 r GONE_BY_OPERATOR on M-S0")
}

// A framework may change its role while it is away, also if the master knows it
// from an agent only.
func TestAFrameworkThatAnAgentToldOfChangesItsRole(t *testing.T) {
	// covers: FrameworkInfoValidationTest.RoleChangeWithMultiRoleMasterFailover
	c := newCluster(t, testConfig(), Recovered{})
	c.step(reregisterMessage(1, "X-S1", func(msg *linkpb.Reregister) {
		msg.Frameworks = append(msg.Frameworks, frameworkInfo(withFramework("F"), func(info *mesospb.FrameworkInfo) { info.Role = new("role1") }))
		record := newRecord(commandTask("t", "X-S1", "cpus:1"), &mesospb.FrameworkID{Value: new("F")})
		record.Resources = wireOf(text("cpus:1").Allocate("role1"))
		msg.Tasks = append(msg.Tasks, record)
	}))
	if got := c.frameworks["F"]; got == nil || got.state != frameworkRecovered || !got.hasRole("role1") {
		t.Fatalf("the framework is %v", got)
	}
	s := c.subscribe("s1", frameworkInfo(withFramework("F"), withCapability(mesospb.FrameworkInfo_Capability_MULTI_ROLE),
		func(info *mesospb.FrameworkInfo) { info.Roles = []string{"role2"} }))
	if f := c.frameworks["F"]; !f.connected() || !f.hasRole("role2") || f.hasRole("role1") || f.tasks["t"] == nil {
		t.Errorf("the framework has roles %v and tasks %v", f.roles, f.tasks)
	}
	if o := c.offerTo(s, "X-S1", "role2", "cpus:1"); c.views.offers[o] == nil {
		t.Error("it can't be offered anything for its new role")
	}
}
