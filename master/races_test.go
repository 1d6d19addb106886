package master

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// What happens to an agent happens once, whatever else is going on:
// https://mesos.apache.org/documentation/latest/high-availability-framework-guide/

// heard counts what schedulers were told since the last take of losses: offers
// that were taken back, and agents that are gone.
func (c *cluster) heard() (rescinded, lost int) {
	for _, e := range c.take() {
		switch e, _ := e.(SendEvent); e.Event.GetType() {
		case schedulerpb.Event_RESCIND:
			rescinded++
		case schedulerpb.Event_FAILURE:
			lost++
		}
	}
	return rescinded, lost
}

func (c *cluster) unregister(link LinkID) {
	c.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{Unregister: &linkpb.Unregister{}}})
}

func TestAnAgentThatUnregistersIsLostAtOnce(t *testing.T) {
	// covers: SlaveTest.Shutdown
	// covers: SlaveTest.HealthCheckUnregisterRace
	c := newCluster(t, testConfig(), Recovered{})
	s, a := c.subscribe("s1", frameworkInfo()), c.agent(1, "cpus:4;mem:1024")
	c.offer(s, a, "cpus:1")
	c.take()
	c.unregister(1)
	if rescinded, lost := c.heard(); rescinded != 1 || lost != 1 {
		t.Errorf("%d offers were rescinded, and %d agents lost", rescinded, lost)
	}
	if c.metric("master/slave_removals/reason_unregistered") != 1 || c.agents[a] != nil || c.registry[AdmittedKey(a)] != nil {
		t.Error("the agent is not removed")
	}
	// Nobody misses its answers to pings.
	for range 10 {
		c.pass(15 * time.Second)
	}
	for _, e := range c.take() {
		if _, ok := e.(WriteRegistry); ok {
			t.Error("the registry is written")
		}
	}
	if c.unreachable[a] != nil {
		t.Error("the agent is unreachable")
	}
}

func TestAnAgentThatIsBeingMarkedUnreachableUnregisters(t *testing.T) {
	// covers: SlaveTest.UnreachableThenUnregisterRace
	c := newCluster(t, testConfig(), Recovered{})
	s, a := c.subscribe("s1", frameworkInfo()), c.agent(1, "cpus:4;mem:1024")
	c.offer(s, a, "cpus:1")
	c.slowRegistry = true
	c.pass(75 * time.Second)
	c.unregister(1)
	if len(c.pending) != 1 {
		t.Fatalf("%d registry writes wait, want one", len(c.pending))
	}
	c.written()
	if rescinded, lost := c.heard(); rescinded != 1 || lost != 1 || len(c.pending) > 0 {
		t.Errorf("%d offers were rescinded, %d agents lost, %d registry writes wait", rescinded, lost, len(c.pending))
	}
	if c.agents[a] != nil || c.unreachable[a] == nil {
		t.Error("the agent is not unreachable")
	}
}

func TestAnAgentThatUnregistersIsNotMarkedUnreachable(t *testing.T) {
	// covers: SlaveTest.UnregisterThenUnreachableRace
	c := newCluster(t, testConfig(), Recovered{})
	s, a := c.subscribe("s1", frameworkInfo()), c.agent(1, "cpus:4;mem:1024")
	c.offer(s, a, "cpus:1")
	c.slowRegistry = true
	c.unregister(1)
	c.pass(75 * time.Second)
	c.pass(30 * time.Second)
	if len(c.pending) != 1 {
		t.Fatalf("%d registry writes wait, want one", len(c.pending))
	}
	c.written()
	if rescinded, lost := c.heard(); rescinded != 1 || lost != 1 || len(c.pending) > 0 {
		t.Errorf("%d offers were rescinded, %d agents lost, %d registry writes wait", rescinded, lost, len(c.pending))
	}
	if c.agents[a] != nil || c.unreachable[a] != nil {
		t.Error("the agent is not just gone")
	}
}

func TestTheRegistryIsOnlyWrittenForAgentsThatItDoesNotHaveAsTheyAre(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	b := c.agent(2, "cpus:4;mem:1024")
	c.lose(2)
	a := c.agent(1, "cpus:4;mem:1024")
	next := c.failover()
	next.slowRegistry = true
	// covers: SlaveTest.RegisteredAgentReregisterAfterFailover
	next.step(reregisterMessage(1, string(a), nil))
	if len(next.pending) > 0 || next.agents[a] == nil || next.links[1] == nil {
		t.Errorf("%d registry writes are awaited for an agent that was there", len(next.pending))
	}
	// covers: SlaveTest.UnreachableAgentReregisterAfterFailover
	next.step(reregisterMessage(2, string(b), nil))
	if len(next.pending) != 1 || next.links[2] != nil {
		t.Errorf("%d registry writes are awaited for an agent that was unreachable", len(next.pending))
	}
	next.written()
	if next.links[2] == nil || next.agents[b] == nil || next.unreachable[b] != nil || next.registry[AdmittedKey(b)] == nil {
		t.Error("the agent that was unreachable is not back")
	}
	if got, want := next.agents[b].total, resources.MustParse("cpus:4;mem:1024"); !got.Equal(want) {
		t.Errorf("it has %v, want %v", got, want)
	}
}
