package master

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// run runs a task to its acknowledged end.
func (d *desk) run(id string, n byte) {
	d.t.Helper()
	wantError(d.t, d.try("cpus:1", launchOf(commandTask(id, d.agent, "cpus:1"))), 0, "")
	d.update(1, d.s, id, mesospb.TaskState_TASK_FINISHED, n)
	d.s.acknowledge(d.agent, id, n)
}

// https://mesos.apache.org/documentation/latest/configuration/master/
func TestCompletedTasksAreKeptUpToALimit(t *testing.T) {
	// covers: MasterTest.MaxCompletedTasksPerFrameworkFlag
	for _, limit := range []int{0, 1, 3} {
		config := testConfig()
		config.MaxCompletedTasksPerFramework = limit
		c := newCluster(t, config, Recovered{})
		d := &desk{cluster: c, agent: c.agent(1, deskResources)}
		d.s = c.subscribe("s1", frameworkInfo())
		for i := range 5 {
			d.run(fmt.Sprintf("t%d", i), byte(i))
		}
		if len(c.views.tasks) != limit {
			t.Errorf("%d tasks are kept, want %d", len(c.views.tasks), limit)
		}
		for i := 5 - limit; i < 5; i++ {
			if c.views.tasks[fmt.Sprintf("M-0000 t%d", i)].List != TaskCompleted {
				t.Errorf("limit %d: t%d is not kept", limit, i)
			}
		}
	}
}

func TestATaskIDUsedAgainHidesTheCompletedTask(t *testing.T) {
	config := testConfig()
	config.MaxCompletedTasksPerFramework = 2
	c := newCluster(t, config, Recovered{})
	d := &desk{cluster: c, agent: c.agent(1, deskResources)}
	d.s = c.subscribe("s1", frameworkInfo())
	d.run("t", 1)
	d.run("u", 2)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.run("v", 3)
	d.run("w", 4) // would push the first t out, were it still there
	if got := c.views.tasks["M-0000 t"]; got.List != TaskActive || got.Task == nil {
		t.Errorf("readers see %v", got)
	}
}

func TestCompletedFrameworksAreKeptUpToALimit(t *testing.T) {
	// covers: MasterTest.MaxCompletedFrameworksFlag
	for _, limit := range []int{0, 1, 3} {
		config := testConfig()
		config.MaxCompletedFrameworks = limit
		c := newCluster(t, config, Recovered{})
		a := c.agent(1, deskResources)
		for i := range 5 {
			d := &desk{cluster: c, agent: a, s: c.subscribe(StreamID(fmt.Sprint(i)), frameworkInfo())}
			wantError(t, d.try("cpus:1", launchOf(commandTask("t", a, "cpus:1"))), 0, "")
			c.step(Teardown{Framework: d.s.id})
		}
		if len(c.views.frameworks) != limit || len(c.views.tasks) != limit {
			t.Errorf("%d frameworks and %d tasks are kept, want %d", len(c.views.frameworks), len(c.views.tasks), limit)
		}
		for i := 5 - limit; i < 5; i++ {
			if !c.views.frameworks[mesos.FrameworkID(fmt.Sprintf("M-%04d", i))].Completed {
				t.Errorf("limit %d: framework %d is not kept", limit, i)
			}
		}
	}
}

