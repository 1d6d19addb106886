package resources

import (
	"encoding/json"
	"maps"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mesosctl/mesosctl/mesos"
)

func quantities(t *testing.T, text string) Quantities {
	t.Helper()
	q, err := ParseQuantities(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func expectQuantities(t *testing.T, what string, got Quantities, want string) {
	t.Helper()
	if got.String() != want {
		t.Errorf("%s are %v, want %s", what, got, want)
	}
}

// covers: QuantitiesTest.FromStringValid
// covers: QuantitiesTest.Stringify
func TestParseQuantities(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "{}",
		"cpus:12":                   "cpus:12",
		"cpus:2.75":                 "cpus:2.75",
		" cpus : 2.75 ; disk : 12 ": "cpus:2.75; disk:12",
		"cpus:0":                    "{}",
		"cpus:12.5;ports:1":         "cpus:12.5; ports:1",
		"ports:3;cpus:12.5":         "cpus:12.5; ports:3",
		"ports:3;cpus:1;cpus:12.5":  "cpus:13.5; ports:3",
		"a:1;z:2;e:3;cpus:4;mem:5":  "a:1; cpus:4; e:3; mem:5; z:2",
	} {
		expectQuantities(t, text, quantities(t, text), want)
	}
}

var badQuantities = map[string]string{
	"cpus:b12":          "is not a number",
	"cpus:2.75c":        "is not a number",
	"ports:3,cpus:1":    "not of the form name:amount",
	"ports:3,cpus:-1":   "not of the form name:amount",
	"cpus:-1":           "is not a number of at least 0",
	"cpus:nan":          "is not a number",
	"cpus:-nan":         "is not a number",
	"cpus:inf":          "is not a number",
	"cpus:-inf":         "is not a number",
	"cpus:infinity":     "is not a number",
	"cpus:-infinity":    "is not a number",
	"ports:[1-2]":       "is not a number",
	"cpus":              "not of the form name:amount",
	"mem:1;cpus:1e300":  "over the limit",
	"mem:1;cpus:1e-320": "too close to zero",
}

// covers: QuantitiesTest.FromStringInvalid
func TestParseQuantitiesErrors(t *testing.T) {
	for text, cause := range badQuantities {
		got, err := ParseQuantities(text)
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseQuantities(%q) = %v, error %v, want one with %q", text, got, err, cause)
		}
	}
}

// covers: QuantitiesTest.FromScalarResources
// covers: QuantitiesTest.FromResources
func TestQuantitiesOf(t *testing.T) {
	expectQuantities(t, "those of nothing", Resources{}.Quantities(), "{}")
	expectQuantities(t, "all of nothing", Resources{}.AllQuantities(), "{}")
	r := MustParse("cpus:1;mem:256;disk:400;ports:[5000-6000];zones:{a,b}")
	expectQuantities(t, "those of scalars", r.Quantities(), "cpus:1; disk:400; mem:256")
	expectQuantities(t, "all", r.AllQuantities(), "cpus:1; disk:400; mem:256; ports:1001; zones:2")
	everything := Of(Resource{Name: "ids", Kind: KindRanges, Ranges: Ranges{{Begin: 0, End: math.MaxUint64}}})
	if n := everything.AllQuantities().Get("ids"); n <= 0 {
		t.Errorf("all numbers are %v", n)
	}
}

// What quantities leave out: all that tells resources of one name apart.
//
// covers: ResourcesOperationTest.StrippedResourcesVolume
// covers: ResourcesOperationTest.StrippedResourcesAllocated
// covers: ResourcesOperationTest.StrippedResourcesReserved
// covers: ResourcesOperationTest.StrippedResourcesResourceProvider
// covers: ResourcesOperationTest.StrippedResourcesNonScalar
// covers: ResourceOperationTest.StrippedResourcesRevocable
func TestQuantitiesStrip(t *testing.T) {
	cpus := MustParse("cpus:1;mem:256")
	for name, r := range map[string]Resources{
		"allocated":  cpus.Allocate("web"),
		"reserved":   mustPush(t, cpus, dynamic("web", "ops")),
		"provided":   changed(cpus, provided),
		"revocable":  changed(cpus, revocable),
		"non-scalar": cpus.Add(MustParse("ports:[1-100];names:{a,b}")),
		"apart":      MustParse("cpus:0.5;mem(web):256").Add(changed(MustParse("cpus:0.5"), revocable)),
	} {
		if got := r.Quantities(); !got.Equal(cpus.Quantities()) {
			t.Errorf("%s: %v", name, got)
		}
	}
	expectQuantities(t, "those of a volume", disk(50, "web", volume("1")).Quantities(), "disk:50")
	expectQuantities(t, "those of ranges and sets", MustParse("ports:[1-100];names:{a,b}").Quantities(), "{}")
	twice := disk(50, "web", volume("1"), shared)
	expectQuantities(t, "those of two copies", twice.Add(twice).Quantities(), "disk:50")
}

