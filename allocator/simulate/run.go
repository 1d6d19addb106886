package simulate

import (
	"container/heap"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// maxSteps bounds what the allocator is asked in one run: more means that the
// file asks for more than is worth waiting for.
const maxSteps = 20_000_000

// epoch is when virtual time begins. It is never printed.
var epoch = time.Unix(0, 0).UTC()

// run is a simulation under way.
type run struct {
	cluster *Cluster
	core    *allocator.Allocator
	now     time.Time
	total   resources.Quantities
	events  agenda
	// offers are those that their frameworks have not seen yet.
	offers     []allocation.OffersReady
	frameworks []*framework // in the order of the file
	byID       map[mesos.FrameworkID]*framework
	steps      int
	refused    error // the first input that the allocator refused

	changed time.Time     // when somebody came, went, or launched or ended a task last
	quiet   time.Duration // see idleUntil
}

// Run simulates a cluster. An error is of kind mesos.Invalid: the allocator
// finds something wrong in the file, or there is too much to do.
func Run(c *Cluster) (*Result, error) {
	r := &run{cluster: c, core: allocator.New(c.Config), now: epoch, byID: map[mesos.FrameworkID]*framework{}}
	if err := r.begin(); err != nil {
		return nil, err
	}
	r.quiet = r.patience()
	return r.toTheEnd()
}

// toTheEnd runs a simulation that has begun.
func (r *run) toTheEnd() (*Result, error) {
	c := r.cluster
	result := &Result{Agents: len(c.Agents), Total: r.total, Warnings: r.warnings()}
	reports := c.ReportAt
	end := epoch.Add(c.Duration)
	for {
		if err := r.settle(); err != nil {
			return nil, err
		}
		next, more := r.next()
		if !more && !r.busy() {
			end = r.now // all is done: the rest of the time is not worth waiting for
		}
		lookedAt := end
		if len(reports) > 0 && epoch.Add(reports[0]).Before(end) {
			lookedAt = epoch.Add(reports[0])
		}
		if idle := r.idleUntil(lookedAt); more && idle.After(next) {
			next = idle
		}
		last := !more || next.After(end)
		if last {
			next = end
		}
		for ; len(reports) > 0 && epoch.Add(reports[0]).Before(next); reports = reports[1:] {
			if err := r.report(result, epoch.Add(reports[0])); err != nil {
				return nil, err
			}
		}
		r.now = next
		if last {
			break
		}
		for len(r.events) > 0 && !r.events[0].at.After(r.now) {
			e := heap.Pop(&r.events).(event)
			if !e.answer {
				r.changed = r.now
			}
			e.do()
		}
	}
	result.Ended = r.now.Sub(epoch).Seconds()
	result.Frameworks = r.summary()
	return result, r.report(result, r.now)
}

// idleUntil is until when nothing will happen but offers that are declined. Once
// everybody has declined everything, and nothing is to come but answers, nobody
// will ever launch anything; so all is as it will be when it is looked at, but for
// who is offered what at that moment, for which some time is left. It is zero if
// something might happen.
func (r *run) idleUntil(lookedAt time.Time) time.Time {
	if r.now.Sub(r.changed) < r.quiet || slices.ContainsFunc(r.events, func(e event) bool { return !e.answer }) {
		return time.Time{}
	}
	return lookedAt.Add(-r.quiet)
}

// patience is a time in which every agent was offered to every framework that
// might have it: they may be asked one after the other.
func (r *run) patience() time.Duration {
	patience := 2 * r.cluster.Config.AllocationInterval
	refuse := time.Duration(0)
	for _, f := range r.frameworks {
		refuse = max(refuse, f.spec.Refuse)
		patience += f.spec.Answer
	}
	return patience + refuse
}

// busy reports whether tasks run.
func (r *run) busy() bool {
	return slices.ContainsFunc(r.frameworks, func(f *framework) bool {
		return slices.ContainsFunc(f.seats, func(s *seat) bool { return s.running > 0 })
	})
}

// begin tells the allocator of roles and agents, and puts the frameworks on the agenda.
func (r *run) begin() error {
	for _, role := range r.cluster.Roles {
		if role.Weight != 1 {
			r.step(allocation.UpdateWeights{Weights: map[string]float64{role.Name: role.Weight}})
		}
		if !role.Quota.Guarantees.IsEmpty() || len(role.Quota.Limits) > 0 {
			r.step(allocation.UpdateQuota{Role: role.Name, Quota: role.Quota})
		}
		if r.refused != nil {
			return mesos.Errorf(mesos.Invalid, "%s: role %q: %w", role.where, role.Name, r.refused)
		}
	}
	for _, agent := range r.cluster.Agents {
		r.step(allocation.AddAgent{Agent: agent})
		r.total = r.total.Add(agent.Total.Quantities())
	}
	for i := range r.cluster.Frameworks {
		f := newFramework(r, &r.cluster.Frameworks[i])
		r.frameworks = append(r.frameworks, f)
		r.byID[f.spec.ID] = f
		r.at(epoch.Add(f.spec.Arrives), f.arrive)
		if f.spec.Leaves > 0 {
			r.at(epoch.Add(f.spec.Leaves), f.leave)
		}
	}
	r.changed = r.now
	return nil
}

// step hands the allocator an input and keeps the offers it makes.
func (r *run) step(in allocation.Input) {
	r.steps++
	for _, out := range r.core.Step(r.now, in) {
		switch out := out.(type) {
		case allocation.OffersReady:
			r.offers = append(r.offers, out)
		case allocation.Refused:
			if r.refused == nil {
				r.refused = out.Err
			}
		}
	}
}

// settle lets the allocator and the frameworks do all that is due now.
func (r *run) settle() error {
	for r.refused == nil {
		for len(r.offers) > 0 {
			ready := r.offers[0]
			r.offers = r.offers[1:]
			r.byID[ready.Framework].offered(ready.Offers)
		}
		next := r.core.Next()
		if next.IsZero() || next.After(r.now) {
			break
		}
		r.step(allocation.Tick{})
		if r.steps > maxSteps {
			return mesos.Errorf(mesos.Invalid, "simulate: more than %d steps in %v of virtual time: simulate less of it, or let frameworks decline for longer (refuse)",
				maxSteps, r.now.Sub(epoch))
		}
	}
	if r.refused != nil {
		return mesos.Errorf(mesos.Invalid, "simulate: %w", r.refused)
	}
	return nil
}

// next is when something happens next; more is false if nothing will that
// matters: everybody came, and has nothing to run or to launch.
func (r *run) next() (at time.Time, more bool) {
	for _, f := range r.frameworks {
		more = more || f.waiting > 0
	}
	if len(r.events) > 0 {
		at, more = r.events[0].at, true
	}
	if next := r.core.Next(); more && !next.IsZero() && (at.IsZero() || next.Before(at)) {
		at = next
	}
	return at, more && !at.IsZero()
}

// event is something to do at a time.
type event struct {
	at    time.Time
	order int // of events at the same time
	do    func()
	// answer is to an offer, of which nothing may come.
	answer bool
}

// agenda is a heap of events.
type agenda []event

func (r *run) at(t time.Time, do func()) { r.plan(event{at: t, do: do}) }

func (r *run) plan(e event) {
	r.steps++
	e.order = r.steps
	heap.Push(&r.events, e)
}

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].order < a[j].order
}

// Push is heap.Interface's.
func (a *agenda) Push(e any) { *a = append(*a, e.(event)) }

// Pop is heap.Interface's.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
