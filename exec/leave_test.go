package exec

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

const week = 7 * 24 * time.Hour

func detached(t *testing.T, indexes string, change func(*Spec)) *bench {
	return runs(t, indexes, func(s *Spec) {
		s.Detach, s.LeftPatience, s.UnreachablePatience = true, week, time.Minute
		if change != nil {
			change(s)
		}
	})
}

func (b *bench) stays() {
	b.t.Helper()
	b.unfinished()
	for _, e := range b.effects {
		if _, ok := e.(Background); ok {
			b.t.Fatal("left already")
		}
	}
}

// left is detached, with two tasks that run.
func left(t *testing.T) *bench {
	b := detached(t, "1-2", nil)
	b.step(offers(offer("O1", "cpus:2;mem:1024")))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_RUNNING, ""))
	b.step(updateOf("hello.2", mesospb.TaskState_TASK_RUNNING, ""))
	effectOf[Background](b)
	return b
}

func TestTasksAreLeftOnceTheyRunAndSeenToUntilTheirEnd(t *testing.T) {
	b := detached(t, "1-2", nil)
	b.step(offers(offer("O1", "cpus:1;mem:1024")))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_RUNNING, ""))
	b.stays()
	b.step(offers(offer("O2", "cpus:1;mem:1024")))
	b.step(updateOf("hello.2", mesospb.TaskState_TASK_STARTING, ""))
	b.stays()
	b.step(updateOf("hello.2", mesospb.TaskState_TASK_RUNNING, ""))
	b.unfinished()
	if e := effectOf[Background](b); e.Framework != "F" || !slices.Equal(e.Tasks, []mesos.TaskID{"hello.1", "hello.2"}) {
		t.Errorf("left is %+v", e)
	}
	b.ended("hello.1", 0)
	b.stays()
	b.ended("hello.2", 3)
	b.wantCalls("ACKNOWLEDGE TEARDOWN")
	b.unfinished()
	b.step(TornDown{})
	if e := effectOf[Finish](b); e != (Finish{Result{Code: 3, Ended: true}, true}) {
		t.Errorf("finish is %+v", e)
	}
}

func TestWhatMayNotRunYetIsLeftAsWell(t *testing.T) {
	b := detached(t, "1-3", func(s *Spec) { s.Parallel, s.Retries = 1, 1 })
	b.step(offers(offer("O1", "cpus:4;mem:1024")))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_RUNNING, ""))
	if e := effectOf[Background](b); len(e.Tasks) != 3 || e.Tasks[2] != "hello.3" {
		t.Errorf("left is %+v", e)
	}
	b.ended("hello.1", 0)
	b.step(offers(offer("O2", "cpus:4;mem:1024")))
	b.wantLaunches("hello.2@S0")
	b.ended("hello.2", 1)
	b.step(offers(offer("O3", "cpus:4;mem:1024")))
	b.ended("hello.3", 0)
	b.step(offers(offer("O4", "cpus:4;mem:1024")))
	b.wantLaunches("hello.2.retry1@S0")
	b.ended("hello.2.retry1", 0)
	b.wantCalls("ACKNOWLEDGE TEARDOWN")
}

func TestATaskThatNeverRanIsNotLeft(t *testing.T) {
	b := detached(t, "1", nil)
	b.step(offers(offer("O1", "cpus:1;mem:1024")))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_FAILED, "no such image"))
	if r := effectOf[Finish](b).Result; r.Abandoned || r.Code == 0 {
		t.Errorf("result is %+v", r)
	}
}

func TestAnInterruptedProcessLeavesItsTasksAlone(t *testing.T) {
	b := left(t)
	b.step(Interrupted{CodeInterrupted})
	b.wantCalls("")
	if e := effectOf[Finish](b); e != (Finish{Result{Abandoned: true}, true}) {
		t.Errorf("finish is %+v", e)
	}
}

func TestAMasterIsWaitedForMuchLongerOnceTasksAreLeft(t *testing.T) {
	b := left(t)
	away := mesos.Errorf(mesos.Unavailable, "refused")
	b.step(Disconnected{io.EOF})
	for b.now.Before(start.Add(week - time.Hour)) {
		b.now = b.now.Add(time.Hour)
		b.step(Tick{})
		b.step(Disconnected{away})
		b.unfinished()
	}
	b.now = start.Add(week)
	b.step(Tick{})
	if r := effectOf[Finish](b).Result; mesos.KindOf(r.Err) != mesos.Unavailable {
		t.Errorf("result is %+v", r)
	}
}

func TestTheFrameworksEndIsAskedForUntilAMasterHasTakenIt(t *testing.T) {
	b := left(t)
	b.ended("hello.1", 0)
	b.ended("hello.2", 0)
	b.wantCalls("ACKNOWLEDGE TEARDOWN")
	teardown := effectOfCall(b, schedulerpb.Call_TEARDOWN)
	b.step(Disconnected{io.EOF})
	b.step(CallFailed{teardown, mesos.Errorf(mesos.Unavailable, "refused")})
	b.unfinished()
	b.subscribed()
	b.wantCalls("TEARDOWN")
	b.step(CallFailed{teardown, mesos.Errorf(mesos.TimedOut, "late")})
	b.wake()
	b.wantCalls("TEARDOWN")
	b.step(event(&schedulerpb.Event{Type: schedulerpb.Event_ERROR.Enum()})) // it is not known any more
	if e := effectOf[Finish](b); e != (Finish{Result{Ended: true}, true}) {
		t.Errorf("finish is %+v", e)
	}
}

func TestTimeEndsTasksThatWereLeft(t *testing.T) {
	b := detached(t, "1", func(s *Spec) { s.Timeout = time.Hour })
	b.step(offers(offer("O1", "cpus:1;mem:1024")))
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_RUNNING, ""))
	effectOf[Background](b)
	b.now = b.now.Add(time.Hour)
	b.step(Tick{})
	b.wantCalls("KILL")
	b.step(updateOf("hello.1", mesospb.TaskState_TASK_KILLED, ""))
	b.wantCalls("ACKNOWLEDGE TEARDOWN")
	b.step(TornDown{})
	if r := effectOf[Finish](b).Result; mesos.KindOf(r.Err) != mesos.TimedOut {
		t.Errorf("result is %+v", r)
	}
}

// effectOfCall is the call of a kind that was sent last.
func effectOfCall(b *bench, kind schedulerpb.Call_Type) *schedulerpb.Call {
	b.t.Helper()
	for _, e := range slices.Backward(b.effects) {
		if s, ok := e.(Send); ok && s.Call.GetType() == kind {
			return s.Call
		}
	}
	b.t.Fatalf("no %s was sent", kind)
	return nil
}
