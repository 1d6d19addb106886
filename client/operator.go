package client

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

const operatorPath = "/api/v1"

// Call sends an operator call to the leading master and returns its answer,
// which is nil for calls that have none.
// See https://mesos.apache.org/documentation/latest/operator-http-api/.
func (c *Client) Call(ctx context.Context, call *masterpb.Call) (*masterpb.Response, error) {
	if err := c.config.mayAskMaster(call); err != nil {
		return nil, err
	}
	r, err := encode(c.config.MediaType, operatorPath, call)
	if err != nil {
		return nil, err
	}
	response, err := c.send(ctx, r)
	if lacksCall(err) {
		return nil, mesos.Errorf(mesos.Unsupported, "the master at %s has no call %s: it is of an older Apache Mesos", c.Leader(), call.GetType())
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusAccepted || response.ContentLength == 0 {
		discard(response)
		return nil, nil
	}
	answer, host := &masterpb.Response{}, response.Request.URL.Host
	err = decode(c.config.MediaType, response, answer)
	if err == nil && answer.GetType().String() != call.GetType().String() {
		err = mesos.Errorf(mesos.Internal, "%s: the answer to %s is %s", where(response), call.GetType(), answer.GetType())
	}
	if err != nil {
		return nil, c.identified(ctx, host, err)
	}
	if err := c.suspect(ctx, host); err != nil {
		return nil, err
	}
	c.setLeader(host)
	return answer, nil
}

// lacksCall reports whether a call was refused because whoever was asked is of a
// version without it: its type is none there, as if it were not set.
func lacksCall(err error) bool {
	return isBare(err, mesos.Unsupported, http.StatusNotImplemented) ||
		mesos.KindOf(err) == mesos.Invalid && strings.HasSuffix(err.Error(), "Expecting 'type' to be present")
}

// get is Call for the calls that have an answer and no argument.
func (c *Client) get(ctx context.Context, kind masterpb.Call_Type) (*masterpb.Response, error) {
	answer, err := c.Call(ctx, &masterpb.Call{Type: kind.Enum()})
	if err == nil && answer == nil {
		err = mesos.Errorf(mesos.Internal, "%s: the answer is empty", kind)
	}
	return answer, err
}

// Health reports whether the leading master says that it is healthy.
func (c *Client) Health(ctx context.Context) (bool, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_HEALTH)
	return answer.GetGetHealth().GetHealthy(), err
}

// Version returns the build of the leading master.
func (c *Client) Version(ctx context.Context) (*masterpb.Response_GetVersion, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_VERSION)
	return answer.GetGetVersion(), err
}

// Flags returns the effective flags of the leading master.
func (c *Client) Flags(ctx context.Context) (*masterpb.Response_GetFlags, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_FLAGS)
	return answer.GetGetFlags(), err
}

// Master returns what the leading master says of itself.
func (c *Client) Master(ctx context.Context) (*masterpb.Response_GetMaster, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_MASTER)
	return answer.GetGetMaster(), err
}

// Agents returns the agents that the leading master knows.
func (c *Client) Agents(ctx context.Context) (*masterpb.Response_GetAgents, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_AGENTS)
	return answer.GetGetAgents(), err
}

// Frameworks returns the frameworks that the leading master knows.
func (c *Client) Frameworks(ctx context.Context) (*masterpb.Response_GetFrameworks, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_FRAMEWORKS)
	return answer.GetGetFrameworks(), err
}

// Tasks returns the tasks that the leading master knows.
func (c *Client) Tasks(ctx context.Context) (*masterpb.Response_GetTasks, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_TASKS)
	return answer.GetGetTasks(), err
}

// State returns agents, frameworks, executors and tasks at one moment.
func (c *Client) State(ctx context.Context) (*masterpb.Response_GetState, error) {
	answer, err := c.get(ctx, masterpb.Call_GET_STATE)
	return answer.GetGetState(), err
}

