package bench

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// The size of the shapes for which no goals are set.
const (
	shapeAgents     = 2_000
	shapeFrameworks = 200
	shapeCycles     = 30
)

// measureDeclining measures frameworks that decline all that they are offered
// with the filter that is usual, through one round of expiries.
func measureDeclining(m *measurement) {
	const refuse = 5 * time.Second
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	c := newCluster(frameworks, partlyUsed())
	c.addAgents(agents, frameworks)
	offers := 0
	times := m.times(m.repeats(3), func() {
		offers = 0
		for end := c.now.Add(refuse); c.now.Before(end); c.now = c.now.Add(time.Second) {
			for c.tick(); len(c.offers) > 0; c.tick() {
				offers += len(c.offers)
				c.declineOffers(refuse)
			}
		}
	})
	m.took("5 s of time in which everything is declined for 5 s by everybody",
		setting(agents, frameworks, fmt.Sprintf("%d offers, median of %d", offers, len(times))), median(times), 0)
}

// measureSuppressing measures what frameworks cost that want nothing.
func measureSuppressing(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	c := offeredCluster(agents, frameworks, partlyUsed())
	c.declineOffers(time.Second)
	for f := range frameworks {
		if f%100 != 0 {
			c.step(allocation.Suppress{ID: frameworkID(f)})
		}
	}
	var times []time.Duration
	for range m.repeats(shapeCycles) {
		c.now = c.now.Add(2 * time.Second)
		times = append(times, timed(c.tick))
		c.mustOffer(agents)
		c.declineOffers(time.Second)
	}
	m.took("one allocation cycle, all but 1 in 100 frameworks suppressed",
		setting(agents, frameworks, fmt.Sprintf("every offer declined, median of %d cycles", len(times))), median(times), 0)

	c = offeredCluster(agents, frameworks, partlyUsed())
	c.offers = c.offers[:0] // in use from here on
	f := 0
	times = m.times(m.repeats(shapeCycles), func() {
		f = (f + 1) % frameworks
		c.step(allocation.Suppress{ID: frameworkID(f)})
		c.step(allocation.Revive{ID: frameworkID(f)})
		c.tick()
	})
	c.mustOffer(0)
	m.took("one framework suppresses and revives, nothing to offer",
		setting(agents, frameworks, fmt.Sprintf("median of %d", len(times))), median(times), 0)
}

// declining measures cycles of a layout in which every offer is declined.
func (m *measurement) declining(work, how string, agents, frameworks int, c *cluster) {
	times := m.cycles(c, min(m.repeats(shapeCycles), frameworks-1))
	m.took(work, setting(agents, frameworks, fmt.Sprintf("%s, median of %d cycles", how, len(times))), median(times), 0)
}

// measureRoles measures as many roles as frameworks.
func measureRoles(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	of := partlyUsed()
	of.role = func(f int) string { return fmt.Sprintf("org-%d/team-%d", f%10, f) }
	m.declining("one allocation cycle, each framework in a role of its own", "roles below 10 others",
		agents, frameworks, offeredCluster(agents, frameworks, of))
}

// measureQuota measures half of the frameworks with guarantees, which are
// limits too, of half the cluster: of few roles, or of one for each framework.
func measureQuota(m *measurement) {
	for _, agents := range []int{300, 3_000} {
		agents, frameworks := m.size(agents, shapeFrameworks)
		for _, quota := range []struct {
			kind  string
			roles int
		}{{"large", max(1, frameworks/20)}, {"small", max(1, frameworks/2)}} {
			c := quotaCluster(agents, frameworks, quota.roles)
			how := fmt.Sprintf("half of them with %[2]s quotas of %[1]d roles", quota.roles, quota.kind)
			m.declining("one allocation cycle with quota, every offer declined", how, agents, frameworks, c)
		}
		if m.opts.Agents > 0 {
			return // both would be the same
		}
	}
}

func quotaCluster(agents, frameworks, roles int) *cluster {
	of := partlyUsed()
	of.role = func(f int) string {
		if f%2 == 0 {
			return "quota-" + strconv.Itoa(f/2%roles)
		}
		return "rest"
	}
	of.used = func(int) resources.Resources { return resources.Resources{} }
	c := newCluster(frameworks, of)
	parts := int64(2 * roles)
	cpus := resources.Scalar(int64(of.total(0).Cpus()) * int64(agents) / parts)
	mem := resources.Scalar(int64(of.total(0).Mem()) * int64(agents) / parts)
	for r := range roles {
		c.step(allocation.UpdateQuota{Role: "quota-" + strconv.Itoa(r), Quota: allocation.Quota{
			Guarantees: resources.NewQuantities(
				resources.Quantity{Name: "cpus", Amount: cpus}, resources.Quantity{Name: "mem", Amount: mem}),
			Limits: map[string]resources.Scalar{"cpus": cpus, "mem": mem},
		}})
	}
	c.addAgents(agents, frameworks)
	c.tick()
	return c
}

// measureReservations measures agents of which a third is reserved, each to one
// of as many roles as there are frameworks.
func measureReservations(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	of := partlyUsed()
	of.role = func(f int) string { return "team-" + strconv.Itoa(f) }
	totals := make([]resources.Resources, frameworks)
	for f := range totals {
		role := of.role(f)
		totals[f] = resources.MustParse(fmt.Sprintf(
			"cpus(%s):8;mem(%s):1024;cpus:24;mem:4096;disk:4096;ports:[31000-32000]", role, role))
	}
	of.total = func(a int) resources.Resources { return totals[a/7%frameworks] }
	m.declining("one allocation cycle with reservations, every offer declined", "a part of each agent reserved to one framework",
		agents, frameworks, offeredCluster(agents, frameworks, of))
}

// measurePorts measures agents whose free ports are 500 ranges.
func measurePorts(m *measurement) {
	agents, frameworks := m.size(shapeAgents, shapeFrameworks)
	of := partlyUsed()
	of.used = always("cpus:16;mem:2014;disk:1024;ports:" + everySecondPort(31000, 32000))
	m.declining("one allocation cycle with fragmented ports, every offer declined", "500 ranges of ports free on each",
		agents, frameworks, offeredCluster(agents, frameworks, of))

	c := offeredCluster(agents, frameworks, of)
	c.offers = c.offers[:0] // in use from here on
	runtime.GC()
	port := 31000
	times := m.times(min(m.repeats(10), 400), func() {
		ended := resources.MustParse(fmt.Sprintf("cpus:0.01;mem:1;ports:[%d-%d]", port, port)).Allocate(of.role(0))
		port += 2
		for a := range agents {
			c.step(allocation.Recover{Grant: allocation.Grant{
				Framework: frameworkID(a % frameworks), Agent: agentID(a), Resources: ended,
			}})
		}
		c.tick()
		c.mustOffer(agents)
		c.offers = c.offers[:0]
	})
	m.took("a task with a port ends on each agent, until all are offered",
		setting(agents, frameworks, fmt.Sprintf("500 ranges of ports used on each, median of %d", len(times))), median(times), 0)
}
