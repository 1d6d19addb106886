package master

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A rule is an operation and whether it is valid.
type rule struct {
	name      string
	operation *mesospb.Offer_Operation
	by        *mesospb.FrameworkInfo // nil for an operator
	principal string
	without   mesospb.AgentInfo_Capability_Type // that the agent lacks
	total     resources.Resources               // of the agent
	used      resources.Resources
	words     string // of the error, "" if it is valid
}

func (r rule) check(t *testing.T) {
	t.Helper()
	a := &agent{id: "A", total: r.total, used: r.used}
	for _, c := range agentCapabilities() {
		if c.GetType() != r.without {
			a.capabilities = append(a.capabilities, c)
		}
	}
	var by *framework
	if r.by != nil {
		by = (&Master{}).newFramework(r.by)
	}
	request, err := readOperation(r.operation, "")
	if err == nil {
		err = request.validate(a, by, r.principal)
	}
	switch {
	case r.words == "" && err != nil:
		t.Errorf("%s: %v", r.name, err)
	case r.words != "" && (mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), r.words)):
		t.Errorf("%s: %v, want %q", r.name, err, r.words)
	}
}

func ofRoles(roles ...string) *mesospb.FrameworkInfo {
	return frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_MULTI_ROLE, mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT),
		func(info *mesospb.FrameworkInfo) { info.Roles = roles })
}

func provided(rs resources.Resources, provider string) resources.Resources {
	return each(rs, func(r *resources.Resource) { r.ProviderID = provider })
}

// each is resources, each of them changed.
func each(rs resources.Resources, change func(*resources.Resource)) resources.Resources {
	var list []resources.Resource
	for r := range rs.All() {
		change(&r)
		list = append(list, r)
	}
	return resources.Of(list...)
}

// https://mesos.apache.org/documentation/latest/reservation/
func TestRulesOfReserve(t *testing.T) {
	cpus := reserved(text("cpus:8"), "web")
	web := ofRoles("web")
	volume := volumeOf(text("disk(web):128"), "v")
	star := reserve(cpus)
	star.Reserve.Resources[0].Reservations[0].Role = new("*")
	unnamed := reserve(cpus)
	unnamed.Reserve.Resources[0].Reservations[0].Principal = nil
	disk := func(provider string) resources.Resources {
		return provided(reserved(text("disk:10"), "web"), provider).Allocate("web")
	}
	for _, r := range []rule{
		// covers: ReserveOperationValidationTest.MatchingRole
		{name: "another role", operation: reserve(cpus.Allocate("web")), by: ofRoles("db"), principal: "ops", words: `role "web" is not one of the framework's`},
		{name: "none of its roles", operation: reserve(cpus.Allocate("web")), by: ofRoles("db", "dev"), principal: "ops", words: `role "web" is not one of the framework's`},
		// covers: ReserveOperationValidationTest.DisallowReservingToStar
		{name: "for everybody", operation: star, by: ofRoles("*"), principal: "ops", words: `*`},
		{name: "for everybody, by an operator", operation: star, principal: "ops", words: `*`},
		// covers: ReserveOperationValidationTest.MatchingPrincipal
		{name: "its own principal", operation: reserve(cpus.Allocate("web")), by: web, principal: "ops"},
		// covers: ReserveOperationValidationTest.NonMatchingPrincipal
		{name: "another principal", operation: reserve(cpus.Allocate("web")), by: web, principal: "dev", words: `principal is "ops", not "dev"`},
		// covers: ReserveOperationValidationTest.ReservationInfoMissingPrincipal
		{name: "no principal", operation: unnamed, by: web, principal: "ops", words: `principal is "", not "ops"`},
		{name: "nobody asked who it is", operation: reserve(cpus)},
		// covers: ReserveOperationValidationTest.StaticReservation
		{name: "a static reservation", operation: reserve(text("cpus(web):8")), by: web, principal: "ops", words: "not dynamically reserved"},
		// covers: ReserveOperationValidationTest.NoPersistentVolumes
		{name: "a volume beside", operation: reserve(cpus.Add(volume).Allocate("web")), by: web, principal: "ops", words: "not dynamically reserved"},
		// covers: ReserveOperationValidationTest.MismatchedAllocation
		{name: "offered to another role", operation: reserve(cpus.Allocate("db")), by: ofRoles("db", "web"), principal: "ops",
			words: `offered to role "db" and can't be reserved for role "web"`},
		{name: "not offered", operation: reserve(cpus), by: web, principal: "ops", words: "not allocated"},
		// covers: ReserveOperationValidationTest.UnexpectedAllocatedResource
		{name: "an operator, of what is offered", operation: reserve(cpus.Allocate("web")), principal: "ops", words: "allocated"},
		// covers: ReserveOperationValidationTest.MixedAllocationRoles
		{name: "of two offers", operation: reserve(cpus.Allocate("web").Add(reserved(text("mem:8"), "db").Allocate("db"))),
			by: ofRoles("db", "web"), principal: "ops", words: `several roles: "web" and "db"`},
		// covers: ReserveOperationValidationTest.AgentHierarchicalRoleCapability
		{name: "a hierarchical role", operation: reserve(reserved(text("cpus:8"), "a/b").Allocate("a/b")), by: ofRoles("a/b"), principal: "ops"},
		{name: "an agent without such", operation: reserve(reserved(text("cpus:8"), "a/b").Allocate("a/b")), by: ofRoles("a/b"), principal: "ops",
			without: mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE, words: "HIERARCHICAL_ROLE"},
		{name: "a refinement", operation: reserve(reserved(text("cpus(a):8"), "a/b").Allocate("a/b")), by: ofRoles("a/b"), principal: "ops"},
		{name: "an agent without refinements", operation: reserve(reserved(text("cpus(a):8"), "a/b").Allocate("a/b")), by: ofRoles("a/b"), principal: "ops",
			without: mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT, words: "RESERVATION_REFINEMENT"},
		// covers: ReserveOperationValidationTest.MultipleResourceProviders
		// covers: ResourceValidationTest.SingleResourceProvider
		{name: "a provider and the agent", operation: reserve(cpus.Allocate("web").Add(disk("p"))), by: web, principal: "ops",
			words: "some resources have a resource provider and some have none"},
		{name: "two providers", operation: reserve(disk("p1").Add(disk("p2"))), by: web, principal: "ops", words: `several resource providers, "p1" and "p2"`},
		{name: "one provider", operation: reserve(disk("p")), by: web, principal: "ops"},
		{name: "nothing", operation: reserve(resources.Resources{}), by: web, principal: "ops", words: "no resources are named"},
		{name: "what can be taken away", operation: reserve(each(cpus, func(r *resources.Resource) { r.Revocable = true }).Allocate("web")), by: web,
			principal: "ops", words: "revocable"},
		{name: "half a GPU", operation: reserve(reserved(text("gpus:0.5"), "web").Allocate("web")), by: web, principal: "ops", words: "gpus: 0.5"},
	} {
		r.check(t)
	}
}

