package network_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/network"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// house is an agent's containers and the networks that they can join.
type house struct {
	configs, plugins string
	cni              network.CNIConfig
	config           container.Config
	first            []container.Isolator // before network/cni
	*container.Local
}

// newHouse makes containers; change may change their network/cni.
func newHouse(t *testing.T, change ...func(*house)) *house {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	h := &house{}
	h.configs, h.plugins = cnitest.Dirs(t)
	h.cni = network.CNIConfig{
		ConfigDir: h.configs, PluginsDir: h.plugins, RootDir: network.RootDir(t.TempDir()), Metrics: true,
	}
	h.config = container.Config{RuntimeDir: containertest.RuntimeDir(t), WorkDir: t.TempDir()}
	for _, c := range change {
		c(h)
	}
	h.start(t)
	return h
}

// start makes the containers of one life of an agent.
func (h *house) start(t *testing.T) {
	t.Helper()
	isolator, err := network.CNI(h.cni)
	if err != nil {
		t.Fatal(err)
	}
	h.config.Isolators = append(slices.Clip(h.first), isolator)
	h.Local = containertest.New(t, h.config)
}

// mock adds a network whose plugin is a script.
func (h *house) mock(t *testing.T, name, script string) {
	t.Helper()
	cnitest.Script(t, h.plugins, name, script)
	cnitest.Write(t, h.configs, name+".conf", fmt.Sprintf(`{"name": %q, "type": %q}`, name, name))
}

// clean checks that nothing of any network is left.
func (h *house) clean(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(h.cni.RootDir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), h.cni.RootDir) {
		t.Errorf("mounts are left, %v", err)
	}
}

// on is a container on networks.
func on(t *testing.T, command string, networks ...string) container.Spec {
	t.Helper()
	spec := containertest.Spec(t, containertest.Shell(command))
	spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), NetworkInfos: infos(networks...)}
	return spec
}

func infos(networks ...string) (list []*mesospb.NetworkInfo) {
	for _, name := range networks {
		list = append(list, &mesospb.NetworkInfo{Name: new(name)})
	}
	return list
}

// addresses are those of a container's status, by network.
func (h *house) addresses(t *testing.T, id mesos.ContainerID) map[string]string {
	t.Helper()
	status, err := h.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, info := range status.GetNetworkInfos() {
		for _, address := range info.GetIpAddresses() {
			found[info.GetName()] = address.GetIpAddress()
		}
	}
	return found
}

// succeeds runs a container that must exit with 0.
func (h *house) succeeds(t *testing.T, spec container.Spec) string {
	t.Helper()
	exit, stdout, stderr := containertest.Run(t, h.Local, spec)
	if exit.Status != 0 {
		t.Fatalf("exit = %+v\n%s%s", exit, stdout, stderr)
	}
	return stdout
}

// A container on a CNI network runs in a network namespace of its own, with names
// that tell so.
func TestContainerOnNetwork(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_INTERNET_CURL_LaunchCommandTask
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	spec := on(t, `readlink /proc/self/ns/net; hostname; cat /etc/hosts /etc/hostname; echo $LIBPROCESS_IP; cat /sys/class/net/lo/operstate`, "mock")
	spec.Environment = []string{"LIBPROCESS_IP=192.0.2.7"}
	stdout := h.succeeds(t, spec)
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(stdout, "\n")
	if lines[0] == own {
		t.Error("it is in the host's network namespace")
	}
	id := string(spec.ID)
	if diff := cmp.Diff([]string{id, "127.0.0.1 localhost", "203.0.113.9 " + id, id, "0.0.0.0", "unknown", ""}, lines[1:]); diff != "" {
		t.Error(diff)
	}
	if name, _ := os.Hostname(); name == id {
		t.Error("the host has its name")
	}
	h.clean(t)
}

func TestHostname(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_OverrideHostname
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	spec := on(t, "hostname; cat /etc/hostname; grep 203 /etc/hosts", "mock")
	spec.Container.Hostname = new("test")
	if got := h.succeeds(t, spec); got != "test\ntest\n203.0.113.9 test\n" {
		t.Errorf("it says %q", got)
	}
	for _, bad := range []string{strings.Repeat("x", 65), "a b", "a/b"} {
		spec := on(t, "true", "mock")
		spec.Container.Hostname = &bad
		if _, err := h.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "hostname") {
			t.Errorf("hostname %q: %v", bad, err)
		}
	}
	h.clean(t)
}

