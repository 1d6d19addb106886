package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// consumedCPUs is the metric of a role; -1 if there is none.
func (c *cluster) consumedCPUs(role string) float64 {
	for _, m := range c.AppendMetrics(nil) {
		if m.Name == "allocator/mesos/quota/roles/"+role+"/resources/cpus/consumed" {
			return m.Value
		}
	}
	return -1
}

func (c *cluster) consumes(role string, want float64, when string) {
	c.t.Helper()
	if got := c.consumedCPUs(role); got != want {
		c.t.Errorf("%s, %s consumes %v cpus, want %v", when, role, got, want)
	}
}

// https://mesos.apache.org/documentation/latest/monitoring/
func TestWhatIsUsedIsConsumed(t *testing.T) {
	// covers: ConsumptionMetricsTest.Launch
	c := newCluster(t, testConfig(), Recovered{})
	info := ofRoles("a/b")
	withFramework("F")(info)
	s := c.subscribe("s1", info)
	c.consumes("a/b", -1, "without agents")
	a := c.agent(1, "cpus:4;mem:1024")
	o := c.offerTo(s, a, "a/b", "cpus:2;mem:64")
	c.consumes("a/b", -1, "while they are only offered")
	task := commandTask("t", a, "")
	task.Resources = convert.ToWire(resources.MustParse("cpus:2;mem:64").Allocate("a/b"))
	if err := s.accept([]mesos.OfferID{o}, task); err != nil {
		t.Fatal(err)
	}
	c.update(1, s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	s.acknowledge(a, "t", 1)
	for _, role := range []string{"a/b", "a"} {
		c.consumes(role, 2, "while a task runs")
	}
	// covers: ConsumptionMetricsTest.MasterFailover
	next := c.failover()
	next.step(reregisterMessage(1, string(a), func(msg *linkpb.Reregister) {
		msg.Frameworks = []*mesospb.FrameworkInfo{info}
		msg.Tasks = []*mesospb.Task{{
			Name: new("t"), TaskId: task.TaskId, FrameworkId: info.Id, AgentId: wireAgentID(a),
			State: mesospb.TaskState_TASK_RUNNING.Enum(), Resources: task.Resources,
		}}
	}))
	next.consumes("a/b", 2, "under the next master")
	next.subscribe("s2", info)
	next.consumes("a/b", 2, "once its framework is back")

	c.update(1, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	for _, role := range []string{"a/b", "a"} {
		c.consumes(role, -1, "after the task")
	}
}

func TestWhatIsReservedIsConsumed(t *testing.T) {
	// covers: ConsumptionMetricsTest.ReservedResource
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s1", ofRoles("a"))
	a := c.agent(1, "cpus(a):2;mem(a):1024")
	c.consumes("a", 2, "before a task")
	o := c.offerTo(s, a, "a", "cpus(a):2;mem(a):1024")
	task := commandTask("t", a, "")
	task.Resources = convert.ToWire(resources.MustParse("cpus(a):2;mem(a):1024").Allocate("a"))
	if err := s.accept([]mesos.OfferID{o}, task); err != nil {
		t.Fatal(err)
	}
	c.update(1, s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	c.consumes("a", 2, "while a task runs")
	c.update(1, s, "t", mesospb.TaskState_TASK_KILLED, 2)
	c.consumes("a", 2, "after the task")
}
