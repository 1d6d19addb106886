package convert

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// everything is one resource of each sort that there is.
func everything(t *testing.T) resources.Resources {
	t.Helper()
	label := []resources.Label{{Key: "a", Value: "b", HasValue: true}, {Key: "c"}}
	disk := func(d resources.Disk, change func(*resources.Resource)) resources.Resource {
		r := resources.Resource{Name: "disk", Scalar: 10_000, Disk: &d}
		change(&r)
		return r
	}
	none := func(*resources.Resource) {}
	special, err := resources.New(
		disk(resources.Disk{
			Persistence: &resources.Persistence{ID: "1", Principal: "ops"},
			Volume:      &resources.Volume{ContainerPath: "path", HostPath: "host", ReadOnly: true},
		}, func(r *resources.Resource) { r.Shared = true }),
		disk(resources.Disk{Source: &resources.Source{Type: resources.SourceMount, Root: "m", HasRoot: true}}, none),
		disk(resources.Disk{Source: &resources.Source{Type: resources.SourcePath, Root: "p", HasRoot: true}}, none),
		disk(resources.Disk{Source: &resources.Source{Type: resources.SourcePath}}, none),
		disk(resources.Disk{Source: &resources.Source{Type: resources.SourceBlock, ID: "i", Vendor: "v"}}, none),
		disk(resources.Disk{Source: &resources.Source{Type: resources.SourceRaw, Profile: "p", Metadata: label}}, none),
		disk(resources.Disk{}, none),
		resources.Resource{Name: "cpus", Scalar: 500, Revocable: true, ProviderID: "provider", Reservations: []resources.Reservation{
			{Role: "web"}, {Dynamic: true, Role: "web/eu", Principal: "ops", Labels: label},
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return resources.MustParse("cpus:7.25;mem:1024;ports:[8000-8100,9000-9999];zones:{a,b};cpus(web):2").Add(special).Allocate("web")
}

// What goes over the wire comes back the same, in all formats that can say it.
func TestRoundTrip(t *testing.T) {
	all := everything(t)
	list := ToWire(all)
	if len(list) != all.Len() {
		t.Fatalf("%d messages of %d resources", len(list), all.Len())
	}
	for _, message := range list {
		if err := proto.CheckInitialized(message); err != nil {
			t.Errorf("%v: %v", message, err)
		}
	}
	for name, list := range map[string][]*mesospb.Resource{"wire": list, "endpoint": Endpoint(list), "upgraded endpoint": Upgrade(Endpoint(list))} {
		back, err := Resources(list)
		if err != nil || !back.Equal(all) || back.String() != all.String() {
			t.Errorf("%s: back came %v, %v", name, back, err)
		}
	}
	i := 0
	for r := range all.All() {
		if message := ResourceToWire(r); !proto.Equal(message, list[i]) {
			t.Errorf("alone: %v, among others: %v", message, list[i])
		}
		i++
	}
	if ToWire(resources.Resources{}) != nil {
		t.Error("nothing makes messages")
	}
	encoded, err := proto.Marshal(&mesospb.Offer{Resources: list})
	if err == nil {
		t.Errorf("an offer without id was encoded as %q", encoded)
	}
}

// The protocol's numbers carry every amount of three decimals.
func TestRoundTripOfAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resources.Of(
			resources.Resource{Name: "cpus", Scalar: mesos.Scalar(rapid.Int64Range(1, int64(mesos.MaxScalar)).Draw(t, "cpus"))},
			resources.Resource{Name: "mem", Scalar: mesos.Scalar(rapid.Int64Range(1, 10_000).Draw(t, "mem"))},
			resources.Resource{Name: "ports", Kind: resources.KindRanges, Ranges: mesos.NewRanges(
				rapid.SliceOf(rapid.Custom(func(t *rapid.T) mesos.Range {
					begin := rapid.Uint64Range(0, math.MaxUint64-10).Draw(t, "begin")
					return mesos.Range{Begin: begin, End: begin + rapid.Uint64Range(0, 10).Draw(t, "length")}
				})).Draw(t, "ranges")...)},
			resources.Resource{Name: "zones", Kind: resources.KindSet, Set: mesos.NewSet(rapid.SliceOf(rapid.String()).Draw(t, "set")...)},
		)
		if back, err := Resources(ToWire(r)); err != nil || !back.Equal(r) {
			t.Fatalf("%v came back as %v, %v", r, back, err)
		}
	})
}

