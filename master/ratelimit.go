package master

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Schedulers' calls can be limited by principal, so that one framework doesn't
// take the master's time from others. Calls that come too fast wait for their
// turn, unanswered; those that don't fit the queue are dropped.
// https://mesos.apache.org/documentation/latest/framework-rate-limiting/

// RateLimits is --rate_limits.
type RateLimits struct {
	Principals map[string]RateLimit
	// Default is for the frameworks of all other principals together.
	Default RateLimit
}

// RateLimit is how fast calls are taken.
type RateLimit struct {
	PerSecond float64 // 0 means without limit
	// Capacity is how many calls may wait; negative for as many as there is room for.
	Capacity int
}

// maxWaiting is how many calls may wait where the capacity is not bounded.
const maxWaiting = 100_000

// A limiter is a limit and what waits for it. Of one call after the other, each
// is taken no sooner than the limit's interval after the last.
type limiter struct {
	interval time.Duration
	capacity int
	next     time.Time // when the next call may be taken
	waiting  []SchedulerCall
	timer    timer
}

func newLimiter(l RateLimit) *limiter {
	if l.PerSecond <= 0 {
		return nil
	}
	capacity := l.Capacity
	if capacity < 0 {
		capacity = maxWaiting
	}
	return &limiter{interval: max(time.Duration(float64(time.Second)/l.PerSecond), 1), capacity: capacity}
}

// limiters are those of a master without limits if nil.
type limiters struct {
	principals map[string]*limiter // nil for those without a limit
	others     *limiter
}

func newLimiters(limits *RateLimits) *limiters {
	if limits == nil {
		return nil
	}
	l := &limiters{principals: make(map[string]*limiter, len(limits.Principals)), others: newLimiter(limits.Default)}
	for principal, limit := range limits.Principals {
		l.principals[principal] = newLimiter(limit)
	}
	return l
}

// of is the limiter of a principal, nil if it has none.
func (l *limiters) of(principal string) *limiter {
	if l == nil {
		return nil
	}
	if one, named := l.principals[principal]; named && principal != "" {
		return one
	}
	return l.others
}

// traffic counts the calls of a principal's frameworks.
type traffic struct {
	frameworks          int
	received, processed uint64
}

// join counts a framework to its principal.
func (m *Master) join(f *framework) {
	if f.info.Principal == nil {
		return
	}
	t := m.traffic[f.info.GetPrincipal()]
	if t == nil {
		t = new(traffic)
		m.traffic[f.info.GetPrincipal()] = t
	}
	t.frameworks++
}

// leave counts a framework to its principal no more; with the last one its
// counts are gone.
func (m *Master) leave(f *framework) {
	if f.info.Principal == nil {
		return
	}
	t := m.traffic[f.info.GetPrincipal()]
	if t.frameworks--; t.frameworks == 0 {
		delete(m.traffic, f.info.GetPrincipal())
	}
}

// throttledCall takes a scheduler's call when it is its turn. Calls that are
// refused anyway don't wait, and take nobody's turn.
func (m *Master) throttledCall(in SchedulerCall) {
	f := m.frameworks[mesos.FrameworkID(in.Call.GetFrameworkId().GetValue())]
	if f == nil || f.stream == "" || f.stream != in.Stream || in.Principal != "" && in.Principal != f.info.GetPrincipal() {
		m.schedulerCall(in)
		return
	}
	if t := m.traffic[f.info.GetPrincipal()]; t != nil {
		t.received++
	}
	l := m.limiters.of(f.info.GetPrincipal())
	switch {
	case l == nil:
		m.processCall(in, f)
	case len(l.waiting) == 0 && !m.now.Before(l.next):
		l.next = m.now.Add(l.interval)
		m.processCall(in, f)
	case len(l.waiting) >= l.capacity:
		m.dropCall(in, f, l.capacity)
	default:
		l.waiting = append(l.waiting, in)
		if len(l.waiting) == 1 {
			m.timers.arm(&l.timer, l.next, func() { m.takeWaiting(l) })
		}
	}
}

// takeWaiting takes the call that has waited longest.
func (m *Master) takeWaiting(l *limiter) {
	in := l.waiting[0]
	l.waiting[0] = SchedulerCall{}
	l.waiting = l.waiting[1:]
	l.next = m.now.Add(l.interval)
	if len(l.waiting) > 0 {
		m.timers.arm(&l.timer, l.next, func() { m.takeWaiting(l) })
	}
	if f := m.frameworks[mesos.FrameworkID(in.Call.GetFrameworkId().GetValue())]; f != nil {
		m.processCall(in, f)
		return
	}
	m.schedulerCall(in) // which says that it is gone
}

func (m *Master) processCall(in SchedulerCall, f *framework) {
	t := m.traffic[f.info.GetPrincipal()]
	m.schedulerCall(in)
	if t != nil {
		t.processed++
	}
}

// dropCall refuses a call that no longer fits the queue. The framework can't
// rely on what it has asked for any more, so it is told that, too.
func (m *Master) dropCall(in SchedulerCall, f *framework, capacity int) {
	m.log(LogWarn, "call dropped: too many wait", "framework", f.id, "principal", f.info.GetPrincipal(),
		"call", in.Call.GetType(), "capacity", capacity)
	err := mesos.Errorf(mesos.Throttled, "Message %s dropped: capacity(%d) exceeded", in.Call.GetType(), capacity)
	m.reply(in.Request, err)
	m.send(f, &schedulerpb.Event{
		Type:  schedulerpb.Event_ERROR.Enum(),
		Error: &schedulerpb.Event_Error{Message: new(err.Error())},
	})
}

// appendTraffic appends what is counted of principals.
func (m *Master) appendTraffic(dst []Metric) []Metric {
	for principal, t := range m.traffic {
		prefix := "frameworks/" + principal + "/"
		dst = append(dst, Metric{prefix + "messages_received", float64(t.received)},
			Metric{prefix + "messages_processed", float64(t.processed)})
	}
	return dst
}
