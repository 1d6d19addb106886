// Package members is the vocabulary of the cluster that several masters form
// among themselves: their addresses, and the members that keep the registry.
package members

import (
	"net"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// DefaultPort is the port of a master whose address names none.
const DefaultPort = 5050

// PeerOffset is the distance from a master's port to the port at which the
// other masters' etcd members reach its own, if no other is named.
const PeerOffset = 1000

// Address is where a master is reached: by everybody, and by the etcd
// members of the other masters.
type Address struct {
	Host     string
	Port     int
	PeerPort int
}

// ParseAddress reads HOST, HOST:PORT or HOST:PORT/PEER_PORT. Without a port
// it is defaultPort, without a peer port it is the port and PeerOffset.
func ParseAddress(text string, defaultPort int) (Address, error) {
	address, peer, named := strings.Cut(text, "/")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), strconv.Itoa(defaultPort)
	}
	if host == "" || strings.ContainsAny(host, " @?#=,") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return Address{}, mesos.Errorf(mesos.Invalid, "master %q is not an address such as host:5050 or host:5050/6050", text)
	}
	a := Address{Host: host}
	if a.Port, err = parsePort(port); err != nil {
		return Address{}, mesos.Errorf(mesos.Invalid, "master %q: %w", text, err)
	}
	if !named {
		peer = strconv.Itoa(a.Port + PeerOffset)
	}
	if a.PeerPort, err = parsePort(peer); err != nil {
		return Address{}, mesos.Errorf(mesos.Invalid, "master %q: peer %w; name one, as in %s/6050", text, err, a)
	}
	return a, nil
}

func parsePort(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return 0, mesos.Errorf(mesos.Invalid, "port %q is not a number from 1 to 65535", text)
	}
	return n, nil
}

// String is the master's own host:port.
func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// PeerURL is where the other masters' etcd members reach this master's.
func (a Address) PeerURL() string {
	return "http://" + net.JoinHostPort(a.Host, strconv.Itoa(a.PeerPort))
}

// Member is one master in the cluster that the masters' etcd members form.
type Member struct {
	ID   string `json:"id"`   // 16 hexadecimal digits
	Name string `json:"name"` // its master's host:port; "" until it has started for the first time
	Peer string `json:"peer"` // the URL at which the other members reach it
	// Started tells that it has once joined the cluster, and has data of its own.
	Started bool `json:"started"`
	// Learner tells that it does not count for a majority yet.
	Learner bool `json:"learner,omitempty"`
}

// Membership is the cluster as one of its members knows it.
type Membership struct {
	Cluster string   `json:"cluster"` // its ID, in hexadecimal digits
	Self    string   `json:"self"`    // the ID of the member that tells
	Members []Member `json:"members"`
}
