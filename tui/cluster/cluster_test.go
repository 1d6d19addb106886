package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func p[T any](v T) *T { return &v }

func scalar(name string, v float64) *mesospb.Resource {
	return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &v}}
}

func task(framework, id, agent string, state mesospb.TaskState, cpus float64) *mesospb.Task {
	return &mesospb.Task{
		Name: &id, TaskId: &mesospb.TaskID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: &framework},
		AgentId: &mesospb.AgentID{Value: &agent}, State: &state, Resources: []*mesospb.Resource{scalar("cpus", cpus)},
	}
}

func agent(id string, cpus float64) *masterpb.Response_GetAgents_Agent {
	return &masterpb.Response_GetAgents_Agent{
		AgentInfo: &mesospb.AgentInfo{Hostname: p(id + ".example"), Id: &mesospb.AgentID{Value: &id}},
		Active:    p(true), Version: p("1.11.0"), TotalResources: []*mesospb.Resource{scalar("cpus", cpus), scalar("mem", 1024)},
	}
}

func framework(id string) *masterpb.Response_GetFrameworks_Framework {
	return &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: &mesospb.FrameworkInfo{Name: p("name of " + id), User: p("u"), Id: &mesospb.FrameworkID{Value: &id}},
		Active:        p(true), Connected: p(true), Recovered: p(false),
	}
}

func added(t *mesospb.Task) *masterpb.Event {
	return &masterpb.Event{Type: masterpb.Event_TASK_ADDED.Enum(), TaskAdded: &masterpb.Event_TaskAdded{Task: t}}
}

func updated(framework, id string, state mesospb.TaskState, message string) *masterpb.Event {
	return &masterpb.Event{Type: masterpb.Event_TASK_UPDATED.Enum(), TaskUpdated: &masterpb.Event_TaskUpdated{
		FrameworkId: &mesospb.FrameworkID{Value: &framework}, State: &state,
		Status: &mesospb.TaskStatus{TaskId: &mesospb.TaskID{Value: &id}, State: &state, Message: &message, Timestamp: p(float64(epoch.Unix()))},
	}}
}

func small() *Cluster {
	return Snapshot(&masterpb.Response_GetState{
		GetAgents:     &masterpb.Response_GetAgents{Agents: []*masterpb.Response_GetAgents_Agent{agent("S0", 8), agent("S1", 8)}},
		GetFrameworks: &masterpb.Response_GetFrameworks{Frameworks: []*masterpb.Response_GetFrameworks_Framework{framework("F")}},
		GetTasks: &masterpb.Response_GetTasks{
			Tasks:          []*mesospb.Task{task("F", "a", "S0", mesospb.TaskState_TASK_RUNNING, 1)},
			CompletedTasks: []*mesospb.Task{task("F", "z", "S0", mesospb.TaskState_TASK_FINISHED, 1)},
		},
	}, epoch)
}

// check holds what is counted against what there is.
func check(t *testing.T, c *Cluster) {
	t.Helper()
	var used, total Amounts
	alive, states := 0, [mesos.TaskUnknown + 1]int{}
	onAgent, ofFramework := map[string]int{}, map[string]int{}
	for _, task := range c.Tasks.All() {
		states[task.State]++
		if task.Alive() {
			alive++
			onAgent[task.Agent]++
			ofFramework[task.Framework]++
		}
		if holds(task.State) {
			used = used.Plus(task.Used)
		}
	}
	for _, a := range c.Agents.All() {
		total = total.Plus(a.Total)
		if a.Tasks != onAgent[a.ID] {
			t.Errorf("agent %s has %d tasks, want %d", a.ID, a.Tasks, onAgent[a.ID])
		}
	}
	for _, f := range c.Frameworks.All() {
		if f.Tasks != ofFramework[f.ID] {
			t.Errorf("framework %s has %d tasks, want %d", f.ID, f.Tasks, ofFramework[f.ID])
		}
	}
	if c.Used() != used || c.Total() != total || c.Alive() != alive || c.states != states {
		t.Errorf("used %v of %v by %d tasks %v, want %v of %v by %d %v", c.Used(), c.Total(), c.Alive(), c.states, used, total, alive, states)
	}
}

