package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// session is an allocator as a leader has it: in the same process, or in another
// (options.remote). Then what they say takes a while, the connection breaks and
// stalls, and whoever connects next is an allocator that knows nothing.
type session struct {
	leader *leader
	id     master.AllocatorSession
	policy *allocator.Allocator
	alloc  core[allocation.Input, allocation.Output]
	ledger *ledger
	queued int  // of this session, under way in either direction
	lost   bool // the connection broke

	// up carries the inputs, down the outputs. What the allocator said before a
	// break still arrives, maybe after the next session began.
	up, down wire
	told     []allocation.Input // of the master's current Step

	// What was offered of an agent before the allocator learned of its removal is
	// void, as in package allocator/remote.
	sent, taken uint64 // how often the master told something, and the allocator took it
	removed     map[mesos.AgentID]uint64
}

// slowAllocator is the longest delay of a message.
const slowAllocator = 100 * time.Millisecond

func (l *leader) newSession(id master.AllocatorSession) *session {
	w := l.cluster.world
	s := &session{leader: l, id: id, ledger: newLedger(l.cluster, l.dirty), removed: map[mesos.AgentID]uint64{}, up: wire{world: w, slow: slowAllocator}, down: wire{world: w, slow: slowAllocator}}
	s.policy = allocator.New(allocator.Config{AllocationInterval: time.Second, MinAllocatable: allocator.DefaultMinAllocatable()})
	s.alloc = core[allocation.Input, allocation.Output]{clock: &l.host.clock, logic: s.policy, tick: allocation.Tick{}, perform: s.performAll}
	if id > 0 {
		s.alloc.clock = &clock{world: w}
	}
	return s
}

// connectAllocator begins a session with an allocator elsewhere.
func (l *leader) connectAllocator() {
	if l.core.dead {
		return
	}
	l.session = l.newSession(l.session.id + 1)
	l.cluster.logf("%s has allocator session %d", l.name, l.session.id)
	l.core.take(master.AllocatorConnected{Session: l.session.id})
}

// loseAllocator breaks the connection with an allocator elsewhere, or ends it.
// The master learns of it in its own time, and connects again.
func (l *leader) loseAllocator() {
	s, c := l.session, l.cluster
	if s.lost {
		return
	}
	c.logf("fault: %s loses allocator session %d", l.name, s.id)
	s.lost, s.up.broken, s.alloc.dead = true, true, true
	c.after(c.between(0, 8*time.Second), l.connectAllocator)
}

// stall holds up what master and allocator say to each other.
func (s *session) stall(d time.Duration) {
	s.leader.cluster.logf("fault: %s and its allocator hear nothing of each other for %v", s.leader.name, d)
	s.up.stall(d)
	if s.leader.cluster.chance(2) {
		s.down.stall(d)
	}
}

// tell brings the allocator what the master says, if it is for this session. To
// an allocator elsewhere all of a Step goes together.
func (s *session) tell(e master.Allocate) {
	c := s.leader.cluster
	if e.Session != s.id || s.lost {
		return
	}
	if s.id == 0 {
		s.queued++
		c.after(0, func() { s.queued--; s.feed(e.Input) })
		return
	}
	if s.told = append(s.told, e.Input); len(s.told) > 1 {
		return
	}
	s.queued++
	c.after(0, func() {
		together := s.told
		s.told = nil
		s.sent++
		sequence := s.sent
		for _, in := range together {
			if gone, ok := in.(allocation.RemoveAgent); ok {
				s.removed[gone.ID] = sequence
			}
		}
		s.up.send(func() {
			s.queued--
			s.taken = sequence
			for _, in := range together {
				s.feed(in)
			}
		})
	})
}

// feed gives the allocator an input.
func (s *session) feed(in allocation.Input) {
	if s.alloc.dead {
		return
	}
	s.ledger.told(in)
	s.alloc.take(in)
}

func (s *session) performAll(outputs []allocation.Output) {
	for _, out := range outputs {
		if !s.alloc.dead {
			s.perform(out)
		}
	}
}

func (s *session) perform(out allocation.Output) {
	l := s.leader
	if refused, ok := out.(allocation.Refused); ok {
		if strings.Contains(refused.Err.Error(), "more is in use than") && l.cluster.tornDown {
			l.cluster.logf("%s: %v", l.name, refused.Err) // what was given to others before it was free, see checkMachine
			return
		}
		l.cluster.fail("%s: the allocator refused what the master said: %v", l.name, refused.Err)
		return
	}
	s.ledger.said(out)
	s.queued++
	taken := s.taken
	arrive := func() {
		s.queued--
		if ready, ok := out.(allocation.OffersReady); ok {
			ready.Offers = slices.DeleteFunc(slices.Clone(ready.Offers), func(o allocation.Offered) bool { return s.removed[o.Agent] > taken })
			out = ready
		}
		l.core.take(master.Allocated{Session: s.id, Output: out})
	}
	if s.id == 0 {
		l.cluster.after(0, arrive)
	} else {
		s.down.send(arrive)
	}
}

// agreed reports whether master and allocator have nothing to tell each other.
func (s *session) agreed() bool {
	return !s.lost && s.queued == 0 && s.leader.core.idle() && s.alloc.idle()
}

// allocatorFaults makes something go wrong with an allocator elsewhere now and then.
func (c *cluster) allocatorFaults() {
	c.after(c.between(0, 4*c.options.calm), func() {
		if !c.options.faults {
			return
		}
		if l := c.leading(); l != nil {
			if c.chance(2) {
				l.loseAllocator()
			} else {
				l.session.stall(c.between(0, 10*time.Second))
			}
		}
		c.allocatorFaults()
	})
}
