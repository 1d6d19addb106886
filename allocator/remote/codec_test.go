package remote

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

var rewrite = flag.Bool("rewrite", false, "write the messages of testdata as they are now")

var start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// volume is a persistent volume, shared or not, in use so many times.
func volume(copies int) resources.Resources {
	one := resources.Of(resources.Resource{
		Name: "disk", Scalar: 64_000, Shared: true,
		Reservations: []resources.Reservation{{Role: "dev", Dynamic: true, Principal: "p"}, {Role: "dev/web", Dynamic: true}},
		Disk: &resources.Disk{
			Persistence: &resources.Persistence{ID: "v1", Principal: "p"},
			Volume:      &resources.Volume{ContainerPath: "data"},
		},
	})
	var sum resources.Resources
	for range copies {
		sum = sum.Add(one)
	}
	return sum
}

func constraints() map[string]allocation.Constraints {
	c, err := convert.OfferConstraints(&schedulerpb.OfferConstraints{RoleConstraints: map[string]*schedulerpb.OfferConstraints_RoleConstraints{
		"dev": {Groups: []*schedulerpb.OfferConstraints_RoleConstraints_Group{{AttributeConstraints: []*schedulerpb.AttributeConstraint{{
			Selector:  &schedulerpb.AttributeConstraint_Selector{Selector: &schedulerpb.AttributeConstraint_Selector_AttributeName{AttributeName: "rack"}},
			Predicate: &schedulerpb.AttributeConstraint_Predicate{Predicate: &schedulerpb.AttributeConstraint_Predicate_TextMatches_{TextMatches: &schedulerpb.AttributeConstraint_Predicate_TextMatches{Regex: new("a[12]")}}},
		}}}}},
	}}, []string{"dev"}, convert.RegexLimits{})
	if err != nil {
		panic(err)
	}
	return c
}

// inputs is one of each kind, and those whose absent parts mean something.
func inputs() []allocation.Input {
	attributes, err := mesos.ParseAttributes("rack:a1;weight:2.5;slots:[1-4]")
	if err != nil {
		panic(err)
	}
	framework := &allocation.Framework{
		ID: "M-0000", Principal: "p", Roles: []string{"dev", "prod"}, Suppressed: []string{"prod"},
		Capabilities: allocation.MultiRole | allocation.GPUResources | allocation.RegionAware,
		MinAllocatable: map[string][]resources.Quantities{
			"dev":  {resources.NewQuantities(resources.Quantity{Name: "cpus", Amount: 100}), resources.NewQuantities(resources.Quantity{Name: "gpus", Amount: 1000})},
			"prod": {},
		},
		Constraints: constraints(),
		Domain:      allocation.Domain{Region: "eu", Zone: "eu-1"},
	}
	agent := &allocation.Agent{
		ID: "M-S0", Hostname: "a1.example", Attributes: attributes, Domain: allocation.Domain{Region: "eu", Zone: "eu-2"},
		Capabilities:   allocation.MultiRole | allocation.ReservationRefinement,
		Total:          resources.MustParse("cpus:4;mem:1024;ports:[31000-31004,31010-32000];cpus(prod):0.001").Add(volume(1)),
		Unavailability: &allocation.Unavailability{Start: start, Duration: time.Hour},
	}
	grant := allocation.Grant{Framework: "M-0000", Agent: "M-S0", Resources: resources.MustParse("cpus:0.5").Add(volume(2)).Allocate("dev/web")}
	return []allocation.Input{
		allocation.AddFramework{Framework: framework, Active: true, Used: []allocation.Grant{grant}},
		allocation.UpdateFramework{Framework: &allocation.Framework{ID: "M-0000", Roles: []string{"*"}}},
		allocation.RemoveFramework{ID: "M-0000"},
		allocation.ActivateFramework{ID: "M-0000"},
		allocation.DeactivateFramework{ID: "M-0000"},
		allocation.AddAgent{Agent: agent, Used: []allocation.Grant{grant}},
		allocation.UpdateAgent{Agent: &allocation.Agent{ID: "M-S0"}},
		allocation.RemoveAgent{ID: "M-S0"},
		allocation.ActivateAgent{ID: "M-S0"},
		allocation.DeactivateAgent{ID: "M-S0"},
		allocation.Recover{Grant: grant, Refuse: 5 * time.Second, Declined: true},
		allocation.Hold{Grant: grant},
		allocation.RequestResources{ID: "M-0000", Requests: []allocation.Request{
			{Agent: "M-S0", Resources: resources.MustParse("cpus:2;ports:[31000-31001]")}, {Resources: resources.MustParse("mem:64")},
		}},
		allocation.UpdateAllocation{Grant: grant, Converted: resources.MustParse("cpus(dev):0.5").Allocate("dev")},
		allocation.Revive{ID: "M-0000", Roles: []string{"dev"}},
		allocation.Suppress{ID: "M-0000"},
		allocation.UpdateWeights{Weights: map[string]float64{"dev": 2.5, "prod": 1}},
		allocation.UpdateQuota{Role: "dev", Quota: allocation.Quota{
			Guarantees: resources.NewQuantities(resources.Quantity{Name: "cpus", Amount: 1500}),
			Limits:     map[string]resources.Scalar{"cpus": 2000, "gpus": 0},
		}},
		allocation.UpdateQuota{Role: "dev"},
		allocation.UpdateUnavailability{ID: "M-S0", Unavailability: &allocation.Unavailability{Start: start}},
		allocation.UpdateUnavailability{ID: "M-S0"},
		allocation.InverseOfferAnswered{Framework: "M-0000", Agent: "M-S0", Accepted: true, Refuse: time.Second},
		allocation.InverseOfferAnswered{Framework: "M-0000", Agent: "M-S0", Withdrawn: true},
		allocation.UpdateWhitelist{Hostnames: map[string]bool{"a1.example": true}},
		allocation.UpdateWhitelist{Hostnames: map[string]bool{}},
		allocation.UpdateWhitelist{},
	}
}

