package container

import (
	"sync/atomic"
	"testing"
)

// BenchmarkLaunch runs one command after the other to its end, sandbox and all.
func BenchmarkLaunch(b *testing.B) {
	l := newLocal(b)
	for b.Loop() {
		spec := specOf(b, argv("/bin/true"))
		launch(b, l, spec)
		wait(b, l, spec.ID)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}

// BenchmarkLaunchTogether runs many at once, as an agent does that got them in
// one message.
func BenchmarkLaunchTogether(b *testing.B) {
	l := newLocal(b)
	specs := make([]Spec, b.N)
	for i := range specs {
		specs[i] = specOf(b, argv("/bin/true"))
	}
	b.SetParallelism(16)
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			spec := specs[next.Add(1)-1]
			launch(b, l, spec)
			wait(b, l, spec.ID)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}

// BenchmarkLaunchAmongMany does so while many others run.
func BenchmarkLaunchAmongMany(b *testing.B) {
	l := newLocal(b)
	for range 200 {
		launch(b, l, specOf(b, argv("/bin/sleep", "sleep", "1000")))
	}
	for b.Loop() {
		spec := specOf(b, argv("/bin/true"))
		launch(b, l, spec)
		wait(b, l, spec.ID)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}
