package container

import (
	"context"

	"github.com/mesosctl/mesosctl/agent/container/fetch"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Plan is what a container will be, while isolators prepare it.
type Plan struct {
	Spec *Spec
	// Parent is the container that this one is nested in; nil of any other.
	Parent *Parent
	// Image is what the container's image provides; nil of a container without one.
	Image *Image
	// Process is started once every isolator has had its say.
	Process supervise.Process
	// Volumes are in the sandbox as the container sees it, and nowhere else.
	Volumes []fetch.Volume
	// Secrets are variables of its environment that are written down nowhere.
	Secrets []string
}

// Parent is a running container that another is nested in.
type Parent struct {
	Spec *Spec
	Pid  int // of its first process, whose namespaces can be entered
}

// Image is an image that was made ready for one container.
type Image struct {
	// Root is the root file system, on the host.
	Root string
	// Ephemeral are the directories on the host that grow as the container writes
	// to Root, such as an overlay's upper one: they count as its sandbox does.
	Ephemeral []string
	// Config is what the image says of the process to run.
	Config ImageConfig
}

// ImageConfig is what an image says of the process to run, in the words of the
// OCI image specification.
type ImageConfig struct {
	Entrypoint []string
	Cmd        []string
	Env        []string // "NAME=value"
	WorkingDir string
	User       string
	Labels     map[string]string
}

// Images makes images ready: the provisioner as a Local sees it.
type Images interface {
	// Provision makes an image the root of a container. It may take as long as a
	// download does.
	Provision(ctx context.Context, id mesos.ContainerID, image *mesospb.Image) (*Image, error)
	// Recover takes in which containers of an earlier agent go on, and removes
	// what was made for others.
	Recover(ids []mesos.ContainerID) error
	// Destroy removes what was made for a container, if anything was.
	Destroy(ctx context.Context, id mesos.ContainerID) error
}

// Isolator is one aspect of keeping a container apart and measuring it. For one
// container its methods are not called at once, and Prepare is called first.
type Isolator interface {
	// Name is how --isolation calls it.
	Name() string
	// Prepare makes what the container needs and adds it to the plan, or refuses
	// a spec by name.
	Prepare(ctx context.Context, plan *Plan) error
	// Recover takes in a container that an earlier agent prepared, instead of
	// Prepare. Its first process may have ended.
	Recover(spec *Spec, pid int) error
	// Isolate takes in the first process of the container.
	Isolate(ctx context.Context, id mesos.ContainerID, pid int) error
	// Update changes what the container may use.
	Update(ctx context.Context, id mesos.ContainerID, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error
	// Usage adds what it measures of the container, whose processes are pids.
	Usage(ctx context.Context, id mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error
	// Status adds what it knows of the container, which stays true until its end.
	Status(id mesos.ContainerID, status *mesospb.ContainerStatus)
	// Cleanup removes what Prepare made. Every process is gone, or there never
	// was one.
	Cleanup(ctx context.Context, id mesos.ContainerID) error
}

// Nester is an isolator that may be for nested containers too. Without it they
// are left out: what it does for the parent holds for them.
type Nester interface{ Nests() bool }

// Sweeper is an isolator that finds on the machine what earlier agents left of
// containers, if nothing else of them is known any more.
type Sweeper interface {
	// Sweep removes what there is of containers that are not kept. It is called
	// once, after every Recover. What it can't remove it leaves to the next agent.
	Sweep(ctx context.Context, kept func(mesos.ContainerID) bool) error
}

// Meter is an isolator that counts something for /metrics/snapshot.
type Meter interface {
	// Metrics are the meters by their names there.
	Metrics() map[string]float64
}

// Limiter is an isolator that may end a container on its own account.
type Limiter interface {
	// Watch is called once, before anything else; limited may be called at any
	// time from any goroutine, also of a container that is gone.
	Watch(limited func(mesos.ContainerID, Limitation))
}

// Observer is an isolator that looks at containers on its own account, say now and
// then. If it has something to stop it is an io.Closer, too: it is closed when the
// containerizer ends, whether or not containers go on.
type Observer interface {
	// Observe is called once, before anything else. processes lists what runs in a
	// container; its error is mesos.NotFound if there is no such container.
	Observe(processes func(mesos.ContainerID) ([]int, error))
}

// Limitation is why an isolator ends a container.
type Limitation struct {
	Reason  mesospb.TaskStatus_Reason
	Message string
	// Resources are those of which there was not enough.
	Resources []*mesospb.Resource
}

// Passive is the isolator that does nothing; others add to it what they do.
type Passive struct{ Named string }

// Name implements Isolator, and so do those below.
func (p Passive) Name() string { return p.Named }

// Prepare does nothing.
func (p Passive) Prepare(context.Context, *Plan) error { return nil }

// Recover does nothing.
func (p Passive) Recover(*Spec, int) error { return nil }

// Isolate does nothing.
func (p Passive) Isolate(context.Context, mesos.ContainerID, int) error { return nil }

// Cleanup does nothing.
func (p Passive) Cleanup(context.Context, mesos.ContainerID) error { return nil }

// Update does nothing.
func (p Passive) Update(context.Context, mesos.ContainerID, []*mesospb.Resource, map[string]*mesospb.Value_Scalar) error {
	return nil
}

// Usage measures nothing.
func (p Passive) Usage(context.Context, mesos.ContainerID, []int, *mesospb.ResourceStatistics) error {
	return nil
}

// Status knows nothing.
func (p Passive) Status(mesos.ContainerID, *mesospb.ContainerStatus) {}
