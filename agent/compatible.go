package agent

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ReconfigurationPolicy says what of an agent's configuration may change while
// it keeps its ID. See
// https://mesos.apache.org/documentation/latest/agent-recovery/ (reconfiguration policy).
type ReconfigurationPolicy string

// The policies.
const (
	ReconfigureEqual    ReconfigurationPolicy = "equal"    // nothing
	ReconfigureAdditive ReconfigurationPolicy = "additive" // it may get more of everything
)

// compatible says what of a new configuration is not allowed after an old one.
func compatible(config *Config, old *mesospb.AgentInfo) error {
	policy, new := config.ReconfigurationPolicy, config.Info
	if policy == "" {
		return nil
	}
	changed := func(what string, was, is any) error {
		return mesos.Errorf(mesos.Conflict, "%s changed from %v to %v, which --reconfiguration_policy=%s does not allow", what, was, is, policy)
	}
	was, err := convert.Resources(old.GetResources())
	if err != nil {
		return err
	}
	is, err := convert.Resources(new.GetResources())
	if err != nil {
		return err
	}
	had, err := convert.Attributes(old.GetAttributes())
	if err != nil {
		return err
	}
	has, err := convert.Attributes(new.GetAttributes())
	if err != nil {
		return err
	}
	additive := policy == ReconfigureAdditive
	switch {
	case old.GetHostname() != new.GetHostname():
		return changed("the hostname", old.GetHostname(), new.GetHostname())
	case old.GetPort() != new.GetPort() && !config.AnyPort:
		return changed("the port", old.GetPort(), new.GetPort())
	case !old.GetDomain().EqualVT(new.GetDomain()) && !(additive && old.Domain == nil):
		return changed("the domain", old.GetDomain(), new.GetDomain())
	case !was.Equal(is) && !(additive && grown(was, is)):
		return changed("the resources", was, is)
	case !sameAttributes(had, has) && !(additive && containsAttributes(has, had)):
		return changed("the attributes", had, has)
	}
	return nil
}

// grown reports whether there is at least as much of every resource as there
// was. A disk that exists only as a whole may have become larger.
func grown(was, is resources.Resources) bool {
	for r := range was.All() {
		left, ok := is.TrySub(resources.Of(r))
		if !ok && r.IsDisk(resources.SourceMount) {
			left, ok = takeLarger(is, r)
		}
		if !ok {
			return false
		}
		is = left
	}
	return true
}

// takeLarger takes a disk that differs from r only in being larger.
func takeLarger(is resources.Resources, r resources.Resource) (resources.Resources, bool) {
	for candidate := range is.All() {
		size := candidate.Scalar
		if candidate.Scalar = r.Scalar; size >= r.Scalar && candidate.Equal(r) {
			candidate.Scalar = size
			return is.TrySub(resources.Of(candidate))
		}
	}
	return is, false
}

// containsAttributes reports whether every attribute of part is in all. An
// attribute that is ranges may have more in all.
func containsAttributes(all, part []mesos.Attribute) bool {
	for _, p := range part {
		found := slices.ContainsFunc(all, func(a mesos.Attribute) bool {
			return a.Equal(p) || a.Name == p.Name && a.Kind == mesos.RangesValue && p.Kind == a.Kind && a.Ranges.Contains(p.Ranges)
		})
		if !found {
			return false
		}
	}
	return true
}

// sameAttributes reports whether two lists have the same attributes, in whatever order.
func sameAttributes(a, b []mesos.Attribute) bool {
	equalTo := func(x mesos.Attribute) func(mesos.Attribute) bool {
		return func(y mesos.Attribute) bool { return x.Equal(y) }
	}
	for _, x := range a {
		if !slices.ContainsFunc(b, equalTo(x)) {
			return false
		}
	}
	return len(a) == len(b)
}
