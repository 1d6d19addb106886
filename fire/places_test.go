//go:build linux

package fire

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// place is where a process is: its address, and how to get there.
type place struct {
	ip        string
	namespace string // of the network; empty for the test's own
	link      string // whose end here can be taken down
}

// command is a command that runs at the place.
func (p place) command(name string, args ...string) *exec.Cmd {
	if p.namespace != "" {
		args = append([]string{"netns", "exec", p.namespace, name}, args...)
		name = "ip"
	}
	return exec.Command(name, args...)
}

// cut cuts the place off from all others, or joins it to them again.
func (p place) cut(t *testing.T, off bool) {
	state := "up"
	if off {
		state = "down"
	}
	run(t, "ip", "link", "set", p.link, state)
}

// places are n places that can be cut off and one that can't; or, on a machine
// where that can't be, n+1 times the loopback address and false.
func places(t *testing.T, n int) (far []place, near place, canCut bool) {
	near = place{ip: "127.0.0.1"}
	for range n {
		far = append(far, near)
	}
	if os.Geteuid() != 0 {
		t.Log("nobody is cut off: making network namespaces takes root")
		return far, near, false
	}
	id := os.Getpid() % 10000
	bridge := fmt.Sprintf("fire%d", id)
	subnet := freeSubnet()
	if err := try("ip", "link", "add", bridge, "type", "bridge"); err != nil {
		t.Logf("nobody is cut off: %v", err)
		return far, near, false
	}
	t.Cleanup(func() { try("ip", "link", "del", bridge) })
	run(t, "ip", "addr", "add", subnet+".1/24", "dev", bridge)
	run(t, "ip", "link", "set", bridge, "up")
	for i := range n {
		p := place{
			ip: fmt.Sprintf("%s.%d", subnet, 10+i), namespace: fmt.Sprintf("%s-%d", bridge, i), link: fmt.Sprintf("%sv%d", bridge, i),
		}
		if err := try("ip", "netns", "add", p.namespace); err != nil {
			t.Logf("nobody is cut off: %v", err)
			return far, near, false
		}
		t.Cleanup(func() { try("ip", "netns", "del", p.namespace) })
		inside := p.link + "i"
		run(t, "ip", "link", "add", p.link, "type", "veth", "peer", "name", inside)
		run(t, "ip", "link", "set", p.link, "master", bridge, "up")
		run(t, "ip", "link", "set", inside, "netns", p.namespace)
		run(t, "ip", "-n", p.namespace, "addr", "add", p.ip+"/24", "dev", inside)
		run(t, "ip", "-n", p.namespace, "link", "set", inside, "up")
		run(t, "ip", "-n", p.namespace, "link", "set", "lo", "up")
		far[i] = p
	}
	near.ip = subnet + ".1"
	return far, near, true
}

// freeSubnet is the first three numbers of a private network of which this machine
// has no address.
func freeSubnet() string {
	taken, _ := net.InterfaceAddrs()
next:
	for third := os.Getpid() % 200; ; third++ {
		subnet := fmt.Sprintf("10.213.%d", third%256)
		for _, a := range taken {
			if strings.HasPrefix(a.String(), subnet+".") {
				continue next
			}
		}
		return subnet
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if err := try(name, args...); err != nil {
		t.Fatal(err)
	}
}

func try(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
