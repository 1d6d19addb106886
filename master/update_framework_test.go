package master

import (
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#update_framework

// described is a framework with the role dev, its principal and its ID; options
// change it.
func described(options ...func(*mesospb.FrameworkInfo)) *mesospb.FrameworkInfo {
	return frameworkInfo(append([]func(*mesospb.FrameworkInfo){multiRole("dev"), withPrincipal("ann"), withFramework("M-0000")}, options...)...)
}

// updatable is a subscribed framework with a task on an agent.
func updatable(t *testing.T) (*cluster, *scheduler) {
	t.Helper()
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	here := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s", described(func(info *mesospb.FrameworkInfo) { info.Id = nil }))
	s.id = "M-0000"
	offer := c.offerTo(s, here, "dev", "cpus:1;mem:128")
	granted(t, s.accept([]mesos.OfferID{offer}, commandTask("t", here, "cpus:1")))
	c.take()
	return c, s
}

// toldAgents is what agents are told of the framework since the last take.
func toldAgents(effects []Effect) (infos []*mesospb.FrameworkInfo) {
	for _, e := range effects {
		if e, ok := e.(SendAgent); ok && e.Message.GetUpdateFramework() != nil {
			infos = append(infos, e.Message.GetUpdateFramework().GetFrameworkInfo())
		}
	}
	return infos
}

func TestWhatAFrameworkMayNotChange(t *testing.T) {
	for field, change := range map[string]func(*mesospb.FrameworkInfo){
		// covers: UpdateFrameworkTest.UserChangeFails
		"user": func(info *mesospb.FrameworkInfo) { info.User = new("bob") },
		// covers: UpdateFrameworkTest.PrincipalChangeFails
		"principal": func(info *mesospb.FrameworkInfo) { info.Principal = new("bob") },
		// covers: UpdateFrameworkTest.CheckpointingChangeFails
		// covers: UpdateFrameworkV0Test.CheckpointingChangeFails
		"checkpoint": func(info *mesospb.FrameworkInfo) { info.Checkpoint = new(false) },
	} {
		c, s := updatable(t)
		before := c.frameworks["M-0000"].info
		says(t, s.update(described(change, func(info *mesospb.FrameworkInfo) { info.Name = new("other") })), mesos.Invalid, field)
		if c.frameworks["M-0000"].info != before || len(toldAgents(c.take())) > 0 {
			t.Errorf("%s: part of the update was done", field)
		}
	}
}

func TestWhatAFrameworkMayChange(t *testing.T) {
	// covers: UpdateFrameworkTest.MutableFieldsUpdateSuccessfully
	// covers: UpdateFrameworkV0Test.MutableFieldsUpdateSuccessfully
	c, s := updatable(t)
	info := described(multiRole("dev", "prod"), func(info *mesospb.FrameworkInfo) {
		info.Name, info.FailoverTimeout, info.Hostname, info.WebuiUrl = new("renamed"), new(7.0), new("h"), new("http://h")
		info.Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new("v")}}}
		withCapability(mesospb.FrameworkInfo_Capability_GPU_RESOURCES)(info)
	})
	granted(t, s.update(info.CloneVT()))
	if got := c.views.frameworks["M-0000"].Framework.GetFrameworkInfo(); !got.EqualVT(info) {
		t.Errorf("readers see %v", got)
	}
	told := toldAgents(c.take())
	if len(told) != 1 || !told[0].EqualVT(info) {
		t.Errorf("agents are told %v", told)
	}
	f := c.told.frameworks["M-0000"]
	if !slices.Equal(f.Roles, []string{"dev", "prod"}) || f.Capabilities&allocation.GPUResources == 0 {
		t.Errorf("the allocator is told %+v", f)
	}
}

func TestAnUpdateThatChangesNothingIsNotToldToOthers(t *testing.T) {
	// covers: UpdateFrameworkTest.NoRedundantUpdates
	c, s := updatable(t)
	granted(t, s.update(described()))
	if told := toldAgents(c.take()); len(told) > 0 {
		t.Errorf("agents are told %v", told)
	}
	granted(t, s.update(described(func(info *mesospb.FrameworkInfo) { info.Name = new("renamed") })))
	if told := toldAgents(c.take()); len(told) != 1 || told[0].GetName() != "renamed" {
		t.Errorf("agents are told %v", told)
	}
}

