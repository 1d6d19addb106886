package exec

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// bench drives a machine and keeps what it wants done.
type bench struct {
	t       *testing.T
	m       *Machine
	now     time.Time
	effects []Effect
}

func options() Options {
	return Options{
		Shell: true, Command: "echo hello", Name: "hello", Resources: "cpus:1;mem:128",
		Containerizer: "mesos", Role: "*", PartitionAware: true, FrameworkName: "test",
	}
}

func newBench(t *testing.T, change func(*Options, *Spec)) *bench {
	t.Helper()
	o := options()
	var waits Spec
	if change != nil {
		change(&o, &waits)
	}
	spec, err := o.Spec()
	if err != nil {
		t.Fatal(err)
	}
	spec.Timeout, spec.OfferPatience, spec.UnreachablePatience = waits.Timeout, waits.OfferPatience, waits.UnreachablePatience
	m, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, m: m, now: start}
}

func (b *bench) step(in Input) []Effect {
	b.effects = append([]Effect(nil), b.m.Step(b.now, in)...)
	return b.effects
}

// wake moves the time to when the machine wants to be woken, and wakes it.
func (b *bench) wake() []Effect {
	b.t.Helper()
	next := b.m.Next()
	if next.IsZero() {
		b.t.Fatal("the machine waits for nothing")
	}
	b.now = next
	return b.step(Tick{})
}

func (b *bench) subscribed() {
	b.step(Start{})
	b.step(event(&schedulerpb.Event{
		Type:       schedulerpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &schedulerpb.Event_Subscribed{FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")}},
	}))
}

func (b *bench) launched() {
	b.subscribed()
	b.step(offers(offer("O1", "cpus:2;mem:1024")))
}

func event(e *schedulerpb.Event) Event { return Event{e} }

func offers(list ...*mesospb.Offer) Event {
	return event(&schedulerpb.Event{
		Type: schedulerpb.Event_OFFERS.Enum(), Offers: &schedulerpb.Event_Offers{Offers: list},
	})
}

func offer(id, text string) *mesospb.Offer {
	offered, err := resources.Parse(text, "*")
	if err != nil {
		panic(err)
	}
	return &mesospb.Offer{
		Id: &mesospb.OfferID{Value: &id}, AgentId: &mesospb.AgentID{Value: proto.String("S0")},
		FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")},
		Hostname:    proto.String("host"), Resources: convert.ToWire(offered.Allocate("*")),
		Url: &mesospb.URL{Scheme: proto.String("http"), Address: &mesospb.Address{
			Hostname: proto.String("host"), Ip: proto.String("10.0.0.1"), Port: proto.Int32(5051)}},
	}
}

func update(state mesospb.TaskState, message string) Event {
	status := &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: proto.String("hello")}, AgentId: &mesospb.AgentID{Value: proto.String("S0")},
		State: &state, Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Uuid: []byte(state.String()),
	}
	if message != "" {
		status.Message = &message
	}
	return event(&schedulerpb.Event{
		Type: schedulerpb.Event_UPDATE.Enum(), Update: &schedulerpb.Event_Update{Status: status},
	})
}

func (b *bench) calls() (calls []string) {
	for _, e := range b.effects {
		if s, ok := e.(Send); ok {
			calls = append(calls, s.Call.GetType().String())
		}
	}
	return calls
}

func (b *bench) wantCalls(want string) {
	b.t.Helper()
	if got := strings.Join(b.calls(), " "); got != want {
		b.t.Fatalf("calls are %q, want %q", got, want)
	}
}

func effectOf[T Effect](b *bench) (found T) {
	b.t.Helper()
	for _, e := range b.effects {
		if e, ok := e.(T); ok {
			return e
		}
	}
	b.t.Fatalf("no %T among %v", found, b.effects)
	return found
}

func (b *bench) unfinished() {
	b.t.Helper()
	for _, e := range b.effects {
		if e, ok := e.(Finish); ok {
			b.t.Fatalf("finished: %+v", e.Result)
		}
	}
}

