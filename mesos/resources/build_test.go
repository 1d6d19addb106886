package resources

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// The builders that the tests share.

// expect fails the test if the resources are not those of the text.
func expect(t *testing.T, what string, got Resources, want string) {
	t.Helper()
	expectEqual(t, what, got, MustParse(want))
}

func expectEqual(t *testing.T, what string, got, want Resources) {
	t.Helper()
	if !got.Equal(want) || !want.Equal(got) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func expectDifferent(t *testing.T, what string, a, b Resources) {
	t.Helper()
	if a.Equal(b) || b.Equal(a) {
		t.Errorf("%s: %v and %v are equal", what, a, b)
	}
}

func expectContains(t *testing.T, a, b Resources, want bool) {
	t.Helper()
	if a.Contains(b) != want {
		t.Errorf("%v contains %v: %v", a, b, !want)
	}
}

func mustPush(t *testing.T, r Resources, layers ...Reservation) Resources {
	t.Helper()
	for _, layer := range layers {
		pushed, err := r.PushReservation(layer)
		if err != nil {
			t.Fatal(err)
		}
		r = pushed
	}
	return r
}

func dynamic(role, principal string, labels ...Label) Reservation {
	return Reservation{Dynamic: true, Role: role, Principal: principal, Labels: labels}
}

func label(key, value string) Label { return Label{Key: key, Value: value, HasValue: true} }

// disk is a disk resource of an amount, statically reserved to a role; change
// is what makes it special.
func disk(amount Scalar, role string, change ...func(*Resource)) Resources {
	r := Resource{Name: "disk", Scalar: amount * mesos.OneScalar, Reservations: staticReservation(role)}
	for _, f := range change {
		f(&r)
	}
	return Of(r)
}

func diskOf(r *Resource) *Disk {
	if r.Disk == nil {
		r.Disk = &Disk{}
	}
	return r.Disk
}

func volume(id string) func(*Resource) {
	return func(r *Resource) { diskOf(r).Persistence = &Persistence{ID: id} }
}

func at(path string) func(*Resource) {
	return func(r *Resource) { diskOf(r).Volume = &Volume{ContainerPath: path} }
}

func from(source Source) func(*Resource) {
	return func(r *Resource) { diskOf(r).Source = &source }
}

func rooted(kind SourceType, root string) func(*Resource) {
	return from(Source{Type: kind, Root: root, HasRoot: true})
}

func shared(r *Resource) { r.Shared = true }

func provided(r *Resource) { r.ProviderID = "provider" }

// changed is r with every resource changed.
func changed(r Resources, change func(*Resource)) Resources {
	return r.transform(func(it *item) {
		whole, copies := it.resource(), it.copies
		change(&whole)
		*it = itemOf(&whole)
		it.copies = copies
	})
}

func revocable(r *Resource) { r.Revocable = true }

// the is the only resource of r.
func the(t *testing.T, r Resources) Resource {
	t.Helper()
	if r.Len() != 1 {
		t.Fatalf("%v is not one resource", r)
	}
	return r.items[0].resource()
}
