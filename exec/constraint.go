package exec

import (
	"regexp"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// hostnameAttribute is the name under which constraints know an agent's hostname.
const hostnameAttribute = "hostname"

// Constraint is what an agent's attribute, or its hostname, must be like.
type Constraint struct {
	name, value string
	not         bool
	pattern     *regexp.Regexp // of value; nil: equal to value
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
	c.value = expression
	var err error
	if c.pattern, err = regexp.Compile("^(?:" + expression + ")$"); err != nil {
		return Constraint{}, mesos.Errorf(mesos.Invalid, "%q: %w", text, err)
	}
	return c, nil
}

// suits reports whether an agent is as all constraints say.
func suits(constraints []Constraint, hostname string, attributes []*mesospb.Attribute) bool {
	for _, c := range constraints {
		value, present := valueOf(c.name, hostname, attributes)
		if (present && c.is(value)) == c.not {
			return false
		}
	}
	return true
}

// is reports whether a value is what the constraint names.
func (c Constraint) is(value string) bool {
	if c.pattern != nil {
		return c.pattern.MatchString(value)
	}
	return value == c.value
}

// valueOf is what an agent's attribute says. Of several of a name it is the first
// that counts, as for the master.
func valueOf(name, hostname string, wire []*mesospb.Attribute) (value string, present bool) {
	if name == hostnameAttribute {
		return hostname, true
	}
	attributes, err := convert.Attributes(wire)
	if err != nil {
		return "", false
	}
	for _, a := range attributes {
		if a.Name == name {
			return a.Value.String(), true
		}
	}
	return "", false
}

// offerConstraints are those constraints that the master is asked to keep to, so
// that it offers no agent in vain; nil if there are none. They say less than the
// constraints do: the master lets attributes that are no text pass, refuses what
// takes it too much to match, and may be one that knows nothing of all this.
// See https://mesos.apache.org/documentation/latest/app-framework-development-guide/.
func offerConstraints(constraints []Constraint, role string) *schedulerpb.OfferConstraints {
	var demands []*schedulerpb.AttributeConstraint
	for _, c := range constraints {
		demand := &schedulerpb.AttributeConstraint{Selector: c.selector(), Predicate: c.predicate()}
		if _, err := convert.OfferConstraints(forRole(role, demand), []string{role}, convert.RegexLimits{}); err == nil {
			demands = append(demands, demand)
		}
	}
	if len(demands) == 0 {
		return nil
	}
	return forRole(role, demands...)
}

func forRole(role string, demands ...*schedulerpb.AttributeConstraint) *schedulerpb.OfferConstraints {
	group := &schedulerpb.OfferConstraints_RoleConstraints_Group{AttributeConstraints: demands}
	return &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{
		role: {Groups: []*schedulerpb.OfferConstraints_RoleConstraints_Group{group}},
	}}
}

func (c Constraint) selector() *schedulerpb.AttributeConstraint_Selector {
	if c.name == hostnameAttribute {
		return &schedulerpb.AttributeConstraint_Selector{
			Selector: &schedulerpb.AttributeConstraint_Selector_PseudoattributeType_{
				PseudoattributeType: schedulerpb.AttributeConstraint_Selector_HOSTNAME,
			},
		}
	}
	return &schedulerpb.AttributeConstraint_Selector{
		Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: c.name},
	}
}

func (c Constraint) predicate() *schedulerpb.AttributeConstraint_Predicate {
	p := &schedulerpb.AttributeConstraint_Predicate{}
	switch {
	case c.pattern == nil && !c.not:
		p.Predicate = &schedulerpb.AttributeConstraint_Predicate_TextEquals_{
			TextEquals: &schedulerpb.AttributeConstraint_Predicate_TextEquals{Value: &c.value},
		}
	case c.pattern == nil:
		p.Predicate = &schedulerpb.AttributeConstraint_Predicate_TextNotEquals_{
			TextNotEquals: &schedulerpb.AttributeConstraint_Predicate_TextNotEquals{Value: &c.value},
		}
	case !c.not:
		p.Predicate = &schedulerpb.AttributeConstraint_Predicate_TextMatches_{
			TextMatches: &schedulerpb.AttributeConstraint_Predicate_TextMatches{Regex: &c.value},
		}
	default:
		p.Predicate = &schedulerpb.AttributeConstraint_Predicate_TextNotMatches_{
			TextNotMatches: &schedulerpb.AttributeConstraint_Predicate_TextNotMatches{Regex: &c.value},
		}
	}
	return p
}
