package convert

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestAttributesRoundTrip(t *testing.T) {
	want, err := mesos.ParseAttributes("rack:r1;n:3.14159;ports:[1-2,5-9]")
	if err != nil {
		t.Fatal(err)
	}
	list := AttributesToWire(want)
	got, err := Attributes(list)
	if err != nil || !mesos.EqualAttributes(got, want) {
		t.Errorf("back came %v, %v", got, err)
	}
	if n := list[1].Scalar.GetValue(); n != 3.14159 {
		t.Errorf("the number was rounded to %v", n)
	}
}

func TestAttributesErrors(t *testing.T) {
	name := proto.String("a")
	for cause, a := range map[string]*mesospb.Attribute{
		"the name is empty":          {Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{}},
		"type: SET is not":           {Name: name, Type: mesospb.Value_SET.Enum(), Set: &mesospb.Value_Set{}},
		"type: SCALAR is not":        {Name: name},
		"the value of type TEXT":     {Name: name, Type: mesospb.Value_TEXT.Enum()},
		"NaN is not a finite number": {Name: name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(math.NaN())}},
		"range 9-1 begins after":     {Name: name, Type: mesospb.Value_RANGES.Enum(), Ranges: &mesospb.Value_Ranges{Range: []*mesospb.Value_Range{{Begin: proto.Uint64(9), End: proto.Uint64(1)}}}},
	} {
		got, err := Attributes([]*mesospb.Attribute{a})
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("%v is %v with the error %v, want one with %q", a, got, err, cause)
		}
	}
}

func TestCapabilitiesAndDomain(t *testing.T) {
	framework := FrameworkCapabilities([]*mesospb.FrameworkInfo_Capability{
		{Type: mesospb.FrameworkInfo_Capability_GPU_RESOURCES.Enum()},
		{Type: mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE.Enum()},
		{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()},
		{},
	})
	if framework != allocation.GPUResources|allocation.MultiRole {
		t.Errorf("the framework's capabilities are %b", framework)
	}
	agent := AgentCapabilities([]*mesospb.AgentInfo_Capability{
		{Type: mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT.Enum()},
		{Type: mesospb.AgentInfo_Capability_AGENT_DRAINING.Enum()},
	})
	if agent != allocation.ReservationRefinement {
		t.Errorf("the agent's capabilities are %b", agent)
	}
	domain := allocation.Domain{Region: "eu", Zone: "1"}
	if got := Domain(DomainToWire(domain)); got != domain {
		t.Errorf("the domain is %v", got)
	}
	if Domain(nil) != (allocation.Domain{}) || DomainToWire(allocation.Domain{}) != nil {
		t.Error("no domain is one")
	}
}
