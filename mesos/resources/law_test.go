package resources

import (
	"testing"

	"pgregory.net/rapid"
)

// The laws of the algebra, for resources of all sorts.

// anyResource draws a valid resource; few of each sort, so that many are alike.
var anyResource = rapid.Custom(func(t *rapid.T) Resource {
	r := Resource{Reservations: rapid.SampledFrom([][]Reservation{
		nil, nil, {{Role: "a"}}, {dynamic("a", "p")}, {{Role: "a"}, dynamic("a/b", "p", label("k", "v"))},
	}).Draw(t, "reservations")}
	r.Revocable = rapid.SampledFrom([]bool{false, false, true}).Draw(t, "revocable")
	r.AllocationRole = rapid.SampledFrom([]string{"", "", "a"}).Draw(t, "allocated")
	r.ProviderID = rapid.SampledFrom([]string{"", "", "", "p"}).Draw(t, "provider")
	switch r.Name = rapid.SampledFrom([]string{"cpus", "ports", "zones", "disk"}).Draw(t, "name"); r.Name {
	case "ports":
		r.Kind = KindRanges
		r.Ranges = rapid.SampledFrom([]Ranges{{{Begin: 1, End: 4}}, {{Begin: 3, End: 9}}, {{Begin: 1, End: 2}, {Begin: 8, End: 9}}, {{Begin: 5, End: 5}}}).Draw(t, "ranges")
	case "zones":
		r.Kind = KindSet
		r.Set = rapid.SampledFrom([]Set{{"a"}, {"a", "b"}, {"b", "c"}}).Draw(t, "set")
	default:
		r.Scalar = Scalar(rapid.Int64Range(1, 3).Draw(t, "scalar"))
	}
	if r.Name == "disk" {
		r.Disk = rapid.SampledFrom([]*Disk{
			nil,
			{Volume: &Volume{ContainerPath: "p"}},
			{Persistence: &Persistence{ID: "1"}},
			{Source: &Source{Type: SourcePath, Root: "p", HasRoot: true}},
			{Source: &Source{Type: SourceMount, Root: "m", HasRoot: true}},
			{Source: &Source{Type: SourceRaw}},
			{Source: &Source{Type: SourceRaw, ID: "i"}},
		}).Draw(t, "disk")
		r.Shared = r.IsPersistentVolume() && rapid.Bool().Draw(t, "shared")
	}
	return r
})

var anyResources = rapid.Custom(func(t *rapid.T) Resources {
	return Of(rapid.SliceOfN(anyResource, 0, 6).Draw(t, "resources")...)
})

// exclusive takes from b the ranges and sets that a has too. Numbers and items
// exist once, so their sum is their union, which subtracting doesn't undo.
func exclusive(a, b Resources) Resources {
	return b.Filter(func(r Resource) bool { return r.Kind == KindScalar }).
		Add(b.Filter(func(r Resource) bool { return r.Kind != KindScalar }).Sub(a))
}

func TestAddIsCommutativeAndAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyResources.Draw(t, "a"), anyResources.Draw(t, "b"), anyResources.Draw(t, "c")
		if !a.Add(b).Equal(b.Add(a)) {
			t.Fatalf("%v, but %v", a.Add(b), b.Add(a))
		}
		if !a.Add(b).Add(c).Equal(a.Add(b.Add(c))) {
			t.Fatalf("%v, but %v", a.Add(b).Add(c), a.Add(b.Add(c)))
		}
		if !a.Add(Resources{}).Equal(a) || !a.Equal(a) {
			t.Fatalf("adding nothing to %v changes it", a)
		}
	})
}

func TestSubUndoesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyResources.Draw(t, "a"), anyResources.Draw(t, "b")
		b = exclusive(a, b)
		if got := a.Add(b).Sub(b); !got.Equal(a) {
			t.Fatalf("%v, want %v", got, a)
		}
		if !a.Sub(a).IsEmpty() {
			t.Fatalf("something is left of %v", a)
		}
	})
}

func TestContainsAgreesWithSub(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyResources.Draw(t, "a"), anyResources.Draw(t, "b")
		if got := a.Sub(b).Add(b).Equal(a); got != a.Contains(b) {
			t.Fatalf("%v contains %v: %v, but taking it away and adding it again changes nothing: %v", a, b, a.Contains(b), got)
		}
		if !a.Add(b).Contains(a) || !a.Add(b).Contains(b) {
			t.Fatalf("%v does not contain its parts", a.Add(b))
		}
		left, ok := a.TrySub(b)
		if ok != a.Contains(b) || ok && !left.Add(b).Equal(a) || !ok && !left.Equal(a) {
			t.Fatalf("%v less %v is %v, %v", a, b, left, ok)
		}
		if a.Contains(b) && b.Contains(a) && !a.Equal(b) {
			t.Fatalf("%v and %v contain each other", a, b)
		}
	})
}

func TestAddKeepsNormalForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyResources.Draw(t, "a"), anyResources.Draw(t, "b")
		for _, r := range []Resources{a.Add(b), a.Sub(b), a.Allocate("x"), a.ToUnreserved()} {
			for i := range r.items {
				if r.items[i].isGone() {
					t.Fatalf("%v has an empty part", r)
				}
				for j := range i {
					if addable(&r.items[i], &r.items[j]) {
						t.Fatalf("%v has two parts that could be one", r)
					}
				}
			}
		}
	})
}

// What goes into parts comes out of them again.
func TestPartsMakeTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyResources.Draw(t, "r")
		var allocated, reserved Resources
		for _, part := range r.ByAllocationRole() {
			allocated = allocated.Add(part.Resources)
		}
		for _, part := range r.ReservationsByRole() {
			reserved = reserved.Add(part.Resources)
		}
		for name, sum := range map[string]Resources{
			"allocations":  allocated,
			"reservations": reserved.Add(r.Unreserved()),
			"revocable":    r.Revocable().Add(r.NonRevocable()),
			"shared":       r.Shared().Add(r.NonShared()),
		} {
			if !sum.Equal(r) {
				t.Fatalf("the parts by %s of %v make %v", name, r, sum)
			}
		}
		if q := r.Quantities(); !r.ContainsQuantities(q) || !q.Equal(r.Unallocate().Quantities()) {
			t.Fatalf("%v does not contain its quantities %v", r, q)
		}
	})
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyResources.Draw(t, "r").ToUnreserved().Unallocate().Filter(func(res Resource) bool {
			return res.Disk == nil && !res.Revocable && res.ProviderID == ""
		})
		if r.IsEmpty() {
			return
		}
		if got, err := Parse(r.String(), "*"); err != nil || !got.Equal(r) {
			t.Fatalf("%v parses as %v, %v", r, got, err)
		}
	})
}