func TestTaskRunsToItsEnd(t *testing.T) {
	b := newBench(t, nil)
	b.launched()
	b.wantCalls("ACCEPT SUPPRESS")
	accept := effectOf[Send](b).Call.GetAccept()
	task := accept.GetOperations()[0].GetLaunch().GetTaskInfos()[0]
	if task.GetAgentId().GetValue() != "S0" || task.GetCommand().GetValue() != "echo hello" {
		t.Fatalf("launched %v", task)
	}

	b.step(update(mesospb.TaskState_TASK_STARTING, ""))
	b.wantCalls("ACKNOWLEDGE")
	follow := effectOf[Follow](b)
	if follow.Agent != "10.0.0.1:5051" || follow.Sandbox != "/frameworks/F/executors/hello/runs/latest" {
		t.Fatalf("follows %+v", follow)
	}
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	b.unfinished()
	b.step(update(mesospb.TaskState_TASK_FINISHED, "Command exited with status 0"))
	b.wantCalls("ACKNOWLEDGE")
	if end := effectOf[Finish](b); end.Result != (Result{Ended: true}) || end.AtOnce {
		t.Fatalf("ended with %+v", end)
	}
	if !b.m.Next().IsZero() {
		t.Fatal("a finished machine waits")
	}
}

func TestOffersThatDoNotFitAreDeclined(t *testing.T) {
	b := newBench(t, nil)
	b.subscribed()
	b.step(offers(offer("O1", "cpus:0.5;mem:1024"), offer("O2", "cpus:2;mem:64")))
	b.wantCalls("DECLINE")
	b.step(offers(offer("O3", "cpus:0.5;mem:64"), offer("O4", "cpus:1;mem:128"), offer("O5", "cpus:9;mem:9999")))
	b.wantCalls("ACCEPT SUPPRESS DECLINE")
	last := b.effects[len(b.effects)-1].(Send).Call.GetDecline()
	if len(last.GetOfferIds()) != 2 {
		t.Fatalf("declined %v", last.GetOfferIds())
	}
}

func TestReservedResourcesAreUsedFirst(t *testing.T) {
	b := newBench(t, func(o *Options, _ *Spec) { o.Role = "dev" })
	b.subscribed()
	b.step(offers(offer("O1", "cpus(dev):0.5;cpus:2;mem:1024")))
	task := effectOf[Send](b).Call.GetAccept().GetOperations()[0].GetLaunch().GetTaskInfos()[0]
	taken, err := convert.Resources(task.GetResources())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := resources.Parse("cpus(dev):0.5;cpus:0.5;mem:128", "*")
	if !taken.Equal(want) {
		t.Fatalf("took %s, want %s", taken, want)
	}
}

func TestNothingFitsIsExplainedOnce(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.OfferPatience = 2 * time.Second })
	b.subscribed()
	if got := b.m.Next(); !got.Equal(start.Add(2 * time.Second)) {
		t.Fatalf("explains at %s", got)
	}
	b.wake()
	effectOf[Explain](b)
	if !b.m.Next().IsZero() {
		t.Fatal("explains twice")
	}
}

func TestInterruptKillsAndASecondOneLeaves(t *testing.T) {
	b := newBench(t, nil)
	b.launched()
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	b.step(Interrupted{CodeInterrupted})
	b.wantCalls("KILL")
	b.unfinished()
	b.wake() // the kill may have been lost
	b.wantCalls("KILL")
	b.step(Interrupted{CodeInterrupted})
	if end := effectOf[Finish](b); end.Result.Code != 130 || !end.AtOnce {
		t.Fatalf("ended with %+v", end)
	}
}

// The agent may be gone, of which nobody knows yet: a task that does not end is left,
// and not waited for until a person is impatient.
func TestAnInterruptedTaskThatDoesNotEndIsLeft(t *testing.T) {
	b := newBench(t, nil)
	b.launched()
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	b.step(Interrupted{CodeInterrupted})
	asked := b.now
	for !b.m.finished {
		b.wake()
	}
	if end := effectOf[Finish](b); end.Result != (Result{Code: CodeInterrupted}) || end.AtOnce {
		t.Errorf("ended with %+v", end)
	}
	if waited := b.now.Sub(asked); waited != killPatience {
		t.Errorf("waited %s", waited)
	}
	var said strings.Builder
	Plain(&said)(effectOf[Tell](b).Notice)
	if want := "task 'hello' has not ended within 15secs of its kill; if agent S0 comes back, the master ends it there\n"; said.String() != want {
		t.Errorf("it says %q", said.String())
	}
}

