package cgroups_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
)

// cgroups/cpuset needs no other: containers, nested ones too, run on the processors
// that whoever runs the agent gave to all of them, and are ended as any others.
func TestProcessorsOfContainers(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/cpuset"}})
	all := filepath.Join(hierarchy, "cpuset", root)
	if v2 {
		all = filepath.Join(hierarchy, root)
	}
	const look = "grep Cpus_allowed_list /proc/self/status; "
	before := spec(t, look+"echo > done; "+containertest.Daemon+"; sleep 1000", 1, 32)
	containertest.Launch(t, l, before)
	wait, _ := inSandbox(t, before)
	wait("done")
	containertest.Pids(t, before, 1)
	mine := processors(t, statusOf(t, os.Getpid()))
	if got := processors(t, containertest.Read(t, before, "stdout")); got != mine {
		t.Errorf("a container runs on processors %q, this process on %q", got, mine)
	}
	first := mine[:strings.IndexAny(mine+",", ",-")]
	if err := l.Destroy(t.Context(), before.ID); err != nil {
		t.Fatal(err)
	}
	containertest.Wait(t, l, before.ID)
	if err := os.WriteFile(filepath.Join(all, "cpuset.cpus"), []byte(first), 0o644); err != nil {
		t.Fatal(err)
	}
	outer := spec(t, look+"echo > done; sleep 1000", 1, 32)
	containertest.Launch(t, l, outer)
	wait, _ = inSandbox(t, outer)
	wait("done")
	if got := processors(t, containertest.Read(t, outer, "stdout")); got != first {
		t.Errorf("a container runs on processors %q, want %q", got, first)
	}
	inner := nested(t, &outer, "inner", look, true, 1, 32)
	inner.Sandbox = filepath.Join(outer.Sandbox, "containers", "inner")
	if exit, stdout, stderr := containertest.Run(t, l, inner); exit.Status.ExitStatus() != 0 || processors(t, stdout) != first {
		t.Errorf("a nested one: %+v, stdout %q, stderr %q", exit, stdout, stderr)
	}
}

// processors are those that a process may run on, of its /proc/PID/status.
func processors(t testing.TB, status string) string { return fieldOf(t, status, "Cpus_allowed_list") }

// statusOf is /proc/PID/status, and fieldOf what that says of something.
func statusOf(t testing.TB, pid int) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func fieldOf(t testing.TB, status, name string) string {
	t.Helper()
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("no %s in %q", name, status)
	return ""
}

// cgroups/hugetlb needs no other: a container's huge pages are counted, and limited
// by whoever writes a limit into its cgroup, which goes with it.
func TestHugePagesOfContainers(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/hugetlb"}})
	s := spec(t, "sleep 1000", 1, 32)
	pid := containertest.Launch(t, l, s)
	dir := dirOf(root, s.ID, "hugetlb")
	limits, err := filepath.Glob(dir + "/hugetlb.*MB.max")
	if !v2 {
		limits, err = filepath.Glob(dir + "/hugetlb.*MB.limit_in_bytes")
	}
	if err != nil || limits == nil {
		t.Fatalf("huge pages have no limits in %s: %v", dir, err)
	}
	if err := os.WriteFile(limits[0], []byte("0"), 0o644); err != nil {
		t.Error(err)
	}
	procs, err := os.ReadFile(filepath.Join(leafOf(root, s.ID, "hugetlb"), "cgroup.procs"))
	if !slices.Contains(strings.Fields(string(procs)), strconv.Itoa(pid)) {
		t.Errorf("the cgroup has processes %q, %v; the container's is %d", procs, err, pid)
	}
}
