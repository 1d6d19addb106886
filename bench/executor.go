package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// RunExecutor is the executor of Launch's tasks, in a process that an agent has
// started: it says of each task that it runs, and then that it is over. It
// returns when the agent shuts it down.
func RunExecutor(ctx context.Context, environ []string) error {
	env, err := client.ParseExecutorEnvironment(environ)
	if err != nil {
		return err
	}
	x := &executor{
		framework: &mesospb.FrameworkID{Value: proto.String(string(env.FrameworkID))},
		id:        &mesospb.ExecutorID{Value: proto.String(string(env.ExecutorID))},
		tasks:     make(chan *mesospb.TaskInfo, 1<<16),
	}
	agent := client.NewAgent(env.Endpoint, client.Config{MediaType: wire.Protobuf, Token: env.Token})
	x.agent, err = agent.Subscribe(ctx, x.call(executorpb.Call_SUBSCRIBE, func(c *executorpb.Call) {
		c.Subscribe = &executorpb.Call_Subscribe{}
	}))
	if err != nil {
		return err
	}
	defer x.agent.Close()
	return x.run(ctx)
}

type executor struct {
	framework *mesospb.FrameworkID
	id        *mesospb.ExecutorID
	agent     *client.Executor
	tasks     chan *mesospb.TaskInfo
}

func (x *executor) call(kind executorpb.Call_Type, fill func(*executorpb.Call)) *executorpb.Call {
	c := &executorpb.Call{FrameworkId: x.framework, ExecutorId: x.id, Type: kind.Enum()}
	fill(c)
	return c
}

func (x *executor) run(ctx context.Context) error {
	var workers sync.WaitGroup
	failed := make(chan error, connections)
	for range connections {
		workers.Go(func() {
			for task := range x.tasks {
				if err := x.runTask(ctx, task); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err := x.receive()
	close(x.tasks)
	workers.Wait()
	select {
	case first := <-failed:
		return first
	default:
		return err
	}
}

// receive hands out tasks until the agent says that it is enough.
func (x *executor) receive() error {
	for {
		event, err := x.agent.Next()
		switch {
		case errors.Is(err, io.EOF), event.GetType() == executorpb.Event_SHUTDOWN:
			return nil
		case err != nil:
			return err
		case event.GetType() == executorpb.Event_LAUNCH:
			x.tasks <- event.GetLaunch().GetTask()
		}
	}
}

// runTask runs a task of which there is nothing to run.
func (x *executor) runTask(ctx context.Context, task *mesospb.TaskInfo) error {
	for _, state := range []mesospb.TaskState{mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_FINISHED} {
		uuid := make([]byte, 16)
		rand.Read(uuid)
		status := &mesospb.TaskStatus{
			TaskId: task.TaskId, ExecutorId: x.id, State: state.Enum(), Uuid: uuid,
			Source:    mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
			Timestamp: proto.Float64(float64(time.Now().UnixNano()) / 1e9),
		}
		err := x.agent.Call(ctx, x.call(executorpb.Call_UPDATE, func(c *executorpb.Call) {
			c.Update = &executorpb.Call_Update{Status: status}
		}))
		if err != nil {
			return err
		}
	}
	return nil
}
