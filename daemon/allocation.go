package daemon

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/allocator/remote"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/internal/drive"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// allocating is the allocator of a term, in this process or in another. From
// the beginning of a session it knows what it is told in that session; it tells
// of the beginning, and of its decisions, with the session's number. Sessions
// count up from 1.
type allocating interface {
	// Send tells the allocator of a session what happened. It takes all of it
	// before it decides anything. It never blocks, and does not keep the slice.
	// When the session is over, nobody is told.
	Send(session uint64, inputs []allocation.Input)
	// Run allocates until the context ends.
	Run(ctx context.Context) error
	// Status is how the connection is: always there, in the same process.
	Status() remote.Status
	// Metrics are what it counts now; none if it is away.
	Metrics(ctx context.Context) []allocation.Metric
	// Explain says why a framework is or isn't offered what agents have.
	Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) ([]allocation.Explanation, error)
}

// allocatingEvents is what an allocating tells; the functions may not block.
type allocatingEvents struct {
	connected func(session uint64)
	decided   func(session uint64, outputs []allocation.Output)
}

// here is an allocator in this process, on a loop of its own. It has one session.
type here struct {
	policy *timed
	loop   *drive.Loop[allocation.Input, allocation.Output]
	events allocatingEvents
	began  atomic.Bool
}

const hereSession = 1

func newHere(policy allocation.Policy, events allocatingEvents) *here {
	decided := func(outputs []allocation.Output) { events.decided(hereSession, outputs) }
	p := &timed{Policy: policy, clock: time.Now}
	return &here{
		policy: p,
		loop:   drive.New[allocation.Input, allocation.Output](p, allocation.Tick{}, decided),
		events: events,
	}
}

func (h *here) Send(session uint64, inputs []allocation.Input) {
	if session == hereSession && h.began.Load() {
		h.loop.Put(inputs...)
	}
}

func (h *here) Run(ctx context.Context) error {
	h.began.Store(true)
	h.events.connected(hereSession)
	return h.loop.Run(ctx)
}

func (h *here) Status() remote.Status { return remote.Status{Connected: h.began.Load()} }

func (h *here) Metrics(ctx context.Context) (list []allocation.Metric) {
	h.loop.Inspect(ctx, func() { list = h.policy.Metrics() })
	return append(list, allocation.QueueMetrics(h.loop.Waiting())...)
}

// newAllocating is the allocator that a master is told to use.
func (m *Master) newAllocating(info *mesospb.MasterInfo, events allocatingEvents) (allocating, error) {
	if m.cfg.Allocator != "" {
		return remote.NewClient(remote.ClientConfig{
			Address:   m.cfg.Allocator,
			Master:    remote.Master{ID: info.GetId(), Software: software(m.cfg.Version), Domain: m.cfg.Domain.allocation()},
			Log:       m.log,
			Connected: events.connected,
			Decided:   events.decided,
		}), nil
	}
	policy, err := m.cfg.hierarchical(m.cfg.Domain.allocation())
	if err != nil {
		return nil, err
	}
	return newHere(policy, events), nil
}

// software is what this program calls itself among others of its kind.
func software(version string) string { return "mesosctl " + version }

// countTimeout is for how long metrics wait for those of an allocator elsewhere.
const countTimeout = 500 * time.Millisecond

// allocatingMetrics are what an operator watches of the allocator. What it counts is
// not there while it is away.
func allocatingMetrics(ctx context.Context, alloc allocating) []httpapi.Metric {
	status, connected := alloc.Status(), 0.0
	if status.Connected {
		connected = 1
	}
	list := []httpapi.Metric{
		{Name: "allocator/connected", Value: connected},
		{Name: "allocator/disconnects", Value: float64(status.Losses)},
	}
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	for _, m := range alloc.Metrics(ctx) {
		list = append(list, httpapi.Metric(m))
	}
	return list
}

// healthy reports whether this master can do all of its work: not while its
// allocator is away.
func (m *Master) healthy() bool {
	t := m.term.Load()
	return t == nil || t.alloc.Status().Connected
}
