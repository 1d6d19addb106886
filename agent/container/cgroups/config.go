// Package cgroups keeps containers to their share of a machine with the control
// groups of Linux: the isolators of --isolation whose names begin with "cgroups/".
//
// Both versions of the kernel's interface are used as they are found. Where
// --cgroups_hierarchy is one cgroup2 file system, every container has a directory
// "mesos/ID" in it, whose limits hold, and its processes are in "mesos/ID/leaf".
// Elsewhere each subsystem is a hierarchy of its own, in which a container is the
// directory "mesos/ID". A nested container that asks for cgroups of its own has
// them below its parent's, in "mesos/PARENT/mesos/ID".
//
// Every directory is marked with who made it, in an extended attribute, so that an
// agent removes what it left behind and nothing of another's.
package cgroups

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Prefix is what the names of these isolators begin with.
const Prefix = "cgroups/"

// All is the isolator that stands for every other that the kernel has.
const All = Prefix + "all"

// Config is what the flags of an agent say of cgroups.
// See https://mesos.apache.org/documentation/latest/configuration/agent/.
type Config struct {
	// Isolators are names as in --isolation, such as "cgroups/cpu".
	Isolators []string
	// Hierarchy is where hierarchies are mounted; empty: /sys/fs/cgroup.
	Hierarchy string
	// Root is the cgroup of all containers; empty: mesos.
	Root string
	// Owner tells the agents of a machine apart: the agent's work directory.
	Owner string
	// DestroyTimeout is how long removing a cgroup may take; 0: a minute.
	DestroyTimeout time.Duration

	// EnableCFS limits the processor time of containers to what they asked for.
	EnableCFS bool
	// RevocableLowPriority gives revocable cpus a hundredth of the others' shares.
	RevocableLowPriority bool
	// CountProcesses has processes and threads counted when usage is measured.
	CountProcesses bool
	// LimitSwap makes the limit of memory one of memory and swap together.
	LimitSwap bool
	// PidsLimit is how many processes and threads a container may have; 0: 15 % of
	// what the machine can have.
	PidsLimit uint64
	// AllowedDevices may be used besides those that every container may use.
	AllowedDevices []*mesospb.DeviceAccess
	// NetClsPrimary is the primary handle of cgroups/net_cls; 0: none is handed out.
	NetClsPrimary uint16
	// NetClsSecondary are the first and the last secondary handle; 0: all.
	NetClsSecondary [2]uint16
	// PerfEvents are what to count of each container, as perf-list(1) calls it; nil:
	// nothing. Those that this machine can't count are left out, and Log is told.
	PerfEvents []string
	// PerfInterval is from one sample to the next, PerfDuration how long one takes;
	// 0: a minute, and ten seconds.
	PerfInterval, PerfDuration time.Duration
	// Log is told what goes wrong beside the containers; nil: nobody is.
	Log *slog.Logger
}

// subsystemsOf are the kernel's subsystems behind each isolator.
var subsystemsOf = map[string][]string{
	"blkio":      {"blkio"},
	"cpu":        {"cpu", "cpuacct"},
	"cpuset":     {"cpuset"},
	"devices":    {"devices"},
	"hugetlb":    {"hugetlb"},
	"mem":        {"memory"},
	"net_cls":    {"net_cls"},
	"net_prio":   {"net_prio"},
	"perf_event": {"perf_event"},
	"pids":       {"pids"},
}

// Names are the isolators that there are, as --isolation has them.
func Names() []string {
	names := []string{All}
	for name := range subsystemsOf {
		names = append(names, Prefix+name)
	}
	slices.Sort(names)
	return names
}

// wanted are the subsystems that the isolators ask for, in the order of their
// names. Besides "cgroups/all" others need not be named.
func (c *Config) wanted() (subsystems []string, all bool, err error) {
	for _, isolator := range c.Isolators {
		if isolator == All {
			return nil, true, nil
		}
		of, ok := subsystemsOf[strings.TrimPrefix(isolator, Prefix)]
		if !ok {
			return nil, false, mesos.Errorf(mesos.Unsupported, "cgroups: %s: there is no such subsystem", isolator)
		}
		for _, subsystem := range of {
			if !slices.Contains(subsystems, subsystem) {
				subsystems = append(subsystems, subsystem)
			}
		}
	}
	slices.Sort(subsystems)
	return subsystems, false, nil
}

// settle fills in what was left out.
func (c *Config) settle() {
	if c.Hierarchy == "" {
		c.Hierarchy = "/sys/fs/cgroup"
	}
	if c.Root == "" {
		c.Root = "mesos"
	}
	if c.DestroyTimeout == 0 {
		c.DestroyTimeout = time.Minute
	}
	if c.PerfInterval == 0 {
		c.PerfInterval = time.Minute
	}
	if c.PerfDuration == 0 {
		c.PerfDuration = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// separator is between the cgroup of a container and those nested in it.
const separator = "mesos"

// path is the cgroup of a container below the root.
func path(id mesos.ContainerID) string {
	return strings.ReplaceAll(string(id), ".", "/"+separator+"/")
}

// containerOf is the container whose cgroup a path below the root is, if it can be
// one's: "ID", "PARENT/mesos/ID" and so on.
func containerOf(path string) (mesos.ContainerID, bool) {
	parts := strings.Split(path, "/")
	var ids []string
	for i, part := range parts {
		if i%2 == 0 {
			ids = append(ids, part)
		}
		if part == "" || i%2 == 1 && part != separator {
			return "", false
		}
	}
	return mesos.ContainerID(strings.Join(ids, ".")), len(parts)%2 == 1
}
