package live

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

const (
	// answerWithin is how long a call may take.
	answerWithin = 20 * time.Second
	// probeWithin is how long a master may take to say whether it leads.
	probeWithin = 2 * time.Second
	// restFactor is how much longer the pause between two calls is than the call took,
	// so that whoever looks on is no burden.
	restFactor = 20
)

// ProbeMasters is no call of the operator API but stands for asking each master
// whether it leads.
const ProbeMasters = masterpb.Call_UNKNOWN

// every is how often a call is made at most.
var every = map[masterpb.Call_Type]time.Duration{
	masterpb.Call_GET_MASTER:               10 * time.Second,
	masterpb.Call_GET_METRICS:              2 * time.Second,
	masterpb.Call_GET_ROLES:                2 * time.Second,
	masterpb.Call_GET_QUOTA:                3 * time.Second,
	masterpb.Call_GET_WEIGHTS:              5 * time.Second,
	masterpb.Call_GET_MAINTENANCE_SCHEDULE: 3 * time.Second,
	masterpb.Call_GET_MAINTENANCE_STATUS:   3 * time.Second,
	masterpb.Call_GET_OPERATIONS:           2 * time.Second,
	masterpb.Call_GET_FRAMEWORKS:           2 * time.Second,
	masterpb.Call_GET_AGENTS:               2 * time.Second,
	masterpb.Call_GET_EXECUTORS:            3 * time.Second,
	ProbeMasters:                           3 * time.Second,
}

// polls is which calls are wanted, and when each is due.
type polls struct {
	mu     sync.Mutex
	wanted []masterpb.Call_Type
	due    map[masterpb.Call_Type]time.Time
	gone   map[masterpb.Call_Type]bool
	paused bool
	wake   chan struct{}
}

func newPolls() *polls {
	return &polls{due: map[masterpb.Call_Type]time.Time{}, gone: map[masterpb.Call_Type]bool{}, wake: make(chan struct{}, 1)}
}

// Want says which calls to make from now on; those that are new at once.
func (l *Live) Want(calls []masterpb.Call_Type) {
	l.polls.mu.Lock()
	l.polls.wanted = slices.Clone(calls)
	l.polls.mu.Unlock()
	notify(l.polls.wake)
}

// all makes every wanted call due.
func (p *polls) all() {
	p.mu.Lock()
	clear(p.due)
	p.mu.Unlock()
	notify(p.wake)
}

// pause stops the calls while there is no master. The next one may know all of them.
func (p *polls) pause(is bool) {
	p.mu.Lock()
	p.paused = is
	if !is {
		clear(p.due)
		clear(p.gone)
	}
	p.mu.Unlock()
	notify(p.wake)
}

// next is the call that is due first; ok is false if none is wanted.
func (p *polls) next() (call masterpb.Call_Type, at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.wanted {
		if p.paused && c != ProbeMasters { // who they are is asked most when none leads
			continue
		}
		if due := p.due[c]; !p.gone[c] && (!ok || due.Before(at)) {
			call, at, ok = c, due, true
		}
	}
	return call, at, ok
}

func (p *polls) done(call masterpb.Call_Type, began, ended time.Time, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[call] = ended.Add(max(every[call], restFactor*ended.Sub(began)))
	p.gone[call] = gone
}

// poll makes one call at a time.
func (l *Live) poll(ctx context.Context) {
	for ctx.Err() == nil {
		call, at, ok := l.polls.next()
		wait := time.Until(at)
		if !ok {
			wait = time.Hour
		}
		if wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-l.polls.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		began := time.Now()
		err := l.ask(ctx, call)
		if ctx.Err() != nil {
			return
		}
		l.polls.done(call, began, time.Now(), err != nil && gone(err))
		if err != nil {
			l.push(ctx, Problem{Call: call, Err: err, Gone: gone(err)})
		}
	}
}

func (l *Live) ask(ctx context.Context, call masterpb.Call_Type) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if call == ProbeMasters {
		l.push(ctx, l.probe(ctx))
		return nil
	}
	m := &masterpb.Call{Type: call.Enum()}
	if call == masterpb.Call_GET_METRICS {
		m.GetMetrics = &masterpb.Call_GetMetrics{}
	}
	answer, err := l.client.Call(ctx, m)
	if err != nil {
		return err
	}
	if answer == nil {
		return mesos.Errorf(mesos.Unsupported, "%s: the answer is empty", call)
	}
	l.push(ctx, answer)
	return nil
}

// probe asks each master whether it leads.
func (l *Live) probe(ctx context.Context) Masters {
	l.remember(ctx)
	leader := l.client.Leader()
	addresses := slices.Concat(l.client.Masters(), l.members, []string{leader})
	slices.Sort(addresses)
	var masters Masters
	for _, address := range slices.Compact(addresses) {
		m := cluster.Master{Address: address, State: "standby"}
		switch err := l.probeOne(ctx, address); {
		case err == nil && address == leader:
			m.State, m.Leads = "leader", true
		case err == nil, redirected(err):
		case answered(err):
			m.Note = err.Error()
		default:
			m.State, m.Note = "unreachable", err.Error()
		}
		masters = append(masters, m)
	}
	return masters
}

// answered reports whether a master has said why it does nothing: it knows no leader.
func answered(err error) bool {
	var network net.Error
	var system *os.SyscallError
	return mesos.KindOf(err) == mesos.Unavailable && !errors.As(err, &network) && !errors.As(err, &system)
}

// remember asks which masters there are. Those of Apache Mesos don't say.
func (l *Live) remember(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	membership, err := l.client.Membership(ctx)
	if err != nil {
		return
	}
	l.members = nil
	for _, m := range membership.Members {
		if strings.Contains(m.Name, ":") {
			l.members = append(l.members, m.Name)
		}
	}
}

func (l *Live) probeOne(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	return l.client.Probe(ctx, address)
}
