package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Allocator measures the allocator's core, in the works that Apache Mesos
// measures its own: agents of 24 cpus, 4 GB, 4 GB of disk and 1,001 ports, of
// which one framework uses 16 cpus and every second of 32 ports, all frameworks
// in role "*".
func Allocator(ctx context.Context, opts Options) ([]Row, error) {
	var rows []Row
	for _, m := range []struct {
		agents, frameworks int
		goal               time.Duration
		run                func(ctx context.Context, opts Options, agents, frameworks int, goal time.Duration) Row
	}{
		{10_000, 200, 50 * time.Millisecond, addAgents},
		{1_000, 200, 3 * time.Millisecond, declineAll},
		{5_000, 200, 15 * time.Millisecond, declineAll},
		{20_000, 2_000, 200 * time.Millisecond, declineAll},
		{50_000, 6_000, time.Second, declineAll},
		{10_000, 200, time.Millisecond, passOverFiltered},
		{10_000, 200, 20 * time.Millisecond, reviveAll},
		{20_000, 2_000, time.Millisecond, freeOne},
	} {
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		if opts.Agents > 0 {
			m.agents, m.goal = opts.Agents, 0
		}
		if opts.Frameworks > 0 {
			m.frameworks, m.goal = opts.Frameworks, 0
		}
		runtime.GC() // the last one's cluster is not this one's to sweep
		row := m.run(ctx, opts, m.agents, m.frameworks, m.goal)
		opts.logf("%s, %s: %s", row.Work, row.Setting, amount(row.Value, row.Unit))
		rows = append(rows, row)
	}
	return rows, nil
}

// cluster is an allocator with agents and frameworks, driven as its shell does:
// inputs, then ticks for as long as they are due.
type cluster struct {
	al     *allocator.Allocator
	now    time.Time
	total  resources.Resources
	used   resources.Resources
	offers []offer // that nobody has answered yet
}

type offer struct {
	framework mesos.FrameworkID
	allocation.Offered
}

// forever is longer than any benchmark.
const forever = 365 * 24 * time.Hour

func newCluster(frameworks int) *cluster {
	c := &cluster{
		al: allocator.New(allocator.Config{
			AllocationInterval: time.Second,
			MinAllocatable:     allocator.DefaultMinAllocatable(),
		}),
		now:   time.Unix(1_800_000_000, 0),
		total: resources.MustParse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
	}
	ports := ""
	for port := 31000; port < 31032; port += 2 {
		ports += fmt.Sprintf("%d-%d,", port, port)
	}
	c.used = resources.MustParse("cpus:16;mem:2014;disk:1024;ports:[" + ports[:len(ports)-1] + "]").Allocate("*")
	for f := range frameworks {
		c.step(allocation.AddFramework{
			Framework: &allocation.Framework{ID: frameworkID(f), Roles: []string{"*"}},
			Active:    true,
		})
	}
	c.tick()
	return c
}

func frameworkID(f int) mesos.FrameworkID {
	return mesos.FrameworkID(fmt.Sprintf("5a3c1f4e-9a0b-4c7c-8b1e-0d3f6a7b8c9d-%04d", f))
}

func agentID(a int) mesos.AgentID {
	return mesos.AgentID(fmt.Sprintf("5a3c1f4e-9a0b-4c7c-8b1e-0d3f6a7b8c9d-S%d", a))
}

// addAgents adds agents that are partly used, without a tick.
func (c *cluster) addAgents(agents, frameworks int) {
	for _, in := range c.newAgents(agents, frameworks) {
		c.step(in)
	}
}

func (c *cluster) newAgents(agents, frameworks int) []allocation.AddAgent {
	list := make([]allocation.AddAgent, agents)
	for a := range list {
		list[a] = allocation.AddAgent{
			Agent: &allocation.Agent{ID: agentID(a), Hostname: "host", Total: c.total},
			Used:  []allocation.Grant{{Framework: frameworkID(a % frameworks), Resources: c.used}},
		}
	}
	return list
}

func (c *cluster) step(in allocation.Input) {
	for _, out := range c.al.Step(c.now, in) {
		switch out := out.(type) {
		case allocation.OffersReady:
			for _, o := range out.Offers {
				c.offers = append(c.offers, offer{out.Framework, o})
			}
		case allocation.Refused:
			panic("bench: the allocator refused an input: " + out.Err.Error())
		}
	}
}

// tick ticks as often as it is due now.
func (c *cluster) tick() {
	for {
		next := c.al.Next()
		if next.IsZero() || next.After(c.now) {
			return
		}
		c.step(allocation.Tick{})
	}
}

// declineOffers declines everything offered, forever.
func (c *cluster) declineOffers() {
	offers := c.offers
	c.offers = nil
	for _, o := range offers {
		c.step(allocation.Recover{
			Grant:    allocation.Grant{Framework: o.framework, Agent: o.Agent, Resources: o.Resources},
			Refuse:   forever,
			Declined: true,
		})
	}
	c.offers = offers[:0]
}