func TestATasksLife(t *testing.T) {
	c := small()
	check(t, c)
	c.Apply(added(task("F", "b", "S1", mesospb.TaskState_TASK_STAGING, 2)), epoch)
	check(t, c)
	if c.Used().CPUs != 3000 || c.Agent("S1").Used.CPUs != 2000 || c.Framework("F").Tasks != 2 {
		t.Errorf("used %v, agent %v, framework %+v", c.Used(), c.Agent("S1").Used, c.Framework("F"))
	}
	before := c.Task("F", "b")
	c.Apply(updated("F", "b", mesospb.TaskState_TASK_RUNNING, "up"), epoch)
	if before.State != mesos.TaskStaging {
		t.Error("a record was changed")
	}
	c.Apply(updated("F", "b", mesospb.TaskState_TASK_FAILED, "exit 1"), epoch)
	check(t, c)
	b := c.Task("F", "b")
	if b.Alive() || b.Message != "exit 1" || c.Agent("S1").Used.CPUs != 0 || c.failed != 1 || c.launched != 1 {
		t.Errorf("task %+v, failed %d", b, c.failed)
	}
	m := b.Proto()
	if len(m.GetStatuses()) != 2 || m.GetState() != mesospb.TaskState_TASK_FAILED || m.GetStatuses()[1].GetMessage() != "exit 1" {
		t.Errorf("proto %v", m)
	}
	if got := c.Log.At(0); got.What() != "failed" || !got.Bad() || got.Note != "exit 1" || got.Task != "b" {
		t.Errorf("log %+v", got)
	}
}

// Whatever the order in which they come and go, what is counted is what there is.
func TestAgentsAndFrameworksComeAndGo(t *testing.T) {
	c := small()
	c.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_REMOVED.Enum(), AgentRemoved: &masterpb.Event_AgentRemoved{AgentId: &mesospb.AgentID{Value: p("S0")}}}, epoch)
	check(t, c)
	c.Apply(updated("F", "a", mesospb.TaskState_TASK_UNREACHABLE, ""), epoch)
	check(t, c)
	if c.Alive() != 1 || c.Used() != (Amounts{}) {
		t.Errorf("an unreachable task: alive %d, used %v", c.Alive(), c.Used())
	}
	c.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_ADDED.Enum(), AgentAdded: &masterpb.Event_AgentAdded{Agent: agent("S0", 16)}}, epoch)
	c.Apply(updated("F", "a", mesospb.TaskState_TASK_RUNNING, ""), epoch)
	check(t, c)
	if a := c.Agent("S0"); a.Tasks != 1 || a.Used.CPUs != 1000 || c.Total().CPUs != 24000 {
		t.Errorf("agent is back as %+v", a)
	}
	c.Apply(&masterpb.Event{Type: masterpb.Event_FRAMEWORK_REMOVED.Enum(), FrameworkRemoved: &masterpb.Event_FrameworkRemoved{FrameworkInfo: framework("F").GetFrameworkInfo()}}, epoch)
	check(t, c)
	if f := c.Framework("F"); f.State() != "completed" || c.Task("F", "a").State != mesos.TaskKilled || c.Alive() != 0 {
		t.Errorf("framework %+v", f)
	}
}

// executors is the answer to GET_EXECUTORS: by ID, what each holds on S0 for F.
func executors(cpus map[string]float64) *masterpb.Response {
	all := &masterpb.Response_GetExecutors{}
	for id, held := range cpus {
		all.Executors = append(all.Executors, &masterpb.Response_GetExecutors_Executor{
			AgentId: &mesospb.AgentID{Value: p("S0")},
			ExecutorInfo: &mesospb.ExecutorInfo{
				ExecutorId: &mesospb.ExecutorID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: p("F")}, Resources: []*mesospb.Resource{scalar("cpus", held)},
			},
		})
	}
	return &masterpb.Response{Type: masterpb.Response_GET_EXECUTORS.Enum(), GetExecutors: all}
}

