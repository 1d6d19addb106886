package exec

import (
	"fmt"
	"sort"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// maxAgentsShown is how many agents an explanation names.
const maxAgentsShown = 5

// free is what an agent has left.
type free struct {
	name        string
	free, total resources.Resources
	enough      bool
}

// explain says what was asked and what the cluster has: first in sum, then the
// agents that have most cpus free.
func explain(asked resources.Resources, constraints []Constraint, waited time.Duration, agents []*masterpb.Response_GetAgents_Agent) []string {
	sentences := []string{fmt.Sprintf("still waiting after %s for an offer with %s", waited, asked)}
	var rooms []free
	unsuitable := 0
	for _, agent := range agents {
		if !agent.GetActive() {
			continue
		}
		if info := agent.GetAgentInfo(); !suits(constraints, info.GetHostname(), info.GetAttributes()) {
			unsuitable++
			continue
		}
		total, err := convert.Resources(agent.GetTotalResources())
		if err != nil {
			continue
		}
		used, err := convert.Resources(agent.GetAllocatedResources())
		if err != nil {
			continue
		}
		total = total.Unallocate()
		r := free{name: agent.GetAgentInfo().GetHostname(), free: total.Sub(used.Unallocate()), total: total}
		r.enough = total.ToUnreserved().Contains(asked)
		rooms = append(rooms, r)
	}
	if unsuitable > 0 {
		sentences = append(sentences, fmt.Sprintf("%d of %d agents are not as --constraint says", unsuitable, len(agents)))
	}
	switch enough := 0; {
	case len(rooms) == 0 && unsuitable > 0:
		return sentences
	case len(agents) == 0:
		return append(sentences, "the cluster has no agent: start one, or wait for one to register")
	case len(rooms) == 0:
		return append(sentences, fmt.Sprintf("no agent of the cluster is active (%d known)", len(agents)))
	default:
		for _, r := range rooms {
			if r.enough {
				enough++
			}
		}
		if enough == 0 {
			sentences = append(sentences, fmt.Sprintf("no agent of the cluster is that large (%d active):", len(rooms)))
		} else {
			sentences = append(sentences, fmt.Sprintf("%d of %d active agents are large enough, but busy or offered to others:",
				enough, len(rooms)))
		}
	}
	sort.SliceStable(rooms, func(i, j int) bool { return rooms[i].free.Cpus() > rooms[j].free.Cpus() })
	for _, r := range rooms[:min(len(rooms), maxAgentsShown)] {
		sentences = append(sentences, fmt.Sprintf("  %s: %s free of %s", r.name, r.free, r.total))
	}
	if more := len(rooms) - maxAgentsShown; more > 0 {
		sentences = append(sentences, fmt.Sprintf("  and %d more", more))
	}
	return sentences
}