func outputs() []allocation.Output {
	return []allocation.Output{
		allocation.OffersReady{Framework: "M-0000", Offers: []allocation.Offered{
			{Role: "dev/web", Agent: "M-S0", Resources: resources.MustParse("cpus:4;ports:[31000-32000]").Add(volume(1)).Allocate("dev/web")},
			{Role: "prod", Agent: "M-S1", Resources: resources.MustParse("mem:32").Allocate("prod")},
		}},
		allocation.InverseOffersReady{Framework: "M-0000", Agents: []allocation.InverseOffered{
			{Agent: "M-S0", Resources: resources.MustParse("cpus:4"), Unavailability: allocation.Unavailability{Start: start, Duration: time.Hour}},
		}},
		allocation.Refused{Err: mesos.Errorf(mesos.Invalid, "recover: agent M-S0: framework M-0000 does not hold cpus:1")},
	}
}

// alike compares what was sent with what arrived: resources by their meaning,
// constraints by the message they come from.
var alike = cmp.Options{
	cmp.Comparer(func(a, b resources.Resources) bool { return a.Equal(b) && a.String() == b.String() }),
	cmp.Comparer(func(a, b resources.Quantities) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b map[string]allocation.Constraints) bool {
		x, errX := convert.OfferConstraintsToWire(a)
		y, errY := convert.OfferConstraintsToWire(b)
		return errX == nil && errY == nil && x.EqualVT(y)
	}),
	cmp.Comparer(func(a, b mesos.Attribute) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() && mesos.KindOf(a) == mesos.KindOf(b) }),
	cmpopts.EquateComparable(allocation.Domain{}),
}

func TestEveryInputArrivesAsItWasSent(t *testing.T) {
	for _, in := range inputs() {
		m, err := encodeInput(in)
		if err != nil {
			t.Fatalf("%T: %v", in, err)
		}
		got, err := decodeInput(overTheWire(t, m))
		if err != nil {
			t.Errorf("%T: %v", in, err)
		} else if diff := cmp.Diff(in, got, alike); diff != "" {
			t.Errorf("%T (-sent +arrived):\n%s", in, diff)
		}
	}
}

func TestEveryOutputArrivesAsItWasSent(t *testing.T) {
	for _, out := range outputs() {
		got, err := decodeOutput(overTheWire(t, encodeOutput(out)))
		if err != nil {
			t.Errorf("%T: %v", out, err)
		} else if diff := cmp.Diff(out, got, alike); diff != "" {
			t.Errorf("%T (-sent +arrived):\n%s", out, diff)
		}
	}
}

