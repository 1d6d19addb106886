// Package isolation knows every isolator by the name that --isolation has for it.
package isolation

import (
	"cmp"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/agent/container/gpu"
	"github.com/mesosctl/mesosctl/agent/container/image"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/agent/container/network"
	"github.com/mesosctl/mesosctl/agent/container/posix"
	"github.com/mesosctl/mesosctl/agent/container/secret"
	"github.com/mesosctl/mesosctl/mesos"
)

// Config is what isolators are made with.
type Config struct {
	// Names are those of --isolation; nil: those that need nothing of the machine.
	Names []string
	// Launcher is --launcher: "linux", "posix", which leaves namespaces alone, or
	// empty for the first if this process may use it.
	Launcher string
	// WorkDir is the agent's, where volumes are; absolute.
	WorkDir string
	// Filesystem is what file systems are made with; its WorkDir is this one's.
	Filesystem filesystem.Config
	// IgnoreDockerRuntime leaves what images say of processes aside.
	IgnoreDockerRuntime bool
	// Disk is what disk/du and disk/xfs are made with; its WorkDir is this one's.
	Disk disk.Config
	// Secrets resolves those that are given by reference; nil: none can be.
	Secrets secret.Resolver
	// Linux is what namespaces/* and linux/* are made with.
	Linux linux.Config
	// CNI and Ports are what network/cni and network/ports are made with.
	CNI   network.CNIConfig
	Ports network.PortsConfig

	// Cgroups is what is configured of them; the isolators and the owner are filled in.
	Cgroups cgroups.Config
	// GPU is what gpu/nvidia is made with.
	GPU gpu.Config

	filesystems *filesystem.Filesystems // once the first of them was asked for
	cgroups     *cgroups.Isolator       // once the first of them was made
}

// isolators makes the isolators that --isolation can name.
var isolators = map[string]func(*Config) (container.Isolator, error){
	"posix/cpu":           func(*Config) (container.Isolator, error) { return posix.CPU(), nil },
	"posix/mem":           func(*Config) (container.Isolator, error) { return posix.Mem(), nil },
	"posix/rlimits":       func(*Config) (container.Isolator, error) { return posix.Rlimits(), nil },
	"filesystem/posix":    func(c *Config) (container.Isolator, error) { return c.shared().Posix(), nil },
	"filesystem/linux":    linuxFilesystem,
	"volume/sandbox_path": func(c *Config) (container.Isolator, error) { return c.shared().SandboxPath(), nil },
	"volume/host_path":    hostPath,
	"volume/image":        imageVolume,
	"volume/secret":       secretVolume,
	"network/cni":         func(c *Config) (container.Isolator, error) { return network.CNI(c.CNI) },
	"network/ports":       newPorts,
	"docker/runtime":      func(c *Config) (container.Isolator, error) { return image.Runtime(c.IgnoreDockerRuntime), nil },
	"disk/du":             func(c *Config) (container.Isolator, error) { return disk.NewDU(c.disk()), nil },
	"namespaces/pid":      func(c *Config) (container.Isolator, error) { return linux.Pids(c.Linux) },
	"namespaces/ipc":      func(c *Config) (container.Isolator, error) { return linux.IPC(c.Linux) },
	"linux/capabilities":  func(c *Config) (container.Isolator, error) { return linux.Capabilities(c.Linux) },
	"linux/nnp":           func(c *Config) (container.Isolator, error) { return linux.NoNewPrivileges(c.Linux) },
	"linux/seccomp":       func(c *Config) (container.Isolator, error) { return linux.Seccomp(c.Linux) },
	"disk/xfs":            xfsDisk,
	"linux/devices":       func(c *Config) (container.Isolator, error) { return cgroups.Devices(c.Cgroups) },
	"gpu/nvidia":          newGPU,
	"environment_secret":  func(c *Config) (container.Isolator, error) { return secret.Environment(c.Secrets), nil },
}

// New makes the isolators that a configuration names, and those that they imply,
// in the order in which they prepare containers: file systems come first, for what
// others add to them.
func New(config Config) ([]container.Isolator, error) {
	names := config.Names
	if names == nil {
		names = plain
	}
	if err := config.checkLauncher(names); err != nil {
		return nil, err
	}
	if systems := fileSystems(names); len(systems) > 1 {
		return nil, mesos.Errorf(mesos.Invalid, "isolation: %s: a container has one file system: name one of them", strings.Join(systems, ", "))
	}
	names = append(slices.Clip(names), implied(&config, names)...)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	config.Names = names
	var list []container.Isolator
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, mesos.Errorf(mesos.Invalid, "isolation: %s: named twice", name)
		}
		make, ok := isolators[name]
		if strings.HasPrefix(name, cgroups.Prefix) {
			make, ok = newCgroups, slices.Contains(cgroups.Names(), name)
		}
		if !ok {
			return nil, mesos.Errorf(mesos.Unsupported, "isolation: %q: this agent has %s",
				name, strings.Join(known(), ", "))
		}
		isolator, err := make(&config)
		if err != nil {
			return nil, mesos.Errorf(mesos.KindOf(err), "isolation: %s: %w", name, err)
		}
		if isolator != nil {
			list = append(list, isolator)
		}
	}
	return list, nil
}

