package cgroups

import (
	"slices"
	"strings"
)

// union is what either access is of.
func union(a, b string) string {
	has := func(c string) bool { return strings.Contains(a, c) || strings.Contains(b, c) }
	return accessOf(has("r"), has("w"), has("m"))
}

// without is what access leaves of another.
func without(a, b string) string {
	has := func(c string) bool { return strings.Contains(a, c) && !strings.Contains(b, c) }
	return accessOf(has("r"), has("w"), has("m"))
}

// change is what is allowed once more is, and less: what is denied is taken from
// the rules for just these devices, as the kernel's device controller does it.
func change(now, allow, deny []Device) []Device {
	list := append(slices.Clone(now), allow...)
	for _, device := range deny {
		for i := range list {
			if device.covers(list[i]) {
				list[i].Access = without(list[i].Access, device.Access)
			}
		}
	}
	return merged(slices.DeleteFunc(list, func(d Device) bool { return d.Access == "" }))
}

// merged has one rule for the same devices, with all access to them: the program
// that decides in version 2 knows of none that only two rules together allow.
func merged(list []Device) (rules []Device) {
	for _, device := range list {
		at := slices.IndexFunc(rules, device.sameNumbers)
		if at < 0 {
			rules = append(rules, device)
			continue
		}
		rules[at].Access = union(rules[at].Access, device.Access)
	}
	for i := range rules {
		for _, wider := range rules {
			if wider.covers(rules[i]) {
				rules[i].Access = union(rules[i].Access, wider.Access)
			}
		}
	}
	return rules
}
