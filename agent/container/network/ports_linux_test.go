package network_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/network"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// listen and connect are variables with an address for this binary to listen on or
// to connect to: then it is no test but what runs in a container.
const (
	listen  = "MESOSCTL_TEST_LISTEN"
	connect = "MESOSCTL_TEST_CONNECT"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(connect); address != "" {
		if _, err := net.DialTimeout("tcp", address, containertest.Limit); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if address := os.Getenv(listen); address != "" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("listening")
		time.Sleep(time.Hour) // it is killed; who waits for nothing at all is deadlocked, says the runtime
		_ = l.Close()
	}
	os.Exit(m.Run())
}

// look is how often these tests' isolators look.
const look = 10 * time.Millisecond

// freePort is a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// ports are resources.
func ports(list ...int) []*mesospb.Resource {
	r := &mesospb.Resource{Name: new("ports"), Type: mesospb.Value_RANGES.Enum(), Ranges: &mesospb.Value_Ranges{}}
	for _, port := range list {
		r.Ranges.Range = append(r.Ranges.Range, &mesospb.Value_Range{Begin: new(uint64(port)), End: new(uint64(port))})
	}
	return []*mesospb.Resource{r}
}

func withPorts(t *testing.T, config network.PortsConfig) []container.Isolator {
	t.Helper()
	config.Interval = look
	isolator, err := network.Ports(config)
	if err != nil {
		t.Fatal(err)
	}
	return []container.Isolator{isolator}
}

// listener is a container that listens.
func listener(t *testing.T, address string, given ...int) container.Spec {
	t.Helper()
	spec := containertest.Spec(t, containertest.Argv(os.Args[0]))
	spec.Environment = []string{listen + "=" + address}
	spec.Resources = ports(given...)
	return spec
}

func listens(t *testing.T, spec container.Spec) {
	t.Helper()
	containertest.Until(t, "the container listens", func() bool {
		data, err := os.ReadFile(spec.Sandbox + "/stdout")
		return err == nil && strings.Contains(string(data), "listening")
	})
}

// isLimited waits for the isolator to end a container for listening on a port.
func isLimited(t *testing.T, l *container.Local, id mesos.ContainerID, port int) {
	t.Helper()
	exit := containertest.Wait(t, l, id)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION ||
		!strings.Contains(exit.Message, fmt.Sprintf("is listening on unallocated port(s): [%d-%d]", port, port)) {
		t.Errorf("exit = %+v", exit)
	}
	if len(exit.Limited) != 1 || exit.Limited[0].GetName() != "ports" ||
		exit.Limited[0].GetRanges().GetRange()[0].GetBegin() != uint64(port) {
		t.Errorf("the resources that were lacking: %v", exit.Limited)
	}
}

// isLeft finds a container running after the isolator has looked at it: it ended
// another that comes later in its order.
func isLeft(t *testing.T, l *container.Local, id mesos.ContainerID) {
	t.Helper()
	port := freePort(t)
	canary := listener(t, fmt.Sprintf(":%d", port))
	canary.ID = "z" + canary.ID
	containertest.Launch(t, l, canary)
	isLimited(t, l, canary.ID, port)
	if list := l.Containers(); !slices.ContainsFunc(list, func(c container.Listed) bool { return c.ID == id }) {
		t.Errorf("the container has ended, of %v", list)
	}
}

func TestUnallocatedPorts(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_UnallocatedPorts
	t.Parallel()
	l := containertest.New(t, container.Config{Isolators: withPorts(t, network.PortsConfig{Enforce: true})})
	for name, address := range map[string]string{"IPv4": "127.0.0.1:%d", "any": ":%d"} {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			spec := listener(t, fmt.Sprintf(address, port), port+1)
			containertest.Launch(t, l, spec)
			isLimited(t, l, spec.ID, port)
		})
	}
}

func TestAllocatedPorts(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_AllocatedPorts
	t.Parallel()
	l := containertest.New(t, container.Config{Isolators: withPorts(t, network.PortsConfig{Enforce: true})})
	port := freePort(t)
	spec := listener(t, fmt.Sprintf(":%d", port), 1, port)
	containertest.Launch(t, l, spec)
	listens(t, spec)
	isLeft(t, l, spec.ID)
	// What is taken away is not the container's any more.
	if err := l.Update(t.Context(), spec.ID, ports(1), nil); err != nil {
		t.Fatal(err)
	}
	isLimited(t, l, spec.ID, port)
}

func TestIsolatedPorts(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_PortEnforcementIsolatedPort
	t.Parallel()
	port := freePort(t)
	isolated := mesos.NewRanges(mesos.Range{Begin: 0, End: 65535}).Sub(mesos.NewRanges(mesos.Range{Begin: uint64(port), End: uint64(port)}))
	l := containertest.New(t, container.Config{Isolators: withPorts(t, network.PortsConfig{Enforce: true, Isolated: &isolated})})
	spec := listener(t, fmt.Sprintf(":%d", port))
	containertest.Launch(t, l, spec)
	listens(t, spec)
	isLeft(t, l, spec.ID)
}

