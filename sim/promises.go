package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// checkShadow: what a term knows of the registry, because it read it and because
// its writes were acknowledged since, is what the registry holds, as long as the
// term leads and nothing is being written.
func (c *cluster) checkShadow(l *leader) {
	if l.writing || c.leading() != l {
		return
	}
	if !maps.EqualFunc(l.shadow, c.etcd.keys, bytes.Equal) {
		c.fail("%s: its registry is %v, but the store's is %v", l.name,
			slices.Sorted(maps.Keys(l.shadow)), slices.Sorted(maps.Keys(c.etcd.keys)))
	}
}

// promise is what became of an operator's requests for one thing, such as the
// quota of a role: what was agreed to last, and what was asked for since without
// an answer that says whether it is in force.
type promise struct {
	agreed string
	maybe  []string
}

// asks notes that a thing is asked of a term to become something, and returns what
// to call with the answer. One that comes once another term has begun is of no use:
// that has read what is in force.
func (c *cluster) asks(l *leader, thing, value string) (answered func(error)) {
	p := c.promises[thing]
	if p == nil {
		p = &promise{}
		c.promises[thing] = p
	}
	p.maybe = append(p.maybe, value)
	return func(err error) {
		i := slices.Index(p.maybe, value)
		switch {
		case l != c.leaders[len(c.leaders)-1]:
		case err == nil:
			p.agreed = value
			p.maybe = p.maybe[i+1:] // what was asked for before was done before
		case i >= 0 && mesos.KindOf(err) != mesos.Unavailable:
			p.maybe = slices.Delete(p.maybe, i, i+1)
		}
	}
}

// keepPromises: what was acknowledged in an earlier term is in force in this,
// unless something asked for later is. What an earlier term has not written by now
// it never will.
func (c *cluster) keepPromises(l *leader, r master.Recovered) {
	found := map[string]string{}
	for role, q := range r.Quotas {
		found["quota of "+role] = wordsOfQuota(q)
	}
	for role, w := range r.Weights {
		found["weight of "+role] = fmt.Sprint(w)
	}
	for _, thing := range slices.Sorted(maps.Keys(c.promises)) {
		p := c.promises[thing]
		if found[thing] != p.agreed && !slices.Contains(p.maybe, found[thing]) {
			c.fail("%s: %s is %q, but it was agreed to be %q, and then %q was asked for", l.name, thing, found[thing], p.agreed, p.maybe)
		}
		*p = promise{agreed: found[thing]}
	}
}
