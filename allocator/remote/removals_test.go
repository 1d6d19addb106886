package remote

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// offered is what is left of offers of agents A and B, decided after the
// allocator had taken the Inputs of a sequence.
func offered(s *session, taken uint64) (agents string) {
	for _, out := range s.current([]allocation.Output{
		allocation.OffersReady{Framework: "F", Offers: []allocation.Offered{{Agent: "A"}, {Agent: "B"}}},
		allocation.OffersReady{Framework: "G", Offers: []allocation.Offered{{Agent: "A"}}},
	}, taken) {
		for _, o := range out.(allocation.OffersReady).Offers {
			agents += string(out.(allocation.OffersReady).Framework) + string(o.Agent) + " "
		}
	}
	return agents
}

func TestOffersOfAnAgentFromBeforeItsRemovalAreVoid(t *testing.T) {
	s := newSession(1, nil, nil)
	const all, onlyB = "FA FB GA ", "FB "
	if got := offered(s, 1); got != all {
		t.Errorf("nothing was removed: %q", got)
	}
	gone := []allocation.Input{allocation.RemoveAgent{ID: "A"}, allocation.AddAgent{Agent: &allocation.Agent{ID: "A"}}}
	s.put(gone)
	s.put(gone) // and once more
	if got := offered(s, 9); got != onlyB {
		t.Errorf("the removal is not sent yet: %q", got)
	}
	s.removed.send(gone, 2)
	if got := offered(s, 2); got != onlyB {
		t.Errorf("the second removal is not sent yet: %q", got)
	}
	s.removed.send(gone, 3)
	if got := offered(s, 2); got != onlyB {
		t.Errorf("the allocator has not learned of the second removal: %q", got)
	}
	if got := offered(s, 3); got != all {
		t.Errorf("the allocator has learned of it: %q", got)
	}
	if s.removed.has(mesos.AgentID("A")) {
		t.Error("a removal that the allocator knows is remembered")
	}
}
