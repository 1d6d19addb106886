package convert

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ToWire is the messages of resources, with refinable reservations
// ("post-reservation-refinement"). A shared resource comes once, however many
// copies there are. The messages share memory with r and with each other:
// treat them as immutable.
func ToWire(r resources.Resources) []*mesospb.Resource {
	if r.IsEmpty() {
		return nil
	}
	list := make([]*mesospb.Resource, 0, r.Len())
	for resource := range r.All() {
		list = append(list, ResourceToWire(resource))
	}
	return list
}

// ResourceToWire is the message of one resource, as in ToWire.
func ResourceToWire(r resources.Resource) *mesospb.Resource {
	message := &mesospb.Resource{
		Name: &r.Name,
		Type: mesospb.Value_Type(r.Kind).Enum(),
		Disk: diskToWire(r.Disk),
	}
	switch r.Kind {
	case resources.KindRanges:
		message.Ranges = rangesToWire(r.Ranges)
	case resources.KindSet:
		message.Set = &mesospb.Value_Set{Item: r.Set}
	default:
		message.Scalar = scalarToWire(r.Scalar)
	}
	if r.AllocationRole != "" {
		message.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: &r.AllocationRole}
	}
	if r.ProviderID != "" {
		message.ProviderId = &mesospb.ResourceProviderID{Value: &r.ProviderID}
	}
	if r.Revocable {
		message.Revocable = &mesospb.Resource_RevocableInfo{}
	}
	if r.Shared {
		message.Shared = &mesospb.Resource_SharedInfo{}
	}
	for i := range r.Reservations {
		message.Reservations = append(message.Reservations, layerToWire(&r.Reservations[i]))
	}
	return message
}

func scalarToWire(s mesos.Scalar) *mesospb.Value_Scalar {
	value := s.Float()
	return &mesospb.Value_Scalar{Value: &value}
}

// rangesToWire takes the bounds' addresses in a copy, which is one allocation
// instead of two for each interval.
func rangesToWire(r mesos.Ranges) *mesospb.Value_Ranges {
	message := &mesospb.Value_Ranges{Range: make([]*mesospb.Value_Range, len(r))}
	bounds := make(mesos.Ranges, len(r))
	copy(bounds, r)
	for i := range bounds {
		message.Range[i] = &mesospb.Value_Range{Begin: &bounds[i].Begin, End: &bounds[i].End}
	}
	return message
}

func layerToWire(r *resources.Reservation) *mesospb.Resource_ReservationInfo {
	layer := &mesospb.Resource_ReservationInfo{
		Type:   mesospb.Resource_ReservationInfo_STATIC.Enum(),
		Role:   &r.Role,
		Labels: labelsToWire(r.Labels),
	}
	if r.Dynamic {
		layer.Type = mesospb.Resource_ReservationInfo_DYNAMIC.Enum()
	}
	layer.Principal = optional(r.Principal)
	return layer
}

// optional is nil for "".
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func labelsToWire(labels []resources.Label) *mesospb.Labels {
	if len(labels) == 0 {
		return nil
	}
	message := &mesospb.Labels{Labels: make([]*mesospb.Label, len(labels))}
	for i := range labels {
		label := &mesospb.Label{Key: &labels[i].Key}
		if labels[i].HasValue {
			label.Value = &labels[i].Value
		}
		message.Labels[i] = label
	}
	return message
}

func diskToWire(d *resources.Disk) *mesospb.Resource_DiskInfo {
	if d == nil {
		return nil
	}
	message := &mesospb.Resource_DiskInfo{Source: sourceToWire(d.Source)}
	if p := d.Persistence; p != nil {
		message.Persistence = &mesospb.Resource_DiskInfo_Persistence{Id: &p.ID, Principal: optional(p.Principal)}
	}
	if v := d.Volume; v != nil {
		message.Volume = &mesospb.Volume{
			ContainerPath: &v.ContainerPath,
			HostPath:      optional(v.HostPath),
			Mode:          mesospb.Volume_RW.Enum(),
		}
		if v.ReadOnly {
			message.Volume.Mode = mesospb.Volume_RO.Enum()
		}
	}
	return message
}

func sourceToWire(s *resources.Source) *mesospb.Resource_DiskInfo_Source {
	if s == nil {
		return nil
	}
	message := &mesospb.Resource_DiskInfo_Source{
		Type:     mesospb.Resource_DiskInfo_Source_Type(s.Type).Enum(),
		Vendor:   optional(s.Vendor),
		Id:       optional(s.ID),
		Profile:  optional(s.Profile),
		Metadata: labelsToWire(s.Metadata),
	}
	if !s.HasRoot {
		return message
	}
	switch s.Type {
	case resources.SourcePath:
		message.Path = &mesospb.Resource_DiskInfo_Source_Path{Root: &s.Root}
	case resources.SourceMount:
		message.Mount = &mesospb.Resource_DiskInfo_Source_Mount{Root: &s.Root}
	}
	return message
}
