package daemon

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// address is where a daemon listens and how others reach it.
type address struct {
	listener net.Listener
	hostname string
	ip       string // advertised
	port     int    // advertised
}

// listen opens the daemon's port and works out what to tell others.
func (c *CommonConfig) listen() (address, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.IP, strconv.Itoa(c.Port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return address{}, fmt.Errorf("%w; choose another with --port, or 0 for a free one", err)
	} else if err != nil {
		return address{}, err
	}
	if c.TLS != nil {
		either, err := c.TLS.over(listener)
		if err != nil {
			listener.Close() //nolint:errcheck // nothing was sent
			return address{}, err
		}
		listener = either
	}
	bound := listener.Addr().(*net.TCPAddr)
	a := address{listener: listener, hostname: c.Hostname, ip: c.AdvertiseIP, port: c.AdvertisePort}
	if a.port == 0 {
		a.port = bound.Port
	}
	if a.ip == "" {
		a.ip = bound.IP.String()
		if bound.IP.IsUnspecified() {
			if a.ip, err = outwardIP(); err != nil {
				listener.Close() //nolint:errcheck // nothing was sent
				return address{}, fmt.Errorf("listen: %w; name one with --advertise_ip", err)
			}
		}
	}
	if a.hostname == "" {
		a.hostname = a.ip
		if !c.NoHostnameLookup {
			a.hostname = hostnameOf(a.ip, net.DefaultResolver.LookupAddr, os.Hostname)
		}
	}
	return a, nil
}

// advertisedIP is the address that the flags name; empty if they leave it open.
func (c *CommonConfig) advertisedIP() string {
	if c.AdvertiseIP != "" {
		return c.AdvertiseIP
	}
	if ip := net.ParseIP(c.IP); ip == nil || ip.IsUnspecified() {
		return ""
	}
	return c.IP
}

func (a address) String() string { return net.JoinHostPort(a.ip, strconv.Itoa(a.port)) }

// outwardIP is the first address of this machine that others may reach.
func outwardIP() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	loopback := ""
	for _, addr := range addrs {
		ipnet, ok := addr.(*net.IPNet)
		if !ok || ipnet.IP.To4() == nil {
			continue
		}
		if !ipnet.IP.IsLoopback() {
			return ipnet.IP.String(), nil
		}
		loopback = ipnet.IP.String()
	}
	if loopback == "" {
		return "", fmt.Errorf("this machine has no IPv4 address")
	}
	return loopback, nil
}

// hostnameTimeout is for how long a daemon that starts waits for its name.
const hostnameTimeout = 3 * time.Second

// hostnameOf is the name that an address is looked up as, or what this machine
// calls itself. On loopback it is the address: a name leads to the machine's
// other addresses.
func hostnameOf(ip string, lookUp func(context.Context, string) ([]string, error), own func() (string, error)) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.IsLoopback() {
		return ip
	}
	ctx, cancel := context.WithTimeout(context.Background(), hostnameTimeout)
	defer cancel()
	if names, err := lookUp(ctx, ip); err == nil && len(names) > 0 {
		return strings.TrimSuffix(names[0], ".")
	}
	if name, err := own(); err == nil && name != "" {
		return name
	}
	return ip
}

// wire is the address as Mesos messages carry it.
func (a address) wire() *mesospb.Address {
	return &mesospb.Address{
		Hostname: proto.String(a.hostname), Ip: proto.String(a.ip), Port: proto.Int32(int32(a.port)),
	}
}

// packed is an IPv4 address in the byte order of MasterInfo.ip; 0 for others.
func (a address) packed() uint32 {
	ip := net.ParseIP(a.ip).To4()
	if ip == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(ip)
}

func (d Domain) wire() *mesospb.DomainInfo {
	if d == (Domain{}) {
		return nil
	}
	return &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: proto.String(d.Region)},
		Zone:   &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: proto.String(d.Zone)},
	}}
}
