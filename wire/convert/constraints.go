package convert

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// RegexLimits bound a compiled regular expression of a constraint, which is kept
// as long as its framework and runs against agents whenever something is offered.
// The zero value is Mesos's defaults: 100 instructions and 4 KB.
type RegexLimits struct {
	// Program is how many instructions it may have, of those that Go's regexp/syntax
	// compiles it to; RE2 makes about as many.
	// See --offer_constraints_re2_max_program_size.
	Program int
	// Memory is how many bytes it may need, estimated as instructionMemory for each
	// instruction, and for each range of characters beyond an instruction's first.
	// See --offer_constraints_re2_max_mem.
	Memory mesos.Bytes
}

// instructionMemory is how many bytes an instruction takes in RE2.
const instructionMemory = 16

// check returns an error that says which limit a program exceeds, or nil.
func (l RegexLimits) check(program *syntax.Prog) error {
	if l == (RegexLimits{}) {
		l = RegexLimits{Program: 100, Memory: 4 * mesos.Kilobyte}
	}
	size := len(program.Inst)
	for i := range program.Inst {
		size += max(0, len(program.Inst[i].Rune)/2-1)
	}
	if memory := mesos.Bytes(size) * instructionMemory; memory > l.Memory {
		return mesos.Errorf(mesos.Invalid, "it is too large: it needs about %d bytes, and %d are allowed", memory, l.Memory)
	}
	if n := len(program.Inst); n > l.Program {
		return mesos.Errorf(mesos.Invalid, "it is too complex: it compiles to %d instructions, and %d are allowed", n, l.Program)
	}
	return nil
}

// roleConstraints says which agents may be offered to a role: those that meet
// all constraints of any group.
// https://mesos.apache.org/documentation/latest/app-framework-development-guide/
type roleConstraints struct {
	groups [][]constraint
	source *schedulerpb.OfferConstraints_RoleConstraints
}

// A constraint is about one attribute, or what stands for one.
type constraint struct {
	of   func(*allocation.Agent) (value, bool)
	met  func(v value, present bool) bool
	text string // what it demands
}

// A value is that of an attribute. Constraints on text let others pass.
type value struct {
	text   string
	isText bool
}

// Match returns "" if the agent may be offered, or what it fails to meet.
func (c *roleConstraints) Match(a *allocation.Agent) string {
	failed := ""
	for _, group := range c.groups {
		if failed = firstUnmet(group, a); failed == "" {
			return ""
		}
	}
	return failed
}

func firstUnmet(group []constraint, a *allocation.Agent) string {
	for i := range group {
		if !group[i].met(group[i].of(a)) {
			return group[i].text
		}
	}
	return ""
}

// OfferConstraints checks the constraints of a framework that has these roles,
// and makes them ready to be evaluated, by role. Errors are of kind
// mesos.Invalid and name the field.
func OfferConstraints(message *schedulerpb.OfferConstraints, roles []string, limits RegexLimits) (map[string]allocation.Constraints, error) {
	if len(message.GetRoleConstraints()) == 0 {
		return nil, nil
	}
	constraints := make(map[string]allocation.Constraints)
	for _, role := range slices.Sorted(maps.Keys(message.GetRoleConstraints())) {
		if !slices.Contains(roles, role) {
			return nil, mesos.Errorf(mesos.Invalid, "offer_constraints.role_constraints: %q is not one of the framework's roles", role)
		}
		source := message.GetRoleConstraints()[role]
		groups, err := readGroups(source.GetGroups(), limits)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "offer_constraints.role_constraints[%q].groups%w", role, err)
		}
		constraints[role] = &roleConstraints{groups, source}
	}
	return constraints, nil
}

// OfferConstraintsToWire is the message that OfferConstraints made these of. The
// error, of kind mesos.Unsupported, names a role whose constraints were made in
// another way.
func OfferConstraintsToWire(constraints map[string]allocation.Constraints) (*schedulerpb.OfferConstraints, error) {
	if len(constraints) == 0 {
		return nil, nil
	}
	message := &schedulerpb.OfferConstraints{
		RoleConstraints: make(map[string]*schedulerpb.OfferConstraints_RoleConstraints, len(constraints)),
	}
	for _, role := range slices.Sorted(maps.Keys(constraints)) {
		c, ok := constraints[role].(*roleConstraints)
		if !ok {
			return nil, mesos.Errorf(mesos.Unsupported, "offer constraints of role %q have no message", role)
		}
		message.RoleConstraints[role] = c.source
	}
	return message, nil
}

func readGroups(wire []*schedulerpb.OfferConstraints_RoleConstraints_Group, limits RegexLimits) ([][]constraint, error) {
	if len(wire) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, ": there are none")
	}
	groups := make([][]constraint, len(wire))
	for i, group := range wire {
		if len(group.GetAttributeConstraints()) == 0 {
			return nil, mesos.Errorf(mesos.Invalid, "[%d].attribute_constraints: there are none", i)
		}
		for j, c := range group.GetAttributeConstraints() {
			read, err := readConstraint(c, limits)
			if err != nil {
				return nil, mesos.Errorf(mesos.Invalid, "[%d].attribute_constraints[%d].%w", i, j, err)
			}
			groups[i] = append(groups[i], read)
		}
	}
	return groups, nil
}

