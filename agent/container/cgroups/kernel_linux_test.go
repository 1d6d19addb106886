package cgroups_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// hierarchy is where this machine has its cgroups.
const hierarchy = "/sys/fs/cgroup"

var v2 = func() bool {
	var st unix.Statfs_t
	return unix.Statfs(hierarchy, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}()

// TestMain unmounts the hierarchies that tests had mounted.
func TestMain(m *testing.M) {
	before := trees()
	status := m.Run()
	for _, dir := range trees() {
		if !slices.Contains(before, dir) {
			_ = unix.Unmount(dir, 0)
			_ = os.Remove(dir)
		}
	}
	os.Exit(status)
}

var serial atomic.Int64

// isolator makes an isolator whose containers are in a cgroup of its own, in which
// nothing may be left when the test ends.
func isolator(t testing.TB, config cgroups.Config) *cgroups.Isolator {
	t.Helper()
	if config.Root == "" {
		config.Root = root(t)
	}
	config.Owner = "/work/" + t.Name()
	i, err := cgroups.New(config)
	if mesos.KindOf(err) == mesos.Unsupported || os.Geteuid() != 0 {
		t.Skipf("this machine can't: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// root is a name for the cgroup of a test's containers.
func root(t testing.TB) string {
	name := fmt.Sprintf("mesosctl-test-%d-%d", os.Getpid(), serial.Add(1))
	t.Cleanup(func() {
		for _, dir := range trees() {
			if left := below(filepath.Join(dir, name)); left != nil {
				t.Errorf("left behind: %v", left)
			}
			_ = os.Remove(filepath.Join(dir, name))
		}
	})
	return name
}

// trees are the hierarchies of this machine.
func trees() []string {
	if v2 {
		return []string{hierarchy}
	}
	entries, err := os.ReadDir(hierarchy)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, entry := range entries {
		dirs = append(dirs, filepath.Join(hierarchy, entry.Name()))
	}
	return dirs
}

// below are the cgroups below one.
func below(dir string) (list []string) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.IsDir() {
			list = append(list, filepath.Join(dir, entry.Name()))
		}
	}
	return list
}

// local is a containerizer with an isolator of these cgroups.
func local(t testing.TB, config cgroups.Config) (*container.Local, string) {
	t.Helper()
	if config.Root == "" {
		config.Root = root(t)
	}
	i := isolator(t, config)
	return containertest.New(t, container.Config{Isolators: []container.Isolator{i}}), config.Root
}

// file reads a control file of a container; the first of the names that is there.
func file(t testing.TB, root string, id mesos.ContainerID, subsystem string, names ...string) string {
	t.Helper()
	dir := dirOf(root, id, subsystem)
	for _, name := range names {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return strings.TrimSpace(string(data))
		}
	}
	t.Fatalf("%s has none of %v", dir, names)
	return ""
}

func dirOf(root string, id mesos.ContainerID, subsystem string) string {
	if v2 {
		subsystem = ""
	}
	return filepath.Join(hierarchy, subsystem, root, strings.ReplaceAll(string(id), ".", "/mesos/"))
}

// leafOf is where the processes of a container are.
func leafOf(root string, id mesos.ContainerID, subsystem string) string {
	if v2 {
		return filepath.Join(dirOf(root, id, subsystem), "leaf")
	}
	return dirOf(root, id, subsystem)
}

func resources(cpus, mem float64) []*mesospb.Resource {
	scalar := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &value}}
	}
	return []*mesospb.Resource{scalar("cpus", cpus), scalar("mem", mem)}
}

func limits(cpus, mem float64) map[string]*mesospb.Value_Scalar {
	return map[string]*mesospb.Value_Scalar{"cpus": {Value: &cpus}, "mem": {Value: &mem}}
}

func spec(t testing.TB, shell string, cpus, mem float64) container.Spec {
	s := containertest.Spec(t, containertest.Shell(shell))
	s.Resources = resources(cpus, mem)
	s.Environment = []string{"PATH=/bin:/usr/bin:/sbin:/usr/sbin"}
	return s
}

var inf = math.Inf(1)

func uintOf(t testing.TB, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// inSandbox waits for a file in a container's sandbox, and makes one.
func inSandbox(t testing.TB, s container.Spec) (wait, touch func(name string)) {
	return func(name string) {
			t.Helper()
			containertest.Until(t, name+" is in the sandbox", func() bool {
				_, err := os.Stat(filepath.Join(s.Sandbox, name))
				return err == nil
			})
		}, func(name string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(s.Sandbox, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
}
