package container_test

import (
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

type observing struct {
	container.Passive
	processes func(mesos.ContainerID) ([]int, error)
	closed    int
}

func (o *observing) Observe(processes func(mesos.ContainerID) ([]int, error)) {
	o.processes = processes
}
func (o *observing) Close() error { o.closed++; return nil }

func TestIsolatorLooksAtContainers(t *testing.T) {
	for name, end := range map[string]func(*container.Local) error{
		"close": (*container.Local).Close, "detach": (*container.Local).Detach,
	} {
		t.Run(name, func(t *testing.T) {
			isolator := &observing{}
			l := containertest.New(t, container.Config{Isolators: []container.Isolator{isolator}})
			spec := containertest.Spec(t, containertest.Shell(containertest.Daemon+"; exec sleep 1000"))
			pid := containertest.Launch(t, l, spec)
			daemon := containertest.Pids(t, spec, 1)[0]
			if pids, err := isolator.processes(spec.ID); err != nil || !slices.Contains(pids, pid) || !slices.Contains(pids, daemon) {
				t.Errorf("processes = %d, %v, want %d and %d among them", pids, err, pid, daemon)
			}
			if _, err := isolator.processes("unknown"); mesos.KindOf(err) != mesos.NotFound {
				t.Errorf("of an unknown container: %v", err)
			}
			if err := end(l); err != nil || isolator.closed != 1 {
				t.Errorf("%v; closed %d times", err, isolator.closed)
			}
		})
	}
}
