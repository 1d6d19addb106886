package mesos

import (
	"strings"
)

// Attribute is a name with a value that an agent shows to frameworks and that
// is never used up. It is a scalar, ranges or text; Mesos has no sets here.
// See https://mesos.apache.org/documentation/latest/attributes-resources/.
type Attribute struct {
	Name string
	Value
}

// String is the form that Mesos logs, such as "rack=abc".
func (a Attribute) String() string { return a.Name + "=" + a.Value.String() }

// Equal reports whether both have the same name, kind and value.
func (a Attribute) Equal(that Attribute) bool {
	return a.Name == that.Name && a.Value.Equal(that.Value)
}

// ParseAttributes reads the text form "rack:abc;zone:west;ports:[1-2];n:3.5".
// Everything after the first colon of a pair is its value. Errors are of kind
// Invalid.
func ParseAttributes(text string) ([]Attribute, error) {
	var attributes []Attribute
	for _, token := range strings.FieldsFunc(text, isAnyOf(";\n")) {
		name, rest, found := strings.Cut(token, ":")
		if !found || name == "" || rest == "" {
			return nil, Errorf(Invalid, "attributes: %q is not of the form name:value", token)
		}
		value, err := ParseValue(rest)
		if err != nil {
			return nil, Errorf(Invalid, "attributes: %s: %w", name, err)
		}
		if value.Kind == SetValue {
			return nil, Errorf(Invalid, "attributes: %s: %s is a set, which attributes can't be", name, rest)
		}
		attributes = append(attributes, Attribute{Name: name, Value: value})
	}
	return attributes, nil
}

// EqualAttributes reports whether both hold the same attributes, in any order.
// As in Mesos, a repeated attribute counts for itself only.
func EqualAttributes(a, b []Attribute) bool {
	return len(a) == len(b) && containsAttributes(a, b) && containsAttributes(b, a)
}

func containsAttributes(all, wanted []Attribute) bool {
	for _, want := range wanted {
		if !hasAttribute(all, want) {
			return false
		}
	}
	return true
}

func hasAttribute(all []Attribute, want Attribute) bool {
	for _, attribute := range all {
		if attribute.Equal(want) {
			return true
		}
	}
	return false
}
