package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Output is what a container writes.
type Output struct {
	events *stream[agentpb.ProcessIO, *agentpb.ProcessIO]
}

// LaunchSession runs a command in a container, for as long as the Output is open.
// The session's ID is nested in that of the container.
// See https://mesos.apache.org/documentation/latest/operator-http-api/#launch_nested_container_session.
func (a *Agent) LaunchSession(
	ctx context.Context, id *mesospb.ContainerID, command *mesospb.CommandInfo, container *mesospb.ContainerInfo,
) (*Output, error) {
	return a.output(ctx, &agentpb.Call{
		Type: agentpb.Call_LAUNCH_NESTED_CONTAINER_SESSION.Enum(),
		LaunchNestedContainerSession: &agentpb.Call_LaunchNestedContainerSession{
			ContainerId: id, Command: command, Container: container,
		},
	})
}

// AttachOutput opens what a container writes from now on.
func (a *Agent) AttachOutput(ctx context.Context, id *mesospb.ContainerID) (*Output, error) {
	return a.output(ctx, &agentpb.Call{
		Type:                  agentpb.Call_ATTACH_CONTAINER_OUTPUT.Enum(),
		AttachContainerOutput: &agentpb.Call_AttachContainerOutput{ContainerId: id},
	})
}

func (a *Agent) output(ctx context.Context, call *agentpb.Call) (*Output, error) {
	if err := a.config.mayAskAgent(call); err != nil {
		return nil, err
	}
	r, err := encode(a.config.MediaType, operatorPath, call)
	if err != nil {
		return nil, err
	}
	events, err := open[agentpb.ProcessIO](ctx, a.config.MediaType, MaxEventBytes,
		func(ctx context.Context) (*http.Response, error) { return a.send(ctx, r) })
	if err != nil {
		return nil, err
	}
	return &Output{events: events}, nil
}

// Next waits for more. The error is io.EOF after the container has ended, and
// mesos.Unavailable if the connection broke. Only one goroutine may call it.
func (o *Output) Next() (*agentpb.ProcessIO_Data, error) {
	for {
		record, err := o.events.records.Next()
		switch {
		case err == nil:
		case o.events.closed.Load():
			return nil, mesos.Errorf(mesos.Unavailable, "%s: output: it was closed", o.events.place)
		case errors.Is(err, io.EOF) && o.events.ctx.Err() == nil:
			return nil, io.EOF
		default:
			return nil, o.events.broken(err)
		}
		if o.events.idle != nil {
			o.events.idle.Reset(o.events.idleAfter)
		}
		message := new(agentpb.ProcessIO)
		if err := o.events.media.Unmarshal(record, message); err != nil {
			return nil, mesos.Errorf(mesos.Internal, "%s: decode output: %w", o.events.place, err)
		}
		if message.GetType() == agentpb.ProcessIO_DATA {
			return message.GetData(), nil
		}
		if beat := message.GetControl().GetHeartbeat(); beat != nil {
			o.events.watch(time.Duration(beat.GetInterval().GetNanoseconds()))
		}
	}
}

// Close ends it. A session ends with it.
func (o *Output) Close() { o.events.close() }

// Input is the standard input of a container. It is safe for concurrent use.
type Input struct {
	media wire.MediaType
	body  *io.PipeWriter
	over  chan struct{} // closed once the agent has answered
	err   error         // of the answer

	mu     sync.Mutex
	buffer []byte
}

