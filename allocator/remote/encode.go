package remote

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/allocationpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// encodeInput is the message of an input. A Tick has none: each side has its own
// clock. The error is about offer constraints that no message was made of.
func encodeInput(in allocation.Input) (*allocationpb.Input, error) {
	m := new(allocationpb.Input)
	switch in := in.(type) {
	case allocation.AddFramework:
		f, err := encodeFramework(in.Framework)
		if err != nil {
			return nil, err
		}
		m.Input = &allocationpb.Input_AddFramework{AddFramework: &allocationpb.AddFramework{
			Framework: f, Active: &in.Active, Used: encodeGrants(in.Used),
		}}
	case allocation.UpdateFramework:
		f, err := encodeFramework(in.Framework)
		if err != nil {
			return nil, err
		}
		m.Input = &allocationpb.Input_UpdateFramework{UpdateFramework: f}
	case allocation.RemoveFramework:
		m.Input = &allocationpb.Input_RemoveFramework{RemoveFramework: frameworkID(in.ID)}
	case allocation.ActivateFramework:
		m.Input = &allocationpb.Input_ActivateFramework{ActivateFramework: frameworkID(in.ID)}
	case allocation.DeactivateFramework:
		m.Input = &allocationpb.Input_DeactivateFramework{DeactivateFramework: frameworkID(in.ID)}
	case allocation.Revive:
		m.Input = &allocationpb.Input_Revive{Revive: &allocationpb.FrameworkRoles{FrameworkId: frameworkID(in.ID), Roles: in.Roles}}
	case allocation.RequestResources:
		m.Input = &allocationpb.Input_RequestResources{RequestResources: encodeRequests(in)}
	case allocation.Suppress:
		m.Input = &allocationpb.Input_Suppress{Suppress: &allocationpb.FrameworkRoles{FrameworkId: frameworkID(in.ID), Roles: in.Roles}}
	default:
		encodeOtherInput(m, in)
	}
	return m, nil
}

// encodeOtherInput sets the message of an input that is not about a framework alone.
func encodeOtherInput(m *allocationpb.Input, in allocation.Input) {
	switch in := in.(type) {
	case allocation.AddAgent:
		m.Input = &allocationpb.Input_AddAgent{AddAgent: &allocationpb.AddAgent{Agent: encodeAgent(in.Agent), Used: encodeGrants(in.Used)}}
	case allocation.UpdateAgent:
		m.Input = &allocationpb.Input_UpdateAgent{UpdateAgent: encodeAgent(in.Agent)}
	case allocation.RemoveAgent:
		m.Input = &allocationpb.Input_RemoveAgent{RemoveAgent: agentID(in.ID)}
	case allocation.ActivateAgent:
		m.Input = &allocationpb.Input_ActivateAgent{ActivateAgent: agentID(in.ID)}
	case allocation.DeactivateAgent:
		m.Input = &allocationpb.Input_DeactivateAgent{DeactivateAgent: agentID(in.ID)}
	case allocation.Recover:
		m.Input = &allocationpb.Input_Recover{Recover: &allocationpb.Recover{
			Grant: encodeGrant(&in.Grant), RefuseNanoseconds: nanoseconds(in.Refuse), Declined: &in.Declined,
		}}
	case allocation.Hold:
		m.Input = &allocationpb.Input_Hold{Hold: encodeGrant(&in.Grant)}
	case allocation.UpdateAllocation:
		m.Input = &allocationpb.Input_UpdateAllocation{UpdateAllocation: &allocationpb.UpdateAllocation{
			Grant: encodeGrant(&in.Grant), Converted: encodeResources(in.Converted),
		}}
	case allocation.UpdateWeights:
		m.Input = &allocationpb.Input_UpdateWeights{UpdateWeights: encodeWeights(in.Weights)}
	case allocation.UpdateQuota:
		m.Input = &allocationpb.Input_UpdateQuota{UpdateQuota: encodeQuota(in)}
	case allocation.UpdateUnavailability:
		m.Input = &allocationpb.Input_UpdateUnavailability{UpdateUnavailability: &allocationpb.UpdateUnavailability{
			AgentId: agentID(in.ID), Unavailability: encodeUnavailability(in.Unavailability),
		}}
	case allocation.InverseOfferAnswered:
		m.Input = &allocationpb.Input_InverseOfferAnswered{InverseOfferAnswered: &allocationpb.InverseOfferAnswered{
			FrameworkId: frameworkID(in.Framework), AgentId: agentID(in.Agent), Accepted: &in.Accepted, RefuseNanoseconds: nanoseconds(in.Refuse),
			Withdrawn: ifTrue(in.Withdrawn),
		}}
	case allocation.UpdateWhitelist:
		m.Input = &allocationpb.Input_UpdateWhitelist{UpdateWhitelist: encodeWhitelist(in.Hostnames)}
	default:
		panic(fmt.Sprintf("remote: input %T has no message", in))
	}
}