func TestOffersForARoleThatIsLeftAreRescinded(t *testing.T) {
	// covers: UpdateFrameworkTest.RescindOnRemovingRoles
	// covers: UpdateFrameworkV0Test.RescindOnRemovingRoles
	c, s := updatable(t)
	here := sortedKeys(c.agents)[0]
	dev := c.offerTo(s, here, "dev", "cpus:1")
	granted(t, s.update(described(multiRole("dev", "prod"))))
	prod := c.offerTo(s, here, "prod", "cpus:1")
	c.take()
	granted(t, s.update(described(multiRole("prod"))))
	if got := c.rescinded(); !slices.Equal(got, []string{string(dev)}) {
		t.Errorf("%v were rescinded, want %s", got, dev)
	}
	if c.offers[prod] == nil {
		t.Error("the offer for the other role is gone")
	}
	if f := c.told.frameworks["M-0000"]; !slices.Equal(f.Roles, []string{"prod"}) {
		t.Errorf("the allocator is told %+v", f)
	}
}

func TestConstraintsAreForRolesThatTheFrameworkHas(t *testing.T) {
	// covers: UpdateFrameworkTest.OfferConstraintsForUnsubscribedRole
	c, s := updatable(t)
	before := c.frameworks["M-0000"].info
	err := s.call(&schedulerpb.Call{Type: schedulerpb.Call_UPDATE_FRAMEWORK.Enum(), UpdateFramework: &schedulerpb.Call_UpdateFramework{
		FrameworkInfo:    described(multiRole("prod")),
		OfferConstraints: &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{"dev": {}}},
	}})
	says(t, err, mesos.Invalid, "constraints")
	if c.frameworks["M-0000"].info != before {
		t.Error("part of the update was done")
	}
}

// https://mesos.apache.org/documentation/latest/multiple-roles/
func TestAFrameworkThatLeavesARoleKeepsItsTasksThere(t *testing.T) {
	// covers: MasterTest.MultiRoleSchedulerUnsubscribeFromRole
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	a := c.agent(1, "cpus:4;mem:1024")
	info := func(roles ...string) *mesospb.FrameworkInfo {
		info := partitionAware("F")
		multiRole(roles...)(info)
		return info
	}
	s := c.subscribe("s1", info("foo"))
	granted(t, s.accept([]mesos.OfferID{c.offerTo(s, a, "foo", "cpus:1;mem:64")}, commandTask("t", a, "cpus:1;mem:64")))
	c.update(1, s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	s.acknowledge(a, "t", 1)
	allocated := func() resources.Resources {
		return resourcesOf(c.views.frameworks["F"].Framework.GetAllocatedResources())
	}
	here := resources.MustParse("cpus:1;mem:64").Allocate("foo")
	const suppressed = "master/frameworks/fw/F/roles/foo/suppressed"
	if !c.hasMetric(suppressed) || !allocated().Equal(here) {
		t.Fatalf("role foo is counted: %v, and has %v", c.hasMetric(suppressed), allocated())
	}

	c.take()
	s = c.subscribe("s2", info())
	if told := toldAgents(c.take()); len(told) != 1 || len(told[0].GetRoles()) != 0 {
		t.Errorf("the agent was told %v", told)
	}
	if f := c.told.frameworks["F"]; len(f.Roles) != 0 || c.hasMetric(suppressed) {
		t.Errorf("the allocator was told %v, role foo is counted: %v", f.Roles, c.hasMetric(suppressed))
	}
	back := reregisterMessage(1, string(a), func(msg *linkpb.Reregister) {
		runs(s, a, mesospb.TaskState_TASK_RUNNING, "t")(msg)
		for _, r := range msg.Tasks[0].Resources {
			r.AllocationInfo.Role = new("foo")
		}
	})
	c.step(LinkClosed{Link: 1})
	c.pass(c.config.AgentReregisterTimeout)
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_UNREACHABLE REASON_AGENT_REMOVED"}) || !allocated().IsEmpty() {
		t.Errorf("the framework was told %v, and has %v", got, allocated())
	}
	c.step(back)
	if got := c.updates(); !slices.Equal(got, []string{"t TASK_RUNNING REASON_AGENT_REREGISTERED"}) || !allocated().Equal(here) {
		t.Errorf("the framework was told %v, and has %v", got, allocated())
	}
	if f := c.told.frameworks["F"]; len(f.Roles) != 0 || !c.told.agents[a].held["F"].Equal(here) {
		t.Errorf("the allocator was told of roles %v, holding %v", f.Roles, c.told.agents[a].held["F"])
	}
}

// hasMetric reports whether there is a metric of that name.
func (c *cluster) hasMetric(name string) bool {
	return slices.ContainsFunc(metricsOf(c.Master), func(m Metric) bool { return m.Name == name })
}
