package sim

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos"
)

// cluster is everything in the simulation.
type cluster struct {
	*world
	options    options
	registry   registry
	leader     *leader   // who leads; nil while nobody does
	leaders    []*leader // all there ever were
	machines   []*machine
	schedulers []*scheduler
	linked     map[*conn]*machine
	ends       map[*conn]linkEnds
	healed     time.Time
}

// options are what the seed decides about a run as a whole.
type options struct {
	duration     time.Duration
	offerTimeout time.Duration
	faults       bool
	remote       bool          // the allocator is in a process of its own
	operated     bool          // operators reserve resources, set quotas and plan outages
	calm         time.Duration // the mean time between faults
}

var shapes = []string{
	"cpus:2;mem:512;disk:100", "cpus:4;mem:1024;disk:50;ports:[31000-31009]",
	"cpus:1;mem:256;disk:50;cpus(a):2;mem(a):256", "cpus:8;mem:2048;disk:200",
}

// reservedShapes are machines with static reservations.
var reservedShapes = []string{
	"cpus:2;mem:256;cpus(a):1;cpus(a/x):1;mem(a/x):256;disk(a/x):50",
	"cpus(b):2;mem(b):512;disk(b):100;cpus(a/y):2;mem(a/y):512;disk(a/y):100",
}

func newCluster(seed uint64, remote, operated bool) *cluster {
	c := &cluster{world: newWorld(seed), linked: map[*conn]*machine{}, ends: map[*conn]linkEnds{}}
	c.registry = registry{keys: map[string][]byte{}, acknowledged: map[mesos.AgentID]bool{}, left: map[mesos.AgentID]bool{}}
	c.options = options{
		duration: c.between(30*time.Second, 120*time.Second),
		faults:   !c.chance(8),
		remote:   remote,
		operated: operated,
		calm:     c.between(500*time.Millisecond, 10*time.Second),
	}
	if c.chance(3) {
		c.options.offerTimeout = c.between(time.Second, 10*time.Second)
	}
	shapes := shapes
	if operated {
		shapes = slices.Concat(shapes, reservedShapes)
	}
	c.elect()
	for i := range 1 + c.rand.IntN(5) {
		c.machines = append(c.machines, c.newMachine(i, shapes[c.rand.IntN(len(shapes))]))
	}
	for i := range 1 + c.rand.IntN(4) {
		c.schedulers = append(c.schedulers, c.newScheduler(i))
	}
	c.check = c.invariants
	return c
}

// faults makes something go wrong now and then.
func (c *cluster) faults() {
	if !c.options.faults {
		return
	}
	c.after(c.between(0, 2*c.options.calm), func() {
		if c.options.faults {
			c.fault()
			c.faults()
		}
	})
}

// fault makes one thing go wrong.
func (c *cluster) fault() {
	m := c.machines[c.rand.IntN(len(c.machines))]
	s := c.schedulers[c.rand.IntN(len(c.schedulers))]
	switch c.rand.IntN(13) {
	case 0, 1:
		if link := m.link(); link != nil {
			c.logf("fault: the link of %s breaks", m.name)
			link.breakUp(3 * time.Second)
		}
	case 2, 3:
		if link := m.link(); link != nil {
			d := c.between(0, 30*time.Second)
			c.logf("fault: the link of %s stalls for %v", m.name, d)
			link.up.stall(d)
			if c.chance(2) {
				link.down.stall(d)
			}
		}
	case 4:
		m.crash(c.chance(4))
	case 5:
		m.crashAfter = 1 + c.rand.IntN(6)
	case 6, 7:
		if s.conn != nil {
			c.logf("fault: the stream of %s breaks", s.name)
			s.conn.breakUp(3 * time.Second)
		}
	case 8:
		c.logf("fault: %s subscribes again beside its stream", s.name)
		s.conn, s.ready = nil, false
		s.subscribe()
	case 9:
		c.depose()
	case 10:
		m.crashExecutor()
	case 11:
		m.cutExecutor()
	case 12:
		c.logf("fault: %s is asked to stop", m.name)
		m.core.take(agent.Shutdown{Reason: "the simulator says so"})
	}
}

// depose elects another master. The old one may be dead, or may not know yet.
func (c *cluster) depose() {
	old := c.leader
	if old == nil {
		return
	}
	if c.chance(2) {
		old.stepDown()
	} else {
		c.logf("fault: %s loses its leadership and doesn't know", old.name)
		c.leader = nil
		c.registry.term++ // the key is somebody else's from now on
		c.after(c.between(0, 8*time.Second), old.stepDown)
	}
	c.after(c.between(0, 5*time.Second), func() {
		if c.leader == nil {
			c.elect()
		}
	})
}

// heal ends all faults: somebody leads, agents run, and schedulers end what
// they started.
func (c *cluster) heal() {
	c.logf("no more faults")
	c.options.faults = false
	c.healed = c.now
	for _, m := range c.machines {
		m.crashAfter = 0
	}
	for _, s := range c.schedulers {
		s.draining = true
		s.act()
	}
}
