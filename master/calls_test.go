package master

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#calls
func TestACallLacksAFieldThatItsTypeNeeds(t *testing.T) {
	// covers: SchedulerHttpApiTest.MalformedUUID
	id := &mesospb.FrameworkID{Value: new("F")}
	for name, test := range map[string]struct {
		call  *schedulerpb.Call
		words string
	}{
		"no call":         {nil, "type: missing"},
		"no type":         {&schedulerpb.Call{}, "type: missing"},
		"unknown type":    {&schedulerpb.Call{Type: schedulerpb.Call_Type(99).Enum()}, "99 is no call"},
		"UNKNOWN":         {&schedulerpb.Call{Type: schedulerpb.Call_UNKNOWN.Enum()}, "UNKNOWN is no call"},
		"no framework":    {&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum()}, "REVIVE: framework_id: missing"},
		"empty SUBSCRIBE": {&schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum()}, "subscribe.framework_info: missing"},
		"two framework ids": {&schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: id,
			Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: frameworkInfo()}}, "framework_id: differs"},
		"REVIVE":      {&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum(), FrameworkId: id}, ""},
		"ACCEPT":      {&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), FrameworkId: id}, "ACCEPT: accept: missing"},
		"DECLINE":     {&schedulerpb.Call{Type: schedulerpb.Call_DECLINE.Enum(), FrameworkId: id}, "DECLINE: decline: missing"},
		"KILL":        {&schedulerpb.Call{Type: schedulerpb.Call_KILL.Enum(), FrameworkId: id}, "KILL: kill: missing"},
		"SHUTDOWN":    {&schedulerpb.Call{Type: schedulerpb.Call_SHUTDOWN.Enum(), FrameworkId: id}, "SHUTDOWN: shutdown: missing"},
		"ACKNOWLEDGE": {&schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), FrameworkId: id}, "acknowledge: missing"},
		"half a uuid": {&schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), FrameworkId: id,
			Acknowledge: &schedulerpb.Call_Acknowledge{Uuid: []byte("12345678")}}, "acknowledge.uuid: 8 bytes are not a UUID"},
		"RECONCILE": {&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), FrameworkId: id}, "reconcile: missing"},
		"MESSAGE":   {&schedulerpb.Call{Type: schedulerpb.Call_MESSAGE.Enum(), FrameworkId: id}, "message: missing"},
		"REQUEST":   {&schedulerpb.Call{Type: schedulerpb.Call_REQUEST.Enum(), FrameworkId: id}, "request: missing"},
		"UPDATE_FRAMEWORK": {&schedulerpb.Call{Type: schedulerpb.Call_UPDATE_FRAMEWORK.Enum(), FrameworkId: id},
			"update_framework.framework_info: missing"},
	} {
		err := validateCall(test.call)
		if (err == nil) != (test.words == "") || err != nil && (!strings.Contains(err.Error(), test.words) || mesos.KindOf(err) != mesos.Invalid) {
			t.Errorf("%s: %v, want %q", name, err, test.words)
		}
	}
}

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#calls
func TestOnlyTheSubscribedSchedulerMayCall(t *testing.T) {
	// covers: SchedulerHttpApiTest.TeardownWithoutStreamId
	// covers: SchedulerHttpApiTest.TeardownWrongStreamId
	// covers: FaultToleranceTest.IgnoreKillTaskFromUnregisteredFramework
	for name, test := range map[string]struct {
		call SchedulerCall
		kind mesos.Kind
	}{
		"no stream":         {SchedulerCall{Principal: "alice"}, mesos.Invalid},
		"another stream":    {SchedulerCall{Principal: "alice", Stream: "s1"}, mesos.Invalid},
		"another principal": {SchedulerCall{Principal: "mallory", Stream: "s2"}, mesos.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			info := func(options ...infoOption) *mesospb.FrameworkInfo {
				return frameworkInfo(append(options, func(info *mesospb.FrameworkInfo) { info.Principal = new("alice") })...)
			}
			c.subscribe("s1", info())
			c.subscribe("s2", info(withFramework("M-0000")))
			c.take()
			test.call.Call = &schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum(), FrameworkId: &mesospb.FrameworkID{Value: new("M-0000")}}
			c.step(test.call)
			reply, ok := c.take()[0].(Reply)
			if !ok || mesos.KindOf(reply.Err) != test.kind || c.frameworks["M-0000"] == nil {
				t.Errorf("got %v, want an error of kind %v", reply, test.kind)
			}
		})
	}
}

