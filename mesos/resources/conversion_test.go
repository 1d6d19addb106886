package resources

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func mustConvert(t *testing.T) func(Conversion, error) Conversion {
	return func(c Conversion, err error) Conversion {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func expectApplied(t *testing.T, what string, r Resources, c Conversion, want Resources) {
	t.Helper()
	got, err := r.Apply(c)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	expectEqual(t, what, got, want)
}

func expectRefused(t *testing.T, what string, r Resources, c Conversion) {
	t.Helper()
	got, err := r.Apply(c)
	if mesos.KindOf(err) != mesos.Invalid || err == nil {
		t.Errorf("%s: error %v", what, err)
	}
	expectEqual(t, what, got, r)
}

// covers: ResourcesOperationTest.ReserveResources
// covers: ResourcesOperationTest.FlattenResources
// covers: ResourcesOperationTest.UnreserveResources
func TestReserveAndUnreserve(t *testing.T) {
	must := mustConvert(t)
	unreserved := MustParse("cpus:2;mem:256")
	reserved := func(text string) Resources { return mustPush(t, MustParse(text), dynamic("web", "ops")) }
	expectApplied(t, "reserving", unreserved, must(Reserving(reserved("cpus:2"), Resources{})), MustParse("mem:256").Add(reserved("cpus:2")))
	expectRefused(t, "reserving too much", unreserved, must(Reserving(reserved("cpus:3"), Resources{})))
	other := mustPush(t, MustParse("cpus:1"), dynamic("db", "ops"))
	expectApplied(t, "reserving from another", reserved("cpus:2"), must(Reserving(other, reserved("cpus:1"))), reserved("cpus:1").Add(other))

	both := reserved("cpus:2;mem:256")
	expectApplied(t, "unreserving", both, must(Unreserving(reserved("cpus:2"))), reserved("mem:256").Add(MustParse("cpus:2")))
	expectRefused(t, "unreserving too much", both, must(Unreserving(reserved("cpus:3"))))
	if c, err := Unreserving(unreserved); err == nil {
		t.Errorf("unreserving what isn't reserved is %v", c)
	}
	if c, err := Reserving(unreserved, Resources{}); err == nil {
		t.Errorf("reserving to nobody is %v", c)
	}
}

// covers: ResourcesOperationTest.CreatePersistentVolume
// covers: ResourcesOperationTest.CreatePersistentVolumeFromMount
func TestCreateVolume(t *testing.T) {
	total := MustParse("cpus:1;mem:512;disk(web):500")
	volume1 := disk(100, "web", volume("1"), at("path"))
	expectApplied(t, "creating", total, Creating(the(t, volume1)), MustParse("cpus:1;mem:512;disk(web):400").Add(volume1))
	expectRefused(t, "creating too much", total, Creating(the(t, disk(600, "web", volume("1")))))

	mount := rooted(SourceMount, "mnt")
	whole := disk(100, "web", mount)
	onMount := disk(100, "web", volume("1"), mount)
	expectApplied(t, "creating on a MOUNT disk", whole, Creating(the(t, onMount)), onMount)
	expectApplied(t, "destroying on a MOUNT disk", onMount, Destroying(the(t, onMount)), whole)
	expectRefused(t, "creating on part of a MOUNT disk", whole, Creating(the(t, disk(50, "web", volume("1"), mount))))
}

// covers: ResourcesOperationTest.CreateSharedPersistentVolume
// covers: ResourcesOperationTest.DestroySharedPersistentVolumeMultipleCopies
func TestSharedVolume(t *testing.T) {
	total := MustParse("cpus:1;mem:512;disk(web):500")
	volume1 := disk(100, "web", volume("1"), at("path"), shared)
	created := MustParse("cpus:1;mem:512;disk(web):400").Add(volume1)
	expectApplied(t, "creating", total, Creating(the(t, volume1)), created)
	expectApplied(t, "destroying", created, Destroying(the(t, volume1)), total)
	expectRefused(t, "creating too much", total, Creating(the(t, disk(600, "web", volume("1"), shared))))
	twice := created.Add(volume1)
	expectRefused(t, "destroying with another copy", twice, Destroying(the(t, volume1)))
	if _, err := twice.Apply(Destroying(the(t, volume1))); !strings.Contains(err.Error(), "more copies") {
		t.Errorf("destroying with another copy: %v", err)
	}
}

func TestGrowAndShrink(t *testing.T) {
	must := mustConvert(t)
	total := disk(500, "web").Add(disk(100, "web", volume("1")))
	volume1 := the(t, disk(100, "web", volume("1")))
	expectApplied(t, "growing", total, must(Growing(volume1, the(t, disk(50, "web")))), disk(450, "web").Add(disk(150, "web", volume("1"))))
	expectApplied(t, "shrinking", total, must(Shrinking(volume1, 40*mesos.OneScalar)), disk(540, "web").Add(disk(60, "web", volume("1"))))
	for _, by := range []Scalar{-1, 0, 100 * mesos.OneScalar} {
		if c, err := Shrinking(volume1, by); err == nil {
			t.Errorf("shrinking by %v is %v", by, c)
		}
	}
	for _, addition := range []Resources{MustParse("disk:50"), MustParse("cpus(web):50"), disk(5, "web", rooted(SourcePath, "p"))} {
		if c, err := Growing(volume1, the(t, addition)); err == nil {
			t.Errorf("growing by %v is %v", addition, c)
		}
	}
	whole := the(t, disk(100, "web", volume("1"), rooted(SourceMount, "m")))
	if c, err := Growing(whole, the(t, disk(5, "web", rooted(SourceMount, "m")))); err == nil {
		t.Errorf("growing a MOUNT disk is %v", c)
	}
}