// AttachInput opens the standard input of a container, which only one client can
// have at a time.
func (a *Agent) AttachInput(ctx context.Context, id *mesospb.ContainerID) (*Input, error) {
	if err := a.config.mayChange(agentpb.Call_ATTACH_CONTAINER_INPUT.String()); err != nil {
		return nil, err
	}
	body, to := io.Pipe()
	in := &Input{media: a.config.MediaType, body: to, over: make(chan struct{})}
	go func() {
		defer close(in.over)
		response, err := a.config.stream(ctx, a.http, a.host, operatorPath, a.config.MediaType, body)
		if err == nil {
			discard(response)
		}
		in.err = err
		body.CloseWithError(io.ErrClosedPipe) // who writes must not wait
	}()
	err := in.send(&agentpb.Call_AttachContainerInput{
		Type: agentpb.Call_AttachContainerInput_CONTAINER_ID.Enum(), ContainerId: id,
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (in *Input) send(call *agentpb.Call_AttachContainerInput) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	var err error
	in.buffer, err = wire.AppendMessageRecord(in.buffer[:0], in.media, &agentpb.Call{
		Type: agentpb.Call_ATTACH_CONTAINER_INPUT.Enum(), AttachContainerInput: call,
	})
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "encode input: %w", err)
	}
	if _, err := in.body.Write(in.buffer); err != nil {
		<-in.over
		if in.err != nil {
			return in.err
		}
		return mesos.Errorf(mesos.Gone, "input: the container has ended")
	}
	return nil
}

func (in *Input) sendIO(message *agentpb.ProcessIO) error {
	return in.send(&agentpb.Call_AttachContainerInput{
		Type: agentpb.Call_AttachContainerInput_PROCESS_IO.Enum(), ProcessIo: message,
	})
}

// Write sends input.
func (in *Input) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil // it would mean the end
	}
	return len(data), in.data(data)
}

func (in *Input) data(data []byte) error {
	return in.sendIO(&agentpb.ProcessIO{
		Type: agentpb.ProcessIO_DATA.Enum(),
		Data: &agentpb.ProcessIO_Data{Type: agentpb.ProcessIO_Data_STDIN.Enum(), Data: data},
	})
}

// End closes the container's standard input, unless it is a terminal.
func (in *Input) End() error { return in.data([]byte{}) }

// Resize changes the size of the container's terminal.
func (in *Input) Resize(rows, columns uint32) error {
	return in.sendIO(&agentpb.ProcessIO{
		Type: agentpb.ProcessIO_CONTROL.Enum(),
		Control: &agentpb.ProcessIO_Control{
			Type: agentpb.ProcessIO_Control_TTY_INFO.Enum(),
			TtyInfo: &mesospb.TTYInfo{
				WindowSize: &mesospb.TTYInfo_WindowSize{Rows: &rows, Columns: &columns},
			},
		},
	})
}

// Heartbeat tells that this end is there, every interval.
func (in *Input) Heartbeat(interval time.Duration) error {
	nanoseconds := interval.Nanoseconds()
	return in.sendIO(&agentpb.ProcessIO{
		Type: agentpb.ProcessIO_CONTROL.Enum(),
		Control: &agentpb.ProcessIO_Control{
			Type: agentpb.ProcessIO_Control_HEARTBEAT.Enum(),
			Heartbeat: &agentpb.ProcessIO_Control_Heartbeat{
				Interval: &mesospb.DurationInfo{Nanoseconds: &nanoseconds},
			},
		},
	})
}

// Over is closed once the agent takes no more: the container has ended, or Close
// was called.
func (in *Input) Over() <-chan struct{} { return in.over }

// Close leaves the container's standard input, and returns what the agent said.
func (in *Input) Close() error {
	_ = in.body.Close()
	<-in.over
	return in.err
}

// WaitContainer waits for the end of a nested container.
func (a *Agent) WaitContainer(ctx context.Context, id *mesospb.ContainerID) (*agentpb.Response_WaitNestedContainer, error) {
	answer, err := a.Call(ctx, &agentpb.Call{
		Type:                agentpb.Call_WAIT_NESTED_CONTAINER.Enum(),
		WaitNestedContainer: &agentpb.Call_WaitNestedContainer{ContainerId: id},
	})
	return answer.GetWaitNestedContainer(), err
}

// RemoveContainer forgets a nested container that has ended.
func (a *Agent) RemoveContainer(ctx context.Context, id *mesospb.ContainerID) error {
	_, err := a.Call(ctx, &agentpb.Call{
		Type:                  agentpb.Call_REMOVE_NESTED_CONTAINER.Enum(),
		RemoveNestedContainer: &agentpb.Call_RemoveNestedContainer{ContainerId: id},
	})
	return err
}
