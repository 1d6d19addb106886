//go:build !windows

package daemon

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/gpu"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/agent/container/network"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// settleIsolation finds out what to isolate with if --isolation does not say.
func (a *Agent) settleIsolation() {
	c := &a.cfg
	if c.Isolation != nil {
		return
	}
	var missing string
	c.Isolation, missing = isolation.Standard(isolation.Config{WorkDir: c.WorkDir, Launcher: c.Launcher, Cgroups: c.Cgroups})
	if missing != "" {
		a.log.Warn("containers are kept apart less than they could be", "isolation", strings.Join(c.Isolation, ","), "missing", missing)
	}
}

// isolators makes those that --isolation names.
func (a *Agent) isolators(core *agent.Config, state *agent.State) ([]container.Isolator, error) {
	config := isolation.Config{
		Names: a.cfg.Isolation, WorkDir: core.WorkDir, Cgroups: a.cfg.Cgroups, Linux: a.cfg.Linux, Launcher: a.cfg.Launcher,
	}
	config.Cgroups.Log = a.log
	var err error
	if config.GPU, err = a.cfg.gpuConfig(); err != nil {
		return nil, err
	}
	if err := a.volumes(&config, state.Rebooted(core.BootID)); err != nil {
		return nil, err
	}
	config.Filesystem.Images, config.IgnoreDockerRuntime = a.provisioner(), a.cfg.Images.IgnoreRuntime
	if config.CNI, err = a.cniConfig(core.WorkDir); err != nil {
		return nil, err
	}
	if config.Ports, err = a.portsConfig(core); err != nil {
		return nil, err
	}
	isolators, err := isolation.New(config)
	if err != nil {
		return nil, err
	}
	logger, err := a.cfg.logger()
	if logger != nil {
		isolators = append(isolators, logger)
	}
	return isolators, err
}

func (a *Agent) cniConfig(workDir string) (network.CNIConfig, error) {
	c := &a.cfg.Network
	root := workDir
	if a.cfg.RuntimeDir != "" && !c.CNIPersist {
		var err error
		if root, err = filepath.Abs(a.cfg.RuntimeDir); err != nil {
			return network.CNIConfig{}, err
		}
	}
	dns, err := network.ParseDefaultDNS(c.DefaultDNS)
	if err != nil {
		return network.CNIConfig{}, err
	}
	return network.CNIConfig{
		ConfigDir: c.CNIConfigDir, PluginsDir: c.CNIPluginsDir, RootDir: network.RootDir(root),
		DNS: dns, Metrics: c.CNIMetrics,
	}, nil
}

func (a *Agent) portsConfig(core *agent.Config) (network.PortsConfig, error) {
	c := &a.cfg.Network
	config := network.PortsConfig{Interval: c.PortsInterval, Enforce: c.EnforcePorts, Log: a.log}
	switch {
	case c.AgentPortsOnly && c.IsolatedPorts != "":
		return config, mesos.Errorf(mesos.Invalid, "--check_agent_port_range_only and --container_ports_isolated_range say the same: give one of them")
	case c.AgentPortsOnly:
		all, err := convert.Resources(core.Info.GetResources())
		if err != nil {
			return config, err
		}
		ports := resources.Ranges{}
		for r := range all.All() {
			if r.Name == "ports" {
				ports = ports.Add(r.Ranges)
			}
		}
		config.Isolated = &ports
	case c.IsolatedPorts != "":
		ports, err := network.ParseIsolatedPorts(c.IsolatedPorts)
		if err != nil {
			return config, err
		}
		config.Isolated = &ports
	}
	return config, nil
}

// gpuConfig is what is configured of graphics processors.
func (c *AgentConfig) gpuConfig() (gpu.Config, error) {
	config := gpu.Config{Devices: c.GPUDevices}
	offered, err := resources.Parse(c.Resources, "*")
	if err != nil {
		return config, mesos.Errorf(mesos.Invalid, "--resources: %w", err)
	}
	gpus := offered.AllQuantities().Get("gpus")
	config.Offered, config.Given = gpus.Float(), machine.Given(c.Resources, "gpus")
	return config, nil
}

// gpus are how many graphics processors there are to offer beside what --resources has.
func (c *AgentConfig) gpus() (int, error) {
	if !slices.Contains(c.Isolation, "gpu/nvidia") {
		return 0, nil
	}
	config, err := c.gpuConfig()
	if err != nil {
		return 0, err
	}
	_, gpus, err := config.Find()
	return len(gpus), err
}
