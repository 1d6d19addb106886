package master

import (
	"fmt"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// BenchmarkLaunch is one task from its offer to the acknowledgement of its end:
// an offer, an ACCEPT, two updates and two acknowledgements, and a Tick for
// every ten tasks, as a busy shell would give one.
func BenchmarkLaunch(b *testing.B) {
	config := testConfig()
	m := New(config, Recovered{})
	step := func(in Input) []Effect { return m.Step(epoch, in) }
	const agents = 1000
	for i := range LinkID(agents) {
		for _, e := range step(AgentMessage{Link: i + 1, Address: fmt.Sprintf("10.0.%d.%d:1", i/250, i%250), Message: &linkpb.ToMaster{
			Message: &linkpb.ToMaster_Register{Register: &linkpb.Register{AgentInfo: agentInfo(i+1, "cpus:16;mem:65536;disk:1000;ports:[31000-32000]"), Version: new("1")}},
		}}) {
			if e, ok := e.(WriteRegistry); ok {
				step(RegistryWritten{ID: e.ID})
			}
		}
	}
	step(Subscribe{Stream: "s", Call: &schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: frameworkInfo()}}})
	framework := &mesospb.FrameworkID{Value: new("M-0000")}
	offered := resources.MustParse("cpus:16;mem:65536;disk:1000;ports:[31000-32000]").Allocate("*")

	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		agent := mesos.AgentID(fmt.Sprintf("M-S%d", i%agents))
		link := LinkID(i%agents + 1)
		offer := mesos.OfferID(fmt.Sprintf("M-O%d", m.nextOffer))
		step(Allocated{Output: allocation.OffersReady{Framework: "M-0000", Offers: []allocation.Offered{{Role: "*", Agent: agent, Resources: offered}}}})
		task := fmt.Sprintf("t%d", i)
		accept := acceptCall([]mesos.OfferID{offer}, launchOf(commandTask(task, agent, "cpus:0.1;mem:32")))
		accept.FrameworkId = framework
		step(SchedulerCall{Stream: "s", Call: accept})
		for n, state := range []mesospb.TaskState{mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_FINISHED} {
			id := &mesospb.TaskID{Value: new(task)}
			step(AgentMessage{Link: link, Message: &linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: &linkpb.StatusUpdate{
				FrameworkId: framework, Status: &mesospb.TaskStatus{TaskId: id, State: state.Enum(), Uuid: uuid(byte(n))},
			}}}})
			step(SchedulerCall{Stream: "s", Call: &schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), FrameworkId: framework,
				Acknowledge: &schedulerpb.Call_Acknowledge{AgentId: wireAgentID(agent), TaskId: id, Uuid: uuid(byte(n))}}})
		}
		if i%10 == 9 {
			step(Tick{})
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// returning is what the last master left of agents with running tasks, of 200
// frameworks, and how these come back.
func returning(agents, tasks int) (Recovered, []AgentMessage) {
	var recovered Recovered
	arrivals := make([]AgentMessage, agents)
	for i := range agents {
		info := agentInfo(LinkID(i+1), "cpus:16;mem:65536;disk:1000;ports:[31000-32000]")
		id := fmt.Sprintf("L-S%d", i)
		info.Id = wireAgentID(mesos.AgentID(id))
		recovered.Admitted = append(recovered.Admitted, &registrypb.AdmittedAgent{Info: info.CloneVT()})
		msg := &linkpb.Reregister{AgentInfo: info, Version: new("1"), Frameworks: []*mesospb.FrameworkInfo{frameworkInfo(withFramework(fmt.Sprintf("L-%04d", i%200)))}}
		for n := range tasks {
			record := newRecord(commandTask(fmt.Sprintf("t%d-%d", i, n), mesos.AgentID(id), "cpus:1;mem:32"), msg.Frameworks[0].Id)
			record.State = mesospb.TaskState_TASK_RUNNING.Enum()
			for _, r := range record.Resources {
				r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new("*")}
			}
			msg.Tasks = append(msg.Tasks, record)
		}
		arrivals[i] = AgentMessage{Link: LinkID(i + 1), Address: "10.0.0.1:1", Message: &linkpb.ToMaster{Message: &linkpb.ToMaster_Reregister{Reregister: msg}}}
	}
	return recovered, arrivals
}

