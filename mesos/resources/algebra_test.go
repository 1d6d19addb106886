package resources

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// The rules here are those of
// https://mesos.apache.org/documentation/latest/attributes-resources/.

// covers: ResourcesTest.InitializedIsEmpty
// covers: ResourcesTest.EmptyUnequal
// covers: ResourcesTest.AbsentResources
func TestEmpty(t *testing.T) {
	var empty Resources
	if !empty.IsEmpty() || empty.Len() != 0 || empty.String() != "{}" {
		t.Errorf("the zero value is %v", empty)
	}
	expect(t, "nothing", empty, "")
	expect(t, "zero of something", MustParse("gpus:0;ports:[];zones:{}"), "")
	expectDifferent(t, "nothing", empty, MustParse("cpus:3"))
}

// A bad resource is refused by name where it would be made; an empty one is
// nothing.
//
// covers: ResourcesTest.BadResourcesNotAllocatable
func TestNewRefusesBadResources(t *testing.T) {
	if r, err := New(Resource{Scalar: 1000}); mesos.KindOf(err) != mesos.Invalid || !r.IsEmpty() {
		t.Errorf("without a name: %v, %v", r, err)
	}
	if r, err := New(Resource{Name: "cpus", Scalar: -1}); mesos.KindOf(err) != mesos.Invalid || !r.IsEmpty() {
		t.Errorf("negative: %v, %v", r, err)
	}
	if r, err := New(Resource{Name: "cpus"}); err != nil || !r.IsEmpty() {
		t.Errorf("zero: %v, %v", r, err)
	}
}

// covers: ResourcesTest.MoveConstruction
func TestNewFromParts(t *testing.T) {
	want := MustParse("cpus:7.25;mem:100;ports:[8000-8100, 9000-9999];zones:{a,b};disk(web):5")
	var parts []Resource
	var sum Resources
	for r := range want.All() {
		parts = append(parts, r)
		sum = sum.Add(Of(r))
	}
	expectEqual(t, "the sum of the parts", sum, want)
	again, err := New(parts...)
	if err != nil {
		t.Fatal(err)
	}
	expectEqual(t, "all parts together", again, want)
}

// covers: ResourcesTest.ScalarEquals
// covers: ResourcesTest.RangesEquals
// covers: ResourcesTest.SetEquals
func TestEqual(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"cpus:5;mem:512", "mem:512;cpus:5", true},
		{"cpus:5", "cpus:2;cpus:3", true},
		{"cpus:5", "cpus:5;mem:1", false},
		{"cpus:5", "cpus:4", false},
		{"cpus(web):5", "cpus(db):5", false},
		{"cpus(web):5", "cpus:5", false},
		{"ports:[120-140]", "ports:[120-130, 131-139, 140-140]", true},
		{"ports:[120-140]", "ports:[120-139]", false},
		{"zones:{a}", "zones:{a}", true},
		{"zones:{a,b}", "zones:{b,a}", true},
		{"zones:{a}", "zones:{b}", false},
	} {
		if got := MustParse(test.a).Equal(MustParse(test.b)); got != test.want {
			t.Errorf("%s equals %s: %v", test.a, test.b, got)
		}
	}
}

// covers: ResourcesTest.ScalarSubset
// covers: ResourcesTest.ScalarSubset2
// covers: ResourcesTest.RangesSubset
// covers: ResourcesTest.SetSubset
func TestContains(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"cpus:2;mem:4096", "cpus:2;mem:2048", true},
		{"cpus:2;mem:2048", "cpus:2;mem:4096", false},
		{"cpus(web):2", "cpus(db):2", false},
		{"cpus(web):3", "cpus(web):2", true},
		{"cpus(web):2", "cpus(web):3", false},
		{"cpus(web):3", "cpus:1", false},
		{"cpus:3", "", true},
		{"", "cpus:3", false},
		{"ports:[11-20]", "ports:[12-12, 14-15]", true},
		{"ports:[12-12, 14-15]", "ports:[11-20]", false},
		{"ports:[12-13]", "ports:[12-12, 14-15]", false},
		{"ports:[12-12, 14-15]", "ports:[12-13]", false},
		{"ports:[11-20]", "ports:[12-13]", true},
		{"ports:[12-13]", "ports:[11-20]", false},
		{"ports:[11-12, 14-16]", "ports:[12-12, 14-15]", true},
		{"ports:[11-20]", "ports:[11-12, 14-16]", true},
		{"ports:[11-14, 15-15]", "ports:[12-12, 14-15]", true},
		{"ports:[12-12, 14-15]", "ports:[11-14, 15-15]", false},
		{"zones:{a,c,d,b}", "zones:{a,b}", true},
		{"zones:{a,b}", "zones:{a,c,d,b}", false},
	} {
		expectContains(t, MustParse(test.a), MustParse(test.b), test.want)
	}
}

