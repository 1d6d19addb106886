package resources

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// IsReserved reports whether the resource is reserved to some role.
func (r Resource) IsReserved() bool { return len(r.Reservations) > 0 }

// ReservationRole is the role that the resource is reserved to: that of the
// innermost layer. It is "" if the resource is not reserved.
func (r Resource) ReservationRole() string { return reservationRole(r.Reservations) }

func reservationRole(layers []Reservation) string {
	if n := len(layers); n > 0 {
		return layers[n-1].Role
	}
	return ""
}

// IsDynamicallyReserved reports whether the innermost layer of the reservation
// was made at run time.
func (r Resource) IsDynamicallyReserved() bool { return isDynamic(r.Reservations) }

func isDynamic(layers []Reservation) bool {
	n := len(layers)
	return n > 0 && layers[n-1].Dynamic
}

// HasRefinedReservation reports whether the reservation has several layers.
func (r Resource) HasRefinedReservation() bool { return len(r.Reservations) > 1 }

// IsPersistentVolume reports whether the resource is a persistent volume.
func (r Resource) IsPersistentVolume() bool { return isPersistentVolume(r.Disk) }

func isPersistentVolume(d *Disk) bool { return d != nil && d.Persistence != nil }

// IsDisk reports whether the resource is a disk from a source of that type.
func (r Resource) IsDisk(source SourceType) bool {
	return r.Disk != nil && r.Disk.Source != nil && r.Disk.Source.Type == source
}

// IsAllocatableTo reports whether the resource may be given to a role: it is
// unreserved, or reserved to the role or to one above it.
func (r Resource) IsAllocatableTo(role string) bool { return isAllocatableTo(r.Reservations, role) }

func isAllocatableTo(layers []Reservation, role string) bool {
	if len(layers) == 0 {
		return true
	}
	reserved := reservationRole(layers)
	return role == reserved || mesos.IsStrictSubrole(role, reserved)
}

// AllocatableTo is what may be given to a role: what is unreserved, or reserved
// to the role or to one above it.
func (r Resources) AllocatableTo(role string) Resources {
	return r.filter(func(res *item) bool { return isAllocatableTo(res.Reservations, role) })
}

// Reserved is what is reserved, to whatever role.
func (r Resources) Reserved() Resources {
	return r.filter(func(res *item) bool { return len(res.Reservations) > 0 })
}

// ReservedTo is what is reserved to exactly that role.
func (r Resources) ReservedTo(role string) Resources {
	return r.filter(func(res *item) bool {
		return len(res.Reservations) > 0 && reservationRole(res.Reservations) == role
	})
}

// ReservedToSubtree is what is reserved to a role or to one below it.
func (r Resources) ReservedToSubtree(role string) Resources {
	return r.filter(func(res *item) bool {
		reserved := reservationRole(res.Reservations)
		return len(res.Reservations) > 0 && (reserved == role || mesos.IsStrictSubrole(reserved, role))
	})
}

// Unreserved is what is not reserved.
func (r Resources) Unreserved() Resources {
	return r.filter(func(res *item) bool { return len(res.Reservations) == 0 })
}

// ReservationRoles is the roles that parts of r are reserved to, sorted.
func (r Resources) ReservationRoles() []string {
	var roles []string
	for i := range r.items {
		res := &r.items[i]
		if role := reservationRole(res.Reservations); len(res.Reservations) > 0 && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// ReservationsByRole is the reserved part of r in parts, one for each of
// ReservationRoles.
func (r Resources) ReservationsByRole() []RoleResources {
	roles := r.ReservationRoles()
	parts := make([]RoleResources, len(roles))
	for i, role := range roles {
		parts[i] = RoleResources{role, r.ReservedTo(role)}
	}
	return parts
}

// PushReservation is r, reserved by one more layer. The error, of kind
// mesos.Invalid, names the first resource that can't be reserved so.
func (r Resources) PushReservation(layer Reservation) (Resources, error) {
	for i := range r.items {
		res := &r.items[i]
		if err := validateReservations(append(slices.Clip(res.Reservations), layer)); err != nil {
			return Resources{}, mesos.Errorf(mesos.Invalid, "resource %s: %w", res, err)
		}
	}
	return r.transform(func(res *item) { res.reserve(append(slices.Clip(res.Reservations), layer)) }), nil
}

// PopReservation is r without the innermost layer of its reservations. The
// error, of kind mesos.Invalid, names the first resource that has none.
func (r Resources) PopReservation() (Resources, error) {
	for i := range r.items {
		if res := &r.items[i]; len(res.Reservations) == 0 {
			return Resources{}, mesos.Errorf(mesos.Invalid, "resource %s: not reserved", res)
		}
	}
	return r.transform(func(res *item) { res.reserve(res.Reservations[:len(res.Reservations)-1]) }), nil
}

// ToUnreserved is r without any reservations.
func (r Resources) ToUnreserved() Resources {
	if r.Reserved().IsEmpty() {
		return r
	}
	return r.transform(func(res *item) { res.reserve(nil) })
}

// ReservationAncestor is r with only the layers that its reservations have in
// common with those of that, from the outermost on: what both could have been
// refined from. The two are the same resources but for their reservations, and
// each is reserved in one way.
func (r Resources) ReservationAncestor(that Resources) Resources {
	if r.IsEmpty() || that.IsEmpty() {
		return Resources{}
	}
	layers, others := r.items[0].Reservations, that.items[0].Reservations
	common := 0
	for common < min(len(layers), len(others)) && layers[common].Equal(others[common]) {
		common++
	}
	return r.transform(func(res *item) { res.reserve(layers[:common:common]) })
}