// An executor holds its own resources whether it has tasks or not, until it, its agent or
// its framework is gone.
func TestWhatExecutorsHold(t *testing.T) {
	c := Snapshot(&masterpb.Response_GetState{
		GetAgents:     &masterpb.Response_GetAgents{Agents: []*masterpb.Response_GetAgents_Agent{agent("S0", 8), agent("S1", 8)}},
		GetFrameworks: &masterpb.Response_GetFrameworks{Frameworks: []*masterpb.Response_GetFrameworks_Framework{framework("F")}},
		GetTasks:      &masterpb.Response_GetTasks{Tasks: []*mesospb.Task{task("F", "a", "S0", mesospb.TaskState_TASK_RUNNING, 1)}},
		GetExecutors:  executors(map[string]float64{"idle": 0.5}).GetGetExecutors(),
	}, epoch)
	holds := func(when string, cpus mesos.Scalar) {
		t.Helper()
		if c.Used().CPUs != cpus || c.Agent("S0").Used.CPUs != cpus || c.Framework("F").Used.CPUs != cpus {
			t.Errorf("%s: %v are used, %v on its agent, %v by its framework, want %v", when, c.Used().CPUs, c.Agent("S0").Used.CPUs, c.Framework("F").Used.CPUs, cpus)
		}
	}
	holds("at first", 1500)
	c.Apply(updated("F", "a", mesospb.TaskState_TASK_FINISHED, ""), epoch)
	holds("without a task", 500)
	c.Answer(executors(map[string]float64{"idle": 0.5, "new": 0.25}), epoch)
	holds("with another one", 750)
	c.Answer(executors(map[string]float64{"new": 0.125}), epoch)
	holds("with that one, smaller", 125)
	c.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_ADDED.Enum(), AgentAdded: &masterpb.Event_AgentAdded{Agent: agent("S0", 8)}}, epoch)
	holds("when the agent is back", 125)
	if c.Agent("S0").Tasks != 0 || c.Framework("F").Tasks != 0 {
		t.Errorf("executors are counted as tasks")
	}
	c.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_REMOVED.Enum(), AgentRemoved: &masterpb.Event_AgentRemoved{AgentId: &mesospb.AgentID{Value: p("S0")}}}, epoch)
	if c.Used() != (Amounts{}) || c.Framework("F").Used != (Amounts{}) || len(c.executors) != 0 {
		t.Errorf("without its agent %v are used", c.Used())
	}
	c.Answer(executors(map[string]float64{"new": 0.125}), epoch)
	c.Apply(&masterpb.Event{Type: masterpb.Event_FRAMEWORK_REMOVED.Enum(), FrameworkRemoved: &masterpb.Event_FrameworkRemoved{FrameworkInfo: framework("F").FrameworkInfo}}, epoch)
	if c.Used() != (Amounts{}) || len(c.executors) != 0 {
		t.Errorf("without its framework %v are used", c.Used())
	}
	if !c.AskExecutors() {
		t.Error("none are too many to ask for")
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	c := small()
	for i := range MaxFinished + 500 {
		id := fmt.Sprint("t", i)
		c.Apply(added(task("F", id, "S0", mesospb.TaskState_TASK_RUNNING, 1)), epoch)
		c.Apply(updated("F", id, mesospb.TaskState_TASK_FINISHED, ""), epoch)
	}
	check(t, c)
	if got := c.Tasks.Len(); got != MaxFinished+1 { // and the one that runs
		t.Errorf("%d tasks", got)
	}
	if c.Task("F", "t0") != nil || c.Task("F", fmt.Sprint("t", MaxFinished+499)) == nil {
		t.Error("the wrong ones are forgotten")
	}
	if c.Log.Len() != MaxLog || c.Log.At(0).Number() != c.Log.Made()-1 || c.Log.At(MaxLog-1).Number() != c.Log.Made()-MaxLog {
		t.Errorf("the log has %d of %d entries", c.Log.Len(), c.Log.Made())
	}
}

func TestHistory(t *testing.T) {
	c := small()
	c.Tick(epoch)
	for i := range 3 {
		c.Apply(added(task("F", fmt.Sprint("n", i), "S0", mesospb.TaskState_TASK_RUNNING, 1)), epoch)
	}
	c.Tick(epoch.Add(500 * time.Millisecond)) // not due
	c.Tick(epoch.Add(2 * time.Second))
	if got := c.History.Launches.Now(); got != 1.5 {
		t.Errorf("%v launches a second", got)
	}
	if got := c.History.Tasks.Last(5); len(got) != 2 || got[0] != 1 || got[1] != 4 {
		t.Errorf("tasks %v", got)
	}
	next := small()
	next.Inherit(c)
	if next.History.Tasks.Now() != 4 || next.Log.At(0).Kind != Subscribed || next.Log.At(1).Kind != TaskAdded {
		t.Error("memories are lost with a master")
	}
	next.Tick(epoch.Add(3 * time.Second))
	if got := next.History.Launches.Now(); got != 0 {
		t.Errorf("a new master launches %v tasks", got)
	}
}

