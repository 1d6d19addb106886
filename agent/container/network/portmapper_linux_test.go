package network_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// inner says that a test runs where it can change all of the network it sees.
const inner = "MESOSCTL_TEST_INNER"

// inOwnNetwork runs a test once more in a network namespace of its own, for it
// changes what is all of a host's. It reports whether this is that run.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inner) != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), inner+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := again.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// hostAddress gives the host an address that is not loopback's.
func hostAddress(t *testing.T) string {
	t.Helper()
	const address = "198.51.100.1"
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.AddrAdd(lo, &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(32, 32)}})
	}
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Ports of the host lead to containers, also with a configuration of Mesos's own
// plugin; when the containers are gone they lead nowhere.
func TestPortMappings(t *testing.T) {
	// covers: CniIsolatorPortMapperTest.ROOT_IPTABLES_NC_PortMapper
	if _, err := exec.LookPath("iptables"); err != nil {
		t.Skip("there is no iptables")
	}
	plugins := cnitest.Plugins(t)
	if !inOwnNetwork(t) {
		return
	}
	address := hostAddress(t)
	h := newHouse(t, func(h *house) { h.cni.PluginsDir = plugins })
	const bridge = `"type": "bridge", "bridge": "mc0", "isGateway": true, "ipMasq": true,
		"ipam": {"type": "host-local", "subnet": "10.243.3.0/24", "dataDir": %q, "routes": [{"dst": "0.0.0.0/0"}]}`
	cnitest.Write(t, h.configs, "mapper", fmt.Sprintf(`{"name": "mapper", "type": "mesos-cni-port-mapper",
		"excludeDevices": ["mc0"], "chain": "MESOS-TEST-PORT-MAPPER", "delegate": {`+bridge+`}}`, t.TempDir()))
	cnitest.Write(t, h.configs, "chain", fmt.Sprintf(`{"name": "chain", "cniVersion": "1.0.0", "plugins": [{`+bridge+`},
		{"type": "portmap", "capabilities": {"portMappings": true}, "snat": true}]}`, t.TempDir()))
	before := rules(t)
	var ids []mesos.ContainerID
	for i, name := range []string{"mapper", "chain"} {
		hostPort := 8080 + i
		server := on(t, "", name)
		server.Command = containertest.Argv(os.Args[0])
		server.Environment = []string{listen + "=:7000"}
		server.Container.NetworkInfos[0].PortMappings = []*mesospb.NetworkInfo_PortMapping{
			{HostPort: new(uint32(hostPort)), ContainerPort: new(uint32(7000)), Protocol: new("tcp")},
		}
		containertest.Launch(t, h.Local, server)
		listens(t, server)
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", address, hostPort), containertest.Limit)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, rules(t))
		}
		conn.Close()
		status, err := h.Status(server.ID)
		if err != nil || status.GetNetworkInfos()[0].GetPortMappings()[0].GetHostPort() != uint32(hostPort) {
			t.Errorf("status = %v, %v", status, err)
		}
		ids = append(ids, server.ID)
	}
	for i, id := range ids {
		if err := h.Destroy(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got := rules(t); strings.Contains(got, fmt.Sprintf("--dport %d", 8080+i)) || strings.Contains(got, string(id)) {
			t.Errorf("rules are left:\n%s\nbefore:\n%s", got, before)
		}
	}
	h.clean(t)
}

func rules(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("iptables", "-w", "-t", "nat", "-S").CombinedOutput()
	if err != nil {
		t.Skipf("iptables does not work here: %v: %s", err, out)
	}
	return string(out)
}
