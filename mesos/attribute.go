package mesos

// Attribute is a name with a value that an agent shows to frameworks and that
// is never used up. Exactly one of Text, Scalar and Ranges is meant, by Kind.
// See https://mesos.apache.org/documentation/latest/attributes-resources/.
type Attribute struct {
	Name string
	Kind AttributeKind
	Text string
	// Scalar is in thousandths.
	Scalar int64
	Ranges [][2]uint64
	Set    []string
}

// AttributeKind is the type of an attribute's value.
type AttributeKind int

// The kinds; the numbers are the wire's (Value.Type).
const (
	ScalarAttribute AttributeKind = 0
	RangesAttribute AttributeKind = 1
	SetAttribute    AttributeKind = 2
	TextAttribute   AttributeKind = 3
)
