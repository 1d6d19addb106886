package convert

import (
	"math"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Attributes is an agent's attributes. The error, of kind mesos.Invalid, names
// the first attribute that is wrong and what is wrong with it.
func Attributes(list []*mesospb.Attribute) ([]mesos.Attribute, error) {
	if len(list) == 0 {
		return nil, nil
	}
	attributes := make([]mesos.Attribute, len(list))
	for i, a := range list {
		value, err := attributeValue(a)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "attribute %d, %q: %w", i, a.GetName(), err)
		}
		attributes[i] = mesos.Attribute{Name: a.GetName(), Value: value}
	}
	return attributes, nil
}

func attributeValue(a *mesospb.Attribute) (mesos.Value, error) {
	if a.GetName() == "" {
		return mesos.Value{}, mesos.Errorf(mesos.Invalid, "the name is empty")
	}
	given := map[mesospb.Value_Type]bool{
		mesospb.Value_SCALAR: a.Scalar != nil,
		mesospb.Value_RANGES: a.Ranges != nil,
		mesospb.Value_TEXT:   a.Text != nil,
	}
	is, known := given[a.GetType()]
	if a.Type == nil || !known {
		return mesos.Value{}, mesos.Errorf(mesos.Invalid, "type: %v is not SCALAR, RANGES or TEXT", a.GetType())
	}
	if !is {
		return mesos.Value{}, mesos.Errorf(mesos.Invalid, "the value of type %v is missing", a.GetType())
	}
	value := mesos.Value{Kind: mesos.ValueKind(a.GetType())}
	switch value.Kind {
	case mesos.ScalarValue:
		value.Number = a.Scalar.GetValue()
		if math.IsNaN(value.Number) || math.IsInf(value.Number, 0) {
			return mesos.Value{}, mesos.Errorf(mesos.Invalid, "%v is not a finite number", value.Number)
		}
	case mesos.RangesValue:
		for _, r := range ranges(a.Ranges) {
			if r.Begin > r.End {
				return mesos.Value{}, mesos.Errorf(mesos.Invalid, "range %d-%d begins after its end", r.Begin, r.End)
			}
		}
		value.Ranges = mesos.NewRanges(ranges(a.Ranges)...)
	default:
		value.Text = a.Text.GetValue()
	}
	return value, nil
}

// AttributesToWire is the messages of attributes. They share memory with their
// argument: treat them as immutable.
func AttributesToWire(attributes []mesos.Attribute) []*mesospb.Attribute {
	if len(attributes) == 0 {
		return nil
	}
	list := make([]*mesospb.Attribute, len(attributes))
	for i := range attributes {
		a := &attributes[i]
		list[i] = &mesospb.Attribute{Name: &a.Name, Type: mesospb.Value_Type(a.Kind).Enum()}
		switch a.Kind {
		case mesos.ScalarValue:
			list[i].Scalar = &mesospb.Value_Scalar{Value: &a.Number}
		case mesos.RangesValue:
			list[i].Ranges = rangesToWire(a.Ranges)
		default:
			list[i].Text = &mesospb.Value_Text{Value: &a.Text}
		}
	}
	return list
}

// FrameworkCapabilities is the capabilities of a framework that matter to
// allocation; others, also unknown ones, are left out.
func FrameworkCapabilities(list []*mesospb.FrameworkInfo_Capability) allocation.Capability {
	var capabilities allocation.Capability
	for _, c := range list {
		switch c.GetType() {
		case mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES:
			capabilities |= allocation.RevocableResources
		case mesospb.FrameworkInfo_Capability_GPU_RESOURCES:
			capabilities |= allocation.GPUResources
		case mesospb.FrameworkInfo_Capability_SHARED_RESOURCES:
			capabilities |= allocation.SharedResources
		case mesospb.FrameworkInfo_Capability_PARTITION_AWARE:
			capabilities |= allocation.PartitionAware
		case mesospb.FrameworkInfo_Capability_MULTI_ROLE:
			capabilities |= allocation.MultiRole
		case mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT:
			capabilities |= allocation.ReservationRefinement
		case mesospb.FrameworkInfo_Capability_REGION_AWARE:
			capabilities |= allocation.RegionAware
		}
	}
	return capabilities
}

// AgentCapabilities is the capabilities of an agent that matter to allocation.
func AgentCapabilities(list []*mesospb.AgentInfo_Capability) allocation.Capability {
	var capabilities allocation.Capability
	for _, c := range list {
		switch c.GetType() {
		case mesospb.AgentInfo_Capability_MULTI_ROLE:
			capabilities |= allocation.MultiRole
		case mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT:
			capabilities |= allocation.ReservationRefinement
		}
	}
	return capabilities
}

// Domain is a fault domain, the zero one if d says nothing.
func Domain(d *mesospb.DomainInfo) allocation.Domain {
	fault := d.GetFaultDomain()
	return allocation.Domain{Region: fault.GetRegion().GetName(), Zone: fault.GetZone().GetName()}
}

// DomainToWire is the message of a fault domain, nil for the zero one.
func DomainToWire(d allocation.Domain) *mesospb.DomainInfo {
	if d == (allocation.Domain{}) {
		return nil
	}
	return &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: &d.Region},
		Zone:   &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: &d.Zone},
	}}
}