// Without enforcement a container is told of once for each set of ports.
func TestPortsAreNotEnforced(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_NoPortEnforcement
	t.Parallel()
	var log safeBuffer
	l := containertest.New(t, container.Config{Isolators: withPorts(t, network.PortsConfig{Log: slog.New(slog.NewTextHandler(&log, nil))})})
	first, second := freePort(t), freePort(t)
	told := func(id mesos.ContainerID, port int) string {
		return fmt.Sprintf("Container %s is listening on unallocated port(s): [%d-%d]", id, port, port)
	}
	spec := listener(t, fmt.Sprintf(":%d", first))
	containertest.Launch(t, l, spec)
	containertest.Until(t, "it is told of", func() bool { return strings.Contains(log.String(), told(spec.ID, first)) })
	other := listener(t, fmt.Sprintf(":%d", second))
	containertest.Launch(t, l, other)
	containertest.Until(t, "it is told of", func() bool { return strings.Contains(log.String(), told(other.ID, second)) })
	if n := strings.Count(log.String(), told(spec.ID, first)); n != 1 {
		t.Errorf("it was told of %d times", n)
	}
	for _, id := range []mesos.ContainerID{spec.ID, other.ID} {
		if _, err := l.Status(id); err != nil {
			t.Error(err)
		}
	}
}

// safeBuffer is a log that may be read meanwhile.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A nested container has its parent's ports: one that takes others ends both.
func TestPortsOfNestedContainers(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_TaskGroup
	t.Parallel()
	l := containertest.New(t, container.Config{Isolators: withPorts(t, network.PortsConfig{Enforce: true})})
	parent := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	good, bad := freePort(t), freePort(t)
	parent.Resources = ports(good)
	containertest.Launch(t, l, parent)
	containertest.Launch(t, l, nestedListener(parent, "good", good))
	isLeft(t, l, parent.ID+".good")
	containertest.Launch(t, l, nestedListener(parent, "bad", bad))
	isLimited(t, l, parent.ID, bad)
}

func nestedListener(parent container.Spec, name string, port int) container.Spec {
	return container.Spec{
		ID: parent.ID + "." + mesos.ContainerID(name), Command: containertest.Argv(os.Args[0]),
		Environment: []string{fmt.Sprintf("%s=:%d", listen, port)},
	}
}

// An agent that comes back goes on to look.
func TestPortsAfterRecovery(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_NC_RecoverBadTask
	// covers: NetworkPortsIsolatorTest.ROOT_NC_RecoverGoodTask
	// covers: NetworkPortsIsolatorTest.ROOT_NC_RecoverNestedBadTask
	// covers: NetworkPortsIsolatorTest.ROOT_NC_RecoverNestedGoodTask
	t.Parallel()
	for _, isNested := range []bool{false, true} {
		t.Run(fmt.Sprintf("nested=%t", isNested), func(t *testing.T) {
			t.Parallel()
			dir := containertest.RuntimeDir(t)
			config := container.Config{Isolators: withPorts(t, network.PortsConfig{}), RuntimeDir: dir, WorkDir: t.TempDir()}
			l := containertest.New(t, config)
			goodPort, badPort := freePort(t), freePort(t)
			var specs []container.Spec
			for _, port := range []int{goodPort, badPort} {
				spec := listener(t, fmt.Sprintf(":%d", port), goodPort)
				if isNested {
					spec = containertest.Spec(t, containertest.Shell("exec sleep 1000"))
					spec.Resources = ports(goodPort)
				}
				spec.Outlive = time.Minute
				containertest.Launch(t, l, spec)
				specs = append(specs, spec)
				if isNested {
					inner := nestedListener(spec, "inner", port)
					containertest.Launch(t, l, inner)
					inner.Sandbox = spec.Sandbox + "/containers/inner"
					listens(t, inner)
				} else {
					listens(t, spec)
				}
			}
			if err := l.Detach(); err != nil {
				t.Fatal(err)
			}
			config.Isolators = withPorts(t, network.PortsConfig{Enforce: true})
			l = containertest.New(t, config)
			if err := l.Recover(specs); err != nil {
				t.Fatal(err)
			}
			isLimited(t, l, specs[1].ID, badPort)
			isLeft(t, l, specs[0].ID)
		})
	}
}

func TestBadIsolatedPorts(t *testing.T) {
	// covers: NetworkPortsIsolatorTest.ROOT_IsolatorFlags
	for _, bad := range []string{"[100-65536]", "foo", "100", "", "[2-1]"} {
		if _, err := network.ParseIsolatedPorts(bad); mesos.KindOf(err) != mesos.Invalid ||
			!strings.Contains(err.Error(), "--container_ports_isolated_range") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if ports, err := network.ParseIsolatedPorts("[31000-32000, 1-2]"); err != nil || ports.String() != "[1-2, 31000-32000]" {
		t.Errorf("ports = %v, %v", ports, err)
	}
}
