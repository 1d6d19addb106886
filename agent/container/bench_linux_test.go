package container_test

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"sync/atomic"
	"testing"
)

// BenchmarkLaunch runs one command after the other to its end, sandbox and all.
func BenchmarkLaunch(b *testing.B) {
	l := containertest.New(b, container.Config{})
	for b.Loop() {
		spec := containertest.Spec(b, containertest.Argv("/bin/true"))
		containertest.Launch(b, l, spec)
		containertest.Wait(b, l, spec.ID)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}

// BenchmarkLaunchTogether runs many at once, as an agent does that got them in
// one message.
func BenchmarkLaunchTogether(b *testing.B) {
	l := containertest.New(b, container.Config{})
	specs := make([]container.Spec, b.N)
	for i := range specs {
		specs[i] = containertest.Spec(b, containertest.Argv("/bin/true"))
	}
	b.SetParallelism(16)
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			spec := specs[next.Add(1)-1]
			containertest.Launch(b, l, spec)
			containertest.Wait(b, l, spec.ID)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}

// BenchmarkLaunchAmongMany does so while many others run.
func BenchmarkLaunchAmongMany(b *testing.B) {
	l := containertest.New(b, container.Config{})
	for range 200 {
		containertest.Launch(b, l, containertest.Spec(b, containertest.Argv("/bin/sleep", "sleep", "1000")))
	}
	for b.Loop() {
		spec := containertest.Spec(b, containertest.Argv("/bin/true"))
		containertest.Launch(b, l, spec)
		containertest.Wait(b, l, spec.ID)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}
