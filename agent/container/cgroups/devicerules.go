package cgroups

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Rules say which devices may be used: those that are allowed and not denied.
// No two of the same list are of the same devices, and none is within another.
type Rules struct{ Allow, Deny []Device }

// Change allows devices and denies others, each of which is one device.
func (r Rules) Change(allow, deny []Device) (Rules, error) {
	for _, device := range slices.Concat(allow, deny) {
		if device.wild() {
			return r, mesos.Errorf(mesos.Invalid, "device %s: it is more than one", device)
		}
	}
	for _, device := range allow {
		if slices.ContainsFunc(deny, func(d Device) bool { return device.sameNumbers(d) && common(device.Access, d.Access) != "" }) {
			return r, mesos.Errorf(mesos.Invalid, "device %s: it is to be allowed and denied", device)
		}
	}
	changed := Rules{slices.Clone(r.Allow), slices.Clone(r.Deny)}
	for _, device := range allow {
		take(changed.Deny, device)
		if !slices.ContainsFunc(changed.Allow, device.within) {
			changed.Allow = append(changed.Allow, device)
		}
	}
	for _, device := range deny {
		take(changed.Allow, device)
		// What a rule for more devices allows has to be denied.
		if device.Access = common(device.Access, granted(changed.Allow, device)); device.Access != "" {
			changed.Deny = append(changed.Deny, device)
		}
	}
	return Rules{normal(changed.Allow), normal(changed.Deny)}, nil
}

// Allows tells whether a device may be used, with all of its access.
func (r Rules) Allows(device Device) bool {
	return slices.ContainsFunc(r.Allow, device.within) &&
		!slices.ContainsFunc(r.Deny, func(d Device) bool { return device.of(d) && common(device.Access, d.Access) != "" })
}

// take takes access to a device from the rules for just that device.
func take(list []Device, device Device) {
	for i := range list {
		if list[i].sameNumbers(device) {
			list[i].Access = without(list[i].Access, device.Access)
		}
	}
}

// granted is what rules allow to do with a device, taken together.
func granted(list []Device, device Device) (access string) {
	for _, rule := range list {
		if device.of(rule) {
			access = union(access, rule.Access)
		}
	}
	return access
}

// normal are the same rules without those that say nothing more.
func normal(list []Device) (rules []Device) {
	for _, device := range list {
		if device.Access == "" {
			continue
		}
		if at := slices.IndexFunc(rules, device.sameNumbers); at >= 0 {
			rules[at].Access = union(rules[at].Access, device.Access)
		} else {
			rules = append(rules, device)
		}
	}
	return slices.DeleteFunc(slices.Clone(rules), func(device Device) bool {
		return slices.ContainsFunc(rules, func(other Device) bool { return !device.sameNumbers(other) && device.within(other) })
	})
}

// step is a rule of which the first that a use of a device is within decides.
type step struct {
	Device
	allow bool
}

// steps are the rules for who looks at one after another: nothing is allowed by
// two rules only together, or denied in part.
func (r Rules) steps() (steps []step) {
	const everything = "rwm"
	for _, device := range r.Deny {
		left := device
		left.Access = without(granted(r.Allow, device), device.Access)
		if left.Access != "" {
			steps = append(steps, step{left, true})
		}
		device.Access = everything
		steps = append(steps, step{device, false})
	}
	for _, device := range r.Allow {
		device.Access = granted(r.Allow, device)
		steps = append(steps, step{device, true})
	}
	return steps
}

// String has a rule on each line, which parseRules reads.
func (r Rules) String() string {
	var text strings.Builder
	for _, device := range r.Allow {
		text.WriteString("+" + device.String() + "\n")
	}
	for _, device := range r.Deny {
		text.WriteString("-" + device.String() + "\n")
	}
	return text.String()
}

func parseRules(text string) (r Rules, err error) {
	for line := range strings.Lines(text) {
		rule, denied := strings.CutPrefix(strings.TrimSpace(line), "-")
		device, err := ParseDevice(strings.TrimPrefix(rule, "+"))
		switch {
		case err != nil:
			return Rules{}, err
		case denied:
			r.Deny = append(r.Deny, device)
		default:
			r.Allow = append(r.Allow, device)
		}
	}
	return r, nil
}

// union is what either access is of.
func union(a, b string) string {
	return pickAccess(func(c string) bool { return strings.Contains(a, c) || strings.Contains(b, c) })
}

// common is what both are of.
func common(a, b string) string {
	return pickAccess(func(c string) bool { return strings.Contains(a, c) && strings.Contains(b, c) })
}

// without is what access has that another has not.
func without(a, b string) string {
	return pickAccess(func(c string) bool { return strings.Contains(a, c) && !strings.Contains(b, c) })
}

func pickAccess(has func(string) bool) string { return accessOf(has("r"), has("w"), has("m")) }
