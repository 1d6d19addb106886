package allocator

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expect tells a story, of lines that begin with ">", and compares the answers
// with the lines after them.
func expect(t *testing.T, text string) {
	t.Helper()
	expectOf(t, Config{MinAllocatable: DefaultMinAllocatable()}, text)
}

// expectOf is expect of an allocator that is not configured as usual.
func expectOf(t *testing.T, config Config, text string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	want := strings.Join(lines, "\n") + "\n"
	if diff := cmp.Diff(want, tell(config, want)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// https://mesos.apache.org/documentation/latest/allocation-module/

func TestWholeAgentGoesToOneFramework(t *testing.T) {
	// covers: HierarchicalAllocatorTest.CoarseGrained
	expect(t, `
		> agent S0 cpus:2;mem:1024 & agent S1 cpus:2;mem:1024 & framework F0 a & framework F1 a
		F0 is offered S0 for a: cpus:2; mem:1024
		F1 is offered S1 for a: cpus:2; mem:1024`)
}

func TestLeastDominantShareIsServedFirst(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UnreservedDRF
	// covers: DRFSorterTest.DRF
	expect(t, `
		> agent S0 cpus:2;mem:1024
		> framework F0 a
		F0 is offered S0 for a: cpus:2; mem:1024
		> framework F1 b
		> agent S1 cpus:1;mem:512
		F1 is offered S1 for b: cpus:1; mem:512
		> agent S2 cpus:3;mem:2048
		F1 is offered S2 for b: cpus:3; mem:2048
		> framework F2 a
		> agent S3 cpus:4;mem:4096
		F2 is offered S3 for a: cpus:4; mem:4096`)
}

func TestReservedResourcesCountForTheShare(t *testing.T) {
	// covers: HierarchicalAllocatorTest.ReservedDRF
	expect(t, `
		> agent S0 cpus:1;mem:512;cpus(a):100
		> framework F0 a
		F0 is offered S0 for a: cpus:1; mem:512; cpus(a):100
		> framework F1 b
		> agent S1 cpus:2;mem:1024
		F1 is offered S1 for b: cpus:2; mem:1024
		> agent S2 cpus:2;mem:1024
		F1 is offered S2 for b: cpus:2; mem:1024`)
}

func TestEqualSharesTakeTurns(t *testing.T) {
	// covers: HierarchicalAllocatorTest.SameShareFairness
	// covers: DRFSorterTest.AllocationCountTieBreak
	expect(t, `
		> framework F0 a & framework F1 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> free F0 S0 a cpus:2;mem:1024
		F1 is offered S0 for a: cpus:2; mem:1024
		> free F1 S0 a cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> free F0 S0 a cpus:2;mem:1024
		F1 is offered S0 for a: cpus:2; mem:1024`)
}

func TestWeightsDivideShares(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateWeight
	// covers: DRFSorterTest.WDRF
	// covers: DRFSorterTest.UpdateWeight
	expect(t, `
		> weight b 2 & framework F0 a & framework F1 b
		> agent S0 cpus:2;mem:1024 & agent S1 cpus:2;mem:1024 & agent S2 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		F1 is offered S1 for b: cpus:2; mem:1024
		F1 is offered S2 for b: cpus:2; mem:1024
		> weight b 1
		> agent S3 cpus:2;mem:1024
		F0 is offered S3 for a: cpus:2; mem:1024
		> weight a 8
		> agent S4 cpus:2;mem:1024
		F0 is offered S4 for a: cpus:2; mem:1024`)
}

func TestWeightOfRoleCountsForThoseBelow(t *testing.T) {
	// covers: DRFSorterTest.ChangeWeightOnSubtree
	expect(t, `
		> framework F0 a/x & framework F1 a/y & framework F2 b & weight a 3
		> agent S0 cpus:1;mem:64 & agent S1 cpus:1;mem:64 & agent S2 cpus:1;mem:64 & agent S3 cpus:1;mem:64 & agent S4 cpus:1;mem:64
		F0 is offered S0 for a/x: cpus:1; mem:64
		F0 is offered S3 for a/x: cpus:1; mem:64
		F2 is offered S1 for b: cpus:1; mem:64
		F2 is offered S4 for b: cpus:1; mem:64
		F1 is offered S2 for a/y: cpus:1; mem:64`)
}

// https://mesos.apache.org/documentation/latest/roles/#hierarchical-roles

func TestRolesShareWithTheirParentsSiblings(t *testing.T) {
	// covers: HierarchicalAllocatorTest.NestedRoleDRF
	// covers: DRFSorterTest.ShallowHierarchy
	// covers: DRFSorterTest.HierarchicalAllocation
	expect(t, `
		> framework F0 a/b & framework F1 a/c & framework F2 d
		> agent S0 cpus:1;mem:64
		F0 is offered S0 for a/b: cpus:1; mem:64
		> agent S1 cpus:1;mem:64
		F2 is offered S1 for d: cpus:1; mem:64
		> agent S2 cpus:1;mem:64
		F1 is offered S2 for a/c: cpus:1; mem:64
		> agent S3 cpus:1;mem:64
		F2 is offered S3 for d: cpus:1; mem:64`)
}

func TestDeepRoleIsOneAmongItsAncestorsSiblings(t *testing.T) {
	// covers: DRFSorterTest.DeepHierarchy
	expect(t, `
		> framework F0 a/b/c/d & framework F1 e/f & framework F2 e/g/h
		> agent S0 cpus:1;mem:64 & agent S1 cpus:1;mem:64 & agent S2 cpus:1;mem:64 & agent S3 cpus:1;mem:64
		F0 is offered S0 for a/b/c/d: cpus:1; mem:64
		F0 is offered S2 for a/b/c/d: cpus:1; mem:64
		F1 is offered S1 for e/f: cpus:1; mem:64
		F2 is offered S3 for e/g/h: cpus:1; mem:64`)
}

func TestFrameworkOfInnerRoleCompetesWithItsChildren(t *testing.T) {
	// covers: DRFSorterTest.AddChildToLeaf
	// covers: DRFSorterTest.AddChildToInternal
	expect(t, `
		> framework F0 a
		> agent S0 cpus:1;mem:64
		F0 is offered S0 for a: cpus:1; mem:64
		> framework F1 a/b & framework F2 c
		> agent S1 cpus:1;mem:64
		F2 is offered S1 for c: cpus:1; mem:64
		> agent S2 cpus:1;mem:64
		F1 is offered S2 for a/b: cpus:1; mem:64
		> framework F3 a/d
		> agent S3 cpus:1;mem:64
		F2 is offered S3 for c: cpus:1; mem:64
		> agent S4 cpus:1;mem:64
		F3 is offered S4 for a/d: cpus:1; mem:64`)
}

func TestRoleIsForgottenWithItsLastFramework(t *testing.T) {
	// covers: CommonSorterTest.RemoveLeafCollapseParent
	expect(t, `
		> framework F0 a & framework F1 a/b & framework F2 c
		> agent S0 cpus:1;mem:64
		F0 is offered S0 for a: cpus:1; mem:64
		> remove F1
		> remove F0
		F2 is offered S0 for c: cpus:1; mem:64
		> framework F3 a
		> agent S1 cpus:1;mem:64
		F3 is offered S1 for a: cpus:1; mem:64`)
}

// https://mesos.apache.org/documentation/latest/reservation/

func TestReservedResourcesAreOfferedToTheirRole(t *testing.T) {
	// covers: HierarchicalAllocatorTest.Reservations
	expect(t, `
		> framework F0 a
		> agent S0 cpus(a):1;mem(a):64;cpus(b):2;mem(b):128;cpus:1;mem:64
		F0 is offered S0 for a: cpus(a):1; mem(a):64; cpus:1; mem:64
		> framework F1 b
		F1 is offered S0 for b: cpus(b):2; mem(b):128`)
}

func TestReservedResourcesAreOfferedToRolesBelow(t *testing.T) {
	// covers: HierarchicalAllocatorTest.OfferAncestorReservationsToDescendantChild
	expect(t, `
		> framework F0 a/b/c
		> agent S0 cpus(a):1;mem(a):64;cpus(a/b):2;mem(a/b):128;cpus(d):1
		F0 is offered S0 for a/b/c: cpus(a):1; mem(a):64; cpus(a/b):2; mem(a/b):128`)
}

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#decline

func TestDeclinedIsNotOfferedAgainForAWhile(t *testing.T) {
	// covers: HierarchicalAllocatorTest.OfferFilter
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> decline F0 S0 a cpus:2;mem:1024 refuse=2s
		> wait 1999ms
		> wait 1ms
		at 2s: F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestFilterOutlastsTheAllocationInterval(t *testing.T) {
	// covers: HierarchicalAllocatorTest.SmallOfferFilterTimeout
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> decline F0 S0 a cpus:2;mem:1024 refuse=1ms
		> wait 999ms
		> wait 1ms
		at 1s: F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestFilterIsOnlyAboutWhatWasRefused(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> decline F0 S0 a cpus:2;mem:512 refuse=1h
		> decline F0 S0 a mem:512 refuse=1h
		F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestFiltersEndWhenAttributesChange(t *testing.T) {
	// covers: HierarchicalAllocatorTest.RemoveFilters
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024 rack=r1
		F0 is offered S0 for a: cpus:2; mem:1024
		> decline F0 S0 a cpus:2;mem:1024 refuse=1h
		> update S0 cpus:2;mem:1024 rack=r1
		> update S0 cpus:2;mem:1024 rack=r2
		F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestReviveEndsFilters(t *testing.T) {
	// covers: HierarchicalAllocatorTest.ReviveOffers
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> decline F0 S0 a cpus:2;mem:1024 refuse=1h
		> wait 1m
		> revive F0
		F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestSuppressedFrameworkIsOfferedNothing(t *testing.T) {
	// covers: HierarchicalAllocatorTest.SuppressAndReviveOffers
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> suppress F0 & free F0 S0 a cpus:2;mem:1024
		> agent S1 cpus:2;mem:1024
		> wait 1m
		> revive F0
		F0 is offered S0 for a: cpus:2; mem:1024
		F0 is offered S1 for a: cpus:2; mem:1024`)
}

func TestSuppressAndReviveAreByRole(t *testing.T) {
	// covers: HierarchicalAllocatorTest.SuppressAndReviveOffersWithMultiRole
	expect(t, `
		> framework F0 a b
		> suppress F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for b: cpus:2; mem:1024
		> suppress F0 b & free F0 S0 b cpus:2;mem:1024
		> revive F0 a
		F0 is offered S0 for a: cpus:2; mem:1024`)
}

// https://mesos.apache.org/documentation/latest/configuration/master/

func TestOnlyWhitelistedHostsAreOffered(t *testing.T) {
	// covers: HierarchicalAllocatorTest.Whitelist
	expect(t, `
		> whitelist nobody & framework F0 a & agent S0 cpus:2;mem:1024
		> wait 1m
		> whitelist S0
		F0 is offered S0 for a: cpus:2; mem:1024`)
}

func TestOfferHasAMinimumOfSomeResource(t *testing.T) {
	// covers: HierarchicalAllocatorTest.Allocatable
	expect(t, `
		> framework F0 a
		> agent S0 cpus:0.009;mem:31.999
		> agent S1 cpus:0.01;mem:31
		F0 is offered S1 for a: cpus:0.01; mem:31
		> agent S2 cpus:0.001;mem:32
		F0 is offered S2 for a: cpus:0.001; mem:32
		> agent S3 disk:100`)
}

func TestFrameworkSetsItsOwnMinimum(t *testing.T) {
	// covers: HierarchicalAllocatorTest.FrameworkMinAllocatable
	expect(t, `
		> framework F0 a min=cpus:2;mem:128 & framework F1 b
		> agent S0 cpus:1;mem:1024
		F1 is offered S0 for b: cpus:1; mem:1024
		> agent S1 cpus:2;mem:128
		F0 is offered S1 for a: cpus:2; mem:128`)
}

func TestFrameworkMayHaveNoMinimum(t *testing.T) {
	// covers: HierarchicalAllocatorTest.FrameworkEmptyMinAllocatable
	expect(t, `
		> framework F0 a min=
		> agent S0 cpus:0.001
		F0 is offered S0 for a: cpus:0.001`)
}

func TestResourcesOfEndedTasksAreOffered(t *testing.T) {
	// covers: HierarchicalAllocatorTest.RecoverResources
	expect(t, `
		> agent S0 cpus:1;mem:200 used=F0,a,cpus:1;mem:200 & framework F0 a
		> free F0 S0 a cpus:0.5;mem:100
		F0 is offered S0 for a: cpus:0.5; mem:100`)
}

func TestWhatAnAgentComesBackWithIsNotOffered(t *testing.T) {
	expect(t, `
		> agent S0 cpus:2;mem:200 & drain S0 & framework F0 a & framework F1 b
		> hold F0 S0 a cpus:1.5;mem:100 & undrain S0
		F1 is offered S0 for b: cpus:0.5; mem:100
		> free F0 S0 a cpus:1.5;mem:100
		F0 is offered S0 for a: cpus:1.5; mem:100`)
}

func TestLateRecoveryOfALostAgentIsIgnored(t *testing.T) {
	// covers: HierarchicalAllocatorTest.RemoveSlaveRecoverResources
	expect(t, `
		> framework F0 a
		> agent S0 cpus:1;mem:200
		F0 is offered S0 for a: cpus:1; mem:200
		> lose S0
		> free F0 S0 a cpus:1;mem:200
		> agent S0 cpus:1;mem:200
		F0 is offered S0 for a: cpus:1; mem:200`)
}

func TestGrownAgentIsOffered(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateSlaveTotalResources
	expect(t, `
		> framework F0 a
		> agent S0 cpus:100;mem:1024
		F0 is offered S0 for a: cpus:100; mem:1024
		> update S0 cpus:200;mem:1024
		F0 is offered S0 for a: cpus:100
		> update S0 cpus:50;mem:1024
		> free F0 S0 a cpus:100
		> update S0 cpus:150;mem:1024
		F0 is offered S0 for a: cpus:50`)
}

func TestDisconnectedFrameworkKeepsWhatItHolds(t *testing.T) {
	// covers: HierarchicalAllocatorTest.DeactivateAndReactivateFramework
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> deactivate F0
		> agent S1 cpus:1;mem:64
		> activate F0
		F0 is offered S1 for a: cpus:1; mem:64`)
}

func TestUsedResourcesAreCountedOnce(t *testing.T) {
	// covers: HierarchicalAllocatorTest.NoDoubleAccounting
	expect(t, `
		> agent S0 cpus:2;mem:64 used=F0,a,cpus:1 & agent S1 cpus:2;mem:64 used=F1,b,cpus:1
		> framework F0 a
		F0 is offered S0 for a: cpus:1; mem:64
		F0 is offered S1 for a: cpus:1; mem:64
		> framework F1 b
		> free F0 S1 a cpus:1;mem:64
		F1 is offered S1 for b: cpus:1; mem:64`)
}

func TestCapableFrameworksOnly(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:1;mem:64 region=far
		> explain F0 a S0
		region keeps cpus:1; mem:64 of 1 agents: the agent is in region far and the framework is not REGION_AWARE
		try: give the framework the REGION_AWARE capability
		> framework F1 b can=region
		F1 is offered S0 for b: cpus:1; mem:64`)
}

func TestImpossibleInputsAreRefused(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:1;mem:64
		F0 is offered S0 for a: cpus:1; mem:64
		> free F0 S0 a cpus:2
		refused: recover: agent S0: framework F0 does not hold cpus(allocated: a):2
		> free F0 S0 b cpus:1
		refused: recover: agent S0: framework F0 does not hold cpus(allocated: b):1
		> convert F0 S0 a cpus:2 cpus(a):2
		refused: update allocation: agent S0: framework F0 does not hold cpus(allocated: a):2
		> weight a -1
		refused: update weights: weight of role a: -1 is not a positive number up to 4294967295`)
}

// https://mesos.apache.org/documentation/latest/persistent-volume/

func TestOperationChangesHeldAndTotal(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateAllocation
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:64
		F0 is offered S0 for a: cpus:2; mem:64
		> convert F0 S0 a cpus:1 cpus(a):1
		> free F0 S0 a cpus:1;cpus(a):1;mem:64
		F0 is offered S0 for a: cpus:1; mem:64; cpus(a):1`)
}

func TestOperationMayTakeResourcesAway(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateAllocationRemoveResources
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:64;disk:100
		F0 is offered S0 for a: cpus:2; mem:64; disk:100
		> convert F0 S0 a disk:100
		> free F0 S0 a cpus:2;mem:64
		F0 is offered S0 for a: cpus:2; mem:64`)
}
