package network

import (
	"maps"
	"net"
	"os"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// This process's sockets that are listened on are found among all of the machine's.
func TestListeners(t *testing.T) {
	// covers: NetworkPortsIsolatorUtilityTest.QueryProcessSockets
	var ports mesos.Ranges
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := uint64(l.Addr().(*net.TCPAddr).Port)
		ports = ports.Add(mesos.NewRanges(mesos.Range{Begin: port, End: port}))
		connected, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
	}
	listening, err := listeners()
	if err != nil {
		t.Fatal(err)
	}
	if got := listenedOn([]int{os.Getpid()}, listening); !got.Contains(ports) {
		t.Errorf("this process listens on %v, want %v", got, ports)
	}
	inodes := sockets(os.Getpid())
	if mine := slices.DeleteFunc(slices.Clone(inodes), func(i uint32) bool { return listening[i] == 0 }); len(mine) == 0 || len(mine) == len(inodes) {
		t.Errorf("of %d sockets %d are listened on", len(inodes), len(mine))
	}
	if got := listenedOn([]int{1 << 30}, listening); len(got) != 0 {
		t.Errorf("no process listens on %v", got)
	}
}

// An agent without ports protects none.
func TestNoIsolatedPorts(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_NoPortsResource
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, test := range []struct {
		isolated *mesos.Ranges
		ends     int
	}{{&mesos.Ranges{}, 0}, {nil, 1}} {
		isolator, err := Ports(PortsConfig{Enforce: true, Isolated: test.isolated})
		if err != nil {
			t.Fatal(err)
		}
		p, ended := isolator.(*ports), 0
		p.Watch(func(mesos.ContainerID, container.Limitation) { ended++ })
		p.processes = func(mesos.ContainerID) ([]int, error) { return []int{os.Getpid()}, nil }
		p.add(&container.Spec{ID: "c"})
		p.look()
		if ended != test.ends {
			t.Errorf("isolated %v: %d containers ended", test.isolated, ended)
		}
	}
}

// Who joins a network has ports of its own, and so has what is nested in it.
func TestPortsOfOwnNetworks(t *testing.T) {
	isolator, err := Ports(PortsConfig{CNI: true})
	if err != nil {
		t.Fatal(err)
	}
	p := isolator.(*ports)
	for _, spec := range []*container.Spec{
		plan("own", "net").Spec, plan("own.inner").Spec, plan("host", "host").Spec,
		plan("none").Spec, plan("none.inner").Spec, plan("none.own", "net").Spec,
	} {
		p.add(spec)
	}
	if got := slices.Sorted(maps.Keys(p.containers)); !slices.Equal(got, []mesos.ContainerID{"host", "none", "none.inner"}) {
		t.Errorf("it looks at %q", got)
	}
}
