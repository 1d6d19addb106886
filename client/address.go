package client

import (
	"net"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
)

// DefaultMasterPort is the port of a master whose address names none.
const DefaultMasterPort = members.DefaultPort

// ParseCluster is ParseMasters for clients, which may also write
// https://host:port; then all of them are meant to be.
func ParseCluster(s string) (masters []string, secure bool, err error) {
	const scheme = "https://"
	parts := strings.Split(s, ",")
	n := 0
	for i, part := range parts {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(part), scheme); ok {
			n++
			parts[i] = "http://" + rest
		}
	}
	if n != 0 && n != len(parts) {
		return nil, false, mesos.Errorf(mesos.Invalid, "masters %q: some are https and some are not", s)
	}
	masters, err = ParseMasters(strings.Join(parts, ","))
	return masters, n > 0, err
}

// ParseMasters reads the value of a --master flag: one or more addresses
// "host", "host:port" or "http://host:port", separated by commas.
func ParseMasters(s string) ([]string, error) {
	var masters []string
	for part := range strings.SplitSeq(s, ",") {
		address, err := parseMaster(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		masters = append(masters, address)
	}
	return masters, nil
}

func parseMaster(s string) (string, error) {
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		switch scheme {
		case "http":
			s = strings.TrimSuffix(rest, "/")
		case "zk":
			return "", mesos.Errorf(mesos.Unsupported,
				"master %q: ZooKeeper is not used here; give the masters' own addresses, as in host1:5050,host2:5050", s)
		default:
			return "", mesos.Errorf(mesos.Unsupported, "master %q: only http is supported", s)
		}
	}
	if s == "" {
		return "", mesos.Errorf(mesos.Invalid, "master: an address is empty")
	}
	address := withPort(s)
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(host, "/ @?#") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", mesos.Errorf(mesos.Invalid, "master %q is not an address host:port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", mesos.Errorf(mesos.Invalid, "master %q: port %q is not a number from 1 to 65535", s, port)
	}
	return address, nil
}

// withPort adds the default port to an address without one.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(DefaultMasterPort))
}