// Names of the plugin's resolvers become the container's; those of the host stay.
func TestResolverConfig(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_VerifyResolverConfig
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", `, "dns": {
		"nameservers": ["1.1.1.1", "1.1.1.2"], "domain": "mesos.apache.org",
		"search": ["a.mesos.apache.org", "b.mesos.apache.org"], "options": ["option1", "option2"]}`))
	h.mock(t, "silent", cnitest.Answer("203.0.113.9/24", ""))
	if got := h.succeeds(t, on(t, "cat /etc/resolv.conf", "mock")); got != "domain mesos.apache.org\n"+
		"search a.mesos.apache.org b.mesos.apache.org\noptions option1 option2\nnameserver 1.1.1.1\nnameserver 1.1.1.2\n" {
		t.Errorf("resolv.conf = %q", got)
	}
	host, _ := os.ReadFile("/etc/resolv.conf")
	if got := h.succeeds(t, on(t, "cat /etc/resolv.conf 2>&1 || true", "silent")); string(host) != "" && got != string(host) {
		t.Errorf("without any: %q, the host has %q", got, host)
	}
}

func TestDefaultContainerDNS(t *testing.T) {
	// covers: DefaultContainerDNSCniTest.ROOT_VerifyDefaultDNS
	t.Parallel()
	const want = "domain mesos.apache.org\nsearch a.mesos.apache.org\noptions timeout:3 attempts:2\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n"
	const dns = `"dns": {"nameservers": ["8.8.8.8", "8.8.4.4"], "domain": "mesos.apache.org",
		"search": ["a.mesos.apache.org"], "options": ["timeout:3", "attempts:2"]}`
	for name, text := range map[string]string{
		"named":  `{"mesos": [{"network_mode": "CNI", "network_name": "mock", ` + dns + `}]}`,
		"others": `{"mesos": [{"network_mode": "CNI", ` + dns + `}]}`,
		"both": `{"mesos": [{"network_mode": "CNI", "network_name": "mock", ` + dns + `},
			{"network_mode": "CNI", "dns": {"nameservers": ["8.8.8.9"]}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(h *house) {
				var err error
				if h.cni.DNS, err = network.ParseDefaultDNS(text); err != nil {
					t.Fatal(err)
				}
			})
			h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
			if got := h.succeeds(t, on(t, "cat /etc/resolv.conf", "mock")); got != want {
				t.Errorf("resolv.conf = %q", got)
			}
		})
	}
}

// Real plugins: containers reach each other over a bridge, on several networks.
func TestBridges(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(h *house) { h.cni.PluginsDir = cnitest.Plugins(t) })
	one, bridge := cnitest.Bridge(t, h.configs, "10.243.1.0/24", `, "isGateway": true`)
	two, _ := cnitest.Bridge(t, h.configs, "10.243.2.0/24", "")
	server := on(t, "", one, two)
	server.Command = containertest.Argv(os.Args[0])
	server.Environment = []string{listen + "=:7000"}
	containertest.Launch(t, h.Local, server)
	listens(t, server)
	at := h.addresses(t, server.ID)
	for _, name := range []string{one, two} {
		if ip := net.ParseIP(at[name]); ip == nil || !strings.HasPrefix(at[name], "10.243.") {
			t.Fatalf("addresses = %v", at)
		}
	}
	// From the host, whose address on the bridge is the gateway's.
	conn, err := net.DialTimeout("tcp", at[one]+":7000", containertest.Limit)
	if err != nil {
		t.Fatalf("from the host over %s: %v", bridge, err)
	}
	conn.Close()
	// From another container, over the second network only.
	client := on(t, "", two)
	client.Command = containertest.Argv(os.Args[0])
	client.Environment = []string{connect + "=" + at[two] + ":7000"}
	h.succeeds(t, client)
	if got := h.succeeds(t, on(t, "tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d ' ' | sort", two, one)); got != "eth0\neth1\nlo\n" {
		t.Errorf("its interfaces are %q", got)
	}
	usage, err := h.Usage(t.Context(), server.ID)
	if err != nil {
		t.Fatal(err)
	}
	// covers: CniIsolatorTest.VETH_VerifyResourceStatistics
	if usage.GetNetRxBytes() == 0 || usage.GetNetTxPackets() == 0 || usage.NetRxErrors == nil || usage.NetTxDropped == nil ||
		usage.NetRxPackets == nil || usage.NetRxDropped == nil || usage.NetTxBytes == nil || usage.NetTxErrors == nil {
		t.Errorf("traffic = %v", usage)
	}
	if err := h.Destroy(t.Context(), server.ID); err != nil {
		t.Fatal(err)
	}
	h.clean(t)
}

