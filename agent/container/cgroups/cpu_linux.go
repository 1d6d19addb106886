package cgroups

import (
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// cpu shares processors out, and limits their use.
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-cpu/.
type cpu struct {
	passive
	config *Config
}

// cfsPeriod is the time in which a container may use its quota, and minQuota what
// it has at least.
const (
	cfsPeriod = 100 * time.Millisecond
	minQuota  = time.Millisecond
)

// shares are what a container gets when processors are short, in proportion to
// those of the others.
func (c *cpu) shares(r *request, v2 bool) uint64 {
	perCPU, least, most := 1024.0, uint64(2), uint64(262144)
	low := 10.0
	if v2 {
		perCPU, least, most = 100, 1, 10000
		low = 1
	}
	if r.revocable && c.config.RevocableLowPriority {
		perCPU = low
	}
	return min(max(uint64(perCPU*r.cpus), least), most)
}

// quota is how much processor time a container may have in each period; 0: any.
func (c *cpu) quota(r *request) time.Duration {
	cpus := r.cpus
	switch {
	case r.cpuLimit != nil && infinite(*r.cpuLimit):
		return 0
	case r.cpuLimit != nil:
		cpus = *r.cpuLimit
	case !c.config.EnableCFS:
		return 0
	}
	return max(time.Duration(cpus*float64(cfsPeriod)), minQuota)
}

func (c *cpu) update(g *group, r *request) error {
	dir, file := g.dir("cpu"), "cpu.shares"
	if g.v2 {
		file = "cpu.weight"
	}
	if err := write(dir, file, strconv.FormatUint(c.shares(r, g.v2), 10)); err != nil {
		return err
	}
	quota := c.quota(r)
	if quota == 0 && !g.quota {
		return nil
	}
	g.quota = true
	period := strconv.FormatInt(cfsPeriod.Microseconds(), 10)
	text := strconv.FormatInt(quota.Microseconds(), 10)
	if g.v2 {
		if quota == 0 {
			text = "max"
		}
		return write(dir, "cpu.max", text+" "+period)
	}
	if quota == 0 {
		text = "-1"
	}
	if err := write(dir, "cpu.cfs_period_us", period); err != nil {
		return err
	}
	return write(dir, "cpu.cfs_quota_us", text)
}

// adopt takes it that there may be a quota.
func (*cpu) adopt(g *group) error {
	g.quota = true
	return nil
}

// usage tells how often a container had to wait for its next period.
func (c *cpu) usage(g *group, usage *mesospb.ResourceStatistics) error {
	values, err := stat(g.dir("cpu"), "cpu.stat")
	if err != nil {
		return err
	}
	if g.v2 {
		usage.CpusUserTimeSecs = seconds(values, "user_usec", time.Microsecond)
		usage.CpusSystemTimeSecs = seconds(values, "system_usec", time.Microsecond)
	}
	if !g.quota && !c.config.EnableCFS {
		return nil
	}
	if n := pick(values, "nr_periods"); n != nil {
		usage.CpusNrPeriods = new(uint32(*n))
	}
	if n := pick(values, "nr_throttled"); n != nil {
		usage.CpusNrThrottled = new(uint32(*n))
	}
	if g.v2 {
		usage.CpusThrottledTimeSecs = seconds(values, "throttled_usec", time.Microsecond)
	} else {
		usage.CpusThrottledTimeSecs = seconds(values, "throttled_time", time.Nanosecond)
	}
	return nil
}

// seconds is what a map has of a time, or nil.
func seconds(values map[string]uint64, name string, unit time.Duration) *float64 {
	if value := pick(values, name); value != nil {
		return new(float64(*value) * unit.Seconds())
	}
	return nil
}

// cpuacct measures the use of processors.
type cpuacct struct {
	passive
	config *Config
}

func (c *cpuacct) usage(g *group, usage *mesospb.ResourceStatistics) error {
	dir := g.dir("cpuacct")
	if !g.v2 { // in version 2 it is in cpu.stat
		const tick = time.Second / 100 // on every machine that Go runs on
		values, err := stat(dir, "cpuacct.stat")
		if err != nil {
			return err
		}
		usage.CpusUserTimeSecs = seconds(values, "user", tick)
		usage.CpusSystemTimeSecs = seconds(values, "system", tick)
	}
	if !c.config.CountProcesses {
		return nil
	}
	threads := "tasks"
	if g.v2 {
		dir, threads = dir+"/"+leafName, "cgroup.threads"
	}
	pids, err := numbers(dir, "cgroup.procs")
	if err != nil {
		return err
	}
	tids, err := numbers(dir, threads)
	if err != nil {
		return err
	}
	usage.Processes, usage.Threads = new(uint32(len(pids))), new(uint32(len(tids)))
	return nil
}
