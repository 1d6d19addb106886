package allocator

import "testing"

// https://mesos.apache.org/documentation/latest/oversubscription/

func TestRevocableResourcesAreForCapableFrameworks(t *testing.T) {
	// covers: HierarchicalAllocatorTest.OversubscribedNotAllocated
	expect(t, `
		> framework F0 a
		> agent S0 cpus:100;mem:100
		F0 is offered S0 for a: cpus:100; mem:100
		> update S0 cpus:100;mem:100;~cpus:10
		> explain F0 a S0
		capability keeps cpus:10 of 1 agents: cpus:10 is for frameworks with the REVOCABLE_RESOURCES capability
		try: give the framework the REVOCABLE_RESOURCES capability
		> subscribe F0 a can=revocable
		F0 is offered S0 for a: ~cpus:10
		> subscribe F0 a
		> free F0 S0 a ~cpus:10
		> wait 1m`)
}

func TestRevocableResourcesAreOfferedAsTheyGrow(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateSlaveOversubscribedResources
	expect(t, `
		> framework F0 a can=revocable
		> agent S0 cpus:100;mem:100
		F0 is offered S0 for a: cpus:100; mem:100
		> update S0 cpus:100;mem:100;~cpus:10
		F0 is offered S0 for a: ~cpus:10
		> update S0 cpus:100;mem:100;~cpus:12
		F0 is offered S0 for a: ~cpus:2
		> update S0 cpus:100;mem:100;~cpus:5
		> wait 1m`)
}

func TestFreedRevocableResourcesAreOffered(t *testing.T) {
	// covers: HierarchicalAllocatorTest.RecoverOversubscribedResources
	expect(t, `
		> framework F0 a can=revocable
		> agent S0 cpus:100;mem:100;~cpus:10
		F0 is offered S0 for a: cpus:100; mem:100; ~cpus:10
		> free F0 S0 a ~cpus:6;cpus:2
		F0 is offered S0 for a: ~cpus:6; cpus:2`)
}

func TestRevocableResourcesConsumeNoQuota(t *testing.T) {
	expect(t, `
		> quota a limit=cpus:1 & framework F0 a can=revocable
		> agent S0 cpus:4;~cpus:4
		F0 is offered S0 for a: ~cpus:4; cpus:1`)
}

// https://mesos.apache.org/documentation/latest/shared-resources/

func TestSharedVolumesAreForCapableFrameworks(t *testing.T) {
	// covers: HierarchicalAllocatorTest.SharedResourcesCapability
	expect(t, `
		> framework F0 a
		> agent S0 cpus:100;mem:100;disk(a):100
		F0 is offered S0 for a: cpus:100; mem:100; disk(a):100
		> convert F0 S0 a disk(a):5 disk(a)#v1!:5
		> free F0 S0 a cpus:100;mem:100;disk(a):95;disk(a)#v1!:5
		F0 is offered S0 for a: cpus:100; mem:100; disk(a):95
		> suppress F0 & free F0 S0 a cpus:100;mem:100;disk(a):95
		> framework F1 a can=shared
		F1 is offered S0 for a: cpus:100; mem:100; disk(a):95; disk(a)#v1!1:5`)
}

func TestSharedVolumeInUseIsOfferedToOthers(t *testing.T) {
	// covers: HierarchicalAllocatorTestWithParam.AllocateSharedResources
	expect(t, `
		> framework F0 a can=shared & framework F1 a can=shared
		> agent S0 cpus:4;mem:1024;disk(a):2048
		F0 is offered S0 for a: cpus:4; mem:1024; disk(a):2048
		> convert F0 S0 a disk(a):5 disk(a)#v1!:5
		> free F0 S0 a cpus:3;mem:1019;disk(a):2043
		F1 is offered S0 for a: disk(a)#v1!1:5; cpus:3; mem:1019; disk(a):2043`)
	expect(t, `
		> framework F0 a can=shared & framework F1 a can=shared & quota a guarantee=cpus:8;mem:2048;disk:4096
		> agent S0 cpus:4;mem:1024;disk(a):2048
		F0 is offered S0 for a: disk(a):2048; cpus:4; mem:1024
		> convert F0 S0 a disk(a):5 disk(a)#v1!:5
		> free F0 S0 a cpus:3;mem:1019;disk(a):2043
		F1 is offered S0 for a: disk(a)#v1!1:5; disk(a):2043; cpus:3; mem:1019`)
}

