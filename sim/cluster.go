package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos"
)

// cluster is everything in the simulation.
type cluster struct {
	*world
	options    options
	etcd       *etcd
	hosts      []*host
	leaders    []*leader // all there ever were
	machines   []*machine
	schedulers []*scheduler
	linked     map[*conn]*machine
	ends       map[*conn]linkEnds
	cuts       map[path]time.Time // until when
	promises   map[string]*promise
	reports    map[string]report   // by UUID
	histories  map[string]*history // by framework/task
	healed     time.Time

	// acknowledged are agents that know for good that they are admitted, left those
	// that said since that they leave, or whose machine forgot that it is they.
	acknowledged map[mesos.AgentID]*machine
	left         map[mesos.AgentID]bool
	torn         map[string]bool // frameworks that operators ended
	tornDown     bool            // an agent was told to shut down a framework
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
	c := &cluster{
		world: newWorld(seed), linked: map[*conn]*machine{}, ends: map[*conn]linkEnds{}, cuts: map[path]time.Time{}, promises: map[string]*promise{},
		reports: map[string]report{}, histories: map[string]*history{},
		acknowledged: map[mesos.AgentID]*machine{}, left: map[mesos.AgentID]bool{}, torn: map[string]bool{},
	}
	c.etcd = newEtcd(c.world)
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
	hosts := 3
	if c.chance(6) {
		hosts = 1
	}
	for i := range hosts {
		h := c.newHost(fmt.Sprintf("M%d", i))
		c.hosts = append(c.hosts, h)
		c.after(c.between(0, time.Second), h.start)
	}
	machines := 1 + c.rand.IntN(5)
	if c.chance(20) {
		machines = 12 + c.rand.IntN(24)
	}
	for i := range machines {
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
	h := c.hosts[c.rand.IntN(len(c.hosts))]
	switch c.rand.IntN(24) {
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
	case 4, 23:
		m.crash([]loss{losesProcess, losesProcess, losesPower, losesDisk}[c.rand.IntN(4)])
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
		h.crash()
	case 10:
		m.crashExecutor()
	case 11:
		m.cutExecutor()
	case 12:
		c.logf("fault: %s is asked to stop", m.name)
		m.core.take(agent.Shutdown{Reason: "the simulator says so"})
	case 13:
		h.pause(c.between(0, 20*time.Second))
	case 14, 15:
		c.partition()
	case 16:
		c.etcd.lose(c.between(0, 10*time.Second))
	case 17:
		c.etcd.depose()
	case 18:
		if h.term != nil {
			h.term.resign(errAsked)
		}
	case 19:
		if link := m.link(); link != nil {
			c.logf("fault: the link of %s lingers", m.name)
			link.linger(c.between(0, 5*time.Second))
		}
	case 20:
		c.jump(h, m)
	case 21:
		d := c.between(0, 30*time.Second)
		c.logf("fault: the agent on %s stands still for %v", m.name, d)
		m.core.stop(d)
	case 22:
		s.crash(c.between(0, 40*time.Second))
	}
}

// jump makes the clock of a host or a machine jump, and that of the simulator's
// processes on it with it.
func (c *cluster) jump(h *host, m *machine) {
	d := c.between(0, 2*time.Minute) - time.Minute
	if c.chance(2) {
		c.logf("fault: the clock of %s jumps by %v", h.name, d)
		h.clock.offset += d
		if l := h.term; l != nil && l.session != nil {
			l.core.drain()
			l.session.alloc.drain()
		}
		return
	}
	c.logf("fault: the clock of %s jumps by %v", m.name, d)
	m.clock.offset += d
	m.core.drain()
}

// heal ends all faults: somebody leads, agents run, and operators and schedulers
// begin nothing new.
func (c *cluster) heal() {
	c.logf("no more faults")
	c.options.faults = false
	c.healed = c.now
	for _, m := range c.machines {
		m.crashAfter = 0
	}
	if c.options.operated {
		c.endMaintenance()
		c.tearDownOrphans()
	}
	for _, s := range c.schedulers {
		s.resting = true
	}
}

// drain has schedulers end what they started.
func (c *cluster) drain() {
	c.logf("all is to end")
	c.healed = c.now
	for _, s := range c.schedulers {
		s.draining = true
		s.act()
	}
}
