package network

import (
	"log/slog"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// PortsConfig is what network/ports is made with.
type PortsConfig struct {
	// Interval is the time between looks; 0 means Mesos's 30 seconds.
	Interval time.Duration
	// Enforce ends containers that listen on ports that they were not given.
	// Without it they are only told of.
	Enforce bool
	// Isolated are the ports to look at; nil: all.
	Isolated *mesos.Ranges
	// CNI tells that network/cni is there: who joins a network has ports of its own.
	CNI bool
	// Log takes what containers do; nil: it is not told.
	Log *slog.Logger
}

// ParseIsolatedPorts reads --container_ports_isolated_range, as in [0-35000].
func ParseIsolatedPorts(text string) (mesos.Ranges, error) {
	const flag = "--container_ports_isolated_range"
	value, err := mesos.ParseValue(text)
	switch {
	case err != nil:
		return nil, mesos.Errorf(mesos.Invalid, "%s: %q: %w", flag, text, err)
	case value.Kind != mesos.RangesValue:
		return nil, mesos.Errorf(mesos.Invalid, "%s: %q: not ranges, as in [31000-32000]", flag, text)
	}
	for _, r := range value.Ranges {
		if r.End > maxPort {
			return nil, mesos.Errorf(mesos.Invalid, "%s: %q: no port is over %d", flag, text, maxPort)
		}
	}
	return value.Ranges, nil
}

const maxPort = 1<<16 - 1

// portsOf are the ports among resources.
func portsOf(list []*mesospb.Resource) mesos.Ranges {
	var intervals []mesos.Range
	for _, r := range list {
		if r.GetName() != "ports" {
			continue
		}
		for _, each := range r.GetRanges().GetRange() {
			if each.GetBegin() <= each.GetEnd() {
				intervals = append(intervals, mesos.Range{Begin: each.GetBegin(), End: each.GetEnd()})
			}
		}
	}
	return mesos.NewRanges(intervals...)
}

// asResource is ports as a resource.
func asResource(ports mesos.Ranges) *mesospb.Resource {
	r := &mesospb.Resource{Name: new("ports"), Type: mesospb.Value_RANGES.Enum(), Ranges: &mesospb.Value_Ranges{}}
	for _, each := range ports {
		r.Ranges.Range = append(r.Ranges.Range, &mesospb.Value_Range{Begin: new(each.Begin), End: new(each.End)})
	}
	return r
}

// ownNetwork tells that a container asks for another network than the host's.
func ownNetwork(info *mesospb.ContainerInfo) bool {
	for _, network := range info.GetNetworkInfos() {
		if named(network) && network.GetName() != Host {
			return true
		}
	}
	return false
}

func named(info *mesospb.NetworkInfo) bool { return info.GetName() != "" }
