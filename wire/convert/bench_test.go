package convert

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
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

// A call that launches one task, as a framework from before reservation
// refinement writes it.
func BenchmarkUpgradeWithin(b *testing.B) {
	op := &mesospb.Offer_Operation{Launch: &mesospb.Offer_Operation_Launch{
		TaskInfos: []*mesospb.TaskInfo{task(cpus(role("*")), cpus(role("*")))},
	}}
	b.ReportAllocs()
	for b.Loop() {
		UpgradeWithin(op)
	}
}

// Whatever a message says, it is refused or comes back the same.
func FuzzResources(f *testing.F) {
	for _, message := range []*mesospb.Resource{
		cpus(), cpus(role("web"), principal("ops")), cpus(layer(static, "web", ""), layer(dynamicType, "web/eu", "ops")), ToWire(typical)[3],
	} {
		data, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message := &mesospb.Resource{}
		if proto.Unmarshal(data, message) != nil {
			return
		}
		r, err := Resources([]*mesospb.Resource{message})
		upgraded, upgradedErr := Resources(Upgrade([]*mesospb.Resource{message}))
		if (err == nil) != (upgradedErr == nil) || !upgraded.Equal(r) {
			t.Fatalf("%v, but upgraded %v (%v, %v)", r, upgraded, err, upgradedErr)
		}
		if err != nil {
			return
		}
		back, err := Resources(Endpoint(ToWire(r)))
		if err != nil || !back.Equal(r) {
			t.Fatalf("%v came back as %v, %v", r, back, err)
		}
	})
}
