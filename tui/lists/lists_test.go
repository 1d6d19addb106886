package lists

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A master tells of a role what it and those below it hold; Mesos of old did not tell of
// parents, or only what they hold themselves; and some roles one may not see.
func TestRolesHoldWhatThoseBelowHold(t *testing.T) {
	role := func(name string, cpus float64, frameworks ...string) *mesospb.Role {
		r := &mesospb.Role{Name: &name, Resources: []*mesospb.Resource{{
			Name: new("cpus"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &cpus},
		}}}
		for _, f := range frameworks {
			r.Frameworks = append(r.Frameworks, &mesospb.FrameworkID{Value: &f})
		}
		return r
	}
	polled := &cluster.Polled{Roles: []*mesospb.Role{
		role("told", 5, "f"), role("told/a", 2, "g"), role("told/a/b", 1), role("told-not", 1), // of which "told" has 3 itself
		role("hidden/a", 2, "f"), role("hidden/b/c", 3, "g"),
	}}
	want := map[string]struct {
		cpus       float64
		frameworks int
	}{
		"told": {5, 2}, "told/a": {2, 1}, "told/a/b": {1, 0}, "told-not": {1, 0},
		"hidden": {5, 2}, "hidden/a": {2, 1}, "hidden/b": {3, 1}, "hidden/b/c": {3, 1},
	}
	for _, r := range Tree(polled, cluster.Amounts{CPUs: mesos.ScalarFromFloat(10)}) {
		if w := want[r.Name]; r.Held.CPUs != mesos.ScalarFromFloat(w.cpus) || r.Share != w.cpus/10 || r.Frameworks != w.frameworks {
			t.Errorf("%s holds %v, a share of %v, for %d frameworks", r.Name, r.Held.CPUs, r.Share, r.Frameworks)
		}
		delete(want, r.Name)
	}
	if len(want) > 0 {
		t.Errorf("without %v", want)
	}
}
