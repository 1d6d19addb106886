package client

import (
	"context"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

const (
	schedulerPath  = "/api/v1/scheduler"
	streamIDHeader = "Mesos-Stream-Id"
)

// Scheduler is one subscription of a framework to the leading master: its events
// and its calls. A subscription lasts until its event stream breaks; then Subscribe
// again, with the framework's ID.
// See https://mesos.apache.org/documentation/latest/scheduler-http-api/.
type Scheduler struct {
	client   *Client
	host     string
	streamID string
	events   *stream[schedulerpb.Event, *schedulerpb.Event]
}

// Subscribe sends a SUBSCRIBE call to the leading master. The stream it opens
// ends with ctx.
func (c *Client) Subscribe(ctx context.Context, call *schedulerpb.Call) (*Scheduler, error) {
	if call.GetType() != schedulerpb.Call_SUBSCRIBE {
		return nil, mesos.Errorf(mesos.Invalid, "subscribe: the call is %s, not SUBSCRIBE", call.GetType())
	}
	if err := c.config.mayChange("a framework's SUBSCRIBE"); err != nil {
		return nil, err
	}
	r, err := encode(c.config.MediaType, schedulerPath, call)
	if err != nil {
		return nil, err
	}
	r.opens = true
	events, err := open[schedulerpb.Event](ctx, c.config.MediaType, MaxEventBytes,
		func(ctx context.Context) (*http.Response, error) { return c.send(ctx, r) })
	if err != nil {
		return nil, err
	}
	s := &Scheduler{
		client: c, events: events,
		host:     events.host,
		streamID: events.header.Get(streamIDHeader),
	}
	if s.streamID == "" {
		s.Close()
		return nil, c.identified(ctx, s.host, mesos.Errorf(mesos.Internal, "%s: the answer to SUBSCRIBE has no %s", events.place, streamIDHeader))
	}
	return s, nil
}

// Next waits for the next event. An error means that the subscription is over.
// Only one goroutine may call it.
func (s *Scheduler) Next() (*schedulerpb.Event, error) {
	event, err := s.events.next()
	if err == nil && event.GetType() == schedulerpb.Event_SUBSCRIBED {
		seconds := event.GetSubscribed().GetHeartbeatIntervalSeconds()
		s.events.watch(time.Duration(seconds * float64(time.Second)))
	}
	return event, err
}

// Call sends any other call over this subscription. It returns once the master
// has taken the call (202 Accepted); what comes of it arrives as events. One more
// SUBSCRIBE is of kind mesos.Invalid, and not sent.
func (s *Scheduler) Call(ctx context.Context, call *schedulerpb.Call) error {
	if call.GetType() == schedulerpb.Call_SUBSCRIBE {
		return mesos.Errorf(mesos.Invalid, "call: this is a subscription already: SUBSCRIBE opens another")
	}
	r, err := encode(s.client.config.MediaType, schedulerPath, call)
	if err != nil {
		return err
	}
	r.header[streamIDHeader] = []string{s.streamID}
	// Always to the master that holds the stream: a redirect means that it is over.
	response, err := s.client.sendTo(ctx, s.host, r)
	if err != nil {
		return err
	}
	discard(response)
	return nil
}

// Host is the host:port of the master subscribed to.
func (s *Scheduler) Host() string { return s.host }

// StreamID is the Mesos-Stream-Id of the subscription.
func (s *Scheduler) StreamID() string { return s.streamID }

// Close ends the subscription. The framework stays registered for its failover
// timeout; call TEARDOWN first to end it.
func (s *Scheduler) Close() { s.events.close() }