func TestTheAuthenticatedPrincipalIsTheFrameworks(t *testing.T) {
	subscribe := func(c *cluster, principal string, options ...infoOption) error {
		c.step(Subscribe{Request: 1, Stream: "s", Principal: principal, Call: &schedulerpb.Call{
			Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: frameworkInfo(options...)},
		}})
		for _, e := range c.take() {
			if r, ok := e.(Reply); ok {
				return r.Err
			}
		}
		return nil
	}
	claim := func(p string) infoOption { return func(info *mesospb.FrameworkInfo) { info.Principal = new(p) } }
	c := newCluster(t, testConfig(), Recovered{})
	if err := subscribe(c, "alice", claim("bob")); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("claiming to be another: %v", err)
	}
	if err := subscribe(c, "alice"); err != nil {
		t.Fatal(err)
	}
	if got := c.views.frameworks["M-0000"].Framework.GetFrameworkInfo().GetPrincipal(); got != "alice" {
		t.Errorf("the framework's principal is %q", got)
	}
}

// What can't be read is refused as a whole: the offers stay.
func TestAnOperationThatCannotBeReadRefusesTheCall(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4")
	s := c.subscribe("s", frameworkInfo())
	o := c.offer(s, a, "cpus:4")
	for _, later := range []*mesospb.Offer_Operation{{}, {Type: mesospb.Offer_Operation_UNKNOWN.Enum()}, {Type: mesospb.Offer_Operation_Type(99).Enum()}} {
		err := s.call(acceptCall([]mesos.OfferID{o}, launchOf(commandTask("t", a, "cpus:1")), later))
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "operations[1]") {
			t.Errorf("error %v", err)
		}
	}
	for n := range mesospb.Offer_Operation_Type_name {
		if kind := mesospb.Offer_Operation_Type(n); kind != mesospb.Offer_Operation_UNKNOWN {
			err := s.call(acceptCall([]mesos.OfferID{o}, &mesospb.Offer_Operation{Type: kind.Enum()}))
			if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "operations[0]."+strings.ToLower(kind.String())) {
				t.Errorf("%s of nothing: %v", kind, err)
			}
		}
	}
	if c.views.offers[o] == nil || c.views.tasks["M-0000 t"].Task != nil {
		t.Error("the offer is gone, or the task was launched")
	}
}

func TestARequestReachesTheAllocator(t *testing.T) {
	// covers: ResourceOffersTest.Request
	// covers: SchedulerTest.Request
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s", frameworkInfo())
	c.take()
	request := func(requests ...*mesospb.Request) error {
		return s.call(&schedulerpb.Call{Type: schedulerpb.Call_REQUEST.Enum(), Request: &schedulerpb.Call_Request{Requests: requests}})
	}
	granted(t, request(&mesospb.Request{AgentId: wireAgentID("test")}, &mesospb.Request{Resources: convert.ToWire(resources.MustParse("cpus:2"))}, &mesospb.Request{}))
	var told []string
	for _, e := range c.take() {
		if e, ok := e.(Allocate); ok {
			told = append(told, fmt.Sprintf("%+v", e.Input))
		}
	}
	if want := []string{"{ID:M-0000 Requests:[{Agent:test Resources:{}} {Agent: Resources:cpus:2} {Agent: Resources:{}}]}"}; !slices.Equal(told, want) {
		t.Errorf("the allocator was told %q, want %q", told, want)
	}
	says(t, request(&mesospb.Request{Resources: []*mesospb.Resource{{Name: new("cpus"), Type: mesospb.Value_RANGES.Enum()}}}),
		mesos.Invalid, "request.requests[0].resources", "cpus")
}
