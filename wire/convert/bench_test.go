package convert

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// An offer as most are: a few unreserved scalars and one range of ports.
var typical = resources.MustParse("cpus:8;mem:32768;disk:100000;ports:[31000-32000]").Allocate("web")

func BenchmarkToWire(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ToWire(typical)
	}
}

func BenchmarkResources(b *testing.B) {
	list := ToWire(typical)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Resources(list); err != nil {
			b.Fatal(err)
		}
	}
}
