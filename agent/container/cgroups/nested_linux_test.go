package cgroups_test

import (
	"os"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// nested is a container in another one, with cgroups of its own or without.
func nested(t testing.TB, parent *container.Spec, name, shell string, own bool, cpus, mem float64) container.Spec {
	s := spec(t, shell, cpus, mem)
	s.ID = parent.ID + "." + mesos.ContainerID(name)
	if own {
		s.Container = &mesospb.ContainerInfo{
			Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(false)},
		}
	}
	return s
}

// Nested containers with cgroups of their own have limits within those of what
// they are nested in.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CFS_TaskGroupLimits
func TestNestedContainersWithTheirOwn(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: some, EnableCFS: true})
	parent := spec(t, sleep, 0.3, 96)
	parent.Limits = limits(0.7, 128)
	containertest.Launch(t, l, parent)
	first := nested(t, &parent, "first", sleep, true, 0.1, 32)
	second := nested(t, &parent, "second", sleep, true, 0.1, 32)
	second.Limits = limits(0.5, 64)
	containertest.Launch(t, l, first)
	containertest.Launch(t, l, second)
	for _, want := range []struct {
		id     mesos.ContainerID
		shares uint64
		quota  int
		soft   uint64
		hard   uint64
	}{
		{parent.ID, perCPU(307, 30), 70_000, 96, 128},
		{first.ID, perCPU(102, 10), 10_000, 32, 32},
		{second.ID, perCPU(102, 10), 50_000, 32, 64},
	} {
		soft := uintOf(t, file(t, root, want.id, "memory", "memory.soft_limit_in_bytes", "memory.low"))
		hard := uintOf(t, file(t, root, want.id, "memory", "memory.limit_in_bytes", "memory.max"))
		if got := shares(t, root, want.id); got != want.shares || soft != want.soft<<20 || hard != want.hard<<20 {
			t.Errorf("%s: shares %d, memory %d, %d", want.id, got, soft, hard)
		}
		if got := quota(t, root, want.id); got != want.quota {
			t.Errorf("%s: quota = %d", want.id, got)
		}
	}
	if err := l.Destroy(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dirOf(root, first.ID, "memory")); err == nil {
		t.Error("the first nested container's cgroup is still there")
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Error(err)
	}
}

// A nested container without cgroups of its own is in those of its parent, which
// its memory is taken from.
//
// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_LaunchNestedShareCgroups
func TestNestedContainersThatShare(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: some})
	parent := spec(t, sleep, 1, 64)
	first := containertest.Launch(t, l, parent)
	child := nested(t, &parent, "child", "cat /proc/self/cgroup; "+sleep, false, 1, 32)
	second := containertest.Launch(t, l, child)
	for _, subsystem := range []string{"cpu", "memory", "pids"} {
		if list := procs(t, leafOf(root, parent.ID, subsystem)); !containsPid(list, first) || !containsPid(list, second) {
			t.Errorf("%s: %v has not both %d and %d", subsystem, list, first, second)
		}
	}
	containertest.Until(t, "the nested container wrote", func() bool {
		data, _ := os.ReadFile(parent.Sandbox + "/containers/child/stdout")
		return strings.Contains(string(data), root+"/"+string(parent.ID))
	})
	if err := l.Update(t.Context(), child.ID, resources(1, 64), nil); mesos.KindOf(err) != mesos.Unsupported {
		t.Errorf("update = %v", err)
	}
	hungry := nested(t, &parent, "hungry", hog, false, 1, 32)
	containertest.Launch(t, l, hungry)
	exit := containertest.Wait(t, l, parent.ID)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY || !strings.Contains(exit.Message, "Requested: 64MB") {
		t.Errorf("exit = %+v", exit)
	}
}

// A nested container that goes over its own limit ends alone, and is told why.
func TestNestedMemoryHog(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: some})
	parent := spec(t, sleep, 1, 256)
	containertest.Launch(t, l, parent)
	hungry := nested(t, &parent, "hungry", hog, true, 1, 32)
	containertest.Launch(t, l, hungry)
	exit := containertest.Wait(t, l, hungry.ID)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY || !strings.Contains(exit.Message, "Requested: 32MB") {
		t.Errorf("exit = %+v", exit)
	}
	if _, err := l.Usage(t.Context(), parent.ID); err != nil {
		t.Errorf("the parent: %v", err)
	}
	if err := l.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, parent.ID); exit.Reason == mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY {
		t.Errorf("the parent's exit = %+v", exit)
	}
}

