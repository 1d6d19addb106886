package resources

import (
	"maps"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// covers: ResourcesTest.Resources
// covers: ResourcesTest.Get
// covers: ResourcesTest.Names
// covers: ResourcesTest.Types
func TestByName(t *testing.T) {
	r := MustParse("cpus:7.25;mem:1024;ports:[8000-8100, 9000-9999];disk:512;gpus:2;zones:{b,a};cpus(web):2;ports(web):[1-2]")
	for name, want := range map[string]string{"cpus": "9.25", "mem": "1024", "disk": "512", "gpus": "2", "ports": "0", "none": "0"} {
		if got := r.ScalarOf(name).String(); got != want {
			t.Errorf("%s of %v are %s, want %s", name, r, got, want)
		}
	}
	if r.Cpus() != 9250 || r.Mem() != 1024_000 || r.Disk() != 512_000 || r.Gpus() != 2000 {
		t.Errorf("%v, %v, %v, %v", r.Cpus(), r.Mem(), r.Disk(), r.Gpus())
	}
	if got := r.Ports().String(); got != "[1-2, 8000-8100, 9000-9999]" {
		t.Errorf("the ports are %s", got)
	}
	if got := r.SetOf("zones").String(); got != "{a, b}" {
		t.Errorf("the zones are %s", got)
	}
	if some := MustParse("cpus:1;disk:2"); some.Mem() != 0 || some.Ports() != nil || some.SetOf("cpus") != nil {
		t.Errorf("%v has what it hasn't", some)
	}
	if got, want := r.Names(), []string{"cpus", "disk", "gpus", "mem", "ports", "zones"}; !slices.Equal(got, want) {
		t.Errorf("the names are %q", got)
	}
	if got, want := r.Named("cpus").Add(r.Named("ports")).Types(), map[string]Kind{"cpus": KindScalar, "ports": KindRanges}; !maps.Equal(got, want) {
		t.Errorf("the types are %v", got)
	}
	expect(t, "what is named cpus", r.Named("cpus"), "cpus:7.25;cpus(web):2")
	expect(t, "the scalars", r.Scalars(), "cpus:7.25;mem:1024;disk:512;gpus:2;cpus(web):2")
	expect(t, "what is reserved", r.Filter(Resource.IsReserved), "cpus(web):2;ports(web):[1-2]")
}

// covers: RevocableResourceTest.Equals
// covers: RevocableResourceTest.Addition
// covers: RevocableResourceTest.Subtraction
// covers: RevocableResourceTest.Contains
// covers: RevocableResourceTest.Filter
// covers: RevocableResourceTest.Find
func TestRevocable(t *testing.T) {
	firm, loose := MustParse("cpus:1"), changed(MustParse("cpus:1"), revocable)
	expectDifferent(t, "revocable and not", firm, loose)
	expectEqual(t, "twice revocable", loose.Add(loose), changed(MustParse("cpus:2"), revocable))
	both := firm.Add(loose)
	expectContains(t, both, firm, true)
	expectContains(t, both, loose, true)
	expectContains(t, both, loose.Add(loose), false)
	expectContains(t, both, firm.Add(firm), false)
	expectContains(t, loose, loose.Add(loose), false)
	expectContains(t, loose.Add(loose), loose, true)
	expect(t, "revocable less itself", loose.Sub(loose), "")
	expectEqual(t, "revocable less firm", loose.Sub(firm), loose)
	expectEqual(t, "the revocable part", both.Revocable(), loose)
	expectEqual(t, "the other part", both.NonRevocable(), firm)
	expect(t, "the revocable part of none", firm.Revocable(), "")
	expect(t, "the other part of none", loose.NonRevocable(), "")
	for _, wanted := range []Resources{firm, loose} {
		if found, ok := both.Find(wanted); !ok || !found.Equal(wanted) {
			t.Errorf("found %v for %v: %v", found, wanted, ok)
		}
	}
	if found, ok := firm.Find(loose); ok {
		t.Errorf("found %v for %v", found, loose)
	}
	if found, ok := loose.Find(firm); ok {
		t.Errorf("found %v for %v", found, firm)
	}
}

// covers: AllocatedResourcesTest.Equality
// covers: AllocatedResourcesTest.Contains
// covers: AllocatedResourcesTest.Addition
// covers: AllocatedResourcesTest.Subtraction
func TestAllocated(t *testing.T) {
	one := MustParse("cpus:1")
	web, db := one.Allocate("web"), one.Allocate("db")
	expectDifferent(t, "other roles", web, db)
	expectDifferent(t, "no role", web, one)
	both := web.Add(db)
	expectContains(t, both, web, true)
	expectContains(t, both, db, true)
	expectContains(t, both, one, false)
	if both.Len() != 2 || both.Cpus() != 2000 {
		t.Errorf("both are %v", both)
	}
	expect(t, "web less itself", web.Sub(web), "")
	expectEqual(t, "web less db", web.Sub(db), web)
	expectEqual(t, "db less web", db.Sub(web), db)
}

// covers: AllocatedResourcesTest.Allocations
func TestByAllocationRole(t *testing.T) {
	star := MustParse("cpus:1;mem:1024").Allocate("*")
	web := MustParse("cpus:2;mem:2048").Allocate("web")
	db := MustParse("cpus(db):3;mem(db):3072").Allocate("db")
	all := star.Add(web).Add(db)
	parts := all.ByAllocationRole()
	if got := all.AllocationRoles(); !slices.Equal(got, []string{"*", "db", "web"}) || len(parts) != 3 {
		t.Fatalf("the roles are %q, the parts %v", got, parts)
	}
	expectEqual(t, "the part of *", parts[0].Resources, star)
	expectEqual(t, "the part of db", parts[1].Resources, db)
	expectEqual(t, "the part of web", parts[2].Resources, web)
	expect(t, "all, unallocated", all.Unallocate(), "cpus:3;mem:3072;cpus(db):3;mem(db):3072")
	for r := range all.Unallocate().All() {
		if r.AllocationRole != "" {
			t.Errorf("%v is still allocated", r)
		}
	}
	sub := MustParse("cpus:1").Allocate("web/eu")
	expectEqual(t, "the subtree of web", all.Add(sub).AllocatedToSubtree("web"), web.Add(sub))
}

// covers: ResourceProviderIDTest.Addition
// covers: ResourceProviderIDTest.Subtraction
// covers: ResourceProviderIDTest.Equals
// covers: ResourceProviderIDTest.Contains
func TestProvided(t *testing.T) {
	cpus := changed(MustParse("cpus:4"), provided)
	own, other := disk(1, "*"), disk(1, "*", provided)

	expectDifferent(t, "provided and not", own, other)
	expectDifferent(t, "with other resources", cpus.Add(own), cpus.Add(other))
	expectEqual(t, "with other resources", cpus.Add(other), other.Add(cpus))
	sum := cpus.Add(other)
	if sum.Len() != 2 || sum.Cpus() != 4000 || sum.Disk() != 1000 {
		t.Errorf("the sum is %v", sum)
	}
	expectContains(t, sum, cpus, true)
	expectContains(t, sum, other, true)
	expectContains(t, sum, own, false)
	expectEqual(t, "twice provided", other.Add(other), disk(2, "*", provided))
	if both := own.Add(other); both.Len() != 2 || both.Disk() != 2000 || !both.Contains(own) || !both.Contains(other) {
		t.Errorf("both are %v", both)
	}

	expect(t, "cpus less themselves", cpus.Sub(cpus), "")
	expectEqual(t, "less the disk", sum.Sub(other), cpus)
	expectEqual(t, "less the cpus", sum.Sub(cpus), other)
	expectEqual(t, "less another's disk", sum.Sub(own), sum)
	expectEqual(t, "two less one", other.Add(other).Sub(other), other)
	expectContains(t, own, other, false)
	expectContains(t, other, own, false)
	expectContains(t, sum, sum, true)
	expectContains(t, cpus.Add(own), sum, false)
}

// What is found keeps its own reservations.
//
// covers: ResourcesTest.Find
func TestFind(t *testing.T) {
	for _, test := range []struct{ in, target, want string }{
		{"cpus(web):2;mem(web):10;cpus:4;mem:20", "cpus(web):3;mem(web):14",
			"cpus(web):2;mem(web):10;cpus:1;mem:4"},
		{"cpus(web):1;mem(web):5;cpus(db):2;mem(db):8;cpus:1;mem:7", "cpus(web):3;mem(web):15",
			"cpus(web):1;mem(web):5;cpus:1;mem:7;cpus(db):1;mem(db):3"},
		{"cpus(web):5;mem(web):5;cpus:5;mem:5", "cpus:6;mem:7",
			"cpus:5;mem:5;cpus(web):1;mem(web):2"},
		{"cpus(a):1;cpus(b):1;cpus(c):1", "cpus:3", "cpus(a):1;cpus(b):1;cpus(c):1"},
		{"ports:[1-10];ports(web):[20-30]", "ports:[3-4]", "ports:[3-4]"},
		{"cpus:1", "", ""},
	} {
		found, ok := MustParse(test.in).Find(MustParse(test.target))
		if !ok {
			t.Errorf("%s not found in %s", test.target, test.in)
		}
		expect(t, "what is found", found, test.want)
	}
	if found, ok := MustParse("cpus(web):1;mem(web):1").Find(MustParse("cpus(web):2;mem(web):1")); ok {
		t.Errorf("found %v, which is more than there is", found)
	}
}

// last makes the last of n elements the first; it stands for randomness.
func last(n int, swap func(i, j int)) {
	if n > 1 {
		swap(0, n-1)
	}
}

// covers: ResourcesTest.ShrinkToQuantities
func TestShrinkTo(t *testing.T) {
	for _, test := range []struct{ in, target, want string }{
		{"", "", ""},
		{"", "cpus:1", ""},
		{"cpus:1", "", ""},
		{"cpus:2", "cpus:1", "cpus:1"},
		{"cpus:2;mem:20", "cpus:1;mem:10", "cpus:1;mem:10"},
		{"cpus:2;mem:20", "cpus:1;mem:10;disk:10", "cpus:1;mem:10"},
		{"cpus:2;mem:20", "cpus:1", "cpus:1"},
		{"cpus:2", "cpus:3", "cpus:2"},
		{"cpus:2;cpus(web):2", "cpus:3", "cpus:2;cpus(web):1"},
		{"ports:[1-3]", "ports:3", "ports:[1-3]"},
		{"ports:[1-3]", "ports:2", ""},
	} {
		target, err := ParseQuantities(test.target)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, test.in+" shrunk to "+test.target, MustParse(test.in).ShrinkTo(target), test.want)
	}
	shrinkWholeDisks(t, func(r Resources) Resources {
		return r.ShrinkTo(NewQuantities(Quantity{"disk", 10 * mesos.OneScalar}))
	})
}

