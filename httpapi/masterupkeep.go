package httpapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// UpkeepBackend takes machines and agents out of use, and back. Errors are
// answered with the status of their kind and their text.
type UpkeepBackend interface {
	UpdateMaintenanceSchedule(ctx context.Context, principal string, schedule *maintenancepb.Schedule) error
	StartMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error
	StopMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error
	// DrainAgent caps the grace periods of tasks unless maxGrace is nil.
	DrainAgent(ctx context.Context, principal string, agent mesos.AgentID, maxGrace *time.Duration, markGone bool) error
	DeactivateAgent(ctx context.Context, principal string, agent mesos.AgentID) error
	ReactivateAgent(ctx context.Context, principal string, agent mesos.AgentID) error
	MarkAgentGone(ctx context.Context, principal string, agent mesos.AgentID) error
}

// takeOut answers the calls about single agents; nil for others.
func (m *Master) takeOut(ctx context.Context, call *masterpb.Call) (answerer, error) {
	principal := principalOf(ctx)
	name := call.GetType().String()
	switch call.GetType() {
	case masterpb.Call_DRAIN_AGENT:
		if call.DrainAgent == nil {
			return nil, missing(name, "drain_agent")
		}
		grace, err := readGrace(call.DrainAgent.GetMaxGracePeriod())
		if err != nil {
			return nil, err
		}
		return done, m.Operator.DrainAgent(ctx, principal, agentOf(call.DrainAgent), grace, call.DrainAgent.GetMarkGone())
	case masterpb.Call_DEACTIVATE_AGENT:
		if call.DeactivateAgent == nil {
			return nil, missing(name, "deactivate_agent")
		}
		return done, m.Operator.DeactivateAgent(ctx, principal, agentOf(call.DeactivateAgent))
	case masterpb.Call_REACTIVATE_AGENT:
		if call.ReactivateAgent == nil {
			return nil, missing(name, "reactivate_agent")
		}
		return done, m.Operator.ReactivateAgent(ctx, principal, agentOf(call.ReactivateAgent))
	case masterpb.Call_MARK_AGENT_GONE:
		if call.MarkAgentGone == nil {
			return nil, missing(name, "mark_agent_gone")
		}
		return done, m.Operator.MarkAgentGone(ctx, principal, agentOf(call.MarkAgentGone))
	}
	return nil, nil
}

// agentOf is the agent that a message is about.
func agentOf(m interface{ GetAgentId() *mesospb.AgentID }) mesos.AgentID {
	return mesos.AgentID(m.GetAgentId().GetValue())
}

// readGrace reads how long tasks have at most; nil if nothing is said of it.
func readGrace(d *durationpb.Duration) (*time.Duration, error) {
	if d == nil {
		return nil, nil
	}
	if err := d.CheckValid(); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "max_grace_period: it is no duration: %w", err)
	}
	return new(d.AsDuration()), nil
}
