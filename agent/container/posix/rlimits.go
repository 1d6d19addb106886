package posix

import (
	"context"
	"fmt"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Rlimits sets the resource limits that a ContainerInfo asks for.
// See https://mesos.apache.org/documentation/latest/isolators/posix-rlimits/.
func Rlimits() container.Isolator { return rlimits{container.Passive{Named: "posix/rlimits"}} }

type rlimits struct{ container.Passive }

// Nests implements container.Nester.
func (rlimits) Nests() bool { return true }

func (rlimits) Prepare(_ context.Context, plan *container.Plan) error {
	for _, limit := range plan.Spec.Container.GetRlimitInfo().GetRlimits() {
		converted, err := convertRlimit(limit)
		if err != nil {
			return fmt.Errorf("rlimit: %s: %w", limit.GetType(), err)
		}
		plan.Process.Rlimits = append(plan.Process.Rlimits, converted)
	}
	return nil
}

// convertRlimit takes a limit over; without values it is unlimited.
func convertRlimit(limit *mesospb.RLimitInfo_RLimit) (supervise.Rlimit, error) {
	resource, ok := rlimitResources[limit.GetType()]
	if !ok {
		return supervise.Rlimit{}, mesos.Errorf(mesos.Unsupported, "not a limit of this system")
	}
	const unlimited = 1<<64 - 1
	converted := supervise.Rlimit{Resource: resource, Soft: unlimited, Hard: unlimited}
	switch {
	case (limit.Soft == nil) != (limit.Hard == nil):
		return converted, mesos.Errorf(mesos.Invalid, "soft and hard go together")
	case limit.GetSoft() > limit.GetHard():
		return converted, mesos.Errorf(mesos.Invalid, "soft limit %d is over the hard limit %d",
			limit.GetSoft(), limit.GetHard())
	case limit.Soft != nil:
		converted.Soft, converted.Hard = limit.GetSoft(), limit.GetHard()
	}
	return converted, nil
}