// checkLauncher checks that the launcher can do what isolators are named for.
func (c *Config) checkLauncher(names []string) error {
	switch c.Launcher {
	case "linux":
		if runtime.GOOS != "linux" || os.Geteuid() != 0 {
			return mesos.Errorf(mesos.Unsupported, "launcher: linux: it takes root on Linux; --launcher=posix does not")
		}
	case "posix":
		for _, name := range names {
			if name == "filesystem/linux" || strings.HasPrefix(name, "namespaces/") {
				return mesos.Errorf(mesos.Invalid, "isolation: %s: takes namespaces, which --launcher=posix leaves alone: say --launcher=linux", name)
			}
		}
	}
	return nil
}

// fileSystems are those of the isolators that give containers their file system.
func fileSystems(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, "filesystem/") })
}

// implied are the isolators that are there without being named. Resource limits and
// secrets in the environment need nothing of the machine, so asking for them always
// works. The others are as in Mesos.
func implied(config *Config, names []string) (list []string) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			list = append(list, name)
		}
	}
	switch {
	case slices.Contains(names, "filesystem/linux"):
		add("volume/host_path")
		add("volume/sandbox_path")
		if config.Filesystem.Images != nil {
			add("volume/image")
		}
	case len(fileSystems(names)) == 0:
		add("filesystem/posix")
	}
	add("posix/rlimits")
	add("environment_secret")
	if !slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, "network/") && name != "network/ports"
	}) {
		add("network/cni")
	}
	return list
}

// newPorts makes network/ports, beside which there always is network/cni.
func newPorts(c *Config) (container.Isolator, error) {
	config := c.Ports
	config.CNI = true
	return network.Ports(config)
}

// rank orders isolators where their names' order does not matter.
func rank(name string) int {
	switch {
	case strings.HasPrefix(name, "filesystem/"):
		return 0
	case strings.HasPrefix(name, "volume/"):
		return 1
	case name == "gpu/nvidia", // it changes the devices that cgroups allow
		name == "linux/seccomp": // what a profile allows depends on capabilities
		return 3
	}
	return 2
}

// shared is what all file systems and volumes of an agent have in common.
func (c *Config) shared() *filesystem.Filesystems {
	if c.filesystems == nil {
		config := c.Filesystem
		config.WorkDir = c.WorkDir
		c.filesystems = filesystem.New(config)
	}
	return c.filesystems
}

// newCgroups makes the isolators of cgroups, which are one, where the first of them
// is named.
func newCgroups(config *Config) (container.Isolator, error) {
	if config.cgroups != nil {
		return nil, nil
	}
	settings := config.Cgroups
	settings.Owner = config.WorkDir
	for _, name := range config.Names {
		if strings.HasPrefix(name, cgroups.Prefix) {
			settings.Isolators = append(settings.Isolators, name)
		}
	}
	var err error
	if config.cgroups, err = cgroups.New(settings); err != nil {
		return nil, err
	}
	return config.cgroups, nil
}

// newGPU makes gpu/nvidia, which needs that devices are kept from containers.
func newGPU(c *Config) (container.Isolator, error) {
	if !slices.Contains(c.Names, "cgroups/devices") && !slices.Contains(c.Names, cgroups.All) {
		return nil, mesos.Errorf(mesos.Invalid, "it takes cgroups/devices or cgroups/all too")
	}
	if !slices.Contains(c.Names, "filesystem/linux") {
		return nil, mesos.Errorf(mesos.Invalid, "it takes filesystem/linux too")
	}
	return gpu.Make(c.GPU, c.cgroups)
}

func (c *Config) disk() disk.Config {
	config := c.Disk
	config.WorkDir = c.WorkDir
	images, ok := c.Filesystem.Images.(interface {
		Ephemeral(mesos.ContainerID) ([]string, error)
	})
	if ok {
		config.Ephemeral = images.Ephemeral
	}
	return config
}

func known() []string {
	names := cgroups.Names()
	for name := range isolators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