// overTheWire is a message as it is after it was sent.
func overTheWire[M wire.Message](t *testing.T, m M) M {
	t.Helper()
	data, err := wire.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	arrived := reflect.New(reflect.TypeOf(m).Elem()).Interface().(M)
	if err := wire.Unmarshal(data, arrived); err != nil {
		t.Fatal(err)
	}
	return arrived
}

func TestThereIsAMessageForEverything(t *testing.T) {
	kinds := map[string]bool{}
	for _, in := range inputs() {
		m, err := encodeInput(in)
		if err != nil {
			t.Fatal(err)
		}
		kinds[fmt.Sprintf("%T", m.GetInput())] = true
	}
	for _, out := range outputs() {
		kinds[fmt.Sprintf("%T", encodeOutput(out).GetOutput())] = true
	}
	oneofs := new(allocationpb.Input).ProtoReflect().Descriptor().Fields().Len() +
		new(allocationpb.Output).ProtoReflect().Descriptor().Fields().Len()
	if len(kinds) != oneofs {
		t.Errorf("%d kinds of messages are sent, and there are %d", len(kinds), oneofs)
	}
}

// testdata/messages.txt has each message as JSON and as its bytes. Bytes that
// are there may never change: others have written allocators.
func TestMessagesStayAsTheyAre(t *testing.T) {
	var text strings.Builder
	add := func(title string, m wire.Message) {
		json, err := wire.MarshalJSON(m)
		if err != nil {
			t.Fatal(err)
		}
		data, err := wire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s\n  %s\n  %s\n", title, json, hex.EncodeToString(data))
	}
	add("MasterHello", &allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Hello{Hello: &allocationpb.MasterHello{
		Versions: versions(), Software: new("mesosctl 1.0.0"), MasterId: new("M"), Session: new(uint64(3)),
		Domain: convert.DomainToWire(allocation.Domain{Region: "eu", Zone: "eu-1"}),
	}}})
	add("AllocatorHello", &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Hello{Hello: &allocationpb.AllocatorHello{
		Versions: versions(), Software: new("mesosctl 1.0.0"), Policy: new("hierarchical"), Session: new(uint64(3)),
	}}})
	add("Heartbeat", &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Heartbeat{Heartbeat: &allocationpb.Heartbeat{Taken: new(uint64(7))}}})
	add("Goodbye", &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Goodbye{Goodbye: &allocationpb.Goodbye{Reason: new("the allocator is being stopped")}}})
	add("Ask", &allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Ask{Ask: &allocationpb.Ask{
		Id: new(uint64(1)), FrameworkId: frameworkID("M-0000"), Role: new("dev"), AgentId: agentID("M-S0"),
	}}})
	add("Answer", &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Answer{Answer: &allocationpb.Answer{
		Id: new(uint64(1)), Explanations: []byte("[]"),
	}}})
	add("Answer", &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Answer{Answer: &allocationpb.Answer{
		Id: new(uint64(2)), Error: &allocationpb.Answer_Error{Kind: allocationpb.Answer_NOT_FOUND.Enum(), Message: new("explain: framework M-0001 is not known")},
	}}})
	for _, in := range inputs() {
		m, err := encodeInput(in)
		if err != nil {
			t.Fatal(err)
		}
		add(reflect.TypeOf(in).Name(), &allocationpb.ToAllocator{Message: &allocationpb.ToAllocator_Inputs{
			Inputs: &allocationpb.Inputs{Sequence: new(uint64(1)), Inputs: []*allocationpb.Input{m}, More: new(true)},
		}})
	}
	for _, out := range outputs() {
		add(reflect.TypeOf(out).Name(), &allocationpb.ToMaster{Message: &allocationpb.ToMaster_Outputs{
			Outputs: &allocationpb.Outputs{Sequence: new(uint64(1)), Taken: new(uint64(7)), Outputs: []*allocationpb.Output{encodeOutput(out)}},
		}})
	}
	path := filepath.Join("testdata", "messages.txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text.String(), "\n")); diff != "" {
		t.Errorf("messages changed (-was +is):\n%s", diff)
	}
}
