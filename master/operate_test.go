package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// https://mesos.apache.org/documentation/latest/reservation/
func TestReserveThenUnreserve(t *testing.T) {
	// covers: ReservationTest.ReserveThenUnreserve
	y := newYard(t)
	mine := reserved(text("cpus:2;mem:256"), "web")
	y.done(text("cpus:8;mem:1024"), reserve(mine))
	y.wantTotal(text("cpus:6;mem:768;disk:1000").Add(mine))
	y.done(mine, unreserve(mine))
	y.wantTotal(text(yardResources))
	if len(y.views.operations) > 0 {
		t.Errorf("operations that are over are still there: %v", y.views.operations)
	}
}

func TestOperationsOfOneAcceptBuildOnEachOther(t *testing.T) {
	// covers: ReservationTest.ReserveAndLaunchThenUnreserve
	// covers: MasterTestPrePostReservationRefinement.ReserveCreateLaunchDestroyUnreserve
	y := newYard(t)
	mine := reserved(text("cpus:1;disk:100"), "web")
	volume := volumeOf(mine.Named("disk"), "v1")
	task := commandTask("t", y.agent, "cpus:1")
	task.Resources = wireOf(mine.Named("cpus").Add(volume))
	y.accept(text("cpus:2;disk:200"), reserve(mine), create(volume), launchOf(task))
	if got := len(y.applied()); got != 2 {
		t.Fatalf("%d operations were sent", got)
	}
	for _, a := range y.applied() {
		y.answer(1, a, mesospb.OperationState_OPERATION_FINISHED, 0)
	}
	y.wantTotal(text("cpus:7;mem:1024;disk:900").Add(mine.Named("cpus")).Add(volume))
	if got, want := y.agents[y.agent].used, mine.Named("cpus").Add(volume).Allocate("web"); !got.Equal(want) {
		t.Errorf("used is %s, want %s", got, want)
	}
	y.update(1, y.s, "t", mesospb.TaskState_TASK_FINISHED, 1)
	y.s.acknowledge(y.agent, "t", 1)
	y.done(mine.Named("cpus").Add(volume), destroy(volume), unreserve(mine))
	y.wantTotal(text(yardResources))
}

func TestWhatOperationsMadeIsNotDeclined(t *testing.T) {
	y := newYard(t)
	mine := reserved(text("cpus:2"), "web")
	y.accept(text("cpus:8"), reserve(mine))
	made, declined := "", ""
	for _, e := range y.take() {
		if e, ok := e.(Allocate); ok {
			switch line := describeAllocation(e.Input); {
			case made == "":
				made = line
			default:
				declined += line + "\n"
			}
		}
	}
	const want = `Recover M-0000 on M-S0, used: cpus(allocated: web)(reservations: [(DYNAMIC,web,ops)]):2
Recover M-0000 on M-S0, declined: cpus(allocated: web):6, refused for 5s
`
	if declined != want {
		t.Errorf("the allocator was told\n%s\n%s, want\n%s", made, declined, want)
	}
}

func TestWhatIsResizedCanNotBeUsedAtOnce(t *testing.T) {
	// covers: PersistentVolumeTest.NonSpeculativeGrowAndLaunch
	// covers: PersistentVolumeTest.NonSpeculativeShrinkAndLaunch
	// covers: PersistentVolumeTest.GrowVolume
	// covers: PersistentVolumeTest.ShrinkVolume
	y := newYard(t)
	disk := reserved(text("disk:200"), "web")
	y.done(text("disk:200"), reserve(disk))
	small, large := volumeOf(reserved(text("disk:50"), "web"), "v"), volumeOf(reserved(text("disk:80"), "web"), "v")
	y.done(disk, create(small))
	for _, step := range []struct {
		before, after *mesospb.Offer_Operation
		free          string
	}{
		{grow(small, reserved(text("disk:30"), "web")), launchOf(commandTask("t1", y.agent, "cpus:1")), "disk:150"},
		{shrink(large, 30), launchOf(commandTask("t2", y.agent, "cpus:1")), "disk:120"},
	} {
		made, was := large, small
		if step.before.GetType() == mesospb.Offer_Operation_SHRINK_VOLUME {
			made, was = small, large
		}
		task := step.after.Launch.TaskInfos[0]
		task.Resources = wireOf(text("cpus:1").Add(made))
		o := y.offerOf(y.s, y.agent, "web", text("cpus:1").Add(was).Add(reserved(text(step.free), "web")))
		y.take()
		if err := y.s.call(acceptCall([]mesos.OfferID{o}, step.before, step.after)); err != nil {
			t.Fatal(err)
		}
		got := updates(y.out)
		if len(got) != 1 || got[0].GetState() != mesospb.TaskState_TASK_ERROR {
			t.Fatalf("the task got %v", got)
		}
		for _, a := range y.applied() {
			y.answer(1, a, mesospb.OperationState_OPERATION_FINISHED, 0)
		}
		if !y.agents[y.agent].total.Contains(made) {
			t.Errorf("the agent has %s, want %s in it", y.agents[y.agent].total, made)
		}
	}
}

