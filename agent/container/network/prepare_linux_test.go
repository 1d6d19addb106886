package network

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
}

// testCNI makes an isolator whose containers' networks go with the test.
func testCNI(t *testing.T, configs, plugins string) *cni {
	t.Helper()
	needRoot(t)
	isolator, err := CNI(CNIConfig{
		ConfigDir: configs, PluginsDir: plugins, RootDir: RootDir(t.TempDir()), Metrics: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := isolator.(*cni).Sweep(context.Background(), func(mesos.ContainerID) bool { return false }); err != nil && !t.Failed() {
			t.Logf("left: %v", err)
		}
	})
	return isolator.(*cni)
}

// plan is a container on these networks.
func plan(id mesos.ContainerID, networks ...string) *container.Plan {
	spec := &container.Spec{ID: id, Container: &mesospb.ContainerInfo{}}
	for _, name := range networks {
		spec.Container.NetworkInfos = append(spec.Container.NetworkInfos, &mesospb.NetworkInfo{Name: new(name)})
	}
	return &container.Plan{Spec: spec, Process: supervise.Process{Env: []string{"LIBPROCESS_IP=192.0.2.7", "A=b"}}}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// mounted counts the mounts below a directory.
func mounted(t *testing.T, dir string) int {
	t.Helper()
	return strings.Count(read(t, "/proc/self/mountinfo"), " "+dir)
}

// What the plugins said is checkpointed while the container is there, where Mesos
// has it, and nothing is left afterwards.
func TestCheckpointedInfo(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_VerifyCheckpointedInfo
	t.Parallel()
	configs, plugins := cnitest.Dirs(t)
	cnitest.Script(t, plugins, "mock", cnitest.Answer("203.0.113.9/24", `, "dns": {"nameservers": ["203.0.113.1"]}`))
	cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
	c := testCNI(t, configs, plugins)
	p := plan("c1", "mock-net")
	if err := c.Prepare(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.config.RootDir, "c1")
	for _, name := range []string{
		"ns", "hosts", "hostname", "resolv.conf", "mock-net/network.conf", "mock-net/eth0/network.info",
	} {
		if !exists(filepath.Join(dir, name)) {
			t.Errorf("no %s", name)
		}
	}
	if !isNamespace(filepath.Join(dir, "ns")) {
		t.Error("ns is no namespace")
	}
	if got := read(t, filepath.Join(dir, "hosts")); got != "127.0.0.1 localhost\n203.0.113.9 c1\n" {
		t.Errorf("hosts = %q", got)
	}
	if got := read(t, filepath.Join(dir, "resolv.conf")); got != "nameserver 203.0.113.1\n" {
		t.Errorf("resolv.conf = %q", got)
	}
	if err := c.Cleanup(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	if exists(dir) {
		t.Error("its directory is still there")
	}
	if n := mounted(t, c.config.RootDir); n != 0 {
		t.Errorf("%d mounts are still there", n)
	}
}

// The process enters the network's namespace, knows its own name and address, and
// is told to listen on all of its addresses.
func TestProcessOnNetwork(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_EnvironmentLibprocessIP
	t.Parallel()
	configs, plugins := cnitest.Dirs(t)
	cnitest.Script(t, plugins, "mock", cnitest.Answer("203.0.113.9/24", ""))
	cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
	c := testCNI(t, configs, plugins)
	p := plan("c1", "mock-net")
	if err := c.Prepare(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	process := p.Process
	if !slices.Equal(process.Env, []string{"A=b", "LIBPROCESS_IP=0.0.0.0"}) {
		t.Errorf("environment = %q", process.Env)
	}
	if want := (supervise.Namespace{Path: c.store("c1").namespace(), Kind: unix.CLONE_NEWNET}); !slices.Equal(process.Join, []supervise.Namespace{want}) {
		t.Errorf("it enters %v", process.Join)
	}
	if process.Namespaces != unix.CLONE_NEWNS|unix.CLONE_NEWUTS || process.Hostname != "c1" {
		t.Errorf("namespaces = %#x, hostname %q", process.Namespaces, process.Hostname)
	}
	var status mesospb.ContainerStatus
	c.Status("c1", &status)
	if got := status.GetNetworkInfos(); len(got) != 1 || got[0].GetName() != "mock-net" ||
		got[0].GetIpAddresses()[0].GetIpAddress() != "203.0.113.9" {
		t.Errorf("networks = %v", got)
	}
}

// A plugin that fails, or says what is no result, fails the launch with what it
// said; the container is detached.
func TestFailedPlugin(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_FailedPlugin
	t.Parallel()
	for name, test := range map[string]struct{ script, want string }{
		"status":  {"if [ $CNI_COMMAND = ADD ]; then echo out of luck; exit 1; fi\n", "out of luck"},
		"error":   {"if [ $CNI_COMMAND = ADD ]; then echo '{\"code\": 11, \"msg\": \"try later\"}'; exit 1; fi\n", "try later"},
		"garbage": {"echo '{'\n", "network \"mock-net\""},
		"address": {cnitest.Answer("203.0.113.900/24", ""), "network \"mock-net\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			configs, plugins := cnitest.Dirs(t)
			log := filepath.Join(t.TempDir(), "log")
			cnitest.Script(t, plugins, "mock", "echo CNI_COMMAND=$CNI_COMMAND >> "+log+"\n"+test.script)
			cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
			c := testCNI(t, configs, plugins)
			err := c.Prepare(t.Context(), plan("c1", "mock-net"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("prepare: %v", err)
			}
			if err := c.Cleanup(t.Context(), "c1"); err != nil {
				t.Error(err)
			}
			if got := cnitest.Said(read(t, log), "CNI_COMMAND"); !slices.Equal(got, []string{"ADD", "DEL"}) {
				t.Errorf("the plugin was asked to %q", got)
			}
			if n := mounted(t, c.config.RootDir); n != 0 || exists(string(c.store("c1"))) {
				t.Errorf("%d mounts are left", n)
			}
		})
	}
}
