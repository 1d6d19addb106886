package cgroups_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

// enterVariable has this program be an agent in its own cgroups, below the cgroup
// that it names, until it is told to end.
const enterVariable = "MESOSCTL_TEST_ENTER"

// --agent_subsystems: an agent is in a cgroup of its own, beside those of its
// containers, which come, go and are swept up without it.
func TestAgentsOwnCgroup(t *testing.T) {
	t.Parallel()
	subsystems := []string{"memory", "cpuset", "cpuacct"}
	if base := os.Getenv(enterVariable); base != "" {
		if err := cgroups.Enter(cgroups.Config{Root: base}, subsystems); err != nil {
			t.Fatal(err)
		}
		fmt.Println("entered")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	base := root(t)
	i := isolator(t, cgroups.Config{Root: base, Isolators: some})
	agent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	agent.Env = append(os.Environ(), enterVariable+"="+base)
	stdin, err := agent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := agent.Wait(); err != nil {
			t.Errorf("the agent: %v", err)
		}
		for _, subsystem := range subsystems {
			_ = os.Remove(ofAgent(base, subsystem))
		}
		_ = os.Remove(filepath.Dir(ofAgent(base, ""))) // in version 2
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "entered\n" {
		t.Fatalf("the agent says %q, %v", line, err)
	}
	isThere := func(when string) {
		t.Helper()
		for _, subsystem := range subsystems {
			procs, err := os.ReadFile(filepath.Join(ofAgent(base, subsystem), "cgroup.procs"))
			if !slices.Contains(strings.Fields(string(procs)), strconv.Itoa(agent.Process.Pid)) {
				t.Errorf("%s: %s has processes %q, %v; the agent is %d", when, subsystem, procs, err, agent.Process.Pid)
			}
		}
	}
	isThere("it entered")
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{i}})
	s := spec(t, "exit 3", 1, 32)
	if exit, _, stderr := containertest.Run(t, l, s); exit.Status.ExitStatus() != 3 {
		t.Errorf("a container beside it: %+v, %s", exit, stderr)
	}
	if err := i.Sweep(t.Context(), func(mesos.ContainerID) bool { return false }); err != nil {
		t.Error(err)
	}
	isThere("containers were swept up")
}

// ofAgent is the cgroup of an agent itself.
func ofAgent(base, subsystem string) string {
	if v2 {
		return filepath.Join(hierarchy, base, "agent/leaf")
	}
	return filepath.Join(hierarchy, subsystem, base, "slave")
}

// An agent does not begin in cgroups that there are not.
func TestAgentsUnknownCgroups(t *testing.T) {
	base := root(t)
	if err := cgroups.Enter(cgroups.Config{Root: base}, nil); err != nil {
		t.Errorf("in none: %v", err)
	}
	err := cgroups.Enter(cgroups.Config{Root: base}, []string{"nonsense"})
	if err == nil || !strings.Contains(err.Error(), "agent_subsystems") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("in one that is not there: %v", err)
	}
}
