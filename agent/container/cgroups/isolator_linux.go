package cgroups

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Isolator is all isolators of cgroups in one, as containers enter their cgroups at once.
type Isolator struct {
	config     Config
	forest     *forest
	subsystems []subsystem
	limited    func(mesos.ContainerID, container.Limitation)

	mu     sync.Mutex
	groups map[mesos.ContainerID]*group // of those containers that have their own
}

// The optional interfaces of isolators.
var (
	_ container.Isolator = (*Isolator)(nil)
	_ container.Nester   = (*Isolator)(nil)
	_ container.Sweeper  = (*Isolator)(nil)
	_ container.Limiter  = (*Isolator)(nil)
	_ container.Provider = (*Isolator)(nil)
	_ io.Closer          = (*Isolator)(nil)
)

// subsystem is one of the kernel's: what it does for one container.
type subsystem interface {
	// name is the kernel's, as in version 1.
	name() string
	prepare(g *group) error
	// adopt takes in a container that was prepared by an earlier agent.
	adopt(g *group) error
	// isolate takes in the first process of a container.
	isolate(g *group, pid int) error
	update(g *group, r *request) error
	usage(g *group, usage *mesospb.ResourceStatistics) error
	status(g *group, status *mesospb.ContainerStatus)
	// end is called when every process is gone, before the cgroup is.
	end(g *group)
	// leave ends what the agent does for a container that goes on without it.
	leave(g *group)
}

// passive is a subsystem in which a cgroup is all that a container gets.
type passive string

func (p passive) name() string                                  { return string(p) }
func (passive) prepare(*group) error                            { return nil }
func (passive) adopt(*group) error                              { return nil }
func (passive) isolate(*group, int) error                       { return nil }
func (passive) update(*group, *request) error                   { return nil }
func (passive) usage(*group, *mesospb.ResourceStatistics) error { return nil }
func (passive) status(*group, *mesospb.ContainerStatus)         {}
func (passive) end(*group)                                      {}
func (passive) leave(*group)                                    {}

// New makes the isolator. What the kernel does not have, and what has to be there
// but is not, is an error of kind mesos.Unsupported.
func New(config Config) (*Isolator, error) {
	config.settle()
	wanted, all, err := config.wanted()
	if err != nil {
		return nil, err
	}
	have, err := enabled(config.Hierarchy)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unsupported, "cgroups: %w", err)
	}
	i := &Isolator{config: config, groups: map[mesos.ContainerID]*group{}}
	if all {
		for _, name := range subsystemNames() {
			if slices.Contains(have, name) {
				wanted = append(wanted, name)
			}
		}
	}
	if err := config.among(have, wanted); err != nil {
		return nil, err
	}
	if !unified(config.Hierarchy) && slices.Contains(have, "freezer") {
		wanted = append(wanted, "freezer") // for killing at once what may fork
	}
	if i.forest, err = newForest(&config, wanted); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		s, err := i.newSubsystem(name)
		if err != nil {
			return nil, fmt.Errorf("cgroups: %s: %w", name, err)
		}
		i.subsystems = append(i.subsystems, s)
	}
	return i, nil
}

// Close ends what goes on beside the containers, which stay as they are.
func (i *Isolator) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range i.subsystems {
		for _, g := range i.groups {
			s.leave(g)
		}
	}
	return nil
}

// among is an error that names which of subsystems the kernel does not have.
func (c *Config) among(have, subsystems []string) error {
	version := ""
	if unified(c.Hierarchy) {
		version = " in cgroups of version 2"
	}
	for _, name := range subsystems {
		if !slices.Contains(have, name) {
			return mesos.Errorf(mesos.Unsupported, "cgroups: this kernel does not have the subsystem %s%s", name, version)
		}
	}
	return nil
}

// subsystemNames are the subsystems that can be used, sorted.
func subsystemNames() []string {
	var names []string
	for _, of := range subsystemsOf {
		names = append(names, of...)
	}
	slices.Sort(names)
	return names
}

func (i *Isolator) newSubsystem(name string) (subsystem, error) {
	switch name {
	case "cpu":
		return &cpu{passive("cpu"), &i.config}, nil
	case "cpuacct":
		return &cpuacct{passive("cpuacct"), &i.config}, nil
	case "memory":
		return newMemory(i)
	case "pids":
		return newPids(&i.config)
	case "devices":
		return newDevices(&i.config)
	case "blkio":
		return &blkio{"blkio"}, nil
	case "net_cls":
		return newNetCls(&i.config)
	case "perf_event":
		return newPerfEvents(&i.config)
	}
	return passive(name), nil
}

// Name implements container.Isolator.
func (i *Isolator) Name() string { return "cgroups" }

// Nests implements container.Nester.
func (i *Isolator) Nests() bool { return true }

// Provides implements container.Provider.
func (i *Isolator) Provides() []container.Feature { return []container.Feature{container.OwnCgroups} }

// Watch implements container.Limiter.
func (i *Isolator) Watch(limited func(mesos.ContainerID, container.Limitation)) { i.limited = limited }

// shares tells whether a container is in the cgroups of what it is nested in.
func shares(spec *container.Spec) bool {
	if !strings.Contains(string(spec.ID), ".") {
		return false
	}
	linux := spec.Container.GetLinuxInfo()
	return spec.Debug || linux.GetShareCgroups() || linux.ShareCgroups == nil
}

// find returns the group of a container or, if it has none, of what it is nested in.
func (i *Isolator) find(id mesos.ContainerID) *group {
	i.mu.Lock()
	defer i.mu.Unlock()
	for {
		if g := i.groups[id]; g != nil {
			return g
		}
		dot := strings.LastIndexByte(string(id), '.')
		if dot < 0 {
			return nil
		}
		id = id[:dot]
	}
}

