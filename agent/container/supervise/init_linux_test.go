package supervise_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// asks is an isolator that asks of every process what a test asks.
type asks struct {
	container.Passive
	fill func(*supervise.Process)
}

func (a asks) Nests() bool { return true }

func (a asks) Prepare(_ context.Context, plan *container.Plan) error {
	a.fill(&plan.Process)
	return nil
}

// asking makes a containerizer whose processes are as fill makes them.
func asking(t testing.TB, fill func(*supervise.Process)) *container.Local {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("takes root")
	}
	return containertest.New(t, container.Config{Isolators: []container.Isolator{asks{container.Passive{Named: "test"}, fill}}})
}

const (
	newNS, newUTS, newIPC = syscall.CLONE_NEWNS, syscall.CLONE_NEWUTS, syscall.CLONE_NEWIPC
	newPID, newNet        = syscall.CLONE_NEWPID, syscall.CLONE_NEWNET
)

// hostRoot shows the host's programs in a new root file system.
func hostRoot(t testing.TB, p *supervise.Process, root string) {
	t.Helper()
	p.Root, p.Namespaces = root, p.Namespaces|newNS
	for _, name := range []string{"bin", "lib", "lib64", "usr"} {
		if _, err := os.Stat("/" + name); err == nil {
			p.Mounts = append(p.Mounts, supervise.Mount{
				Source: "/" + name, Target: filepath.Join(root, name), Make: true, Flags: syscall.MS_BIND | syscall.MS_REC | syscall.MS_RDONLY,
			})
		}
	}
	p.Mounts = append(p.Mounts,
		supervise.Mount{Source: "proc", Target: filepath.Join(root, "proc"), Make: true, Type: "proc"},
		supervise.Mount{Source: "tmpfs", Target: filepath.Join(root, "dev"), Make: true, Type: "tmpfs", Data: "mode=755"},
		supervise.Mount{Target: filepath.Join(root, "dev/null"), Mode: syscall.S_IFCHR | 0o666, Device: 1<<8 | 3},
		supervise.Mount{Source: "/proc/self/fd", Target: filepath.Join(root, "dev/fd"), Link: true},
	)
	p.Dir = "/"
}

// A pid namespace has an init that reaps, ends as the command does, and takes
// everything with it.
func TestPidNamespace(t *testing.T) {
	l := asking(t, func(p *supervise.Process) { p.Namespaces = newPID })
	for command, want := range map[string]syscall.WaitStatus{
		"exit 3":                                 3 << 8,
		"kill -9 $$":                             9,
		"kill -TERM $$":                          15,
		"echo $$; (setsid sleep 1000 &); exit 0": 0,
	} {
		exit, stdout, _ := containertest.Run(t, l, containertest.Spec(t, containertest.Shell(command)))
		if exit.Status != want || !exit.Known {
			t.Errorf("%s: exit = %+v, want %v", command, exit, want)
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(stdout)); stdout != "" && (err != nil || pid > 20) {
			t.Errorf("%s: pid = %q, want one of a new namespace", command, stdout)
		}
	}
}

