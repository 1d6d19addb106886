package container_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// provisioner answers when it is told to, however its caller changes its mind.
type provisioner struct {
	began, cancelled chan struct{}
	answer           chan error
	over, destroyed  atomic.Int32
	destroy          error
}

func newProvisioner() *provisioner {
	return &provisioner{began: make(chan struct{}), cancelled: make(chan struct{}), answer: make(chan error)}
}

func (p *provisioner) Provision(ctx context.Context, _ mesos.ContainerID, _ *mesospb.Image) (*container.Image, error) {
	close(p.began)
	go func() {
		<-ctx.Done()
		close(p.cancelled)
	}()
	err := <-p.answer
	p.over.Add(1)
	return &container.Image{Root: "/nowhere"}, err
}

func (p *provisioner) Destroy(context.Context, mesos.ContainerID) error {
	if p.over.Load() == 0 {
		return mesos.Errorf(mesos.Internal, "destroyed while it was made")
	}
	p.destroyed.Add(1)
	return p.destroy
}

func (p *provisioner) Recover([]mesos.ContainerID) error { return nil }

func ofImage(t *testing.T) container.Spec {
	spec := containertest.Spec(t, containertest.Shell("echo ran"))
	spec.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(),
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")},
		}},
	}
	return spec
}

// A container whose image can't be made ready is no container, and what there is of
// the image is removed.
func TestImageThatCantBeProvisioned(t *testing.T) {
	// covers: MesosContainerizerProvisionerTest.ProvisionFailed
	p, cleanups := newProvisioner(), 0
	l := containertest.New(t, container.Config{Images: p, Isolators: []container.Isolator{testIsolator{cleanups: &cleanups}}})
	spec := ofImage(t)
	go func() { p.answer <- mesos.Errorf(mesos.Unavailable, "provision failure") }()
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v", err)
	}
	if p.destroyed.Load() != 1 || cleanups != 0 {
		t.Errorf("the image was destroyed %d times, and isolators cleaned up %d times", p.destroyed.Load(), cleanups)
	}
	if err := l.Destroy(t.Context(), spec.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("destroy = %v", err)
	}
}

// A container that is destroyed while its image is made ready is gone once that is
// over, and no isolator cleans up what it never prepared.
func TestDestroyWhileProvisioning(t *testing.T) {
	// covers: MesosContainerizerProvisionerTest.ROOT_INTERNET_CURL_DestroyWhileProvisioning
	// covers: MesosContainerizerProvisionerTest.IsolatorCleanupBeforePrepare
	p, cleanups := newProvisioner(), 0
	l := containertest.New(t, container.Config{Images: p, Isolators: []container.Isolator{testIsolator{cleanups: &cleanups}}})
	spec := ofImage(t)
	launched, destroyed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := l.Launch(context.Background(), spec)
		launched <- err
	}()
	<-p.began
	go func() { destroyed <- l.Destroy(context.Background(), spec.ID) }()
	<-p.cancelled
	select {
	case err := <-destroyed:
		t.Fatalf("destroy did not wait for the image: %v", err)
	default:
	}
	p.answer <- nil
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v, want that it was destroyed", err)
	}
	if err := <-destroyed; err != nil {
		t.Errorf("destroy = %v", err)
	}
	if p.destroyed.Load() != 1 || cleanups != 0 {
		t.Errorf("the image was destroyed %d times, and isolators cleaned up %d times", p.destroyed.Load(), cleanups)
	}
}

// That a container could not be killed is told, and counted; later it can.
func TestContainerThatCantBeKilled(t *testing.T) {
	// covers: MesosContainerizerDestroyTest.LauncherDestroyFailure
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
	containertest.Launch(t, l, spec)
	mend := container.BreakKill(l, mesos.Errorf(mesos.Internal, "destroy failure"))
	if err := l.Destroy(t.Context(), spec.ID); mesos.KindOf(err) != mesos.Internal {
		t.Errorf("destroy = %v", err)
	}
	if got := l.Metrics()["containerizer/mesos/container_destroy_errors"]; got != 1 {
		t.Errorf("container_destroy_errors = %v", got)
	}
	mend()
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy = %v", err)
	}
}