// A task that may use more than it asked for is the first to go when the machine
// has no more memory; others are as they were.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CFS_CommandTaskLimits
func TestOOMScore(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	for _, test := range []struct {
		task   bool
		limits map[string]*mesospb.Value_Scalar
		high   bool
	}{{true, limits(1, 128), true}, {true, nil, false}, {false, limits(1, 128), false}} {
		s := spec(t, "cat /proc/self/oom_score_adj > score; "+sleep, 1, 64)
		s.Task, s.Limits = test.task, test.limits
		s.Command = containertest.Shell("until [ -e go ]; do sleep 0.01; done; cat /proc/self/oom_score_adj")
		containertest.Launch(t, l, s)
		_, touch := inSandbox(t, s)
		touch("go")
		containertest.Wait(t, l, s.ID)
		if score := strings.TrimSpace(containertest.Read(t, s, "stdout")); (score != "0") != test.high || score > "999" {
			t.Errorf("%+v: score = %s", test, score)
		}
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_AutoLoadSubsystems
func TestAllSubsystems(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/all", "cgroups/cpu"}})
	s := spec(t, sleep, 1, 64)
	pid := containertest.Launch(t, l, s)
	for _, subsystem := range []string{"cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "blkio"} {
		if list := procs(t, leafOf(root, s.ID, subsystem)); !containsPid(list, pid) {
			t.Errorf("%s has %v", subsystem, list)
		}
	}
	u := usage(t, l, s.ID)
	if u.MemTotalBytes == nil || u.CpusUserTimeSecs == nil || u.BlkioStatistics == nil {
		t.Errorf("usage = %v", u)
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_NET_CLS_Isolate
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_NET_CLS_ContainerStatus
func TestNetCls(t *testing.T) {
	if v2 {
		_, err := cgroups.New(cgroups.Config{Isolators: []string{"cgroups/net_cls"}})
		if mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "net_cls in cgroups of version 2") {
			t.Errorf("new = %v", err)
		}
		return
	}
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/net_cls"}, NetClsPrimary: 0x12, NetClsSecondary: [2]uint16{0x11, 0x12}})
	classid := func(id mesos.ContainerID) uint32 {
		t.Helper()
		status, err := l.Status(id)
		if err != nil {
			t.Fatal(err)
		}
		if text := file(t, root, id, "net_cls", "net_cls.classid"); uintOf(t, text) != uint64(status.GetCgroupInfo().GetNetCls().GetClassid()) {
			t.Errorf("classid = %s, status %v", text, status)
		}
		return status.GetCgroupInfo().GetNetCls().GetClassid()
	}
	one, two, three := spec(t, sleep, 1, 64), spec(t, sleep, 1, 64), spec(t, sleep, 1, 64)
	containertest.Launch(t, l, one)
	containertest.Launch(t, l, two)
	if a, b := classid(one.ID), classid(two.ID); a != 0x120011 || b != 0x120012 {
		t.Errorf("classids are %#x, %#x", a, b)
	}
	if _, err := l.Launch(t.Context(), three); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch with no handle left = %v", err)
	}
	if err := l.Destroy(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	three.ID += "again"
	containertest.Launch(t, l, three)
	if got := classid(three.ID); got != 0x120011 {
		t.Errorf("classid = %#x", got)
	}
}

// covers: MemoryIsolatorTest.ROOT_MemUsage
// covers: CgroupsAnyHierarchyWithCpuAcctMemoryTest.ROOT_CGROUPS_Stat
// covers: Cgroups2Test.ROOT_CGROUPS2_MemoryStats
// covers: Cgroups2Test.ROOT_CGROUPS2_MemoryUsage
func TestMemoryUsage(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	// Of 16 MB in a variable and about 4 MB of files.
	s := spec(t, `x=0123456789012345; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do x=$x$x; done; dd if=/dev/zero of=file bs=64k count=64; echo > done; while :; do sleep 1000; done`, 1, 256)
	containertest.Launch(t, l, s)
	wait, _ := inSandbox(t, s)
	wait("done")
	u := usage(t, l, s.ID)
	if u.GetMemTotalBytes() < 20<<20 || u.GetMemRssBytes() < 16<<20 || u.GetMemAnonBytes() != u.GetMemRssBytes() || u.GetMemCacheBytes() < 4<<20 ||
		u.GetMemFileBytes() != u.GetMemCacheBytes() || u.MemMappedFileBytes == nil || u.MemUnevictableBytes == nil || u.MemKmemUsageBytes == nil ||
		u.GetMemLimitBytes() != 256<<20 {
		t.Errorf("usage = %v", u)
	}
}

// covers: MemoryPressureMesosTest.ROOT_CGROUPS_Statistics
// covers: CgroupsAnyHierarchyMemoryPressureTest.ROOT_IncreasePageCache
func TestMemoryPressure(t *testing.T) {
	if v2 {
		t.Skip("there are no counters of memory pressure in version 2")
	}
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	s := spec(t, "until [ -e stop ]; do dd if=/dev/zero of=file bs=1M count=48; done; echo > done; "+sleep, 1, 32)
	containertest.Launch(t, l, s)
	last := &mesospb.ResourceStatistics{}
	look := func() *mesospb.ResourceStatistics {
		t.Helper()
		u := usage(t, l, s.ID)
		if u.MemCriticalPressureCounter == nil || u.GetMemLowPressureCounter() < u.GetMemMediumPressureCounter() ||
			u.GetMemMediumPressureCounter() < u.GetMemCriticalPressureCounter() || u.GetMemLowPressureCounter() < last.GetMemLowPressureCounter() ||
			u.GetMemMediumPressureCounter() < last.GetMemMediumPressureCounter() || u.GetMemCriticalPressureCounter() < last.GetMemCriticalPressureCounter() {
			t.Fatalf("usage = %v, then %v", last, u)
		}
		last = u
		return u
	}
	containertest.Until(t, "there was pressure", func() bool { return look().GetMemLowPressureCounter() > 0 })
	wait, touch := inSandbox(t, s)
	touch("stop")
	wait("done")
	low := look().GetMemLowPressureCounter()
	if again := look().GetMemLowPressureCounter(); again != low {
		t.Errorf("of a container that waits low pressure was counted %d times, then %d", low, again)
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_LimitSwap
func TestLimitSwap(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}, LimitSwap: true})
	s := spec(t, sleep, 1, 64)
	containertest.Launch(t, l, s)
	limit := func() string {
		return file(t, root, s.ID, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
	}
	want := func(v1 string) string {
		if v2 {
			return "0"
		}
		return v1
	}
	if got := limit(); got != want("67108864") {
		t.Errorf("limit = %s", got)
	}
	if err := l.Update(t.Context(), s.ID, resources(1, 128), nil); err != nil {
		t.Fatal(err)
	}
	if got := limit(); got != want("134217728") {
		t.Errorf("limit = %s", got)
	}
	if u := usage(t, l, s.ID); !v2 && u.MemTotalMemswBytes == nil {
		t.Errorf("usage = %v", u)
	}
}
