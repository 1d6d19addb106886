package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/master"
)

// etcd is a model of the etcd cluster that masters share: one history of
// revisions, leases that run out by its own clock, a leader key that is bound to
// one, and transactions that compare the key's create revision. Each master has
// a path of its own to it, on which requests and answers are late, lost, or late
// after somebody else has asked.
type etcd struct {
	world    *world
	revision int64
	leader   *leadership // the leader key; nil if there is none
	keys     map[string][]byte
	written  int64 // revision of the last transaction that wrote them
	leases   map[int64]*lease
	granted  int64
	watchers []watcher
	quorum   bool
	waiting  []func()       // asked while there is no quorum
	drift    time.Duration  // by which its clock is fast or slow, in a second
	forced   map[int64]bool // terms whose key was removed while the lease was good
	changed  bool           // since the invariants were checked
}

// leadership is what the leader key holds.
type leadership struct {
	host    *host
	created int64 // revision: the term's number
	lease   int64
}

type lease struct {
	ttl     time.Duration
	expires time.Time
	alarm   uint64 // counts up with each renewal
}

// watcher is told of the leader key's next removal.
type watcher struct {
	host *host
	tell func()
}

func newEtcd(w *world) *etcd {
	return &etcd{
		world: w, keys: map[string][]byte{}, leases: map[int64]*lease{}, forced: map[int64]bool{}, quorum: true,
		drift: w.between(-30*time.Millisecond, 30*time.Millisecond),
	}
}

// request has something done in the cluster: at once, or as soon as it has a quorum.
func (e *etcd) request(do func()) {
	if !e.quorum {
		e.waiting = append(e.waiting, do)
		return
	}
	do()
}

// lose takes the quorum away for a while. A new raft leader extends all leases.
func (e *etcd) lose(d time.Duration) {
	if !e.quorum {
		return
	}
	e.world.logf("fault: etcd has no quorum for %v", d)
	e.quorum = false
	e.world.after(d, func() {
		e.quorum = true
		for _, id := range slices.Sorted(maps.Keys(e.leases)) {
			e.renew(id)
		}
		waiting := e.waiting
		e.waiting = nil
		for _, do := range waiting {
			do()
		}
	})
}

// grant makes a lease.
func (e *etcd) grant(ttl time.Duration) int64 {
	e.granted++
	e.leases[e.granted] = &lease{ttl: ttl}
	e.renew(e.granted)
	return e.granted
}

// renew begins a lease's time again, and reports whether it was still there.
func (e *etcd) renew(id int64) bool {
	l := e.leases[id]
	if l == nil {
		return false
	}
	l.alarm++
	alarm := l.alarm
	ttl := l.ttl + time.Duration(l.ttl.Seconds()*float64(e.drift))
	l.expires = e.world.now.Add(ttl)
	e.world.at(l.expires, func() {
		if e.leases[id] == l && l.alarm == alarm && e.quorum {
			e.world.logf("etcd: lease %d has run out", id)
			e.revoke(id)
		}
	})
	return true
}

// revoke ends a lease, and removes the leader key if that is bound to it.
func (e *etcd) revoke(id int64) {
	delete(e.leases, id)
	if e.leader == nil || e.leader.lease != id {
		return
	}
	e.revision++
	e.leader = nil
	watchers := e.watchers
	e.watchers = nil
	for _, w := range watchers {
		w.host.hear(w.tell)
	}
}

// awaitRemoval tells a host when the leader key that was created at a revision is
// removed, or has been.
func (e *etcd) awaitRemoval(h *host, created int64, tell func()) {
	if e.leader == nil || e.leader.created != created {
		h.hear(tell)
		return
	}
	e.watchers = append(e.watchers, watcher{h, tell})
}

// depose revokes the leader's lease, as a standby does that takes the leader for dead.
func (e *etcd) depose() {
	if e.leader != nil && e.quorum {
		e.world.logf("fault: the lease of %s is revoked", e.leader.host.name)
		e.forced[e.leader.created] = true
		e.revoke(e.leader.lease)
	}
}

// lead makes the leader key, if there is none, and returns its create revision or 0.
func (e *etcd) lead(h *host, id int64) int64 {
	if e.leader != nil || e.leases[id] == nil {
		return 0
	}
	for _, other := range h.cluster.hosts {
		if l := other.term; other != h && l != nil && !l.over && !other.stopped && !e.forced[l.term] {
			e.world.fail("%s leads while %s, whose lease has run out, goes on", h.name, other.name)
		}
	}
	e.revision++
	e.leader = &leadership{host: h, created: e.revision, lease: id}
	e.world.logf("etcd: %s has the leader key, created at %d", h.name, e.revision)
	return e.revision
}

// write does a transaction of a term, if that still leads and none was done at a
// revision or later. It reports whether the term leads, and when its last
// transaction was.
func (e *etcd) write(term, next int64, writes []master.RegistryWrite) (leads bool, last int64) {
	if e.leader == nil || e.leader.created != term {
		return false, 0
	}
	if e.written >= next {
		return true, e.written
	}
	e.revision++
	e.written = e.revision
	e.changed = true
	for _, w := range writes {
		if w.Value == nil {
			delete(e.keys, w.Key)
		} else {
			e.keys[w.Key] = w.Value
		}
	}
	return true, e.written
}

// load is a copy of what the registry holds.
func (e *etcd) load() map[string][]byte { return maps.Clone(e.keys) }
