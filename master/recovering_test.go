package master

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An agent that was restarted and awaits its executors is pinged over its new
// link before it has registered over it.
// https://mesos.apache.org/documentation/latest/agent-recovery/
func TestAgentThatRecoversIsNotGivenUpWhileItAnswers(t *testing.T) {
	// covers: SlaveRecoveryTest.PingTimeoutDuringRecovery
	for _, answers := range []bool{true, false} {
		c := newCluster(t, testConfig(), Recovered{})
		a := c.agent(1, "cpus:4;mem:1024")
		s := c.subscribe("s1", frameworkInfo())
		c.runningTask(s, 1, "t")
		c.step(LinkClosed{Link: 1})
		c.recovering(2, a)
		if got := c.standing(a); got != "inactive" {
			t.Errorf("the agent is %s", got)
		}
		pings := 0
		for range 2 * testConfig().MaxAgentPingTimeouts {
			c.take()
			c.pass(testConfig().AgentPingTimeout)
			for _, e := range c.take() {
				send, ok := e.(SendAgent)
				if !ok || send.Message.GetPing() == nil {
					continue
				}
				if pings++; send.Link != 2 || send.Message.GetPing().GetConnected() {
					t.Errorf("a ping on link %d says %v", send.Link, send.Message.GetPing())
				}
				if answers {
					c.fromAgent(2, &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
				}
			}
		}
		if gone := c.agents[a] == nil; gone == answers || pings == 0 {
			t.Errorf("answers %v: %d pings, given up %v", answers, pings, gone)
		}
	}
}

func TestAgentThatRecoversTwice(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	c.recovering(2, a) // the master has not noticed that the first link is gone
	if c.agents[a].connected {
		t.Error("the agent that recovers counts as connected")
	}
	c.recovering(3, a)
	c.step(LinkClosed{Link: 2})
	if len(c.Master.recovering) != 1 || c.agents[a].recovering != 3 {
		t.Errorf("the agent recovers over link %d", c.agents[a].recovering)
	}
	in := reregisterMessage(3, string(a), nil)
	in.Address = agentAddress(1)
	in.Message.GetReregister().AgentInfo.Hostname = new("a1.example")
	c.step(in)
	c.written()
	if len(c.Master.recovering) != 0 || !c.agents[a].connected || c.agents[a].link != 3 {
		t.Error("the agent is not back")
	}
	c.recovering(3, a) // over the link that it registered on
	c.recovering(4, "stranger")
	if len(c.Master.recovering) != 0 || !c.agents[a].connected {
		t.Error("who recovers is known, or is no agent")
	}
	c.step(LinkClosed{Link: 3})
	c.recovering(5, a)
	c.pass(testConfig().AgentReregisterTimeout + time.Minute)
	c.written()
	if len(c.Master.recovering) != 0 || c.agents[a] != nil {
		t.Error("an agent that never registers is waited for without end")
	}
}

// recovering says on a link that an agent recovers.
func (c *cluster) recovering(link LinkID, id mesos.AgentID) {
	c.t.Helper()
	c.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_Recovering{
		Recovering: &linkpb.Recovering{AgentId: &mesospb.AgentID{Value: new(string(id))}},
	}})
}