func encodeFramework(f *allocation.Framework) (*allocationpb.Framework, error) {
	constraints, err := convert.OfferConstraintsToWire(f.Constraints)
	if err != nil {
		return nil, mesos.Errorf(mesos.KindOf(err), "framework %s: %w", f.ID, err)
	}
	m := &allocationpb.Framework{
		Id:               frameworkID(f.ID),
		Roles:            f.Roles,
		SuppressedRoles:  f.Suppressed,
		Capabilities:     encodeCapabilities(f.Capabilities),
		OfferConstraints: constraints,
		Domain:           convert.DomainToWire(f.Domain),
	}
	if f.Principal != "" {
		m.Principal = &f.Principal
	}
	for _, role := range slices.Sorted(maps.Keys(f.MinAllocatable)) {
		minimum := &allocationpb.RoleMinimum{Role: &role}
		for _, q := range f.MinAllocatable[role] {
			minimum.AnyOf = append(minimum.AnyOf, encodeQuantities(q))
		}
		m.MinAllocatable = append(m.MinAllocatable, minimum)
	}
	return m, nil
}

func encodeAgent(a *allocation.Agent) *allocationpb.Agent {
	return &allocationpb.Agent{
		Id:             agentID(a.ID),
		Hostname:       &a.Hostname,
		Attributes:     convert.AttributesToWire(a.Attributes),
		Domain:         convert.DomainToWire(a.Domain),
		Capabilities:   encodeCapabilities(a.Capabilities),
		Total:          encodeResources(a.Total),
		Unavailability: encodeUnavailability(a.Unavailability),
	}
}

// capabilities are the bits of allocation.Capability and their names on the wire.
var capabilities = []struct {
	bit  allocation.Capability
	wire allocationpb.Capability
}{
	{allocation.RevocableResources, allocationpb.Capability_REVOCABLE_RESOURCES},
	{allocation.GPUResources, allocationpb.Capability_GPU_RESOURCES},
	{allocation.SharedResources, allocationpb.Capability_SHARED_RESOURCES},
	{allocation.PartitionAware, allocationpb.Capability_PARTITION_AWARE},
	{allocation.MultiRole, allocationpb.Capability_MULTI_ROLE},
	{allocation.ReservationRefinement, allocationpb.Capability_RESERVATION_REFINEMENT},
	{allocation.RegionAware, allocationpb.Capability_REGION_AWARE},
}

func encodeCapabilities(bits allocation.Capability) (list []allocationpb.Capability) {
	for _, c := range capabilities {
		if bits&c.bit != 0 {
			list = append(list, c.wire)
		}
	}
	return list
}

// encodeResources is the messages of resources, one for each copy of what is shared.
func encodeResources(rs resources.Resources) []*mesospb.Resource {
	list := convert.ToWire(rs)
	i := 0
	for r := range rs.All() {
		if r.Shared {
			for range rs.Count(r) - 1 {
				list = append(list, list[i])
			}
		}
		i++
	}
	return list
}

func encodeGrants(grants []allocation.Grant) (list []*allocationpb.Grant) {
	for i := range grants {
		list = append(list, encodeGrant(&grants[i]))
	}
	return list
}

func encodeGrant(g *allocation.Grant) *allocationpb.Grant {
	return &allocationpb.Grant{
		FrameworkId: frameworkID(g.Framework), AgentId: agentID(g.Agent), Resources: encodeResources(g.Resources),
	}
}

func encodeRequests(in allocation.RequestResources) *allocationpb.RequestResources {
	m := &allocationpb.RequestResources{FrameworkId: frameworkID(in.ID)}
	for _, r := range in.Requests {
		request := &mesospb.Request{Resources: encodeResources(r.Resources)}
		if r.Agent != "" {
			request.AgentId = agentID(r.Agent)
		}
		m.Requests = append(m.Requests, request)
	}
	return m
}

