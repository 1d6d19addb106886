package network

import (
	"strings"
	"testing"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/google/go-cmp/cmp"
)

// covers: CniSpecTest.GenerateResolverConfig
func TestResolvConf(t *testing.T) {
	for want, dns := range map[string]types.DNS{
		"":                                     {},
		"domain m.a.org\n":                     {Domain: "m.a.org"},
		"nameserver 1.1.1.1\nnameserver ::2\n": {Nameservers: []string{"1.1.1.1", "::2"}},
		"search a.m.a.org b.m.a.org\n":         {Search: []string{"a.m.a.org", "b.m.a.org"}},
		"options debug ndots:2\n":              {Options: []string{"debug", "ndots:2"}},
		"domain d\nsearch s\noptions o\nnameserver n\n": {
			Domain: "d", Search: []string{"s"}, Options: []string{"o"}, Nameservers: []string{"n"},
		},
	} {
		if got := resolvConf(dns); got != want {
			t.Errorf("resolv.conf = %q, want %q", got, want)
		}
	}
}

func TestDefaultDNS(t *testing.T) {
	dns, err := ParseDefaultDNS(`{"mesos": [
		{"network_mode": "CNI", "network_name": "one", "dns": {"nameservers": ["8.8.8.8"], "domain": "d"}},
		{"network_mode": "CNI", "dns": {"nameservers": ["8.8.4.4"], "options": ["timeout:3"]}}
	], "docker": [
		{"network_mode": "BRIDGE", "dns": {"nameservers": ["8.8.8.8"]}},
		{"network_mode": "USER", "network_name": "u", "dns": {}},
		{"network_mode": "USER", "dns": {}}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(types.DNS{Nameservers: []string{"8.8.8.8"}, Domain: "d"}, dns.of("one")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(types.DNS{Nameservers: []string{"8.8.4.4"}, Options: []string{"timeout:3"}}, dns.of("other")); diff != "" {
		t.Error(diff)
	}
	none, err := ParseDefaultDNS("")
	if err != nil || !cmp.Equal(none.of("one"), types.DNS{}) {
		t.Errorf("without a flag: %v, %v", none, err)
	}
}

// What Mesos refuses at its start is refused.
func TestBadDefaultDNS(t *testing.T) {
	// covers: DefaultContainerDNSFlagTest.ValidateFlag
	for bad, want := range map[string]string{
		`{`:                        "--default_container_dns",
		`{"other": 1}`:             "other",
		`{"mesos": [{"dns": {}}]}`: `network_mode ""`,
		`{"mesos": [{"network_mode": "UNKNOWN", "dns": {}}]}`:                                                                              "UNKNOWN",
		`{"mesos": [{"network_mode": "HOST", "dns": {}}]}`:                                                                                 "host's",
		`{"mesos": [{"network_mode": "CNI"}]}`:                                                                                             "no dns",
		`{"mesos": [{"network_mode": "BRIDGE", "dns": {}}]}`:                                                                               "BRIDGE",
		`{"mesos": [{"network_mode": "CNI", "dns": {}}, {"network_mode": "CNI", "dns": {}}]}`:                                              "twice",
		`{"mesos": [{"network_mode": "CNI", "network_name": "n", "dns": {}}, {"network_mode": "CNI", "network_name": "n", "dns": {}}]}`:    `"n": configured twice`,
		`{"docker": [{"network_mode": "HOST", "dns": {}}]}`:                                                                                "host's",
		`{"docker": [{"network_mode": "CNI", "dns": {}}]}`:                                                                                 "CNI",
		`{"docker": [{"network_mode": "BRIDGE", "dns": {}}, {"network_mode": "BRIDGE", "dns": {}}]}`:                                       "twice",
		`{"docker": [{"network_mode": "USER", "dns": {}}, {"network_mode": "USER", "dns": {}}]}`:                                           "twice",
		`{"docker": [{"network_mode": "USER", "network_name": "n", "dns": {}}, {"network_mode": "USER", "network_name": "n", "dns": {}}]}`: "twice",
	} {
		if _, err := ParseDefaultDNS(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Of several networks resolvers are taken together; the default is for those
// whose plugins name none.
func TestResolvers(t *testing.T) {
	defaults, err := ParseDefaultDNS(`{"mesos": [{"network_mode": "CNI", "dns": {"nameservers": ["9.9.9.9"], "domain": "default"}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	one, two := testAttachment(t, "one", "eth0", "10.0.0.2"), testAttachment(t, "two", "eth1", "fd00::2")
	one.result.DNS = types.DNS{Nameservers: []string{"1.1.1.1"}, Domain: "one"}
	got := resolvers([]*attachment{one, two}, defaults)
	if diff := cmp.Diff(types.DNS{Nameservers: []string{"1.1.1.1", "9.9.9.9"}, Domain: "default"}, got); diff != "" {
		t.Error(diff)
	}
	if got := hosts("me", []*attachment{one, two}); got != "127.0.0.1 localhost\n10.0.0.2 me\n::1 localhost\nfd00::2 me\n" {
		t.Errorf("hosts = %q", got)
	}
}
