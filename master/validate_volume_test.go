package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func rooted(kind resources.SourceType, root string) func(*resources.Resource) {
	return func(r *resources.Resource) {
		disk := resources.Disk{}
		if r.Disk != nil {
			disk = *r.Disk
		}
		disk.Source = &resources.Source{Type: kind, Root: root, HasRoot: root != ""}
		r.Disk = &disk
	}
}

// https://mesos.apache.org/documentation/latest/persistent-volume/
func TestRulesOfCreate(t *testing.T) {
	volume := volumeOf(text("disk(web):128"), "v")
	another := func(role, size, provider string) resources.Resources {
		return provided(volumeOf(text("disk("+role+"):"+size), "v2"), provider)
	}
	readOnly := volumeOf(text("disk(web):128"), "v", func(r *resources.Resource) { r.Disk.Volume.ReadOnly = true })
	shared := volumeOf(text("disk(web):128"), "v", share).Allocate("web")
	can := ofRoles("web")
	withCapability(mesospb.FrameworkInfo_Capability_SHARED_RESOURCES)(can)
	for _, r := range []rule{
		// covers: CreateOperationValidationTest.PersistentVolumes
		{name: "a volume", operation: create(volume)},
		{name: "something else too", operation: create(volume.Add(text("cpus:2"))), words: "disk: missing"},
		// covers: CreateOperationValidationTest.DuplicatedPersistenceID
		{name: "there already", operation: create(volume), total: volume, words: `"v" is there already`},
		{name: "twice", operation: create(volume.Add(volumeOf(text("disk(web):64"), "v"))), words: `"v" is there already`},
		{name: "one shared volume, twice", operation: create2(shared), by: can, words: `"v" is there already`},
		{name: "of another role", operation: create(volume.Add(volumeOf(text("disk(db):64"), "v")))},
		// covers: CreateOperationValidationTest.NonMatchingPrincipal
		{name: "another principal", operation: create(volume), principal: "dev", words: `it is "ops", not "dev"`},
		{name: "no principal", operation: create(volumeOf(text("disk(web):128"), "v", func(r *resources.Resource) { r.Disk.Persistence.Principal = "" })),
			principal: "ops", words: `it is "", not "ops"`},
		// covers: CreateOperationValidationTest.ReadOnlyPersistentVolume
		{name: "read-only", operation: create(readOnly), words: "read-only"},
		// covers: CreateOperationValidationTest.SharedVolumeBasedOnCapability
		{name: "shared, by an operator", operation: create(shared)},
		{name: "shared, by one that can't", operation: create(shared), by: ofRoles("web"), words: "SHARED_RESOURCES"},
		{name: "shared", operation: create(shared), by: can},
		// covers: CreateOperationValidationTest.MixedAllocationRole
		{name: "of two offers", operation: create(volume.Allocate("web").Add(another("db", "256", "").Allocate("db"))), by: ofRoles("db", "web"),
			words: `several roles: "web" and "db"`},
		// covers: CreateOperationValidationTest.AgentHierarchicalRoleCapability
		{name: "a hierarchical role", operation: create(volumeOf(text("disk(a/b):128"), "v"))},
		{name: "an agent without such", operation: create(volumeOf(text("disk(a/b):128"), "v")), without: mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE,
			words: "HIERARCHICAL_ROLE"},
		{name: "an agent without refinements", operation: create(volumeOf(reserved(text("disk(a):128"), "a/b"), "v")),
			without: mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT, words: "RESERVATION_REFINEMENT"},
		// covers: CreateOperationValidationTest.MultipleResourceProviders
		{name: "a provider and the agent", operation: create(volume.Add(another("web", "64", "p"))), words: "some resources have a resource provider"},
		{name: "two providers", operation: create(provided(volume, "p1").Add(another("web", "64", "p2"))), words: `several resource providers, "p1" and "p2"`},
		{name: "one provider", operation: create(another("web", "64", "p"))},
		{name: "nothing", operation: create(resources.Resources{}), words: "no resources are named"},
		{name: "of what nobody reserved", operation: create(volumeOf(text("disk:1"), "v")), words: "unreserved"},
		{name: "an ID that is none", operation: create(volumeOf(text("disk(web):1"), "a/b")), words: "disk.persistence.id"},
		{name: "nowhere", operation: create(volumeOf(text("disk(web):1"), "v", func(r *resources.Resource) { r.Disk.Volume = nil })), words: "disk.volume: missing"},
		{name: "at a path of the host", operation: create(volumeOf(text("disk(web):1"), "v", func(r *resources.Resource) { r.Disk.Volume.HostPath = "/" })),
			words: "host_path"},
	} {
		r.check(t)
	}
}

