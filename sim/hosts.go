package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/master"
)

// host is a machine with a master on it, which stands by, campaigns and leads as
// package registry has it. The process may die, stand still, and lose its way to
// etcd, in one direction or both.
type host struct {
	cluster  *cluster
	name     string
	clock    clock
	life     int // how often the process started
	alive    bool
	stopped  bool
	held     []func() // what happened while it stood still
	term     *leader  // what it leads, or believes to lead; nil if it stands by
	observed *host    // whom it takes for the leader, for redirects
}

// The times of package registry, and of its flags.
const (
	leaseTTL      = 5 * time.Second
	storeTimeout  = 20 * time.Second
	retryInterval = 50 * time.Millisecond
)

// The reasons for which a term ends.
var (
	errFenced  = errors.New("another master leads")
	errExpired = errors.New("the lease may have run out")
	errStore   = errors.New("the registry did not answer in time")
	errAsked   = errors.New("it was asked to stop")
)

func (c *cluster) newHost(name string) *host {
	return &host{cluster: c, name: name, clock: clock{world: c.world}}
}

// start runs the process.
func (h *host) start() {
	if h.alive {
		return
	}
	h.life++
	h.alive, h.stopped, h.held, h.term, h.observed = true, false, nil, nil, nil
	h.cluster.logf("%s starts", h.name)
	h.observe()
	h.campaign()
}

// living does something only if the process has not died meanwhile, and not
// before it goes on if it stands still.
func (h *host) living(do func()) func() {
	life := h.life
	return func() {
		switch {
		case !h.alive || h.life != life:
		case h.stopped:
			h.held = append(h.held, do)
		default:
			do()
		}
	}
}

// wait does something after a while, in this life of the process.
func (h *host) wait(d time.Duration, do func()) { h.cluster.after(d, h.living(do)) }

// crash ends the process without a word, and starts it again later.
func (h *host) crash() {
	if !h.alive {
		return
	}
	c := h.cluster
	c.logf("fault: %s dies", h.name)
	h.alive = false
	if h.term != nil {
		h.term.end()
	}
	c.after(c.between(0, 20*time.Second), h.start)
}

// pause makes the process stand still for a while.
func (h *host) pause(d time.Duration) {
	if !h.alive || h.stopped {
		return
	}
	c := h.cluster
	c.logf("fault: %s stands still for %v", h.name, d)
	h.stopped = true
	if h.term != nil && h.term.session != nil {
		h.term.core.stopped, h.term.session.alloc.stopped = true, h.term.session.id == 0
	}
	life := h.life
	c.after(d, func() {
		if !h.alive || h.life != life {
			return
		}
		h.stopped = false
		held := h.held
		h.held = nil
		resume := func() {
			if l := h.term; l != nil && l.session != nil {
				l.core.stopped, l.session.alloc.stopped = false, false
				l.core.drain()
				l.session.alloc.drain()
			}
		}
		first := c.chance(2) // of its goroutines any may run first
		if first {
			resume()
		}
		for _, do := range held {
			h.living(do)()
		}
		if !first {
			resume()
		}
	})
}

// ask has something done in etcd and calls then once it is known to be done, or
// with false if no answer came in time: then it may be done, or may be later.
func (h *host) ask(timeout time.Duration, do func(), then func(answered bool)) {
	c := h.cluster
	over := false
	once := func(answered bool) func() {
		return h.living(func() { // in the life in which it was asked
			if !over {
				over = true
				then(answered)
			}
		})
	}
	done, failed := once(true), once(false)
	c.after(timeout, failed)
	delay := c.between(0, 20*time.Millisecond)
	if until, cut := c.blocked(h.name, etcdName); cut {
		if c.chance(2) {
			return // lost
		}
		delay += until.Sub(c.now) + c.between(0, time.Second)
	} else if c.options.faults && c.chance(300) {
		c.after(delay, failed) // the connection broke
		delay += c.between(0, 5*time.Second)
	}
	c.after(delay, func() {
		c.etcd.request(func() {
			do()
			if _, cut := c.blocked(etcdName, h.name); !cut {
				c.after(c.between(0, 20*time.Millisecond), done)
			}
		})
	})
}

// hear brings the process what a watch tells.
func (h *host) hear(tell func()) {
	c := h.cluster
	delay := c.between(0, 100*time.Millisecond)
	if until, cut := c.blocked(etcdName, h.name); cut {
		delay += until.Sub(c.now)
	}
	c.after(delay, tell) // tell knows in which life it was wanted
}

// observe keeps whom the process redirects to up to date, more or less.
func (h *host) observe() {
	c := h.cluster
	h.ask(time.Second, func() {}, func(answered bool) {
		if h.observed = nil; answered && c.etcd.leader != nil {
			h.observed = c.etcd.leader.host
		}
		h.wait(c.between(100*time.Millisecond, 500*time.Millisecond), h.observe)
	})
}

// campaign tries to lead until it does.
func (h *host) campaign() {
	e := h.cluster.etcd
	var found *leadership
	h.ask(5*time.Second, func() { found = e.leader }, func(answered bool) {
		switch {
		case !answered:
			h.wait(retryInterval, h.campaign)
		case found == nil:
			h.candidate()
		case found.host == h: // an earlier life's
			h.ask(time.Second, func() { e.revoke(found.lease) }, func(bool) { h.campaign() })
		default:
			e.awaitRemoval(h, found.created, h.living(h.campaign))
		}
	})
}

