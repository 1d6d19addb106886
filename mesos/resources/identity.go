package resources

import "slices"

// Equal reports whether both are the same amount of the same resource. Where a
// volume is mounted, and who made it persistent, doesn't count.
func (r Resource) Equal(that Resource) bool {
	a, b := itemOf(&r), itemOf(&that)
	return equal(&a, &b)
}

func equal(a, b *item) bool { return sameIdentity(a, b) && sameValue(a, b) }

func sameValue(a, b *item) bool {
	return a.Scalar == b.Scalar && (a.rest == b.rest || a.Ranges.Equal(b.Ranges) && a.Set.Equal(b.Set))
}

// sameIdentity reports whether a and b differ in nothing but their amount.
func sameIdentity(a, b *item) bool {
	return a.Name == b.Name &&
		a.Kind == b.Kind &&
		a.Revocable == b.Revocable &&
		a.Shared == b.Shared &&
		a.AllocationRole == b.AllocationRole &&
		(a.rest == b.rest || a.ProviderID == b.ProviderID &&
			sameReservations(a.Reservations, b.Reservations) &&
			sameDisk(a.Disk, b.Disk))
}

func sameReservations(a, b []Reservation) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// Equal reports whether both are the same layer of a reservation.
func (r Reservation) Equal(that Reservation) bool {
	return r.Dynamic == that.Dynamic && r.Role == that.Role && r.Principal == that.Principal &&
		sameLabels(r.Labels, that.Labels)
}

// sameLabels compares labels as bags: their order doesn't count.
func sameLabels(a, b []Label) bool {
	if len(a) != len(b) {
		return false
	}
	if slices.Equal(a, b) {
		return true
	}
	left := slices.Clone(b)
	for _, label := range a {
		i := slices.Index(left, label)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

func sameDisk(a, b *Disk) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	if (a.Persistence == nil) != (b.Persistence == nil) || (a.Source == nil) != (b.Source == nil) {
		return false
	}
	return (a.Persistence == nil || a.Persistence.ID == b.Persistence.ID) &&
		(a.Source == nil || a.Source.equal(b.Source))
}

func (s *Source) equal(that *Source) bool {
	return s.Type == that.Type && s.Root == that.Root && s.HasRoot == that.HasRoot &&
		s.Vendor == that.Vendor && s.ID == that.ID && s.Profile == that.Profile &&
		sameLabels(s.Metadata, that.Metadata)
}

// whole reports whether a resource with that disk exists only as a whole: it can't
// be added to another, and nothing less than all of it can be taken away. Such are
// persistent volumes, MOUNT and BLOCK disks, and RAW disks with an identity.
func whole(d *Disk) bool {
	if d == nil {
		return false
	}
	if d.Persistence != nil {
		return true
	}
	if d.Source == nil {
		return false
	}
	switch d.Source.Type {
	case SourceMount, SourceBlock:
		return true
	case SourceRaw:
		return d.Source.ID != ""
	default:
		return false
	}
}

// addable reports whether a and b make one resource when added.
func addable(a, b *item) bool {
	if a.Shared {
		return equal(a, b)
	}
	return sameIdentity(a, b) && !whole(a.Disk)
}

// subtractable reports whether b can be taken from a.
func subtractable(a, b *item) bool {
	return sameIdentity(a, b) && (!a.Shared && !whole(a.Disk) || sameValue(a, b))
}
