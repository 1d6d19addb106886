package container

import (
	"math"
	"runtime"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

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