// covers: QuantitiesTest.Addition
// covers: QuantitiesTest.Sum
func TestQuantitiesAdd(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"cpus:12", "", "cpus:12"},
		{"", "cpus:12", "cpus:12"},
		{"cpus:12", "cpus:0.1", "cpus:12.1"},
		{"cpus:12.1", "alphas:1", "alphas:1; cpus:12.1"},
		{"cpus:12.1", "mem:1", "cpus:12.1; mem:1"},
		{"alphas:1;cpus:12.1", "cpus:1;mem:100", "alphas:1; cpus:13.1; mem:100"},
		{"a:1;c:1", "b:1;c:2;d:1", "a:1; b:1; c:3; d:1"},
	} {
		a, b := quantities(t, test.a), quantities(t, test.b)
		expectQuantities(t, test.a+" + "+test.b, a.Add(b), test.want)
		expectQuantities(t, test.b+" + "+test.a, b.Add(a), test.want)
	}
	expectQuantities(t, "the sum of nothing", SumQuantities(), "{}")
	expectQuantities(t, "the sum of empty ones", SumQuantities(Quantities{}, Quantities{}), "{}")
	expectQuantities(t, "the sum", SumQuantities(quantities(t, "cpus:1"), Quantities{}, quantities(t, "cpus:2"),
		quantities(t, "memory:1"), quantities(t, "cpus:1;memory:1")), "cpus:4; memory:2")
}

// covers: QuantitiesTest.Subtraction
func TestQuantitiesSub(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"", "cpus:1", "{}"},
		{"cpus:1", "", "cpus:1"},
		{"cpus:1", "cpus:0.4", "cpus:0.6"},
		{"cpus:1", "cpus:1", "{}"},
		{"cpus:1", "cpus:1.4", "{}"},
		{"cpus:1", "mem:100", "cpus:1"},
		{"cpus:1", "alphas:1", "cpus:1"},
		{"cpus:1;mem:100", "alphas:1;cpus:0.5", "cpus:0.5; mem:100"},
		{"a:1;b:2;c:3", "a:2;b:1;d:1", "b:1; c:3"},
	} {
		expectQuantities(t, test.a+" - "+test.b, quantities(t, test.a).Sub(quantities(t, test.b)), test.want)
	}
}

// covers: QuantitiesTest.Contains
func TestQuantitiesContain(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"cpus:1", "", true},
		{"", "cpus:1", false},
		{"cpus:1;mem:1", "cpus:1;mem:1", true},
		{"cpus:1;mem:1;disk:1", "cpus:1;mem:1", true},
		{"cpus:1;mem:1", "cpus:1;mem:1;disk:1", false},
		{"cpus:1;mem:1", "cpus:1;disk:1", false},
		{"cpus:1;mem:1", "gpu:1;disk:1", false},
		{"gpu:1;disk:1", "cpus:1;mem:1", false},
		{"cpus:2;mem:2", "cpus:2;mem:1", true},
		{"cpus:2;mem:1", "cpus:2;mem:2", false},
		{"gpu:2", "gpu:1", true},
		{"gpu:1", "gpu:2", false},
	} {
		if got := quantities(t, test.a).Contains(quantities(t, test.b)); got != test.want {
			t.Errorf("%s contains %s: %v", test.a, test.b, got)
		}
	}
}

