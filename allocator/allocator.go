// Package allocator is the core that decides who is offered what: hierarchical
// weighted dominant resource fairness over roles and frameworks, with filters.
// It decides; it does no I/O, reads no clock, starts no goroutine and holds no
// lock. The same inputs give the same outputs in the same order.
//
// An input only notes what it changed: which agents have something new to
// offer, which clients may again be offered what they were denied. The next
// Tick looks at those agents and no others, and at each agent only at clients
// that were not denied it before. A periodic pass over all agents stands behind
// this as a safety net.
//
// See https://mesos.apache.org/documentation/latest/allocation-module/.
package allocator

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Config is what an Allocator is born with.
type Config struct {
	// AllocationInterval is how often every agent is looked at, and the least
	// time for which a declined offer is not repeated: --allocation_interval.
	// 0 means a second.
	AllocationInterval time.Duration
	// MinAllocatable is --min_allocatable_resources: an offer contains at least
	// one of these. Empty means no minimum.
	MinAllocatable []resources.Quantities
	// RoleSorter orders roles: --role_sorter.
	RoleSorter Sorter
	// FrameworkSorter orders the frameworks of one role: --framework_sorter.
	FrameworkSorter Sorter
	// Seed is where the random sorter's numbers come from: the same seed and the
	// same inputs give the same offers.
	Seed uint64
	// FairnessExclude names resources that don't count for fair shares:
	// --fair_sharing_excluded_resource_names.
	FairnessExclude []string
	// FilterGPUs keeps agents with GPUs from frameworks without the
	// GPU_RESOURCES capability: --filter_gpu_resources.
	FilterGPUs bool
	// Domain is the master's: agents of other regions are remote.
	Domain allocation.Domain
}

// DefaultMinAllocatable is Mesos's default of --min_allocatable_resources.
func DefaultMinAllocatable() []resources.Quantities {
	return []resources.Quantities{
		resources.NewQuantities(resources.Quantity{Name: "cpus", Amount: 10}),
		resources.NewQuantities(resources.Quantity{Name: "mem", Amount: 32 * mesos.OneScalar}),
	}
}

// Allocator is the state of an allocator.
type Allocator struct {
	config Config
	now    time.Time
	start  time.Time // of the first Step
	out    []allocation.Output

	frameworks     []framework
	frameworkIDs   map[mesos.FrameworkID]int32
	freeFrameworks []int32
	agents         []*agent
	agentIDs       map[mesos.AgentID]int32
	freeAgents     []int32
	clients        []client
	freeClients    []int32
	whitelist      map[string]bool // nil: every host
	maintained     int             // agents with a planned outage
	runs           uint64          // of the allocation

	tree   *tree
	dice   dice
	active bitset // clients that may be offered something

	quotas   []*quota // sorted by role
	headroom headroom
	weights  map[string]uint64

	changed    []int32 // agents to look at
	allChanged bool
	forgiven   bitset // clients whose denials are void on every agent
	filters    int    // how many there are
	expiries   expiries
	nextPass   time.Time // of the periodic pass; zero if there is nothing to allocate

	pass scratch
}

// New is an allocator that knows nobody yet.
func New(config Config) *Allocator {
	if config.AllocationInterval <= 0 {
		config.AllocationInterval = time.Second
	}
	al := &Allocator{
		config:       config,
		frameworkIDs: map[mesos.FrameworkID]int32{},
		agentIDs:     map[mesos.AgentID]int32{},
		tree:         newTree(config.RoleSorter, config.FrameworkSorter),
		dice:         dice(config.Seed),
	}
	if al.tree.roles == Random || al.tree.frameworks == Random {
		al.pass.waits, al.pass.chances = map[int32]float64{}, map[int32]float64{}
	}
	for _, name := range config.FairnessExclude {
		if al.tree.excluded == nil {
			al.tree.excluded = map[string]bool{}
		}
		al.tree.excluded[name] = true
	}
	return al
}

