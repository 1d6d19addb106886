package network

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/mesos"
)

// logging is a plugin that writes down what it is asked to, and whether there is a
// network namespace.
func logging(log string) string {
	return `echo CNI_COMMAND=$CNI_COMMAND >> ` + log + `
if [ "$CNI_COMMAND" = DEL ] && [ -n "$CNI_NETNS" ]; then
	[ $(stat -f -c %T "$CNI_NETNS") = nsfs ] && echo CNI_COMMAND=DEL-WITH-NAMESPACE >> ` + log + ` || echo CNI_COMMAND=DEL-WITH-NOTHING >> ` + log + `
fi
` + cnitest.Answer("203.0.113.9/24", "")
}

// again is the isolator of a later agent.
func again(t *testing.T, c *cni) *cni {
	t.Helper()
	isolator, err := CNI(c.config)
	if err != nil {
		t.Fatal(err)
	}
	return isolator.(*cni)
}

// Containers that no agent knows any more are detached: also if the machine was
// started anew, and their network namespaces are gone.
func TestSweep(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reboot bool
		want   []string
	}{
		"orphan": {false, []string{"ADD", "DEL", "DEL-WITH-NAMESPACE"}},
		"reboot": {true, []string{"ADD", "DEL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			configs, plugins := cnitest.Dirs(t)
			log := filepath.Join(t.TempDir(), "log")
			cnitest.Script(t, plugins, "mock", logging(log))
			cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
			c := testCNI(t, configs, plugins)
			kept, lost := plan("kept", "mock-net"), plan("lost", "mock-net")
			if err := c.Prepare(t.Context(), lost); err != nil {
				t.Fatal(err)
			}
			if test.reboot {
				if err := removeNamespace(c.store("lost").namespace()); err != nil {
					t.Fatal(err)
				}
			}
			later := again(t, c)
			if err := later.Sweep(t.Context(), func(id mesos.ContainerID) bool { return id == "kept" }); err != nil {
				t.Fatal(err)
			}
			if got := cnitest.Said(read(t, log), "CNI_COMMAND"); !slices.Equal(got, test.want) {
				t.Errorf("the plugin was asked to %q", got)
			}
			if exists(string(c.store("lost"))) || mounted(t, c.config.RootDir) != 0 {
				t.Error("something is left")
			}
			if err := later.Prepare(t.Context(), kept); err != nil {
				t.Fatal(err)
			}
			if err := later.Sweep(t.Context(), func(id mesos.ContainerID) bool { return id == "kept" }); err != nil {
				t.Fatal(err)
			}
			if !isNamespace(c.store("kept").namespace()) {
				t.Error("what goes on was swept up")
			}
		})
	}
}

// What can't be detached stays noted until it can.
func TestDetachFails(t *testing.T) {
	t.Parallel()
	configs, plugins := cnitest.Dirs(t)
	cnitest.Script(t, plugins, "mock", "if [ $CNI_COMMAND = DEL ]; then echo not now >&2; exit 1; fi\n"+cnitest.Answer("203.0.113.9/24", ""))
	cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
	c := testCNI(t, configs, plugins)
	if err := c.Prepare(t.Context(), plan("c1", "mock-net")); err != nil {
		t.Fatal(err)
	}
	if err := c.Cleanup(t.Context(), "c1"); err == nil || !strings.Contains(err.Error(), "not now") {
		t.Errorf("cleanup: %v", err)
	}
	cnitest.Script(t, plugins, "mock", "exit 0\n")
	later := again(t, c)
	if err := later.Sweep(t.Context(), func(mesos.ContainerID) bool { return false }); err != nil {
		t.Error(err)
	}
	if exists(string(c.store("c1"))) || mounted(t, c.config.RootDir) != 0 {
		t.Error("something is left")
	}
}

// An agent may die at any point of making a network: a later one finds all that
// there is to undo.
func TestAgentDiesMeanwhile(t *testing.T) {
	t.Parallel()
	configs, plugins := cnitest.Dirs(t)
	log := filepath.Join(t.TempDir(), "log")
	cnitest.Script(t, plugins, "mock", logging(log))
	cnitest.Write(t, configs, "mock", `{"name": "mock-net", "type": "mock"}`)
	c := testCNI(t, configs, plugins)
	for name, test := range map[string]struct {
		remove []string
		want   []string
	}{
		"no result":    {[]string{"mock-net/eth0/network.info"}, []string{"ADD", "DEL", "DEL-WITH-NAMESPACE"}},
		"no config":    {[]string{"mock-net/network.conf", "mock-net/eth0/network.info"}, []string{"ADD"}},
		"detached":     {[]string{"mock-net/eth0"}, []string{"ADD"}},
		"no namespace": {[]string{"mock-net", "hosts", "hostname"}, []string{"ADD"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(log, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.Prepare(t.Context(), plan("c1", "mock-net")); err != nil {
				t.Fatal(err)
			}
			for _, name := range test.remove {
				if err := os.RemoveAll(c.store("c1").path(name)); err != nil {
					t.Fatal(err)
				}
			}
			later := again(t, c)
			if err := later.Recover(&container.Spec{ID: "c1"}, 1); err != nil {
				t.Fatal(err)
			}
			if err := later.Cleanup(t.Context(), "c1"); err != nil {
				t.Fatal(err)
			}
			if got := cnitest.Said(read(t, log), "CNI_COMMAND"); !slices.Equal(got, test.want) {
				t.Errorf("the plugin was asked to %q", got)
			}
			if exists(string(c.store("c1"))) || mounted(t, c.config.RootDir) != 0 {
				t.Error("something is left")
			}
		})
	}
}