// candidate asks for a lease and then for the leader key.
func (h *host) candidate() {
	c, e := h.cluster, h.cluster.etcd
	asked := c.now
	var id, revision int64
	h.ask(5*time.Second, func() { id = e.grant(leaseTTL) }, func(answered bool) {
		if !answered {
			h.wait(retryInterval, h.campaign)
			return
		}
		h.ask(5*time.Second, func() { revision = e.lead(h, id) }, func(answered bool) {
			until := asked.Add(leaseTTL * 9 / 10)
			if !answered || revision == 0 || !c.now.Before(until) {
				h.ask(time.Second, func() { e.revoke(id) }, func(bool) {})
				h.wait(retryInterval, h.campaign)
				return
			}
			h.lead(revision, id, until)
		})
	})
}

// lead reads the registry and serves a term.
func (h *host) lead(revision, id int64, until time.Time) {
	e := h.cluster.etcd
	l := &leader{host: h, cluster: h.cluster, term: revision, lease: id, next: revision}
	l.core.dead = true // until it begins
	h.term = l
	h.keepAlive(l, until)
	e.awaitRemoval(h, revision, h.living(func() { l.resign(errFenced) }))
	var keys map[string][]byte
	h.ask(storeTimeout, func() { keys = e.load() }, func(answered bool) {
		switch {
		case l.over:
		case !answered:
			l.resign(errStore)
		default:
			l.begin(keys)
		}
	})
}

// keepAlive renews a lease three times in its life, and ends the term when the
// lease may have run out, counted from when its last renewal was asked for.
func (h *host) keepAlive(l *leader, until time.Time) {
	c := h.cluster
	if l.over {
		return
	}
	h.wait(until.Sub(c.now)/3, func() { h.renew(l, until) })
}

func (h *host) renew(l *leader, until time.Time) {
	c := h.cluster
	if l.over {
		return
	}
	asked, there := c.now, false
	h.ask(until.Sub(c.now), func() { there = c.etcd.renew(l.lease) }, func(answered bool) {
		switch {
		case l.over:
		case answered && !there:
			l.resign(errFenced)
		case answered:
			h.keepAlive(l, asked.Add(leaseTTL*9/10))
		case !c.now.Before(until):
			l.resign(errExpired)
		default:
			h.wait(min(retryInterval, until.Sub(c.now)), func() { h.renew(l, until) })
		}
	})
}

// leading is the term of who holds the leader key and has begun to serve, or nil.
func (c *cluster) leading() *leader {
	if c.etcd.leader == nil {
		return nil
	}
	if l := c.etcd.leader.host.term; l != nil && l.term == c.etcd.leader.created && !l.core.dead {
		return l
	}
	return nil
}

// find is the master that somebody reaches who asks one of them for the leader:
// one that believes to lead, or nil.
func (c *cluster) find(from string) *leader {
	h := c.hosts[c.rand.IntN(len(c.hosts))]
	for range 2 {
		if h == nil || !h.alive || h.stopped || !c.reaches(from, h.name) {
			return nil
		}
		if h.term != nil && !h.term.core.dead {
			return h.term
		}
		h = h.observed
	}
	return nil
}

// submit makes writes durable in the order in which they came, one transaction at
// a time, and again while no answer comes.
func (l *leader) submit(w master.WriteRegistry) {
	l.pending = append(l.pending, w)
	if !l.writing {
		l.commit()
	}
}

func (l *leader) commit() {
	if l.writing = len(l.pending) > 0 && !l.over; !l.writing {
		return
	}
	group := slices.Clone(l.pending)
	l.pending = nil
	var writes []master.RegistryWrite
	for _, w := range group {
		writes = append(writes, w.Writes...)
	}
	l.attempt(group, writes, l.cluster.now.Add(storeTimeout))
}

func (l *leader) attempt(group []master.WriteRegistry, writes []master.RegistryWrite, deadline time.Time) {
	c, h := l.cluster, l.host
	var leads bool
	var last int64
	next := l.next
	h.ask(min(5*time.Second, deadline.Sub(c.now)), func() { leads, last = c.etcd.write(l.term, next, writes) }, func(answered bool) {
		switch {
		case l.over:
		case answered && leads:
			l.next = last + 1
			for _, w := range group {
				l.written(w, nil)
			}
			l.commit()
		case answered:
			l.refused(append(group, l.pending...), errFenced)
		case !c.now.Before(deadline):
			l.refused(append(group, l.pending...), errStore)
		default:
			h.wait(retryInterval, func() { l.attempt(group, writes, deadline) })
		}
	})
}

func (l *leader) refused(group []master.WriteRegistry, why error) {
	for _, w := range group {
		l.written(w, why)
	}
	l.resign(why)
}

// anyLeader is a host's term that serves, whether it still leads or not, or nil.
func (c *cluster) anyLeader() *leader {
	h := c.hosts[c.rand.IntN(len(c.hosts))]
	for range c.hosts {
		if h.alive && !h.stopped && h.term != nil && h.term.session != nil && !h.term.over {
			return h.term
		}
		h = c.hosts[(slices.Index(c.hosts, h)+1)%len(c.hosts)]
	}
	return nil
}
