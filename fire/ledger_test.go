//go:build linux

package fire

import (
	"sync"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ledger is what somebody outside the cluster sees of all frameworks: what they
// were offered and what their tasks use. Together it is never more than an agent has.
type ledger struct {
	t      *testing.T
	mu     sync.Mutex
	claims map[string]claim // by offer or task
	offers int
}

// claim is the cpus of an agent that somebody was offered, or uses.
type claim struct {
	agent string
	cpus  float64
}

func cpusOf(list []*mesospb.Resource) (cpus float64) {
	for _, r := range list {
		if r.GetName() == "cpus" {
			cpus += r.GetScalar().GetValue()
		}
	}
	return cpus
}

// offered checks an offer against all that is known. What schedulers know is a
// little late: an offer may come before the news that another was taken back, or
// that a task ended. So what looks wrong is looked at again.
func (l *ledger) offered(o *mesospb.Offer) {
	id := o.GetId().GetValue()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offers++
	l.claims[id] = claim{o.GetAgentId().GetValue(), cpusOf(o.GetResources())}
	if l.excess(id) > 0 {
		time.AfterFunc(5*time.Second, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if over := l.excess(id); over > 0 {
				l.t.Errorf("offer %s: %v cpus of agent %s are offered or used twice: %v", id, over, l.claims[id].agent, l.claims)
			}
		})
	}
}

// excess is by how much the claims on the agent of an offer exceed it.
func (l *ledger) excess(offer string) float64 {
	c, there := l.claims[offer]
	if !there {
		return 0
	}
	sum := 0.0
	for _, other := range l.claims {
		if other.agent == c.agent {
			sum += other.cpus
		}
	}
	return max(0, sum-agentCPUs-1e-6)
}

func (l *ledger) claim(id, agent string, cpus float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims[id] = claim{agent, cpus}
}

func (l *ledger) release(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.claims, id)
	}
}
