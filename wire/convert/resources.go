// Package convert turns what the cores compute with (resources, attributes,
// capabilities, domains) from the protocol's messages into the types of package
// mesos, once, at the edge, and back.
package convert

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Resources is the sum of resources in any of Mesos's reservation formats.
// Empty ones are left out. The error, of kind mesos.Invalid, names the first
// resource that is wrong and what is wrong with it.
func Resources(list []*mesospb.Resource) (resources.Resources, error) {
	if len(list) == 0 {
		return resources.Resources{}, nil
	}
	converted := make([]resources.Resource, len(list))
	for i, r := range list {
		if err := setResource(&converted[i], r); err != nil {
			return resources.Resources{}, mesos.Errorf(mesos.Invalid, "resource %d, %q: %w", i, r.GetName(), err)
		}
	}
	return resources.New(converted...)
}

// Resource is one resource in any of Mesos's reservation formats. The error, of
// kind mesos.Invalid, says what is wrong with it.
func Resource(r *mesospb.Resource) (resources.Resource, error) {
	var converted resources.Resource
	if err := setResource(&converted, r); err != nil {
		return resources.Resource{}, mesos.Errorf(mesos.Invalid, "resource %q: %w", r.GetName(), err)
	}
	return converted, resources.Validate(converted)
}

func setResource(to *resources.Resource, r *mesospb.Resource) error {
	if r == nil {
		return mesos.Errorf(mesos.Invalid, "is missing")
	}
	to.Name = r.GetName()
	to.Kind = resources.Kind(r.GetType())
	to.Revocable = r.Revocable != nil
	to.Shared = r.Shared != nil
	to.AllocationRole = r.GetAllocationInfo().GetRole()
	to.ProviderID = r.GetProviderId().GetValue()
	if err := setValue(to, r); err != nil {
		return err
	}
	var err error
	if to.Reservations, err = layers(r); err != nil {
		return err
	}
	to.Disk, err = disk(r.Disk)
	return err
}

// setValue checks that r has the value that its type asks for and no other.
func setValue(to *resources.Resource, r *mesospb.Resource) error {
	given := [...]bool{r.Scalar != nil, r.Ranges != nil, r.Set != nil}
	if r.Type == nil || int(*r.Type) >= len(given) || *r.Type < 0 {
		return mesos.Errorf(mesos.Invalid, "type: %v is not SCALAR, RANGES or SET", r.GetType())
	}
	for kind, is := range given {
		wanted := kind == int(*r.Type)
		if is && !wanted {
			return mesos.Errorf(mesos.Invalid, "has a value of type %v beside its own, %v", mesospb.Value_Type(kind), *r.Type)
		}
		if wanted && !is {
			return mesos.Errorf(mesos.Invalid, "the value of type %v is missing", *r.Type)
		}
	}
	var err error
	switch *r.Type {
	case mesospb.Value_SCALAR:
		to.Scalar, err = mesos.CheckScalar(r.Scalar.GetValue())
	case mesospb.Value_RANGES:
		to.Ranges = ranges(r.Ranges)
	case mesospb.Value_SET:
		to.Set = r.Set.Item
	}
	return err
}

func ranges(r *mesospb.Value_Ranges) mesos.Ranges {
	intervals := make(mesos.Ranges, len(r.GetRange()))
	for i, interval := range r.GetRange() {
		intervals[i] = mesos.Range{Begin: interval.GetBegin(), End: interval.GetEnd()}
	}
	return intervals
}

func disk(d *mesospb.Resource_DiskInfo) (*resources.Disk, error) {
	if d == nil {
		return nil, nil
	}
	result := &resources.Disk{}
	if p := d.Persistence; p != nil {
		result.Persistence = &resources.Persistence{ID: p.GetId(), Principal: p.GetPrincipal()}
	}
	if v := d.Volume; v != nil {
		result.Volume = &resources.Volume{
			ContainerPath: v.GetContainerPath(),
			HostPath:      v.GetHostPath(),
			ReadOnly:      v.GetMode() == mesospb.Volume_RO,
		}
	}
	if d.Source == nil {
		return result, nil
	}
	var err error
	result.Source, err = source(d.Source)
	return result, err
}

func source(s *mesospb.Resource_DiskInfo_Source) (*resources.Source, error) {
	result := &resources.Source{
		Type:     resources.SourceType(s.GetType()),
		Vendor:   s.GetVendor(),
		ID:       s.GetId(),
		Profile:  s.GetProfile(),
		Metadata: labels(s.Metadata),
	}
	switch s.GetType() {
	case mesospb.Resource_DiskInfo_Source_PATH:
		if s.Path != nil && s.Path.Root != nil {
			result.Root, result.HasRoot = *s.Path.Root, true
		}
	case mesospb.Resource_DiskInfo_Source_MOUNT:
		if s.Mount != nil && s.Mount.Root != nil {
			result.Root, result.HasRoot = *s.Mount.Root, true
		}
	case mesospb.Resource_DiskInfo_Source_BLOCK, mesospb.Resource_DiskInfo_Source_RAW:
		if s.Path != nil || s.Mount != nil {
			return nil, mesos.Errorf(mesos.Invalid, "disk.source: one of type %v has no path and no mount", s.GetType())
		}
	default:
		return nil, mesos.Errorf(mesos.Invalid, "disk.source.type: is not PATH, MOUNT, BLOCK or RAW")
	}
	return result, nil
}

func labels(l *mesospb.Labels) []resources.Label {
	if len(l.GetLabels()) == 0 {
		return nil
	}
	result := make([]resources.Label, len(l.Labels))
	for i, label := range l.Labels {
		result[i] = resources.Label{Key: label.GetKey(), Value: label.GetValue(), HasValue: label.Value != nil}
	}
	return result
}

func layers(r *mesospb.Resource) ([]resources.Reservation, error) {
	if len(r.Reservations) == 0 && r.Reservation == nil && (r.Role == nil || *r.Role == mesos.AnyRole) {
		return nil, nil
	}
	declared := resources.Declared{Role: r.Role}
	if r.Reservation != nil {
		layer := declaredLayer(r.Reservation)
		declared.Reservation = &layer
	}
	for _, layer := range r.Reservations {
		declared.Reservations = append(declared.Reservations, declaredLayer(layer))
	}
	return declared.Layers()
}

func declaredLayer(r *mesospb.Resource_ReservationInfo) resources.DeclaredLayer {
	return resources.DeclaredLayer{
		Type:      resources.ReservationType(r.GetType()),
		Role:      r.Role,
		Principal: r.GetPrincipal(),
		Labels:    labels(r.Labels),
	}
}