func TestAnInterruptedTaskHasItsGracePeriod(t *testing.T) {
	b := newBench(t, nil)
	b.m.spec.Tasks[0].KillPolicy = &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: proto.Int64(time.Hour.Nanoseconds())}}
	if got := b.m.patience(); got != time.Hour+killPatience {
		t.Errorf("it is waited for %s", got)
	}
}

func TestInterruptBeforeTheLaunchEnds(t *testing.T) {
	b := newBench(t, nil)
	b.subscribed()
	b.step(Interrupted{CodeInterrupted})
	if end := effectOf[Finish](b); end.Result.Code != 130 || end.AtOnce {
		t.Fatalf("ended with %+v", end)
	}
}

func TestInterruptedTaskEndsAsInterrupted(t *testing.T) {
	b := newBench(t, nil)
	b.launched()
	b.step(Interrupted{CodeInterrupted})
	b.step(update(mesospb.TaskState_TASK_KILLED, "Command terminated with signal Terminated"))
	if end := effectOf[Finish](b); end.Result.Code != 130 {
		t.Fatalf("ended with %+v", end)
	}
}

func TestKillAfterCountsFromRunning(t *testing.T) {
	b := newBench(t, func(o *Options, _ *Spec) { o.KillAfter = time.Minute })
	b.launched()
	if !b.m.Next().IsZero() {
		t.Fatal("waits before the task runs")
	}
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	b.wake()
	if !b.now.Equal(start.Add(time.Minute)) {
		t.Fatalf("killed at %s", b.now)
	}
	b.wantCalls("KILL")
	b.step(update(mesospb.TaskState_TASK_KILLED, "Command terminated with signal Terminated"))
	if end := effectOf[Finish](b); end.Result.Code != 143 {
		t.Fatalf("ended with %+v", end)
	}
}

func TestTimeoutKillsTheTask(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.Timeout = 3 * time.Second })
	b.launched()
	b.wake()
	b.wantCalls("KILL")
	b.step(update(mesospb.TaskState_TASK_KILLED, ""))
	if err := effectOf[Finish](b).Result.Err; mesos.KindOf(err) != mesos.TimedOut {
		t.Fatalf("ended with %v", err)
	}
}

func TestTimeoutWithoutAnOffer(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.Timeout = 3 * time.Second })
	b.subscribed()
	b.wake()
	if err := effectOf[Finish](b).Result.Err; mesos.KindOf(err) != mesos.TimedOut {
		t.Fatalf("ended with %v", err)
	}
}

func TestBrokenSubscriptionIsOpenedAgain(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.UnreachablePatience = time.Minute })
	b.launched()
	b.step(Disconnected{mesos.Errorf(mesos.Unavailable, "gone")})
	b.wake()
	if id := effectOf[Subscribe](b).Call.GetFrameworkId().GetValue(); id != "F" {
		t.Fatalf("subscribes as %q", id)
	}
	b.step(event(&schedulerpb.Event{
		Type:       schedulerpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &schedulerpb.Event_Subscribed{FrameworkId: &mesospb.FrameworkID{Value: proto.String("F")}},
	}))
	b.wantCalls("RECONCILE")
	if !b.m.Next().IsZero() {
		t.Fatal("still waits for the master")
	}
}

// A launch that went down with a master is made again: no agent ever knew the task.
// What an agent did know is over.
func TestALaunchThatIsLostIsMadeAgain(t *testing.T) {
	gone := func() Event {
		in := update(mesospb.TaskState_TASK_GONE, "unknown to its agent")
		in.Event.Update.Status.Uuid = nil
		in.Event.Update.Status.Reason = mesospb.TaskStatus_REASON_RECONCILIATION.Enum()
		return in
	}
	b := newBench(t, nil)
	b.launched()
	b.step(gone())
	for _, e := range b.effects {
		if end, ok := e.(Finish); ok {
			t.Fatalf("ended with %+v", end)
		}
	}
	b.launched()
	if !strings.HasSuffix(b.m.jobs[0].tasks[0].id, ".retry1") {
		t.Errorf("the task is now %s", b.m.jobs[0].tasks[0].id)
	}
	known := newBench(t, nil)
	known.launched()
	known.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	known.step(gone())
	if end := effectOf[Finish](known).Result; end.Err == nil {
		t.Errorf("a task that ran ended with %+v", end)
	}
}

