package cgroups_test

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// hog is a command that takes memory until it is stopped.
const hog = `x=0123456789012345; while :; do x=$x$x; done`

// A container that takes more memory than it has is killed, and it is told why.
func TestMemoryHog(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	s := spec(t, hog, 1, 32)
	exit, _, _ := containertest.Run(t, l, s)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY {
		t.Fatalf("exit = %+v", exit)
	}
	if !strings.HasPrefix(exit.Message, "Memory limit exceeded: Requested: 32MB Maximum Used: ") ||
		!strings.Contains(exit.Message, "\nMEMORY STATISTICS: \n") {
		t.Errorf("message = %q", exit.Message)
	}
	if len(exit.Limited) != 1 || exit.Limited[0].GetName() != "mem" || exit.Limited[0].GetScalar().GetValue() < 16 {
		t.Errorf("limited = %v", exit.Limited)
	}
}
