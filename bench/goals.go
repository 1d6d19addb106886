package bench

import (
	"fmt"
	"runtime"
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// measureGoals measures what goals are set for.
func measureGoals(m *measurement) {
	m.addAgents(10_000, 200, 50*time.Millisecond)
	m.declineAll(1_000, 200, 3*time.Millisecond)
	m.declineAll(5_000, 200, 15*time.Millisecond)
	m.declineAll(20_000, 2_000, 200*time.Millisecond)
	m.declineAll(50_000, 6_000, time.Second)
	m.filtered(10_000, 200, time.Millisecond, 20*time.Millisecond)
	m.freeOne(20_000, 2_000, time.Millisecond)
}

func setting(agents, frameworks int, rest string) string {
	return fmt.Sprintf("%d agents, %d frameworks, %s", agents, frameworks, rest)
}

// addAgents measures from the first agent to the last offer.
func (m *measurement) addAgents(agents, frameworks int, goal time.Duration) {
	const batch = 64 // what a busy shell finds in its inbox
	agents, frameworks = m.size(agents, frameworks)
	var times []time.Duration
	for range m.repeats(5) {
		c := newCluster(frameworks, partlyUsed())
		inputs := c.newAgents(agents, frameworks)
		c.offers = make([]offer, 0, agents)
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
		c.mustOffer(agents)
	}
	m.took("add agents with frameworks waiting, until all are offered",
		setting(agents, frameworks, fmt.Sprintf("in batches of %d, median of %d", batch, len(times)-1)), median(times[1:]), goal)
}

// declineAll measures allocation cycles in which every agent is offered to a
// framework that has not declined it yet.
func (m *measurement) declineAll(agents, frameworks int, goal time.Duration) {
	agents, frameworks = m.size(agents, frameworks)
	c := offeredCluster(agents, frameworks, partlyUsed())
	c.mustOffer(agents)
	// Declining takes longer than the cycle measured: fewer of the large ones.
	times := m.cycles(c, min(m.repeats(max(15, min(100, 200_000/agents))), frameworks-1))
	m.took("one allocation cycle, every offer declined",
		setting(agents, frameworks, fmt.Sprintf("median of %d cycles", len(times))), median(times), goal)
}

// cycles measures how long it takes to offer what was declined to others.
func (m *measurement) cycles(c *cluster, n int) []time.Duration {
	runtime.GC() // the last cluster is not this one's to sweep
	var times []time.Duration
	for range n {
		if m.ctx.Err() != nil && len(times) > 0 {
			break
		}
		c.mustOfferSomething()
		c.declineOffers(forever)
		times = append(times, timed(c.tick))
	}
	return times
}

// filtered measures a cluster in which everybody declined everything: the
// periodic pass, and what comes of it when all revive.
func (m *measurement) filtered(agents, frameworks int, passGoal, reviveGoal time.Duration) {
	agents, frameworks = m.size(agents, frameworks)
	c := filteredCluster(agents, frameworks, partlyUsed())
	runtime.GC()
	times := m.times(m.repeats(100), func() {
		c.now = c.al.Next()
		c.tick()
	})
	c.mustOffer(0)
	m.took("one allocation cycle, everything filtered",
		setting(agents, frameworks, fmt.Sprintf("median of %d cycles", len(times))), median(times), passGoal)

	// From the first revive until everything is offered again.
	times = times[:0]
	for range m.repeats(11) {
		runtime.GC()
		times = append(times, timed(func() {
			for f := range frameworks {
				c.step(allocation.Revive{ID: frameworkID(f)})
			}
			c.tick()
		}))
		c.mustOffer(agents)
		c.declineOffers(forever)
	}
	m.took("every framework revives, until all agents are offered",
		setting(agents, frameworks, fmt.Sprintf("%d revives in a row, median of %d", frameworks, len(times))), median(times), reviveGoal)
}

// freeOne measures from the end of a task until what it used is offered, in a
// cluster where everything else is in use.
func (m *measurement) freeOne(agents, frameworks int, goal time.Duration) {
	agents, frameworks = m.size(agents, frameworks)
	value, n := m.oneFreed(agents, frameworks)
	m.took("one agent's resources freed, until they are offered",
		setting(agents, frameworks, fmt.Sprintf("settled, median of %d", n)), value, goal)
}

// oneFreed is what freeOne measures, and how often.
func (m *measurement) oneFreed(agents, frameworks int) (time.Duration, int) {
	c := offeredCluster(agents, frameworks, partlyUsed())
	c.mustOffer(agents)
	c.offers = c.offers[:0] // in use from here on
	ended := resources.MustParse("cpus:1;mem:64").Allocate("*")
	runtime.GC()
	a := 0
	times := m.times(m.repeats(1000), func() {
		a = (a + 7919) % agents
		c.offers = c.offers[:0]
		c.step(allocation.Recover{Grant: allocation.Grant{
			Framework: frameworkID(a % frameworks), Agent: agentID(a), Resources: ended,
		}})
		c.tick()
		c.mustOffer(1)
	})
	return median(times), len(times)
}
