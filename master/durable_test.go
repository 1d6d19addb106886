package master

import (
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// durable lists the keys of the registry, in order.
func (c *cluster) durable() []string { return sortedKeys(c.registry) }

func TestTheRegistryKnowsWhereEachAgentIsInItsLife(t *testing.T) {
	// covers: RegistrarTest.Admit
	// covers: RegistrarTest.MarkUnreachable
	// covers: RegistrarTest.MarkReachable
	// covers: RegistrarTest.Remove
	// covers: RegistrarTest.Recover
	// covers: RegistrarTest.UpdateSlave
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	is := func(want ...string) {
		t.Helper()
		if got := c.durable(); !slices.Equal(got, want) {
			t.Errorf("the registry has %v, want %v", got, want)
		}
	}
	is(AdmittedKey(a))
	c.lose(1)
	is(UnreachableKey(a))
	c.step(reregisterMessage(1, string(a), nil))
	is(AdmittedKey(a))

	info := agentInfo(1, "cpus:4;mem:1024")
	info.Id = wireAgentID(a)
	info.Attributes = []*mesospb.Attribute{{Name: new("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: new("r1")}}}
	c.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateAgent{UpdateAgent: &linkpb.UpdateAgent{AgentInfo: info}}})
	stored := new(registrypb.AdmittedAgent)
	if err := stored.UnmarshalVT(c.registry[AdmittedKey(a)]); err != nil || stored.GetInfo().GetAttributes()[0].GetText().GetValue() != "r1" {
		t.Errorf("the registry has %v, %v", stored, err)
	}

	next := c.failover()
	if len(next.recovered) != 1 || next.views.recovered[a].GetAttributes()[0].GetName() != "rack" {
		t.Errorf("the next master awaits %v", next.recovered)
	}
	c.fromAgent(1, &linkpb.ToMaster{Message: &linkpb.ToMaster_Unregister{Unregister: &linkpb.Unregister{AgentId: wireAgentID(a)}}})
	is()
}

func TestWeightsAndQuotasOutliveTheMaster(t *testing.T) {
	// covers: RegistrarTest.UpdateWeights
	// covers: RegistrarTest.UpdateQuota
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	granted(t, c.updateWeights("dev", 2))
	granted(t, c.updateQuota(true, quotaConfig("dev", "cpus:1", "cpus:2"), quotaConfig("prod", "cpus:1", "cpus:2")))
	next := c.failover()
	if next.told.weights["dev"] != 2 || next.told.quota["dev"].Limits["cpus"] != 2*mesos.OneScalar || len(next.told.quota) != 2 {
		t.Errorf("the next allocator is told weights %v and quotas %v", next.told.weights, next.told.quota)
	}
	granted(t, next.removeQuota("dev"))
	granted(t, next.updateWeights("dev", 3))
	last := next.failover()
	if _, has := last.quotas["dev"]; has || last.weights["dev"] != 3 || len(last.quotas) != 1 {
		t.Errorf("the last master has weights %v and quotas %v", last.weights, last.quotas)
	}
}
