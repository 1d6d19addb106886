package allocator

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// What the allocator has to do with the life of a cluster.

// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/

func TestAgentsThatComeBackFirst(t *testing.T) {
	// covers: MasterAllocatorTest.SlaveReregistersFirst
	expect(t, `
		> agent S0 cpus:2;mem:1024 used=F0,a,cpus:1;mem:500
		> framework F0 a
		F0 is offered S0 for a: cpus:1; mem:524`)
}

func TestFrameworksThatComeBackFirst(t *testing.T) {
	// covers: MasterAllocatorTest.FrameworkReregistersFirst
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024 used=F0,a,cpus:1;mem:500
		F0 is offered S0 for a: cpus:1; mem:524`)
}

func TestRecoveryForAFrameworkThatIsGoneIsIgnored(t *testing.T) {
	// covers: MasterAllocatorTest.OutOfOrderDispatch
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2;mem:1024
		F0 is offered S0 for a: cpus:2; mem:1024
		> remove F0
		> free F0 S0 a cpus:2;mem:1024
		> framework F1 a
		F1 is offered S0 for a: cpus:2; mem:1024`)
}

func TestAgentsThatComeLaterAreOffered(t *testing.T) {
	// covers: MasterAllocatorTest.SlaveAdded
	expect(t, `
		> framework F0 a & agent S0 cpus:3;mem:1024 used=F0,a,cpus:3;mem:1024
		> agent S1 cpus:4;mem:2048
		F0 is offered S1 for a: cpus:4; mem:2048`)
}

// https://mesos.apache.org/documentation/latest/resource-provider/

func TestAnAgentThatGrowsByWhatIsInUse(t *testing.T) {
	// covers: HierarchicalAllocatorTest.AddResourceProvider
	expect(t, `
		> framework F1 a active=no & framework F2 b active=no
		> agent S0 cpus:1;mem:100;disk:10
		> update S0 cpus:3;mem:300;disk:30 & hold F1 S0 a cpus:2;mem:200;disk:20
		> activate F2
		F2 is offered S0 for b: cpus:1; mem:100; disk:10
		> activate F1
		> agent S1 cpus:1;mem:100;disk:10
		F2 is offered S1 for b: cpus:1; mem:100; disk:10`)
}

func TestMoreOfAnAgentIsInUse(t *testing.T) {
	// covers: HierarchicalAllocatorTest.AddResourceProviderOverallocated
	expect(t, `
		> agent S0 cpus:2;mem:200;disk:20
		> framework F0 a active=no
		> hold F0 S0 a cpus:1;mem:100;disk:10
		> activate F0
		F0 is offered S0 for a: cpus:1; mem:100; disk:10`)
}

// https://mesos.apache.org/documentation/latest/reservation/

func TestAnOperatorReservesWhatWasJustOffered(t *testing.T) {
	// The master refuses such offers and gives them back; until then there is
	// nothing to offer, whatever the total has become.
	// covers: HierarchicalAllocatorTest.UpdateAvailableFail
	expect(t, `
		> agent S0 cpus:100;mem:100 & framework F0 a
		F0 is offered S0 for a: cpus:100; mem:100
		> update S0 cpus:75;mem:50;cpus(b):25;mem(b):50 & framework F1 b
		> free F0 S0 a cpus:100;mem:100 & suppress F0
		F1 is offered S0 for b: cpus:75; mem:50; cpus(b):25; mem(b):50`)
}

// https://mesos.apache.org/documentation/latest/configuration/master/

