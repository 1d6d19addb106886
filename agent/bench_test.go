package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// BenchmarkTasksThroughOneExecutor runs tasks to their end through one custom
// executor that holds others all the time: launch, RUNNING, FINISHED, and their
// acknowledgements. The cost of a task must not grow with those held.
func BenchmarkTasksThroughOneExecutor(b *testing.B) {
	for _, held := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			s := newStage(nil, State{})
			config := s.config()
			a := New(config, State{})
			now := time.Unix(1_000_000_000, 0)
			step := func(in Input) { a.Step(now, in) }
			step(Tick{})
			step(Connected{Link: 1})
			step(toAgent(1, s.masterInput("registered", arguments{})))
			run := func(id string) {
				step(toAgent(1, s.masterInput("run", arguments{"task": id, "executor": "E", "cpus": "0.001", "mem": "1"})))
			}
			run("first")
			step(s.executorInput("subscribe", arguments{}))
			for i := range held {
				run(fmt.Sprint("held-", i))
			}
			b.ResetTimer()
			b.ReportAllocs()
			for i := range b.N {
				id := fmt.Sprint("t", i)
				run(id)
				for k, state := range []mesospb.TaskState{mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_FINISHED} {
					uuid := append(make([]byte, 14), byte(k), 1)
					step(ExecutorCall{Call: updateCall(id, state, uuid)})
					step(toAgent(1, &linkpb.ToAgent{Message: &linkpb.ToAgent_Acknowledge{Acknowledge: &linkpb.Acknowledge{
						FrameworkId: arguments{}.framework(), TaskId: &mesospb.TaskID{Value: &id}, Uuid: uuid}}}))
				}
			}
			b.StopTimer()
			m := a.Metrics()
			if got := m.ended[mesos.TaskFinished]; got != b.N {
				b.Fatalf("%d tasks finished of %d", got, b.N)
			}
		})
	}
}

func updateCall(task string, state mesospb.TaskState, uuid []byte) *executorpb.Call {
	return &executorpb.Call{
		Type: executorpb.Call_UPDATE.Enum(), ExecutorId: arguments{}.executor(), FrameworkId: arguments{}.framework(),
		Update: &executorpb.Call_Update{Status: &mesospb.TaskStatus{
			TaskId: &mesospb.TaskID{Value: &task}, State: &state, Uuid: uuid,
			Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
		}},
	}
}
