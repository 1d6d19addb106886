package simulate

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// framework is one that launches what it has to wherever it fits, first come
// first served, and declines the rest.
type framework struct {
	run     *run
	spec    *Framework
	state   state
	waiting int // tasks, in all roles
	seats   []*seat
}

// state is where a framework is in its life.
type state uint8

const (
	expected state = iota
	subscribed
	gone
)

// seat is a framework in one of its roles.
type seat struct {
	role       string
	queue      []queued // tasks that wait, oldest first
	suppressed bool
	offered    resources.Quantities // what was declined last, although tasks waited

	used    resources.Quantities // by tasks
	since   time.Time            // when used became so
	average map[string]float64   // used so far, in thousandths of the resource and seconds

	running, waiting, done, launched int
	first, waited, longest           time.Duration // until the first launch, all waits together, the longest
}

// queued is tasks of a kind that wait since the same time.
type queued struct {
	tasks *Tasks
	count int
	since time.Time
}

func newFramework(r *run, spec *Framework) *framework {
	f := &framework{run: r, spec: spec}
	for _, role := range spec.Roles {
		f.seats = append(f.seats, &seat{role: role, average: map[string]float64{}, since: epoch})
	}
	return f
}

func (f *framework) seat(role string) *seat {
	return f.seats[slices.IndexFunc(f.seats, func(s *seat) bool { return s.role == role })]
}

// arrive subscribes it.
func (f *framework) arrive() {
	f.state = subscribed
	f.run.step(allocation.AddFramework{Active: true, Framework: &allocation.Framework{
		ID: f.spec.ID, Roles: f.spec.Roles, Capabilities: f.spec.Capabilities, Domain: f.run.cluster.Config.Domain,
	}})
	for i := range f.spec.Tasks {
		tasks := &f.spec.Tasks[i]
		if tasks.After == 0 {
			f.want(tasks)
			continue
		}
		f.run.at(f.run.now.Add(tasks.After), func() { f.want(tasks) })
	}
	for _, s := range f.seats {
		f.rest(s)
	}
}

// want queues tasks, and asks for offers again if it had suppressed them.
func (f *framework) want(tasks *Tasks) {
	if f.state != subscribed {
		return
	}
	s := f.seat(tasks.Role)
	s.queue = append(s.queue, queued{tasks, tasks.Count, f.run.now})
	s.waiting += tasks.Count
	f.waiting += tasks.Count
	if s.suppressed {
		s.suppressed = false
	}
	f.run.step(allocation.Revive{ID: f.spec.ID, Roles: []string{s.role}})
}

// rest suppresses offers while there is nothing to launch, if it is of that kind.
func (f *framework) rest(s *seat) {
	if f.spec.Suppress && s.waiting == 0 && !s.suppressed {
		s.suppressed = true
		f.run.step(allocation.Suppress{ID: f.spec.ID, Roles: []string{s.role}})
	}
}

// offered answers offers, now or after a while.
func (f *framework) offered(offers []allocation.Offered) {
	if f.spec.Answer > 0 {
		f.run.plan(event{at: f.run.now.Add(f.spec.Answer), do: func() { f.answer(offers) }, answer: true})
		return
	}
	f.answer(offers)
}

func (f *framework) answer(offers []allocation.Offered) {
	if f.state != subscribed {
		return // the allocator has everything back already
	}
	for _, offer := range offers {
		s := f.seat(offer.Role)
		left := offer.Resources
		for i := 0; i < len(s.queue); i++ {
			for s.queue[i].count > 0 {
				found, fits := left.Find(s.queue[i].tasks.Resources)
				if !fits {
					break
				}
				left = left.Sub(found)
				f.launch(s, &s.queue[i], allocation.Grant{Framework: f.spec.ID, Agent: offer.Agent, Resources: found})
			}
		}
		s.queue = slices.DeleteFunc(s.queue, func(q queued) bool { return q.count == 0 })
		if left.IsEmpty() {
			continue
		}
		if s.waiting > 0 {
			s.offered = left.Quantities()
		}
		f.run.step(allocation.Recover{
			Grant:  allocation.Grant{Framework: f.spec.ID, Agent: offer.Agent, Resources: left},
			Refuse: f.spec.Refuse, Declined: true,
		})
	}
	for _, s := range f.seats {
		f.rest(s)
	}
}

func (f *framework) launch(s *seat, q *queued, grant allocation.Grant) {
	f.run.changed = f.run.now
	wait := f.run.now.Sub(q.since)
	if s.launched == 0 {
		s.first = wait
	}
	s.waited += wait
	s.longest = max(s.longest, wait)
	q.count--
	f.waiting--
	s.waiting--
	s.launched++
	s.running++
	amount := grant.Resources.Quantities()
	s.use(f.run.now, s.used.Add(amount))
	if q.tasks.Duration == 0 {
		return
	}
	f.run.at(f.run.now.Add(q.tasks.Duration), func() {
		if f.state != subscribed {
			return
		}
		s.running--
		s.done++
		s.use(f.run.now, s.used.Sub(amount))
		f.run.step(allocation.Recover{Grant: grant})
	})
}

// use notes what tasks use from now on.
func (s *seat) use(now time.Time, used resources.Quantities) {
	seconds := now.Sub(s.since).Seconds()
	for name, amount := range s.used.All() {
		s.average[name] += float64(amount) * seconds
	}
	s.used, s.since = used, now
}

// leave tears it down: its tasks end and those that wait are dropped.
func (f *framework) leave() {
	f.state = gone
	f.waiting = 0
	for _, s := range f.seats {
		s.use(f.run.now, resources.Quantities{})
		s.queue, s.waiting, s.running = nil, 0, 0
	}
	f.run.step(allocation.RemoveFramework{ID: f.spec.ID})
}

// why says of the tasks that wait what the allocator can't know: that they
// don't fit.
func (f *framework) why(s *seat) []allocation.Reason {
	if len(s.queue) == 0 {
		return nil
	}
	task := s.queue[0].tasks.Resources
	fits := slices.ContainsFunc(f.run.cluster.Agents, func(a *allocation.Agent) bool {
		_, ok := a.Total.AllocatableTo(s.role).Allocate(s.role).Find(task)
		return ok
	})
	needs := task.Quantities()
	switch {
	case !fits:
		return []allocation.Reason{{
			Rule: RuleTooLarge, Sentence: "no agent has as much for role " + s.role + " as a task needs: " + needs.String(),
			Advice: "make the tasks smaller, or add larger agents",
		}}
	case !s.offered.IsEmpty() && !s.offered.Contains(needs):
		return []allocation.Reason{{
			Rule:     RuleDoesNotFit,
			Sentence: "the last offer had " + s.offered.String() + " to spare, and a task needs " + needs.String(),
			Advice:   "wait until more of an agent is free, make the tasks smaller, or add agents",
		}}
	}
	return nil
}
