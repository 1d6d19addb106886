package master

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// operator asks for an operation.
func (y *yard) operator(principal string, o *mesospb.Offer_Operation) error {
	y.t.Helper()
	y.request++
	y.take()
	y.step(Operate{Request: y.request, Principal: principal, Agent: string(y.agent), Operation: o})
	for _, e := range y.out {
		if e, ok := e.(Reply); ok && e.Request == y.request {
			return e.Err
		}
	}
	y.t.Fatal("the operator got no answer")
	return nil
}

// can checks that operations of operators are done.
func (y *yard) can(operations ...*mesospb.Offer_Operation) {
	y.t.Helper()
	for _, o := range operations {
		if err := y.operator("ops", o); err != nil {
			y.t.Fatalf("%s: %v", o.GetType(), err)
		}
		sent := y.applied()
		if len(sent) != 1 || sent[0].FrameworkId != nil {
			y.t.Fatalf("%s: the agent was sent %v", o.GetType(), sent)
		}
		y.answer(1, sent[0], finished, 0)
	}
}

// cannot checks that an operation is refused, and changes nothing.
func (y *yard) cannot(kind mesos.Kind, o *mesospb.Offer_Operation) {
	y.t.Helper()
	before := y.agents[y.agent].total
	if err := y.operator("ops", o); err == nil || mesos.KindOf(err) != kind {
		y.t.Errorf("%s: %v", o.GetType(), err)
	}
	if len(y.applied()) > 0 {
		y.t.Errorf("%s: the agent was sent %v", o.GetType(), y.applied())
	}
	y.wantTotal(before)
}

// https://mesos.apache.org/documentation/latest/endpoints/master/reserve/
func TestOperatorsReserveWhatIsFree(t *testing.T) {
	// covers: ReservationEndpointsTest.AvailableResources
	// covers: ReservationEndpointsTest.LabeledResources
	// covers: ReservationEndpointsTest.DifferentPrincipalsSameRole
	// covers: ReservationEndpointsTest.ReserveAndUnreserveNoAuthentication
	// covers: MasterAPITest.ReserveResources
	// covers: MasterAPITest.UnreserveResources
	y := newYard(t)
	mine := reserved(text("cpus:2"), "web")
	y.can(reserve(mine))
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(mine))
	y.can(unreserve(mine))
	y.wantTotal(text(yardResources))

	one := reserved(text("cpus:1"), "web", resources.Label{Key: "k", Value: "1", HasValue: true})
	two := reserved(text("cpus:1"), "web", resources.Label{Key: "k", Value: "2", HasValue: true})
	y.can(reserve(one.Add(two)), unreserve(two))
	y.wantTotal(text("cpus:7;mem:1024;disk:1000").Add(one))
	y.cannot(mesos.Conflict, unreserve(two))

	theirs := each(text("cpus:1"), func(r *resources.Resource) {
		r.Reservations = []resources.Reservation{{Dynamic: true, Role: "web", Principal: "dev"}}
	})
	if err := y.operator("dev", reserve(theirs)); err != nil {
		t.Error(err)
	}
	if err := y.operator("", reserve(theirs)); err != nil { // nobody asked who it is
		t.Error(err)
	}
	if want := text("cpus:5;mem:1024;disk:1000").Add(one).Add(theirs).Add(theirs); !y.agents[y.agent].total.Equal(want) {
		t.Errorf("the agent has %s, want %s", y.agents[y.agent].total, want)
	}
}

func TestOperatorsTakeOffersBackForWhatTheyReserve(t *testing.T) {
	// covers: ReservationEndpointsTest.ReserveOfferedResources
	// covers: ReservationEndpointsTest.UnreserveOfferedResources
	// covers: ReservationEndpointsTest.ReserveAvailableAndOfferedResources
	// covers: ReservationEndpointsTest.UnreserveAvailableAndOfferedResources
	y := newYard(t)
	offers := make(map[string]mesos.OfferID)
	offer := func(name string, rs resources.Resources) { offers[name] = y.offerOf(y.s, y.agent, "web", rs) }
	wantOut := func(names ...string) {
		t.Helper()
		if len(y.views.offers) != len(names) {
			t.Errorf("offers out are %v, want %v", y.views.offers, names)
		}
		for _, name := range names {
			if y.views.offers[offers[name]] == nil {
				t.Errorf("offer %s was rescinded", name)
			}
		}
	}
	all := reserved(text("cpus:8"), "web")
	offer("part", text("cpus:3;mem:10"))
	offer("other", text("disk:100"))
	y.can(reserve(all)) // 5 are free, 3 on offer
	wantOut("other")
	y.wantTotal(text("mem:1024;disk:1000").Add(all))
	offer("some", reserved(text("cpus:6"), "web"))
	y.can(unreserve(all))
	wantOut("other")
	y.wantTotal(text(yardResources))

	// No more offers than it takes.
	offer("one", text("cpus:2"))
	offer("two", text("cpus:2"))
	y.can(reserve(reserved(text("cpus:2"), "web")))
	wantOut("other", "two")
	// What was taken back stays away from the framework for a while.
	refused := false
	for _, e := range y.out {
		if e, ok := e.(Allocate); ok {
			refused = refused || strings.HasSuffix(describeAllocation(e.Input), "cpus(allocated: web):2, refused for 5s")
		}
	}
	if !refused {
		t.Error("the framework may be offered at once what was taken from it")
	}
}

