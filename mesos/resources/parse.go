package resources

import (
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Parse reads resources in the text form
// "cpus:4;mem:8192;ports:[8000-9000];disk(role):100" or as a JSON array of
// Resource objects. What names no role is statically reserved to defaultRole,
// or unreserved if that is "*".
//
// It is for resources that an operator configures, so it refuses persistent
// volumes, revocable resources, dynamic reservations, and one name with values
// of different types. Errors are of kind mesos.Invalid and name the resource.
func Parse(text, defaultRole string) (Resources, error) {
	var list []Resource
	var err error
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		list, err = parseJSON([]byte(text), defaultRole)
	} else {
		list, err = parseText(text, defaultRole)
	}
	if err != nil {
		return Resources{}, err
	}
	result, err := New(list...)
	if err != nil {
		return Resources{}, err
	}
	return result, validateConfigured(list)
}

// MustParse is Parse for constants: unreserved resources unless roles are
// named. It panics if text is wrong.
func MustParse(text string) Resources {
	result, err := Parse(text, mesos.AnyRole)
	if err != nil {
		panic("resources.MustParse: " + err.Error())
	}
	return result
}

func parseText(text, defaultRole string) ([]Resource, error) {
	var list []Resource
	for token := range strings.SplitSeq(text, ";") {
		if token == "" {
			continue
		}
		resource, err := parseToken(token, defaultRole)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "resources: %q: %w", strings.TrimSpace(token), err)
		}
		list = append(list, resource)
	}
	return list, nil
}

// nonEmptyFields splits text at any of the separators and drops empty fields.
func nonEmptyFields(text, separators string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) })
}

func parseToken(token, defaultRole string) (Resource, error) {
	parts := nonEmptyFields(token, ":")
	if len(parts) != 2 {
		return Resource{}, mesos.Errorf(mesos.Invalid, "is not of the form name:value or name(role):value")
	}
	name, role, err := splitRole(parts[0], defaultRole)
	if err != nil {
		return Resource{}, err
	}
	value, err := mesos.ParseValue(parts[1])
	if err != nil {
		return Resource{}, err
	}
	r := Resource{
		Name:         name,
		Kind:         value.Kind,
		Ranges:       value.Ranges,
		Set:          value.Set,
		Reservations: staticReservation(role),
	}
	switch value.Kind {
	case KindScalar:
		r.Scalar, err = mesos.CheckScalar(value.Number)
	case mesos.TextValue:
		err = mesos.Errorf(mesos.Invalid, "%s is not a number, ranges or a set", value)
	}
	return r, err
}

// splitRole splits "name(role)" into its parts, without the space around them.
func splitRole(text, defaultRole string) (name, role string, err error) {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return strings.TrimSpace(text), defaultRole, nil
	}
	end := strings.IndexByte(text, ')')
	if end < open {
		return "", "", mesos.Errorf(mesos.Invalid, "the parenthesis around the role is not closed")
	}
	if rest := strings.TrimSpace(text[end+1:]); rest != "" {
		return "", "", mesos.Errorf(mesos.Invalid, "%q between the role and the colon", rest)
	}
	return strings.TrimSpace(text[:open]), strings.TrimSpace(text[open+1 : end]), nil
}

func staticReservation(role string) []Reservation {
	if role == mesos.AnyRole {
		return nil
	}
	return []Reservation{{Role: role}}
}

// validateConfigured refuses what an operator can't configure.
func validateConfigured(list []Resource) error {
	kinds := make(map[string]Kind, len(list))
	for _, r := range list {
		var cause string
		switch kind, seen := kinds[r.Name]; {
		case r.IsPersistentVolume():
			cause = "persistent volumes can't be configured"
		case r.Revocable:
			cause = "revocable resources can't be configured"
		case r.IsDynamicallyReserved():
			cause = "dynamic reservations can't be configured"
		case seen && kind != r.Kind:
			cause = "is both of type " + kind.String() + " and " + r.Kind.String()
		default:
			kinds[r.Name] = r.Kind
			continue
		}
		return mesos.Errorf(mesos.Invalid, "resource %s: %s", r.Name, cause)
	}
	return nil
}
