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

// explainSlice is how many agents an inquiry looks at before the allocator goes on.
const explainSlice = 256

// inquiry is an allocation.Inquiry. The framework, its roles and the agents may
// come and go between two slices, so they are known by name.
type inquiry struct {
	al        *Allocator
	framework mesos.FrameworkID
	agent     mesos.AgentID // "" is all
	next      int           // the slot of the next agent
	roles     []*explaining
}

// Inquire begins an explanation. See allocation.Explainer.
func (al *Allocator) Inquire(framework mesos.FrameworkID, role string, agent mesos.AgentID) (allocation.Inquiry, error) {
	f, ok := al.frameworkIDs[framework]
	if !ok {
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not known", framework)
	}
	if _, ok := al.agentIDs[agent]; agent != "" && !ok {
		return nil, mesos.Errorf(mesos.NotFound, "explain: agent %s is not known", agent)
	}
	in := &inquiry{al: al, framework: framework, agent: agent}
	for _, c := range al.clientsByRole(f) {
		if cl := &al.clients[c]; cl.role == role || role == "" && cl.subscribed {
			x := &explaining{al: al}
			x.Framework, x.Role = framework, cl.role
			in.roles = append(in.roles, x)
		}
	}
	switch {
	case len(in.roles) > 0:
		return in, nil
	case role == "":
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to any role", framework)
	}
	return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to role %s", framework, role)
}

// Next looks at some more agents. See allocation.Inquiry.
func (in *inquiry) Next() (done bool, err error) {
	if err := in.findClients(); err != nil {
		return false, err
	}
	al := in.al
	if in.agent != "" {
		if i, known := al.agentIDs[in.agent]; known {
			in.look(al.agents[i])
		}
		in.next = len(al.agents)
	}
	for end := in.next + max(1, explainSlice/len(in.roles)); in.next < min(end, len(al.agents)); in.next++ {
		if a := al.agents[in.next]; a.known {
			in.look(a)
		}
	}
	if in.next < len(al.agents) {
		return false, nil
	}
	for _, x := range in.roles {
		x.client()
	}
	return true, nil
}

// findClients finds the framework in its roles again.
func (in *inquiry) findClients() error {
	f, ok := in.al.frameworkIDs[in.framework]
	if !ok {
		return mesos.Errorf(mesos.NotFound, "explain: framework %s is gone meanwhile", in.framework)
	}
	for _, x := range in.roles {
		if x.c = in.al.clientOf(f, x.Role); x.c < 0 {
			return mesos.Errorf(mesos.NotFound, "explain: framework %s has left role %s meanwhile", in.framework, x.Role)
		}
	}
	return nil
}

func (in *inquiry) look(a *agent) {
	for _, x := range in.roles {
		x.agent(a)
	}
}

// Explanations are what came of it. See allocation.Inquiry.
func (in *inquiry) Explanations() []allocation.Explanation {
	list := make([]allocation.Explanation, len(in.roles))
	for i, x := range in.roles {
		list[i] = x.Explanation
	}
	return list
}

// Explain answers an inquiry at once.
func (al *Allocator) Explain(framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error) {
	return allocation.Explain(al, framework, role, agent, func(do func()) bool { do(); return true })
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
