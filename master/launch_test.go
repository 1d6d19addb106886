package master

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestACommandTaskRunsToItsEnd(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	c.subscribe("s1", frameworkInfo())
	s := &scheduler{c: c, id: "M-0000", stream: "s1"}
	o := c.offer(s, a, "cpus:4;mem:1024")
	if err := s.accept([]mesos.OfferID{o}, commandTask("t", a, "cpus:1;mem:64")); err != nil {
		t.Fatal(err)
	}
	c.update(1, s, "t", mesospb.TaskState_TASK_RUNNING, 1)
	s.acknowledge(a, "t", 1)
	c.update(1, s, "t", mesospb.TaskState_TASK_FINISHED, 2)
	s.acknowledge(a, "t", 2)
	if got := c.views.tasks["M-0000 t"]; got.List != TaskCompleted || got.Task.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("the task is %v in list %d", got.Task, got.List)
	}
}