func TestOperatorsCannotReserveWhatIsNotThere(t *testing.T) {
	// covers: ReservationEndpointsTest.InsufficientResources
	// covers: ReservationEndpointsTest.NonMatchingPrincipal
	// covers: ReservationEndpointsTest.InvalidResource
	y := newYard(t)
	y.cannot(mesos.Conflict, reserve(reserved(text("cpus:9"), "web")))
	y.cannot(mesos.Conflict, unreserve(reserved(text("cpus:1"), "web")))
	y.accept(text("cpus:4"), launchOf(commandTask("t", y.agent, "cpus:4")))
	y.cannot(mesos.Conflict, reserve(reserved(text("cpus:5"), "web"))) // in use
	if err := y.operator("dev", reserve(reserved(text("cpus:1"), "web"))); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("for another principal: %v", err)
	}
	for _, o := range []*mesospb.Offer_Operation{reserve(reserved(text("cpus:1"), "web")), unreserve(reserved(text("cpus:1"), "web"))} {
		for _, r := range append(o.GetReserve().GetResources(), o.GetUnreserve().GetResources()...) {
			r.Reservations[0].Role = new("*")
		}
		y.cannot(mesos.Invalid, o)
	}
	y.cannot(mesos.Invalid, launchOf())
	y.cannot(mesos.Invalid, &mesospb.Offer_Operation{Type: mesospb.Offer_Operation_RESERVE.Enum()})
	y.cannot(mesos.Invalid, heard("r", reserve(reserved(text("cpus:1"), "web"))))

	y.step(LinkClosed{Link: 1})
	y.cannot(mesos.Conflict, reserve(reserved(text("cpus:1"), "web")))
	y.request++
	y.step(Operate{Request: y.request, Agent: "M-S9", Operation: reserve(reserved(text("cpus:1"), "web"))})
	if r, ok := y.out[len(y.out)-1].(Reply); !ok || mesos.KindOf(r.Err) != mesos.Invalid {
		t.Errorf("of an agent that isn't there: %v", r)
	}
}

func TestOperatorsChangeReservations(t *testing.T) {
	// covers: MasterAPITest.ReservationUpdate
	y := newYard(t)
	web, db, refined := reserved(text("cpus:2"), "web"), reserved(text("cpus:2"), "db"), reserved(reserved(text("cpus:2"), "web"), "web/a")
	y.can(reserve(web))
	y.can(rereserve(web, db))
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(db))
	y.can(rereserve(db, refined))
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(refined))
	y.cannot(mesos.Conflict, rereserve(db, web))
	// A framework may do the same with what it is offered.
	y.can(rereserve(refined, db))
	other := y.framework("s2", func(info *mesospb.FrameworkInfo) { info.Roles = []string{"db", "web"} })
	o := y.offerOf(other, y.agent, "web", text("cpus:1").Add(db))
	y.take()
	if err := other.call(acceptCall([]mesos.OfferID{o}, heard("r", rereserve(db, web)))); err != nil {
		t.Fatal(err)
	}
	y.answer(1, y.applied()[0], finished, 1)
	y.wantTotal(text("cpus:6;mem:1024;disk:1000").Add(web))
}

// https://mesos.apache.org/documentation/latest/endpoints/master/create-volumes/
func TestOperatorsMakeVolumes(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.StaticReservation
	// covers: PersistentVolumeEndpointsTest.DynamicReservation
	// covers: PersistentVolumeEndpointsTest.NoAuthentication
	// covers: MasterTestPrePostReservationRefinement.CreateAndDestroyVolumesV1
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v")
	y.can(reserve(disk), create(volume))
	y.wantTotal(text("cpus:8;mem:1024;disk:900").Add(volume))
	y.can(destroy(volume), unreserve(disk))
	y.wantTotal(text(yardResources))
	if err := y.operator("", reserve(disk)); err != nil { // nobody asked who it is
		t.Error(err)
	}
	if err := y.operator("", create(volume)); err != nil {
		t.Error(err)
	}

	static := &yard{t: t, cluster: newCluster(t, testConfig(), Recovered{})}
	static.agent = static.cluster.agent(1, "disk(web):100")
	volume = volumeOf(text("disk(web):100"), "v")
	static.can(create(volume))
	static.wantTotal(volume)
	static.can(destroy(volume))
	static.wantTotal(text("disk(web):100"))
}

