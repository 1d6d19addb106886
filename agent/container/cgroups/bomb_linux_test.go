package cgroups_test

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// While a fork bomb is at its limit of memory other containers come and go beside it,
// and it ends for what it did. This alone does not show why they are not kept waiting:
// whether its processes are slow to be looked at is up to the kernel. What depends on
// it is shown by TestCgroupsTellWhoseAProcessIs.
func TestContainersBesideAForkBombAtItsMemoryLimit(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: some, PidsLimit: 1000})
	// Their parents end at once. What takes the memory is that they are so many.
	bomb := spec(t, "bomb() { bomb | bomb & }; echo > began; bomb; "+sleep, 1, 32)
	containertest.Launch(t, l, bomb)
	wait, _ := inSandbox(t, bomb)
	wait("began")
	began := time.Now()
	for range 5 {
		other := spec(t, "exit 3", 1, 64)
		if exit, _, _ := containertest.Run(t, l, other); exit.Status.ExitStatus() != 3 {
			t.Errorf("beside the bomb: %+v", exit)
		}
	}
	exit := containertest.Wait(t, l, bomb.ID)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY {
		t.Errorf("exit = %+v", exit)
	}
	if took := time.Since(began); took > containertest.Limit {
		t.Errorf("it took %v", took)
	}
}
