package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Plan is what a container will be, while isolators prepare it.
type Plan struct {
	Spec *Spec
	// Process is started once every isolator has had its say.
	Process supervise.Process
}

// Isolator is one aspect of keeping a container apart and measuring it. For one
// container its methods are not called at once, and Prepare is called first.
type Isolator interface {
	// Name is how --isolation calls it.
	Name() string
	// Prepare makes what the container needs and adds it to the plan, or refuses
	// a spec by name.
	Prepare(ctx context.Context, plan *Plan) error
	// Recover takes in a container that an earlier agent prepared, instead of Prepare.
	Recover(spec *Spec) error
	// Isolate takes in the first process of the container.
	Isolate(ctx context.Context, id mesos.ContainerID, pid int) error
	// Update changes what the container may use.
	Update(ctx context.Context, id mesos.ContainerID, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error
	// Usage adds what it measures of the container, whose processes are pids.
	Usage(ctx context.Context, id mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error
	// Cleanup removes what Prepare made. Every process is gone, or there never
	// was one.
	Cleanup(ctx context.Context, id mesos.ContainerID) error
}

// isolators makes the isolators that --isolation can name.
var isolators = map[string]func(*Config) Isolator{
	"posix/cpu":        func(*Config) Isolator { return posixCPU{passive{"posix/cpu"}} },
	"posix/mem":        func(*Config) Isolator { return posixMem{passive{"posix/mem"}} },
	"posix/rlimits":    func(*Config) Isolator { return posixRlimits{passive{"posix/rlimits"}} },
	"filesystem/posix": newPosixFilesystem,
}

// defaultIsolation is --isolation's default.
var defaultIsolation = []string{"posix/cpu", "posix/mem", "filesystem/posix"}

// newIsolators makes a plan of isolators. Resource limits need nothing of the
// machine, so asking for them always works: posix/rlimits is always there. So is
// filesystem/posix if no other file system is named, as in Mesos.
func newIsolators(config *Config) ([]Isolator, error) {
	names := config.Isolation
	if names == nil {
		names = defaultIsolation
	}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "filesystem/") }) {
		names = append(slices.Clip(names), "filesystem/posix")
	}
	var plan []Isolator
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, mesos.Errorf(mesos.Invalid, "isolation: %s: named twice", name)
		}
		make, ok := isolators[name]
		if !ok {
			return nil, mesos.Errorf(mesos.Unsupported, "isolation: %q: this agent has %s",
				name, strings.Join(isolatorNames(), ", "))
		}
		plan = append(plan, make(config))
	}
	if !slices.Contains(names, "posix/rlimits") {
		plan = append(plan, isolators["posix/rlimits"](config))
	}
	return plan, nil
}

func isolatorNames() []string {
	var names []string
	for name := range isolators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// passive is the isolator that does nothing; others add to it what they do.
type passive struct{ name string }

func (p passive) Name() string                                          { return p.name }
func (p passive) Prepare(context.Context, *Plan) error                  { return nil }
func (p passive) Recover(*Spec) error                                   { return nil }
func (p passive) Isolate(context.Context, mesos.ContainerID, int) error { return nil }
func (p passive) Cleanup(context.Context, mesos.ContainerID) error      { return nil }
func (p passive) Update(context.Context, mesos.ContainerID, []*mesospb.Resource, map[string]*mesospb.Value_Scalar) error {
	return nil
}
func (p passive) Usage(context.Context, mesos.ContainerID, []int, *mesospb.ResourceStatistics) error {
	return nil
}

// posixRlimits sets the resource limits that a ContainerInfo asks for.
// See https://mesos.apache.org/documentation/latest/isolators/posix-rlimits/.
type posixRlimits struct{ passive }

func (posixRlimits) Prepare(_ context.Context, plan *Plan) error {
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