func TestResourcesErrors(t *testing.T) {
	scalar := func(value float64) func(*mesospb.Resource) {
		return func(r *mesospb.Resource) { r.Scalar.Value = &value }
	}
	disk := func(source *mesospb.Resource_DiskInfo_Source) func(*mesospb.Resource) {
		return func(r *mesospb.Resource) {
			r.Name = proto.String("disk")
			r.Disk = &mesospb.Resource_DiskInfo{Source: source}
		}
	}
	for cause, message := range map[string]*mesospb.Resource{
		"the name is empty":           cpus(func(r *mesospb.Resource) { r.Name = nil }),
		"type: SCALAR is not":         cpus(func(r *mesospb.Resource) { r.Type = nil }),
		"type: TEXT is not":           cpus(func(r *mesospb.Resource) { r.Type = mesospb.Value_TEXT.Enum() }),
		"type: 9 is not":              cpus(func(r *mesospb.Resource) { r.Type = mesospb.Value_Type(9).Enum() }),
		"type SCALAR is missing":      cpus(func(r *mesospb.Resource) { r.Scalar = nil }),
		"of type SET beside its own":  cpus(func(r *mesospb.Resource) { r.Set = &mesospb.Value_Set{} }),
		"-1 is negative":              cpus(scalar(-1)),
		"NaN is not a finite number":  cpus(scalar(math.NaN())),
		"+Inf is not a finite number": cpus(scalar(math.Inf(1))),
		"over the limit":              cpus(scalar(1e300)),
		"the smallest amount":         cpus(scalar(0.0001)),
		"only disk resources":         cpus(func(r *mesospb.Resource) { r.Disk = &mesospb.Resource_DiskInfo{} }),
		"only persistent volumes can": cpus(func(r *mesospb.Resource) { r.Shared = &mesospb.Resource_SharedInfo{} }),
		"disk.source.type: is not":    cpus(disk(&mesospb.Resource_DiskInfo_Source{})),
		"disk.source: one of type RAW": cpus(disk(&mesospb.Resource_DiskInfo_Source{
			Type: mesospb.Resource_DiskInfo_Source_RAW.Enum(), Mount: &mesospb.Resource_DiskInfo_Source_Mount{},
		})),
		"range 3-2 begins after its end": {Name: proto.String("ports"), Type: mesospb.Value_RANGES.Enum(), Ranges: &mesospb.Value_Ranges{
			Range: []*mesospb.Value_Range{{Begin: proto.Uint64(3), End: proto.Uint64(2)}},
		}},
	} {
		reads(t, message, "", cause)
		_, err := Resources([]*mesospb.Resource{cpus(), message})
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("error %v, want one with %q", err, cause)
		}
	}
	if r, err := Resources(nil); err != nil || !r.IsEmpty() {
		t.Errorf("no messages are %v, %v", r, err)
	}
}

