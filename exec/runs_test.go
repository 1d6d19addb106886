package exec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// runs is a bench of several runs.
func runs(t *testing.T, indexes string, change func(*Spec)) *bench {
	t.Helper()
	spec, err := options().Spec()
	if err != nil {
		t.Fatal(err)
	}
	if spec.Indexes, err = ParseIndexes(indexes); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&spec)
	}
	m, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, m: m, now: start}
	b.subscribed()
	return b
}

// launches takes what the last step launched, by agent.
func (b *bench) launches() (list []string) {
	for _, e := range b.effects {
		s, ok := e.(Send)
		if !ok || s.Call.GetType() != schedulerpb.Call_ACCEPT {
			continue
		}
		for _, o := range s.Call.GetAccept().GetOperations() {
			for _, t := range append(o.GetLaunch().GetTaskInfos(), o.GetLaunchGroup().GetTaskGroup().GetTasks()...) {
				list = append(list, t.GetTaskId().GetValue()+"@"+t.GetAgentId().GetValue())
			}
		}
	}
	return list
}

func (b *bench) wantLaunches(want ...string) {
	b.t.Helper()
	if got := b.launches(); !slices.Equal(got, want) {
		b.t.Fatalf("launched %v, want %v", got, want)
	}
}

func at(agent string, o *mesospb.Offer) *mesospb.Offer {
	o.AgentId = &mesospb.AgentID{Value: &agent}
	return o
}

func updateOf(task string, state mesospb.TaskState, message string) Event {
	e := update(state, message)
	e.Event.GetUpdate().GetStatus().TaskId = &mesospb.TaskID{Value: &task}
	return e
}

func (b *bench) ended(task string, code int) {
	state := mesospb.TaskState_TASK_FINISHED
	if code != 0 {
		state = mesospb.TaskState_TASK_FAILED
	}
	b.step(updateOf(task, state, fmt.Sprintf("Command exited with status %d", code)))
}

func TestRunsSpreadOverOffersAndTheRestWaits(t *testing.T) {
	b := runs(t, "1-4", nil)
	b.step(offers(at("S1", offer("O1", "cpus:1;mem:1024")), at("S2", offer("O2", "cpus:2;mem:1024"))))
	b.wantLaunches("hello.1@S1", "hello.2@S2", "hello.3@S2")
	b.wantCalls("ACCEPT ACCEPT") // and there is no SUPPRESS while one waits
	b.ended("hello.2", 0)
	b.wantCalls("ACKNOWLEDGE")
	b.step(offers(at("S2", offer("O3", "cpus:1;mem:1024"))))
	b.wantLaunches("hello.4@S2")
	b.wantCalls("ACCEPT SUPPRESS")
	for _, task := range []string{"hello.1", "hello.3", "hello.4"} {
		b.ended(task, 0)
	}
	if r := effectOf[Finish](b).Result; r != (Result{Ended: true}) {
		t.Errorf("result is %+v", r)
	}
}

func TestEachRunKnowsItsIndex(t *testing.T) {
	b := runs(t, "7,9", nil)
	b.step(offers(offer("O1", "cpus:8;mem:1024")))
	var told []string
	for _, task := range effectOf[Send](b).Call.GetAccept().GetOperations()[0].GetLaunch().GetTaskInfos() {
		for _, v := range task.GetCommand().GetEnvironment().GetVariables() {
			told = append(told, v.GetName()+"="+v.GetValue())
		}
	}
	want := "MESOS_TASK_INDEX=7 MESOS_TASK_COUNT=2 MESOS_TASK_INDEX=9 MESOS_TASK_COUNT=2"
	if got := strings.Join(told, " "); got != want {
		t.Errorf("environments are %s", got)
	}
}

func TestNoMoreRunsAtATimeThanAskedFor(t *testing.T) {
	b := runs(t, "1-3", func(s *Spec) { s.Parallel = 2 })
	b.step(offers(offer("O1", "cpus:8;mem:1024")))
	b.wantLaunches("hello.1@S0", "hello.2@S0")
	b.step(offers(offer("O2", "cpus:6;mem:768")))
	b.wantLaunches()
	b.wantCalls("DECLINE")
	b.ended("hello.2", 0)
	b.step(offers(offer("O3", "cpus:7;mem:896")))
	b.wantLaunches("hello.3@S0")
}

