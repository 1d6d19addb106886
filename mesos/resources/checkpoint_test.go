package resources

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestRestorePutsBackWhatTheConfigurationDoesNotSay(t *testing.T) {
	configured := MustParse("cpus:4;mem:512;disk(web):500")
	reserved := mustPush(t, MustParse("cpus:1;mem:128"), dynamic("web", "ops"))
	refined := mustPush(t, MustParse("disk(web):50"), dynamic("web/a", "ops"))
	volume1 := disk(100, "web", volume("1"), at("path"), shared)
	total := MustParse("cpus:3;mem:384;disk(web):350").Add(reserved).Add(refined).Add(volume1)
	checkpointed := total.Checkpointed()
	expectEqual(t, "checkpointed", checkpointed, reserved.Add(refined).Add(volume1))
	restored, err := configured.Restore(checkpointed)
	if err != nil {
		t.Fatal(err)
	}
	expectEqual(t, "restored", restored, total)

	for _, smaller := range []string{"cpus:0.5;mem:512;disk(web):500", "cpus:4;mem:512;disk:500", "cpus:4;mem:512;disk(web):120"} {
		if got, err := MustParse(smaller).Restore(checkpointed); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v takes %v: %v, %v", smaller, checkpointed, got, err)
		}
	}
}

func TestProvidersRememberTheirOwnResources(t *testing.T) {
	provided := changed(mustPush(t, MustParse("disk:1"), dynamic("web", "ops")), provided)
	if got := provided.Checkpointed(); !got.IsEmpty() {
		t.Errorf("the agent checkpoints %v", got)
	}
}

// Whatever operations make of an agent's resources comes back after a restart.
func TestRestoreUndoesForgetting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configured := MustParse("cpus:4;cpus(a):4;disk:8;disk(a):8;ports:[1-9]")
		total := configured
		for range rapid.IntRange(0, 8).Draw(t, "operations") {
			total = randomOperation(t, total)
		}
		restored, err := configured.Restore(total.Checkpointed())
		if err != nil || !restored.Equal(total) {
			t.Fatalf("%v became %v: %v", total, restored, err)
		}
		if !total.ToUnreserved().AllQuantities().Equal(configured.AllQuantities()) {
			t.Fatalf("operations made %v of %v", total, configured)
		}
	})
}

// randomOperation does something that an operation may do.
func randomOperation(t *rapid.T, total Resources) Resources {
	var list []Resource
	for r := range total.All() {
		list = append(list, r)
	}
	r := rapid.SampledFrom(list).Draw(t, "of")
	if r.Kind == KindScalar && !r.IsPersistentVolume() {
		r.Scalar = min(r.Scalar, rapid.SampledFrom([]Scalar{1, 1000, 2000, 1 << 40}).Draw(t, "amount"))
	}
	var c Conversion
	var err error
	switch {
	case r.IsPersistentVolume() && rapid.Bool().Draw(t, "resize"):
		c, err = Shrinking(r, r.Scalar/2)
	case r.IsPersistentVolume():
		c = Destroying(r)
	case r.Name == "disk" && len(r.Reservations) > 0 && rapid.Bool().Draw(t, "create"):
		r.Disk = &Disk{Persistence: &Persistence{ID: rapid.StringMatching("[a-z]{8}").Draw(t, "id")}, Volume: &Volume{ContainerPath: "p"}}
		r.Shared = rapid.Bool().Draw(t, "shared")
		c = Creating(r)
	case r.IsDynamicallyReserved():
		c, err = Unreserving(Of(r))
	default:
		role := "a"
		if len(r.Reservations) > 0 {
			role = "a/b"
		}
		reserved, failed := Of(r).PushReservation(dynamic(role, "ops"))
		if failed != nil {
			t.Fatal(failed)
		}
		c, err = Reserving(reserved, Resources{})
	}
	if err != nil {
		return total // as a volume that is too small to be shrunk
	}
	// A framework's operation has allocation roles, an agent's resources have none.
	allocated := Conversion{Consumed: c.Consumed.Allocate("a"), Converted: c.Converted.Allocate("a"), Last: c.Last}
	offered, err := total.Allocate("a").Apply(allocated)
	if err != nil {
		t.Fatal(err)
	}
	after, err := total.Apply(allocated.Unallocate())
	if err != nil || !after.Equal(offered.Unallocate()) {
		t.Fatalf("%v, of what was offered %v: %v", after, offered, err)
	}
	return after
}