func TestRulesOfChangesOfReservations(t *testing.T) {
	web, db := reserved(text("cpus:8;mem:64"), "web"), reserved(text("cpus:8;mem:64"), "db")
	mixed := reserved(text("cpus:8"), "web").Add(reserved(text("mem:64"), "db"))
	for _, r := range []rule{
		{name: "a role for another", operation: rereserve(web, db), principal: "ops"},
		{name: "what nobody had", operation: rereserve(text("cpus:8;mem:64"), db), principal: "ops"},
		{name: "to nothing", operation: rereserve(web, resources.Resources{}), principal: "ops", words: "resources: none are named"},
		{name: "less", operation: rereserve(web, reserved(text("cpus:8;mem:32"), "db")), principal: "ops", words: "not the same but for their reservations"},
		{name: "from several", operation: rereserve(mixed, web), principal: "ops", words: "source: "},
		{name: "to several", operation: rereserve(web, mixed), principal: "ops", words: "resources: "},
		{name: "to nobody", operation: rereserve(web, text("cpus:8;mem:64")), principal: "ops", words: "not dynamically reserved"},
		{name: "half a GPU", operation: rereserve(text("gpus:0.5"), reserved(text("cpus:1"), "web")), principal: "ops", words: "source: gpus: 0.5"},
	} {
		r.check(t)
	}
}

func TestRulesOfUnreserve(t *testing.T) {
	cpus := reserved(text("cpus:8"), "web")
	disk := func(provider string) resources.Resources { return provided(reserved(text("disk:10"), "web"), provider) }
	for _, r := range []rule{
		// covers: UnreserveOperationValidationTest.WithoutACL
		{name: "a reservation", operation: unreserve(cpus), principal: "ops"},
		// covers: UnreserveOperationValidationTest.FrameworkMissingPrincipal
		{name: "another's reservation", operation: unreserve(cpus)},
		// covers: UnreserveOperationValidationTest.StaticReservation
		{name: "a static reservation", operation: unreserve(text("cpus(web):8")), principal: "ops", words: "not dynamically reserved"},
		// covers: UnreserveOperationValidationTest.NoPersistentVolumes
		{name: "a volume", operation: unreserve(cpus.Add(volumeOf(reserved(text("disk:128"), "web"), "v"))), principal: "ops", words: "must be destroyed first"},
		// covers: UnreserveOperationValidationTest.MultipleResourceProviders
		{name: "a provider and the agent", operation: unreserve(cpus.Add(disk("p"))), words: "some resources have a resource provider"},
		{name: "two providers", operation: unreserve(disk("p1").Add(disk("p2"))), words: `several resource providers, "p1" and "p2"`},
		{name: "one provider", operation: unreserve(disk("p"))},
		{name: "nothing", operation: unreserve(resources.Resources{}), words: "no resources are named"},
	} {
		r.check(t)
	}
}

