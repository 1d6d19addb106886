package daemonflags

import (
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// masterUpkeep is the flags of which agents a master takes and when it gives them up.
func masterUpkeep(c *daemon.UpkeepConfig) flags.Table {
	return flags.Table{
		flags.Func("agent_removal_rate_limit", "rate", "", "`rate` at which agents that are lost are given up, at most, as in 1/10mins; any if not given",
			rate(&c.AgentRemovalInterval)).Formerly("slave_removal_rate_limit"),
		flags.Func("recovery_agent_removal_limit", "percentage", "100%",
			"`percentage` of agents that may stay away after a failover; if more do, the master gives up instead of them",
			percentage(&c.RecoveryAgentRemovalLimit)).Formerly("recovery_slave_removal_limit"),
		flags.Duration("registry_gc_interval", &c.RegistryGCInterval, "15mins", "`time` between clearings of old agents from the registry"),
		flags.Duration("registry_max_agent_age", &c.RegistryMaxAgentAge, "2weeks",
			"`time` after which an agent that is unreachable or gone leaves the registry"),
		flags.Int("registry_max_agent_count", &c.RegistryMaxAgentCount, 102400, 0, 1<<30,
			"unreachable agents, and as many gone ones, to keep in the registry"),
		flags.Bool("require_agent_domain", &c.RequireAgentDomain, false, "turn agents away that have no fault domain"),
		flags.Func("max_executors_per_agent", "int", "", "executors that may run on an agent that is offered; any `number` if not given",
			optionalCount(&c.MaxExecutorsPerAgent)),
	}
}

// rate reads how often something may happen as the time from one to the next.
func rate(interval *time.Duration) func(string) error {
	return func(text string) error {
		if *interval = 0; text == "" {
			return nil
		}
		number, per, _ := strings.Cut(text, "/")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n <= 0 {
			return mesos.Errorf(mesos.Invalid, "%q is no rate like 1/10mins: %q is no positive number", text, number)
		}
		d, err := mesos.ParseDuration(per)
		if err == nil && d <= 0 {
			err = mesos.Errorf(mesos.Invalid, "%v is no time", d)
		}
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%q is no rate like 1/10mins: %w", text, err)
		}
		*interval = max(d/time.Duration(n), 1)
		return nil
	}
}

// percentage reads "50%" as a part of 1.
func percentage(part *float64) func(string) error {
	return func(text string) error {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
		f, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || !(f >= 0 && f <= 100) {
			return mesos.Errorf(mesos.Invalid, "%q is no percentage from 0%% to 100%%", text)
		}
		*part = f / 100
		return nil
	}
}

// optionalCount reads a number that need not be given.
func optionalCount(p **int) func(string) error {
	return func(text string) error {
		if *p = nil; text == "" {
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return mesos.Errorf(mesos.Invalid, "%q is no number", text)
		}
		*p = &n
		return nil
	}
}