func encodeQuantities(q resources.Quantities) *allocationpb.Quantities {
	m := new(allocationpb.Quantities)
	for name, amount := range q.All() {
		m.Quantities = append(m.Quantities, &allocationpb.Quantity{Name: &name, Thousandths: new(int64(amount))})
	}
	return m
}

func encodeWeights(weights map[string]float64) *allocationpb.UpdateWeights {
	m := new(allocationpb.UpdateWeights)
	for _, role := range slices.Sorted(maps.Keys(weights)) {
		m.Weights = append(m.Weights, &allocationpb.UpdateWeights_Weight{Role: &role, Weight: new(weights[role])})
	}
	return m
}

func encodeQuota(in allocation.UpdateQuota) *allocationpb.UpdateQuota {
	m := &allocationpb.UpdateQuota{Role: &in.Role}
	if !in.Quota.Guarantees.IsEmpty() {
		m.Guarantees = encodeQuantities(in.Quota.Guarantees)
	}
	if len(in.Quota.Limits) > 0 {
		m.Limits = new(allocationpb.Quantities)
		for _, name := range slices.Sorted(maps.Keys(in.Quota.Limits)) {
			m.Limits.Quantities = append(m.Limits.Quantities, &allocationpb.Quantity{
				Name: &name, Thousandths: new(int64(in.Quota.Limits[name])),
			})
		}
	}
	return m
}

func encodeWhitelist(hostnames map[string]bool) *allocationpb.UpdateWhitelist {
	if hostnames == nil {
		return new(allocationpb.UpdateWhitelist)
	}
	list := new(allocationpb.UpdateWhitelist_Whitelist)
	for _, hostname := range slices.Sorted(maps.Keys(hostnames)) {
		if hostnames[hostname] {
			list.Hostnames = append(list.Hostnames, hostname)
		}
	}
	return &allocationpb.UpdateWhitelist{Whitelist: list}
}

func encodeUnavailability(u *allocation.Unavailability) *mesospb.Unavailability {
	if u == nil {
		return nil
	}
	m := &mesospb.Unavailability{Start: &mesospb.TimeInfo{Nanoseconds: new(u.Start.UnixNano())}}
	if u.Duration > 0 {
		m.Duration = &mesospb.DurationInfo{Nanoseconds: new(int64(u.Duration))}
	}
	return m
}

// encodeOutput is the message of an output.
func encodeOutput(out allocation.Output) *allocationpb.Output {
	m := new(allocationpb.Output)
	switch out := out.(type) {
	case allocation.OffersReady:
		ready := &allocationpb.OffersReady{FrameworkId: frameworkID(out.Framework)}
		for i := range out.Offers {
			o := &out.Offers[i]
			ready.Offers = append(ready.Offers, &allocationpb.Offered{
				AgentId: agentID(o.Agent), Role: &o.Role, Resources: encodeResources(o.Resources),
			})
		}
		m.Output = &allocationpb.Output_OffersReady{OffersReady: ready}
	case allocation.InverseOffersReady:
		ready := &allocationpb.InverseOffersReady{FrameworkId: frameworkID(out.Framework)}
		for i := range out.Agents {
			o := &out.Agents[i]
			ready.Agents = append(ready.Agents, &allocationpb.InverseOffered{
				AgentId: agentID(o.Agent), Resources: encodeResources(o.Resources), Unavailability: encodeUnavailability(&o.Unavailability),
			})
		}
		m.Output = &allocationpb.Output_InverseOffersReady{InverseOffersReady: ready}
	case allocation.Refused:
		m.Output = &allocationpb.Output_Refused{Refused: &allocationpb.Refused{Message: new(out.Err.Error())}}
	default:
		panic(fmt.Sprintf("remote: output %T has no message", out))
	}
	return m
}

func frameworkID(id mesos.FrameworkID) *mesospb.FrameworkID {
	return &mesospb.FrameworkID{Value: new(string(id))}
}

func agentID(id mesos.AgentID) *mesospb.AgentID { return &mesospb.AgentID{Value: new(string(id))} }

// nanoseconds is nil for 0.
// ifTrue is a flag that old peers don't know, left out where they needn't.
func ifTrue(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

func nanoseconds(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	return new(int64(d))
}
