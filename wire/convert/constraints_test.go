package convert

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

type (
	attributeConstraint = schedulerpb.AttributeConstraint
	predicate           = schedulerpb.AttributeConstraint_Predicate
)

func on(attribute string, p *predicate) *attributeConstraint {
	return &attributeConstraint{
		Selector:  &schedulerpb.AttributeConstraint_Selector{Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: attribute}},
		Predicate: p,
	}
}

func onPseudo(t schedulerpb.AttributeConstraint_Selector_PseudoattributeType, p *predicate) *attributeConstraint {
	return &attributeConstraint{
		Selector:  &schedulerpb.AttributeConstraint_Selector{Selector: &schedulerpb.AttributeConstraint_Selector_PseudoattributeType_{PseudoattributeType: t}},
		Predicate: p,
	}
}

func exists() *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_Exists_{Exists: &schedulerpb.AttributeConstraint_Predicate_Exists{}}}
}

func notExists() *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_NotExists_{NotExists: &schedulerpb.AttributeConstraint_Predicate_NotExists{}}}
}

func equals(text string) *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_TextEquals_{TextEquals: &schedulerpb.AttributeConstraint_Predicate_TextEquals{Value: new(text)}}}
}

func notEquals(text string) *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_TextNotEquals_{TextNotEquals: &schedulerpb.AttributeConstraint_Predicate_TextNotEquals{Value: new(text)}}}
}

func matches(regex string) *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_TextMatches_{TextMatches: &schedulerpb.AttributeConstraint_Predicate_TextMatches{Regex: new(regex)}}}
}

func notMatches(regex string) *predicate {
	return &predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_TextNotMatches_{TextNotMatches: &schedulerpb.AttributeConstraint_Predicate_TextNotMatches{Regex: new(regex)}}}
}

func group(constraints ...*attributeConstraint) *schedulerpb.OfferConstraints_RoleConstraints_Group {
	return &schedulerpb.OfferConstraints_RoleConstraints_Group{AttributeConstraints: constraints}
}

func constrained(role string, groups ...*schedulerpb.OfferConstraints_RoleConstraints_Group) *schedulerpb.OfferConstraints {
	return &schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{role: {Groups: groups}}}
}

