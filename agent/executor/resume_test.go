package executor

import (
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// resumed is a command executor that goes on where another was.
func resumed(told *mesospb.TaskState) (*Command, []Effect) {
	c := NewCommand(CoreConfig{Framework: "F", Executor: "t", Container: "c", UUID: func() [16]byte { return [16]byte{1} }})
	r := Recovered{Task: &mesospb.TaskInfo{TaskId: &mesospb.TaskID{Value: new("t")}}, Running: time.Unix(10, 0)}
	r.Task.MaxCompletionTime = &mesospb.DurationInfo{Nanoseconds: new(int64(time.Minute))}
	if told != nil {
		r.Told = &mesospb.TaskStatus{State: told}
	}
	return c, c.Step(time.Unix(20, 0), Resume{[]Recovered{r}})
}

// updates are the states that effects tell the agent.
func updates(effects []Effect) (states []mesospb.TaskState) {
	for _, e := range effects {
		switch e := e.(type) {
		case Send:
			states = append(states, e.Call.GetUpdate().GetStatus().GetState())
		case Subscribe:
			for _, u := range e.Call.GetSubscribe().GetUnacknowledgedUpdates() {
				states = append(states, u.GetStatus().GetState())
			}
		}
	}
	return states
}

var subscribedEvent = Received{&executorpb.Event{Type: executorpb.Event_SUBSCRIBED.Enum(), Subscribed: &executorpb.Event_Subscribed{}}}

func TestResumedExecutorTellsHowTheTaskEnded(t *testing.T) {
	c, _ := resumed(mesospb.TaskState_TASK_RUNNING.Enum())
	now := time.Unix(20, 0)
	// It ended while the SUBSCRIBE was on its way, which therefore can't tell it.
	if got := updates(c.Step(now, Ended{Exit: container.Exit{Known: true, Status: syscall.WaitStatus(3 << 8)}})); len(got) != 0 {
		t.Errorf("told %v without a connection", got)
	}
	if got := updates(c.Step(now, subscribedEvent)); len(got) != 1 || got[0] != mesospb.TaskState_TASK_FAILED {
		t.Errorf("told %v", got)
	}
}

func TestResumedExecutorTellsThatTheTaskRunsUnlessThatIsKnown(t *testing.T) {
	for told, want := range map[*mesospb.TaskState]int{
		nil: 1, mesospb.TaskState_TASK_STARTING.Enum(): 1, mesospb.TaskState_TASK_RUNNING.Enum(): 0, mesospb.TaskState_TASK_KILLING.Enum(): 0,
	} {
		c, _ := resumed(told)
		now := time.Unix(20, 0)
		c.Step(now, Launched{})
		if got := updates(c.Step(now, subscribedEvent)); len(got) != want {
			t.Errorf("the agent knows %v, and is told %v", told, got)
		}
	}
}

func TestResumedExecutorKeepsTheTimeOfTheTask(t *testing.T) {
	c, _ := resumed(mesospb.TaskState_TASK_RUNNING.Enum())
	if got := c.Next(); !got.Equal(time.Unix(70, 0)) {
		t.Errorf("the task's time is over at %v", got)
	}
}

func TestExecutorOfATaskThatIsOverEnds(t *testing.T) {
	_, effects := resumed(mesospb.TaskState_TASK_FINISHED.Enum())
	if len(effects) != 1 || effects[0] != (Terminate{}) {
		t.Errorf("it does %v", effects)
	}
}
