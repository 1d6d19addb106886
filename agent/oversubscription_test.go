package agent

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// revocable is what an estimate of that many cpus and so much of others is.
func revocable(text string) resources.Resources {
	var list []resources.Resource
	for r := range resources.MustParse(text).All() {
		r.Revocable = true
		list = append(list, r)
	}
	return resources.Of(list...)
}

// estimates steps an input and returns what the master was told of estimates,
// "none" if it was told nothing.
func (s *stage) estimates(in Input) string {
	s.t.Helper()
	told := "none"
	for _, e := range s.step(in) {
		send, ok := e.(SendMaster)
		if !ok {
			continue
		}
		switch m := send.Message.GetMessage().(type) {
		case *linkpb.ToMaster_UpdateAgent:
			if !m.UpdateAgent.GetUpdateOversubscribedResources() || m.UpdateAgent.GetAgentInfo().GetId() == nil {
				s.t.Errorf("the master is told %v", m.UpdateAgent)
			}
			told = resourcesText(m.UpdateAgent.GetOversubscribedResources())
		case *linkpb.ToMaster_Reregister:
			told = "reregistered with " + resourcesText(m.Reregister.GetOversubscribedResources())
		}
	}
	return told
}

func (s *stage) wantEstimate(in Input, want string) {
	s.t.Helper()
	if got := s.estimates(in); got != want {
		s.t.Errorf("the master is told %q, want %q", got, want)
	}
}

// runRevocable launches a task on some revocable cpus.
func runRevocable(name, executor string, cpus string) *linkpb.ToAgent {
	m := runMessage(arguments{"task": name, "executor": executor})
	m.Tasks[0].Resources = convert.ToWire(revocable("cpus:" + cpus).Allocate("*"))
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_RunTasks{RunTasks: m}}
}

// https://mesos.apache.org/documentation/latest/oversubscription/
func TestAnEstimateIsToldWhenItChanges(t *testing.T) {
	// covers: OversubscriptionTest.ForwardUpdateSlaveMessage
	s := scene(t)
	s.wantEstimate(Tick{}, "none")
	s.meters(map[string]float64{"cpus_revocable_total": 0})
	s.wantEstimate(Estimate{revocable("cpus:1")}, "cpus{REV}:1")
	s.wantEstimate(Estimate{revocable("cpus:1")}, "none")
	s.meters(map[string]float64{"cpus_total": 8, "cpus_revocable_total": 1})
	s.wantEstimate(Estimate{revocable("cpus:2;mem:64")}, "cpus{REV}:2; mem{REV}:64")
	s.wantEstimate(Estimate{resources.MustParse("cpus:2")}, "none") // not revocable: refused
	s.wantEstimate(Estimate{}, "{}")
	s.meters(map[string]float64{"cpus_revocable_total": 0, "mem_revocable_total": 0})
}

func TestWhatIsInUseIsPartOfAnEstimate(t *testing.T) {
	s := scene(t)
	s.wantEstimate(Estimate{revocable("cpus:2")}, "cpus{REV}:2")
	s.step(toAgent(s.link, runRevocable("t", "E", "1.5")))
	s.wantEstimate(Estimate{revocable("cpus:2")}, "none")
	s.wantEstimate(Estimate{revocable("cpus:1")}, "cpus{REV}:1.5") // half a cpu too much is in use
	s.wantEstimate(Estimate{}, "none")
}

func TestEachRegistrationTellsTheEstimate(t *testing.T) {
	// covers: OversubscriptionTest.Reregistration
	s := newStage(t, State{})
	s.do("start")
	s.wantEstimate(Estimate{revocable("cpus:2")}, "none") // nobody is there to be told
	s.do("connected")
	s.wantEstimate(s.input("registered", arguments{}), "cpus{REV}:2")
	s.do("link-closed", "after 10s")
	s.wantEstimate(s.input("connected", arguments{}), "reregistered with cpus{REV}:2")
	s.wantEstimate(s.input("registered", arguments{}), "cpus{REV}:2")
}

