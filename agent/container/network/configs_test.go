package network

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// directory writes files, and a plugin called "plug".
func directory(t *testing.T, files map[string]string) (configs string, plugins []string) {
	t.Helper()
	configs, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plug"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(configs, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return configs, []string{dir}
}

// A network that is unknown is refused with the names of those there are, and with
// what is wrong with files that are no network's.
func TestUnknownNetwork(t *testing.T) {
	dir, plugins := directory(t, map[string]string{
		"a": `{"name": "one", "type": "plug"}`,
		"b": `{"name": "one", "type": "plug"}`,
		"c": `{"name": "two", "plugins": [{"type": "plug", "ipam": {"type": "plug"}}]}`,
		"d": `{"name": "three", "type": "absent"}`,
		"e": `{"name": "four", "type": "plug", "ipam": {"type": "absent-ipam"}}`,
		"f": `{"name": "../five", "type": "plug"}`,
		"g": `{"name": "six"}`,
		"h": `no JSON`,
	})
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	known, err := readConfigs(dir, plugins)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := known.find("one"); err != nil {
		t.Error(err)
	}
	_, err = known.find("three")
	if mesos.KindOf(err) != mesos.Invalid {
		t.Fatalf("an unknown network: %v", err)
	}
	for _, want := range []string{
		`network "three": unknown: this agent has "one", "two", "host"`, `/b: network "one": is configured by an earlier file`,
		`no plugin "absent" in`, `no plugin "absent-ipam" in`, `../five`, "/g: ", "/h: not JSON",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Error("the sentence has several lines")
	}
	none, err := readConfigs("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.find("three"); err == nil || !strings.Contains(err.Error(), `this agent has "host"`) {
		t.Errorf("without directories: %v", err)
	}
	if _, err := readConfigs(filepath.Join(dir, "nothing"), nil); err == nil {
		t.Error("a directory that is not there has networks")
	}
}

// Plugins are told what the container asks for beside their own configuration, and
// it can be read back.
func TestArguments(t *testing.T) {
	config, err := parseConfig([]byte(`{"name": "one", "type": "plug", "mtu": 12345678901234567, "args": {"mine": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	info := &mesospb.NetworkInfo{
		Name: new("one"), Groups: []string{"g"},
		Labels:       &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new("v")}}},
		PortMappings: []*mesospb.NetworkInfo_PortMapping{{HostPort: new(uint32(8080)), ContainerPort: new(uint32(80))}},
	}
	told, err := withArguments(config, info)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(told.Plugins[0].Bytes, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"name": "one", "type": "plug", "mtu": 12345678901234567, "args": {"mine": 1,
		"org.apache.mesos": {"network_info": {"name": "one", "groups": ["g"], "labels": {"labels": [{"key": "k", "value": "v"}]},
		"port_mappings": [{"host_port": 8080, "container_port": 80}]}}}}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	back, err := asked(told)
	if err != nil || back.GetPortMappings()[0].GetHostPort() != 8080 || back.GetLabels().GetLabels()[0].GetValue() != "v" {
		t.Errorf("read back: %v, %v", back, err)
	}
	for _, bad := range []string{
		`{"name": "one", "type": "plug", "args": {"org.apache.mesos": {}}}`, `{"name": "one", "type": "plug", "args": []}`,
	} {
		config, err := parseConfig([]byte(bad))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := withArguments(config, info); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Ports and addresses are told as the conventions of plugins have them, too.
func TestCapabilities(t *testing.T) {
	args := capabilities(&mesospb.NetworkInfo{
		PortMappings: []*mesospb.NetworkInfo_PortMapping{
			{HostPort: new(uint32(8080)), ContainerPort: new(uint32(80))},
			{HostPort: new(uint32(53)), ContainerPort: new(uint32(5353)), Protocol: new("UDP")},
		},
		IpAddresses: []*mesospb.NetworkInfo_IPAddress{{IpAddress: new("10.0.0.7")}, {}},
	})
	got, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"ips":["10.0.0.7"],"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"},` +
		`{"hostPort":53,"containerPort":5353,"protocol":"udp"}]}`
	if string(got) != want {
		t.Errorf("capabilities = %s", got)
	}
	if args := capabilities(&mesospb.NetworkInfo{}); len(args) != 0 {
		t.Errorf("of nothing: %v", args)
	}
}

// A configuration of Mesos's own plugin becomes one of its delegate and portmap.
func TestPortMapperConfiguration(t *testing.T) {
	config, err := parseConfig([]byte(`{
		"name": "mapped", "type": "mesos-cni-port-mapper", "excludeDevices": ["cni0"], "chain": "X", "args": {"a": "b"},
		"delegate": {"type": "bridge", "bridge": "cni0", "ipam": {"type": "host-local"}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	if config.Name != "mapped" || len(config.Plugins) != 2 {
		t.Fatalf("config = %s", config.Bytes)
	}
	bridge, mapper := config.Plugins[0], config.Plugins[1]
	if bridge.Network.Type != "bridge" || bridge.Network.IPAM.Type != "host-local" || !strings.Contains(string(bridge.Bytes), `"args":{"a":"b"}`) {
		t.Errorf("the delegate: %s", bridge.Bytes)
	}
	if mapper.Network.Type != "portmap" || !mapper.Network.Capabilities["portMappings"] ||
		!strings.Contains(string(mapper.Bytes), `"conditionsV4":["!","-i","cni0"]`) {
		t.Errorf("the mapper: %s", mapper.Bytes)
	}
	if _, err := parseConfig([]byte(`{"name": "mapped", "type": "mesos-cni-port-mapper"}`)); err == nil {
		t.Error("without a delegate")
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"name": "one", "type": "plug"}`))
	f.Add([]byte(`{"name": "one", "plugins": [{"type": "plug", "ipam": {}}]}`))
	f.Add([]byte(`{"name": "one", "type": "mesos-cni-port-mapper", "delegate": {"type": "x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := parseConfig(data)
		if err != nil {
			return
		}
		if strings.ContainsAny(config.Name, "/\x00") || config.Name == ".." {
			t.Errorf("network %q", config.Name)
		}
		if told, err := withArguments(config, &mesospb.NetworkInfo{Name: &config.Name}); err == nil && len(told.Plugins) > 0 {
			if info, err := asked(told); err != nil || info.GetName() != config.Name {
				t.Errorf("read back %v, %v", info, err)
			}
		}
	})
}

// testAttachment is a network that gave an interface an address.
func testAttachment(t *testing.T, network, ifName, address string) *attachment {
	t.Helper()
	config, err := parseConfig([]byte(`{"name": "` + network + `", "type": "plug"}`))
	if err != nil {
		t.Fatal(err)
	}
	return &attachment{config: config, ifName: ifName, result: &current.Result{
		IPs: []*current.IPConfig{{Address: net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(8, 128)}}},
	}}
}
