//go:build !windows

package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
)

// builtin is a built-in executor that runs.
type builtin struct {
	kind    agent.Builtin
	destroy context.CancelFunc
}

// startBuiltin starts a built-in executor, or goes on with the tasks of that of an
// earlier agent; nil is none of them.
func (x *executors) startBuiltin(e agent.LaunchContainer, recovered []executor.Recovered) {
	ctx, cancel := context.WithCancel(context.Background())
	x.mu.Lock()
	x.builtins[e.Container] = builtin{kind: e.Builtin, destroy: cancel}
	x.mu.Unlock()
	x.done.Go(func() {
		end := x.runCommand
		if e.Builtin == agent.BuiltinDefault {
			end = x.runDefault
		}
		ended := end(ctx, e, recovered)
		cancel()
		x.mu.Lock()
		delete(x.builtins, e.Container)
		x.mu.Unlock()
		x.post(ended)
	})
}

// runCommand runs a command executor to its end.
func (x *executors) runCommand(ctx context.Context, e agent.LaunchContainer, recovered []executor.Recovered) agent.ContainerEnded {
	if _, err := container.LookupUser(e.User); err != nil && recovered == nil {
		return noSandbox(e.Container, err)
	}
	x.post(agent.ContainerStarted{Container: e.Container})
	status := executor.RunCommand(ctx, x.config(e, recovered))
	return agent.ContainerEnded{Container: e.Container, Launched: true, Status: new(int(status))}
}

// runDefault runs a default executor to its end, in a container that has no
// command: it holds what the tasks share.
func (x *executors) runDefault(ctx context.Context, e agent.LaunchContainer, recovered []executor.Recovered) agent.ContainerEnded {
	if recovered == nil {
		if _, err := container.LookupUser(e.User); err != nil {
			return noSandbox(e.Container, err)
		}
		spec := x.spec(e)
		spec.Command, spec.Pause = nil, true
		if _, err := x.agent.containers.Launch(ctx, spec); err != nil {
			return notLaunched(e.Container, err)
		}
	}
	started := agent.ContainerStarted{Container: e.Container}
	if status, err := x.agent.containers.Status(e.Container); err == nil {
		started.Pid = int(status.GetExecutorPid())
	}
	x.post(started)
	return ended(e.Container, executor.RunDefault(ctx, x.config(e, recovered)))
}

// config is what a built-in executor needs.
func (x *executors) config(e agent.LaunchContainer, recovered []executor.Recovered) executor.Config {
	return executor.Config{
		Framework:           mesos.FrameworkID(e.Framework.GetId().GetValue()),
		Executor:            mesos.ExecutorID(e.Executor.GetExecutorId().GetValue()),
		Container:           e.Container,
		Sandbox:             e.Sandbox,
		User:                e.User,
		Environment:         pairs(e.Environment),
		AgentIP:             x.agent.address.ip,
		ShutdownGracePeriod: x.agent.gracePeriod(e),
		Outlive:             x.agent.outlive(e),
		Recovered:           recovered,
		Agent:               &builtinAgent{agent: x.agent, container: e.Container},
		Containerizer:       x.agent.containers,
		UUID:                newUUID,
		Log:                 x.log,
	}
}

// goOn is what a built-in executor goes on with.
func goOn(tasks []agent.RecoveredTask) []executor.Recovered {
	recovered := make([]executor.Recovered, len(tasks)) // not nil, even if it is empty
	for i, t := range tasks {
		recovered[i] = executor.Recovered{Task: t.Info, Told: t.Told, Group: t.Group}
		if t.Running > 0 {
			recovered[i].Running = time.UnixMicro(int64(t.Running * 1e6))
		}
	}
	return recovered
}

// gracePeriod is how long an executor has to end after a SHUTDOWN.
func (a *Agent) gracePeriod(e agent.LaunchContainer) time.Duration {
	if own := e.Executor.GetShutdownGracePeriod(); own != nil {
		return time.Duration(own.GetNanoseconds())
	}
	return a.cfg.ExecutorShutdownGracePeriod
}

// outlive is how long an executor's container runs on without an agent.
func (a *Agent) outlive(e agent.LaunchContainer) time.Duration {
	if !e.Checkpoint || !a.cfg.Outlive {
		return 0
	}
	return a.cfg.RecoveryTimeout
}

// builtinAgent is the executor API for a built-in executor: the core can't tell
// it from one that speaks HTTP.
type builtinAgent struct {
	agent     *Agent
	container mesos.ContainerID
	streams   int
}

// Subscribe implements executor.Agent.
func (b *builtinAgent) Subscribe(ctx context.Context, call *executorpb.Call) (<-chan *executorpb.Event, error) {
	b.streams++
	id := agent.StreamID(fmt.Sprintf("%s-%d", b.container, b.streams))
	stream := &eventQueue{out: make(chan *executorpb.Event), ready: make(chan struct{}, 1)}
	if err := b.agent.subscribe(ctx, nil, id, call, stream); err != nil {
		return nil, err
	}
	go func() {
		stream.pump(ctx)
		b.agent.streamClosed(id)
	}()
	return stream.out, nil
}

// Call implements executor.Agent.
func (b *builtinAgent) Call(ctx context.Context, call *executorpb.Call) error {
	return b.agent.call(ctx, nil, call)
}

// eventQueue carries events to a reader in this process without ever making
// the sender wait.
type eventQueue struct {
	out   chan *executorpb.Event
	ready chan struct{} // holds one token while there is something new

	mu     sync.Mutex
	queue  []*executorpb.Event
	closed bool
}

// Send queues an event.
func (q *eventQueue) Send(event *executorpb.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, event)
	q.wake()
}

// Close ends the events after those sent before.
func (q *eventQueue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}

func (q *eventQueue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// pump delivers events until the queue is closed and empty, or the context ends.
func (q *eventQueue) pump(ctx context.Context) {
	defer close(q.out)
	for {
		select {
		case <-q.ready:
		case <-ctx.Done():
			return
		}
		q.mu.Lock()
		batch, closed := q.queue, q.closed
		q.queue = nil
		q.mu.Unlock()
		for _, event := range batch {
			select {
			case q.out <- event:
			case <-ctx.Done():
				return
			}
		}
		if closed {
			return
		}
	}
}
