package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Explainer is an allocator that says why a framework is or isn't offered
// resources: in a role, or in all of its roles if role is "", of an agent, or of
// all agents if agent is "". An error of kind mesos.NotFound means that it does
// not know one of them, one of kind mesos.Unsupported that it can't say.
type Explainer interface {
	Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error)
}

// explain serves GET /mesosctl/explain?framework=ID&role=ROLE&agent=ID, an
// endpoint of this project's own: an allocation.Report. role and agent may be
// left out.
func (m *Master) explain(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	query := r.URL.Query()
	report, err := m.report(r.Context(), mesos.FrameworkID(query.Get("framework")), query.Get("role"), mesos.AgentID(query.Get("agent")))
	if err != nil {
		refuse(w, err)
		return
	}
	body, err := json.Marshal(report)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) //nolint:errcheck // the client is gone
}

// report joins what the view knows of a framework with what the allocator says.
func (m *Master) report(ctx context.Context, id mesos.FrameworkID, role string, agent mesos.AgentID) (*allocation.Report, error) {
	if id == "" {
		return nil, mesos.Errorf(mesos.Invalid, "explain: name a framework, as in ?framework=ID")
	}
	s := m.snapshot(ctx)
	f, err := s.runningFramework(id)
	if err != nil {
		return nil, err
	}
	if agent != "" && !slices.ContainsFunc(s.agents, func(a *agentRecord) bool { return a.id() == agent }) {
		if slices.ContainsFunc(s.recovered, func(a *agentRecord) bool { return a.id() == agent }) {
			return nil, mesos.Errorf(mesos.NotFound, "explain: agent %s has not come back since this master leads", agent)
		}
		return nil, mesos.Errorf(mesos.NotFound, "explain: there is no agent %s", agent)
	}
	roles := rolesOf(f.framework.GetFrameworkInfo())
	if role != "" && !slices.Contains(roles, role) {
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s is not subscribed to role %q; its roles: %s",
			id, role, cmp.Or(strings.Join(roles, ", "), "none"))
	}
	report := &allocation.Report{
		Framework: id, Name: f.framework.GetFrameworkInfo().GetName(),
		Connected: f.framework.GetConnected(), Active: f.framework.GetActive(),
		Agents: len(s.agents), Roles: []allocation.Explanation{},
	}
	if err := f.outstanding(&report.Offers, role, agent, time.Now()); err != nil {
		return nil, err
	}
	report.Reasons = s.ownReasons(report, roles)
	if len(roles) == 0 {
		return report, nil
	}
	explained, err := m.Explainer.Explain(ctx, id, role, agent)
	if err != nil {
		return nil, err
	}
	for _, e := range explained {
		if e.Reasons == nil {
			e.Reasons = []allocation.Reason{}
		}
		report.Roles = append(report.Roles, e)
	}
	return report, nil
}

func (s *masterSnapshot) runningFramework(id mesos.FrameworkID) (*frameworkSnapshot, error) {
	is := func(f frameworkSnapshot) bool { return f.framework.GetFrameworkInfo().GetId().GetValue() == string(id) }
	if at := slices.IndexFunc(s.frameworks, is); at >= 0 {
		return &s.frameworks[at], nil
	}
	if slices.ContainsFunc(s.completed, is) {
		return nil, mesos.Errorf(mesos.NotFound, "explain: framework %s has ended, and is offered nothing any more", id)
	}
	return nil, mesos.Errorf(mesos.NotFound, "explain: there is no framework %s", id)
}

func (r *agentRecord) id() mesos.AgentID { return mesos.AgentID(r.info.GetId().GetValue()) }

// outstanding adds up the offers, of a role and an agent if these are named,
// that a framework has not answered.
func (f *frameworkSnapshot) outstanding(o *allocation.Outstanding, role string, agent mesos.AgentID, now time.Time) error {
	agents := map[string]bool{}
	for _, record := range f.offers {
		on := record.offer.GetAgentId().GetValue()
		if role != "" && offerRole(record.offer) != role || agent != "" && on != string(agent) {
			continue
		}
		offered, err := convert.Resources(record.offer.GetResources())
		if err != nil {
			return fmt.Errorf("explain: offer %s: %w", record.offer.GetId().GetValue(), err)
		}
		agents[on] = true
		o.Offers++
		o.Resources = o.Resources.Add(offered.Quantities())
		o.OldestSeconds = max(o.OldestSeconds, now.Sub(record.since).Seconds())
	}
	o.Agents = len(agents)
	return nil
}

func offerRole(offer *mesospb.Offer) string { return offer.GetAllocationInfo().GetRole() }

// ownReasons is what the master can say without its allocator.
func (s *masterSnapshot) ownReasons(report *allocation.Report, roles []string) []allocation.Reason {
	list := []allocation.Reason{}
	add := func(rule, sentence, advice string, amount allocation.Amount) {
		list = append(list, allocation.Reason{Rule: rule, Sentence: sentence, Advice: advice, Amount: amount})
	}
	if len(roles) == 0 {
		add(allocation.RuleNoRole, "the framework is subscribed to no role", "let its scheduler subscribe to a role (FrameworkInfo.roles)", allocation.Amount{})
	}
	if n := len(s.recovered); n > 0 {
		add(allocation.RuleRecovering, mesos.Count(n, "agent")+" known to the master "+has(n)+" not come back since it leads",
			"wait for them, or see why they can't reach the master", allocation.Amount{Agents: n})
	} else if report.Agents == 0 {
		add(allocation.RuleNoAgents, "no agents are registered, so there is nothing to offer",
			"start one: mesosctl agent --master=HOST:PORT", allocation.Amount{})
	}
	if o := report.Offers; o.Offers > 0 {
		add(allocation.RuleUnanswered, fmt.Sprintf("%s of %s (%s) %s not been answered, the oldest for %v",
			mesos.Count(o.Offers, "offer"), mesos.Count(o.Agents, "agent"), quantityText(o.Resources), has(o.Offers),
			time.Duration(o.OldestSeconds*float64(time.Second)).Round(time.Second)),
			"let the scheduler accept or decline them; --offer_timeout of the master takes them back", o.Amount)
	}
	return list
}

func quantityText(q resources.Quantities) string {
	if q.IsEmpty() {
		return "nothing countable"
	}
	return q.String()
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