// Step takes one input and returns what the master is to do. Only a Tick makes
// offers. The slice is valid until the next Step; what is in it stays.
func (al *Allocator) Step(now time.Time, in allocation.Input) []allocation.Output {
	al.now = now
	if al.start.IsZero() {
		al.start = now
	}
	clear(al.out)
	al.out = al.out[:0]
	switch in := in.(type) {
	case allocation.AddFramework:
		al.addFramework(in)
	case allocation.UpdateFramework:
		al.updateFramework(in.Framework)
	case allocation.RemoveFramework:
		al.removeFramework(in.ID)
	case allocation.ActivateFramework:
		al.activateFramework(in.ID)
	case allocation.DeactivateFramework:
		al.deactivateFramework(in.ID)
	case allocation.AddAgent:
		al.addAgent(in)
	case allocation.UpdateAgent:
		al.updateAgent(in.Agent)
	case allocation.RemoveAgent:
		al.removeAgent(in.ID)
	case allocation.ActivateAgent:
		al.activateAgent(in.ID, true)
	case allocation.DeactivateAgent:
		al.activateAgent(in.ID, false)
	case allocation.Recover:
		al.recover(in)
	case allocation.Hold:
		al.holdMore(in.Grant)
	case allocation.UpdateAllocation:
		al.updateAllocation(in)
	case allocation.Revive:
		al.revive(in)
	case allocation.Suppress:
		al.suppress(in)
	case allocation.UpdateWeights:
		al.updateWeights(in)
	case allocation.UpdateQuota:
		al.updateQuota(in)
	case allocation.UpdateUnavailability:
		al.updateUnavailability(in)
	case allocation.InverseOfferAnswered:
		al.inverseOfferAnswered(in)
	case allocation.UpdateWhitelist:
		al.updateWhitelist(in)
	case allocation.RequestResources:
		// What a framework would like is no claim to it, as in Mesos.
	case allocation.Tick:
		al.tick()
	}
	return al.out
}

// Next is when the next Tick is due: at once if an input changed anything that
// may lead to offers, else at the first expiry of a filter or at the periodic
// pass. It is zero if there is nothing to wait for.
func (al *Allocator) Next() time.Time {
	if al.allChanged || len(al.changed) > 0 {
		return al.now
	}
	next := al.nextPass
	if len(al.expiries) > 0 {
		if e := al.timeOf(al.expiries[0].at); next.IsZero() || e.Before(next) {
			next = e
		}
	}
	return next
}

// tick drops filters whose time is over and looks at whatever changed.
func (al *Allocator) tick() {
	if !al.nextPass.IsZero() && !al.now.Before(al.nextPass) {
		al.allChanged = true
	}
	al.expireFilters()
	al.forgetDenials()
	if al.allChanged || len(al.changed) > 0 {
		al.allocate()
	}
	if al.allChanged {
		al.nextPass = time.Time{}
	}
	for _, i := range al.changed {
		al.agents[i].changed = false
	}
	al.allChanged, al.changed = false, al.changed[:0]
	al.planPass()
}

// planPass sees that a periodic pass is planned if there is anything to pass over.
func (al *Allocator) planPass() {
	switch {
	case len(al.agentIDs) == 0 || len(al.frameworkIDs) == 0:
		al.nextPass = time.Time{}
	case al.nextPass.IsZero():
		al.nextPass = al.now.Add(al.config.AllocationInterval)
	}
}

// touch notes that an agent has something new to offer.
func (al *Allocator) touch(i int32) {
	if a := al.agents[i]; !a.changed {
		a.changed = true
		al.changed = append(al.changed, i)
	}
}

// inOrder calls do for every agent that changed, in the order of their slots.
func (al *Allocator) inOrder(do func(i int32)) {
	if al.allChanged {
		for i := range al.agents {
			if al.agents[i].known {
				do(int32(i))
			}
		}
		return
	}
	slices.Sort(al.changed)
	for _, i := range al.changed {
		if al.agents[i].known {
			do(i)
		}
	}
}

// refuse tells the master that an input can't be right.
func (al *Allocator) refuse(format string, args ...any) {
	al.out = append(al.out, allocation.Refused{Err: mesos.Errorf(mesos.Invalid, format, args...)})
}
