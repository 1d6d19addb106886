package kinds

import (
	"slices"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

func TestKindsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	for _, k := range All() {
		for _, name := range append([]string{k.Name}, k.Aliases...) {
			if other := seen[name]; other != "" {
				t.Errorf("%q is %s and %s", name, other, k.Name)
			}
			seen[name] = k.Name
		}
	}
	if got := len(agents.Columns); got != agentColumns {
		t.Errorf("agents have %d columns", got)
	}
}

func TestNaturalOrder(t *testing.T) {
	items := []Item{{ID: "M-S10"}, {ID: "M-S9"}, {ID: "b"}, {ID: "M-S1"}, {ID: "N-S2"}, {ID: "99999999999999999999"}, {ID: "a"}}
	slices.SortFunc(items, natural)
	var got []string
	for _, item := range items {
		got = append(got, item.ID)
	}
	if want := []string{"99999999999999999999", "M-S1", "M-S9", "M-S10", "N-S2", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 119 * time.Second: "119s", 2 * time.Minute: "2m0s", 9*time.Minute + 5*time.Second: "9m5s",
		119 * time.Minute: "119m", 47 * time.Hour: "47h", 100 * 24 * time.Hour: "100d",
	} {
		if got := Age(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// Numbers are ordered as numbers, and text as text.
func TestCellsAreOrdered(t *testing.T) {
	for _, pair := range [][2]Cell{
		{count(9), count(10)}, {amount(0.5), amount(2)}, {of(2, 10), of(10, 10)}, {text("a"), text("b")}, {yes(false), yes(true)},
	} {
		if !pair[0].Less(pair[1]) || pair[1].Less(pair[0]) || pair[0].Less(pair[0]) {
			t.Errorf("%s and %s are in no order", pair[0].Text, pair[1].Text)
		}
	}
}

// An older master knows guarantees only, which are limits.
func TestQuotasOfAnOlderMaster(t *testing.T) {
	two, role, cpus := 2.0, "eng", "cpus"
	got := configs(&quotapb.QuotaStatus{Infos: []*quotapb.QuotaInfo{{
		Role: &role, Guarantee: []*mesospb.Resource{{Name: &cpus, Scalar: &mesospb.Value_Scalar{Value: &two}}},
	}}})
	if len(got) != 1 || scalarsText(got[0].GetGuarantees()) != "cpus:2" || scalarsText(got[0].GetLimits()) != "cpus:2" {
		t.Errorf("quotas %v", got)
	}
}
