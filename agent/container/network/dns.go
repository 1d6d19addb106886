package network

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/containernetworking/cni/pkg/types"

	"github.com/mesosctl/mesosctl/mesos"
)

// DefaultDNS is --default_container_dns: the resolvers of containers on CNI
// networks whose plugins return none.
type DefaultDNS struct {
	named map[string]types.DNS
	other *types.DNS // of every other network
}

// ParseDefaultDNS reads the JSON of --default_container_dns, of which what it says
// of Docker's networks is checked only. An empty text is no default.
func ParseDefaultDNS(text string) (*DefaultDNS, error) {
	const flag = "--default_container_dns"
	parsed := &DefaultDNS{named: map[string]types.DNS{}}
	if text == "" {
		return parsed, nil
	}
	type entry struct {
		Mode string     `json:"network_mode"`
		Name *string    `json:"network_name"`
		DNS  *types.DNS `json:"dns"`
	}
	var info struct {
		Mesos  []entry `json:"mesos"`
		Docker []entry `json:"docker"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&info); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s: %v", flag, err)
	}
	for _, kind := range []struct {
		of      string
		entries []entry
		modes   map[string]bool // and whether networks of it have names
	}{
		{"mesos", info.Mesos, map[string]bool{"CNI": true}},
		{"docker", info.Docker, map[string]bool{"BRIDGE": false, "USER": true}},
	} {
		seen := map[string]bool{}
		for _, e := range kind.entries {
			named, ok := kind.modes[e.Mode]
			what := kind.of + " network of mode " + e.Mode
			if named && e.Name != nil {
				what = fmt.Sprintf("%s network %q", kind.of, *e.Name)
			}
			switch {
			case e.Mode == "HOST":
				return nil, mesos.Errorf(mesos.Unsupported, "%s: %s: the host's network has the host's resolvers", flag, kind.of)
			case !ok:
				return nil, mesos.Errorf(mesos.Invalid, "%s: %s: network_mode %q is not one", flag, kind.of, e.Mode)
			case e.DNS == nil:
				return nil, mesos.Errorf(mesos.Invalid, "%s: %s: no dns", flag, what)
			case seen[what]:
				return nil, mesos.Errorf(mesos.Invalid, "%s: %s: configured twice", flag, what)
			}
			seen[what] = true
			if kind.of != "mesos" {
				continue
			}
			if e.Name != nil {
				parsed.named[*e.Name] = *e.DNS
			} else {
				parsed.other = e.DNS
			}
		}
	}
	return parsed, nil
}

// of is the default of a network; empty without one.
func (d *DefaultDNS) of(network string) types.DNS {
	if d == nil {
		return types.DNS{}
	}
	if dns, ok := d.named[network]; ok {
		return dns
	}
	if d.other != nil {
		return *d.other
	}
	return types.DNS{}
}

// merge adds the resolvers of one more network: lists go on, and the last domain
// counts.
func merge(dns *types.DNS, more types.DNS) {
	dns.Nameservers = append(dns.Nameservers, more.Nameservers...)
	dns.Search = append(dns.Search, more.Search...)
	dns.Options = append(dns.Options, more.Options...)
	if more.Domain != "" {
		dns.Domain = more.Domain
	}
}

// resolvConf is a resolv.conf(5).
func resolvConf(dns types.DNS) string {
	var b strings.Builder
	if dns.Domain != "" {
		fmt.Fprintf(&b, "domain %s\n", dns.Domain)
	}
	if len(dns.Search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(dns.Search, " "))
	}
	if len(dns.Options) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(dns.Options, " "))
	}
	for _, server := range dns.Nameservers {
		fmt.Fprintf(&b, "nameserver %s\n", server)
	}
	return b.String()
}
