package allocator

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// An inquiry about a large cluster takes several slices, in between which the
// cluster may change.
func TestAnInquiryLetsTheAllocatorGoOn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	large := func() *Allocator {
		al := New(Config{})
		al.Step(now, allocation.AddFramework{Framework: &allocation.Framework{ID: "F0", Roles: []string{"a", "b"}}})
		for a := range 2 * explainSlice {
			al.Step(now, allocation.AddAgent{Agent: &allocation.Agent{ID: mesos.AgentID(fmt.Sprintf("S%d", a)), Total: parse("cpus:1")}})
		}
		return al
	}
	meanwhile := map[string]struct {
		change allocation.Input
		agents int // that are explained; -1 is an error
	}{
		"nothing":             {allocation.Tick{}, 2 * explainSlice},
		"an agent goes":       {allocation.RemoveAgent{ID: mesos.AgentID(fmt.Sprintf("S%d", 2*explainSlice-1))}, 2*explainSlice - 1},
		"an agent comes":      {allocation.AddAgent{Agent: &allocation.Agent{ID: "X", Total: parse("cpus:1")}}, 2*explainSlice + 1},
		"the framework goes":  {allocation.RemoveFramework{ID: "F0"}, -1},
		"it leaves the roles": {allocation.UpdateFramework{Framework: &allocation.Framework{ID: "F0", Roles: []string{"c"}}}, -1},
	}
	for name, test := range meanwhile {
		al := large()
		slices := 0
		list, err := allocation.Explain(al, "F0", "", "", func(do func()) bool {
			slices++
			if slices == 3 {
				al.Step(now, test.change)
			}
			do()
			return true
		})
		switch {
		case test.agents < 0:
			if mesos.KindOf(err) != mesos.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil || len(list) != 2 || list[0].Agents != test.agents || list[1].Agents != test.agents:
			t.Errorf("%s: %v, %v", name, list, err)
		case slices < 5:
			t.Errorf("%s: it took %d slices only", name, slices)
		}
	}
	al := large()
	if _, err := allocation.Explain(al, "F0", "", "", func(func()) bool { return false }); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("out of reach: %v", err)
	}
	if _, err := al.Explain("F0", "", "nobody"); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("an unknown agent: %v", err)
	}
	if list, err := al.Explain("F0", "a", "S1"); err != nil || len(list) != 1 || list[0].Agents != 1 {
		t.Errorf("one agent: %v, %v", list, err)
	}
}
