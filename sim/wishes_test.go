package sim

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// What frameworks wish to be offered: their roles, which of them they suppress, what
// they declined, and their constraints. See
// https://mesos.apache.org/documentation/latest/scheduler-http-api/.

const one = "cpus:2;mem:1024" // what an agent has

func TestARoleThatIsAddedIsOffered(t *testing.T) {
	// covers: UpdateFrameworkTest.OffersOnAddingRole
	// covers: UpdateFrameworkV0Test.OffersOnAddingRole
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil)
	p.batch()
	s.want()
	s.update([]string{"new"}, nil, nil)
	p.batch()
	s.want(one)
	if role := s.offers[0].GetAllocationInfo().GetRole(); role != "new" {
		t.Errorf("the offer is for role %s", role)
	}
}

func TestARoleThatIsAddedSuppressedIsNotOffered(t *testing.T) {
	// covers: UpdateFrameworkTest.AddSuppressedRole
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil)
	s.update([]string{"new"}, []string{"new"}, nil)
	p.batch()
	s.want()
	s.revive("new")
	s.want(one)
}

func TestARoleThatIsLeftIsNotOfferedWhenItIsSuppressedNoMore(t *testing.T) {
	// covers: UpdateFrameworkTest.RemoveAndUnsuppress
	p := newPair(t)
	p.agent(1, one)
	s := p.suppressed("S", "dev")
	p.batch()
	s.want()
	s.update(nil, nil, nil)
	p.batch()
	s.want()
	s.update([]string{"dev"}, nil, nil) // nothing of it is left
	p.batch()
	s.want(one)
}

func TestNewAgentsAreNotOfferedToRolesThatAnUpdateSuppressed(t *testing.T) {
	// covers: UpdateFrameworkV0Test.SuppressedRoles
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil, "dev")
	s.want(one)
	s.update([]string{"dev"}, []string{"dev"}, nil)
	p.agent(2, "cpus:3;mem:1024")
	p.batch()
	s.want(one)
}

func TestAnUpdateThatSuppressesNoMoreForgetsWhatWasDeclined(t *testing.T) {
	// covers: UpdateFrameworkV0Test.UnsuppressClearsFilters
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil, "dev")
	s.decline(24 * time.Hour)
	s.update([]string{"dev"}, nil, nil)
	p.batch()
	s.want()
	s.update([]string{"dev"}, []string{"dev"}, nil)
	p.batch()
	s.want()
	s.update([]string{"dev"}, nil, nil)
	p.batch()
	s.want(one)
}

func TestConstraintsThatAreUpdatedDecideFromThenOn(t *testing.T) {
	// covers: UpdateFrameworkTest.OfferConstraints
	about := func(predicate *schedulerpb.AttributeConstraint_Predicate) *schedulerpb.OfferConstraints {
		return &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{"dev": {
			Groups: []*schedulerpb.OfferConstraints_RoleConstraints_Group{{AttributeConstraints: []*schedulerpb.AttributeConstraint{{
				Selector:  &schedulerpb.AttributeConstraint_Selector{Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: "rack"}},
				Predicate: predicate,
			}}}},
		}}}
	}
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribeAs("S", &schedulerpb.Call_Subscribe{
		FrameworkInfo: inRole("dev"),
		OfferConstraints: about(&schedulerpb.AttributeConstraint_Predicate{
			Predicate: &schedulerpb.AttributeConstraint_Predicate_Exists_{Exists: new(schedulerpb.AttributeConstraint_Predicate_Exists)},
		}),
	})
	p.batch()
	s.want()
	without := about(&schedulerpb.AttributeConstraint_Predicate{
		Predicate: &schedulerpb.AttributeConstraint_Predicate_NotExists_{NotExists: new(schedulerpb.AttributeConstraint_Predicate_NotExists)},
	})
	s.update([]string{"dev"}, nil, without)
	p.batch()
	s.want(one)
	if got := p.frameworks[s.id.GetValue()].GetOfferConstraints(); !got.EqualVT(without) {
		t.Errorf("readers see %v", got)
	}
}

func TestNothingIsOfferedToAFrameworkThatSuppressedItsRolesFromTheStart(t *testing.T) {
	// covers: SchedulerTest.NoOffersWithAllRolesSuppressed
	p := newPair(t)
	p.agent(1, one)
	s := p.suppressed("S", "dev")
	p.pass(15 * time.Second)
	s.want()
	s.revive("dev")
	s.want(one)
}

func TestNothingIsOfferedToAFrameworkThatComesBackWithItsRolesSuppressed(t *testing.T) {
	// covers: SchedulerTest.NoOffersOnReregistrationWithAllRolesSuppressed
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil, "dev")
	s.want(one)
	p.do(master.StreamClosed{Stream: s.stream})
	again := p.subscribeAs("S2", &schedulerpb.Call_Subscribe{FrameworkInfo: withID(inRole("dev"), s.id), SuppressedRoles: []string{"dev"}})
	p.pass(15 * time.Second)
	again.want()
	again.revive()
	again.want(one)
}

func TestWhatWasDeclinedIsOfferedToAFrameworkThatRevives(t *testing.T) {
	// covers: SchedulerTest.Revive
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil, "dev")
	s.want(one)
	s.decline(time.Hour)
	p.pass(30 * time.Minute)
	s.want()
	s.revive()
	s.want(one)
}

func TestNothingIsOfferedToAFrameworkThatSuppressesUntilItRevives(t *testing.T) {
	// covers: SchedulerTest.Suppress
	p := newPair(t)
	p.agent(1, one)
	s := p.subscribe("S", nil, "dev")
	s.want(one)
	s.decline(time.Hour)
	metrics := func(suppressed float64) {
		t.Helper()
		prefix := "master/frameworks/f/" + s.id.GetValue() + "/"
		want := map[string]float64{prefix + "subscribed": 1, prefix + "offers/declined": 1, prefix + "roles/dev/suppressed": suppressed}
		for _, m := range frameworkMetrics(p.master) {
			if value, ok := want[m.Name]; ok && value == m.Value {
				delete(want, m.Name)
			}
		}
		if len(want) > 0 {
			t.Errorf("there is no metric %v", want)
		}
	}
	metrics(0)
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_SUPPRESS.Enum()})
	metrics(1)
	p.pass(100 * time.Minute) // what it declined is no longer filtered
	s.want()
	s.revive()
	metrics(0)
	s.want(one)
}

// suppressed is a framework that subscribed with its role suppressed.
func (p *pair) suppressed(stream master.StreamID, role string) *tenant {
	p.t.Helper()
	return p.subscribeAs(stream, &schedulerpb.Call_Subscribe{FrameworkInfo: inRole(role), SuppressedRoles: []string{role}})
}

// inRole is a framework.
func inRole(role string) *mesospb.FrameworkInfo {
	return &mesospb.FrameworkInfo{
		User: new("root"), Name: new("f"), Roles: []string{role}, FailoverTimeout: new(60.0),
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
	}
}

func withID(info *mesospb.FrameworkInfo, id *mesospb.FrameworkID) *mesospb.FrameworkInfo {
	info.Id = id
	return info
}

func frameworkMetrics(m *master.Master) (list []master.Metric) {
	for _, f := range m.FrameworkMetrics() {
		list = f.Append(list)
	}
	return list
}
