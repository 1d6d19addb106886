package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/app-framework-development-guide/
func TestOfferConstraintsAreOfARole(t *testing.T) {
	// covers: OfferConstraintsFilter.TwoRoles
	// covers: OfferConstraintsFilter.DefaultOfferConstraints
	demand := func(p *schedulerpb.AttributeConstraint_Predicate) *schedulerpb.OfferConstraints_RoleConstraints {
		foo := &schedulerpb.AttributeConstraint_Selector{Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: "foo"}}
		return &schedulerpb.OfferConstraints_RoleConstraints{Groups: []*schedulerpb.OfferConstraints_RoleConstraints_Group{{
			AttributeConstraints: []*schedulerpb.AttributeConstraint{{Selector: foo, Predicate: p}},
		}}}
	}
	wire := &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{
		"dev":  demand(&schedulerpb.AttributeConstraint_Predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_Exists_{Exists: &schedulerpb.AttributeConstraint_Predicate_Exists{}}}),
		"prod": demand(&schedulerpb.AttributeConstraint_Predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_NotExists_{NotExists: &schedulerpb.AttributeConstraint_Predicate_NotExists{}}}),
	}}
	c := newCluster(t, testConfig(), Recovered{})
	info := frameworkInfo(multiRole("dev", "prod", "test"))
	c.step(Subscribe{Stream: "s", Call: &schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info, OfferConstraints: wire}}})
	if c.views.frameworks["M-0000"].Framework.GetOfferConstraints() != wire {
		t.Error("readers don't see the constraints")
	}
	for _, e := range c.take() {
		if e, ok := e.(Allocate); ok {
			f := e.Input.(allocation.AddFramework).Framework
			a := &allocation.Agent{}
			if f.Constraints["dev"].Match(a) == "" || f.Constraints["prod"].Match(a) != "" || f.Constraints["test"] != nil {
				t.Errorf("the allocator has %v", f.Constraints)
			}
			return
		}
	}
	t.Error("the allocator heard nothing")
}
