package daemon

import (
	"context"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// UpkeepConfig is which agents a master takes and when it gives them up.
type UpkeepConfig struct {
	// AgentRemovalInterval is the least time between two agents that are given up,
	// of --agent_removal_rate_limit; 0 means no limit.
	AgentRemovalInterval time.Duration
	// RecoveryAgentRemovalLimit is --recovery_agent_removal_limit as a part of 1.
	RecoveryAgentRemovalLimit float64
	RegistryGCInterval        time.Duration // --registry_gc_interval; 0 means never
	RegistryMaxAgentAge       time.Duration
	RegistryMaxAgentCount     int
	RequireAgentDomain        bool
	// MaxExecutorsPerAgent is --max_executors_per_agent; nil means no limit.
	MaxExecutorsPerAgent *int
}

func (c *UpkeepConfig) configure(core *master.Config) {
	core.AgentRemovalInterval = c.AgentRemovalInterval
	core.RecoveryAgentRemovalLimit = c.RecoveryAgentRemovalLimit
	core.RegistryGCInterval = c.RegistryGCInterval
	core.RegistryMaxAgentAge = c.RegistryMaxAgentAge
	core.RegistryMaxAgentCount = c.RegistryMaxAgentCount
	core.RequireAgentDomain = c.RequireAgentDomain
	core.MaxExecutorsPerAgent = c.MaxExecutorsPerAgent
}

func (o operatorAPI) UpdateMaintenanceSchedule(ctx context.Context, principal string, schedule *maintenancepb.Schedule) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.UpdateMaintenanceSchedule{Request: request, Principal: principal, Schedule: schedule}
	})
}

func (o operatorAPI) StartMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.StartMaintenance{Request: request, Principal: principal, Machines: machines}
	})
}

func (o operatorAPI) StopMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.StopMaintenance{Request: request, Principal: principal, Machines: machines}
	})
}

func (o operatorAPI) DrainAgent(ctx context.Context, principal string, agent mesos.AgentID, maxGrace *time.Duration, markGone bool) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.DrainAgent{Request: request, Principal: principal, Agent: agent, MaxGracePeriod: maxGrace, MarkGone: markGone}
	})
}

func (o operatorAPI) DeactivateAgent(ctx context.Context, principal string, agent mesos.AgentID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.DeactivateAgent{Request: request, Principal: principal, Agent: agent}
	})
}

func (o operatorAPI) ReactivateAgent(ctx context.Context, principal string, agent mesos.AgentID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.ReactivateAgent{Request: request, Principal: principal, Agent: agent}
	})
}

func (o operatorAPI) MarkAgentGone(ctx context.Context, principal string, agent mesos.AgentID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.MarkAgentGone{Request: request, Principal: principal, Agent: agent}
	})
}