// https://mesos.apache.org/documentation/latest/app-framework-development-guide/
func TestOfferConstraintsChooseAgents(t *testing.T) {
	// covers: OfferConstraintsFilter.NamedAttributeExists
	// covers: OfferConstraintsFilter.NamedAttributeNotExists
	// covers: OfferConstraintsFilter.NamedAttributeTextEquals
	// covers: OfferConstraintsFilter.NamedAttributeTextNotEquals
	// covers: OfferConstraintsFilter.NamedAttributeTextMatches
	// covers: OfferConstraintsFilter.NamedAttributeTextNotMatches
	// covers: OfferConstraintsFilter.TwoAttributesWithTheSameName
	// covers: OfferConstraintsFilter.TwoConstraintsInGroup
	// covers: OfferConstraintsFilter.TwoGroups
	const (
		hostname = schedulerpb.AttributeConstraint_Selector_HOSTNAME
		region   = schedulerpb.AttributeConstraint_Selector_REGION
		zone     = schedulerpb.AttributeConstraint_Selector_ZONE
	)
	for name, test := range map[string]struct {
		constraints  *schedulerpb.OfferConstraints
		fit, exclude []string // agents by their attributes
	}{
		"exists":      {constrained("*", group(on("bar", exists()))), []string{"bar:baz", "bar:1"}, []string{"foo:baz", ""}},
		"not exists":  {constrained("*", group(on("bar", notExists()))), []string{"foo:baz", ""}, []string{"bar:baz", "bar:[1-3]"}},
		"equals":      {constrained("*", group(on("bar", equals("baz")))), []string{"bar:baz", "bar:123", "bar:[1-17]"}, []string{"bar:zab", "foo:baz"}},
		"not equals":  {constrained("*", group(on("bar", notEquals("baz")))), []string{"bar:zab", "bar:123", "bar:[1-17]", "foo:baz"}, []string{"bar:baz"}},
		"matches":     {constrained("*", group(on("bar", matches("[a-d]+")))), []string{"bar:abcd", "bar:123", "bar:[1-17]"}, []string{"bar:bcde", "foo:abcd"}},
		"not matches": {constrained("*", group(on("bar", notMatches("[a-d]+")))), []string{"bar:bcde", "bar:123", "bar:[1-17]", "foo:abcd"}, []string{"bar:abcd"}},
		"the first of a name": {constrained("*", group(on("bar", equals("baz")))),
			[]string{"bar:baz;bar:foo", "bar:123;bar:foo"}, []string{"bar:foo;bar:baz", "bar:foo;bar:123"}},
		"all of a group": {constrained("*", group(on("foo", exists()), on("bar", notExists()))), []string{"foo:1"}, []string{"", "bar:1", "foo:1;bar:1"}},
		"any group": {constrained("*", group(on("foo", exists())), group(on("bar", notExists()))),
			[]string{"", "baz:123", "bar:123;foo:456"}, []string{"bar:123"}},
		"hostname":       {constrained("*", group(onPseudo(hostname, matches("a1\\..*")))), []string{""}, nil},
		"other hostname": {constrained("*", group(onPseudo(hostname, equals("a2.example")))), nil, []string{""}},
		"no region":      {constrained("*", group(onPseudo(region, notExists()), onPseudo(zone, notExists()))), []string{""}, nil},
		"a zone":         {constrained("*", group(onPseudo(zone, exists()))), nil, []string{""}},
	} {
		constraints, err := OfferConstraints(test.constraints, []string{"*"}, RegexLimits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		match := func(text string) string {
			attributes, err := mesos.ParseAttributes(text)
			if err != nil {
				t.Fatal(err)
			}
			return constraints["*"].Match(&allocation.Agent{Hostname: "a1.example", Attributes: attributes})
		}
		for _, text := range test.fit {
			if why := match(text); why != "" {
				t.Errorf("%s: an agent with %q is not offered because %s", name, text, why)
			}
		}
		for _, text := range test.exclude {
			if match(text) == "" {
				t.Errorf("%s: an agent with %q is offered", name, text)
			}
		}
	}
}

func TestOfferConstraintsTravelAsTheyCame(t *testing.T) {
	message := constrained("dev", group(on("foo", exists())))
	constraints, err := OfferConstraints(message, []string{"dev", "prod"}, RegexLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := OfferConstraintsToWire(constraints); err != nil || !back.EqualVT(message) {
		t.Errorf("got %v, %v", back, err)
	}
	if _, err := OfferConstraintsToWire(map[string]allocation.Constraints{"dev": nil}); mesos.KindOf(err) != mesos.Unsupported {
		t.Errorf("constraints without a message: %v", err)
	}
}

func TestOfferConstraintsThatMakeNoSenseAreRefused(t *testing.T) {
	// covers: OfferConstraintsFilter.InvalidTextMatches
	// covers: OfferConstraintsFilter.InvalidTextNotMatches
	// covers: OfferConstraintsFilter.RegexTooComplex
	for name, test := range map[string]struct {
		constraints *schedulerpb.OfferConstraints
		words       string
	}{
		"complex enough":      {constrained("*", group(on("bar", matches("(a+){10}")))), ""},
		"too complex":         {constrained("*", group(on("bar", notMatches("(a+){50}")))), "too complex"},
		"far too complex":     {constrained("*", group(on("bar", notMatches("(a+){500}")))), "too large"},
		"too many letters":    {constrained("*", group(on("bar", matches(`\p{L}`)))), "too large"},
		"no regex":            {constrained("*", group(on("bar", matches("[a-d")))), "text_matches.regex"},
		"no regex either":     {constrained("*", group(on("bar", notMatches("[a-d")))), "text_not_matches.regex"},
		"another role":        {constrained("dev", group(on("bar", exists()))), `"dev" is not one of the framework's roles`},
		"no groups":           {constrained("*"), "groups: there are none"},
		"an empty group":      {constrained("*", group()), "groups[0].attribute_constraints: there are none"},
		"no predicate":        {constrained("*", group(on("bar", nil))), "attribute_constraints[0].predicate"},
		"no selector":         {constrained("*", group(&attributeConstraint{Predicate: exists()})), "selector"},
		"an unknown selector": {constrained("*", group(onPseudo(schedulerpb.AttributeConstraint_Selector_UNKNOWN, exists()))), "pseudoattribute_type"},
	} {
		_, err := OfferConstraints(test.constraints, []string{"*"}, RegexLimits{})
		if (err == nil) != (test.words == "") || err != nil && (!strings.Contains(err.Error(), test.words) || mesos.KindOf(err) != mesos.Invalid) {
			t.Errorf("%s: %v, want %q", name, err, test.words)
		}
	}
}

func TestRegexLimitsAreTheOperators(t *testing.T) {
	message := constrained("*", group(on("bar", matches("(a+){50}"))))
	for _, test := range []struct {
		limits RegexLimits
		ok     bool
	}{
		{RegexLimits{Program: 250, Memory: 8 * mesos.Kilobyte}, true},
		{RegexLimits{Program: 250, Memory: 1 * mesos.Kilobyte}, false},
		{RegexLimits{Program: 50, Memory: 8 * mesos.Kilobyte}, false},
	} {
		if _, err := OfferConstraints(message, []string{"*"}, test.limits); (err == nil) != test.ok {
			t.Errorf("%+v: got %v", test.limits, err)
		}
	}
}
