// Package cnitest helps to test containers on CNI networks: with the standard
// plugins, and with plugins that are a few lines of shell.
package cnitest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// Plugins builds the standard plugins, of the version that tools/cni names, and
// returns their directory, which later tests find again.
func Plugins(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	module := filepath.Join(filepath.Dir(file), "../../../../tools/cni")
	sums, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		t.Skipf("the source of the plugins is not here: %v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	hash := sha256.Sum256(append(sums, runtime.Version()...))
	dir := filepath.Join(cache, "mesosctl-test", "cni-"+hex.EncodeToString(hash[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	built, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(built) //nolint:errcheck // nothing of the test depends on it
	build := exec.Command("go", "build", "-C", module, "-o", built+"/", "tool")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the plugins: %v: %s", err, out)
	}
	if err := os.Rename(built, dir); err != nil {
		if _, lost := os.Stat(dir); lost != nil { // not to another test that built them
			t.Fatal(err)
		}
	}
	return dir
}

// Dirs are the directories of an agent that knows no network yet.
func Dirs(t testing.TB) (configs, plugins string) {
	t.Helper()
	dir := t.TempDir()
	configs, plugins = filepath.Join(dir, "configs"), filepath.Join(dir, "plugins")
	for _, d := range []string{configs, plugins} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return configs, plugins
}

// Write writes a file, a configuration say.
func Write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Script writes a plugin that is a shell script.
func Script(t testing.TB, dir, name, script string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// Answer is shell code that says a result of version 0.2.0, as plugins written
// for Mesos do: an address, and more of the result's JSON.
func Answer(address, more string) string {
	return fmt.Sprintf("if [ $CNI_COMMAND = ADD ]; then echo '{\"ip4\": {\"ip\": %q}%s}'; fi\n", address, more)
}

var serial atomic.Int64

// Name is a name that no other interface of this machine has.
func Name(prefix string) string {
	return fmt.Sprintf("%s%x%x", prefix, os.Getpid(), serial.Add(1))
}

// Bridge writes the configuration of a network on a bridge of its own, which goes
// with the test, and returns the network's name. What subnet is is up to the test;
// extra is more of the plugin's JSON, say `, "isGateway": true`.
func Bridge(t testing.TB, configs, subnet, extra string) (network, bridge string) {
	t.Helper()
	bridge = Name("mc")
	network = "net-" + bridge
	Write(t, configs, network+".json", fmt.Sprintf(`{
		"cniVersion": "1.0.0", "name": %q, "type": "bridge", "bridge": %q%s,
		"ipam": {"type": "host-local", "subnet": %q, "dataDir": %q}
	}`, network, bridge, extra, subnet, t.TempDir()))
	t.Cleanup(func() { RemoveLink(t, bridge) })
	return network, bridge
}

// Said is what the lines of a plugin's log say of a variable.
func Said(log, variable string) (values []string) {
	for line := range strings.Lines(log) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), variable+"="); ok {
			values = append(values, value)
		}
	}
	return values
}
