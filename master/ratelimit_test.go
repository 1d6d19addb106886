package master

import (
	"slices"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/framework-rate-limiting/

func withPrincipal(principal string) func(*mesospb.FrameworkInfo) {
	return func(info *mesospb.FrameworkInfo) { info.Principal = &principal }
}

// limited is a master with rate limits.
func limited(t *testing.T, limits *RateLimits) *cluster {
	config := testConfig()
	config.RateLimits = limits
	return newCluster(t, config, Recovered{})
}

// onePerSecond limits one principal.
func onePerSecond(principal string) *RateLimits {
	return &RateLimits{Principals: map[string]RateLimit{principal: {PerSecond: 1, Capacity: -1}}}
}

// ask makes a call that nothing comes of but the answer, and returns its request.
func (s *scheduler) ask() RequestID {
	s.c.t.Helper()
	s.c.request++
	s.c.step(SchedulerCall{Request: s.c.request, Stream: s.stream, Call: &schedulerpb.Call{
		Type: schedulerpb.Call_REVIVE.Enum(), FrameworkId: &mesospb.FrameworkID{Value: &s.id},
	}})
	return s.c.request
}

// answered reports whether a request was answered, and how.
func (c *cluster) answered(request RequestID) (bool, error) {
	for _, e := range c.out {
		if r, ok := e.(Reply); ok && r.Request == request {
			return true, r.Err
		}
	}
	return false, nil
}

func (c *cluster) waits(request RequestID) {
	c.t.Helper()
	if done, err := c.answered(request); done {
		c.t.Errorf("request %d is answered already, with %v", request, err)
	}
}

func (c *cluster) done(request RequestID) {
	c.t.Helper()
	if done, err := c.answered(request); !done || err != nil {
		c.t.Errorf("request %d: answered %v, %v", request, done, err)
	}
}

// counts checks a principal's counts; -1 is none at all.
func (c *cluster) counts(principal string, received, processed float64) {
	c.t.Helper()
	metrics := metricsOf(c.Master)
	for name, want := range map[string]float64{"messages_received": received, "messages_processed": processed} {
		at := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == "frameworks/"+principal+"/"+name })
		switch {
		case at < 0 && want >= 0:
			c.t.Errorf("%s of %s is not there, want %v", name, principal, want)
		case at >= 0 && metrics[at].Value != want:
			c.t.Errorf("%s of %s is %v, want %v", name, principal, metrics[at].Value, want)
		}
	}
}

func TestPrincipalWithoutALimitIsNotThrottled(t *testing.T) {
	// covers: RateLimitingTest.NoRateLimiting
	c := limited(t, &RateLimits{
		Principals: map[string]RateLimit{"ann": {Capacity: -1}}, Default: RateLimit{PerSecond: 0.1, Capacity: 0},
	})
	c.counts("ann", -1, -1)
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	c.counts("ann", 0, 0)
	for range 3 {
		c.done(s.ask())
	}
	c.counts("ann", 3, 3)
	if err := s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()}); err != nil {
		t.Error(err)
	}
	c.counts("ann", -1, -1)
}

func TestCallsWaitForTheirTurn(t *testing.T) {
	// covers: RateLimitingTest.RateLimitingEnabled
	c := limited(t, onePerSecond("ann"))
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	c.done(s.ask())
	c.counts("ann", 1, 1)
	second := s.ask()
	c.pass(999 * time.Millisecond)
	c.waits(second)
	c.counts("ann", 2, 1)
	c.pass(time.Millisecond)
	c.done(second)
	c.counts("ann", 2, 2)
	c.pass(time.Hour) // time that is not used is not saved up
	c.done(s.ask())
	c.waits(s.ask())
}

func TestPrincipalsHaveLimitsOfTheirOwn(t *testing.T) {
	// covers: RateLimitingTest.DifferentPrincipalFrameworks
	limits := onePerSecond("ann")
	limits.Default = RateLimit{PerSecond: 0.5, Capacity: -1}
	c := limited(t, limits)
	ann := c.subscribe("s1", frameworkInfo(withPrincipal("ann")))
	bob := c.subscribe("s2", frameworkInfo(withPrincipal("bob")))
	nobody := c.subscribe("s3", frameworkInfo())
	ann.id, bob.id, nobody.id = "M-0000", "M-0001", "M-0002"
	c.done(ann.ask())
	c.done(bob.ask())
	annWaits, bobWaits := ann.ask(), bob.ask()
	c.waits(annWaits)
	c.waits(bobWaits)
	c.counts("ann", 2, 1)
	c.counts("bob", 2, 1)
	c.pass(time.Second)
	c.done(annWaits)
	c.waits(bobWaits)
	c.pass(time.Second)
	c.done(bobWaits)
	c.counts("ann", 2, 2)
	c.counts("bob", 2, 2)
	// All that have no limit of their own share one.
	last := nobody.ask()
	c.waits(last)
	c.pass(2 * time.Second)
	c.done(last)

	c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: "M-0000"} })
	c.counts("ann", -1, -1)
	c.counts("bob", 2, 2)
}