func TestWatchersSeeEveryChange(t *testing.T) {
	c := small()
	seen := map[string]*Task{}
	for _, task := range c.Tasks.All() {
		seen[task.ID] = task
	}
	stop := c.Tasks.Watch(func(old, new *Task) {
		switch {
		case old != nil && seen[old.ID] != old:
			t.Errorf("%s was another", old.ID)
		case new == nil:
			delete(seen, old.ID)
		default:
			seen[new.ID] = new
		}
	})
	c.Apply(added(task("F", "b", "S1", mesospb.TaskState_TASK_STAGING, 2)), epoch)
	c.Apply(updated("F", "a", mesospb.TaskState_TASK_KILLED, ""), epoch)
	c.removeTask(c.Task("F", "z"))
	if len(seen) != c.Tasks.Len() || seen["a"] != c.Task("F", "a") || seen["z"] != nil {
		t.Errorf("seen %v", seen)
	}
	lent := c.Tasks.All()
	before := append([]*Task(nil), lent...)
	stop()
	c.removeTask(c.Task("F", "a"))
	c.Apply(added(task("F", "c", "S1", mesospb.TaskState_TASK_STAGING, 2)), epoch)
	for i, x := range before {
		if lent[i] != x {
			t.Error("a list that was lent has changed")
		}
	}
	if seen["a"] == nil {
		t.Error("who stopped to watch sees on")
	}
}

// What the stream doesn't tell comes from small answers.
func TestAnswers(t *testing.T) {
	c := small()
	a := agent("S0", 8)
	a.DrainInfo = &mesospb.DrainInfo{State: mesospb.DrainState_DRAINING.Enum()}
	c.Answer(&masterpb.Response{Type: masterpb.Response_GET_AGENTS.Enum(), GetAgents: &masterpb.Response_GetAgents{
		Agents: []*masterpb.Response_GetAgents_Agent{a, agent("S9", 1)},
	}}, epoch)
	check(t, c)
	if got := c.Agent("S0").State(); got != "draining" || c.Agent("S9") != nil || c.Agent("S0").Tasks != 1 {
		t.Errorf("agent is %s", got)
	}
	if c.Offered() != nil {
		t.Error("offers nobody told of")
	}
	c.Answer(&masterpb.Response{Type: masterpb.Response_GET_METRICS.Enum(), GetMetrics: &masterpb.Response_GetMetrics{Metrics: []*mesospb.Metric{
		{Name: p("allocator/mesos/resources/cpus/offered_or_allocated"), Value: p(2.5)},
	}}}, epoch)
	if got := c.Offered(); got == nil || got.CPUs != 1500 {
		t.Errorf("offered %v", got)
	}
	if got := c.Polled.At[masterpb.Response_GET_METRICS]; !got.Equal(epoch) {
		t.Errorf("asked at %v", got)
	}
}

// An event costs the same however large the cluster is.
func BenchmarkEvent(b *testing.B) {
	for _, tasks := range []int{1000, 200_000} {
		b.Run(fmt.Sprint(tasks), func(b *testing.B) {
			c := small()
			for i := range tasks {
				c.Apply(added(task("F", fmt.Sprint("t", i), "S1", mesospb.TaskState_TASK_RUNNING, 0.01)), epoch)
			}
			e := [2]*masterpb.Event{updated("F", "t7", mesospb.TaskState_TASK_KILLING, ""), updated("F", "t7", mesospb.TaskState_TASK_RUNNING, "")}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%100 == 0 {
					t := *c.Task("F", "t7")
					t.later = nil // or the list of statuses is what is measured
					c.Tasks.put(&t)
				}
				c.Apply(e[i%2], epoch)
			}
		})
	}
}