func TestSignalsReachTheCommandOfAPidNamespace(t *testing.T) {
	l := asking(t, func(p *supervise.Process) { p.Namespaces = newPID })
	spec := containertest.Spec(t, containertest.Shell("trap 'echo got it; exit 7' TERM; echo ready >> pids; while :; do sleep 0.01; done"))
	containertest.Launch(t, l, spec)
	containertest.Until(t, "it is ready", func() bool {
		_, err := os.Stat(filepath.Join(spec.Sandbox, "pids"))
		return err == nil
	})
	if err := l.Signal(spec.ID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit := containertest.Wait(t, l, spec.ID)
	if stdout := containertest.Read(t, spec, "stdout"); exit.Status.ExitStatus() != 7 || stdout != "got it\n" {
		t.Errorf("exit = %+v, stdout = %q", exit, stdout)
	}
}

// A root file system is all there is to see, and nothing of the host can be written.
func TestRootFilesystem(t *testing.T) {
	var root string
	l := asking(t, func(p *supervise.Process) {
		hostRoot(t, p, root)
		p.Namespaces |= newPID | newUTS | newIPC | newNet
		p.Hostname = "inside"
	})
	root = t.TempDir()
	spec := containertest.Spec(t, containertest.Shell(`pwd; ls -d /*; hostname; echo /proc/[0-9]*; cat /proc/1/cmdline | tr '\0' '\n'
touch /bin/x 2>&1; echo x > /dev/null; ls -l /dev/fd; wc -l < /proc/mounts; cat /proc/net/dev | grep -c :; readlink /proc/1/exe`))
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if exit.Status != 0 || stderr != "" {
		t.Errorf("exit = %+v, stderr = %q", exit, stderr)
	}
	for _, want := range []string{"/\n/bin\n/dev\n", "inside\n", "inside\n/proc/1 /proc/", "mesosctl init\n", "Read-only file system"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q", want)
		}
	}
	if left, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(left), root) {
		t.Errorf("mounts are left behind (%v)", err)
	}
}

// What fails is told by step and object.
func TestInitTellsWhatFailed(t *testing.T) {
	for want, fill := range map[string]func(*supervise.Process){
		"enter the cgroup /no/such: no such file": func(p *supervise.Process) { p.Cgroups = []string{"/no/such"} },
		"enter the namespace /no/such: no such":   func(p *supervise.Process) { p.Join = []supervise.Namespace{{Path: "/no/such", Kind: newNS}} },
		"mount /no/such": func(p *supervise.Process) {
			p.Namespaces = newNS
			p.Mounts = []supervise.Mount{{Source: "tmpfs", Type: "tmpfs", Target: "/no/such"}}
		},
		"mount without a mount namespace": func(p *supervise.Process) { p.Mounts = []supervise.Mount{{Target: "/tmp"}} },
		"run /no/such: no such file":      func(p *supervise.Process) { p.Namespaces, p.Path = newPID, "/no/such" },
		"set the filter of system calls":  func(p *supervise.Process) { p.Namespaces, p.Seccomp = newPID, make([]byte, 8) },
		"set resource limit nofile": func(p *supervise.Process) {
			p.Namespaces, p.Rlimits = newPID, []supervise.Rlimit{{Resource: 7, Soft: 1 << 62, Hard: 1 << 62}}
		},
		"change directory to /no/such": func(p *supervise.Process) { p.Namespaces, p.Dir = newPID, "/no/such" },
	} {
		l := asking(t, fill)
		_, err := l.Launch(t.Context(), containertest.Spec(t, containertest.Shell("true")))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("launch = %v, want %q", err, want)
		}
	}
}

// A process that joins the pid namespace of another is there, and no init is left.
func TestJoinNamespaces(t *testing.T) {
	joins := 0
	l := asking(t, func(p *supervise.Process) {
		p.Namespaces = newPID | newNS | newIPC
		p.Mounts = []supervise.Mount{{Source: "proc", Target: "/proc", Type: "proc"}}
		if joins != 0 {
			p.Namespaces = 0
			p.Mounts = nil
			for name, kind := range map[string]uint64{"pid": newPID, "mnt": newNS, "ipc": newIPC} {
				p.Join = append(p.Join, supervise.Namespace{Path: fmt.Sprintf("/proc/%d/ns/%s", joins, name), Kind: kind})
			}
		}
	})
	parent := containertest.Spec(t, containertest.Shell("sleep 1000"))
	pid := containertest.Launch(t, l, parent)
	joins = pid
	spec := containertest.Spec(t, containertest.Shell("echo /proc/[0-9]*; (setsid sleep 1000 &); exit 5"))
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if exit.Status.ExitStatus() != 5 || len(strings.Fields(stdout)) > 4 {
		t.Errorf("exit = %+v, stdout = %q, stderr = %q", exit, stdout, stderr)
	}
	for range 20 {
		again := containertest.Spec(t, containertest.Argv("/bin/true"))
		if exit, _, _ := containertest.Run(t, l, again); exit.Status != 0 || !exit.Known {
			t.Errorf("exit = %+v", exit)
		}
	}
}