func TestFrameworksOfAPrincipalShareItsLimit(t *testing.T) {
	// covers: RateLimitingTest.SamePrincipalFrameworks
	c := limited(t, onePerSecond("ann"))
	one := c.subscribe("s1", frameworkInfo(withPrincipal("ann")))
	two := c.subscribe("s2", frameworkInfo(withPrincipal("ann")))
	one.id, two.id = "M-0000", "M-0001"
	c.done(one.ask())
	waits := two.ask()
	c.waits(waits)
	c.counts("ann", 2, 1)
	c.pass(time.Second)
	c.done(waits)
	c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: "M-0000"} })
	c.counts("ann", 2, 2)
}

func TestLimitOutlastsASchedulerFailover(t *testing.T) {
	// covers: RateLimitingTest.SchedulerFailover
	c := limited(t, onePerSecond("ann"))
	s := c.subscribe("s1", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	c.done(s.ask())
	next := c.subscribe("s2", frameworkInfo(withPrincipal("ann"), withFramework("M-0000")))
	c.counts("ann", 1, 1)
	waits := next.ask()
	c.waits(waits)
	c.counts("ann", 2, 1)
	c.pass(time.Second)
	c.done(waits)
	c.counts("ann", 2, 2)

	// The one that was replaced takes nobody's turn.
	if done, err := c.answered(s.ask()); !done || err == nil {
		t.Errorf("a call of the old scheduler: answered %v, %v", done, err)
	}
	c.counts("ann", 2, 2)
}

func TestCallsBeyondTheCapacityAreDropped(t *testing.T) {
	// covers: RateLimitingTest.CapacityReached
	c := limited(t, &RateLimits{Principals: map[string]RateLimit{"ann": {PerSecond: 1, Capacity: 2}}})
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	c.done(s.ask())
	second, third := s.ask(), s.ask()
	c.take()
	fourth := s.ask()
	if done, err := c.answered(fourth); !done || mesos.KindOf(err) != mesos.Throttled {
		t.Errorf("the call beyond the capacity: answered %v, %v", done, err)
	}
	told := slices.ContainsFunc(c.out, func(e Effect) bool {
		sent, ok := e.(SendEvent)
		return ok && sent.Stream == "s" && sent.Event.GetError().GetMessage() == "Message REVIVE dropped: capacity(2) exceeded"
	})
	if !told {
		t.Errorf("the framework was not told: %v", c.out)
	}
	s.ask()
	c.counts("ann", 5, 1)
	c.pass(2 * time.Second)
	c.done(second)
	c.done(third)
	// Its scheduler may come back, so its counts are kept.
	c.step(StreamClosed{Stream: "s"})
	c.counts("ann", 5, 3)
}

func TestTheDefaultHasACapacityToo(t *testing.T) {
	c := limited(t, &RateLimits{Default: RateLimit{PerSecond: 1, Capacity: 0}})
	s := c.subscribe("s", frameworkInfo())
	s.id = "M-0000"
	c.done(s.ask())
	if done, err := c.answered(s.ask()); !done || mesos.KindOf(err) != mesos.Throttled {
		t.Errorf("answered %v, %v", done, err)
	}
}

func TestCallsThatWaitForATurnOfAFrameworkThatEnds(t *testing.T) {
	c := limited(t, onePerSecond("ann"))
	s := c.subscribe("s", frameworkInfo(withPrincipal("ann")))
	s.id = "M-0000"
	c.done(s.ask())
	gone, closed := s.ask(), s.ask()
	c.step(StreamClosed{Stream: "s"})
	c.pass(time.Second)
	if done, err := c.answered(gone); !done || mesos.KindOf(err) != mesos.Forbidden {
		t.Errorf("after the stream closed: answered %v, %v", done, err)
	}
	c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: "M-0000"} })
	c.pass(time.Second)
	if done, err := c.answered(closed); !done || mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("after the framework ended: answered %v, %v", done, err)
	}
}