// Operations as messages do what package resources says they do.
func TestConversions(t *testing.T) {
	unreserved, volume := cpus(), &mesospb.Resource{
		Name:         proto.String("disk"),
		Type:         mesospb.Value_SCALAR.Enum(),
		Scalar:       &mesospb.Value_Scalar{Value: proto.Float64(10)},
		Reservations: []*mesospb.Resource_ReservationInfo{{Type: static.Enum(), Role: proto.String("web")}},
		Disk:         &mesospb.Resource_DiskInfo{Persistence: &mesospb.Resource_DiskInfo_Persistence{Id: proto.String("1")}},
	}
	reserved := cpus(layer(dynamicType, "web", "ops"))
	plainDisk := proto.CloneOf(volume)
	plainDisk.Disk = nil
	one := func(r *mesospb.Resource) []*mesospb.Resource { return []*mesospb.Resource{r} }
	const (
		cpusText     = "cpus:7.5"
		reservedText = "cpus(reservations: [(DYNAMIC,web,ops)]):7.5"
		diskText     = "disk(reservations: [(STATIC,web)]):%d"
		volumeText   = "disk(reservations: [(STATIC,web)])[1]:%d"
	)
	for _, test := range []struct {
		op                  *mesospb.Offer_Operation
		consumed, converted string
	}{
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_RESERVE.Enum(),
			Reserve: &mesospb.Offer_Operation_Reserve{Resources: one(reserved)}}, cpusText, reservedText},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_RESERVE.Enum(),
			Reserve: &mesospb.Offer_Operation_Reserve{Source: one(reserved), Resources: one(unreserved)}}, reservedText, cpusText},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_UNRESERVE.Enum(),
			Unreserve: &mesospb.Offer_Operation_Unreserve{Resources: one(reserved)}}, reservedText, cpusText},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_CREATE.Enum(),
			Create: &mesospb.Offer_Operation_Create{Volumes: one(volume)}}, fmt.Sprintf(diskText, 10), fmt.Sprintf(volumeText, 10)},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_DESTROY.Enum(),
			Destroy: &mesospb.Offer_Operation_Destroy{Volumes: one(volume)}}, fmt.Sprintf(volumeText, 10), fmt.Sprintf(diskText, 10)},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_GROW_VOLUME.Enum(),
			GrowVolume: &mesospb.Offer_Operation_GrowVolume{Volume: volume, Addition: plainDisk}},
			fmt.Sprintf(volumeText+"; "+diskText, 10, 10), fmt.Sprintf(volumeText, 20)},
		{&mesospb.Offer_Operation{Type: mesospb.Offer_Operation_SHRINK_VOLUME.Enum(),
			ShrinkVolume: &mesospb.Offer_Operation_ShrinkVolume{Volume: volume, Subtract: &mesospb.Value_Scalar{Value: proto.Float64(4)}}},
			fmt.Sprintf(volumeText, 10), fmt.Sprintf(volumeText+"; "+diskText, 6, 4)},
	} {
		got, err := Conversions(test.op)
		if err != nil || len(got) != 1 {
			t.Errorf("%v: %v, %v", test.op.GetType(), got, err)
			continue
		}
		if got[0].Consumed.String() != test.consumed || got[0].Converted.String() != test.converted {
			t.Errorf("%v makes %v out of %v", test.op.GetType(), got[0].Converted, got[0].Consumed)
		}
	}
}

func TestConversionsErrors(t *testing.T) {
	volumes := &mesospb.Offer_Operation_Create{Volumes: []*mesospb.Resource{cpus()}}
	for cause, op := range map[string]*mesospb.Offer_Operation{
		"operation UNKNOWN: converts no resources":                 {},
		"operation LAUNCH: converts no resources":                  {Type: mesospb.Offer_Operation_LAUNCH.Enum()},
		"operation CREATE: resource cpus:7.5: is not a persistent": {Type: mesospb.Offer_Operation_CREATE.Enum(), Create: volumes},
		"operation GROW_VOLUME: resource \"\"":                     {Type: mesospb.Offer_Operation_GROW_VOLUME.Enum()},
		"operation SHRINK_VOLUME: resource \"\"":                   {Type: mesospb.Offer_Operation_SHRINK_VOLUME.Enum()},
		"operation UNRESERVE: resource cpus:7.5: not reserved": {Type: mesospb.Offer_Operation_UNRESERVE.Enum(),
			Unreserve: &mesospb.Offer_Operation_Unreserve{Resources: []*mesospb.Resource{cpus()}}},
	} {
		if got, err := Conversions(op); err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("%v, error %v, want one with %q", got, err, cause)
		}
	}
}