// covers: ResourcesTest.ScalarAddition
// covers: ResourcesTest.ScalarAddition2
// covers: ResourcesTest.RangesAddition
// covers: ResourcesTest.RangesAddition2
// covers: ResourcesTest.RangesAddition3
// covers: ResourcesTest.RangesAddition4
// covers: ResourcesTest.SetAddition
func TestAdd(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"cpus:2;mem:6", "cpus:3;mem:11", "cpus:5;mem:17"},
		{"cpus(web):2;cpus(db):4", "cpus(web):6", "cpus(web):8;cpus(db):4"},
		{"", "cpus:2", "cpus:2"},
		{"ports:[2000-4000]", "ports:[3000-5000, 1000-2000]", "ports:[1000-5000]"},
		{"ports:[11-20, 15-40, 60-70]", "ports:[11-75, 80-90]", "ports:[11-75, 80-90]"},
		{"ports:[11-12]", "ports:[13-14]", "ports:[11-14]"},
		{"ports:[17-18]", "ports:[15-16]", "ports:[15-18]"},
		{"ports:[15-18]", "ports:[11-14]", "ports:[11-18]"},
		{"ports:[11-14, 19-20, 30-32, 36-40]", "ports:[15-18, 33-35]", "ports:[11-20, 30-40]"},
		{"zones:{a,b,c}", "zones:{a,b,c,d}", "zones:{a,b,c,d}"},
	} {
		a, b := MustParse(test.a), MustParse(test.b)
		want := MustParse(test.want)
		expectEqual(t, test.a+" + "+test.b, a.Add(b), want)
		expectEqual(t, test.b+" + "+test.a, b.Add(a), want)
		expectEqual(t, test.a+" after adding to it", a, MustParse(test.a))
		if got := a.Add(b).Len(); got != want.Len() {
			t.Errorf("%s + %s is %d resources, want %d", test.a, test.b, got, want.Len())
		}
	}
}

// covers: ResourcesTest.ScalarSubtraction
// covers: ResourcesTest.ScalarSubtraction2
// covers: ResourcesTest.RangesSubtraction
// covers: ResourcesTest.RangesSubtraction1
// covers: ResourcesTest.RangesSubtraction2
// covers: ResourcesTest.RangesSubtraction3
// covers: ResourcesTest.RangesSubtraction4
// covers: ResourcesTest.RangesSubtraction5
// covers: ResourcesTest.RangesSubtraction6
// covers: ResourcesTest.SetSubtraction
func TestSub(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"cpus:40;mem:2048", "cpus:0.5;mem:1024", "cpus:39.5;mem:1024"},
		{"cpus:40;mem:2048", "cpus:40;mem:2048", ""},
		{"cpus(web):6;cpus(db):4", "cpus(web):2", "cpus(web):4;cpus(db):4"},
		{"cpus:2", "mem:2", "cpus:2"},
		{"cpus:2;mem:1", "cpus:3", "mem:1"},
		{"ports:[2000-4000]", "ports:[1000-2000, 3000-5000]", "ports:[2001-2999]"},
		{"ports:[5000-6000]", "ports:[5000-5001]", "ports:[5002-6000]"},
		{"ports:[5000-6000]", "ports:[5000-5000]", "ports:[5001-6000]"},
		{"ports:[5000-6000]", "ports:[5000-6000]", ""},
		{"ports:[11-20, 30-40, 50-60]", "ports:[12-19, 25-55, 58-60]", "ports:[11-11, 20-20, 56-57]"},
		{"ports:[11-20]", "ports:[21-30]", "ports:[11-20]"},
		{"zones:{a,b,c,d}", "zones:{b,c,d}", "zones:{a}"},
		{"zones:{a,b}", "zones:{b,c}", "zones:{a}"},
	} {
		a, b := MustParse(test.a), MustParse(test.b)
		expect(t, test.a+" - "+test.b, a.Sub(b), test.want)
		expect(t, test.a+" after subtracting from it", a, test.a)
	}
	offered, used := MustParse(""), MustParse("ports:[5000-5001]")
	expect(t, "what is free", MustParse("ports:[5000-6000]").Sub(offered.Add(used)), "ports:[5002-6000]")
	if ports := MustParse("ports:[1-2]").Sub(MustParse("ports:[1-2]")).Ports(); ports != nil {
		t.Errorf("nothing has the ports %v", ports)
	}
}

