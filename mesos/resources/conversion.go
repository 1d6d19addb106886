package resources

import "github.com/mesosctl/mesosctl/mesos"

// Conversion is what an operation does to resources: some are consumed, others
// come into being in their place. Amounts don't change.
type Conversion struct {
	Consumed  Resources
	Converted Resources
	// Last is set if no copies of what is consumed may remain, as when a
	// shared volume is destroyed.
	Last bool
}

// Apply is r after the conversions, one after the other. The error, of kind
// mesos.Invalid, names what r lacks.
func (r Resources) Apply(conversions ...Conversion) (Resources, error) {
	result := r
	for _, c := range conversions {
		left, ok := result.TrySub(c.Consumed)
		if !ok {
			return r, mesos.Errorf(mesos.Invalid, "resources: %v does not contain %v", result, c.Consumed)
		}
		result = left.Add(c.Converted)
		if c.Last && result.Contains(c.Consumed) {
			return r, mesos.Errorf(mesos.Invalid, "resources: there are more copies of %v", c.Consumed)
		}
	}
	return result, nil
}

// Reserving makes reserved out of source or, if that is empty, out of reserved
// without the innermost layer of its reservations. The error is of kind
// mesos.Invalid.
// See https://mesos.apache.org/documentation/latest/reservation/.
func Reserving(reserved, source Resources) (Conversion, error) {
	if !source.IsEmpty() {
		return Conversion{Consumed: source, Converted: reserved}, nil
	}
	source, err := reserved.PopReservation()
	return Conversion{Consumed: source, Converted: reserved}, err
}

// Unreserving takes the innermost layer off the reservations. The error is of
// kind mesos.Invalid.
func Unreserving(reserved Resources) (Conversion, error) {
	popped, err := reserved.PopReservation()
	return Conversion{Consumed: reserved, Converted: popped}, err
}

// Creating makes persistent volumes out of disk resources.
// See https://mesos.apache.org/documentation/latest/persistent-volume/.
func Creating(volume Resource) Conversion {
	return Conversion{Consumed: Of(volume.withoutVolume()), Converted: Of(volume)}
}

// Destroying makes a disk resource out of a persistent volume, all copies of
// which must be at hand.
func Destroying(volume Resource) Conversion {
	return Conversion{Consumed: Of(volume), Converted: Of(volume.withoutVolume()), Last: true}
}

// Growing adds a disk resource to a persistent volume. The error, of kind
// mesos.Invalid, says that it is not of the sort that the volume is made of.
func Growing(volume, addition Resource) (Conversion, error) {
	base := volume.withoutVolume()
	if a, b := itemOf(&base), itemOf(&addition); !sameIdentity(&a, &b) || whole(base.Disk) {
		return Conversion{}, mesos.Errorf(mesos.Invalid, "resource %v: can't be grown by %v", volume, addition)
	}
	grown := volume
	grown.Scalar += addition.Scalar
	return Conversion{Consumed: Of(volume, addition), Converted: Of(grown)}, nil
}

// Shrinking makes a disk resource out of that much of a persistent volume,
// which must be more than nothing and less than all. The error is of kind
// mesos.Invalid.
func Shrinking(volume Resource, by Scalar) (Conversion, error) {
	if by <= 0 || by >= volume.Scalar {
		return Conversion{}, mesos.Errorf(mesos.Invalid, "resource %v: can't be shrunk by %v", volume, by)
	}
	freed, shrunk := volume.withoutVolume(), volume
	freed.Scalar = by
	shrunk.Scalar -= by
	return Conversion{Consumed: Of(volume), Converted: Of(shrunk, freed)}, nil
}

// withoutVolume is the disk resource that a persistent volume is made of.
func (r Resource) withoutVolume() Resource {
	r.Shared = false
	if r.Disk != nil && r.Disk.Source != nil {
		r.Disk = &Disk{Source: r.Disk.Source}
	} else {
		r.Disk = nil
	}
	return r
}