// create2 names a volume twice.
func create2(volume resources.Resources) *mesospb.Offer_Operation {
	o := create(volume)
	o.Create.Volumes = append(o.Create.Volumes, wireOf(volume)...)
	return o
}

func TestRulesOfDestroy(t *testing.T) {
	one, two := volumeOf(text("disk(web):128"), "1"), volumeOf(text("disk(web):64"), "2")
	shared := volumeOf(text("disk(web):50"), "s", share)
	for _, r := range []rule{
		// covers: DestroyOperationValidationTest.PersistentVolumes
		{name: "a volume", operation: destroy(one), total: one.Add(two)},
		{name: "something else too", operation: destroy(one.Add(text("cpus:2"))), total: one.Add(text("cpus:2")), words: "disk: missing"},
		// covers: DestroyOperationValidationTest.SharedPersistentVolumeInUse
		{name: "in use by two", operation: destroy(shared), total: shared.Add(two), used: shared.Allocate("web").Add(shared.Allocate("db")), words: "in use"},
		{name: "in use by one", operation: destroy(shared.Allocate("web")), total: shared, used: shared.Allocate("db").Add(text("cpus:1")), words: "in use"},
		{name: "in use no more", operation: destroy(shared), total: shared.Add(two), used: two.Allocate("web")},
		// covers: DestroyOperationValidationTest.UnknownPersistentVolume
		{name: "one that isn't there", operation: destroy(one), total: two, words: "no such volume"},
		{name: "a larger one", operation: destroy(volumeOf(text("disk(web):129"), "1")), total: one, words: "no such volume"},
		// covers: DestroyOperationValidationTest.MultipleResourceProviders
		{name: "a provider and the agent", operation: destroy(one.Add(provided(two, "p"))), total: one, words: "some resources have a resource provider"},
		{name: "two providers", operation: destroy(provided(one, "p1").Add(provided(two, "p2"))), words: `several resource providers, "p1" and "p2"`},
		{name: "one provider", operation: destroy(provided(one, "p"))},
		{name: "nothing", operation: destroy(resources.Resources{}), words: "no resources are named"},
	} {
		r.check(t)
	}
}

func TestRulesOfGrowVolume(t *testing.T) {
	volume, addition := volumeOf(text("disk(web):128"), "v"), text("disk(web):64")
	on := func(kind resources.SourceType, rs resources.Resources) resources.Resources {
		return each(rs, rooted(kind, "r"))
	}
	nothing := grow(volume, addition)
	nothing.GrowVolume.Addition.Scalar.Value = new(0.0)
	for _, r := range []rule{
		// covers: GrowVolumeOperationValidationTest.Valid
		{name: "a volume", operation: grow(volume, addition)},
		{name: "on a PATH disk", operation: grow(on(resources.SourcePath, volume), on(resources.SourcePath, addition))},
		// covers: GrowVolumeOperationValidationTest.NonPersistentVolume
		{name: "no volume", operation: grow(addition, addition), words: "disk: missing"},
		// covers: GrowVolumeOperationValidationTest.ZeroAddition
		{name: "by nothing", operation: nothing, words: "more than nothing"},
		// covers: GrowVolumeOperationValidationTest.IncompatibleDisk
		{name: "by another sort of disk", operation: grow(on(resources.SourcePath, volume), addition), words: "can't be grown"},
		{name: "by what is reserved for another", operation: grow(volume, text("disk(db):64")), words: "can't be grown"},
		// covers: GrowVolumeOperationValidationTest.Shared
		{name: "a shared volume", operation: grow(volumeOf(text("disk(web):128"), "v", share), addition), words: "shared"},
		// covers: GrowVolumeOperationValidationTest.ResourceProvider
		{name: "a provider's volume", operation: grow(provided(volume, "p"), provided(addition, "p")), words: "resource provider"},
		// covers: GrowVolumeOperationValidationTest.Mount
		{name: "on a MOUNT disk", operation: grow(on(resources.SourceMount, volume), on(resources.SourceMount, addition)), words: "can't be grown"},
		// covers: GrowVolumeOperationValidationTest.MissingCapability
		{name: "an agent that can't", operation: grow(volume, addition), without: mesospb.AgentInfo_Capability_RESIZE_VOLUME, words: "RESIZE_VOLUME"},
	} {
		r.check(t)
	}
}