// https://mesos.apache.org/documentation/latest/shared-resources/
func TestASharedVolumeIsForMoreTasksThanItIsOfferedFor(t *testing.T) {
	// covers: PersistentVolumeTest.SharedPersistentVolumeMultipleTasks
	// covers: PersistentVolumeTest.DestroyPersistentVolumeMultipleTasks
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v", share)
	y.done(text("disk:100"), reserve(disk))
	task := func(id string) *mesospb.TaskInfo {
		info := commandTask(id, y.agent, "cpus:1")
		info.Resources = wireOf(text("cpus:1").Add(volume))
		return info
	}
	y.accept(text("cpus:4").Add(disk), create(volume), launchOf(task("t1"), task("t2"), task("t3")))
	if got := updates(y.out); len(got) > 0 {
		t.Fatalf("updates %v", got)
	}
	y.answer(1, y.applied()[0], mesospb.OperationState_OPERATION_FINISHED, 0)
	if got := y.agents[y.agent].used.Unallocate().Count(only(volume)); got != 3 {
		t.Errorf("%d copies are in use", got)
	}
	// It stays while it is used, also if a copy is on offer.
	y.accept(volume, heard("d", destroy(volume)))
	y.wantEvents("s1 d ERROR")
	for i, id := range []string{"t1", "t2", "t3"} {
		y.update(1, y.s, id, mesospb.TaskState_TASK_FINISHED, byte(i+1))
	}
	y.done(volume, destroy(volume))
	if got := y.agents[y.agent].total; got.Contains(volume) {
		t.Errorf("the volume is still there: %s", got)
	}
}

func TestASharedVolumeOnOfferToOthersIsRescindedWhenItIsDestroyed(t *testing.T) {
	// covers: PersistentVolumeTest.SharedPersistentVolumeRescindOnDestroy
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v", share)
	y.done(text("disk:100"), reserve(disk))
	y.done(disk, create(volume))
	other := y.framework("s2")
	theirs := y.offerOf(other, y.agent, "web", volume.Add(text("cpus:1")))
	unrelated := y.offerOf(other, y.agent, "web", text("cpus:1"))
	y.done(volume, destroy(volume))
	if y.views.offers[theirs] != nil || y.views.offers[unrelated] == nil {
		t.Errorf("offers out are %v", y.views.offers)
	}
}

func TestReservationsAreForAllOfARole(t *testing.T) {
	// covers: ReservationTest.ReserveShareWithinRole
	// covers: ReservationTest.WithoutAuthenticationWithoutPrincipal
	// covers: ReservationTest.WithoutAuthenticationWithPrincipal
	y := newYard(t)
	mine := reserved(text("cpus:2"), "web")
	y.done(text("cpus:2"), reserve(mine))
	other := y.framework("s2", func(info *mesospb.FrameworkInfo) { info.Principal = nil })
	y.acceptBy(other, mine, unreserve(mine))
	y.answer(1, y.applied()[0], mesospb.OperationState_OPERATION_FINISHED, 0)
	y.wantTotal(text(yardResources))
	unnamed := each(text("cpus:2"), func(r *resources.Resource) {
		r.Reservations = []resources.Reservation{{Dynamic: true, Role: "web"}}
	})
	y.acceptBy(other, text("cpus:2"), reserve(unnamed))
	y.answer(1, y.applied()[0], mesospb.OperationState_OPERATION_FINISHED, 0)
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(unnamed))
}

