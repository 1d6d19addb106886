package gpu

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Devices keeps containers to the devices that they may use: a cgroups.Isolator.
type Devices interface {
	Devices(id mesos.ContainerID) (cgroups.Rules, error)
	ChangeDevices(id mesos.ContainerID, allow, deny []cgroups.Device) error
}

// nvidia is the isolator.
type nvidia struct {
	container.Passive
	machine *Machine
	devices Devices
	volume  *Volume

	mu   sync.Mutex
	pool *Pool
	has  map[mesos.ContainerID][]GPU
}

// New makes the isolator gpu/nvidia of these processors. Devices must have prepared
// a container before this isolator does.
func New(machine *Machine, gpus []GPU, devices Devices, volume *Volume) container.Isolator {
	return &nvidia{
		Passive: container.Passive{Named: "gpu/nvidia"}, machine: machine, devices: devices, volume: volume,
		pool: NewPool(gpus), has: map[mesos.ContainerID][]GPU{},
	}
}

// Nests implements container.Nester: what is nested shares its parent's devices,
// but needs to see them in its own root file system.
func (n *nvidia) Nests() bool { return true }

// Prepare implements container.Isolator.
func (n *nvidia) Prepare(_ context.Context, plan *container.Plan) error {
	spec := plan.Spec
	if spec.ID.Parent() == "" {
		n.mu.Lock()
		n.has[spec.ID] = nil
		n.mu.Unlock()
		var control []cgroups.Device
		for _, node := range n.machine.Control {
			control = append(control, node.Device)
		}
		if err := n.devices.ChangeDevices(spec.ID, control, nil); err != nil {
			return err
		}
		if err := n.give(spec.ID, spec.Resources); err != nil {
			return err
		}
	}
	if plan.Image == nil || spec.Debug {
		return nil
	}
	if n.volume.Wanted(plan.Image.Config) {
		n.volume.Add(plan)
	}
	for _, node := range n.machine.Nodes {
		plan.Process.Mounts = append(plan.Process.Mounts, supervise.Mount{
			Target: filepath.Join(plan.Image.Root, node.Path), Make: true, Mode: unix.S_IFCHR | 0o666,
			Device: unix.Mkdev(uint32(node.Device.Major), uint32(node.Device.Minor)),
		})
	}
	return nil
}

// use is a processor to be read and written, of which no other node can be made.
func use(gpu GPU) cgroups.Device {
	gpu.Device.Access = "rw"
	return gpu.Device
}

// give gives a container as many processors as its resources say.
func (n *nvidia) give(id mesos.ContainerID, resources []*mesospb.Resource) error {
	var asked float64
	for _, resource := range resources {
		if resource.GetName() == "gpus" {
			asked += resource.GetScalar().GetValue()
		}
	}
	want := int(asked)
	if asked != float64(want) || want < 0 {
		return mesos.Errorf(mesos.Invalid, "gpu: %v gpus: it takes a whole number", asked)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	had, ok := n.has[id]
	if !ok {
		return mesos.Errorf(mesos.NotFound, "gpu: container %s is not known", id)
	}
	if want < len(had) {
		return n.takeBack(id, had[want:])
	}
	more, err := n.pool.Take(want - len(had))
	if err != nil {
		return err
	}
	if err := n.devices.ChangeDevices(id, uses(more), nil); err != nil {
		_ = n.pool.Free(more)
		return err
	}
	n.has[id] = append(slices.Clip(had), more...)
	return nil
}

func uses(gpus []GPU) (devices []cgroups.Device) {
	for _, gpu := range gpus {
		devices = append(devices, use(gpu))
	}
	return devices
}

// takeBack takes the last processors of a container, which it can't open any more.
func (n *nvidia) takeBack(id mesos.ContainerID, gpus []GPU) error {
	if err := n.devices.ChangeDevices(id, nil, uses(gpus)); err != nil {
		return err
	}
	n.has[id] = n.has[id][:len(n.has[id])-len(gpus)]
	return n.pool.Free(gpus)
}

// Recover implements container.Isolator: what a container may use, it has.
func (n *nvidia) Recover(spec *container.Spec, _ int) error {
	if spec.ID.Parent() != "" {
		return nil
	}
	rules, err := n.devices.Devices(spec.ID)
	if mesos.KindOf(err) == mesos.NotFound {
		return nil // it has ended, or is from before there were devices
	}
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var has []GPU
	for _, gpu := range n.pool.All() {
		if rules.Allows(use(gpu)) {
			has = append(has, gpu)
		}
	}
	n.has[spec.ID] = has
	return n.pool.Reserve(has)
}

// Update implements container.Isolator.
func (n *nvidia) Update(_ context.Context, id mesos.ContainerID, resources []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	if id.Parent() != "" {
		return nil
	}
	return n.give(id, resources)
}

// Cleanup implements container.Isolator.
func (n *nvidia) Cleanup(_ context.Context, id mesos.ContainerID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	has := n.has[id]
	delete(n.has, id)
	return n.pool.Free(has)
}

// Make makes the isolator of the processors that a configuration has.
func Make(config Config, devices Devices) (container.Isolator, error) {
	machine, gpus, err := config.Find()
	if err != nil {
		return nil, err
	}
	if config.Root == "" {
		config.Root = "/"
	}
	if config.Dir == "" {
		config.Dir = "/var/run/mesos/isolators/gpu"
	}
	volume, err := NewVolume(config.Root, config.Dir, machine.Version)
	if err != nil {
		return nil, err
	}
	return New(machine, gpus, devices, volume), nil
}
