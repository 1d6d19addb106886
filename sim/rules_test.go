package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestOneFrameworkIsOfferedAllThereIs(t *testing.T) {
	// covers: MasterAllocatorTest.SingleFramework
	p := newPair(t)
	p.agent(1, "cpus:2;mem:1024")
	p.subscribe("S", nil, "*").want("cpus:2;mem:1024")
}

func TestManyAgentsAreOfferedEachByItself(t *testing.T) {
	// covers: ResourceOffersTest.ResourceOfferWithMultipleSlaves
	p := newPair(t)
	for link := range master.LinkID(10) {
		p.agent(link+1, "cpus:2;mem:1024")
	}
	s := p.subscribe("S", nil, "*")
	s.want(slices.Repeat([]string{"cpus:2;mem:1024"}, 10)...)
}

func TestWhatATaskLeavesIsOfferedToOthers(t *testing.T) {
	// covers: MasterAllocatorTest.ResourcesUnused
	p := newPair(t)
	p.agent(1, "cpus:2;mem:1024")
	s := p.subscribe("S", nil, "*")
	s.launch(time.Hour, map[string]string{"t": "cpus:1;mem:512"})
	s.want()
	p.subscribe("S2", nil, "*").want("cpus:1;mem:512")
	s.want()
}

func TestAFrameworkThatFailsOverIsNotOfferedWhatItsTasksUse(t *testing.T) {
	// covers: MasterAllocatorTest.SchedulerFailover
	p := newPair(t)
	p.agent(1, "cpus:3;mem:1024")
	s := p.subscribe("S", nil, "*")
	s.launch(0, map[string]string{"t": "cpus:1;mem:256"})
	p.do(master.StreamClosed{Stream: s.stream})
	s.offers = nil
	p.batch()
	s.want()
	again := p.subscribe("S2", s.id, "*")
	if again.id.GetValue() != s.id.GetValue() {
		t.Errorf("%s failed over to %s (%s)", s.id, again.id, again.refusal)
	}
	p.batch()
	again.want("cpus:2;mem:768")
}

func TestWhatAFrameworkUsedIsOfferedWhenItEnds(t *testing.T) {
	// covers: MasterAllocatorTest.FrameworkExited
	p := newPair(t)
	p.agent(1, "cpus:3;mem:1024")
	s1 := p.subscribe("S", nil, "*")
	s1.launch(time.Hour, map[string]string{"t1": "cpus:2;mem:512"})
	s2 := p.subscribe("S2", nil, "*")
	s2.want("cpus:1;mem:512")
	s2.launch(0, map[string]string{"t2": "cpus:1;mem:256"})
	s2.want()
	s1.teardown()
	p.batch()
	s2.want("cpus:2;mem:768")
	s1.want()
}

func TestWhatWasOnAnAgentThatLeftIsNeverOffered(t *testing.T) {
	// covers: MasterAllocatorTest.SlaveLost
	p := newPair(t)
	p.agent(1, "cpus:2;mem:1024")
	s := p.subscribe("S", nil, "*")
	s.launch(0, map[string]string{"t": "cpus:2;mem:512"})
	p.update(1, s, "t", mesospb.TaskState_TASK_RUNNING)
	p.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{
		Unregister: &linkpb.Unregister{AgentId: &mesospb.AgentID{Value: new(p.agents[1])}},
	}})
	p.batch()
	s.want()
	p.agent(2, "cpus:3;mem:256;disk:1024;ports:[31000-32000]")
	p.batch()
	s.want("cpus:3;mem:256;disk:1024;ports:[31000-32000]")
}

func TestWhatATaskUsedIsOfferedWhenItIsOver(t *testing.T) {
	// covers: MasterAllocatorTest.TaskFinished
	p := newPair(t)
	p.agent(1, "cpus:3;mem:1024")
	s := p.subscribe("S", nil, "*")
	s.launch(interval/2, map[string]string{"t1": "cpus:1;mem:256", "t2": "cpus:1;mem:256"})
	p.update(1, s, "t1", mesospb.TaskState_TASK_RUNNING)
	p.update(1, s, "t2", mesospb.TaskState_TASK_RUNNING)
	s.want()
	p.update(1, s, "t1", mesospb.TaskState_TASK_FINISHED)
	p.batch()
	s.want("cpus:2;mem:768")
}

func TestOnlyRolesOnTheWhitelistMayBeSubscribedTo(t *testing.T) {
	// covers: MasterAllocatorTest.RoleTest
	// covers: RoleTest.BadRegister
	p := newPair(t, func(c *master.Config) { c.Roles = map[string]bool{"role2": true} })
	p.agent(1, "cpus:2;mem:1024")
	s1 := p.subscribe("S1", nil, "role1")
	if s1.id != nil || !strings.Contains(s1.refusal, "role1") {
		t.Errorf("the framework of role1 is %s, refused with %q", s1.id, s1.refusal)
	}
	s2 := p.subscribe("S2", nil, "role2")
	if s2.id == nil || s2.refusal != "" {
		t.Errorf("the framework of role2 is refused: %s", s2.refusal)
	}
	s2.want("cpus:2;mem:1024")
	s2.teardown()
	p.batch()
	p.subscribe("S3", nil, "role2").want("cpus:2;mem:1024")
}

