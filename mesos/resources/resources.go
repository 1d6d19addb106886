// Package resources is the arithmetic of Mesos resources: scalars in fixed
// point, ranges and sets, with roles, reservations, disks, revocable and shared
// resources. Values are immutable: every operation returns a new one.
package resources

// Scalar is an amount in thousandths: 1500 is 1.5 cpus, or 1.5 MB of memory.
type Scalar int64

// Kind is the type of a resource's value; the numbers are the wire's (Value.Type).
type Kind int

// The kinds of resources.
const (
	KindScalar Kind = 0
	KindRanges Kind = 1
	KindSet    Kind = 2
)

// Range is an inclusive interval.
type Range struct{ Begin, End uint64 }

// Reservation is one layer of a reservation; a stack of them is a refinement.
type Reservation struct {
	Dynamic   bool
	Role      string
	Principal string
	Labels    []Label
}

// Label is a key with an optional value.
type Label struct {
	Key      string
	Value    string
	HasValue bool
}

// Resource is one resource: a value of a kind with everything that tells it
// from others of the same name.
type Resource struct {
	Name           string
	Kind           Kind
	Scalar         Scalar
	Ranges         []Range  // sorted, disjoint, not adjacent
	Set            []string // sorted, unique
	ProviderID     string
	AllocationRole string
	Reservations   []Reservation // outermost role first
	Disk           *Disk
	Revocable      bool
	Shared         bool
}

// Disk says what a disk resource is backed by and used for.
type Disk struct {
	Persistence *Persistence
	Volume      *Volume
	Source      *Source
}

// Persistence makes a disk resource a persistent volume.
type Persistence struct{ ID, Principal string }

// Volume says where a persistent volume appears in a container.
type Volume struct {
	ContainerPath string
	HostPath      string
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

// SourceType is the kind of a disk source; the numbers are the wire's.
type SourceType int

// The kinds of disk source.
const (
	SourcePath  SourceType = 1
	SourceMount SourceType = 2
	SourceBlock SourceType = 3
	SourceRaw   SourceType = 4
)

// Resources is a bag of resources: what can be added is added up.
type Resources struct {
	items []item
}

type item struct {
	Resource
	count int // of a shared resource: how many copies are held
}

// Quantities is amounts of scalar resources by name, whatever their metadata.
type Quantities struct {
	names   []string
	amounts []Scalar
}
