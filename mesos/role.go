package mesos

import "strings"

// AnyRole is the role of resources that are reserved to nobody.
const AnyRole = "*"

// IsStrictSubrole reports whether role is below ancestor in the tree of roles:
// "eng/dev" is below "eng", "eng" and "engine" are not.
// See https://mesos.apache.org/documentation/latest/roles/.
func IsStrictSubrole(role, ancestor string) bool {
	return len(role) > len(ancestor) && role[len(ancestor)] == '/' && role[:len(ancestor)] == ancestor
}

// RoleAncestors is the roles above role, nearest first: "a/b" and "a" of "a/b/c".
func RoleAncestors(role string) []string {
	var ancestors []string
	for i := strings.LastIndexByte(role, '/'); i >= 0; i = strings.LastIndexByte(role[:i], '/') {
		ancestors = append(ancestors, role[:i])
	}
	return ancestors
}

// ValidateRole returns an error of kind Invalid that says what is wrong with
// the name of a role, or nil. "*" is valid.
// See https://mesos.apache.org/documentation/latest/roles/#roles-invalid.
func ValidateRole(role string) error {
	switch {
	case role == AnyRole:
		return nil
	case role == "":
		return Errorf(Invalid, "role: the name is empty")
	case role[0] == '/':
		return Errorf(Invalid, "role %q: starts with a slash", role)
	case role[len(role)-1] == '/':
		return Errorf(Invalid, "role %q: ends with a slash", role)
	}
	for part := range strings.SplitSeq(role, "/") {
		if cause := whyInvalidRolePart(part); cause != "" {
			return Errorf(Invalid, "role %q: %s", role, cause)
		}
	}
	return nil
}

func whyInvalidRolePart(part string) string {
	switch {
	case part == "":
		return "has two adjacent slashes"
	case part == "." || part == ".." || part == AnyRole:
		return "has " + part + " as a component"
	case part[0] == '-':
		return "component " + part + " starts with a dash"
	case strings.ContainsAny(part, "\t\n\v\f\r \x7f"):
		return "contains white space or a backspace"
	}
	return ""
}
