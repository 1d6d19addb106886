package sim

import (
	"maps"
	"slices"
	"time"
)

// etcdName is what the etcd cluster is called as the end of a path.
const etcdName = "etcd"

// path is the way from one place to another: of a host (M0), a machine (A0), a
// scheduler (F0), or etcd.
type path struct{ from, to string }

// blocked reports whether nothing gets from one place to another, and until when.
func (c *cluster) blocked(from, to string) (until time.Time, cut bool) {
	until, ok := c.cuts[path{from, to}]
	return until, ok && until.After(c.now)
}

// reaches reports whether a connection can be made.
func (c *cluster) reaches(from, to string) bool {
	_, out := c.blocked(from, to)
	_, back := c.blocked(to, from)
	return !out && !back
}

// cut blocks the way from one place to another, for a while. What is on its way
// over a connection arrives afterwards, unless the connection is given up first.
func (c *cluster) cut(from, to string, d time.Duration) {
	until := c.now.Add(d)
	if old := c.cuts[path{from, to}]; old.After(until) {
		return
	}
	c.cuts[path{from, to}] = until
	for _, conn := range c.connections() {
		switch {
		case conn.client == from && conn.server == to:
			conn.up.stall(d)
		case conn.client == to && conn.server == from:
			conn.down.stall(d)
		default:
			continue
		}
		if c.chance(3) {
			c.after(c.between(0, d), func() { conn.breakUp(3 * time.Second) })
		}
	}
}

// connections are those between machines or schedulers and hosts, in order.
func (c *cluster) connections() []*conn {
	var list []*conn
	for _, m := range c.machines {
		for _, id := range slices.Sorted(maps.Keys(m.links)) {
			list = append(list, m.links[id])
		}
	}
	for _, s := range c.schedulers {
		if s.conn != nil {
			list = append(list, s.conn)
		}
	}
	return list
}

// partition cuts a host off from etcd, from some of the others, or from all.
func (c *cluster) partition() {
	h := c.hosts[c.rand.IntN(len(c.hosts))]
	d := c.between(0, 25*time.Second)
	var others []string
	for _, m := range c.machines {
		others = append(others, m.name)
	}
	for _, s := range c.schedulers {
		others = append(others, s.name)
	}
	switch c.rand.IntN(4) {
	case 0:
		others = []string{etcdName}
	case 1:
		others = append(others, etcdName)
	case 2:
		c.rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		others = others[:1+c.rand.IntN(len(others))]
	}
	out, in := !c.chance(4), !c.chance(4)
	c.logf("fault: %s and %v are cut off for %v, out %v, in %v", h.name, others, d, out, in)
	for _, other := range others {
		if out {
			c.cut(h.name, other, d)
		}
		if in {
			c.cut(other, h.name, d)
		}
	}
}