// A process that hides from every other way of telling whose it is, is found
// where there is a cgroup.
func TestProcessesAreFoundByTheirCgroup(t *testing.T) {
	const hierarchy = "/sys/fs/cgroup/pids"
	var dir string
	l := asking(t, func(p *supervise.Process) { p.Cgroups = []string{dir} })
	if _, err := os.Stat(hierarchy + "/cgroup.procs"); err != nil {
		t.Skip("this machine has no hierarchy of pids")
	}
	dir = filepath.Join(hierarchy, fmt.Sprintf("mesosctl-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(dir)
	other := containertest.New(t, container.Config{}) // so that nobody is the only one
	containertest.Launch(t, other, containertest.Spec(t, containertest.Shell("sleep 1000")))
	spec := containertest.Spec(t, containertest.Shell(`env -i setsid sh -c 'echo $$ >> pids; (exec setsid env -i sleep 1000) & echo $! >> pids' & wait; sleep 1000`))
	containertest.Launch(t, l, spec)
	pids := containertest.Pids(t, spec, 2)
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d is left", pid)
		}
	}
}

// Nobody can change the program that stays in a container as its init.
//
// covers: MemfdTest.CloneSealedFile
func TestInitCantBeChanged(t *testing.T) {
	l := asking(t, func(p *supervise.Process) {
		p.Namespaces = newPID | newNS
		p.Mounts = []supervise.Mount{{Source: "proc", Target: "/proc", Type: "proc"}}
	})
	spec := containertest.Spec(t, containertest.Shell("readlink /proc/1/exe; echo x >> /proc/1/exe; echo x > /proc/1/exe; truncate -s 0 /proc/1/exe"))
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if exit.Status == 0 || !strings.Contains(stdout, "memfd:") || strings.Count(stderr, "\n") != 3 {
		t.Errorf("exit = %+v, stdout = %q, stderr = %q", exit, stdout, stderr)
	}
}

// covers: NsTest.ROOT_clone
// covers: NsTest.ROOT_setns
// covers: NsTest.ROOT_setnsMultipleThreads
func TestEveryNamespaceOfAnotherCanBeJoined(t *testing.T) {
	kinds := map[string]uint64{"pid": newPID, "mnt": newNS, "ipc": newIPC, "uts": newUTS, "net": newNet, "cgroup": 0x02000000}
	parent := 0
	l := asking(t, func(p *supervise.Process) {
		for name, kind := range kinds {
			if parent == 0 {
				p.Namespaces |= kind
			} else {
				p.Join = append(p.Join, supervise.Namespace{Path: fmt.Sprintf("/proc/%d/ns/%s", parent, name), Kind: kind})
			}
		}
	})
	first := containertest.Spec(t, containertest.Shell("sleep 1000"))
	parent = containertest.Launch(t, l, first)
	// It is from a process of several threads that the namespaces are entered.
	second := containertest.Spec(t, containertest.Shell("sleep 1000"))
	child := containertest.Launch(t, l, second)
	for name := range kinds {
		own, _ := os.Readlink("/proc/self/ns/" + name)
		parents, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", parent, name))
		childs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", child, name))
		if own == "" || own == parents || parents != childs {
			t.Errorf("%s: own %s, parent's %s, child's %s", name, own, parents, childs)
		}
	}
	// The end of the first process of the pid namespace is everybody's.
	if err := l.Destroy(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, second.ID); exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("exit = %+v", exit)
	}
}

// covers: NsTest.ROOT_NamespaceRunner
func TestNamespaceOfAnotherKind(t *testing.T) {
	l := asking(t, func(p *supervise.Process) {
		p.Join = []supervise.Namespace{{Path: "/proc/self/ns/net", Kind: newNS}}
	})
	_, err := l.Launch(t.Context(), containertest.Spec(t, containertest.Shell("true")))
	if err == nil || !strings.Contains(err.Error(), "enter the mnt namespace /proc/self/ns/net: invalid argument") {
		t.Errorf("launch = %v", err)
	}
}