// BenchmarkFailover is what a new master does when the agents of the last one
// come back, each with five running tasks.
func BenchmarkFailover(b *testing.B) {
	const agents = 20_000
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		recovered, arrivals := returning(agents, 5)
		m := New(testConfig(), recovered)
		b.StartTimer()
		for i, in := range arrivals {
			m.Step(epoch, in)
			if i%50 == 49 {
				m.Step(epoch, Tick{})
			}
		}
		if len(m.agents) != agents {
			b.Fatalf("%d agents came back", len(m.agents))
		}
	}
}

// BenchmarkMetrics collects the metrics of 1,000 agents and 200 frameworks.
func BenchmarkMetrics(b *testing.B) {
	recovered, arrivals := returning(1000, 10)
	m := New(testConfig(), recovered)
	for _, in := range arrivals {
		m.Step(epoch, in)
	}
	var list []Metric
	for b.Loop() {
		list = m.AppendMetrics(list[:0])
	}
}

// What is measured above is right, too.
func TestAllAgentsComeBackToANewMaster(t *testing.T) {
	// covers: MasterFailover_BENCHMARK_Test.AgentReregistrationDelay
	const agents, tasks = 1000, 5
	recovered, arrivals := returning(agents, tasks)
	m := New(testConfig(), recovered)
	welcome := map[LinkID]bool{}
	for _, in := range arrivals {
		for _, e := range m.Step(epoch, in) {
			if e, ok := e.(SendAgent); ok && e.Message.GetRegistered() != nil {
				welcome[e.Link] = true
			}
		}
	}
	if len(welcome) != agents || len(m.recovered) > 0 {
		t.Errorf("%d agents are welcome, and %d are awaited", len(welcome), len(m.recovered))
	}
	want := map[string]float64{"master/slaves_active": agents, "master/tasks_running": agents * tasks, "master/frameworks_disconnected": 200}
	for _, metric := range metricsOf(m) {
		if value, ok := want[metric.Name]; ok && value == metric.Value {
			delete(want, metric.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("the metrics do not have %v", want)
	}
}

// reconcileMany is a call that asks of tasks that nobody knows.
func reconcileMany(tasks int) *schedulerpb.Call {
	ask := new(schedulerpb.Call_Reconcile)
	for i := range tasks {
		ask.Tasks = append(ask.Tasks, &schedulerpb.Call_Reconcile_Task{TaskId: &mesospb.TaskID{Value: new(fmt.Sprintf("task %d", i))}})
	}
	return &schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: ask}
}

// What is measured below is right, too.
func TestEachTaskOfAReconciliationIsAnswered(t *testing.T) {
	// covers: SchedulerReconcileTasks_BENCHMARK_Test.SchedulerLibrary
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s1", frameworkInfo(withFramework("F")))
	c.take()
	granted(t, s.call(reconcileMany(10_000)))
	updates := c.updates()
	if len(updates) != 10_000 {
		t.Fatalf("%d answers", len(updates))
	}
	for i, update := range updates {
		if want := fmt.Sprintf("task %d TASK_LOST REASON_RECONCILIATION", i); update != want {
			t.Fatalf("answer %d is %s, want %s", i, update, want)
		}
	}
}

// BenchmarkReconcile asks of 100,000 tasks.
func BenchmarkReconcile(b *testing.B) {
	m := New(testConfig(), Recovered{})
	m.Step(epoch, Subscribe{Stream: "s", Call: &schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: frameworkInfo()}}})
	call := reconcileMany(100_000)
	call.FrameworkId = &mesospb.FrameworkID{Value: new("M-0000")}
	b.ReportAllocs()
	for b.Loop() {
		m.Step(epoch, SchedulerCall{Stream: "s", Call: call})
	}
}