// own returns the group of a container that has its own, or nil.
func (i *Isolator) own(id mesos.ContainerID) *group {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.groups[id]
}

// Prepare implements container.Isolator.
func (i *Isolator) Prepare(_ context.Context, plan *container.Plan) error {
	spec := plan.Spec
	if !shares(spec) {
		if err := i.make(spec, plan); err != nil {
			return err
		}
	}
	g := i.find(spec.ID)
	if g == nil {
		return mesos.Errorf(mesos.Unavailable, "cgroups: those that container %s is nested in are unknown", spec.ID)
	}
	plan.Process.Cgroups = append(plan.Process.Cgroups, g.entries()...)
	i.show(plan, g)
	return nil
}

// make makes the cgroups of a container, with its limits.
func (i *Isolator) make(spec *container.Spec, plan *container.Plan) error {
	g := i.forest.newGroup(spec.ID)
	g.task = spec.Task || strings.Contains(string(spec.ID), ".")
	if err := i.forest.create(g, i.config.Owner); err != nil {
		if mesos.KindOf(err) != mesos.Conflict {
			_ = i.forest.remove(g, i.config.DestroyTimeout) // Cleanup does not know of it
		}
		return err
	}
	i.mu.Lock()
	i.groups[spec.ID] = g
	i.mu.Unlock()
	if user := plan.Process.User; user != nil {
		if err := g.give(int(user.UID), int(user.GID)); err != nil {
			return err
		}
	}
	for _, s := range i.subsystems {
		if err := s.prepare(g); err != nil {
			return fmt.Errorf("cgroups: %s: %w", s.name(), err)
		}
	}
	return i.update(g, spec.Resources, spec.Limits)
}

// Recover implements container.Isolator. Subsystems that the earlier agent did
// not use leave the container as it is.
func (i *Isolator) Recover(spec *container.Spec, _ int) error {
	if shares(spec) {
		return nil
	}
	g := i.forest.findGroup(spec.ID)
	i.mu.Lock()
	i.groups[spec.ID] = g
	i.mu.Unlock()
	for _, s := range i.subsystems {
		if g.dir(s.name()) == "" {
			continue
		}
		if err := s.adopt(g); err != nil {
			return fmt.Errorf("cgroups: %s: %w", s.name(), err)
		}
	}
	return nil
}

// Isolate implements container.Isolator: the process has entered its cgroups
// before it was anything of the container's.
func (i *Isolator) Isolate(_ context.Context, id mesos.ContainerID, pid int) error {
	g := i.own(id)
	if g == nil {
		return nil
	}
	for _, s := range i.subsystems {
		if err := s.isolate(g, pid); err != nil {
			return fmt.Errorf("cgroups: %s: %w", s.name(), err)
		}
	}
	return nil
}

// request is what a container is to have.
type request struct {
	cpus, mem float64 // mem in MB
	revocable bool    // some of the cpus are
	// limits are those that were given, +Inf for none.
	cpuLimit, memLimit *float64
}

func newRequest(resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) *request {
	r := &request{}
	for _, resource := range resources {
		switch resource.GetName() {
		case "cpus":
			r.cpus += resource.GetScalar().GetValue()
			r.revocable = r.revocable || resource.Revocable != nil
		case "mem":
			r.mem += resource.GetScalar().GetValue()
		}
	}
	if limit, ok := limits["cpus"]; ok {
		r.cpuLimit = new(limit.GetValue())
	}
	if limit, ok := limits["mem"]; ok {
		r.memLimit = new(limit.GetValue())
	}
	return r
}

// infinite tells of a limit that it is none.
func infinite(limit float64) bool { return math.IsInf(limit, 1) }

// Update implements container.Isolator.
func (i *Isolator) Update(_ context.Context, id mesos.ContainerID, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error {
	g := i.own(id)
	if g == nil {
		return mesos.Errorf(mesos.Unsupported, "cgroups: container %s has none of its own", id)
	}
	return i.update(g, resources, limits)
}

func (i *Isolator) update(g *group, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error {
	r := newRequest(resources, limits)
	for _, s := range i.subsystems {
		if g.dir(s.name()) == "" {
			continue
		}
		if err := s.update(g, r); err != nil {
			return fmt.Errorf("cgroups: %s: %w", s.name(), err)
		}
	}
	return nil
}

// Usage implements container.Isolator. What can't be measured is left out.
func (i *Isolator) Usage(_ context.Context, id mesos.ContainerID, _ []int, usage *mesospb.ResourceStatistics) error {
	g := i.own(id)
	if g == nil {
		return nil
	}
	for _, s := range i.subsystems {
		if g.dir(s.name()) == "" {
			continue
		}
		if err := s.usage(g, usage); err != nil {
			return fmt.Errorf("cgroups: %s: %w", s.name(), err)
		}
	}
	return nil
}

// Status implements container.Isolator.
func (i *Isolator) Status(id mesos.ContainerID, status *mesospb.ContainerStatus) {
	if g := i.find(id); g != nil {
		for _, s := range i.subsystems {
			s.status(g, status)
		}
	}
}

// Cleanup implements container.Isolator. A process that got away from its parents
// is still in its cgroup, and is killed.
func (i *Isolator) Cleanup(_ context.Context, id mesos.ContainerID) error {
	g := i.own(id)
	if g == nil {
		return nil
	}
	for _, s := range i.subsystems {
		s.end(g)
	}
	// Below a container that an agent with fewer subsystems made there may have been
	// nested ones of all of them, which stand in cgroups that it never had itself.
	if err := i.forest.remove(i.forest.findGroup(id), i.config.DestroyTimeout); err != nil {
		return err
	}
	i.mu.Lock()
	delete(i.groups, id)
	i.mu.Unlock()
	return nil
}
