package remote

import (
	"math"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A decoder turns messages into what they mean. It keeps the first thing that
// is wrong, of kind mesos.Invalid; what it returns after that means nothing.
type decoder struct{ err error }

func (d *decoder) wrong(field string, err error) {
	if d.err == nil && err != nil {
		d.err = mesos.Errorf(mesos.Invalid, "%s: %w", field, err)
	}
}

// decodeInput is the input of a message.
func decodeInput(m *allocationpb.Input) (allocation.Input, error) {
	var d decoder
	in := d.input(m)
	if d.err != nil {
		return nil, d.err
	}
	return in, nil
}

func (d *decoder) input(m *allocationpb.Input) allocation.Input {
	switch m := m.GetInput().(type) {
	case *allocationpb.Input_AddFramework:
		return allocation.AddFramework{
			Framework: d.framework(m.AddFramework.GetFramework()), Active: m.AddFramework.GetActive(), Used: d.grants(m.AddFramework.GetUsed()),
		}
	case *allocationpb.Input_UpdateFramework:
		return allocation.UpdateFramework{Framework: d.framework(m.UpdateFramework)}
	case *allocationpb.Input_RemoveFramework:
		return allocation.RemoveFramework{ID: d.frameworkID(m.RemoveFramework)}
	case *allocationpb.Input_ActivateFramework:
		return allocation.ActivateFramework{ID: d.frameworkID(m.ActivateFramework)}
	case *allocationpb.Input_DeactivateFramework:
		return allocation.DeactivateFramework{ID: d.frameworkID(m.DeactivateFramework)}
	case *allocationpb.Input_AddAgent:
		return allocation.AddAgent{Agent: d.agent(m.AddAgent.GetAgent()), Used: d.grants(m.AddAgent.GetUsed())}
	case *allocationpb.Input_UpdateAgent:
		return allocation.UpdateAgent{Agent: d.agent(m.UpdateAgent)}
	case *allocationpb.Input_RemoveAgent:
		return allocation.RemoveAgent{ID: d.agentID(m.RemoveAgent)}
	case *allocationpb.Input_ActivateAgent:
		return allocation.ActivateAgent{ID: d.agentID(m.ActivateAgent)}
	case *allocationpb.Input_DeactivateAgent:
		return allocation.DeactivateAgent{ID: d.agentID(m.DeactivateAgent)}
	case *allocationpb.Input_Recover:
		return allocation.Recover{
			Grant: d.grant(m.Recover.GetGrant()), Refuse: d.duration(m.Recover.GetRefuseNanoseconds()), Declined: m.Recover.GetDeclined(),
		}
	case *allocationpb.Input_Hold:
		return allocation.Hold{Grant: d.grant(m.Hold)}
	case *allocationpb.Input_RequestResources:
		return d.requests(m.RequestResources)
	case *allocationpb.Input_UpdateAllocation:
		return allocation.UpdateAllocation{
			Grant: d.grant(m.UpdateAllocation.GetGrant()), Converted: d.resources("converted", m.UpdateAllocation.GetConverted()),
		}
	case *allocationpb.Input_Revive:
		return allocation.Revive{ID: d.frameworkID(m.Revive.GetFrameworkId()), Roles: d.roles(m.Revive.GetRoles())}
	case *allocationpb.Input_Suppress:
		return allocation.Suppress{ID: d.frameworkID(m.Suppress.GetFrameworkId()), Roles: d.roles(m.Suppress.GetRoles())}
	case *allocationpb.Input_UpdateWeights:
		return allocation.UpdateWeights{Weights: d.weights(m.UpdateWeights)}
	case *allocationpb.Input_UpdateQuota:
		return d.quota(m.UpdateQuota)
	case *allocationpb.Input_UpdateUnavailability:
		return allocation.UpdateUnavailability{
			ID: d.agentID(m.UpdateUnavailability.GetAgentId()), Unavailability: d.unavailability(m.UpdateUnavailability.GetUnavailability()),
		}
	case *allocationpb.Input_InverseOfferAnswered:
		return allocation.InverseOfferAnswered{
			Framework: d.frameworkID(m.InverseOfferAnswered.GetFrameworkId()), Agent: d.agentID(m.InverseOfferAnswered.GetAgentId()),
			Accepted: m.InverseOfferAnswered.GetAccepted(), Refuse: d.duration(m.InverseOfferAnswered.GetRefuseNanoseconds()),
			Withdrawn: m.InverseOfferAnswered.GetWithdrawn(),
		}
	case *allocationpb.Input_UpdateWhitelist:
		return allocation.UpdateWhitelist{Hostnames: whitelist(m.UpdateWhitelist)}
	}
	d.wrong("input", mesos.Errorf(mesos.Invalid, "it is of no kind that this version knows"))
	return nil
}

func (d *decoder) framework(m *allocationpb.Framework) *allocation.Framework {
	f := &allocation.Framework{
		ID:           d.frameworkID(m.GetId()),
		Principal:    m.GetPrincipal(),
		Roles:        d.roles(m.GetRoles()),
		Suppressed:   d.roles(m.GetSuppressedRoles()),
		Capabilities: d.capabilities(m.GetCapabilities()),
		Domain:       convert.Domain(m.GetDomain()),
	}
	if len(f.Roles) == 0 {
		d.wrong("framework", mesos.Errorf(mesos.Invalid, "it has no roles"))
	}
	for _, minimum := range m.GetMinAllocatable() {
		if f.MinAllocatable == nil {
			f.MinAllocatable = make(map[string][]resources.Quantities)
		}
		anyOf := make([]resources.Quantities, len(minimum.GetAnyOf()))
		for i, q := range minimum.GetAnyOf() {
			anyOf[i] = d.quantities("min_allocatable", q)
		}
		f.MinAllocatable[minimum.GetRole()] = anyOf
	}
	var err error
	f.Constraints, err = convert.OfferConstraints(m.GetOfferConstraints(), f.Roles, acceptedRegexes)
	d.wrong("framework", err)
	return f
}

// acceptedRegexes bound regular expressions that a master accepted: it has its
// own limits, which may be wider than the usual.
var acceptedRegexes = convert.RegexLimits{Program: 1 << 16, Memory: mesos.Megabyte}

func (d *decoder) agent(m *allocationpb.Agent) *allocation.Agent {
	attributes, err := convert.Attributes(m.GetAttributes())
	d.wrong("agent: attributes", err)
	return &allocation.Agent{
		ID:             d.agentID(m.GetId()),
		Hostname:       m.GetHostname(),
		Attributes:     attributes,
		Domain:         convert.Domain(m.GetDomain()),
		Capabilities:   d.capabilities(m.GetCapabilities()),
		Total:          d.resources("agent: total", m.GetTotal()),
		Unavailability: d.unavailability(m.GetUnavailability()),
	}
}

// capabilities leaves out those that this version does not know.
func (d *decoder) capabilities(list []allocationpb.Capability) (bits allocation.Capability) {
	for _, c := range capabilities {
		if slices.Contains(list, c.wire) {
			bits |= c.bit
		}
	}
	return bits
}

func (d *decoder) resources(field string, list []*mesospb.Resource) resources.Resources {
	rs, err := convert.Resources(list)
	d.wrong(field, err)
	return rs
}

func (d *decoder) grants(list []*allocationpb.Grant) (grants []allocation.Grant) {
	for _, m := range list {
		grants = append(grants, d.grant(m))
	}
	return grants
}

func (d *decoder) grant(m *allocationpb.Grant) allocation.Grant {
	return allocation.Grant{
		Framework: d.frameworkID(m.GetFrameworkId()), Agent: d.agentID(m.GetAgentId()),
		Resources: d.resources("grant", m.GetResources()),
	}
}

func (d *decoder) requests(m *allocationpb.RequestResources) allocation.RequestResources {
	in := allocation.RequestResources{ID: d.frameworkID(m.GetFrameworkId())}
	for _, r := range m.GetRequests() {
		request := allocation.Request{Resources: d.resources("request", r.GetResources())}
		if r.AgentId != nil {
			request.Agent = d.agentID(r.AgentId)
		}
		in.Requests = append(in.Requests, request)
	}
	return in
}

func (d *decoder) roles(roles []string) []string {
	for _, role := range roles {
		d.wrong("role", mesos.ValidateRole(role))
	}
	slices.Sort(roles)
	return roles
}

func (d *decoder) quantities(field string, m *allocationpb.Quantities) resources.Quantities {
	list := make([]resources.Quantity, len(m.GetQuantities()))
	for i, q := range m.GetQuantities() {
		list[i] = resources.Quantity{Name: q.GetName(), Amount: d.amount(field, q)}
	}
	return resources.NewQuantities(list...)
}

// maxThousandths keeps sums of amounts from overflowing.
const maxThousandths = math.MaxInt64 / 1_000_000

func (d *decoder) amount(field string, q *allocationpb.Quantity) resources.Scalar {
	if n := q.GetThousandths(); n < 0 || n > maxThousandths {
		d.wrong(field, mesos.Errorf(mesos.Invalid, "%s: %d thousandths are no amount of a resource", q.GetName(), n))
	}
	return resources.Scalar(q.GetThousandths())
}

func (d *decoder) weights(m *allocationpb.UpdateWeights) map[string]float64 {
	weights := make(map[string]float64, len(m.GetWeights()))
	for _, w := range m.GetWeights() {
		d.wrong("weights", mesos.ValidateRole(w.GetRole()))
		if value := w.GetWeight(); !(value > 0) || math.IsInf(value, 0) {
			d.wrong("weights", mesos.Errorf(mesos.Invalid, "role %s: %v is not a weight", w.GetRole(), value))
		}
		weights[w.GetRole()] = w.GetWeight()
	}
	return weights
}

func (d *decoder) quota(m *allocationpb.UpdateQuota) allocation.UpdateQuota {
	d.wrong("quota", mesos.ValidateRole(m.GetRole()))
	in := allocation.UpdateQuota{Role: m.GetRole(), Quota: allocation.Quota{Guarantees: d.quantities("quota: guarantees", m.GetGuarantees())}}
	for _, limit := range m.GetLimits().GetQuantities() {
		if in.Quota.Limits == nil {
			in.Quota.Limits = make(map[string]resources.Scalar)
		}
		in.Quota.Limits[limit.GetName()] = d.amount("quota: limits", limit)
	}
	return in
}

func whitelist(m *allocationpb.UpdateWhitelist) map[string]bool {
	if m.GetWhitelist() == nil {
		return nil
	}
	hostnames := make(map[string]bool, len(m.Whitelist.GetHostnames()))
	for _, hostname := range m.Whitelist.GetHostnames() {
		hostnames[hostname] = true
	}
	return hostnames
}

func (d *decoder) unavailability(m *mesospb.Unavailability) *allocation.Unavailability {
	if m == nil {
		return nil
	}
	return &allocation.Unavailability{
		Start:    time.Unix(0, m.GetStart().GetNanoseconds()).UTC(),
		Duration: d.duration(m.GetDuration().GetNanoseconds()),
	}
}

func (d *decoder) duration(n int64) time.Duration {
	if n < 0 {
		d.wrong("duration", mesos.Errorf(mesos.Invalid, "%d ns is less than nothing", n))
	}
	return time.Duration(n)
}

func (d *decoder) frameworkID(m *mesospb.FrameworkID) mesos.FrameworkID {
	id := mesos.FrameworkID(m.GetValue())
	d.wrong("framework ID", mesos.ValidateID(id))
	return id
}

func (d *decoder) agentID(m *mesospb.AgentID) mesos.AgentID {
	id := mesos.AgentID(m.GetValue())
	d.wrong("agent ID", mesos.ValidateID(id))
	return id
}

// decodeOutput is the output of a message.
func decodeOutput(m *allocationpb.Output) (allocation.Output, error) {
	var d decoder
	out := d.output(m)
	if d.err != nil {
		return nil, d.err
	}
	return out, nil
}

func (d *decoder) output(m *allocationpb.Output) allocation.Output {
	switch m := m.GetOutput().(type) {
	case *allocationpb.Output_OffersReady:
		out := allocation.OffersReady{Framework: d.frameworkID(m.OffersReady.GetFrameworkId())}
		for _, o := range m.OffersReady.GetOffers() {
			out.Offers = append(out.Offers, d.offered(o))
		}
		return out
	case *allocationpb.Output_InverseOffersReady:
		out := allocation.InverseOffersReady{Framework: d.frameworkID(m.InverseOffersReady.GetFrameworkId())}
		for _, o := range m.InverseOffersReady.GetAgents() {
			inverse := allocation.InverseOffered{Agent: d.agentID(o.GetAgentId()), Resources: d.resources("inverse offer", o.GetResources())}
			if u := d.unavailability(o.GetUnavailability()); u != nil {
				inverse.Unavailability = *u
			}
			out.Agents = append(out.Agents, inverse)
		}
		return out
	case *allocationpb.Output_Refused:
		return allocation.Refused{Err: mesos.Errorf(mesos.Invalid, "%s", m.Refused.GetMessage())}
	}
	d.wrong("output", mesos.Errorf(mesos.Invalid, "it is of no kind that this version knows"))
	return nil
}

func (d *decoder) offered(m *allocationpb.Offered) allocation.Offered {
	o := allocation.Offered{
		Agent: d.agentID(m.GetAgentId()), Role: m.GetRole(), Resources: d.resources("offer", m.GetResources()),
	}
	if roles := o.Resources.AllocationRoles(); len(roles) != 1 || roles[0] != o.Role {
		d.wrong("offer", mesos.Errorf(mesos.Invalid, "agent %s: for role %q, but its resources are allocated to %q", o.Agent, o.Role, roles))
	}
	return o
}
