package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// operate makes operators do something now and then, as long as there are faults
// or would be.
func (c *cluster) operate() {
	c.after(c.between(0, c.options.duration/15), func() {
		if !c.healed.IsZero() {
			return
		}
		if l := c.anyLeader(); l != nil {
			switch c.rand.IntN(6) {
			case 0, 1:
				c.changeQuotas(l)
			case 2:
				c.changeWeight(l)
			case 3, 4:
				c.changeMaintenance(l)
			case 5:
				c.tearDown(l)
			}
		}
		c.operate()
	})
}

// all calls each with an answer.
func all(each []func(error)) func(error) {
	return func(err error) {
		for _, answered := range each {
			answered(err)
		}
	}
}

// changeQuotas asks for new quotas of one or two roles.
func (c *cluster) changeQuotas(l *leader) {
	roles := []string{"a", "a/x", "a/y", "a/y/z", "b"}
	c.rand.Shuffle(len(roles), func(i, j int) { roles[i], roles[j] = roles[j], roles[i] })
	var configs []*quotapb.QuotaConfig
	var asked []func(error)
	for _, role := range roles[:1+c.rand.IntN(2)] {
		q := c.someQuota()
		c.logf("quota of %s: %s", role, wordsOfQuota(q))
		configs = append(configs, convert.QuotaToWire(role, q))
		asked = append(asked, c.asks(l, "quota of "+role, wordsOfQuota(q)))
	}
	force := !c.chance(4)
	l.ask(func(err error) {
		c.logf("%s: quotas set: %v", l.name, err)
		all(asked)(err)
	}, func(request master.RequestID) master.Input {
		return master.UpdateQuota{Request: request, Force: force, Configs: configs}
	})
}

// wordsOfQuota is a quota as text; nothing for none.
func wordsOfQuota(q allocation.Quota) string {
	if len(q.Limits) == 0 && q.Guarantees.IsEmpty() {
		return ""
	}
	return fmt.Sprintf("guarantees %v, limits %v", q.Guarantees, q.Limits)
}

// someQuota is limits, guarantees, both or nothing.
func (c *cluster) someQuota() allocation.Quota {
	var guarantees []resources.Quantity
	limits := map[string]resources.Scalar{}
	for _, of := range []struct {
		name string
		step resources.Scalar
	}{{"cpus", mesos.OneScalar / 2}, {"mem", 64 * mesos.OneScalar}, {"disk", 10 * mesos.OneScalar}} {
		limit := resources.Scalar(c.rand.IntN(12)) * of.step
		limited := c.chance(2)
		if limited {
			limits[of.name] = limit
		}
		if amount := resources.Scalar(c.rand.IntN(6)) * of.step; c.chance(4) && (!limited || amount <= limit) {
			guarantees = append(guarantees, resources.Quantity{Name: of.name, Amount: amount})
		}
	}
	if c.chance(4) {
		return allocation.Quota{}
	}
	return allocation.Quota{Guarantees: resources.NewQuantities(guarantees...), Limits: limits}
}

// changeWeight asks for another weight of a role.
func (c *cluster) changeWeight(l *leader) {
	role, weight := []string{"a", "a/x", "b"}[c.rand.IntN(3)], float64(1+c.rand.IntN(4))
	answered := c.asks(l, "weight of "+role, fmt.Sprint(weight))
	l.ask(func(err error) {
		c.logf("%s: weight of %s set to %v: %v", l.name, role, weight, err)
		answered(err)
	}, func(request master.RequestID) master.Input {
		return master.UpdateWeights{Request: request, Weights: []*mesospb.WeightInfo{{Role: &role, Weight: &weight}}}
	})
}

// tearDown ends a framework, now and then.
func (c *cluster) tearDown(l *leader) {
	s := c.schedulers[c.rand.IntN(len(c.schedulers))]
	if s.id == "" || !c.chance(3) {
		return
	}
	c.tearDownFramework(l, s.id)
}

// tearDownOrphans ends frameworks without a scheduler, again until they are: an
// agent that comes back after a master failover brings back those that were ended
// without its knowledge, and nobody else will end them.
func (c *cluster) tearDownOrphans() {
	if l := c.leading(); l != nil {
		for _, id := range slices.Sorted(maps.Keys(l.frameworks)) {
			if !slices.ContainsFunc(c.schedulers, func(s *scheduler) bool { return s.id == id }) {
				c.tearDownFramework(l, id)
			}
		}
	}
	c.after(waitABit, c.tearDownOrphans)
}

func (c *cluster) tearDownFramework(l *leader, id string) {
	c.torn[id] = true
	l.ask(func(err error) { c.logf("%s: %s torn down: %v", l.name, id, err) }, func(request master.RequestID) master.Input {
		return master.Teardown{Request: request, Framework: id}
	})
}

// waitABit is how long operators wait before they ask again.
const waitABit = 2 * time.Second
