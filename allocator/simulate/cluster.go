// Package simulate runs the allocator's core against an imagined cluster in
// virtual time: agents, roles with weights and quota, and frameworks that launch
// tasks and decline offers, all described in one YAML file. It answers who gets
// what, and what waits and why, before anything is bought or set.
//
// It is a function of its file: no clock, no I/O, the same result every time.
package simulate

import (
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Limits on what a file may ask for.
const (
	MaxFileBytes  = 4 << 20
	MaxAgents     = 50_000
	MaxFrameworks = 5_000
	MaxTasks      = 5_000_000
	// MaxDuration is the longest virtual time.
	MaxDuration = 366 * 24 * time.Hour
)

// DefaultDuration is the virtual time of a file that names none.
const DefaultDuration = time.Hour

// Cluster is an imagined cluster; see Parse.
type Cluster struct {
	Config allocator.Config
	// Duration is the virtual time that passes, unless all is done before.
	Duration time.Duration
	// ReportAt are the moments to report beside the end, ascending.
	ReportAt   []time.Duration
	Agents     []*allocation.Agent
	Roles      []Role
	Frameworks []Framework
}

// Role is a role's weight and quota.
type Role struct {
	Name   string
	Weight float64
	Quota  allocation.Quota
	where  string // in the file, for errors that only the allocator finds
}

// Framework is one framework and how it behaves.
type Framework struct {
	ID           mesos.FrameworkID
	Roles        []string // sorted
	Capabilities allocation.Capability
	// Arrives and Leaves are when it subscribes and is torn down; 0 for Leaves
	// means never.
	Arrives, Leaves time.Duration
	// Refuse is for how long it does not want to see again what it didn't use.
	Refuse time.Duration
	// Answer is how long it takes to answer an offer.
	Answer time.Duration
	// Suppress: it suppresses offers while it has nothing to launch.
	Suppress bool
	Tasks    []Tasks
}

// Tasks are so many tasks alike.
type Tasks struct {
	Count     int
	Role      string
	Resources resources.Resources // reserved and allocated to the role, to be found in offers
	// Duration is how long each runs; 0 means to the end.
	Duration time.Duration
	// After is when they are wanted, from the arrival of the framework.
	After time.Duration
}

// capabilities are the names of what a framework may be capable of.
var capabilities = map[string]allocation.Capability{
	"REVOCABLE_RESOURCES": allocation.RevocableResources, "GPU_RESOURCES": allocation.GPUResources,
	"SHARED_RESOURCES": allocation.SharedResources, "PARTITION_AWARE": allocation.PartitionAware,
	"MULTI_ROLE": allocation.MultiRole, "RESERVATION_REFINEMENT": allocation.ReservationRefinement,
	"REGION_AWARE": allocation.RegionAware,
}
