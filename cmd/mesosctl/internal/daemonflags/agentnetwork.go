package daemonflags

import (
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// agentNetwork is the flags of containers' networks.
func agentNetwork(c *daemon.AgentConfig) flags.Table {
	n := &c.Network
	text := func(p *string) func(string) error {
		return func(text string) error {
			*p = text
			return nil
		}
	}
	return flags.Table{
		flags.Path("network_cni_config_dir", &n.CNIConfigDir, "", "`directory` with a file of JSON for each CNI network; it is read anew for each container"),
		flags.Path("network_cni_plugins_dir", &n.CNIPluginsDir, "", "`directory` with the plugins of CNI, or several with colons between"),
		flags.Bool("network_cni_root_dir_persist", &n.CNIPersist, false,
			"keep what is known of containers' networks in the work directory, not in --runtime_dir"),
		flags.Bool("network_cni_metrics", &n.CNIMetrics, true, "count what goes over the interfaces of containers on CNI networks"),
		flags.Document("default_container_dns", "json",
			"resolvers for CNI networks whose plugins name none: `JSON`, or a file with it", text(&n.DefaultDNS)),
		flags.Duration("container_ports_watch_interval", &n.PortsInterval, "30secs", "`time` between looks of network/ports at what containers listen on"),
		flags.Bool("enforce_container_ports", &n.EnforcePorts, false, "end containers that listen on ports that they were not given (network/ports)"),
		flags.Bool("check_agent_port_range_only", &n.AgentPortsOnly, false, "look only at ports that this agent offers (network/ports)"),
		flags.String("container_ports_isolated_range", &n.IsolatedPorts, "", "`ports` to look at, as in [31000-32000]; all if not given (network/ports)"),
		flags.Document("default_container_info", "json",
			"container of executors and command tasks that ask for none: `JSON` of a ContainerInfo, or a file with it", containerInfo(&c.DefaultContainer)),
		flags.Path("runtime_dir", &c.RuntimeDir, "", "`directory` for what need not outlive the machine; the work directory if not given"),
	}
}

// containerInfo reads a ContainerInfo; nothing is none.
func containerInfo(p **mesospb.ContainerInfo) func(string) error {
	return func(text string) error {
		*p = nil
		if text == "" {
			return nil
		}
		info := &mesospb.ContainerInfo{}
		if err := wire.UnmarshalJSON([]byte(text), info); err != nil {
			return mesos.Errorf(mesos.Invalid, "%w", err)
		}
		if info.GetType() != mesospb.ContainerInfo_MESOS {
			return mesos.Errorf(mesos.Unsupported, "containers of type %s: this agent has those of type MESOS", info.GetType())
		}
		*p = info
		return nil
	}
}
