package gpu

// Config is what an agent is told of graphics processors.
type Config struct {
	// Root is where the files of the driver are below; empty: /.
	Root string
	// Dir is where to keep the driver's programs and libraries for containers;
	// empty: /var/run/mesos/isolators/gpu.
	Dir string
	// Devices is --nvidia_gpu_devices, as nvidia-smi numbers them; nil: all.
	Devices []int
	// Offered is how many gpus --resources has, and Given whether it has any.
	Offered float64
	Given   bool
}

// Find finds the processors to offer, and the machine they are of.
func (c Config) Find() (*Machine, []GPU, error) {
	root := c.Root
	if root == "" {
		root = "/"
	}
	machine, err := Discover(root)
	if err != nil {
		return nil, nil, err
	}
	gpus, err := machine.Choose(c.Devices, c.Offered, c.Given)
	return machine, gpus, err
}
