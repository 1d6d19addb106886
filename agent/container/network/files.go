package network

import (
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/containernetworking/cni/pkg/types"

	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
)

// maxHostname is the longest name that the kernel takes, in bytes.
const maxHostname = 64

// hostname is a container's: what it asks for, or its own part of its ID.
func hostname(id mesos.ContainerID, asked string) string {
	if asked != "" {
		return asked
	}
	names := id.Names()
	name := names[len(names)-1]
	return name[:min(len(name), maxHostname)]
}

func checkHostname(name string) error {
	if len(name) > maxHostname || strings.ContainsAny(name, "/ \t\n\x00") {
		return mesos.Errorf(mesos.Invalid, "hostname %q: not one of at most %d characters", name, maxHostname)
	}
	return nil
}

// hosts is a hosts(5) that knows the machine itself under its first address of
// each kind.
func hosts(hostname string, attachments []*attachment) string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	var four, six net.IP
	for _, a := range attachments {
		for _, ip := range a.addresses() {
			switch {
			case ip.To4() != nil && four == nil:
				four = ip
			case ip.To4() == nil && six == nil:
				six = ip
			}
		}
	}
	if four != nil {
		fmt.Fprintf(&b, "%s %s\n", four, hostname)
	}
	if six != nil {
		fmt.Fprintf(&b, "::1 localhost\n%s %s\n", six, hostname)
	}
	return b.String()
}

// resolvers are those that the networks' plugins named or, of a network whose
// plugins did not, the defaults.
func resolvers(attachments []*attachment, defaults *DefaultDNS) types.DNS {
	var dns types.DNS
	for _, a := range attachments {
		if a.result != nil && len(a.result.DNS.Nameservers) > 0 {
			merge(&dns, a.result.DNS)
		} else {
			merge(&dns, defaults.of(a.config.Name))
		}
	}
	return dns
}

// writeFiles writes a container's files of /etc. Without resolvers there is no
// resolv.conf: the host's holds.
func (s store) writeFiles(hostname string, attachments []*attachment, defaults *DefaultDNS) error {
	if err := whole.Replace(s.path("hostname"), []byte(hostname+"\n"), 0o644); err != nil {
		return err
	}
	if err := whole.Replace(s.path("hosts"), []byte(hosts(hostname, attachments)), 0o644); err != nil {
		return err
	}
	dns := resolvers(attachments, defaults)
	if len(dns.Nameservers) == 0 {
		return nil
	}
	return whole.Replace(s.path("resolv.conf"), []byte(resolvConf(dns)), 0o644)
}

// etc are the files of /etc that tell of networks, and where a container's are.
type etc map[string]string

var etcNames = []string{"hosts", "hostname", "resolv.conf"}

// etc are those of a container on networks of its own.
func (s store) etc() etc {
	files := hostEtc()
	for _, name := range etcNames {
		if _, err := os.Stat(s.path(name)); err == nil {
			files[name] = s.path(name)
		}
	}
	return files
}

// hostEtc are the host's, as far as it has them.
func hostEtc() etc {
	files := etc{}
	for _, name := range etcNames {
		if path := "/etc/" + name; exists(path) {
			files[name] = path
		}
	}
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
