//go:build !windows

package daemon

import (
	"testing"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func TestARunningMasterExplains(t *testing.T) {
	l := startLocal(t)
	s := subscribe(t, l.Master())
	offers := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()
	c, err := client.New(client.Config{Masters: []string{l.Master()}, MediaType: wire.Protobuf})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id := mesos.FrameworkID(s.id.GetValue())
	report, err := c.Explain(t.Context(), id, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if report.Agents != 1 || report.Offers.Offers != len(offers) || len(report.Roles) != 1 || report.Roles[0].Held.Agents != 1 {
		t.Errorf("while an offer is outstanding: %+v", report)
	}
	if len(report.Reasons) != 1 || report.Reasons[0].Rule != allocation.RuleUnanswered {
		t.Errorf("reasons are %+v", report.Reasons)
	}
	if _, err := c.Explain(t.Context(), id, "eng", ""); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("of a role that the framework doesn't have: %v", err)
	}
}

func TestARunningMasterTellsWhatItsAllocatorCounts(t *testing.T) {
	l := startLocal(t)
	s := subscribe(t, l.Master())
	offered := 0.0
	for _, r := range s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0].GetResources() {
		if r.GetName() == "cpus" {
			offered += r.GetScalar().GetValue()
		}
	}
	if got := metric(t, l.Master(), "allocator/mesos/resources/cpus/offered_or_allocated"); got != offered {
		t.Errorf("%v cpus are offered or in use, %v were offered", got, offered)
	}
	if runs := metric(t, l.Master(), "allocator/mesos/allocation_runs"); runs < 1 {
		t.Errorf("%v runs", runs)
	}
}