func TestExitCodeIsTheAgentsToTell(t *testing.T) {
	reconciled := func() Event {
		in := update(mesospb.TaskState_TASK_FAILED, "the latest state")
		in.Event.Update.Status.Uuid = nil
		in.Event.Update.Status.Reason = mesospb.TaskStatus_REASON_RECONCILIATION.Enum()
		return in
	}
	t.Run("it comes", func(t *testing.T) {
		b := newBench(t, nil)
		b.launched()
		b.step(reconciled())
		b.step(update(mesospb.TaskState_TASK_FAILED, "Command exited with status 4"))
		if end := effectOf[Finish](b).Result; end.Err != nil || end.Code != 4 {
			t.Fatalf("ended with %+v, want code 4", end)
		}
	})
	t.Run("it never comes", func(t *testing.T) {
		b := newBench(t, nil)
		b.launched()
		b.step(reconciled())
		for _, e := range b.effects {
			if end, ok := e.(Finish); ok {
				t.Fatalf("ended at once, with %+v", end)
			}
		}
		b.wake()
		if end := effectOf[Finish](b).Result; end.Err == nil || !end.Ended {
			t.Fatalf("ended with %+v, want an error", end)
		}
	})
}

func TestMasterThatStaysAwayEndsTheRun(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.UnreachablePatience = time.Minute })
	b.launched()
	for range 200 {
		b.step(Disconnected{mesos.Errorf(mesos.Unavailable, "gone")})
		b.wake()
		for _, e := range b.effects {
			if end, ok := e.(Finish); ok {
				if mesos.KindOf(end.Result.Err) != mesos.Unavailable || b.now.Sub(start) != time.Minute {
					t.Fatalf("ended after %s with %v", b.now.Sub(start), end.Result.Err)
				}
				return
			}
		}
	}
	t.Fatal("never ended")
}

func TestFirstSubscriptionThatFailsEndsTheRun(t *testing.T) {
	b := newBench(t, nil)
	b.step(Start{})
	b.step(Disconnected{mesos.Errorf(mesos.Unauthenticated, "who are you")})
	if err := effectOf[Finish](b).Result.Err; mesos.KindOf(err) != mesos.Unauthenticated {
		t.Fatalf("ended with %v", err)
	}
}

func TestUnreachableAgentIsWaitedFor(t *testing.T) {
	b := newBench(t, func(_ *Options, s *Spec) { s.UnreachablePatience = time.Minute })
	b.launched()
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	b.step(update(mesospb.TaskState_TASK_UNREACHABLE, ""))
	b.unfinished()
	b.step(update(mesospb.TaskState_TASK_RUNNING, ""))
	if !b.m.Next().IsZero() {
		t.Fatal("still waits for the agent")
	}
	b.step(update(mesospb.TaskState_TASK_UNREACHABLE, ""))
	b.wake()
	if err := effectOf[Finish](b).Result.Err; mesos.KindOf(err) != mesos.Unavailable {
		t.Fatalf("ended with %v", err)
	}
}

// benchOfGroup is a machine that runs a group of the tasks hello and other.
func benchOfGroup(t *testing.T) *bench {
	return newBench(t, func(o *Options, _ *Spec) {
		*o = Options{Role: "*", FrameworkName: "test", TaskGroup: `{"tasks": [
			{"name": "a", "task_id": {"value": "hello"}, "command": {"value": "true"},
			 "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}]},
			{"name": "b", "task_id": {"value": "other"}, "command": {"value": "true"},
			 "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}]}]}`}
	})
}

