package allocator

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// withheld is what one rule keeps back of one agent.
type withheld struct {
	rule             string
	kept             resources.Quantities
	sentence, advice string
}

// Explain says why a framework is or isn't offered resources: in a role, or in
// all that it is subscribed to if role is "", of an agent, or of all agents if
// agent is "". It changes nothing. An error is of kind mesos.NotFound: the
// framework, the role or the agent isn't known.
func (al *Allocator) Explain(framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error) {
	f, ok := al.frameworkIDs[framework]
	if !ok {
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not known", framework)
	}
	asked := int32(-1)
	if agent != "" {
		if asked, ok = al.agentIDs[agent]; !ok {
			return nil, mesos.Errorf(mesos.NotFound, "explain: agent %s is not known", agent)
		}
	}
	var list []allocation.Explanation
	for _, c := range al.clientsByRole(f) {
		cl := &al.clients[c]
		if role != "" && cl.role != role || role == "" && !cl.subscribed {
			continue
		}
		x := explaining{al: al, c: c}
		x.Framework, x.Role = framework, cl.role
		for i, a := range al.agents {
			if a.known && (asked < 0 || asked == int32(i)) {
				x.agent(a)
			}
		}
		x.client()
		list = append(list, x.Explanation)
	}
	if len(list) == 0 {
		if role == "" {
			return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to any role", framework)
		}
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to role %s", framework, role)
	}
	return list, nil
}

// clientsByRole is a framework's clients in the order of their roles.
func (al *Allocator) clientsByRole(f int32) []int32 {
	list := slices.Clone(al.frameworks[f].clients)
	slices.SortFunc(list, func(x, y int32) int { return strings.Compare(al.clients[x].role, al.clients[y].role) })
	return list
}

// explaining is an explanation in the making.
type explaining struct {
	allocation.Explanation
	al *Allocator
	c  int32
}

// agent adds up what each rule keeps back of an agent.
func (x *explaining) agent(a *agent) {
	x.Agents++
	cl := &x.al.clients[x.c]
	if at, holds := a.findHolding(x.c); holds {
		add(&x.Held, a.held[at].whole().held.Quantities())
	}
	if taken := x.al.whyTaken(a, x.c); taken.rule != "" {
		x.keep(a, taken)
	}
	if a.free.IsEmpty() {
		return
	}
	p := proposal{agent: a, id: x.c, client: cl, offer: a.free}
	if gate := whyNotOffered(a); gate.rule != "" {
		x.keep(a, gate)
		return
	}
	reasons, allowed := x.al.judge(&p)
	for _, r := range reasons {
		x.keep(a, r)
	}
	if allowed {
		add(&x.Offerable, p.offer.Quantities())
	}
}

// judge asks all rules about a proposal and says what they keep back. It reports
// whether something is left to offer.
func (al *Allocator) judge(p *proposal) (reasons []withheld, allowed bool) {
	if al.headroom.kept() && !al.pass.guaranteesOnly {
		first := *p
		al.pass.guaranteesOnly = true
		reasons, allowed = al.judge(&first)
		al.pass.guaranteesOnly = false
		if allowed {
			*p = first
			return reasons, true
		}
		reasons = nil
	}
	for r := range rules {
		before := p.offer
		if !rules[r].allows(al, p) {
			return append(reasons, rules[r].why(al, p, before)...), false
		}
		if kept := before.Sub(p.offer); !kept.IsEmpty() {
			reasons = append(reasons, rules[r].why(al, p, kept)...)
		}
	}
	return reasons, true
}

// client adds what holds for the framework as a whole, whatever the agent: it
// keeps back all that would be offered otherwise.
func (x *explaining) client() {
	why := x.al.whyInactive(x.c)
	if why.rule == "" {
		return
	}
	x.Reasons = slices.Insert(x.Reasons, 0, allocation.Reason{
		Rule: why.rule, Amount: x.Offerable, Sentence: why.sentence, Advice: why.advice,
	})
	x.Offerable = allocation.Amount{}
}

// keep adds what a rule keeps back of an agent.
func (x *explaining) keep(a *agent, w withheld) {
	at := slices.IndexFunc(x.Reasons, func(r allocation.Reason) bool { return r.Rule == w.rule })
	if at < 0 {
		at = len(x.Reasons)
		for at > 0 && rank(x.Reasons[at-1].Rule) > rank(w.rule) {
			at--
		}
		x.Reasons = slices.Insert(x.Reasons, at, allocation.Reason{
			Rule: w.rule, Example: a.info.ID, Sentence: w.sentence, Advice: w.advice,
		})
	}
	add(&x.Reasons[at].Amount, w.kept)
}

func add(to *allocation.Amount, amount resources.Quantities) {
	to.Agents++
	to.Resources = to.Resources.Add(amount)
}