// covers: ResourcesTest.ContainsResourceQuantities
func TestContainsQuantities(t *testing.T) {
	for _, test := range []struct {
		r, q string
		want bool
	}{
		{"", "", true},
		{"", "cpus:1", false},
		{"cpus:1", "", true},
		{"cpus:2", "cpus:1", true},
		{"cpus:1", "cpus:1", true},
		{"cpus:0.5", "cpus:1", false},
		{"ports:[1-3]", "ports:2", true},
		{"ports:[1-2]", "ports:2", true},
		{"ports:[1-1]", "ports:2", false},
		{"zones:{a,b,c}", "zones:2", true},
		{"zones:{a,b}", "zones:2", true},
		{"zones:{a}", "zones:2", false},
		{"cpus:3;ports:[1-3];zones:{a,b,c};mem:10", "cpus:3;ports:3;zones:3", true},
		{"cpus:3;ports:[1-3];zones:{a,b,c}", "cpus:3;ports:3;zones:3", true},
		{"cpus:1;ports:[1-3];zones:{a,b,c}", "cpus:3;ports:3;zones:3", false},
		{"cpus:3;ports:[1-3]", "cpus:3;ports:3;zones:3", false},
		{"cpus(web):2", "cpus:3", false},
		{"cpus(web):2;cpus:1", "cpus:3", true},
		{"ports(web):[1-10]", "ports:12", false},
		{"ports(web):[1-10];ports:[20-25]", "ports:12", true},
	} {
		if got := MustParse(test.r).ContainsQuantities(quantities(t, test.q)); got != test.want {
			t.Errorf("%s contains %s: %v", test.r, test.q, got)
		}
	}
	one := disk(64, "web", volume("1"), shared)
	if one.Add(one).ContainsQuantities(quantities(t, "disk:128")) {
		t.Error("two copies of a volume count twice")
	}
	if !one.Add(MustParse("disk:64")).ContainsQuantities(quantities(t, "disk:128")) {
		t.Error("a volume doesn't count")
	}
}

// Quantities against the plainest thing that means the same: a map.
func TestQuantitiesAgainstModel(t *testing.T) {
	names := []string{"cpus", "mem", "gpus", "disk", "a", "e", "z"}
	drawn := rapid.MapOf(rapid.SampledFrom(names), rapid.Int64Range(1, 5))
	build := func(m map[string]int64) Quantities {
		var q Quantities
		for name, n := range m {
			q = q.Add(NewQuantities(Quantity{name, Scalar(n)}))
		}
		return q
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn.Draw(t, "a"), drawn.Draw(t, "b")
		sum, difference, least := map[string]Scalar{}, map[string]Scalar{}, map[string]Scalar{}
		contains := true
		for _, name := range names {
			sum[name] = Scalar(a[name] + b[name])
			difference[name] = Scalar(max(0, a[name]-b[name]))
			least[name] = Scalar(min(a[name], b[name]))
			contains = contains && a[name] >= b[name]
		}
		x, y := build(a), build(b)
		for what, test := range map[string]struct {
			got  Quantities
			want map[string]Scalar
		}{"sum": {x.Add(y), sum}, "difference": {x.Sub(y), difference}, "least": {x.Min(y), least}} {
			maps.DeleteFunc(test.want, func(_ string, s Scalar) bool { return s == 0 })
			if got := maps.Collect(test.got.All()); !maps.Equal(got, test.want) {
				t.Fatalf("the %s of %v and %v is %v", what, x, y, got)
			}
			for _, name := range names {
				if test.got.Get(name) != test.want[name] {
					t.Fatalf("%s of %v is %v", name, test.got, test.got.Get(name))
				}
			}
		}
		if x.Contains(y) != contains || x.Equal(y) != maps.Equal(a, b) || x.IsEmpty() != (len(a) == 0) {
			t.Fatalf("comparing %v and %v is wrong", x, y)
		}
		if again, err := ParseQuantities(strings.Trim(x.String(), "{}")); err != nil || !again.Equal(x) {
			t.Fatalf("%v parses as %v, %v", x, again, err)
		}
	})
}

func TestQuantitiesAsJSON(t *testing.T) {
	want := quantities(t, "cpus:1.5;mem:1024;tapes:2")
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"cpus":1.5,"mem":1024,"tapes":2}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var got Quantities
	if err := json.Unmarshal(text, &got); err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{`[]`, `{"cpus":"x"}`, `{"cpus":-1}`} {
		if err := got.UnmarshalJSON([]byte(bad)); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}
