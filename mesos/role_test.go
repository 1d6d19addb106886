package mesos

import (
	"slices"
	"strings"
	"testing"
)

// covers: RoleTest.Validate
func TestValidateRole(t *testing.T) {
	for _, role := range []string{"*", "web", "eng/dev", "eng/dev/a.b", "a-b", "ünïcode", "...", "a*"} {
		if err := ValidateRole(role); err != nil {
			t.Errorf("ValidateRole(%q): %v", role, err)
		}
	}
	for role, cause := range map[string]string{
		"":          "the name is empty",
		".":         "has . as a component",
		"..":        "has .. as a component",
		"eng/./x":   "has . as a component",
		"eng/..":    "has .. as a component",
		"eng/*":     "has * as a component",
		"*/eng":     "has * as a component",
		"-eng":      "starts with a dash",
		"eng/-dev":  "starts with a dash",
		"/":         "starts with a slash",
		"/eng":      "starts with a slash",
		"eng/":      "ends with a slash",
		"eng//dev":  "two adjacent slashes",
		"eng dev":   "white space or a backspace",
		"eng\tdev":  "white space or a backspace",
		"a/eng\x7f": "white space or a backspace",
		"eng\n":     "white space or a backspace",
		"eng\vdev":  "white space or a backspace",
		"eng\rdev":  "white space or a backspace",
		"eng\fdev":  "white space or a backspace",
	} {
		err := ValidateRole(role)
		if KindOf(err) != Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ValidateRole(%q): error %v, want one with %q", role, err, cause)
		}
	}
}

// covers: RoleTest.isStrictSubroleOf
func TestIsStrictSubrole(t *testing.T) {
	for _, test := range []struct {
		role, ancestor string
		want           bool
	}{
		{"eng/dev", "eng", true},
		{"eng/dev/go", "eng", true},
		{"eng/dev/go", "eng/dev", true},
		{"eng", "eng", false},
		{"eng", "eng/dev", false},
		{"engine", "eng", false},
		{"engine/dev", "eng", false},
		{"ops/dev", "eng", false},
		{"eng/dev", "*", false},
	} {
		if got := IsStrictSubrole(test.role, test.ancestor); got != test.want {
			t.Errorf("IsStrictSubrole(%q, %q) = %v", test.role, test.ancestor, got)
		}
	}
}

// covers: RoleTest.Ancestors
func TestRoleAncestors(t *testing.T) {
	for role, want := range map[string][]string{
		"*":       nil,
		"eng":     nil,
		"eng/dev": {"eng"},
		"a/b/c":   {"a/b", "a"},
	} {
		if got := RoleAncestors(role); !slices.Equal(got, want) {
			t.Errorf("RoleAncestors(%q) = %q, want %q", role, got, want)
		}
	}
}

func TestValidateID(t *testing.T) {
	for _, id := range []TaskID{"a", "task-1.2", "ä b", "...", TaskID(strings.Repeat("x", MaxIDLength))} {
		if err := ValidateID(id); err != nil {
			t.Errorf("ValidateID(%q): %v", id, err)
		}
	}
	for id, cause := range map[TaskID]string{
		"":      "is empty",
		".":     "is the name of a directory",
		"..":    "is the name of a directory",
		"a/b":   `invalid character '/'`,
		"a\\b":  `invalid character '\\'`,
		"a\nb":  `invalid character '\n'`,
		"a\x7f": "invalid character",
		TaskID(strings.Repeat("x", MaxIDLength+1)): "longer than 255 bytes",
	} {
		err := ValidateID(id)
		if KindOf(err) != Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ValidateID(%q): error %v, want one with %q", id, err, cause)
		}
	}
}
