package daemon

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// explainPatience is how long the allocator may take to come to an explanation.
const explainPatience = 10 * time.Second

// Explain asks the policy between two batches of its loop.
func (h *here) Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) (list []allocation.Explanation, err error) {
	policy, ok := h.policy.Policy.(allocation.Explainer)
	if !ok {
		return nil, mesos.Errorf(mesos.Unsupported, "explain: the allocation policy can't say why")
	}
	if !h.loop.Inspect(ctx, func() { list, err = policy.Explain(framework, role, agent) }) {
		return nil, mesos.Errorf(mesos.Unavailable, "explain: the allocator did not answer: %w", context.Cause(ctx))
	}
	return list, err
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