// covers: ResourcesTest.ShrinkToLimits
func TestShrinkToLimits(t *testing.T) {
	for _, test := range []struct{ in, limits, want string }{
		{"", "", ""},
		{"", "cpus:1", ""},
		{"cpus:1", "", "cpus:1"},
		{"cpus:2", "cpus:1", "cpus:1"},
		{"cpus:2", "cpus:0", ""},
		{"cpus:2;mem:20", "cpus:1;mem:10", "cpus:1;mem:10"},
		{"cpus:2;mem:20", "cpus:1;mem:10;disk:10", "cpus:1;mem:10"},
		{"cpus:2;mem:20;ports:[1-2]", "cpus:1", "cpus:1;mem:20;ports:[1-2]"},
	} {
		limits, err := ParseLimits(test.limits)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, test.in+" shrunk to "+test.limits, MustParse(test.in).ShrinkToLimits(limits), test.want)
	}
	shrinkWholeDisks(t, func(r Resources) Resources {
		return r.ShrinkToLimits(NewLimits(Quantity{"disk", 10 * mesos.OneScalar}))
	})
}

// shrinkWholeDisks checks a shrinking to a disk of 10: what can't be split
// stays whole or goes, and what is taken first depends on the order.
func shrinkWholeDisks(t *testing.T, shrink func(Resources) Resources) {
	t.Helper()
	mount := func(amount Scalar) Resources { return disk(amount, "web", rooted(SourceMount, "mnt")) }
	expect(t, "a MOUNT disk that is too large", shrink(mount(20)), "")
	both := MustParse("disk:10").Add(mount(10))
	expect(t, "the first that fits", shrink(both), "disk:10")
	expectEqual(t, "the first that fits after shuffling", shrink(both.Shuffled(last)), mount(10))
}