func TestRulesOfShrinkVolume(t *testing.T) {
	volume := volumeOf(text("disk(web):128"), "v")
	for _, r := range []rule{
		// covers: ShrinkVolumeOperationValidationTest.Valid
		{name: "a volume", operation: shrink(volume, 64)},
		// covers: ShrinkVolumeOperationValidationTest.NonPersistentVolume
		{name: "no volume", operation: shrink(text("disk(web):128"), 64), words: "disk: missing"},
		// covers: ShrinkVolumeOperationValidationTest.ZeroSubtract
		{name: "by nothing", operation: shrink(volume, 0), words: "more than nothing"},
		// covers: ShrinkVolumeOperationValidationTest.EmptyAfterShrink
		{name: "to nothing", operation: shrink(volume, 128), words: "less than the volume"},
		// covers: ShrinkVolumeOperationValidationTest.Shared
		{name: "a shared volume", operation: shrink(volumeOf(text("disk(web):128"), "v", share), 64), words: "shared"},
		// covers: ShrinkVolumeOperationValidationTest.ResourceProvider
		{name: "a provider's volume", operation: shrink(provided(volume, "p"), 64), words: "resource provider"},
		// covers: ShrinkVolumeOperationValidationTest.Mount
		{name: "on a MOUNT disk", operation: shrink(each(volume, rooted(resources.SourceMount, "m")), 64), words: "MOUNT"},
		// covers: ShrinkVolumeOperationValidationTest.MissingCapability
		{name: "an agent that can't", operation: shrink(volume, 64), without: mesospb.AgentInfo_Capability_RESIZE_VOLUME, words: "RESIZE_VOLUME"},
		{name: "by less than nothing", operation: shrink(volume, -1), words: "negative"},
	} {
		r.check(t)
	}
}