func TestGroupEndsWithItsLastTask(t *testing.T) {
	b := benchOfGroup(t)
	b.subscribed()
	b.step(offers(offer("O1", "cpus:0.3;mem:31;disk:32")))
	b.wantCalls("DECLINE") // the executor needs 32 MB itself
	b.step(offers(offer("O2", "cpus:0.3;mem:32;disk:32")))
	group := effectOf[Send](b).Call.GetAccept().GetOperations()[0].GetLaunchGroup()
	if group.GetExecutor().GetType() != mesospb.ExecutorInfo_DEFAULT || len(group.GetTaskGroup().GetTasks()) != 2 {
		t.Fatalf("launched %v", group)
	}
	failed := update(mesospb.TaskState_TASK_FAILED, "Command exited with status 3")
	failed.Event.Update.Status.ContainerStatus = &mesospb.ContainerStatus{ContainerId: &mesospb.ContainerID{
		Value: proto.String("child"), Parent: &mesospb.ContainerID{Value: proto.String("parent")}}}
	b.step(failed)
	b.unfinished()
	if path := effectOf[Follow](b).Sandbox; path != "/frameworks/F/executors/default-executor/runs/latest/containers/child" {
		t.Fatalf("sandbox is %s", path)
	}
	finished := update(mesospb.TaskState_TASK_FINISHED, "")
	finished.Event.Update.Status.TaskId = &mesospb.TaskID{Value: proto.String("other")}
	b.step(finished)
	if end := effectOf[Finish](b); end.Result.Code != 3 {
		t.Fatalf("ended with %+v", end)
	}
}

// Tasks of a group are killed for the one that failed, which says how it went.
func TestAGroupEndsAsItsFirstFailure(t *testing.T) {
	b := benchOfGroup(t)
	b.subscribed()
	b.step(offers(offer("O", "cpus:0.3;mem:32;disk:32")))
	killed := update(mesospb.TaskState_TASK_KILLED, "Command terminated with signal Terminated")
	killed.Event.Update.Status.Timestamp = proto.Float64(5)
	failed := update(mesospb.TaskState_TASK_FAILED, "Command exited with status 4")
	failed.Event.Update.Status.TaskId = &mesospb.TaskID{Value: proto.String("other")}
	failed.Event.Update.Status.Timestamp = proto.Float64(4)
	b.step(killed)
	b.step(failed)
	if end := effectOf[Finish](b); end.Result.Code != 4 {
		t.Fatalf("ended with %+v", end)
	}
}

func TestErrorEventEndsTheRun(t *testing.T) {
	b := newBench(t, nil)
	b.subscribed()
	b.step(event(&schedulerpb.Event{
		Type: schedulerpb.Event_ERROR.Enum(), Error: &schedulerpb.Event_Error{Message: proto.String("Framework has been removed")},
	}))
	if err := effectOf[Finish](b).Result.Err; err == nil || !strings.Contains(err.Error(), "Framework has been removed") {
		t.Fatalf("ended with %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		state   mesospb.TaskState
		message string
		code    int
		failed  bool
	}{
		{mesospb.TaskState_TASK_FINISHED, "Command exited with status 0", 0, false},
		{mesospb.TaskState_TASK_FINISHED, "", 0, false},
		{mesospb.TaskState_TASK_FAILED, "Command exited with status 7", 7, false},
		{mesospb.TaskState_TASK_FAILED, "Command exited with status 255", 255, false},
		{mesospb.TaskState_TASK_FAILED, "Command exited with status 256", 0, true},
		{mesospb.TaskState_TASK_FAILED, "Command terminated with signal Killed", 137, false},
		{mesospb.TaskState_TASK_FAILED, "Command terminated with signal Segmentation fault (core dumped)", 139, false},
		{mesospb.TaskState_TASK_FAILED, "Command terminated with signal Real-time signal 1", 163, false},
		{mesospb.TaskState_TASK_FAILED, "Command terminated with signal ", 0, true},
		{mesospb.TaskState_TASK_FAILED, "Failed to launch container", 0, true},
		{mesospb.TaskState_TASK_LOST, "", 0, true},
		{mesospb.TaskState_TASK_ERROR, "Task uses more resources than available", 0, true},
	} {
		got := outcome(update(test.state, test.message).Event.GetUpdate().GetStatus())
		if got.Code != test.code || (got.Err != nil) != test.failed {
			t.Errorf("%s %q: %+v", test.state, test.message, got)
		}
	}
}
