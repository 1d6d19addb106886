package container_test

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// addressing knows the address of a container until it has cleaned up after it.
type addressing struct {
	container.Passive
	cleaned bool
}

func (a *addressing) Status(_ mesos.ContainerID, status *mesospb.ContainerStatus) {
	if !a.cleaned {
		status.NetworkInfos = []*mesospb.NetworkInfo{{Name: new("its own")}}
	}
}

func (a *addressing) Cleanup(context.Context, mesos.ContainerID) error {
	a.cleaned = true
	return nil
}

// A container that ends at once has the same status after its end: who launched
// it may come to ask late.
func TestStatusAfterTheEnd(t *testing.T) {
	isolator := &addressing{}
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{isolator}})
	spec := containertest.Spec(t, containertest.Shell("true"))
	pid := containertest.Launch(t, l, spec)
	containertest.Wait(t, l, spec.ID)
	if !isolator.cleaned {
		t.Error("its isolator did not clean up")
	}
	want := &mesospb.ContainerStatus{
		ContainerId:  &mesospb.ContainerID{Value: new(string(spec.ID))},
		NetworkInfos: []*mesospb.NetworkInfo{{Name: new("its own")}},
		ExecutorPid:  new(uint32(pid)),
	}
	if status, err := l.Status(spec.ID); err != nil || !proto.Equal(status, want) {
		t.Errorf("status = %v, %v, want %v", status, err, want)
	}
}
