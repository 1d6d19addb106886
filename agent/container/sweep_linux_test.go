package container_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

// sweeping remembers which of some containers it was told to keep.
type sweeping struct {
	container.Passive
	asked []mesos.ContainerID
	kept  []mesos.ContainerID
}

func (s *sweeping) Sweep(_ context.Context, kept func(mesos.ContainerID) bool) error {
	for _, id := range s.asked {
		if kept(id) {
			s.kept = append(s.kept, id)
		}
	}
	return errors.New("not removed")
}

// What is left of containers that are unknown is swept up; a failure keeps
// nothing from starting, and is counted.
func TestSweep(t *testing.T) {
	dir := containertest.RuntimeDir(t)
	l := lasting(t, dir)
	running := outliving(t, "exec sleep 1000")
	containertest.Launch(t, l, running)
	detach(t, l)

	isolator := &sweeping{asked: []mesos.ContainerID{"unknown", running.ID, "lost"}}
	next := containertest.New(t, container.Config{Isolators: []container.Isolator{isolator}, RuntimeDir: dir})
	lost := outliving(t, "true")
	lost.ID = "lost"
	if err := next.Recover([]container.Spec{running, lost}); err != nil {
		t.Fatal(err)
	}
	if len(isolator.kept) != 1 || isolator.kept[0] != running.ID {
		t.Errorf("kept %q", isolator.kept)
	}
	if got := next.Metrics()["containerizer/mesos/container_destroy_errors"]; got != 1 {
		t.Errorf("container_destroy_errors = %v", got)
	}
}
