package resources

import "strings"

// item is a resource of a bag, in the form that bags are computed with: most
// resources are plain amounts, so what these don't have is kept apart, and shared.
type item struct {
	Name           string
	AllocationRole string
	Scalar         Scalar
	*rest                // never nil, never changed
	copies         int32 // 1, but of a shared resource: how many copies are held
	Kind           Kind
	Revocable      bool
	Shared         bool
}

// rest is what few resources have. See Resource.
type rest struct {
	Ranges       Ranges
	Set          Set
	Disk         *Disk
	Reservations []Reservation
	ProviderID   string
}

// nothing is the rest of a plain amount.
var nothing = new(rest)

// itemOf is one resource as an item.
func itemOf(r *Resource) item {
	it := item{
		Name: r.Name, AllocationRole: r.AllocationRole, Scalar: r.Scalar, rest: nothing, copies: 1,
		Kind: r.Kind, Revocable: r.Revocable, Shared: r.Shared,
	}
	if len(r.Ranges) > 0 || len(r.Set) > 0 || r.Disk != nil || len(r.Reservations) > 0 || r.ProviderID != "" {
		it.rest = &rest{r.Ranges, r.Set, r.Disk, r.Reservations, r.ProviderID}
	}
	return it
}

// resource is an item as others see it.
func (it *item) resource() Resource {
	return Resource{
		Name: it.Name, Kind: it.Kind, Revocable: it.Revocable, Shared: it.Shared, Scalar: it.Scalar,
		Ranges: it.Ranges, Set: it.Set, Disk: it.Disk, Reservations: it.Reservations,
		AllocationRole: it.AllocationRole, ProviderID: it.ProviderID,
	}
}

// String is Resource's.
func (it *item) String() string {
	var b strings.Builder
	writeResource(&b, it)
	return b.String()
}

// setLists changes what ranges and sets an item has.
func (it *item) setLists(ranges Ranges, set Set) {
	if len(ranges) == 0 && len(set) == 0 && len(it.Ranges) == 0 && len(it.Set) == 0 {
		return
	}
	changed := *it.rest
	changed.Ranges, changed.Set = ranges, set
	it.rest = &changed
}

// reserve changes what reservation an item has.
func (it *item) reserve(layers []Reservation) {
	if len(layers) == 0 && len(it.Reservations) == 0 {
		return
	}
	changed := *it.rest
	changed.Reservations = layers
	it.rest = &changed
}
