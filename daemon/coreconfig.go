package daemon

import (
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// schedulerHeartbeat is Mesos's interval between heartbeats to schedulers.
const schedulerHeartbeat = 15 * time.Second

// core is the configuration of the master's core for one term.
func (c *MasterConfig) core(info *mesospb.MasterInfo, term uint64, whitelist map[string]bool) master.Config {
	heartbeat := c.HeartbeatInterval
	if heartbeat == 0 {
		heartbeat = schedulerHeartbeat
	}
	config := master.Config{
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
		RegexLimits:                   convert.RegexLimits{Program: c.OfferConstraintsMaxProgram, Memory: c.OfferConstraintsMaxMemory},
		ACLs:                          c.ACLs,
		RateLimits:                    c.RateLimits.core(),
		RootSubmissions:               c.RootSubmissions,
		Roles:                         c.Roles,
		Weights:                       c.Weights,
		Whitelist:                     whitelist,
	}
	c.UpkeepConfig.configure(&config)
	return config
}

func (l *RateLimits) core() *master.RateLimits {
	if l == nil {
		return nil
	}
	limits := &master.RateLimits{Principals: make(map[string]master.RateLimit, len(l.Principals)), Default: master.RateLimit(l.Default)}
	for principal, limit := range l.Principals {
		limits.Principals[principal] = master.RateLimit(limit)
	}
	return limits
}

func (d Domain) allocation() allocation.Domain {
	return allocation.Domain{Region: d.Region, Zone: d.Zone}
}
