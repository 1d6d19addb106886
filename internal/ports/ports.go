// Package ports finds TCP ports for servers that are to have the same port again when
// they are started again.
//
// A port that the kernel gave to a listener may be the local one of somebody's connection
// by the time it is wanted again. So these are outside of the range that it takes ports
// from.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

const (
	lowest  = 10_000
	highest = 32_767
)

// Free returns n different ports on which nobody listened a moment ago at ip, which is
// an address of this machine.
func Free(ip string, n int) ([]int, error) {
	from, to := ephemeral()
	var free []int
	for tries := 0; len(free) < n; tries++ {
		port := lowest + rand.IntN(highest-lowest+1)
		if port >= from && port <= to {
			port = 0 // its range is larger than usual: the kernel chooses
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
		if err != nil {
			if tries < 100+10*n && port != 0 {
				continue
			}
			return nil, err
		}
		defer listener.Close() //nolint:errcheck // nobody has connected
		free = append(free, listener.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}

// ephemeral is the range that the kernel takes ports from:
// net.ipv4.ip_local_port_range of ip-sysctl. Where it can't be read it is Linux's usual one.
func ephemeral() (from, to int) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err == nil {
		_, err = fmt.Sscan(string(text), &from, &to)
	}
	if err != nil {
		return highest + 1, 60_999
	}
	return from, to
}