func TestAFrameworkReservesForItsOwnRoleOnly(t *testing.T) {
	// covers: ReservationTest.DropReserveWithDifferentRole
	// covers: ReservationTest.PreventUnreservingAlienResources
	y := newYard(t)
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:2"), "db"))))
	y.wantEvents("s1 r ERROR")
	y.can(reserve(reserved(text("cpus:2"), "db")))
	y.accept(text("cpus:2"), heard("u", unreserve(reserved(text("cpus:2"), "db"))))
	y.wantEvents("s1 u ERROR")
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(reserved(text("cpus:2"), "db")))
}

func TestFractionsAddUp(t *testing.T) {
	// covers: ReservationTest.ReserveTwiceWithDoubleValue
	y := newYard(t)
	y.done(text("cpus:0.1"), reserve(reserved(text("cpus:0.1"), "web")))
	y.done(text("cpus:0.2"), reserve(reserved(text("cpus:0.2"), "web")))
	y.wantTotal(text("cpus:7.7;mem:1024;disk:1000").Add(reserved(text("cpus:0.3"), "web")))
	y.done(reserved(text("cpus:0.3"), "web"), unreserve(reserved(text("cpus:0.3"), "web")))
	y.wantTotal(text(yardResources))
}

func TestFrameworksOfARoleShareAVolume(t *testing.T) {
	// covers: PersistentVolumeTest.SharedPersistentVolumeMultipleFrameworks
	// covers: PersistentVolumeTest.SharedPersistentVolumeMultipleIterations
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v", share)
	y.done(text("disk:100"), reserve(disk))
	y.done(disk, create(volume))
	other := y.framework("s2")
	for i, s := range []*scheduler{y.s, other, y.s, other} {
		task := commandTask(string(rune('a'+i)), y.agent, "cpus:1")
		task.Resources = wireOf(text("cpus:1").Add(volume))
		y.acceptBy(s, text("cpus:1").Add(volume), launchOf(task))
		if got := updates(y.out); len(got) > 0 {
			t.Fatalf("updates %v", got)
		}
	}
	if got := y.agents[y.agent].used.Unallocate().Count(only(volume)); got != 4 {
		t.Errorf("%d copies are in use", got)
	}
	y.update(1, y.s, "a", mesospb.TaskState_TASK_FINISHED, 1)
	if got := y.agents[y.agent].used.Unallocate().Count(only(volume)); got != 3 {
		t.Errorf("%d copies are in use", got)
	}
}

func TestGroupsUseWhatOperationsMade(t *testing.T) {
	// covers: MasterTestPrePostReservationRefinement.LaunchGroup
	// covers: MasterTestPrePostReservationRefinement.LaunchTask
	y := newYard(t)
	mine := reserved(text("cpus:2;mem:64;disk:64"), "web")
	task := commandTask("t", y.agent, "cpus:1")
	task.Resources = wireOf(reserved(text("cpus:1"), "web"))
	single := commandTask("u", y.agent, "cpus:0.5")
	single.Resources = wireOf(reserved(text("cpus:0.5"), "web"))
	executor := defaultExecutor("e", y.s.id, "cpus:0.5;mem:64;disk:64")
	executor.Resources = wireOf(reserved(text("cpus:0.5;mem:64;disk:64"), "web"))
	y.accept(text("cpus:2;mem:64;disk:64"), reserve(mine), groupOf(executor, task), launchOf(single))
	if got := updates(y.out); len(got) > 0 {
		t.Fatalf("updates %v", got)
	}
	if got, want := y.agents[y.agent].used.Unallocate(), mine; !got.Equal(want) {
		t.Errorf("used is %s, want %s", got, want)
	}
	// A task of a group has as many copies of a shared volume as were offered.
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v", share)
	y.done(text("disk:100"), reserve(disk))
	y.done(disk, create(volume))
	one, two := commandTask("v", y.agent, "cpus:1"), commandTask("w", y.agent, "cpus:1")
	one.Resources, two.Resources = wireOf(text("cpus:1").Add(volume)), wireOf(text("cpus:1").Add(volume))
	bare := defaultExecutor("f", y.s.id, "cpus:0.5;mem:64;disk:64")
	y.accept(text("cpus:3;mem:64;disk:64").Add(volume), groupOf(bare, one, two))
	if got := updates(y.out); len(got) != 2 || got[0].GetReason() != mesospb.TaskStatus_REASON_TASK_GROUP_INVALID {
		t.Errorf("updates %v", got)
	}
}