func TestDestroyedSharedVolumeIsDiskAgain(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateAllocationSharedPersistentVolume
	expect(t, `
		> framework F0 a can=shared
		> agent S0 cpus:100;mem:100;disk(a):100
		F0 is offered S0 for a: cpus:100; mem:100; disk(a):100
		> convert F0 S0 a disk(a):5 disk(a)#v1!:5
		> free F0 S0 a cpus:100;mem:100;disk(a):95;disk(a)#v1!:5
		F0 is offered S0 for a: cpus:100; mem:100; disk(a):95; disk(a)#v1!1:5
		> convert F0 S0 a disk(a)#v1!:5 disk(a):5
		> free F0 S0 a cpus:100;mem:100;disk(a):100
		F0 is offered S0 for a: cpus:100; mem:100; disk(a):100`)
}

// https://mesos.apache.org/documentation/latest/reservation/

func TestRefinedReservationsAreForCapableFrameworks(t *testing.T) {
	// covers: HierarchicalAllocatorTest.FrameworkLoopMESOS_9554
	// The one that is not capable has less, and must not keep the other waiting.
	expect(t, `
		> framework F0 a/b can=refined
		> agent S0 cpus:1;mem:1
		F0 is offered S0 for a/b: cpus:1; mem:1
		> framework F1 a/b
		> agent S1 cpus(a>a/b):1;mem(a>a/b):1
		F0 is offered S1 for a/b: cpus(a>a/b):1; mem(a>a/b):1`)
}

func TestOperatorsReservationIsOffered(t *testing.T) {
	// covers: HierarchicalAllocatorTest.UpdateAvailableSuccess
	expect(t, `
		> agent S0 cpus:100;mem:100
		> update S0 cpus:75;mem:50;cpus(+a):25;mem(+a):50
		> framework F0 a
		F0 is offered S0 for a: cpus:75; mem:50; cpus(+a):25; mem(+a):50`)
}

func TestReservedPortsComeAndGo(t *testing.T) {
	// covers: HierarchicalAllocatorTest.NonScalarReservationTrackingMESOS_9555
	expect(t, `
		> quota a limit=cpus:1
		> agent S0 cpus:1;ports(a):[1-2] & agent S1 cpus:1;ports(a):[1-2]
		> lose S0 & lose S1
		> framework F0 a
		> agent S0 cpus:1;ports(a):[1-2]
		F0 is offered S0 for a: cpus:1; ports(a):[1-2]`)
}

// https://mesos.apache.org/documentation/latest/configuration/master/

func TestExcludedResourcesDoNotCountForShares(t *testing.T) {
	// covers: HierarchicalAllocatorTest.DRFWithFairnessExclusion
	expectOf(t, Config{MinAllocatable: DefaultMinAllocatable(), FairnessExclude: []string{"gpus"}, FilterGPUs: true}, `
		> agent S0 cpus:2;mem:1024;gpus:1
		> framework F0 a can=gpu
		F0 is offered S0 for a: cpus:2; mem:1024; gpus:1
		> framework F1 b
		> agent S1 cpus:1;mem:512
		F1 is offered S1 for b: cpus:1; mem:512
		> agent S2 cpus:3;mem:2048
		F1 is offered S2 for b: cpus:3; mem:2048
		> framework F2 a
		> agent S3 cpus:4;mem:4096
		F2 is offered S3 for a: cpus:4; mem:4096
		> framework F3 a
		> agent S4 cpus:1;mem:512
		F1 is offered S4 for b: cpus:1; mem:512`)
}

func TestAgentsWithGPUsAreForCapableFrameworks(t *testing.T) {
	expectOf(t, Config{FilterGPUs: true}, `
		> framework F0 a
		> agent S0 cpus:1;gpus:1
		> explain F0 a S0
		gpus keeps cpus:1; gpus:1 of 1 agents: the agent has GPUs and the framework has no GPU_RESOURCES capability
		try: give the framework the GPU_RESOURCES capability, or run the master with --filter_gpu_resources=false
		> framework F1 a can=gpu
		F1 is offered S0 for a: cpus:1; gpus:1`)
	expectOf(t, Config{}, `
		> framework F0 a
		> agent S0 cpus:1;gpus:1
		F0 is offered S0 for a: cpus:1; gpus:1`)
}
