package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// newRuledYard is a yard where ACLs rule.
func newRuledYard(t *testing.T, acls string, options ...func(*mesospb.FrameworkInfo)) *yard {
	t.Helper()
	c := ruled(t, acls)
	y := &yard{t: t, cluster: c, agent: c.agent(1, yardResources)}
	y.s = y.framework("s1", options...)
	return y
}

// refused checks that an operation on an offer ends in an error and changes nothing.
func (y *yard) refused(rs resources.Resources, o *mesospb.Offer_Operation) {
	y.t.Helper()
	before := y.agents[y.agent].total
	y.accept(rs, heard("refused", o))
	y.wantEvents("s1 refused ERROR")
	if len(y.applied()) > 0 {
		y.t.Errorf("%s: the agent was sent it", o.GetType())
	}
	y.wantTotal(before)
}

// nobody is a principal that is none.
func nobody(info *mesospb.FrameworkInfo) { info.Principal = nil }

// unnamed is resources as somebody without a principal reserves them, or makes
// volumes of them.
func unnamed(rs resources.Resources) resources.Resources {
	return each(rs, func(r *resources.Resource) {
		r.Reservations = []resources.Reservation{{Dynamic: true, Role: "web"}}
		if r.IsPersistentVolume() {
			r.Disk.Persistence.Principal = ""
		}
	})
}