func TestUnreachableTasksAreKeptUpToALimit(t *testing.T) {
	config := testConfig()
	config.MaxUnreachableTasks = 2
	c := newCluster(t, config, Recovered{})
	d := &desk{cluster: c, agent: c.agent(1, deskResources)}
	d.s = c.subscribe("s1", frameworkInfo(withCapability(mesospb.FrameworkInfo_Capability_PARTITION_AWARE)))
	for i := range 4 {
		wantError(t, d.try("cpus:1", launchOf(commandTask(fmt.Sprintf("t%d", i), d.agent, "cpus:1"))), 0, "")
	}
	// One that is over when its agent is lost stays what it was.
	d.update(1, d.s, "t3", mesospb.TaskState_TASK_FINISHED, 1)
	c.pass(75 * time.Second)
	if len(c.views.tasks) != 2 || c.views.tasks["M-0000 t2"].List != TaskUnreachable {
		t.Errorf("readers see %v", c.views.tasks)
	}
	if got := c.views.tasks["M-0000 t3"].Task.GetState(); got != mesospb.TaskState_TASK_FINISHED {
		// covers: PartitionTest.AgentWithTerminalTaskPartitioned
		t.Errorf("the finished task is %s", got)
	}
	if got := len(c.unreachableTasks[d.agent]); got != 2 {
		t.Errorf("%d tasks are known to be on the agent", got)
	}
	// The end of the framework is the end of them, too.
	c.step(Teardown{Framework: d.s.id})
	if len(c.unreachableTasks) > 0 || c.views.tasks["M-0000 t2"].List != TaskCompleted {
		t.Errorf("%v are still unreachable", c.unreachableTasks)
	}
}

// https://mesos.apache.org/documentation/latest/configuration/master/
func TestAnOfferThatIsNotUsedInTimeIsRescinded(t *testing.T) {
	// covers: MasterTest.OfferTimeout
	// covers: MasterTest.OfferNotRescindedOnceUsed
	// covers: MasterTest.OfferNotRescindedOnceDeclined
	config := testConfig()
	config.OfferTimeout = 30 * time.Second
	c := newCluster(t, config, Recovered{})
	a := c.agent(1, deskResources)
	s := c.subscribe("s1", frameworkInfo())
	used, declined, waiting := c.offer(s, a, "cpus:1"), c.offer(s, a, "cpus:1"), c.offer(s, a, "cpus:1")
	if err := s.accept([]mesos.OfferID{used}, commandTask("t", a, "cpus:1")); err != nil {
		t.Fatal(err)
	}
	if err := s.accept([]mesos.OfferID{declined}); err != nil {
		t.Fatal(err)
	}
	c.take()
	c.pass(30 * time.Second)
	var rescinded []string
	for _, e := range c.take() {
		if e, ok := e.(SendEvent); ok && e.Event.GetRescind() != nil {
			rescinded = append(rescinded, e.Event.GetRescind().GetOfferId().GetValue())
		}
	}
	if want := []string{string(waiting)}; !reflect.DeepEqual(rescinded, want) {
		t.Errorf("rescinded %v, want %v", rescinded, want)
	}
}

