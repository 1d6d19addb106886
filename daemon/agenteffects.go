//go:build !windows

package daemon

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
)

// errStopping answers executors that call while the agent ends.
var errStopping = mesos.Errorf(mesos.Unavailable, "this agent is stopping")

// executorStream carries events to an executor: over HTTP, or in this process
// to a built-in one.
type executorStream interface {
	Send(*executorpb.Event)
	Close()
}

// perform does the core's effects. Everything that must be durable is synced
// first, for the whole batch; an agent that can't write its checkpoints must
// not go on, because it would promise what it can't keep.
func (a *Agent) perform(effects []agent.Effect) {
	if err := a.checkpoint(effects); err != nil {
		a.end(fmt.Errorf("agent: %w", err))
		return
	}
	a.publish(effects)
	for _, effect := range effects {
		switch e := effect.(type) {
		case agent.Connect:
			a.masters.connect()
		case agent.SendMaster:
			a.masters.send(e.Link, e.Message)
		case agent.CloseLink:
			a.masters.drop(e.Link)
		case agent.Reply:
			a.requests.reply(uint64(e.Request), e.Err)
		case agent.SendExecutor:
			if stream := a.stream(e.Stream); stream != nil {
				stream.Send(e.Event)
			}
		case agent.CloseExecutorStream:
			if stream := a.forgetStream(e.Stream); stream != nil {
				stream.Close()
			}
		case agent.LaunchContainer:
			a.executors.launch(e)
		case agent.RecoverContainers:
			a.executors.recover(e)
		case agent.ReleaseContainer:
			a.containers.Release(e.Container)
		case agent.UpdateContainer:
			a.executors.update(e)
		case agent.DestroyContainer:
			a.executors.destroy(e.Container)
		case agent.ChangeVolumes:
			a.changeVolumes(e)
		case agent.RetireDir:
			a.retireDir(e)
		case agent.RemoveDir:
			a.removeDir(e)
		case agent.Stopped:
			a.stopped = e.Err
			a.end(nil)
		case agent.Log:
			a.log.Log(context.Background(), slog.Level(e.Level), e.Message, e.Args...)
		}
	}
}

// executorAPI takes the calls of executors that speak HTTP.
type executorAPI struct{ *Agent }

// Subscribe opens an executor's event stream.
func (a executorAPI) Subscribe(ctx context.Context, claims map[string]string, call *executorpb.Call, stream *httpapi.Stream) error {
	return a.subscribe(ctx, claims, agent.StreamID(stream.ID()), call, httpStream{stream})
}

// Call takes any other call of an executor.
func (a executorAPI) Call(ctx context.Context, claims map[string]string, call *executorpb.Call) error {
	return a.call(ctx, claims, call)
}

// StreamClosed tells that an executor's stream broke.
func (a executorAPI) StreamClosed(id string, cause error) {
	a.log.Debug("executor disconnected", "stream", id, "cause", cause)
	a.streamClosed(agent.StreamID(id))
}

type httpStream struct{ *httpapi.Stream }

func (s httpStream) Send(event *executorpb.Event) { s.Stream.Send(event) }

func (a *Agent) subscribe(ctx context.Context, claims map[string]string, id agent.StreamID, call *executorpb.Call, stream executorStream) error {
	a.mu.Lock()
	a.streams[id] = stream
	a.mu.Unlock()
	err := a.requests.ask(ctx, func(request uint64) bool {
		return a.loop.PutWait(agent.ExecutorSubscribe{Request: agent.RequestID(request), Stream: id, Claims: claims, Call: call})
	})
	if err != nil && ctx.Err() == nil {
		a.forgetStream(id)
	}
	return err
}

func (a *Agent) call(ctx context.Context, claims map[string]string, call *executorpb.Call) error {
	return a.requests.ask(ctx, func(request uint64) bool {
		return a.loop.PutWait(agent.ExecutorCall{Request: agent.RequestID(request), Claims: claims, Call: call})
	})
}

func (a *Agent) streamClosed(id agent.StreamID) {
	if a.forgetStream(id) != nil {
		a.loop.Put(agent.ExecutorStreamClosed{Stream: id})
	}
}

func (a *Agent) stream(id agent.StreamID) executorStream {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.streams[id]
}

func (a *Agent) forgetStream(id agent.StreamID) executorStream {
	a.mu.Lock()
	defer a.mu.Unlock()
	stream := a.streams[id]
	delete(a.streams, id)
	return stream
}

// token signs what an executor proves with who it is; nil if there is no key.
func (a *Agent) token() func(mesos.FrameworkID, mesos.ExecutorID, mesos.ContainerID) string {
	if a.tokens == nil {
		return nil
	}
	return func(framework mesos.FrameworkID, executor mesos.ExecutorID, container mesos.ContainerID) string {
		return a.tokens.Sign(map[string]string{"fid": string(framework), "eid": string(executor), "cid": string(container)})
	}
}
