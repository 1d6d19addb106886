// Package resources is the arithmetic of Mesos resources: scalars in fixed
// point, ranges and sets, with roles, reservations, disks, revocable and shared
// resources. Values are immutable: every operation returns a new one, which may
// share memory with its operands.
//
// A Resources is a bag in normal form: two resources that differ in nothing but
// their amount are one, and nothing empty is kept. Its order is the order in
// which resources came, so equal inputs print and encode equally.
//
// See https://mesos.apache.org/documentation/latest/attributes-resources/,
// .../reservation/, .../persistent-volume/ and .../shared-resources/.
package resources

import (
	"iter"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// The values of resources are those of package mesos.
type (
	// Scalar is an amount in thousandths.
	Scalar = mesos.Scalar
	// Range is an inclusive interval.
	Range = mesos.Range
	// Ranges are intervals in normal form.
	Ranges = mesos.Ranges
	// Set is strings in normal form.
	Set = mesos.Set
	// Kind is the type of a resource's value.
	Kind = mesos.ValueKind
)

// The kinds of resources.
const (
	KindScalar = mesos.ScalarValue
	KindRanges = mesos.RangesValue
	KindSet    = mesos.SetValue
)

// Resource is one resource: a value of a kind with everything that tells it
// from others of the same name. Treat it as immutable, its slices and Disk too.
type Resource struct {
	Name           string
	Kind           Kind
	Revocable      bool
	Shared         bool
	Scalar         Scalar
	Ranges         Ranges
	Set            Set
	Disk           *Disk         // nil for all but some disk resources
	Reservations   []Reservation // outermost role first; none if unreserved
	AllocationRole string        // "" if not allocated
	ProviderID     string        // "" if the agent itself provides it
}

// Reservation is one layer of a reservation; a stack of them is a refinement.
type Reservation struct {
	Dynamic   bool // else static, that is, by the agent's configuration
	Role      string
	Principal string // "" if none
	Labels    []Label
}

// Label is a key with an optional value.
type Label struct {
	Key      string
	Value    string
	HasValue bool
}

// Disk says what a disk resource is backed by and used for. All parts may be nil.
type Disk struct {
	Persistence *Persistence
	Volume      *Volume
	Source      *Source
}

// Persistence makes a disk resource a persistent volume.
type Persistence struct{ ID, Principal string }

// Volume says where a persistent volume appears in a container. It is about
// one use of the resource, so it doesn't tell resources apart.
type Volume struct {
	ContainerPath string
	HostPath      string // "" if none
	ReadOnly      bool
}

// Source is where a disk resource comes from.
type Source struct {
	Type     SourceType
	Root     string // of PATH and MOUNT
	HasRoot  bool
	Vendor   string
	ID       string
	Profile  string
	Metadata []Label
}

// SourceType is the kind of a disk source; the numbers are the protocol's.
type SourceType uint8

// The kinds of disk source.
const (
	SourcePath  SourceType = 1
	SourceMount SourceType = 2
	SourceBlock SourceType = 3
	SourceRaw   SourceType = 4
)

var sourceTypeNames = [...]string{"UNKNOWN", "PATH", "MOUNT", "BLOCK", "RAW"}

// String is the protocol's name, such as "MOUNT".
func (t SourceType) String() string {
	if int(t) < len(sourceTypeNames) {
		return sourceTypeNames[t]
	}
	return sourceTypeNames[0]
}

// Resources is a bag of resources: what can be added is added up.
// The zero value holds nothing.
type Resources struct {
	items []item
}

// New is the bag of rs. A resource given twice is there twice, a shared one in
// two copies; empty ones are left out. The error, of kind mesos.Invalid, names
// the first resource that Validate refuses.
func New(rs ...Resource) (Resources, error) {
	result := Resources{items: make([]item, 0, len(rs))}
	for i := range rs {
		if err := validate(&rs[i]); err != nil {
			return Resources{}, err
		}
		one := normal(rs[i])
		result.add(itemOf(&one))
	}
	return result, nil
}

// Of is New for resources that are valid beyond doubt, as those from All are.
// It panics if one isn't.
func Of(rs ...Resource) Resources {
	result, err := New(rs...)
	if err != nil {
		panic("resources.Of: " + err.Error())
	}
	return result
}

// normal brings the value of a valid resource to normal form.
func normal(r Resource) Resource {
	switch r.Kind {
	case KindRanges:
		r.Ranges = mesos.NewRanges(r.Ranges...)
	case KindSet:
		if !slices.IsSorted(r.Set) {
			r.Set = mesos.NewSet(r.Set...)
		}
	}
	return r
}

// IsEmpty reports whether r holds nothing.
func (r Resources) IsEmpty() bool { return len(r.items) == 0 }

// Len is how many different resources r holds. All copies of a shared resource
// are one.
func (r Resources) Len() int { return len(r.items) }

// All iterates over the different resources in r, in the order in which they
// came. A shared resource comes once; Count has the number of its copies.
func (r Resources) All() iter.Seq[Resource] {
	return func(yield func(Resource) bool) {
		for i := range r.items {
			if !yield(r.items[i].resource()) {
				return
			}
		}
	}
}

// Count is how many times r holds exactly that resource: 0 or 1, or the number
// of copies of a shared resource.
func (r Resources) Count(that Resource) int {
	one := itemOf(&that)
	for i := range r.items {
		if equal(&r.items[i], &one) {
			return int(r.items[i].copies)
		}
	}
	return 0
}