// A network whose file comes or goes counts without a restart; containers that are
// on it are left alone, and detached at their end all the same.
func TestConfigurationsComeAndGo(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_DynamicAddDelofCniConfig
	t.Parallel()
	h := newHouse(t)
	log := filepath.Join(t.TempDir(), "log")
	unknown := func() {
		t.Helper()
		_, err := h.Launch(t.Context(), on(t, "true", "mock"))
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), `network "mock": unknown: this agent has "host"`) {
			t.Errorf("launch: %v", err)
		}
	}
	unknown()
	h.mock(t, "mock", "echo CNI_COMMAND=$CNI_COMMAND >> "+log+"\n"+cnitest.Answer("203.0.113.9/24", ""))
	spec := on(t, "exec sleep 1000", "mock")
	containertest.Launch(t, h.Local, spec)
	if err := os.Remove(filepath.Join(h.configs, "mock.conf")); err != nil {
		t.Fatal(err)
	}
	unknown()
	if got := h.addresses(t, spec.ID); got["mock"] != "203.0.113.9" {
		t.Errorf("addresses = %v", got)
	}
	if err := h.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if got := said(t, log); !slices.Equal(got, []string{"ADD", "DEL"}) {
		t.Errorf("the plugin was asked to %q", got)
	}
	h.clean(t)
}

func said(t *testing.T, log string) []string {
	t.Helper()
	data, err := os.ReadFile(log)
	if err != nil {
		return nil
	}
	return cnitest.Said(string(data), "CNI_COMMAND")
}

// waiting is an isolator whose Prepare takes until it is interrupted.
type waiting struct {
	container.Passive
	begun chan struct{}
}

func (w waiting) Prepare(ctx context.Context, _ *container.Plan) error {
	close(w.begun)
	<-ctx.Done()
	return ctx.Err()
}

func TestDestroyWhilePreparing(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_DestroyWhilePreparing
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	slow := waiting{begun: make(chan struct{})}
	h.config.Isolators = append(h.config.Isolators, slow)
	h.Local = containertest.New(t, container.Config{Isolators: h.config.Isolators})
	spec := on(t, "exec sleep 1000", "mock")
	launched := make(chan error, 1)
	go func() {
		_, err := h.Launch(context.Background(), spec)
		launched <- err
	}()
	<-slow.begun
	if err := h.Destroy(t.Context(), spec.ID); err != nil && mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("destroy: %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch: %v", err)
	}
	h.clean(t)
}

// A plugin that hangs is interrupted with the launch.
func TestDestroyWhileAttaching(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	begun := filepath.Join(t.TempDir(), "begun")
	h.mock(t, "mock", "if [ $CNI_COMMAND = ADD ]; then : > "+begun+"; exec sleep 1000; fi\n")
	spec := on(t, "exec sleep 1000", "mock")
	launched := make(chan error, 1)
	go func() {
		_, err := h.Launch(context.Background(), spec)
		launched <- err
	}()
	containertest.Until(t, "the plugin runs", func() bool { _, err := os.Stat(begun); return err == nil })
	if err := h.Destroy(t.Context(), spec.ID); err != nil && mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("destroy: %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch: %v", err)
	}
	h.clean(t)
}

// Plugins that fail are told of by name, and a network twice is refused.
func TestRefusedNetworks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "bad", "if [ $CNI_COMMAND = ADD ]; then echo '{\"code\": 7, \"msg\": \"no addresses left\"}'; exit 1; fi\n")
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	for _, test := range []struct {
		networks []string
		want     string
	}{
		{[]string{"bad"}, `network "bad": attach: plugin type="bad" name="bad" failed (add): no addresses left`},
		{[]string{"mock", "bad"}, "no addresses left"},
		{[]string{"mock", "mock"}, "asked for twice"},
		{[]string{"mock", "host"}, "can't be joined beside others"},
		{[]string{"nothing"}, `network "nothing": unknown: this agent has "bad", "mock", "host"`},
	} {
		_, err := h.Launch(t.Context(), on(t, "true", test.networks...))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.networks, err)
		}
	}
	h.clean(t)
}

// The host's network can be asked for by name.
func TestHostByName(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if got := h.succeeds(t, on(t, "readlink /proc/self/ns/net", "host")); got != own+"\n" {
		t.Errorf("its network is %q", got)
	}
	// An operator's network of that name is meant instead.
	h.mock(t, "host", cnitest.Answer("203.0.113.9/24", ""))
	if got := h.succeeds(t, on(t, "readlink /proc/self/ns/net", "host")); got == own+"\n" {
		t.Error("it is on the host's network")
	}
	// A name of its own it can have there, too.
	spec := on(t, "hostname")
	spec.Container.Hostname = new("elsewhere")
	if got := h.succeeds(t, spec); got != "elsewhere\n" {
		t.Errorf("its name is %q", got)
	}
}
