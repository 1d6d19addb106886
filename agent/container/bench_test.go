package container

import "testing"

// BenchmarkLaunch runs a command to its end, sandbox and all.
func BenchmarkLaunch(b *testing.B) {
	l := newLocal(b)
	for b.Loop() {
		spec := specOf(b, argv("/bin/true"))
		launch(b, l, spec)
		wait(b, l, spec.ID)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "launches/s")
}