// timed is how long do takes.
func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func setting(agents, frameworks int, rest string) string {
	return fmt.Sprintf("%d agents, %d frameworks, %s", agents, frameworks, rest)
}

// addAgents measures from the first agent to the last offer.
func addAgents(_ context.Context, opts Options, agents, frameworks int, goal time.Duration) Row {
	const batch = 64 // what a busy shell finds in its inbox
	var times []time.Duration
	for range repeats(opts, 5) {
		c := newCluster(frameworks)
		inputs := c.newAgents(agents, frameworks)
		runtime.GC()
		times = append(times, timed(func() {
			for i, in := range inputs {
				c.step(in)
				if i%batch == batch-1 {
					c.tick()
				}
			}
			c.tick()
		}))
		mustOffer(c, agents)
	}
	return seconds("allocator", "add agents with frameworks waiting, until all are offered",
		setting(agents, frameworks, fmt.Sprintf("in batches of %d, median of %d", batch, len(times)-1)), median(times[1:]), goal)
}

// declineAll measures allocation cycles in which every agent is offered to a
// framework that has not declined it yet.
func declineAll(ctx context.Context, opts Options, agents, frameworks int, goal time.Duration) Row {
	c := newCluster(frameworks)
	c.addAgents(agents, frameworks)
	c.tick()
	var times []time.Duration
	// Declining takes longer than the cycle measured: fewer of the large ones.
	cycles := repeats(opts, max(15, min(100, 200_000/agents)))
	for range min(cycles, frameworks-1) {
		if ctx.Err() != nil {
			break
		}
		mustOffer(c, agents)
		c.declineOffers()
		times = append(times, timed(c.tick))
	}
	return seconds("allocator", "one allocation cycle, every offer declined",
		setting(agents, frameworks, fmt.Sprintf("median of %d cycles", len(times))), median(times), goal)
}

// filteredCluster is one in which every framework declined every agent.
func filteredCluster(agents, frameworks int) *cluster {
	c := newCluster(frameworks)
	c.addAgents(agents, frameworks)
	c.tick()
	for len(c.offers) > 0 {
		c.declineOffers()
		c.tick()
	}
	return c
}

// passOverFiltered measures the periodic pass when everybody declined everything.
func passOverFiltered(_ context.Context, opts Options, agents, frameworks int, goal time.Duration) Row {
	c := filteredCluster(agents, frameworks)
	var times []time.Duration
	for range repeats(opts, 100) {
		c.now = c.al.Next()
		times = append(times, timed(c.tick))
	}
	mustOffer(c, 0)
	return seconds("allocator", "one allocation cycle, everything filtered",
		setting(agents, frameworks, fmt.Sprintf("median of %d cycles", len(times))), median(times), goal)
}

// reviveAll measures from the first revive of frameworks that declined
// everything until everything is offered again.
func reviveAll(_ context.Context, opts Options, agents, frameworks int, goal time.Duration) Row {
	c := filteredCluster(agents, frameworks)
	var times []time.Duration
	for range repeats(opts, 10) {
		times = append(times, timed(func() {
			for f := range frameworks {
				c.step(allocation.Revive{ID: frameworkID(f)})
			}
			c.tick()
		}))
		mustOffer(c, agents)
		for len(c.offers) > 0 {
			c.declineOffers()
			c.tick()
		}
	}
	return seconds("allocator", "every framework revives, until all agents are offered",
		setting(agents, frameworks, fmt.Sprintf("%d revives in a row, median of %d", frameworks, len(times))), median(times), goal)
}

// freeOne measures from the end of a task until what it used is offered, in a
// cluster where everything else is in use.
func freeOne(_ context.Context, opts Options, agents, frameworks int, goal time.Duration) Row {
	c := newCluster(frameworks)
	c.addAgents(agents, frameworks)
	c.tick()
	mustOffer(c, agents)
	c.offers = c.offers[:0] // in use from here on
	ended := resources.MustParse("cpus:1;mem:64").Allocate("*")
	var times []time.Duration
	for i := range repeats(opts, 1000) {
		a := i * 7919 % agents
		times = append(times, timed(func() {
			c.step(allocation.Recover{Grant: allocation.Grant{
				Framework: frameworkID(a % frameworks), Agent: agentID(a), Resources: ended,
			}})
			c.tick()
		}))
		mustOffer(c, 1)
		c.offers = c.offers[:0]
	}
	return seconds("allocator", "one agent's resources freed, until they are offered",
		setting(agents, frameworks, fmt.Sprintf("settled, median of %d", len(times))), median(times), goal)
}

func repeats(opts Options, usual int) int {
	if opts.Repeat > 0 {
		return opts.Repeat + 1 // the first is the warm-up
	}
	return usual
}

// mustOffer checks that a benchmark does the work that it says it does.
func mustOffer(c *cluster, agents int) {
	if len(c.offers) != agents {
		panic(fmt.Sprintf("bench: %d agents are offered, not %d", len(c.offers), agents))
	}
}
