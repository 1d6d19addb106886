// Package containertest helps to test isolators with containers that run for real.
package containertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// SlowMachine is an environment variable that is set on a machine which is emulated.
const SlowMachine = "MESOSCTL_TEST_SLOW_MACHINE"

// Limit is how long anything in these tests may take before it counts as hung.
var Limit = func() time.Duration {
	if os.Getenv(SlowMachine) != "" {
		return 2 * time.Minute
	}
	return 30 * time.Second
}()

// New makes a containerizer that ends with the test. What the config leaves out
// is filled in.
func New(t testing.TB, config container.Config) *container.Local {
	t.Helper()
	if config.AgentIP == "" {
		config.AgentIP = "192.0.2.7"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	t.TempDir() // made before, it is removed after the containers have ended
	l, err := container.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close() // a test may have left its containers to another
	})
	return l
}

// Shell is a command for a shell.
func Shell(command string) *mesospb.CommandInfo {
	return &mesospb.CommandInfo{Value: &command}
}

// Argv is a command that is run as it is.
func Argv(path string, args ...string) *mesospb.CommandInfo {
	return &mesospb.CommandInfo{Shell: new(false), Value: &path, Arguments: args}
}

var serial atomic.Int64

// Spec is a container with a name and a sandbox of its own.
func Spec(t testing.TB, command *mesospb.CommandInfo) container.Spec {
	dir := t.TempDir()
	Reachable(dir)
	return container.Spec{
		ID:      mesos.ContainerID(fmt.Sprintf("c%d-%d", os.Getpid(), serial.Add(1))),
		Sandbox: filepath.Join(dir, "sandbox"),
		Command: command,
	}
}

// Reachable lets other users walk to a temporary directory.
func Reachable(dir string) {
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // it may be another's
	}
}

// Volume is a persistent volume of role web, to be shown under a name.
func Volume(id, path string) []*mesospb.Resource {
	return []*mesospb.Resource{{
		Name: new("disk"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: new(64.0)},
		Reservations: []*mesospb.Resource_ReservationInfo{{
			Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("web"),
		}},
		Disk: &mesospb.Resource_DiskInfo{
			Persistence: &mesospb.Resource_DiskInfo_Persistence{Id: &id},
			Volume:      &mesospb.Volume{ContainerPath: &path, Mode: mesospb.Volume_RW.Enum()},
		},
	}}
}

// Launch launches a container, which must succeed.
func Launch(t testing.TB, l *container.Local, spec container.Spec) int {
	t.Helper()
	pid, err := l.Launch(t.Context(), spec)
	if err != nil {
		t.Fatalf("launch: %v", err)
	}
	return pid
}

// Wait waits for a container's end.
func Wait(t testing.TB, l *container.Local, id mesos.ContainerID) container.Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	exit, err := l.Wait(ctx, id)
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return exit
}

// Run runs a command to its end and returns how it ended and what it wrote.
func Run(t testing.TB, l *container.Local, spec container.Spec) (exit container.Exit, stdout, stderr string) {
	t.Helper()
	Launch(t, l, spec)
	exit = Wait(t, l, spec.ID)
	return exit, Read(t, spec, "stdout"), Read(t, spec, "stderr")
}

// Read reads a file of a container's sandbox.
func Read(t testing.TB, spec container.Spec, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(spec.Sandbox, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Daemon is shell code for a process that leaves its parent, session and group,
// and writes its pid to the sandbox's file pids.
const Daemon = "(setsid sh -c 'echo $$ >> pids; exec sleep 1000' &)"

// Pids waits for n pids in the sandbox's file pids.
func Pids(t testing.TB, spec container.Spec, n int) (pids []int) {
	t.Helper()
	Until(t, fmt.Sprintf("%d pids are written", n), func() bool {
		data, _ := os.ReadFile(filepath.Join(spec.Sandbox, "pids"))
		pids = pids[:0]
		for _, field := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
		return len(pids) == n && strings.HasSuffix(string(data), "\n")
	})
	return pids
}

// RuntimeDir is a directory whose name is too long for a socket's address.
func RuntimeDir(t testing.TB) string {
	return filepath.Join(t.TempDir(), strings.Repeat("long", 30))
}

// Until polls for something that another process does.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Limit); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", Limit, what)
		}
		time.Sleep(time.Millisecond)
	}
}
