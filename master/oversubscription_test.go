package master

import (
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func oversubscribed(text string) resources.Resources {
	var list []resources.Resource
	for r := range resources.MustParse(text).All() {
		r.Revocable = true
		list = append(list, r)
	}
	return resources.Of(list...)
}

// estimate tells the master an agent's estimate.
func (c *cluster) estimate(link LinkID, rs resources.Resources) {
	c.t.Helper()
	a := c.links[link]
	c.step(AgentMessage{Link: link, Address: agentAddress(link), Message: &linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateAgent{
		UpdateAgent: &linkpb.UpdateAgent{
			AgentInfo: a.info, UpdateOversubscribedResources: new(true), OversubscribedResources: convert.ToWire(rs),
		},
	}}})
}

// https://mesos.apache.org/documentation/latest/oversubscription/
func TestAnEstimateRescindsWhatItMakesUntrue(t *testing.T) {
	// covers: MasterTest.UpdateSlaveMessageWithPendingOffers
	for name, second := range map[string]string{"more": "cpus:3", "less": "cpus:0.5", "none": ""} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			c.connectAllocator(1)
			here := c.agent(1, "cpus:4;mem:1024")
			s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES)))
			c.offer(s, here, "cpus:4;mem:1024")
			c.estimate(1, oversubscribed("cpus:1"))
			if got := c.told.agents[here].Total; !got.Equal(resources.MustParse("cpus:4;mem:1024").Add(oversubscribed("cpus:1"))) {
				t.Errorf("the allocator was told %v", got)
			}
			if m := c.metric("master/cpus_revocable_total"); m != 1 || c.metric("master/cpus_total") != 4 || c.metric("master/messages_update_slave") != 1 {
				t.Errorf("cpus_revocable_total is %v", m)
			}
			c.offerOf(s, here, "*", oversubscribed("cpus:1"))
			if got := c.rescinded(); len(got) > 0 {
				t.Errorf("%v were rescinded although they have nothing revocable", got)
			}
			c.estimate(1, oversubscribed("cpus:1"))
			if got := c.rescinded(); len(got) > 0 {
				t.Errorf("%v were rescinded although nothing changed", got)
			}
			c.estimate(1, oversubscribed(second))
			if got := c.rescinded(); !slices.Equal(got, []string{"M-O1"}) {
				t.Errorf("%v were rescinded", got)
			}
			if got := c.told.agents[here]; !got.Total.Revocable().Equal(oversubscribed(second)) || !got.held[mesos.FrameworkID(s.id)].Revocable().IsEmpty() {
				t.Errorf("the allocator was told %v, and holds %v", got.Total, got.held)
			}
		})
	}
}

func TestAnEstimateMayBeOfRevocableResourcesOnly(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	here := c.agent(1, "cpus:4;mem:1024")
	c.estimate(1, resources.MustParse("cpus:1"))
	if got := c.agents[here].total; !got.Equal(resources.MustParse("cpus:4;mem:1024")) {
		t.Errorf("the agent has %v", got)
	}
}

// Less may be left than is in use; nothing of it is given to others until the
// agent has killed what is too much.
func TestAnEstimateBelowWhatIsInUse(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	here := c.agent(1, "cpus:4;mem:1024")
	c.estimate(1, oversubscribed("cpus:2"))
	s := c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES)))
	c.offerOf(s, here, "*", oversubscribed("cpus:2").Add(resources.MustParse("mem:64")))
	task := commandTask("t", here, "mem:64")
	task.Resources = append(task.Resources, convert.ToWire(oversubscribed("cpus:2"))...)
	granted(t, s.accept([]mesos.OfferID{"M-O0"}, task))
	c.estimate(1, oversubscribed("cpus:1"))
	if got := c.agents[here]; got.total.Revocable().Cpus() != mesos.OneScalar || got.used.Revocable().Cpus() != 2*mesos.OneScalar {
		t.Errorf("the agent has %v, of which %v is in use", got.total, got.used)
	}
	if c.agents[here].hasFree(oversubscribed("cpus:1").Allocate("*")) {
		t.Error("there is something to give away")
	}
}

func TestAReturningAgentHasItsEstimate(t *testing.T) {
	estimate := func(msg *linkpb.Reregister) { msg.OversubscribedResources = convert.ToWire(oversubscribed("cpus:2")) }
	known := newCluster(t, testConfig(), Recovered{})
	known.connectAllocator(1)
	id := known.agent(1, "cpus:4;mem:1024")
	in := reregisterMessage(1, string(id), estimate)
	in.Link = 2
	known.step(in)
	if got := known.told.agents[id].Total.Revocable(); !got.Equal(oversubscribed("cpus:2")) {
		t.Errorf("the allocator was told %v", got)
	}
	// The same agent with other attributes keeps it.
	in = reregisterMessage(1, string(id), func(msg *linkpb.Reregister) {
		estimate(msg)
		msg.AgentInfo.Attributes = []*mesospb.Attribute{{Name: new("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: new("r1")}}}
	})
	in.Link = 3
	known.step(in)
	if got := known.told.agents[id].Total; !got.Equal(resources.MustParse("cpus:4;mem:1024").Add(oversubscribed("cpus:2"))) {
		t.Errorf("the allocator was told %v", got)
	}

	unknown := newCluster(t, testConfig(), Recovered{})
	unknown.connectAllocator(1)
	unknown.step(reregisterMessage(1, "X-S1", estimate))
	if got := unknown.told.agents["X-S1"].Total; !got.Equal(resources.MustParse("cpus:4;mem:1024").Add(oversubscribed("cpus:2"))) {
		t.Errorf("after a failover the allocator was told %v", got)
	}
}

func (c *cluster) metric(name string) float64 {
	c.t.Helper()
	for _, m := range metricsOf(c.Master) {
		if m.Name == name {
			return m.Value
		}
	}
	c.t.Errorf("there is no metric %s", name)
	return 0
}
