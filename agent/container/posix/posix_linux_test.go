package posix_test

import (
	"fmt"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/posix"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"google.golang.org/protobuf/proto"
)

func withRlimits(spec container.Spec, limits ...*mesospb.RLimitInfo_RLimit) container.Spec {
	spec.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(), RlimitInfo: &mesospb.RLimitInfo{Rlimits: limits},
	}
	return spec
}

func rlimit(kind mesospb.RLimitInfo_RLimit_Type, soft, hard uint64) *mesospb.RLimitInfo_RLimit {
	return &mesospb.RLimitInfo_RLimit{Type: &kind, Soft: &soft, Hard: &hard}
}

// covers: PosixRLimitsIsolatorTest.BothSoftAndHardLimitSet
func TestRlimits(t *testing.T) {
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.Rlimits()}})
	spec := withRlimits(containertest.Spec(t, containertest.Shell("ulimit -Sn; ulimit -Hn; ulimit -Sv; ulimit -Hf; pwd; echo $0")),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 100, 200),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_AS, 64<<20, 128<<20),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_FSIZE, 512, 1024))
	_, stdout, stderr := containertest.Run(t, l, spec)
	if want := "100\n200\n65536\n2\n" + spec.Sandbox + "\nsh\n"; stdout != want {
		t.Errorf("stdout = %q, want %q (stderr %q)", stdout, want, stderr)
	}
}

// covers: PosixRLimitsIsolatorTest.UnsetLimits
func TestRlimitWithoutValuesIsUnlimited(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("raising limits may take root")
	}
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.Rlimits()}})
	limit := &mesospb.RLimitInfo_RLimit{Type: mesospb.RLimitInfo_RLimit_RLMT_CORE.Enum()}
	if _, stdout, _ := containertest.Run(t, l, withRlimits(containertest.Spec(t, containertest.Shell("ulimit -Sc; ulimit -Hc")), limit)); stdout != "unlimited\nunlimited\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

// covers: PosixRLimitsIsolatorTest.TaskExceedingLimit
func TestTaskExceedingItsRlimit(t *testing.T) {
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.Rlimits()}})
	spec := withRlimits(containertest.Spec(t, containertest.Shell("while :; do :; done")), rlimit(mesospb.RLimitInfo_RLimit_RLMT_CPU, 1, 1))
	if exit, _, _ := containertest.Run(t, l, spec); exit.Status.Signal() != syscall.SIGKILL && exit.Status.Signal() != syscall.SIGXCPU {
		t.Errorf("exit = %+v, want it killed", exit)
	}
}

// covers: PosixRLimitsIsolatorTest.NestedContainers
func TestRlimitsOfNestedContainers(t *testing.T) {
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.Rlimits()}})
	parent := withRlimits(containertest.Spec(t, containertest.Shell("ulimit -n; echo $$ >> pids; sleep 1000")), rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 100, 200))
	containertest.Launch(t, l, parent)
	containertest.Pids(t, parent, 1)
	if stdout := containertest.Read(t, parent, "stdout"); stdout != "100\n" {
		t.Errorf("parent: %q", stdout)
	}
	for name, limit := range map[string]uint64{"a": 50, "b": 150} {
		child := withRlimits(containertest.Spec(t, containertest.Shell("ulimit -n")), rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, limit, limit))
		child.ID = parent.ID + "." + mesos.ContainerID(name)
		child.Sandbox = filepath.Join(parent.Sandbox, "containers", name)
		if _, stdout, _ := containertest.Run(t, l, child); stdout != fmt.Sprintln(limit) {
			t.Errorf("nested %s: %q, want %d", name, stdout, limit)
		}
	}
}

// The way through an init process reports errors as the direct one does.
func TestRlimitsAndAFailedLaunch(t *testing.T) {
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.Rlimits()}})
	limit := rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 100, 200)
	_, err := l.Launch(t.Context(), withRlimits(containertest.Spec(t, containertest.Argv("/no/such/program")), limit))
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "run /no/such/program: no such file") {
		t.Errorf("launch = %v", err)
	}
	impossible := rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 1<<62, 1<<62)
	if _, err = l.Launch(t.Context(), withRlimits(containertest.Spec(t, containertest.Shell("true")), impossible)); err == nil ||
		!strings.Contains(err.Error(), "limit") {
		t.Errorf("launch = %v, want it to name the limit", err)
	}
	if user, lookupErr := user.Lookup("nobody"); lookupErr == nil && os.Geteuid() == 0 {
		spec := withRlimits(containertest.Spec(t, containertest.Shell("id -u; ulimit -n")), limit)
		spec.User = "nobody"
		if _, stdout, _ := containertest.Run(t, l, spec); stdout != user.Uid+"\n100\n" {
			t.Errorf("stdout = %q", stdout)
		}
	}
}

func TestUsage(t *testing.T) {
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.CPU(), posix.Mem()}, Now: func() time.Time { return time.Unix(1000, 0) }})
	// It needs memory, and more and more processor time.
	spec := containertest.Spec(t, containertest.Shell("x=0123456789012345; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do x=$x$x; done; "+
		containertest.Daemon+`; echo $$ >> pids; while :; do :; done`))
	mb := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Scalar: &mesospb.Value_Scalar{Value: &value}}
	}
	spec.Resources = []*mesospb.Resource{mb("cpus", 0.5), mb("cpus", 1), mb("mem", 32)}
	containertest.Launch(t, l, spec)
	containertest.Pids(t, spec, 2)
	var usage *mesospb.ResourceStatistics
	containertest.Until(t, "it used processor time", func() (done bool) {
		var err error
		if usage, err = l.Usage(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		return usage.GetCpusUserTimeSecs()+usage.GetCpusSystemTimeSecs() > 0
	})
	if usage.GetTimestamp() != 1000 || usage.GetProcesses() != 2 || usage.GetThreads() != 2 || usage.GetMemRssBytes() < 4<<20 ||
		usage.GetCpusSoftLimit() != 1.5 || usage.CpusLimit != nil ||
		usage.GetMemSoftLimitBytes() != 32<<20 || usage.GetMemLimitBytes() != 32<<20 {
		t.Errorf("usage = %v", usage)
	}
	err := l.Update(t.Context(), spec.ID, []*mesospb.Resource{mb("cpus", 1), mb("mem", 64)},
		map[string]*mesospb.Value_Scalar{"cpus": {Value: proto.Float64(2)}, "mem": {Value: proto.Float64(math.Inf(1))}})
	if err != nil {
		t.Fatal(err)
	}
	if usage, err = l.Usage(t.Context(), spec.ID); err != nil || usage.GetCpusLimit() != 2 ||
		usage.GetMemSoftLimitBytes() != 64<<20 || usage.MemLimitBytes != nil {
		t.Errorf("usage after update = %v, %v", usage, err)
	}
}

// A container that nobody's executor is, nor a task, is a container as any other.
func TestStandaloneContainer(t *testing.T) {
	// covers: MesosContainerizerTest.StandaloneLaunch
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{posix.CPU(), posix.Mem()}})
	if err := l.Recover(nil); err != nil {
		t.Fatal(err)
	}
	spec := containertest.Spec(t, containertest.Shell("exit 42"))
	scalar := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &value}}
	}
	spec.Resources = []*mesospb.Resource{scalar("cpus", 1), scalar("mem", 64)}
	exit, _, _ := containertest.Run(t, l, spec)
	if !exit.Known || exit.Status.ExitStatus() != 42 {
		t.Errorf("exit = %+v", exit)
	}
}
