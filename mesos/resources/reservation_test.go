package resources

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// The rules here are those of
// https://mesos.apache.org/documentation/latest/reservation/.

// covers: ReservedResourcesTest.Validation
func TestValidateReservations(t *testing.T) {
	for name, layers := range map[string][]Reservation{
		"none":                   nil,
		"static":                 {{Role: "web"}},
		"dynamic":                {dynamic("web", "ops")},
		"dynamic with labels":    {dynamic("web", "ops", label("a", "b"))},
		"refined static":         {{Role: "web"}, dynamic("web/eu", "ops")},
		"refined dynamic, twice": {dynamic("web", "ops"), dynamic("web/eu", "ops"), dynamic("web/eu/1", "ops")},
	} {
		if err := Validate(Resource{Name: "cpus", Scalar: 8000, Reservations: layers}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cause, layers := range map[string][]Reservation{
		`role "*" can't be reserved to`:          {{Role: "*"}},
		`role "/web": starts with a slash`:       {{Role: "/web"}},
		`refinement for role "web/eu" is static`: {dynamic("web", ""), {Role: "web/eu"}},
		`role "web" does not refine "web"`:       {dynamic("web", ""), dynamic("web", "")},
		`role "db/eu" does not refine "web"`:     {{Role: "web"}, dynamic("db/eu", "")},
		`role "web/2" does not refine "web/1"`:   {{Role: "web"}, dynamic("web/1", ""), dynamic("web/2", "")},
	} {
		err := Validate(Resource{Name: "cpus", Scalar: 8000, Reservations: layers})
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("error %v, want one with %q", err, cause)
		}
	}
}

// Each of these is another resource than all others.
//
// covers: ReservedResourcesTest.Equals
func TestReservationsTellApart(t *testing.T) {
	unreserved := MustParse("cpus:8")
	all := []Resources{
		unreserved,
		mustPush(t, unreserved, Reservation{Role: "web"}),
		mustPush(t, unreserved, Reservation{Role: "db"}),
		mustPush(t, unreserved, dynamic("web", "ops")),
		mustPush(t, unreserved, dynamic("web", "dev")),
		mustPush(t, unreserved, dynamic("db", "ops")),
		mustPush(t, unreserved, dynamic("db", "dev")),
		mustPush(t, unreserved, dynamic("web", "ops", label("a", "b"))),
		mustPush(t, unreserved, dynamic("web", "ops", label("a", "c"))),
		mustPush(t, unreserved, dynamic("web", "ops", Label{Key: "a"})),
		mustPush(t, unreserved, dynamic("web", "ops"), dynamic("web/eu", "ops")),
	}
	for i, a := range all {
		for j, b := range all {
			if a.Equal(b) != (i == j) {
				t.Errorf("%v equals %v: %v", a, b, i != j)
			}
		}
	}
}

// covers: ReservedResourcesTest.AdditionStaticallyReserved
// covers: ReservedResourcesTest.AdditionDynamicallyReservedWithoutLabels
// covers: ReservedResourcesTest.AdditionDynamicallyReservedWithSameLabels
// covers: ReservedResourcesTest.AdditionDynamicallyReservedWithDistinctLabels
func TestAddReserved(t *testing.T) {
	eight, four, twelve := MustParse("cpus:8"), MustParse("cpus:4"), MustParse("cpus:12")
	for name, layer := range map[string]Reservation{
		"static":      {Role: "web"},
		"dynamic":     dynamic("web", "ops"),
		"same labels": dynamic("web", "ops", label("a", "b")),
	} {
		expectEqual(t, name, mustPush(t, eight, layer).Add(mustPush(t, four, layer)), mustPush(t, twelve, layer))
	}
	expectEqual(t, "labels in another order",
		mustPush(t, eight, dynamic("web", "ops", label("a", "b"), label("c", "d"))).
			Add(mustPush(t, four, dynamic("web", "ops", label("c", "d"), label("a", "b")))),
		mustPush(t, twelve, dynamic("web", "ops", label("a", "b"), label("c", "d"))))

	one := mustPush(t, four, dynamic("web", "ops", label("a", "b")))
	other := mustPush(t, four, dynamic("web", "ops", label("a", "c")))
	sum := one.Add(other)
	if sum.Len() != 2 || sum.Equal(one.Add(one)) || sum.Equal(other.Add(other)) {
		t.Errorf("with other labels: %v", sum)
	}
	expectEqual(t, "the other way round", other.Add(one), sum)
}

// covers: ReservedResourcesTest.Subtraction
// covers: ReservedResourcesTest.Contains
func TestSubReserved(t *testing.T) {
	static := func(text string) Resources { return mustPush(t, MustParse(text), Reservation{Role: "web"}) }
	labelled := func(text, value string) Resources {
		return mustPush(t, MustParse(text), dynamic("web", "ops", label("a", value)))
	}
	a, b := static("cpus:8"), labelled("cpus:8", "b")
	expect(t, "a-a", a.Sub(a), "")
	expect(t, "b-b", b.Sub(b), "")
	expectEqual(t, "a-b", a.Sub(b), a)
	expectEqual(t, "b-a", b.Sub(a), b)
	expectEqual(t, "parts of both", a.Add(b).Sub(static("cpus:2")).Sub(labelled("cpus:5", "b")),
		static("cpus:6").Add(labelled("cpus:3", "b")))
	expectEqual(t, "other labels", b.Sub(labelled("cpus:8", "c")), b)

	expectContains(t, a, a, true)
	expectContains(t, a, b, false)
	expectContains(t, b, a, false)
	expectContains(t, a, a.Add(b), false)
	expectContains(t, b, a.Add(b), false)
	expectContains(t, a.Add(b), a, true)
	expectContains(t, a.Add(b), b, true)
	expectContains(t, a.Add(b), a.Add(b), true)
}

// covers: ResourcesTest.Reservations
func TestReservationViews(t *testing.T) {
	unreserved := MustParse("cpus:1;mem:2;disk:4")
	web := MustParse("cpus(web):2;mem(web):4;disk(web):8")
	db := MustParse("cpus(db):4;mem(db):8;disk(db):6")
	all := unreserved.Add(web).Add(db)
	parts := all.ReservationsByRole()
	if len(parts) != 2 || parts[0].Role != "db" || parts[1].Role != "web" {
		t.Fatalf("parts are %v", parts)
	}
	expectEqual(t, "the part of db", parts[0].Resources, db)
	expectEqual(t, "the part of web", parts[1].Resources, web)
	expectEqual(t, "reserved to web", all.ReservedTo("web"), web)
	expectEqual(t, "reserved to db", all.ReservedTo("db"), db)
	expect(t, `reserved to "*"`, all.ReservedTo("*"), "")
	expectEqual(t, "unreserved", all.Unreserved(), unreserved)
	expectEqual(t, "reserved", all.Reserved(), web.Add(db))
}

// covers: ResourcesTest.HierarchicalReservations
func TestAllocatableTo(t *testing.T) {
	const unreserved, parent, child, cousin, grandchild = "cpus:1;mem:2;", "cpus(a):2;mem(a):4;", "cpus(a/xy):4;mem(a/xy):8;",
		"cpus(a/x):4;mem(a/x):8;", "cpus(a/xy/z):8;mem(a/xy/z):16;"
	all := MustParse(unreserved + parent + child + cousin + grandchild)
	for role, want := range map[string]string{
		"*":      unreserved,
		"b":      unreserved,
		"a":      unreserved + parent,
		"a/xy":   unreserved + parent + child,
		"a/xy/z": unreserved + parent + child + grandchild,
		"a/x/z":  unreserved + parent + cousin,
	} {
		expect(t, "what can be allocated to "+role, all.AllocatableTo(role), want)
	}
	expect(t, "reserved to the subtree of a/xy", all.ReservedToSubtree("a/xy"), child+grandchild)
	expect(t, "reserved to the subtree of a", all.ReservedToSubtree("a"), parent+child+cousin+grandchild)
}

// covers: ResourcesTest.ToUnreserved
func TestToUnreserved(t *testing.T) {
	expect(t, "without reservations", MustParse("cpus(web):2;cpus(db):3;mem(web):7").ToUnreserved(), "cpus:5;mem:7")
	plain := MustParse("cpus:1")
	expectEqual(t, "what is unreserved already", plain.ToUnreserved(), plain)
}

func TestPushAndPop(t *testing.T) {
	static := MustParse("cpus(web):2;mem(web):7")
	refined := mustPush(t, static, dynamic("web/eu", "ops"))
	for r := range refined.All() {
		if r.ReservationRole() != "web/eu" || !r.HasRefinedReservation() || !r.IsDynamicallyReserved() || !r.IsReserved() {
			t.Errorf("%v is not as it should be", r)
		}
	}
	popped, err := refined.PopReservation()
	if err != nil {
		t.Fatal(err)
	}
	expectEqual(t, "popped", popped, static)
	if _, err := MustParse("cpus:1").PopReservation(); mesos.KindOf(err) != mesos.Invalid || err == nil {
		t.Errorf("popping what isn't reserved: %v", err)
	}
	for _, layer := range []Reservation{{Role: "web/eu"}, dynamic("web", ""), dynamic("*", ""), dynamic("db", "")} {
		if r, err := static.PushReservation(layer); mesos.KindOf(err) != mesos.Invalid || err == nil {
			t.Errorf("pushing %v makes %v, %v", layer, r, err)
		}
	}
	// Two refinements of one resource share its memory, but not their layers.
	other := mustPush(t, static, dynamic("web/us", "ops"))
	expectDifferent(t, "two refinements", refined, other)
}

// covers: ResourcesTest.ReservationAncestor
func TestReservationAncestor(t *testing.T) {
	base := MustParse("cpus:2;mem:10")
	a := mustPush(t, base, dynamic("a", ""))
	ab := mustPush(t, a, dynamic("a/b", ""))
	ac := mustPush(t, a, dynamic("a/c", ""))
	d := mustPush(t, base, dynamic("d", ""))
	for _, test := range []struct {
		name       string
		a, b, want Resources
	}{
		{"both unreserved", base, base, base},
		{"the same", a, a, a},
		{"the same refined", ab, ab, ab},
		{"one unreserved", a, base, base},
		{"one refined", ab, a, a},
		{"refined and unreserved", ab, base, base},
		{"siblings", ab, ac, a},
		{"strangers", ab, d, base},
		{"nothing", Resources{}, a, Resources{}},
	} {
		expectEqual(t, test.name, test.a.ReservationAncestor(test.b), test.want)
		expectEqual(t, test.name+", the other way round", test.b.ReservationAncestor(test.a), test.want)
	}
}
