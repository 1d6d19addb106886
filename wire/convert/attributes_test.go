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

func TestEveryCapabilityThatMatters(t *testing.T) {
	// covers: ProtobufUtilTest.FrameworkCapabilities
	// covers: ProtobufUtilTest.AgentCapabilities
	seen := map[allocation.Capability]bool{}
	for _, c := range []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES, mesospb.FrameworkInfo_Capability_GPU_RESOURCES,
		mesospb.FrameworkInfo_Capability_SHARED_RESOURCES, mesospb.FrameworkInfo_Capability_PARTITION_AWARE,
		mesospb.FrameworkInfo_Capability_MULTI_ROLE, mesospb.FrameworkInfo_Capability_REGION_AWARE,
	} {
		got := FrameworkCapabilities([]*mesospb.FrameworkInfo_Capability{{Type: &c}})
		if got == 0 || seen[got] {
			t.Errorf("%v is %b", c, got)
		}
		seen[got] = true
	}
	for _, c := range []mesospb.AgentInfo_Capability_Type{
		mesospb.AgentInfo_Capability_MULTI_ROLE, mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT,
	} {
		if got := AgentCapabilities([]*mesospb.AgentInfo_Capability{{Type: &c}}); got == 0 {
			t.Errorf("%v is nothing", c)
		}
	}
}

func TestNamesOfNestedContainers(t *testing.T) {
	// covers: ProtobufUtilTest.ParseContainerID
	for _, id := range []mesos.ContainerID{"parent", "parent.child", "a.b.c"} {
		if got := ContainerID(ContainerIDToWire(id)); got != id {
			t.Errorf("%s is %s", id, got)
		}
	}
	nested := &mesospb.ContainerID{Value: new("child"), Parent: &mesospb.ContainerID{Value: new("parent")}}
	if got := ContainerID(nested); got != "parent.child" || !ContainerIDToWire(got).EqualVT(nested) {
		t.Errorf("the child is %s", got)
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