func readConstraint(wire *schedulerpb.AttributeConstraint, limits RegexLimits) (constraint, error) {
	of, name, err := readSelector(wire.GetSelector())
	if err != nil {
		return constraint{}, err
	}
	met, demand, err := readPredicate(wire.GetPredicate(), limits)
	if err != nil {
		return constraint{}, err
	}
	return constraint{of: of, met: met, text: name + " " + demand}, nil
}

// readSelector finds what a constraint is about. Of two attributes of a name it
// is the first.
func readSelector(wire *schedulerpb.AttributeConstraint_Selector) (of func(*allocation.Agent) (value, bool), name string, err error) {
	switch s := wire.GetSelector().(type) {
	case *schedulerpb.AttributeConstraint_Selector_AttributeName:
		name := s.AttributeName
		return func(a *allocation.Agent) (value, bool) {
			for i := range a.Attributes {
				if at := &a.Attributes[i]; at.Name == name {
					return value{at.Text, at.Kind == mesos.TextValue}, true
				}
			}
			return value{}, false
		}, fmt.Sprintf("attribute %q", name), nil
	case *schedulerpb.AttributeConstraint_Selector_PseudoattributeType_:
		switch s.PseudoattributeType {
		case schedulerpb.AttributeConstraint_Selector_HOSTNAME:
			return func(a *allocation.Agent) (value, bool) { return value{a.Hostname, true}, true }, "the hostname", nil
		case schedulerpb.AttributeConstraint_Selector_REGION:
			return func(a *allocation.Agent) (value, bool) { return value{a.Domain.Region, true}, a.Domain.Region != "" }, "the region", nil
		case schedulerpb.AttributeConstraint_Selector_ZONE:
			return func(a *allocation.Agent) (value, bool) { return value{a.Domain.Zone, true}, a.Domain.Zone != "" }, "the zone", nil
		}
		return nil, "", mesos.Errorf(mesos.Invalid, "selector.pseudoattribute_type: %s is not known", s.PseudoattributeType)
	}
	return nil, "", mesos.Errorf(mesos.Invalid, "selector: one of attribute_name and pseudoattribute_type must be set")
}

// readPredicate reads what a constraint demands.
func readPredicate(wire *schedulerpb.AttributeConstraint_Predicate, limits RegexLimits) (met func(value, bool) bool, demand string, err error) {
	switch p := wire.GetPredicate().(type) {
	case *schedulerpb.AttributeConstraint_Predicate_Exists_:
		return func(_ value, present bool) bool { return present }, "must exist", nil
	case *schedulerpb.AttributeConstraint_Predicate_NotExists_:
		return func(_ value, present bool) bool { return !present }, "must not exist", nil
	case *schedulerpb.AttributeConstraint_Predicate_TextEquals_:
		want := p.TextEquals.GetValue()
		return func(v value, present bool) bool { return present && (!v.isText || v.text == want) },
			fmt.Sprintf("must be %q", want), nil
	case *schedulerpb.AttributeConstraint_Predicate_TextNotEquals_:
		want := p.TextNotEquals.GetValue()
		return func(v value, present bool) bool { return !present || !v.isText || v.text != want },
			fmt.Sprintf("must not be %q", want), nil
	case *schedulerpb.AttributeConstraint_Predicate_TextMatches_:
		re, err := readRegex("text_matches", p.TextMatches.GetRegex(), limits)
		return func(v value, present bool) bool { return present && (!v.isText || re.MatchString(v.text)) },
			fmt.Sprintf("must match %q", p.TextMatches.GetRegex()), err
	case *schedulerpb.AttributeConstraint_Predicate_TextNotMatches_:
		re, err := readRegex("text_not_matches", p.TextNotMatches.GetRegex(), limits)
		return func(v value, present bool) bool { return !present || !v.isText || !re.MatchString(v.text) },
			fmt.Sprintf("must not match %q", p.TextNotMatches.GetRegex()), err
	}
	return nil, "", mesos.Errorf(mesos.Invalid, "predicate: it is missing or not known")
}

// readRegex compiles a regular expression that must match a whole text. Its
// syntax is RE2's, which is also Go's.
func readRegex(field, pattern string, limits RegexLimits) (*regexp.Regexp, error) {
	fail := func(cause any) error {
		return mesos.Errorf(mesos.Invalid, "predicate.%s.regex: %q: %v", field, pattern, cause)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fail(err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fail(err)
	}
	if err := limits.check(program); err != nil {
		return nil, fail(err)
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil, fail(err)
	}
	return re, nil
}