func TestAQoSCorrectionKills(t *testing.T) {
	// covers: OversubscriptionTest.ReceiveQoSCorrection
	// covers: OversubscriptionTest.QoSCorrectionKill
	// covers: OversubscriptionTest.QoSCorrectionKillPartitionAware
	for _, test := range []struct{ run, state, meter string }{
		{"run task=t executor=E", "TASK_LOST", "tasks_lost"},
		{"run task=t executor=E aware", "TASK_GONE", "tasks_gone"},
	} {
		s := scene(t, test.run, "started container=1 pid=7", "subscribe", "update task=t state=RUNNING uuid=1", "ack task=t uuid=1")
		s.meters(map[string]float64{"executors_preempted": 0})
		s.step(Preempt{Framework: "F", Executor: "E", Container: containerOf("1")})
		s.contains(s.out.String(), "destroy container c1")
		s.meters(map[string]float64{"executors_preempted": 1, "executors_terminating": 1})

		var status *mesospb.TaskStatus
		for _, e := range s.step(s.input("ended", arguments{"container": "1", "status": "9"})) {
			if send, ok := e.(SendMaster); ok && send.Message.GetStatusUpdate() != nil {
				status = send.Message.GetStatusUpdate().GetStatus()
			}
		}
		if status.GetState().String() != test.state || status.GetReason() != mesospb.TaskStatus_REASON_CONTAINER_PREEMPTED ||
			status.GetSource() != mesospb.TaskStatus_SOURCE_AGENT {
			t.Errorf("after %q the update is %v", test.run, status)
		}
		s.meters(map[string]float64{test.meter: 1})
	}
}

func TestACorrectionOfWhatDoesNotRunIsIgnored(t *testing.T) {
	s := scene(t, "run task=t executor=E")
	for _, in := range []Preempt{{Framework: "X", Executor: "E"}, {Framework: "F", Executor: "X"}, {Framework: "F", Executor: "E", Container: "other"}} {
		s.out.Reset()
		s.step(in)
		s.lacks(s.out.String(), "destroy")
	}
	s.step(Preempt{Framework: "F", Executor: "E"})
	s.contains(s.out.String(), "destroy container c1")
	s.out.Reset()
	s.step(Preempt{Framework: "F", Executor: "E"})
	s.lacks(s.out.String(), "destroy") // it is ending
}

func TestUsageTellsAllThatTheAgentHas(t *testing.T) {
	total := func(s *stage) string { return resourcesText(s.agent.Usage().GetTotal()) }
	// covers: SlaveTest.TotalSlaveResourcesIncludedInUsage
	s := scene(t)
	if got, want := total(s), "cpus:8; mem:4096; disk:1024"; got != want {
		t.Errorf("the total is %s, want %s", got, want)
	}
	// covers: SlaveTest.CheckpointedResourcesIncludedInUsage
	s.do("reserve uuid=501 resources='cpus:2'", "reserve uuid=502 resources='disk:64'", "create uuid=503 volumes=v:64", "volumes-changed uuid=503")
	for range 2 {
		s.contains(total(s), "cpus(reservations: [(DYNAMIC,dev,ops)]):2", "disk(reservations: [(DYNAMIC,dev,ops)])[v:data]:64")
		s.do("restart", "start")
	}
}

func TestUsageListsWhatRuns(t *testing.T) {
	// covers: OversubscriptionTest.FetchResourceUsage
	// covers: OversubscriptionTest.QoSFetchResourceUsage
	s := scene(t)
	if u := s.agent.Usage(); len(u.GetExecutors()) != 0 || len(u.GetTotal()) != 3 {
		t.Errorf("an idle agent uses %v", u)
	}
	label := &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("key1"), Value: new("value1")}}}
	m := runMessage(arguments{"task": "t", "executor": "E"})
	m.Tasks[0].Labels, m.ExecutorInfo.Labels = label, label
	s.step(toAgent(s.link, &linkpb.ToAgent{Message: &linkpb.ToAgent_RunTasks{RunTasks: m}}))
	s.do("started container=1 pid=7", "subscribe")
	u := s.agent.Usage()
	if len(u.GetExecutors()) != 1 || len(u.GetExecutors()[0].GetTasks()) != 1 {
		t.Fatalf("used is %v", u)
	}
	e := u.GetExecutors()[0]
	if e.GetExecutorInfo().GetExecutorId().GetValue() != "E" || !e.GetExecutorInfo().GetLabels().EqualVT(label) ||
		e.GetExecutorInfo().GetFrameworkId().GetValue() != "F" || mesos.ContainerID(e.GetContainerId().GetValue()) != containerOf("1") ||
		len(e.GetAllocated()) == 0 {
		t.Errorf("the executor is %v", e)
	}
	task := e.GetTasks()[0]
	if task.GetName() != "t" || task.GetId().GetValue() != "t" || !task.GetLabels().EqualVT(label) || len(task.GetResources()) != len(m.Tasks[0].GetResources()) {
		t.Errorf("the task is %v", task)
	}
	s.do("ended container=1 status=0")
	if u := s.agent.Usage(); len(u.GetExecutors()) != 0 {
		t.Errorf("an executor that has ended uses %v", u)
	}
}
