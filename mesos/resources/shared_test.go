package resources

import "testing"

// The rules here are those of
// https://mesos.apache.org/documentation/latest/shared-resources/.

func copies(n int, volume Resources) Resources {
	var result Resources
	for range n {
		result = result.Add(volume)
	}
	return result
}

// covers: SharedResourcesTest.Printing
func TestSharedString(t *testing.T) {
	one := disk(64, "web", volume("id"), at("path"), shared)
	for n, want := range map[int]string{
		1: "disk(reservations: [(STATIC,web)])[id:path]<SHARED>:64<1>",
		3: "disk(reservations: [(STATIC,web)])[id:path]<SHARED>:64<3>",
	} {
		if got := copies(n, one).String(); got != want {
			t.Errorf("%d copies print as %s, want %s", n, got, want)
		}
	}
}

// covers: SharedResourcesTest.ScalarAdditionShared
func TestSharedAdd(t *testing.T) {
	one := disk(50, "web", volume("1"), shared)
	sum := MustParse("cpus:1;mem:5").Add(one).Add(MustParse("cpus:3;mem:9").Add(one))
	if sum.Len() != 3 || sum.Cpus() != 4000 || sum.Mem() != 14_000 || sum.Disk() != 50_000 {
		t.Errorf("the sum is %v", sum)
	}
	if n := sum.Count(the(t, one)); n != 2 {
		t.Errorf("%v has %d copies", sum, n)
	}
}

// covers: SharedResourcesTest.ScalarSubtractionShared
func TestSharedSub(t *testing.T) {
	one := disk(64, "web", volume("1"), shared)
	res := the(t, one)
	two := MustParse("cpus:40;mem:400").Add(copies(2, one))
	small := MustParse("cpus:5;mem:100").Add(one)
	difference := two.Sub(small)
	expectEqual(t, "the difference", difference, MustParse("cpus:35;mem:300").Add(one))
	if difference.Count(res) != 1 || difference.Disk() != 64_000 {
		t.Errorf("the difference is %v", difference)
	}
	for name, r := range map[string]Resources{"two less two": two.Sub(small).Sub(small), "one less two": small.Sub(two)} {
		if r.Count(res) != 0 || r.Contains(one) {
			t.Errorf("%s is %v", name, r)
		}
	}
	if _, ok := small.TrySub(two); ok {
		t.Error("took more copies than there are")
	}
}

// covers: SharedResourcesTest.ScalarSharedCompoundExpressions
func TestSharedCompound(t *testing.T) {
	one := disk(50, "web", volume("1"), shared)
	a := MustParse("cpus:2;mem:10").Add(copies(4, one))
	b := MustParse("cpus:2;mem:10").Add(copies(3, one))
	expectEqual(t, "a+a-a", a.Add(a).Sub(a), a)
	expectEqual(t, "a+b-a", a.Add(b).Sub(a), b)
	expectEqual(t, "b+a-b", b.Add(a).Sub(b), a)
	expectEqual(t, "b-a+a", b.Sub(a).Add(a), a)
	expectEqual(t, "a-b+b", a.Sub(b).Add(b), a)
	if !b.Sub(a).IsEmpty() || a.Sub(b).IsEmpty() {
		t.Errorf("b-a is %v, a-b is %v", b.Sub(a), a.Sub(b))
	}
	expectDifferent(t, "other numbers of copies", a, b)
}

// covers: SharedResourcesTest.ScalarNonEqualSharedOperations
// covers: SharedResourcesTest.ScalarSharedAndNonSharedOperations
func TestSharedAndOthers(t *testing.T) {
	one, two := disk(50, "web", volume("1"), shared), disk(100, "web", volume("2"), shared)
	left := one.Add(two).Sub(one)
	if left.Count(the(t, one)) != 0 || left.Count(the(t, two)) != 1 {
		t.Errorf("what is left is %v", left)
	}
	expectEqual(t, "less another volume", one.Sub(two), one)

	private := disk(50, "web", volume("1"))
	expectContains(t, MustParse("cpus:1").Add(one), private, false)
	expectContains(t, MustParse("cpus:1").Add(private), one, false)
	both := one.Add(one).Add(private)
	if both.Len() != 2 || both.Disk() != 100_000 || both.Count(the(t, one)) != 2 || both.Count(the(t, private)) != 1 {
		t.Errorf("both are %v", both)
	}
	expectEqual(t, "private less shared", private.Sub(one), private)
}

// covers: SharedResourcesTest.Filter
func TestSharedFilter(t *testing.T) {
	one := disk(10, "web", volume("1"), shared)
	rest := MustParse("cpus:1;mem:512;disk:1000").Add(disk(20, "db"))
	all := rest.Add(one).Add(one)
	expectEqual(t, "shared", all.Shared(), copies(2, one))
	expectEqual(t, "not shared", all.NonShared(), rest)
	expect(t, "shared of none", rest.Shared(), "")
}