func TestCpusAloneOrMemoryAloneAreOffered(t *testing.T) {
	// covers: MasterAllocatorTest.CpusOnlyOfferedAndTaskLaunched
	// covers: MasterAllocatorTest.MemoryOnlyOfferedAndTaskLaunched
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2
		F0 is offered S0 for a: cpus:2
		> free F0 S0 a cpus:2
		F0 is offered S0 for a: cpus:2
		> agent S1 mem:200
		F0 is offered S1 for a: mem:200
		> free F0 S1 a mem:200
		F0 is offered S1 for a: mem:200`)
}

func TestOffersHaveOneOfSeveralMinimums(t *testing.T) {
	// covers: MasterAllocatorTest.MinAllocatableResources
	config := Config{MinAllocatable: DefaultMinAllocatable()[:0]}
	for _, min := range []string{"cpus:1;mem:100", "disk:100"} {
		config.MinAllocatable = append(config.MinAllocatable, must(resources.ParseQuantities(min)))
	}
	expectOf(t, config, `
		> framework F0 a
		> agent S0 cpus:0.5;mem:100;disk:50
		> agent S1 cpus:1;mem:50
		> agent S2 cpus:1;mem:100
		F0 is offered S2 for a: cpus:1; mem:100
		> agent S3 disk:100
		F0 is offered S3 for a: disk:100`)
}

// https://mesos.apache.org/documentation/latest/weights/

func TestOffersGivenBackFollowTheNewWeights(t *testing.T) {
	// Nothing is offered because of weights; whoever sets them rescinds offers.
	expect(t, `
		> framework F0 a & framework F1 b
		> agent S0 cpus:1 & agent S1 cpus:1 & agent S2 cpus:1
		F0 is offered S0 for a: cpus:1
		F0 is offered S2 for a: cpus:1
		F1 is offered S1 for b: cpus:1
		> weight b 2
		> free F0 S0 a cpus:1 & free F1 S1 b cpus:1 & free F0 S2 a cpus:1
		F1 is offered S0 for b: cpus:1
		F1 is offered S2 for b: cpus:1
		F0 is offered S1 for a: cpus:1`)
}

// https://mesos.apache.org/documentation/latest/maintenance/

func TestRefusedInverseOffersComeBackAfterAWhile(t *testing.T) {
	expect(t, `
		> framework F0 a & framework F1 b & agent S0 cpus:1 & agent S1 cpus:1
		F0 is offered S0 for a: cpus:1
		F1 is offered S1 for b: cpus:1
		> maintain S0 & maintain S1
		F0 is asked to leave S0
		F1 is asked to leave S1
		> stay F0 S0 refuse=1h & stay F1 S1 refuse=0s
		> wait 1s
		at 1s: F1 is asked to leave S1
		> wait 59m58s
		> wait 1s
		at 1h0m0s: F0 is asked to leave S0`)
}

func TestUnknownFrameworkIsNotAskedToLeave(t *testing.T) {
	// covers: HierarchicalAllocatorTest.AddAgentWithUnknownFrameworkAndMaintenance
	expect(t, `
		> agent S0 cpus:2;mem:64 used=F0,a,cpus:2;mem:64 & maintain S0
		> framework F0 a
		F0 is asked to leave S0`)
}

func TestFrameworksAreAskedToLeaveWhatTheyHold(t *testing.T) {
	// covers: HierarchicalAllocatorTest.MaintenanceInverseOffers
	expect(t, `
		> framework F0 a & framework F1 b & agent S0 cpus:2;mem:64 & agent S1 cpus:2;mem:64
		F0 is offered S0 for a: cpus:2; mem:64
		F1 is offered S1 for b: cpus:2; mem:64
		> maintain S0
		F0 is asked to leave S0
		> wait 1m
		> stay F0 S0
		> wait 5s
		at 1m5s: F0 is asked to leave S0`)
}

func TestNobodyIsAskedToLeaveAnAgentThatIsAway(t *testing.T) {
	// The master takes back at once what it can't pass on; asked again in the same
	// instant, the two would never end.
	expect(t, `
		> framework F0 a & agent S0 cpus:2;mem:64
		F0 is offered S0 for a: cpus:2; mem:64
		> drain S0
		> maintain S0
		> undrain S0
		F0 is asked to leave S0`)
}