// https://mesos.apache.org/documentation/latest/authorization/
func TestACLsOfReservations(t *testing.T) {
	mine := reserved(text("cpus:2"), "web")
	// covers: ReservationTest.GoodACLReserveThenUnreserve
	y := newRuledYard(t, `{"reserve_resources": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}}],
		"unreserve_resources": [{"principals": {"values": ["ops"]}, "reserver_principals": {"values": ["ops"]}}]}`)
	y.done(text("cpus:2"), reserve(mine))
	y.done(mine, unreserve(mine))
	// covers: ReservationEndpointsTest.GoodReserveAndUnreserveACL
	y.can(reserve(mine), unreserve(mine))
	// covers: ReservationTest.BadACLDropReserve
	// covers: ReservationEndpointsTest.BadReserveACL
	y = newRuledYard(t, `{"reserve_resources": [{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	y.refused(text("cpus:2"), reserve(mine))
	y.cannot(mesos.Forbidden, reserve(mine))
	// covers: ReservationTest.BadACLDropUnreserve
	// covers: ReservationEndpointsTest.BadUnreserveACL
	y = newRuledYard(t, `{"unreserve_resources": [{"principals": {"type": "ANY"}, "reserver_principals": {"type": "NONE"}}]}`)
	y.done(text("cpus:2"), reserve(mine))
	y.refused(mine, unreserve(mine))
	y.cannot(mesos.Forbidden, unreserve(mine))
	// covers: ReservationTest.ACLMultipleOperations
	task := commandTask("t", y.agent, "cpus:1")
	task.Resources = wireOf(reserved(text("cpus:1"), "web"))
	y.accept(mine.Add(text("cpus:1;mem:32")), heard("u", unreserve(mine)), reserve(reserved(text("mem:32"), "web")), launchOf(task))
	y.wantEvents("s1 u ERROR")
	if got := updates(y.out); len(got) > 0 || len(y.applied()) != 1 || y.frameworks[mesos.FrameworkID(y.s.id)].tasks["t"] == nil {
		t.Errorf("one that is refused keeps the others from being done: %v, sent %v", got, y.applied())
	}
}

func TestACLsOfReservationsForSeveralRoles(t *testing.T) {
	both := reserved(text("cpus:1"), "web").Add(reserved(text("cpus:1"), "db"))
	// covers: ReservationEndpointsTest.GoodReserveACLMultipleRoles
	newRuledYard(t, `{"reserve_resources": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web", "db"]}}]}`).can(reserve(both))
	// covers: ReservationEndpointsTest.BadReserveACLMultipleRoles
	y := newRuledYard(t, `{"reserve_resources": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}},
		{"principals": {"values": ["ops"]}, "roles": {"type": "NONE"}}]}`)
	y.cannot(mesos.Forbidden, reserve(both))
	y.can(reserve(reserved(text("cpus:1"), "web")))
}

func TestACLsOfVolumes(t *testing.T) {
	disk := reserved(text("disk:100"), "web")
	volume, smaller := volumeOf(disk, "v"), volumeOf(reserved(text("disk:60"), "web"), "v")
	// covers: PersistentVolumeTest.GoodACLCreateThenDestroy
	// covers: PersistentVolumeTest.GoodACLGrowThenShrink
	y := newRuledYard(t, `{"create_volumes": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}}],
		"resize_volumes": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}}],
		"destroy_volumes": [{"principals": {"values": ["ops"]}, "creator_principals": {"values": ["ops"]}}]}`)
	y.done(text("disk:100"), reserve(disk))
	y.done(disk, create(smaller))
	y.done(smaller.Add(reserved(text("disk:40"), "web")), grow(smaller, reserved(text("disk:40"), "web")))
	y.done(volume, shrink(volume, 40))
	y.done(smaller, destroy(smaller))
	// covers: PersistentVolumeEndpointsTest.GoodCreateAndDestroyACL
	y.can(create(volume), destroy(volume))

	// covers: PersistentVolumeTest.BadACLDropCreateAndDestroy
	// covers: PersistentVolumeTest.BadACLDropGrowAndShrink
	// covers: PersistentVolumeEndpointsTest.BadCreateAndDestroyACL
	y = newRuledYard(t, `{"create_volumes": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}},
		{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}],
		"resize_volumes": [{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}],
		"destroy_volumes": [{"principals": {"type": "ANY"}, "creator_principals": {"type": "NONE"}}]}`)
	other := reserved(text("disk:10"), "db")
	y.can(reserve(disk), reserve(other))
	y.cannot(mesos.Forbidden, create(volumeOf(other, "v")))
	y.done(disk, create(smaller))
	y.refused(smaller.Add(reserved(text("disk:40"), "web")), grow(smaller, reserved(text("disk:40"), "web")))
	y.refused(smaller, shrink(smaller, 20))
	y.refused(smaller, destroy(smaller))
	y.cannot(mesos.Forbidden, destroy(smaller))
	y.cannot(mesos.Forbidden, shrink(smaller, 20))
	y = newRuledYard(t, `{"create_volumes": [{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	y.done(text("disk:100"), reserve(disk))
	y.refused(disk, create(volume))
}

func TestACLsOfVolumesOfSeveralRoles(t *testing.T) {
	disks := reserved(text("disk:10"), "web").Add(reserved(text("disk:20"), "db"))
	volumes := volumeOf(reserved(text("disk:10"), "web"), "v").Add(volumeOf(reserved(text("disk:20"), "db"), "v"))
	// covers: PersistentVolumeEndpointsTest.GoodCreateACLMultipleRoles
	newRuledYard(t, `{"create_volumes": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web", "db"]}}]}`).can(reserve(disks), create(volumes))
	// covers: PersistentVolumeEndpointsTest.BadCreateACLMultipleRoles
	y := newRuledYard(t, `{"create_volumes": [{"principals": {"values": ["ops"]}, "roles": {"values": ["web"]}},
		{"principals": {"values": ["ops"]}, "roles": {"type": "NONE"}}]}`)
	y.can(reserve(disks))
	y.cannot(mesos.Forbidden, create(volumes))
}

func TestACLsOfVolumesOfNobody(t *testing.T) {
	disk := unnamed(reserved(text("disk:100"), "web"))
	volume := unnamed(volumeOf(disk, "v"))
	// covers: PersistentVolumeTest.GoodACLNoPrincipal
	y := newRuledYard(t, `{"create_volumes": [{"principals": {"type": "ANY"}, "roles": {"type": "ANY"}}],
		"destroy_volumes": [{"principals": {"type": "ANY"}, "creator_principals": {"type": "ANY"}}]}`, nobody)
	y.done(text("disk:100"), reserve(disk))
	y.done(disk, create(volume))
	y.done(volume, destroy(volume))
	// covers: PersistentVolumeTest.BadACLNoPrincipal
	y = newRuledYard(t, `{"create_volumes": [{"principals": {"values": ["ops"]}, "roles": {"type": "ANY"}},
		{"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}],
		"destroy_volumes": [{"principals": {"type": "ANY"}, "creator_principals": {"type": "NONE"}}]}`, nobody)
	y.done(text("disk:100"), reserve(disk))
	y.refused(disk, create(volume))
	theirs := volumeOf(disk, "w")
	y.can(create(theirs))
	y.refused(theirs, destroy(theirs))
}
