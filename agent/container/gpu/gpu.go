// Package gpu gives containers Nvidia's graphics processors, each to one container
// at a time: the isolator gpu/nvidia.
// See https://mesos.apache.org/documentation/latest/gpu-support/.
//
// What there is is read from the files of the driver, below a directory that may
// be another than / to show what it does without hardware.
package gpu

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/mesos"
)

// Machine is what a machine has of Nvidia's.
type Machine struct {
	// Version is the driver's, as in 535.104.05.
	Version string
	// GPUs are in the order in which nvidia-smi numbers them: that of the bus.
	GPUs []GPU
	// Control are the devices that every program on a GPU needs.
	Control []Node
	// Nodes are all devices, GPUs included.
	Nodes []Node
}

// GPU is one graphics processor.
type GPU struct {
	Address string // on the PCI bus
	Node
}

// Node is a device node.
type Node struct {
	Path   string // such as /dev/nvidia0, without the root
	Device cgroups.Device
}

// Discover finds what there is below a root. A machine without the driver has
// nothing, and the error is of kind mesos.NotFound.
func Discover(root string) (*Machine, error) {
	version, err := os.ReadFile(filepath.Join(root, "proc/driver/nvidia/version"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, mesos.Errorf(mesos.NotFound, "gpu: the driver of Nvidia is not there: no %s", filepath.Join(root, "proc/driver/nvidia/version"))
	}
	if err != nil {
		return nil, err
	}
	m := &Machine{Version: driverVersion(string(version))}
	if m.Version == "" {
		return nil, mesos.Errorf(mesos.Unsupported, "gpu: the driver's version can't be read in %q", strings.TrimSpace(string(version)))
	}
	if err := m.findNodes(root); err != nil {
		return nil, err
	}
	return m, m.findGPUs(root)
}

// driverVersion finds the first number with dots, as in
// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19".
func driverVersion(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	for _, word := range strings.Fields(line) {
		if strings.Contains(word, ".") && strings.Trim(word, "0123456789.") == "" {
			return word
		}
	}
	return ""
}

// findNodes finds the device nodes /dev/nvidia*.
func (m *Machine) findNodes(root string) error {
	paths, err := filepath.Glob(filepath.Join(root, "dev/nvidia*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		device, err := cgroups.LookupDevice(path)
		if err != nil {
			continue // a directory, such as nvidia-caps
		}
		node := Node{"/dev/" + filepath.Base(path), device}
		m.Nodes = append(m.Nodes, node)
		if name := filepath.Base(path); name == "nvidiactl" || name == "nvidia-uvm" || name == "nvidia-uvm-tools" {
			m.Control = append(m.Control, node)
		}
	}
	for _, needed := range []string{"/dev/nvidiactl", "/dev/nvidia-uvm"} {
		if !slices.ContainsFunc(m.Control, func(n Node) bool { return n.Path == needed }) {
			return mesos.Errorf(mesos.Unsupported, "gpu: %s is missing: nvidia-modprobe -u -c 0 makes it", needed)
		}
	}
	return nil
}

// findGPUs finds the processors, and the device node of each.
func (m *Machine) findGPUs(root string) error {
	dirs, err := filepath.Glob(filepath.Join(root, "proc/driver/nvidia/gpus/*"))
	if err != nil {
		return err
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "information"))
		if err != nil {
			return err
		}
		minor := ""
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); name == "Device Minor" {
				minor = strings.TrimSpace(value)
			}
		}
		at := slices.IndexFunc(m.Nodes, func(n Node) bool { return n.Path == "/dev/nvidia"+minor })
		if _, err := strconv.Atoi(minor); err != nil || at < 0 {
			return mesos.Errorf(mesos.Unsupported, "gpu: the device of the processor at %s can't be found", filepath.Base(dir))
		}
		m.GPUs = append(m.GPUs, GPU{filepath.Base(dir), m.Nodes[at]})
	}
	return nil
}

// Choose takes the processors to offer: those that --nvidia_gpu_devices numbers,
// or else all. Given tells how many gpus --resources has, and whether it has any
// word of them: 0 offers none, and other numbers need the devices to be said.
func (m *Machine) Choose(devices []int, gpus float64, given bool) ([]GPU, error) {
	switch {
	case given && gpus == 0 && devices != nil:
		return nil, mesos.Errorf(mesos.Invalid, "nvidia_gpu_devices: --resources has no gpus")
	case given && gpus == 0:
		return nil, nil
	case !given && devices != nil:
		return nil, mesos.Errorf(mesos.Invalid, "nvidia_gpu_devices: --resources has to say gpus:%d too", len(devices))
	case !given:
		return m.GPUs, nil
	case devices == nil:
		return nil, mesos.Errorf(mesos.Invalid, "gpus in --resources: --nvidia_gpu_devices has to say which")
	case gpus != float64(int(gpus)):
		return nil, mesos.Errorf(mesos.Invalid, "gpus in --resources: %v is not a whole number", gpus)
	case len(devices) != int(gpus):
		return nil, mesos.Errorf(mesos.Invalid, "nvidia_gpu_devices: there are %d, and --resources has %v gpus", len(devices), gpus)
	}
	var chosen []GPU
	for i, device := range devices {
		switch {
		case slices.Contains(devices[:i], device):
			return nil, mesos.Errorf(mesos.Invalid, "nvidia_gpu_devices: %d is there twice", device)
		case device < 0 || device >= len(m.GPUs):
			return nil, mesos.Errorf(mesos.Invalid, "nvidia_gpu_devices: there is no %d: this machine has %d", device, len(m.GPUs))
		}
		chosen = append(chosen, m.GPUs[device])
	}
	return chosen, nil
}

// Pool is the processors that no container has. It is not for several goroutines
// at once.
type Pool struct {
	all  []GPU
	free map[string]bool // by address
}

// NewPool makes a pool in which all are free.
func NewPool(gpus []GPU) *Pool {
	p := &Pool{all: gpus, free: map[string]bool{}}
	for _, gpu := range gpus {
		p.free[gpu.Address] = true
	}
	return p
}

// All are the processors, free or not.
func (p *Pool) All() []GPU { return p.all }

// Take takes the first processors that are free.
func (p *Pool) Take(n int) ([]GPU, error) {
	var taken []GPU
	for _, gpu := range p.all {
		if len(taken) < n && p.free[gpu.Address] {
			taken = append(taken, gpu)
		}
	}
	if len(taken) < n {
		return nil, mesos.Errorf(mesos.Unavailable, "gpu: %d are asked for, %d are free", n, len(taken))
	}
	return taken, p.Reserve(taken)
}

// Reserve takes given processors, all or none.
func (p *Pool) Reserve(gpus []GPU) error {
	for _, gpu := range gpus {
		if !p.free[gpu.Address] {
			return mesos.Errorf(mesos.Conflict, "gpu: the one at %s is not free", gpu.Address)
		}
	}
	for _, gpu := range gpus {
		p.free[gpu.Address] = false
	}
	return nil
}

// Free gives processors back, all or none.
func (p *Pool) Free(gpus []GPU) error {
	for _, gpu := range gpus {
		if free, ok := p.free[gpu.Address]; free || !ok {
			return mesos.Errorf(mesos.Invalid, "gpu: the one at %s was not taken", gpu.Address)
		}
	}
	for _, gpu := range gpus {
		p.free[gpu.Address] = true
	}
	return nil
}
