package mesos

import (
	"slices"
	"strings"
)

// Set is strings in normal form: sorted and unique. Sets are immutable;
// operations return new ones or one of their operands.
type Set []string

// NewSet brings items to normal form.
func NewSet(items ...string) Set {
	if len(items) == 0 {
		return nil
	}
	sorted := slices.Clone(items)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// Add is the union of both.
func (s Set) Add(that Set) Set {
	switch {
	case s.Contains(that):
		return s
	case that.Contains(s):
		return that
	}
	return NewSet(slices.Concat(s, that)...)
}

// Sub is what of s is not in that.
func (s Set) Sub(that Set) Set {
	var result Set
	for _, item := range s {
		if !that.Has(item) {
			result = append(result, item)
		}
	}
	return result
}

// Contains reports whether every item of that is in s.
func (s Set) Contains(that Set) bool {
	if len(that) > len(s) {
		return false
	}
	for _, item := range that {
		if !s.Has(item) {
			return false
		}
	}
	return true
}

// Has reports whether item is in s.
func (s Set) Has(item string) bool {
	_, found := slices.BinarySearch(s, item)
	return found
}

// Equal reports whether both hold the same items.
func (s Set) Equal(that Set) bool { return slices.Equal(s, that) }

// String is the text form, such as "{sda1, sda2}".
func (s Set) String() string { return "{" + strings.Join(s, ", ") + "}" }
