package exec

import (
	"regexp"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// hostnameAttribute is the name under which constraints know an agent's hostname.
const hostnameAttribute = "hostname"

// Constraint is what an agent's attribute, or its hostname, must be like.
type Constraint struct {
	name, value string
	not         bool
	pattern     *regexp.Regexp // nil: equal to value
}

// ParseConstraint reads NAME=VALUE, NAME!=VALUE, NAME~REGEX or NAME!~REGEX. The
// expression, of Go's syntax, must match as a whole. An agent that lacks the
// attribute is one that is not equal and does not match.
func ParseConstraint(text string) (Constraint, error) {
	at := strings.IndexAny(text, "=!~")
	if at <= 0 {
		return Constraint{}, mesos.Errorf(mesos.Invalid, "%q is not NAME=VALUE, NAME!=VALUE, NAME~REGEX or NAME!~REGEX", text)
	}
	c := Constraint{name: text[:at]}
	rest, not := strings.CutPrefix(text[at:], "!")
	c.not = not
	value, equal := strings.CutPrefix(rest, "=")
	if equal {
		c.value = value
		return c, nil
	}
	expression, matches := strings.CutPrefix(rest, "~")
	if !matches {
		return Constraint{}, mesos.Errorf(mesos.Invalid, "%q is not NAME=VALUE, NAME!=VALUE, NAME~REGEX or NAME!~REGEX", text)
	}
	var err error
	if c.pattern, err = regexp.Compile("^(?:" + expression + ")$"); err != nil {
		return Constraint{}, mesos.Errorf(mesos.Invalid, "%q: %w", text, err)
	}
	return c, nil
}

// suits reports whether an agent is as all constraints say.
func suits(constraints []Constraint, hostname string, attributes []*mesospb.Attribute) bool {
	for _, c := range constraints {
		if c.among(values(c.name, hostname, attributes)) == c.not {
			return false
		}
	}
	return true
}

// among reports whether one of the values is what the constraint names.
func (c Constraint) among(values []string) bool {
	for _, value := range values {
		if c.pattern == nil && value == c.value || c.pattern != nil && c.pattern.MatchString(value) {
			return true
		}
	}
	return false
}

// values are what an agent's attributes of a name say.
func values(name, hostname string, wire []*mesospb.Attribute) (list []string) {
	if name == hostnameAttribute {
		list = append(list, hostname)
	}
	attributes, err := convert.Attributes(wire)
	if err != nil {
		return list
	}
	for _, a := range attributes {
		if a.Name == name {
			list = append(list, a.Value.String())
		}
	}
	return list
}
