package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// A task's status has the address that it has in its network; an unknown network
// is named, with those there are.
func TestTaskOnNetwork(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	cfg := localConfig(t)
	n := &cfg.Agent.Network
	n.CNIConfigDir, n.CNIPluginsDir = cnitest.Dirs(t)
	cnitest.Script(t, n.CNIPluginsDir, "mock", cnitest.Answer("203.0.113.9/24", ""))
	cnitest.Write(t, n.CNIConfigDir, "mock", `{"name": "mock-net", "type": "mock"}`)
	s := subscribe(t, startLocalAs(t, cfg).Master())
	launch := func(id string, networks ...string) *mesospb.TaskStatus {
		t.Helper()
		task := &mesospb.TaskInfo{
			Name: proto.String(id), TaskId: &mesospb.TaskID{Value: proto.String(id)},
			Command:   &mesospb.CommandInfo{Value: proto.String("true")},
			Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32)},
			Container: &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()},
		}
		for _, name := range networks {
			task.Container.NetworkInfos = append(task.Container.NetworkInfos, &mesospb.NetworkInfo{Name: &name})
		}
		return s.launchTask(task)
	}
	address := func(status *mesospb.TaskStatus) string {
		for _, info := range status.GetContainerStatus().GetNetworkInfos() {
			for _, a := range info.GetIpAddresses() {
				return info.GetName() + " " + a.GetIpAddress()
			}
		}
		return ""
	}
	status := launch("on-network", "mock-net")
	if status.GetState() != mesospb.TaskState_TASK_FINISHED || address(status) != "mock-net 203.0.113.9" {
		t.Errorf("status = %v", status)
	}
	status = launch("on-host", "host")
	if status.GetState() != mesospb.TaskState_TASK_FINISHED || address(status) != " 127.0.0.1" {
		t.Errorf("status = %v", status)
	}
	status = launch("lost", "nothing")
	if status.GetState() != mesospb.TaskState_TASK_FAILED ||
		!strings.Contains(status.GetMessage(), `network "nothing": unknown: this agent has "mock-net", "host"`) {
		t.Errorf("status = %v", status)
	}
}

// Tasks of a group are told the address of their executor's container: on a
// network the one that it has there, on the host's the agent's.
func TestTaskGroupOnNetwork(t *testing.T) {
	// covers: DefaultExecutorCniTest.ROOT_VerifyContainerIP
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	cfg := localConfig(t)
	n := &cfg.Agent.Network
	n.CNIConfigDir, n.CNIPluginsDir = cnitest.Dirs(t)
	cnitest.Script(t, n.CNIPluginsDir, "mock", cnitest.Answer("203.0.113.9/24", ""))
	cnitest.Write(t, n.CNIConfigDir, "mock", `{"name": "mock-net", "type": "mock"}`)
	cfg.Agent.Isolation = []string{"network/cni"}
	l := startLocalAs(t, cfg)
	for address, networks := range map[string][]*mesospb.NetworkInfo{
		"127.0.0.1":   nil, // where the agent is
		"203.0.113.9": {{Name: new("mock-net")}},
	} {
		s := subscribe(t, l.Master())
		offer := s.has(resources.MustParse("cpus:1"))
		executor := s.podExecutor()
		executor.Container = mesosContainer(func(c *mesospb.ContainerInfo) { c.NetworkInfos = networks })
		s.launchGroups(offer, executor, nil, []*mesospb.TaskInfo{podTask(offer, "t", `test "$MESOS_CONTAINER_IP" = `+address)})
		wantFinished(t, s.ended())
		s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()})
	}
}

// Where networks are kept track of: in the runtime directory, or where it lasts.
func TestCNIRootDir(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_VerifyCniRootDir
	a := &Agent{cfg: AgentConfig{RuntimeDir: "/run/mesos"}}
	for _, persist := range []bool{false, true} {
		a.cfg.Network.CNIPersist = persist
		want := "/run/mesos/isolators/network/cni"
		if persist {
			want = "/var/mesos/isolators/network/cni"
		}
		if c, err := a.cniConfig("/var/mesos"); err != nil || c.RootDir != want {
			t.Errorf("persist=%t: %s, %v", persist, c.RootDir, err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	cfg := localConfig(t)
	cfg.Agent.RuntimeDir = t.TempDir()
	cfg.Agent.Network.CNIConfigDir, cfg.Agent.Network.CNIPluginsDir = cnitest.Dirs(t)
	startLocalAs(t, cfg)
	if _, err := os.Stat(filepath.Join(cfg.Agent.RuntimeDir, "isolators/network/cni")); err != nil {
		t.Error(err)
	}
}

// What can't be is refused at the start.
func TestBadNetworkFlags(t *testing.T) {
	for name, bad := range map[string]NetworkConfig{
		"--default_container_dns":          {DefaultDNS: `{"mesos": [{"network_mode": "HOST", "dns": {}}]}`},
		"--network_cni_plugins_dir":        {CNIConfigDir: t.TempDir()},
		"--network_cni_config_dir":         {CNIPluginsDir: t.TempDir()},
		"no such file":                     {CNIConfigDir: "/nowhere", CNIPluginsDir: "/nowhere"},
		"--container_ports_isolated_range": {IsolatedPorts: "[1-65536]"},
		"--check_agent_port_range_only":    {IsolatedPorts: "[1-2]", AgentPortsOnly: true},
	} {
		a := &Agent{cfg: AgentConfig{Network: bad}}
		_, err := a.isolators(&agent.Config{WorkDir: t.TempDir(), Info: &mesospb.AgentInfo{}}, &agent.State{})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An agent that is told of no ports has Mesos's, and those are looked at.
func TestAgentPortsOnly(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_DefaultPortsResource
	for resources, want := range map[string]string{
		"cpus:1": "[31000-32000]", "cpus:1;ports:[1-2]": "[1-2]", "cpus:1;ports(a):[1-2];ports:[7-8]": "[1-2, 7-8]", "cpus:1;ports:[]": "[]",
	} {
		info, err := machine.Info(machine.Options{Hostname: "h", Port: 1, WorkDir: t.TempDir(), Resources: resources, DefaultRole: "*"})
		if err != nil {
			t.Errorf("%s: %v", resources, err)
			continue
		}
		a := &Agent{cfg: AgentConfig{Network: NetworkConfig{AgentPortsOnly: true}}}
		config, err := a.portsConfig(&agent.Config{Info: info})
		if err != nil || config.Isolated == nil || config.Isolated.String() != want {
			t.Errorf("%s: %v, %v, want %s", resources, config.Isolated, err, want)
		}
	}
}