func TestTrySub(t *testing.T) {
	total := MustParse("cpus:4;mem:8")
	if left, ok := total.TrySub(MustParse("cpus:1")); !ok {
		t.Errorf("can't take what is there, leaving %v", left)
	} else {
		expect(t, "what is left", left, "cpus:3;mem:8")
	}
	left, ok := total.TrySub(MustParse("cpus:1;mem:9"))
	if ok {
		t.Error("took more than was there")
	}
	expectEqual(t, "what is left", left, total)
}

// covers: ResourcesTest.PrecisionSimple
// covers: ResourcesTest.PrecisionManyOps
// covers: ResourcesTest.PrecisionManyConsecutiveOps
// covers: ResourcesTest.PrecisionLost
// covers: ResourcesTest.PrecisionRounding
func TestPrecision(t *testing.T) {
	for text, want := range map[string]float64{"1.001": 1.001, "2.5012": 2.501, "2.5015": 2.502, "0.1": 0.1} {
		start := MustParse("cpus:" + text)
		if got := start.Cpus().Float(); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
		current := start
		for range 2500 {
			current = current.Add(current).Add(current).Sub(current).Sub(current)
		}
		if got := current.Cpus().Float(); got != want {
			t.Errorf("%s is %v after adding and subtracting, want %v", text, got, want)
		}
		for range 100_000 {
			current = current.Add(start)
		}
		for range 100_000 {
			current = current.Sub(start)
		}
		expectEqual(t, text+" after many additions and as many subtractions", current, start)
		zero := MustParse("cpus:0")
		expectEqual(t, "adding and subtracting zero", start.Add(zero).Sub(zero), start)
	}
}

// covers: ResourcesTest.VerySmallValue
func TestVerySmallValue(t *testing.T) {
	for _, text := range []string{"cpus:0.00002", "cpus:0.0004999", `[{"name":"cpus","type":"SCALAR","scalar":{"value":0.0002}}]`} {
		if r, err := Parse(text, "*"); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s parses as %v, %v", text, r, err)
		}
	}
}

// covers: ResourcesTest.Count
func TestCount(t *testing.T) {
	volume1 := disk(100, "web", volume("1"), at("path"), shared)
	private := disk(100, "web", volume("1"), at("path"))
	cpus := MustParse("cpus:1")
	for _, test := range []struct {
		name string
		in   Resources
		of   Resources
		want int
	}{
		{"one copy", volume1, volume1, 1},
		{"two copies", volume1.Add(volume1), volume1, 2},
		{"not shared", private, private, 1},
		{"not shared, twice", private.Add(private), private, 1},
		{"the very amount", cpus, cpus, 1},
		{"another amount", cpus.Add(cpus), cpus, 0},
	} {
		if got := test.in.Count(the(t, test.of)); got != test.want {
			t.Errorf("%s: count is %d, want %d", test.name, got, test.want)
		}
	}
}