func TestResourcesOfOperationsAreValid(t *testing.T) {
	shared := reserve(reserved(text("disk:128"), "web"))
	shared.Reserve.Resources[0].Shared = &mesospb.Resource_SharedInfo{}
	for _, r := range []rule{
		// covers: ResourceValidationTest.UnshareableResource
		{name: "a disk that is no volume can't be shared", operation: shared, words: "only persistent volumes can be shared"},
		// covers: ResourceValidationTest.SharedPersistentVolume
		{name: "a volume can be shared", operation: create(volumeOf(text("disk(web):128"), "v", share))},
		{name: "less than nothing", operation: func() *mesospb.Offer_Operation {
			o := unreserve(reserved(text("cpus:1"), "web"))
			o.Unreserve.Resources[0].Scalar.Value = new(-1.0)
			return o
		}(), words: "negative"},
		{name: "no volume", operation: &mesospb.Offer_Operation{
			Type: mesospb.Offer_Operation_GROW_VOLUME.Enum(), GrowVolume: &mesospb.Offer_Operation_GrowVolume{},
		}, words: "is missing"},
	} {
		r.check(t)
	}
}

func TestOperationsComeInOldFormatsToo(t *testing.T) {
	// covers: MasterTestPrePostReservationRefinement.ReserveAndUnreserveResourcesV1
	old, err := convert.Downgrade(convert.ToWire(reserved(text("cpus:2"), "web")))
	if err != nil {
		t.Fatal(err)
	}
	o := &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_RESERVE.Enum(), Reserve: &mesospb.Offer_Operation_Reserve{Resources: old},
	}
	request, err := readOperation(o, "web")
	if err != nil {
		t.Fatal(err)
	}
	r := o.Reserve.Resources[0]
	if r.Role != nil || r.Reservation != nil || len(r.Reservations) != 1 || r.GetAllocationInfo().GetRole() != "web" {
		t.Errorf("the agent is sent %v", r)
	}
	if want := only(reserved(text("cpus:2"), "web").Allocate("web")); !request.resources[0].Equal(want) {
		t.Errorf("read %s", request.resources[0])
	}
}

// What a framework is offered has a role, what the agent has has none.
func TestOperationsGetTheOffersRole(t *testing.T) {
	// covers: ProtobufUtilTest.InjectAndStripAllocationInfoInOfferOperation
	disk := text("disk(web):10")
	volume := volumeOf(disk, "v")
	for _, o := range []*mesospb.Offer_Operation{
		reserve(reserved(text("cpus:1"), "web")), rereserve(reserved(text("cpus:1"), "db"), reserved(text("cpus:1"), "web")),
		unreserve(reserved(text("cpus:1"), "web")), create(volume), destroy(volume), grow(volume, disk), shrink(volume, 5),
	} {
		request, err := readOperation(o, "web")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range append(append(request.resources, request.source...), request.addition) {
			if r.Name != "" && r.AllocationRole != "web" {
				t.Errorf("%s: %s is allocated to %q", o.GetType(), r, r.AllocationRole)
			}
		}
		conversions, err := convert.Conversions(o)
		if err != nil {
			t.Fatal(err)
		}
		for i, bare := range unallocated(conversions) {
			if got := conversions[i].Consumed.AllocationRoles(); len(got) != 1 || got[0] != "web" {
				t.Errorf("%s: consumed is allocated to %v", o.GetType(), got)
			}
			if !bare.Consumed.Equal(conversions[i].Consumed.Unallocate()) || !bare.Converted.Equal(conversions[i].Converted.Unallocate()) {
				t.Errorf("%s: on the agent it is %v", o.GetType(), bare)
			}
		}
	}
	// A role that was named stays.
	o := unreserve(reserved(text("cpus:1"), "web").Allocate("db"))
	if request, err := readOperation(o, "web"); err != nil || request.resources[0].AllocationRole != "db" {
		t.Errorf("%v, %v", request, err)
	}
	for _, o := range []*mesospb.Offer_Operation{createDisk(disk, 0, ""), destroyDisk(disk)} {
		if request, err := readOperation(o, "web"); err != nil || request.resources[0].AllocationRole != "web" {
			t.Errorf("%s: %v, %v", o.GetType(), request, err)
		}
	}
}
