package cgroups_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// shares is what a container has in proportion to others: per cpu 1024 of
// version 1, or 100 of version 2.
func shares(t testing.TB, root string, id mesos.ContainerID) uint64 {
	return uintOf(t, file(t, root, id, "cpu", "cpu.shares", "cpu.weight"))
}

func perCPU(v1, v2Value uint64) uint64 {
	if v2 {
		return v2Value
	}
	return v1
}

// quota is a container's limit of processor time in microseconds; -1 is none.
func quota(t testing.TB, root string, id mesos.ContainerID) int {
	text := file(t, root, id, "cpu", "cpu.cfs_quota_us", "cpu.max")
	text, _, _ = strings.Cut(text, " ")
	if text == "max" {
		return -1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func usage(t testing.TB, l *container.Local, id mesos.ContainerID) *mesospb.ResourceStatistics {
	t.Helper()
	u, err := l.Usage(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func cpuTime(u *mesospb.ResourceStatistics) float64 {
	return u.GetCpusUserTimeSecs() + u.GetCpusSystemTimeSecs()
}

const sleep = "exec sleep 1000"

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CFS_CommandTaskNoLimits
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CFS_CommandTaskLimits
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_CFS_CommandTaskInfiniteLimits
// covers: CgroupsAnyHierarchyTest.ROOT_CGROUPS_CFS_Big_Quota
// covers: Cgroups2Test.ROOT_CGROUPS2_MemoryLow
// covers: Cgroups2Test.ROOT_CGROUPS2_MemoryMaximum
func TestLimits(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu", "cgroups/mem"}, EnableCFS: true})
	const mb = 1 << 20
	for _, test := range []struct {
		name   string
		limits map[string]*mesospb.Value_Scalar
		quota  int
		memory uint64 // 0: no limit
	}{
		{"none", nil, 50_000, 64 * mb},
		{"above the request", limits(0.7, 128), 70_000, 128 * mb},
		{"infinite", limits(inf, inf), -1, 0},
		{"least", limits(0.0001, 1), 1000, 32 * mb},
		{"of a large machine", limits(1000, 1<<20), 100_000_000, 1 << 40},
	} {
		s := spec(t, sleep, 0.5, 64)
		s.Limits = test.limits
		containertest.Launch(t, l, s)
		if got := shares(t, root, s.ID); got != perCPU(512, 50) {
			t.Errorf("%s: shares = %d", test.name, got)
		}
		if got := quota(t, root, s.ID); got != test.quota {
			t.Errorf("%s: quota = %d, want %d", test.name, got, test.quota)
		}
		if soft := file(t, root, s.ID, "memory", "memory.soft_limit_in_bytes", "memory.low"); uintOf(t, soft) != 64*mb {
			t.Errorf("%s: soft limit = %s", test.name, soft)
		}
		hard := file(t, root, s.ID, "memory", "memory.limit_in_bytes", "memory.max")
		if test.memory == 0 {
			if hard != "max" && uintOf(t, hard) < 1<<60 {
				t.Errorf("%s: limit = %s, want none", test.name, hard)
			}
		} else if uintOf(t, hard) != test.memory {
			t.Errorf("%s: limit = %s, want %d", test.name, hard, test.memory)
		}
	}
}

// Memory that is not a whole number of pages is rounded down.
func TestPages(t *testing.T) {
	// covers: Cgroups2Test.ROOT_CGROUPS2_MemoryBytesRounding
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/mem"}})
	const mb = 1 << 20
	page := uint64(os.Getpagesize())
	for _, test := range []struct{ bytes, want uint64 }{
		{64*mb - 1, 64*mb - page}, {64 * mb, 64 * mb}, {64*mb + 1, 64 * mb}, {64*mb + 5*page - 1, 64*mb + 4*page}, {64*mb + 5*page, 64*mb + 5*page},
	} {
		s := spec(t, sleep, 1, float64(test.bytes)/mb)
		containertest.Launch(t, l, s)
		soft := uintOf(t, file(t, root, s.ID, "memory", "memory.soft_limit_in_bytes", "memory.low"))
		hard := uintOf(t, file(t, root, s.ID, "memory", "memory.limit_in_bytes", "memory.max"))
		if soft != test.want || hard != test.want {
			t.Errorf("of %d bytes it has %d and %d, want %d", test.bytes, soft, hard, test.want)
		}
	}
}

// What a container has changes while it runs. Its memory is never made less, which
// could kill it.
func TestUpdate(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu", "cgroups/mem"}})
	s := spec(t, sleep, 1, 64)
	containertest.Launch(t, l, s)
	if got := quota(t, root, s.ID); got != -1 {
		t.Errorf("quota = %d, want none without a limit", got)
	}
	update := func(cpus, mem float64, limits map[string]*mesospb.Value_Scalar) {
		t.Helper()
		if err := l.Update(t.Context(), s.ID, resources(cpus, mem), limits); err != nil {
			t.Fatal(err)
		}
	}
	memory := func() (soft, hard uint64) {
		return uintOf(t, file(t, root, s.ID, "memory", "memory.soft_limit_in_bytes", "memory.low")),
			uintOf(t, file(t, root, s.ID, "memory", "memory.limit_in_bytes", "memory.max"))
	}
	update(2, 128, limits(3, 256))
	if got := shares(t, root, s.ID); got != perCPU(2048, 200) {
		t.Errorf("shares = %d", got)
	}
	if got := quota(t, root, s.ID); got != 300_000 {
		t.Errorf("quota = %d", got)
	}
	if soft, hard := memory(); soft != 128<<20 || hard != 256<<20 {
		t.Errorf("memory = %d, %d", soft, hard)
	}
	update(0.5, 64, nil)
	if got := quota(t, root, s.ID); got != -1 {
		t.Errorf("quota = %d, want none again", got)
	}
	if soft, hard := memory(); soft != 64<<20 || hard != 256<<20 {
		t.Errorf("memory = %d, %d: only the soft limit becomes less", soft, hard)
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_RevocableCpu
func TestRevocableCPU(t *testing.T) {
	t.Parallel()
	for _, low := range []bool{true, false} {
		l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu"}, RevocableLowPriority: low})
		s := spec(t, sleep, 2, 64)
		s.Resources[0].Revocable = &mesospb.Resource_RevocableInfo{}
		containertest.Launch(t, l, s)
		want := perCPU(2048, 200)
		if low {
			want = perCPU(20, 2)
		}
		if got := shares(t, root, s.ID); got != want {
			t.Errorf("low priority %v: shares = %d, want %d", low, got, want)
		}
	}
}

// busy is a command that uses a processor, always the same, until it is stopped.
const busy = "exec taskset -c 0 sh -c 'while :; do :; done'"

// Two containers that want all of one processor get it in proportion to their cpus.
func TestCPUHogs(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu"}})
	large, small := spec(t, busy, 1, 64), spec(t, busy, 0.25, 64)
	containertest.Launch(t, l, large)
	containertest.Launch(t, l, small)
	var base [2]float64
	times := func() (float64, float64) {
		return cpuTime(usage(t, l, large.ID)) - base[0], cpuTime(usage(t, l, small.ID)) - base[1]
	}
	containertest.Until(t, "both run", func() bool {
		a, b := times()
		return a > 0.05 && b > 0.05
	})
	base[0], base[1] = times()
	containertest.Until(t, "they used a second", func() bool {
		a, b := times()
		return a+b > 1
	})
	if a, b := times(); a < 2.5*b || a > 6*b {
		t.Errorf("of one processor 1 cpu got %.2f s and 0.25 cpus %.2f s", a, b)
	}
}

// A limit of processor time bites.
//
// covers: CpuIsolatorTest.ROOT_UserCpuUsage
// covers: Cgroups2Test.ROOT_CGROUPS2_CpuBandwidthLimit
func TestCPULimit(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu"}, CountProcesses: true})
	s := spec(t, "while :; do :; done", 1, 64)
	s.Limits = limits(0.05, inf)
	containertest.Launch(t, l, s)
	var u *mesospb.ResourceStatistics
	containertest.Until(t, "it was throttled", func() bool {
		u = usage(t, l, s.ID)
		return u.GetCpusNrThrottled() >= 5
	})
	// It had at most 5 ms in each period, and one more when it was caught late.
	if most := float64(u.GetCpusNrPeriods()+1) * 0.010; u.GetCpusUserTimeSecs() > most || u.GetCpusThrottledTimeSecs() == 0 {
		t.Errorf("usage = %v", u)
	}
	if u.GetProcesses() != 1 || u.GetThreads() != 1 {
		t.Errorf("processes = %d, threads = %d", u.GetProcesses(), u.GetThreads())
	}
}

// covers: CpuIsolatorTest.ROOT_SystemCpuUsage
// covers: CgroupsAnyHierarchyWithCpuAcctMemoryTest.ROOT_CGROUPS_CpuAcctsStats
// covers: Cgroups2Test.ROOT_CGROUPS2_CpuStats
func TestSystemCPUUsage(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu"}})
	s := spec(t, "exec dd if=/dev/zero of=/dev/null bs=1", 1, 64)
	containertest.Launch(t, l, s)
	containertest.Until(t, "it used the kernel", func() bool {
		u := usage(t, l, s.ID)
		return u.GetCpusSystemTimeSecs() > 0.1 && u.GetCpusUserTimeSecs() > 0
	})
	if u := usage(t, l, s.ID); u.Processes != nil || u.CpusNrPeriods != nil {
		t.Errorf("usage has what nobody asked for: %v", u)
	}
}

// covers: CgroupsIsolatorTest.ROOT_CGROUPS_PidsAndTids
func TestProcessesAreCounted(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/cpu"}, CountProcesses: true})
	s := spec(t, containertest.Daemon+"; sleep 1000 & wait", 1, 64)
	containertest.Launch(t, l, s)
	containertest.Until(t, "there are three of one thread each", func() bool {
		u := usage(t, l, s.ID)
		return u.GetProcesses() == 3 && u.GetThreads() == 3
	})
}
