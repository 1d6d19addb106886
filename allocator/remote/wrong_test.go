package remote

import (
	"math"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestInputsThatMakeNoSenseAreRefused(t *testing.T) {
	id, agent := frameworkID("F"), agentID("A")
	cpus := func(n float64) []*mesospb.Resource {
		list := convert.ToWire(resources.MustParse("cpus:1"))
		list[0].Scalar.Value = &n
		return list
	}
	weight := func(role string, w float64) *allocationpb.Input {
		return &allocationpb.Input{Input: &allocationpb.Input_UpdateWeights{UpdateWeights: &allocationpb.UpdateWeights{
			Weights: []*allocationpb.UpdateWeights_Weight{{Role: &role, Weight: &w}},
		}}}
	}
	quota := func(role string, thousandths int64) *allocationpb.Input {
		return &allocationpb.Input{Input: &allocationpb.Input_UpdateQuota{UpdateQuota: &allocationpb.UpdateQuota{
			Role: &role, Limits: &allocationpb.Quantities{Quantities: []*allocationpb.Quantity{{Name: new("cpus"), Thousandths: &thousandths}}},
		}}}
	}
	for name, test := range map[string]struct {
		m     *allocationpb.Input
		words string
	}{
		"nothing":            {&allocationpb.Input{}, "no kind that this version knows"},
		"a bad framework ID": {&allocationpb.Input{Input: &allocationpb.Input_RemoveFramework{RemoveFramework: frameworkID("a/b")}}, "framework ID"},
		"no agent ID":        {&allocationpb.Input{Input: &allocationpb.Input_RemoveAgent{RemoveAgent: agentID("")}}, "agent ID"},
		"no roles": {&allocationpb.Input{Input: &allocationpb.Input_UpdateFramework{UpdateFramework: &allocationpb.Framework{Id: id}}},
			"it has no roles"},
		"a role that is none":             {&allocationpb.Input{Input: &allocationpb.Input_UpdateFramework{UpdateFramework: &allocationpb.Framework{Id: id, Roles: []string{"a/../b"}}}}, "role"},
		"negative resources":              {&allocationpb.Input{Input: &allocationpb.Input_UpdateAgent{UpdateAgent: &allocationpb.Agent{Id: agent, Total: cpus(-1)}}}, "agent: total"},
		"no number":                       {&allocationpb.Input{Input: &allocationpb.Input_UpdateAgent{UpdateAgent: &allocationpb.Agent{Id: agent, Total: cpus(math.NaN())}}}, "agent: total"},
		"a weight of zero":                {weight("dev", 0), "0 is not a weight"},
		"a weight of NaN":                 {weight("dev", math.NaN()), "NaN is not a weight"},
		"an endless weight":               {weight("dev", math.Inf(1)), "+Inf is not a weight"},
		"a weight of a role that is none": {weight("-", 1), "weights"},
		"a negative quota":                {quota("dev", -1), "quota: limits"},
		"an absurd quota":                 {quota("dev", math.MaxInt64), "quota: limits"},
		"a quota of a role that is none":  {quota("", 1), "quota"},
		"a negative time": {&allocationpb.Input{Input: &allocationpb.Input_Recover{Recover: &allocationpb.Recover{
			Grant: &allocationpb.Grant{FrameworkId: id, AgentId: agent, Resources: cpus(1)}, RefuseNanoseconds: new(int64(-1)),
		}}}, "less than nothing"},
	} {
		_, err := decodeInput(test.m)
		if err == nil || !strings.Contains(err.Error(), test.words) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v, want %q", name, err, test.words)
		}
	}
}

func TestOutputsThatMakeNoSenseAreRefused(t *testing.T) {
	offer := func(role string, rs resources.Resources) *allocationpb.Output {
		return &allocationpb.Output{Output: &allocationpb.Output_OffersReady{OffersReady: &allocationpb.OffersReady{
			FrameworkId: frameworkID("F"), Offers: []*allocationpb.Offered{{AgentId: agentID("A"), Role: &role, Resources: encodeResources(rs)}},
		}}}
	}
	cpus := resources.MustParse("cpus:1")
	for name, test := range map[string]struct {
		m     *allocationpb.Output
		words string
	}{
		"nothing":              {&allocationpb.Output{}, "no kind that this version knows"},
		"no resources":         {offer("dev", resources.Resources{}), "allocated to"},
		"allocated to nobody":  {offer("dev", cpus), "allocated to"},
		"allocated to another": {offer("dev", cpus.Allocate("prod")), `["prod"]`},
		"allocated to two":     {offer("dev", cpus.Allocate("dev").Add(cpus.Allocate("prod"))), "allocated to"},
	} {
		_, err := decodeOutput(test.m)
		if err == nil || !strings.Contains(err.Error(), test.words) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v, want %q", name, err, test.words)
		}
	}
}

func FuzzInput(f *testing.F) {
	for _, in := range inputs() {
		m, err := encodeInput(in)
		if err != nil {
			f.Fatal(err)
		}
		data, err := wire.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(allocationpb.Input)
		if wire.Unmarshal(data, m) != nil {
			return
		}
		in, err := decodeInput(m)
		if err != nil {
			if mesos.KindOf(err) != mesos.Invalid {
				t.Errorf("%v is of kind %v", err, mesos.KindOf(err))
			}
			return
		}
		again, err := encodeInput(in)
		if err != nil {
			t.Fatalf("%v can't be sent on: %v", in, err)
		}
		if _, err := decodeInput(again); err != nil {
			t.Errorf("%v was taken once and not twice: %v", in, err)
		}
	})
}

func FuzzOutput(f *testing.F) {
	for _, out := range outputs() {
		data, err := wire.Marshal(encodeOutput(out))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(allocationpb.Output)
		if wire.Unmarshal(data, m) != nil {
			return
		}
		out, err := decodeOutput(m)
		if err != nil {
			return
		}
		if _, err := decodeOutput(encodeOutput(out)); err != nil {
			t.Errorf("%v was taken once and not twice: %v", out, err)
		}
	})
}
