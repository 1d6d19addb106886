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
	list := make([]*mesospb.Resource, r.Len())
	memory := make([]wireResource, r.Len())
	i := 0
	for resource := range r.All() {
		list[i] = memory[i].fill(&resource)
		i++
	}
	return list
}

// ResourceToWire is the message of one resource, as in ToWire.
func ResourceToWire(r resources.Resource) *mesospb.Resource {
	return new(wireResource).fill(&r)
}

// wireResource is the memory of a message and of what nearly all messages point
// to, so that one allocation makes them all.
type wireResource struct {
	message    mesospb.Resource
	name       string
	kind       mesospb.Value_Type
	scalar     mesospb.Value_Scalar
	amount     float64
	allocation mesospb.Resource_AllocationInfo
	role       string
}

func (w *wireResource) fill(r *resources.Resource) *mesospb.Resource {
	w.name, w.kind = r.Name, mesospb.Value_Type(r.Kind)
	m := &w.message
	m.Name, m.Type = &w.name, &w.kind
	switch r.Kind {
	case resources.KindRanges:
		m.Ranges = rangesToWire(r.Ranges)
	case resources.KindSet:
		m.Set = &mesospb.Value_Set{Item: r.Set}
	default:
		w.amount = r.Scalar.Float()
		w.scalar.Value = &w.amount
		m.Scalar = &w.scalar
	}
	if r.AllocationRole != "" {
		w.role = r.AllocationRole
		w.allocation.Role = &w.role
		m.AllocationInfo = &w.allocation
	}
	w.fillRest(r)
	return m
}

// fillRest sets what few resources have.
func (w *wireResource) fillRest(r *resources.Resource) {
	m := &w.message
	if r.ProviderID != "" {
		m.ProviderId = &mesospb.ResourceProviderID{Value: optional(r.ProviderID)}
	}
	if r.Revocable {
		m.Revocable = &mesospb.Resource_RevocableInfo{}
	}
	if r.Shared {
		m.Shared = &mesospb.Resource_SharedInfo{}
	}
	for i := range r.Reservations {
		m.Reservations = append(m.Reservations, layerToWire(&r.Reservations[i]))
	}
	m.Disk = diskToWire(r.Disk)
}

// rangesToWire has two allocations for all intervals instead of three for each.
func rangesToWire(r mesos.Ranges) *mesospb.Value_Ranges {
	type interval struct {
		message mesospb.Value_Range
		bounds  mesos.Range
	}
	message := &mesospb.Value_Ranges{Range: make([]*mesospb.Value_Range, len(r))}
	memory := make([]interval, len(r))
	for i := range r {
		m := &memory[i]
		m.bounds = r[i]
		m.message.Begin, m.message.End = &m.bounds.Begin, &m.bounds.End
		message.Range[i] = &m.message
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
