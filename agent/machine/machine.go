// Package machine finds out what the machine of an agent has to offer, and
// merges it with what the operator says of it.
package machine

import (
	"fmt"
	"os"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Options is what the operator says of an agent.
type Options struct {
	Hostname    string // --hostname; empty means the operating system's
	Port        int
	WorkDir     string            // its file system is the disk to offer
	Resources   string            // --resources, as given: text or JSON
	DefaultRole string            // --default_role; empty means "*"
	GPUs        int               // that were found
	Attributes  []mesos.Attribute // --attributes
	// Region and Zone are --domain; empty if there is none.
	Region, Zone string
}

// Info is an agent as it registers: what the operator named, and for the rest
// what the machine has. Errors are of kind mesos.Invalid if the flag is wrong.
func Info(o Options) (*mesospb.AgentInfo, error) {
	hostname := o.Hostname
	if hostname == "" {
		var err error
		if hostname, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("hostname: %w", err)
		}
	}
	hardware := Probe(o.WorkDir)
	hardware.GPUs = o.GPUs
	offered, err := Resources(o.Resources, o.DefaultRole, hardware)
	if err != nil {
		return nil, err
	}
	port := int32(o.Port)
	info := &mesospb.AgentInfo{
		Hostname:   &hostname,
		Port:       &port,
		Resources:  convert.ToWire(offered),
		Attributes: convert.AttributesToWire(o.Attributes),
	}
	if o.Region != "" || o.Zone != "" {
		info.Domain = &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
			Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: &o.Region},
			Zone:   &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: &o.Zone},
		}}
	}
	return info, nil
}

// Capabilities are what agents of this version can do, in the order in which
// Mesos lists them.
func Capabilities() []*mesospb.AgentInfo_Capability {
	var list []*mesospb.AgentInfo_Capability
	for _, t := range []mesospb.AgentInfo_Capability_Type{
		mesospb.AgentInfo_Capability_MULTI_ROLE,
		mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE,
		mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT,
		mesospb.AgentInfo_Capability_RESIZE_VOLUME,
		mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK,
		mesospb.AgentInfo_Capability_TASK_RESOURCE_LIMITS,
		mesospb.AgentInfo_Capability_AGENT_DRAINING,
	} {
		list = append(list, &mesospb.AgentInfo_Capability{Type: t.Enum()})
	}
	return list
}
