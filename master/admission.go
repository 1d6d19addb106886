package master

import (
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// oldestAgent is the first major version of agents that this master knows how to
// speak with.
const oldestAgent = 1

// suits checks whether an agent fits this master as it is configured. Whoever is
// turned away for that may try again: neither side's configuration is to cost the
// agent its tasks.
// https://mesos.apache.org/documentation/latest/fault-domains/
func (m *Master) suits(a *agent, version string) error {
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestAgent {
		return mesos.Errorf(mesos.Invalid, "version: %q is no version, or older than %d.0.0", version, oldestAgent)
	}
	switch domain := a.info.GetDomain(); {
	case domain != nil && m.config.Info.GetDomain() == nil:
		return mesos.Errorf(mesos.Invalid, "agent_info.domain: the agent has a fault domain, but the master has none configured")
	case domain == nil && m.config.RequireAgentDomain:
		return mesos.Errorf(mesos.Invalid, "agent_info.domain: the agent has no fault domain, and this master requires one")
	}
	return nil
}