// Metrics returns the leading master's metrics.
func (c *Client) Metrics(ctx context.Context) (*masterpb.Response_GetMetrics, error) {
	answer, err := c.Call(ctx, &masterpb.Call{
		Type: masterpb.Call_GET_METRICS.Enum(), GetMetrics: &masterpb.Call_GetMetrics{},
	})
	return answer.GetGetMetrics(), err
}

// Events is a subscription to what happens in the cluster: the SUBSCRIBE call
// of the operator API.
type Events struct {
	events *stream[masterpb.Event, *masterpb.Event]
}

// Watch subscribes to the leading master's operator events. The stream ends with ctx.
func (c *Client) Watch(ctx context.Context) (*Events, error) {
	r, err := encode(c.config.MediaType, operatorPath, &masterpb.Call{Type: masterpb.Call_SUBSCRIBE.Enum()})
	if err != nil {
		return nil, err
	}
	r.opens = true
	events, err := open[masterpb.Event](ctx, c.config.MediaType, MaxStateBytes,
		func(ctx context.Context) (*http.Response, error) { return c.send(ctx, r) })
	if err != nil {
		return nil, err
	}
	if kind := events.header.Get("Content-Type"); !streams(kind) {
		events.close()
		return nil, c.identified(ctx, events.host, mesos.Errorf(mesos.Internal, "%s: the answer to SUBSCRIBE is %q", events.place, kind))
	}
	return &Events{events: events}, nil
}

// streams reports whether events may be of a content type.
func streams(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	_, known := wire.ParseMediaType(contentType)
	return known || strings.TrimSpace(media) == wire.RecordIO
}

// Next waits for the next event. An error means that the subscription is over.
// Only one goroutine may call it.
func (e *Events) Next() (*masterpb.Event, error) {
	event, err := e.events.next()
	if err == nil && event.GetType() == masterpb.Event_SUBSCRIBED {
		seconds := event.GetSubscribed().GetHeartbeatIntervalSeconds()
		e.events.watch(time.Duration(seconds * float64(time.Second)))
	}
	return event, err
}

// Received is how many events have come whole, and how many bytes of them and of the
// next one. Any goroutine may call it while another one waits in Next.
func (e *Events) Received() (events int, bytes int64) {
	return int(e.events.whole.Load()), e.events.received.Load()
}

// Close ends the subscription.
func (e *Events) Close() { e.events.close() }

// Agent talks to one agent: its operator, files and executor APIs. It is safe
// for concurrent use.
type Agent struct {
	host   string
	config Config
	http   *http.Client
}

// NewAgent makes a client of the agent at host:port. config.Masters is not used.
func NewAgent(host string, config Config) *Agent {
	return &Agent{host: host, config: config, http: config.httpClient()}
}

// Agent makes a client of an agent of the same cluster, with the same identity
// and over the same transport.
func (c *Client) Agent(host string) *Agent {
	return &Agent{host: host, config: c.config, http: c.http}
}

// Host is the agent's host:port.
func (a *Agent) Host() string { return a.host }

func (a *Agent) send(ctx context.Context, r request) (*http.Response, error) {
	return a.config.sendTo(ctx, a.http, a.host, r)
}

// Call sends an operator call to the agent and returns its answer, which is nil
// for calls that have none.
func (a *Agent) Call(ctx context.Context, call *agentpb.Call) (*agentpb.Response, error) {
	if err := a.config.mayAskAgent(call); err != nil {
		return nil, err
	}
	r, err := encode(a.config.MediaType, operatorPath, call)
	if err != nil {
		return nil, err
	}
	response, err := a.send(ctx, r)
	if lacksCall(err) {
		return nil, mesos.Errorf(mesos.Unsupported, "the agent at %s has no call %s: it is of an older Apache Mesos", a.host, call.GetType())
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusAccepted || response.ContentLength == 0 {
		discard(response)
		return nil, nil
	}
	answer := &agentpb.Response{}
	if err := decode(a.config.MediaType, response, answer); err != nil {
		return nil, err
	}
	return answer, nil
}
