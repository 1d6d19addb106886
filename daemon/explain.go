package daemon

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// explainPatience is how long the allocator may take to come to an explanation.
const explainPatience = 10 * time.Second

// Explain asks the policy between batches of its loop.
func (h *here) Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error) {
	policy, ok := h.policy.Policy.(allocation.Explainer)
	if !ok {
		return nil, mesos.Errorf(mesos.Unsupported, "explain: the allocation policy can't say why")
	}
	return allocation.Explain(policy, framework, role, agent, func(do func()) bool { return h.loop.Inspect(ctx, do) })
}

// explainerAPI hands questions to the term that is under way.
type explainerAPI struct{ *Master }

func (e explainerAPI) Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error) {
	t := e.term.Load()
	if t == nil {
		return nil, errDeposed
	}
	ctx, cancel := context.WithTimeout(ctx, explainPatience)
	defer cancel()
	return t.alloc.Explain(ctx, framework, role, agent)
}
