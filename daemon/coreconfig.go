package daemon

import (
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// schedulerHeartbeat is Mesos's interval between heartbeats to schedulers.
const schedulerHeartbeat = 15 * time.Second

// core is the configuration of the master's core for one term.
func (c *MasterConfig) core(info *mesospb.MasterInfo, term uint64) master.Config {
	heartbeat := c.HeartbeatInterval
	if heartbeat == 0 {
		heartbeat = schedulerHeartbeat
	}
	return master.Config{
		Info:                          info,
		Term:                          term,
		Version:                       MesosVersion,
		HeartbeatInterval:             heartbeat,
		AgentPingTimeout:              c.AgentPingTimeout,
		MaxAgentPingTimeouts:          c.MaxAgentPingTimeouts,
		AgentReregisterTimeout:        c.AgentReregisterTimeout,
		OfferTimeout:                  c.OfferTimeout,
		MaxCompletedFrameworks:        c.MaxCompletedFrameworks,
		MaxCompletedTasksPerFramework: c.MaxCompletedTasksPerFramework,
		MaxUnreachableTasks:           c.MaxUnreachableTasks,
		RootSubmissions:               c.RootSubmissions,
		Roles:                         c.Roles,
	}
}

// allocator is the configuration of the allocator.
func (c *MasterConfig) allocator() allocator.Config {
	return allocator.Config{
		AllocationInterval: c.AllocationInterval,
		MinAllocatable:     c.MinAllocatable,
		FairnessExclude:    c.FairSharingExcluded,
		FilterGPUs:         c.FilterGPUResources,
		Domain:             allocation.Domain{Region: c.Domain.Region, Zone: c.Domain.Zone},
	}
}

// standing are the allocator's inputs that follow from flags.
func (c *MasterConfig) standing() (inputs []allocation.Input) {
	if len(c.Weights) > 0 {
		inputs = append(inputs, allocation.UpdateWeights{Weights: c.Weights})
	}
	if c.Whitelist != nil {
		inputs = append(inputs, allocation.UpdateWhitelist{Hostnames: c.Whitelist})
	}
	return inputs
}
