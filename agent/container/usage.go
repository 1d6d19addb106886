package container

import (
	"context"
	"math"
	"runtime"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// posixCPU measures processor time, processes and threads.
type posixCPU struct{ passive }

func (posixCPU) Usage(_ context.Context, _ mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error {
	var user, system float64
	var processes, threads uint32
	for _, pid := range pids {
		p, ok := measure(pid)
		if !ok {
			continue // it has ended meanwhile
		}
		user += p.userSecs
		system += p.systemSecs
		processes++
		threads += p.threads
	}
	usage.CpusUserTimeSecs, usage.CpusSystemTimeSecs = &user, &system
	usage.Processes, usage.Threads = &processes, &threads
	return nil
}

// posixMem measures resident memory.
type posixMem struct{ passive }

func (posixMem) Usage(_ context.Context, _ mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error {
	var rss uint64
	for _, pid := range pids {
		if p, ok := measure(pid); ok {
			rss += p.rssBytes
		}
	}
	usage.MemRssBytes = &rss
	return nil
}

// process is what one process uses. Its times include those of children that
// it has waited for.
type process struct {
	userSecs, systemSecs float64
	rssBytes             uint64
	threads              uint32
}

// allotment fills in what a container was given: the soft limit is what it
// asked for, the limit what it may not exceed.
func allotment(usage *mesospb.ResourceStatistics, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) {
	const bytesPerMB = 1 << 20
	if cpus, ok := scalar(resources, "cpus"); ok {
		usage.CpusSoftLimit = &cpus
	}
	if limit, ok := limits["cpus"]; ok {
		cpus := limit.GetValue()
		if math.IsInf(cpus, 1) {
			cpus = float64(runtime.NumCPU())
		}
		usage.CpusLimit = &cpus
	}
	if mem, ok := scalar(resources, "mem"); ok {
		bytes := uint64(mem * bytesPerMB)
		usage.MemSoftLimitBytes, usage.MemLimitBytes = &bytes, &bytes
	}
	if limit, ok := limits["mem"]; ok && !math.IsInf(limit.GetValue(), 1) {
		bytes := uint64(limit.GetValue() * bytesPerMB)
		usage.MemLimitBytes = &bytes
	} else if ok {
		usage.MemLimitBytes = nil // there is none
	}
}

// scalar sums a scalar resource, whatever role it is of.
func scalar(resources []*mesospb.Resource, name string) (sum float64, ok bool) {
	for _, r := range resources {
		if r.GetName() == name && r.GetScalar() != nil {
			sum, ok = sum+r.GetScalar().GetValue(), true
		}
	}
	return sum, ok
}