// Disks of storage plugins: no agent has such, but what is wrong is told first.
// https://mesos.apache.org/documentation/latest/csi/
func TestRulesOfDisks(t *testing.T) {
	raw := func(id, profile string) resources.Resources {
		return each(text("disk:1"), func(r *resources.Resource) {
			r.ProviderID = "p"
			r.Disk = &resources.Disk{Source: &resources.Source{Type: resources.SourceRaw, ID: id, Profile: profile}}
		})
	}
	made := func(kind resources.SourceType) resources.Resources {
		return each(raw("id", ""), func(r *resources.Resource) {
			r.Disk = &resources.Disk{Source: &resources.Source{Type: kind, ID: "id"}}
		})
	}
	const none = `no resource provider "p" is registered`
	mount, block, path := mesospb.Resource_DiskInfo_Source_MOUNT, mesospb.Resource_DiskInfo_Source_BLOCK, mesospb.Resource_DiskInfo_Source_PATH
	for _, r := range []rule{
		// covers: OperationValidationTest.CreateDisk
		{name: "a disk", operation: createDisk(raw("", "fast"), mount, ""), words: none},
		{name: "a block device", operation: createDisk(raw("", "fast"), block, ""), words: none},
		{name: "of a profile", operation: createDisk(raw("id", ""), mount, "fast"), words: none},
		{name: "an agent that can't", operation: createDisk(raw("", "fast"), mount, ""), without: mesospb.AgentInfo_Capability_RESOURCE_PROVIDER,
			words: "RESOURCE_PROVIDER"},
		{name: "nobody's", operation: createDisk(provided(raw("", "fast"), ""), mount, ""), words: "no resource provider has it"},
		{name: "of what is one", operation: createDisk(made(resources.SourceMount), mount, ""), words: "not a RAW disk"},
		{name: "of no such sort", operation: createDisk(raw("", "fast"), path, ""), words: "PATH is neither MOUNT nor BLOCK"},
		{name: "of two profiles", operation: createDisk(raw("", "fast"), mount, "slow"), words: "target_profile"},
		{name: "of no profile", operation: createDisk(raw("id", ""), mount, ""), words: "target_profile"},
		// covers: OperationValidationTest.DestroyDisk
		{name: "a MOUNT disk", operation: destroyDisk(made(resources.SourceMount)), words: none},
		{name: "a block device", operation: destroyDisk(made(resources.SourceBlock)), words: none},
		{name: "a RAW disk", operation: destroyDisk(made(resources.SourceRaw)), words: none},
		{name: "nobody's", operation: destroyDisk(provided(made(resources.SourceMount), "")), words: "no resource provider has it"},
		{name: "a PATH disk", operation: destroyDisk(made(resources.SourcePath)), words: "not a MOUNT, BLOCK or RAW disk"},
		{name: "of no plugin", operation: destroyDisk(raw("", "fast")), words: "no volume of a storage plugin"},
		{name: "a volume", operation: destroyDisk(volumeOf(each(made(resources.SourceMount), func(r *resources.Resource) {
			r.Reservations = only(text("disk(web):1")).Reservations
		}), "v")), words: "must be destroyed first"},
		{name: "an agent that can't", operation: destroyDisk(made(resources.SourceRaw)), without: mesospb.AgentInfo_Capability_RESOURCE_PROVIDER,
			words: "RESOURCE_PROVIDER"},
	} {
		r.check(t)
	}
}

func createDisk(source resources.Resources, target mesospb.Resource_DiskInfo_Source_Type, profile string) *mesospb.Offer_Operation {
	o := &mesospb.Offer_Operation{
		Type:       mesospb.Offer_Operation_CREATE_DISK.Enum(),
		CreateDisk: &mesospb.Offer_Operation_CreateDisk{Source: wireOf(source)[0], TargetType: target.Enum()},
	}
	if profile != "" {
		o.CreateDisk.TargetProfile = new(profile)
	}
	return o
}

func destroyDisk(source resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type:        mesospb.Offer_Operation_DESTROY_DISK.Enum(),
		DestroyDisk: &mesospb.Offer_Operation_DestroyDisk{Source: wireOf(source)[0]},
	}
}

func TestAVolumeLargerThanTheOfferIsNotMade(t *testing.T) {
	// covers: CreateOperationValidationTest.InsufficientDiskResource
	// covers: ReservationTest.DropReserveTooLarge
	y := newYard(t)
	disk := reserved(text("disk:100"), "web")
	y.done(text("disk:100"), reserve(disk))
	y.accept(disk, heard("c", create(volumeOf(reserved(text("disk:200"), "web"), "v"))))
	y.wantEvents("s1 c ERROR")
	y.accept(text("cpus:2"), heard("r", reserve(reserved(text("cpus:3"), "web"))))
	y.wantEvents("s1 r ERROR")
	y.wantTotal(text("cpus:8;mem:1024;disk:900").Add(disk))
	y.wantMetrics(map[string]float64{"master/operations/error": 2, "master/operations/create/error": 1, "master/operations/total": 3})
}
