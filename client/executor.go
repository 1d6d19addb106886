package client

import (
	"context"
	"net/http"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
)

const executorPath = "/slave(1)/api/v1/executor"

// Executor is one subscription of an executor to its agent.
// See https://mesos.apache.org/documentation/latest/executor-http-api/.
type Executor struct {
	agent  *Agent
	events *stream[executorpb.Event, *executorpb.Event]
}

// Subscribe sends an executor's SUBSCRIBE call to the agent. The stream it opens
// ends with ctx.
func (a *Agent) Subscribe(ctx context.Context, call *executorpb.Call) (*Executor, error) {
	if call.GetType() != executorpb.Call_SUBSCRIBE {
		return nil, mesos.Errorf(mesos.Invalid, "subscribe: the call is %s, not SUBSCRIBE", call.GetType())
	}
	r, err := encode(a.config.MediaType, executorPath, call)
	if err != nil {
		return nil, err
	}
	events, err := open[executorpb.Event](ctx, a.config.MediaType, MaxEventBytes,
		func(ctx context.Context) (*http.Response, error) { return a.send(ctx, r) })
	if err != nil {
		return nil, err
	}
	return &Executor{agent: a, events: events}, nil
}

// Next waits for the next event. An error means that the subscription is over.
// Only one goroutine may call it.
func (e *Executor) Next() (*executorpb.Event, error) { return e.events.next() }

// Call sends any other call; it returns once the agent has taken it.
func (e *Executor) Call(ctx context.Context, call *executorpb.Call) error {
	r, err := encode(e.agent.config.MediaType, executorPath, call)
	if err != nil {
		return err
	}
	response, err := e.agent.send(ctx, r)
	if err != nil {
		return err
	}
	discard(response)
	return nil
}

// Close ends the subscription.
func (e *Executor) Close() { e.events.close() }

// ExecutorEnvironment is what an agent tells an executor that it starts, in
// environment variables.
type ExecutorEnvironment struct {
	Endpoint    string // MESOS_AGENT_ENDPOINT: the agent's host:port
	FrameworkID mesos.FrameworkID
	ExecutorID  mesos.ExecutorID
	Token       string // MESOS_EXECUTOR_AUTHENTICATION_TOKEN
}

// ParseExecutorEnvironment reads os.Environ() as an executor finds it.
func ParseExecutorEnvironment(environ []string) (ExecutorEnvironment, error) {
	var e ExecutorEnvironment
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "MESOS_AGENT_ENDPOINT":
			e.Endpoint = value
		case "MESOS_SLAVE_ENDPOINT":
			if e.Endpoint == "" {
				e.Endpoint = value
			}
		case "MESOS_FRAMEWORK_ID":
			e.FrameworkID = mesos.FrameworkID(value)
		case "MESOS_EXECUTOR_ID":
			e.ExecutorID = mesos.ExecutorID(value)
		case "MESOS_EXECUTOR_AUTHENTICATION_TOKEN":
			e.Token = value
		}
	}
	for _, needed := range []struct{ name, value string }{
		{"MESOS_AGENT_ENDPOINT", e.Endpoint},
		{"MESOS_FRAMEWORK_ID", string(e.FrameworkID)},
		{"MESOS_EXECUTOR_ID", string(e.ExecutorID)},
	} {
		if needed.value == "" {
			return e, mesos.Errorf(mesos.Invalid, "executor environment: %s is not set", needed.name)
		}
	}
	return e, nil
}