func TestTheFirstFailureByIndexIsTheResult(t *testing.T) {
	b := runs(t, "1-4", nil)
	b.step(offers(offer("O1", "cpus:8;mem:1024")))
	b.ended("hello.3", 3)
	if over := effectOf[Tell](b).Notice.(Updated); over.Status.GetTaskId().GetValue() != "hello.3" {
		t.Errorf("told of %v", over)
	}
	b.ended("hello.1", 0)
	b.ended("hello.2", 2)
	b.ended("hello.4", 0)
	if r := effectOf[Finish](b).Result; r != (Result{Code: 2, Ended: true}) {
		t.Errorf("result is %+v", r)
	}
}

func TestWhatFailedIsTriedAgain(t *testing.T) {
	b := runs(t, "1-2", func(s *Spec) { s.Retries = 1 })
	b.step(offers(offer("O1", "cpus:2;mem:1024")))
	b.ended("hello.1", 1)
	b.wantCalls("ACKNOWLEDGE REVIVE")
	b.ended("hello.2", 0)
	b.step(offers(offer("O2", "cpus:2;mem:1024")))
	b.wantLaunches("hello.1.retry1@S0")
	b.ended("hello.1.retry1", 4)
	if r := effectOf[Finish](b).Result; r != (Result{Code: 4, Ended: true}) {
		t.Errorf("result is %+v", r)
	}
}

func TestAnInterruptKillsWhatRunsAndLaunchesNothingMore(t *testing.T) {
	b := runs(t, "1-3", nil)
	b.step(offers(offer("O1", "cpus:2;mem:1024")))
	b.step(Interrupted{CodeInterrupted})
	b.wantCalls("KILL KILL")
	b.step(offers(offer("O2", "cpus:2;mem:1024")))
	b.wantLaunches()
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_KILLED, ""))
	b.step(updateOf("hello.2", mesospb.TaskState_TASK_KILLED, ""))
	if f := effectOf[Finish](b); f.Result != (Result{Code: CodeInterrupted, Ended: true}) || f.AtOnce {
		t.Errorf("end is %+v", f)
	}
}

func TestALostAgentCostsItsRunsOnly(t *testing.T) {
	b := runs(t, "1-2", func(s *Spec) { s.UnreachablePatience = time.Minute })
	b.step(offers(at("S1", offer("O1", "cpus:1;mem:1024")), at("S2", offer("O2", "cpus:1;mem:1024"))))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_UNREACHABLE, ""))
	b.wake()
	if b.now != start.Add(time.Minute) {
		t.Errorf("the agent is given up at %v", b.now)
	}
	b.ended("hello.2", 0)
	if r := effectOf[Finish](b).Result; r.Code != 1 || r.Ended {
		t.Errorf("result is %+v", r)
	}
}

func TestGroupsHaveExecutorsOfTheirOwn(t *testing.T) {
	b := runs(t, "1-2", func(s *Spec) { s.Group = true })
	b.step(offers(offer("O1", "cpus:2.2;mem:1024;disk:64")))
	b.wantLaunches("hello.1@S0", "hello.2@S0")
	var ids []string
	for _, o := range effectOf[Send](b).Call.GetAccept().GetOperations() {
		ids = append(ids, o.GetLaunchGroup().GetExecutor().GetExecutorId().GetValue())
	}
	if !slices.Equal(ids, []string{"default-executor.1", "default-executor.2"}) {
		t.Errorf("executors are %v", ids)
	}
}

func TestIndexes(t *testing.T) {
	for text, want := range map[string]string{
		"1-3": "1-3", "5": "5", "1-2,2,8-9": "1-2,8-9", "30-40:5": "30,35,40", "3,1,2": "1-3", "0-1:7": "0",
	} {
		indexes, err := ParseIndexes(text)
		if got := formatIndexes(indexes); err != nil || got != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "1-", "-1", "3-1", "1-5:0", "4:2", "1,,2", "1-99999999", "0-999999,1-999999"} {
		if _, err := ParseIndexes(text); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
