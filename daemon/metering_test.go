//go:build !windows

package daemon

import (
	"testing"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// What a framework's metrics are written as is kept until one of them changes.
func TestMetricsOfAFrameworkAreKeptWhileTheyStay(t *testing.T) {
	l := startLocal(t)
	scheduler := subscribe(t, l.master.Address())
	scheduler.next(schedulerpb.Event_OFFERS)
	group := func() *httpapi.MetricGroup {
		t.Helper()
		groups := l.master.frameworkMetrics(t.Context())
		if len(groups) != 1 || len(groups[0].Metrics()) < 60 {
			t.Fatalf("there are %d groups, of %d metrics", len(groups), len(groups[0].Metrics()))
		}
		return groups[0]
	}
	first := group()
	if group() != first {
		t.Error("nothing has changed, and the metrics are made again")
	}
	value := func(of *httpapi.MetricGroup, name string) float64 {
		for _, m := range of.Metrics() {
			if m.Name == of.Prefix+name {
				return m.Value
			}
		}
		t.Fatalf("there is no metric %s%s", of.Prefix, name)
		return 0
	}
	before := value(first, "calls/suppress")
	scheduler.call(&schedulerpb.Call{Type: schedulerpb.Call_SUPPRESS.Enum()})
	if got := value(group(), "calls/suppress"); got != before+1 {
		t.Errorf("calls/suppress was %v and is %v", before, got)
	}
}
