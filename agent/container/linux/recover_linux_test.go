package linux_test

import (
	"context"
	"os"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
)

// An agent may be restarted with another --isolation: what runs stays as it was
// launched, and ends completely.
//
// covers: MesosContainerizerSlaveRecoveryTest.ROOT_CGROUPS_PidNamespaceForward
// covers: MesosContainerizerSlaveRecoveryTest.ROOT_CGROUPS_PidNamespaceBackward
func TestTheNextAgentMayIsolateOtherwise(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("namespaces take root")
	}
	pids, err := linux.Pids(linux.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, isolation := range map[string]struct{ before, after []container.Isolator }{
		"forward": {nil, []container.Isolator{pids}}, "backward": {[]container.Isolator{pids}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := containertest.RuntimeDir(t)
			l := containertest.New(t, container.Config{Isolators: isolation.before, RuntimeDir: dir})
			spec := containertest.Spec(t, containertest.Shell("sleep 1000 & exec sleep 1000"))
			spec.Outlive = containertest.Limit
			pid := containertest.Launch(t, l, spec)
			if err := l.Detach(); err != nil {
				t.Fatal(err)
			}
			next := containertest.New(t, container.Config{Isolators: isolation.after, RuntimeDir: dir})
			if err := next.Recover([]container.Spec{spec}); err != nil {
				t.Fatal(err)
			}
			if status, err := next.Status(spec.ID); err != nil || int(status.GetExecutorPid()) != pid {
				t.Errorf("recovered as %v, %v, want pid %d", status, err, pid)
			}
			if err := next.Destroy(context.Background(), spec.ID); err != nil {
				t.Fatal(err)
			}
			if exit := containertest.Wait(t, next, spec.ID); !exit.Known {
				t.Errorf("exit %+v", exit)
			}
			if _, err := os.Stat("/proc/" + pidOf(pid)); err == nil {
				t.Error("its process is still there")
			}
		})
	}
}