func TestWhatIsReservedForARoleThatNobodyNamedIsOfferedAndUsed(t *testing.T) {
	// covers: RoleTest.ImplicitRoleStaticReservation
	const reserved = "cpus(role):1;mem(role):512"
	p := newPair(t)
	p.agent(1, reserved)
	p.subscribe("S1", nil, "other").want()
	s := p.subscribe("S2", nil, "role")
	s.want(reserved)
	s.launch(0, map[string]string{"t": reserved})
	p.batch()
	s.want()
}

func TestNestedRolesShareByTheirSubtrees(t *testing.T) {
	// covers: MasterAllocatorTest.NestedRoles
	p := newPair(t)
	p.agent(1, "cpus:2;mem:1024")
	s1 := p.subscribe("S1", nil, "a/b")
	s1.launch(0, map[string]string{"t1": "cpus:2;mem:1024"})
	s2, s3 := p.subscribe("S2", nil, "a/c"), p.subscribe("S3", nil, "b/x")
	s2.want()
	s3.want()
	p.agent(2, "cpus:1;mem:512")
	p.batch()
	s1.want()
	s2.want()
	s3.want("cpus:1;mem:512")
	s3.launch(0, map[string]string{"t3": "cpus:1;mem:512"})
}

func TestNewWeightsShareAnewWhatIsOffered(t *testing.T) {
	// covers: MasterAllocatorTest.RebalancedForUpdatedWeights
	const each = "cpus:2;mem:1024;disk:4096;ports:[31000-32000]"
	p := newPair(t)
	for link := range master.LinkID(3) {
		p.agent(link+1, each)
	}
	s1 := p.subscribe("S1", nil, "role1")
	s1.want(each, each, each)
	s2 := p.subscribe("S2", nil, "role2")
	p.batch()
	s2.want()
	p.request++
	p.do(master.UpdateWeights{Request: p.request, Weights: []*mesospb.WeightInfo{{Role: new("role2"), Weight: new(2.0)}}})
	if err, answered := p.replies[p.request]; err != nil || !answered {
		t.Fatalf("weights: answered: %v, %v", answered, err)
	}
	if s1.rescinded != 3 {
		t.Errorf("%d offers were rescinded, want 3", s1.rescinded)
	}
	p.batch()
	s1.want(each)
	s2.want(each, each)
}

func TestAFrameworkThatFailsOverHasTheCapabilitiesOfItsNewScheduler(t *testing.T) {
	// covers: OversubscriptionTest.UpdateAllocatorOnSchedulerFailover
	// covers: OversubscriptionTest.RemoveCapabilitiesOnSchedulerFailover
	regular := convert.ToWire(resources.MustParse("cpus:1;mem:512"))
	revocable := convert.ToWire(resources.MustParse("cpus:2"))[0]
	revocable.Revocable = new(mesospb.Resource_RevocableInfo)
	p := newPair(t)
	p.agentWith(1, append(regular, revocable))
	offered := func(s *tenant) (revocable bool) {
		t.Helper()
		if len(s.offers) != 1 {
			t.Fatalf("%d offers of the agent (%s)", len(s.offers), s.refusal)
		}
		return slices.ContainsFunc(s.offers[0].GetResources(), func(r *mesospb.Resource) bool { return r.GetRevocable() != nil })
	}
	roles := []string{"*"}
	s := p.subscribeWith("S1", nil, roles)
	if offered(s) {
		t.Errorf("without the capability it is offered %v", s.offers)
	}
	able := p.subscribeWith("S2", s.id, roles, mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES)
	p.batch()
	if !offered(able) {
		t.Errorf("with the capability it is offered %v", able.offers)
	}
	unable := p.subscribeWith("S3", s.id, roles)
	p.batch()
	if offered(unable) {
		t.Errorf("the capability gone, it is offered %v", unable.offers)
	}
}

func TestReservationsAreNotRefinedOnAnAgentThatKnowsNone(t *testing.T) {
	// covers: UpgradeTest.RefineResourceOnOldAgent
	const there, role = "cpus:1;mem:512;disk(role1):1024", "role1/xyz"
	p := newPair(t)
	p.agentWith(1, convert.ToWire(resources.MustParse(there)), mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT)
	p.told = nil
	s := p.subscribe("S", nil, role)
	refined, err := resources.MustParse("disk(role1):1024").PushReservation(resources.Reservation{Dynamic: true, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	reserve := &mesospb.Offer_Operation{Type: mesospb.Offer_Operation_RESERVE.Enum(), Reserve: &mesospb.Offer_Operation_Reserve{
		Resources: convert.ToWire(refined.Allocate(role)),
	}}
	offered := func() (offer *mesospb.Offer) {
		t.Helper()
		p.batch()
		s.want(there)
		offer, s.offers = s.offers[0], nil
		return offer
	}
	s.accept(offered(), 0, reserve)
	offer := offered()
	s.accept(offer, 0, reserve, &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{taskOf("t", offer, refined)}},
	})
	if !slices.Equal(s.states, []string{"t TASK_ERROR"}) {
		t.Errorf("the framework was told %q", s.states)
	}
	offered()
	if len(p.told) > 0 {
		t.Errorf("the agent was told %v", p.told)
	}
}