func TestOperatorsResizeVolumes(t *testing.T) {
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume, larger := volumeOf(reserved(text("disk:60"), "web"), "v"), volumeOf(disk, "v")
	y.can(reserve(disk), create(volume), grow(volume, reserved(text("disk:40"), "web")))
	y.wantTotal(text("cpus:8;mem:1024;disk:900").Add(larger))
	y.offerOf(y.s, y.agent, "web", larger)
	y.can(shrink(larger, 40))
	y.wantTotal(text("cpus:8;mem:1024;disk:900").Add(volume).Add(reserved(text("disk:40"), "web")))
}

func TestOperatorsCannotMakeImpossibleVolumes(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.DynamicReservationRoleMismatch
	// covers: PersistentVolumeEndpointsTest.VolumeExceedsReservedSize
	// covers: PersistentVolumeEndpointsTest.DeleteNonExistentVolume
	// covers: PersistentVolumeEndpointsTest.InvalidVolume
	// covers: PersistentVolumeEndpointsTest.UnreserveVolumeResources
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v")
	y.can(reserve(disk))
	y.cannot(mesos.Conflict, create(volumeOf(text("disk(web):64"), "v")))
	y.cannot(mesos.Conflict, create(volumeOf(reserved(text("disk:64"), "db"), "v")))
	y.cannot(mesos.Conflict, create(volumeOf(reserved(text("disk:101"), "web"), "v")))
	y.can(create(volume))
	y.cannot(mesos.Conflict, unreserve(disk))
	y.cannot(mesos.Invalid, unreserve(volume))
	y.cannot(mesos.Invalid, destroy(volumeOf(disk, "w")))
	y.cannot(mesos.Invalid, destroy(volumeOf(reserved(text("disk:100"), "db"), "v")))
	y.cannot(mesos.Invalid, destroy(volumeOf(reserved(text("disk:50"), "web"), "v")))
	for _, o := range []*mesospb.Offer_Operation{create(volume), destroy(volume)} {
		for _, r := range append(o.GetCreate().GetVolumes(), o.GetDestroy().GetVolumes()...) {
			r.Reservations[0].Role = new("*")
		}
		y.cannot(mesos.Invalid, o)
	}
	// Where a volume is to be seen does not tell it from others.
	y.can(destroy(volumeOf(disk, "v", func(r *resources.Resource) { r.Disk.Volume.ContainerPath = "elsewhere" })))
}

func TestOperatorsAndFrameworksShareVolumes(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.EndpointCreateThenOfferRemove
	// covers: PersistentVolumeEndpointsTest.OfferCreateThenEndpointRemove
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	volume := volumeOf(disk, "v")
	y.can(reserve(disk), create(volume))
	y.done(volume, destroy(volume), unreserve(disk))
	y.wantTotal(text(yardResources))
	y.done(text("disk:100"), reserve(disk), create(volume))
	y.offerOf(y.s, y.agent, "web", volume)
	y.can(destroy(volume), unreserve(disk))
	y.wantTotal(text(yardResources))
	if len(y.views.offers) > 0 {
		t.Errorf("offers out are %v", y.views.offers)
	}
}

func TestReservationsOfAnAgentThatIsLostAreLostWithIt(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.ReserveAndSlaveRemoval
	y := newYard(t)
	other := &yard{t: t, cluster: y.cluster, s: y.s, agent: y.cluster.agent(2, "cpus:3")}
	y.can(reserve(reserved(text("cpus:4"), "web")))
	other.accept(text("cpus:3"), reserve(reserved(text("cpus:3"), "web")))
	y.answer(2, other.applied()[0], finished, 0)
	y.wantMetrics(map[string]float64{"master/cpus_total": 11})
	for range 5 { // only the other one answers
		y.fromAgent(2, pongMessage())
		y.pass(15 * time.Second)
	}
	if y.views.agents[y.agent] != nil || y.views.agents[other.agent] == nil {
		t.Fatalf("agents are %v", y.views.agents)
	}
	other.wantTotal(reserved(text("cpus:3"), "web"))
	y.wantMetrics(map[string]float64{"master/cpus_total": 3})
}
