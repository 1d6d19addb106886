package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// cluster is an allocator with agents and frameworks, driven as its shell does:
// inputs, then ticks for as long as they are due.
type cluster struct {
	al     *allocator.Allocator
	now    time.Time
	layout layout
	offers []offer // that nobody has answered yet
}

type offer struct {
	framework mesos.FrameworkID
	allocation.Offered
}

// layout is what a cluster is made of.
type layout struct {
	role  func(framework int) string
	total func(agent int) resources.Resources
	used  func(agent int) resources.Resources // by one framework; without role
}

// partlyUsed is the layout of the goals: agents of 24 cpus, 4 GB, 4 GB of disk
// and 1,001 ports, of which one framework uses 16 cpus and every second of 32
// ports, all frameworks in role "*".
func partlyUsed() layout {
	return layout{
		role:  func(int) string { return mesos.AnyRole },
		total: always("cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
		used:  always("cpus:16;mem:2014;disk:1024;ports:" + everySecondPort(31000, 31032)),
	}
}

// always is those resources, of every agent.
func always(text string) func(int) resources.Resources {
	r := resources.MustParse(text)
	return func(int) resources.Resources { return r }
}

// everySecondPort is ranges of one port each.
func everySecondPort(begin, end int) string {
	var list []string
	for port := begin; port < end; port += 2 {
		list = append(list, fmt.Sprintf("%d-%d", port, port))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// forever is longer than any benchmark.
const forever = 365 * 24 * time.Hour

// newCluster is a cluster of frameworks only.
func newCluster(frameworks int, of layout) *cluster {
	c := &cluster{
		al: allocator.New(allocator.Config{
			AllocationInterval: time.Second,
			MinAllocatable:     allocator.DefaultMinAllocatable(),
		}),
		now:    time.Unix(1_800_000_000, 0),
		layout: of,
	}
	for f := range frameworks {
		c.step(allocation.AddFramework{
			Framework: &allocation.Framework{ID: frameworkID(f), Roles: []string{of.role(f)}},
			Active:    true,
		})
	}
	c.tick()
	return c
}

// offeredCluster is a cluster all of which is offered.
func offeredCluster(agents, frameworks int, of layout) *cluster {
	c := newCluster(frameworks, of)
	c.addAgents(agents, frameworks)
	c.tick()
	return c
}

// filteredCluster is one in which every framework declined every agent.
func filteredCluster(agents, frameworks int, of layout) *cluster {
	c := offeredCluster(agents, frameworks, of)
	for len(c.offers) > 0 {
		c.declineOffers(forever)
		c.tick()
	}
	return c
}

func frameworkID(f int) mesos.FrameworkID {
	return mesos.FrameworkID(fmt.Sprintf("5a3c1f4e-9a0b-4c7c-8b1e-0d3f6a7b8c9d-%04d", f))
}

func agentID(a int) mesos.AgentID {
	return mesos.AgentID(fmt.Sprintf("5a3c1f4e-9a0b-4c7c-8b1e-0d3f6a7b8c9d-S%d", a))
}

// addAgents adds agents, without a tick.
func (c *cluster) addAgents(agents, frameworks int) {
	for _, in := range c.newAgents(agents, frameworks) {
		c.step(in)
	}
}

func (c *cluster) newAgents(agents, frameworks int) []allocation.AddAgent {
	list := make([]allocation.AddAgent, agents)
	for a := range list {
		list[a].Agent = &allocation.Agent{ID: agentID(a), Hostname: "host", Total: c.layout.total(a)}
		if used := c.layout.used(a); !used.IsEmpty() {
			f := a % frameworks
			list[a].Used = []allocation.Grant{{Framework: frameworkID(f), Resources: used.Allocate(c.layout.role(f))}}
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

// declineOffers declines everything offered, for that long.
func (c *cluster) declineOffers(refuse time.Duration) {
	offers := c.offers
	c.offers = nil
	for _, o := range offers {
		c.step(allocation.Recover{
			Grant:    allocation.Grant{Framework: o.framework, Agent: o.Agent, Resources: o.Resources},
			Refuse:   refuse,
			Declined: true,
		})
	}
	c.offers = offers[:0]
}

// mustOffer checks that a benchmark does the work that it says it does.
func (c *cluster) mustOffer(agents int) {
	if len(c.offers) != agents {
		panic(fmt.Sprintf("bench: %d agents are offered, not %d", len(c.offers), agents))
	}
}

// mustOfferSomething is mustOffer where it may be parts of agents.
func (c *cluster) mustOfferSomething() {
	if len(c.offers) == 0 {
		panic("bench: nothing is offered")
	}
}