// https://mesos.apache.org/documentation/latest/monitoring/
func TestMetricsCountWhatHappens(t *testing.T) {
	// covers: MasterTest.TaskStateMetrics
	d := newDesk(t)
	d.run("t1", 1)
	wantError(t, d.try("cpus:2", launchOf(commandTask("t2", d.agent, "cpus:1.5"))), 0, "")
	d.update(1, d.s, "t2", mesospb.TaskState_TASK_RUNNING, 2)
	d.try("cpus:1", launchOf(commandTask("t3", d.agent, "cpus:2")))
	metrics := func() map[string]float64 {
		m := make(map[string]float64)
		for _, metric := range metricsOf(d.Master) {
			if _, twice := m[metric.Name]; twice {
				t.Errorf("%s is there twice", metric.Name)
			}
			m[metric.Name] = metric.Value
		}
		return m
	}
	check := func(got map[string]float64, want map[string]float64) {
		t.Helper()
		for name, value := range want {
			if v, ok := got[name]; !ok || v != value {
				t.Errorf("%s is %v (%v), want %v", name, v, ok, value)
			}
		}
	}
	const framework = "master/frameworks/fw/M-0000/"
	check(metrics(), map[string]float64{
		"master/cpus_total":                                   8,
		"master/cpus_used":                                    1.5,
		"master/cpus_percent":                                 1.5 / 8,
		"master/cpus_revocable_total":                         0,
		"master/slaves_active":                                1,
		"master/slave_registrations":                          1,
		"master/frameworks_active":                            1,
		"master/outstanding_offers":                           0,
		"master/tasks_finished":                               1,
		"master/tasks_running":                                1,
		"master/tasks_error":                                  1,
		"master/messages_launch_tasks":                        3,
		"master/valid_status_updates":                         2,
		"master/valid_status_update_acknowledgements":         1,
		"master/task_error/source_master/reason_task_invalid": 1,
		framework + "subscribed":                              1,
		framework + "calls":                                   5,
		framework + "calls/accept":                            3,
		framework + "events/update":                           3,
		framework + "operations/launch":                       2,
		framework + "tasks/active/task_running":               1,
		framework + "tasks/active/task_staging":               0,
		framework + "tasks/terminal/task_finished":            1,
		framework + "offers/sent":                             3,
		framework + "offers/accepted":                         3,
		framework + "roles/*/suppressed":                      0,
	})

	// Counted once, also when the agent comes back with the task.
	in := reregisterMessage(1, string(d.agent), func(msg *linkpb.Reregister) {
		msg.AgentInfo = agentInfo(1, deskResources)
		msg.AgentInfo.Id = wireAgentID(d.agent)
		msg.Frameworks = []*mesospb.FrameworkInfo{frameworkInfo(withFramework("M-0000"))}
		msg.Tasks = []*mesospb.Task{copyRecord(d.views.tasks["M-0000 t2"].Task)}
	})
	in.Link = 2
	d.step(LinkClosed{Link: 1})
	d.step(in)
	check(metrics(), map[string]float64{
		"master/slave_reregistrations": 1, "master/tasks_running": 1, framework + "tasks/active/task_running": 1, "master/cpus_used": 1.5,
	})
	d.step(Teardown{Framework: d.s.id})
	check(metrics(), map[string]float64{"master/tasks_killed": 1, "master/tasks_running": 0, "master/cpus_used": 0, "master/frameworks_active": 0})
}

func TestANameInAMetricIsEscaped(t *testing.T) {
	if got, want := escape("a b/c%ü*"), "a%20b%2Fc%25%C3%BC*"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheSameInputsGiveTheSameEffects(t *testing.T) {
	play := func() []string {
		c := newCluster(t, testConfig(), Recovered{})
		s := newTeller(t)
		s.c = c
		var lines []string
		for _, line := range []string{
			"register 1 cpus:64;mem:4096", "register 2 cpus:64;mem:4096",
			"subscribe s1", "subscribe s2", "subscribe s3 checkpoint=false",
		} {
			s.tell(line)
		}
		for i := range 20 {
			agent, stream := fmt.Sprintf("M-S%d", i%2), fmt.Sprintf("s%d", i%3+1)
			s.tell(fmt.Sprintf("offer %s %s cpus:2;mem:64", stream, agent))
			s.tell(fmt.Sprintf("accept %s M-O%d agent=%s launch=t%d:cpus:1;mem:32 executor=e%d", stream, 2*i, agent, i, i))
			s.tell(fmt.Sprintf("offer %s %s cpus:0.5;mem:32", stream, agent))
		}
		for _, line := range []string{"unlink 1", "break s1", "call s2 RECONCILE", "call s3 TEARDOWN", "pass 75s", "pass 75s"} {
			s.tell(line)
		}
		for _, e := range c.take() {
			if line := s.describe(e); line != "" {
				lines = append(lines, line)
			}
		}
		return lines
	}
	first := play()
	for range 3 {
		if second := play(); !reflect.DeepEqual(first, second) {
			for i := range first {
				if first[i] != second[i] {
					t.Fatalf("effect %d was\n%s\nand is\n%s", i, first[i], second[i])
				}
			}
		}
	}
}

// metricsOf is every metric of a master.
func metricsOf(m *Master) []Metric {
	list := m.AppendMetrics(nil)
	for _, f := range m.FrameworkMetrics() {
		list = f.Append(list)
	}
	return list
}
