package resources

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// Validate returns an error of kind mesos.Invalid that names the resource and
// says what is wrong with it, or nil.
func Validate(r Resource) error { return validate(&r) }

func validate(r *Resource) error {
	if r.Name == "" {
		return mesos.Errorf(mesos.Invalid, "resource: the name is empty")
	}
	err := validateValue(r)
	if err == nil {
		err = validateDisk(r)
	}
	if err == nil && r.Shared && !isPersistentVolume(r.Disk) {
		err = mesos.Errorf(mesos.Invalid, "only persistent volumes can be shared")
	}
	if err == nil {
		err = validateReservations(r.Reservations)
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "resource %s: %w", r.Name, err)
	}
	return nil
}

func validateValue(r *Resource) error {
	if r.Kind > KindSet {
		return mesos.Errorf(mesos.Invalid, "type %v is not SCALAR, RANGES or SET", r.Kind)
	}
	if r.Kind != KindScalar && r.Scalar != 0 || r.Kind != KindRanges && len(r.Ranges) > 0 || r.Kind != KindSet && len(r.Set) > 0 {
		return mesos.Errorf(mesos.Invalid, "has a value of another type than %v", r.Kind)
	}
	switch r.Kind {
	case KindRanges:
		return validateRanges(r.Ranges)
	case KindSet:
		return validateSet(r.Set)
	default:
		return validateScalar(r.Scalar)
	}
}

func validateScalar(s Scalar) error {
	if s < 0 {
		return mesos.Errorf(mesos.Invalid, "%v is negative", s)
	}
	return nil
}

// validateRanges is quick about ranges in normal form, as nearly all are.
func validateRanges(ranges Ranges) error {
	for i, r := range ranges {
		if r.Begin > r.End {
			return mesos.Errorf(mesos.Invalid, "range %d-%d begins after its end", r.Begin, r.End)
		}
		if i > 0 && r.Begin <= ranges[i-1].End {
			return validateUnsorted(ranges)
		}
	}
	return nil
}

func validateUnsorted(ranges Ranges) error {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b Range) int {
		if a.Begin < b.Begin {
			return -1
		}
		return 1
	})
	for i, r := range sorted {
		if r.Begin > r.End {
			return mesos.Errorf(mesos.Invalid, "range %d-%d begins after its end", r.Begin, r.End)
		}
		if i > 0 && r.Begin <= sorted[i-1].End {
			return mesos.Errorf(mesos.Invalid, "range %d-%d overlaps %d-%d", r.Begin, r.End, sorted[i-1].Begin, sorted[i-1].End)
		}
	}
	return nil
}

func validateSet(set Set) error {
	if len(set) < 2 {
		return nil
	}
	sorted := slices.Clone(set)
	slices.Sort(sorted)
	for i, item := range sorted[1:] {
		if item == sorted[i] {
			return mesos.Errorf(mesos.Invalid, "item %q is there twice", item)
		}
	}
	return nil
}

func validateDisk(r *Resource) error {
	if r.Disk == nil {
		return nil
	}
	if r.Name != "disk" {
		return mesos.Errorf(mesos.Invalid, "only disk resources have disk information")
	}
	source := r.Disk.Source
	if source == nil {
		return nil
	}
	switch source.Type {
	case SourcePath, SourceMount:
		return nil
	case SourceBlock, SourceRaw:
		if source.HasRoot {
			return mesos.Errorf(mesos.Invalid, "a %v disk source has no root, but %q is given", source.Type, source.Root)
		}
		return nil
	default:
		return mesos.Errorf(mesos.Invalid, "the type of the disk source is unknown")
	}
}

// validateReservations checks a stack of reservations: every layer after the
// first is dynamic and for a role below the one before.
// See https://mesos.apache.org/documentation/latest/reservation/.
func validateReservations(layers []Reservation) error {
	for i, layer := range layers {
		if layer.Role == mesos.AnyRole {
			return mesos.Errorf(mesos.Invalid, `reservation: role "*" can't be reserved to`)
		}
		if err := mesos.ValidateRole(layer.Role); err != nil {
			return mesos.Errorf(mesos.Invalid, "reservation: %w", err)
		}
		if i == 0 {
			continue
		}
		if !layer.Dynamic {
			return mesos.Errorf(mesos.Invalid, "reservation: the refinement for role %q is static", layer.Role)
		}
		if !mesos.IsStrictSubrole(layer.Role, layers[i-1].Role) {
			return mesos.Errorf(mesos.Invalid, "reservation: role %q does not refine %q", layer.Role, layers[i-1].Role)
		}
	}
	return nil
}
