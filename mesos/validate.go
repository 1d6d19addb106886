package mesos

import "strings"

// MaxIDLength is the most bytes that an ID may have; it is the longest file
// name, since IDs name directories.
const MaxIDLength = 255

// ValidateID returns an error of kind Invalid that says what is wrong with the
// ID of a task, executor, agent or framework, or nil.
func ValidateID[ID ~string](id ID) error {
	text := string(id)
	switch {
	case text == "":
		return Errorf(Invalid, "id: is empty")
	case len(text) > MaxIDLength:
		return Errorf(Invalid, "id %.40q...: is longer than %d bytes", text, MaxIDLength)
	case text == "." || text == "..":
		return Errorf(Invalid, "id %q: is the name of a directory", text)
	}
	if i := strings.IndexFunc(text, isInvalidInID); i >= 0 {
		return Errorf(Invalid, "id %q: has the invalid character %q", text, text[i])
	}
	return nil
}

func isInvalidInID(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' }
