package allocator

import (
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// scratch is memory that passes use again and again.
type scratch struct {
	guaranteesOnly bool // offer only what guarantees lack

	proposal   proposal
	candidates bitset
	members    []int32
	drawn      []drawn
	waits      map[int32]float64      // of the agent, by node of a role's frameworks
	chances    map[int32]float64      // of the pass, the same
	offers     []offer                // of the pass
	count      []int                  // offers by framework
	lists      [][]allocation.Offered // the same
	receivers  []int32                // frameworks that get offers, in the order of their first
}

// offer is one Offered and whom it goes to.
type offer struct {
	framework int32
	offered   allocation.Offered
}

// lastOffer is the latest offer made of all of an agent: the next one may be
// equal but for who gets it.
type lastOffer struct {
	role       string
	bare, held resources.Resources
}

// forgetDenials lets clients that were forgiven be considered again on every agent.
func (al *Allocator) forgetDenials() {
	for w, mask := range al.forgiven {
		if mask == 0 {
			continue
		}
		for i := range al.agents {
			al.agents[i].denials.forget(w, mask)
		}
	}
	al.forgiven.clear()
}

// allocate offers what changed agents have to offer.
func (al *Allocator) allocate() {
	al.runs++
	al.tree.settle()
	clear(al.pass.chances)
	if al.headroom.kept() {
		// Roles whose guarantees lack something choose first.
		al.pass.guaranteesOnly = true
		al.inOrder(al.allocateAgent)
		al.pass.guaranteesOnly = false
	}
	al.inOrder(al.allocateAgent)
	al.flushOffers()
	al.inOrder(al.inviteToLeave)
}

// allocateAgent offers an agent to clients in fair order until nothing is left.
// As in Mesos, the order is that of before the agent was looked at.
func (al *Allocator) allocateAgent(i int32) {
	a := al.agents[i]
	if !a.active || !a.whitelisted || a.free.IsEmpty() {
		return
	}
	var n int
	al.pass.candidates, n = a.denials.candidates(al.active, al.pass.candidates)
	if n == 0 {
		return
	}
	// Walking the tree meets a candidate every active/n leaves; to find the first
	// of n candidates by comparing them takes n steps.
	switch {
	case al.tree.roles == Random || al.tree.frameworks == Random:
		al.allocateAtRandom(i)
	case n*n <= int(al.tree.nodes[root].active):
		al.allocateToFew(i)
	default:
		al.walk(i, root)
	}
	a.shown = resources.Resources{}
	al.tree.settle()
}

// walk considers the candidates below a node in order. It is false once
// nothing is left to offer.
func (al *Allocator) walk(i, id int32) bool {
	for _, child := range al.tree.nodes[id].order {
		if c := al.tree.nodes[child].client; c < 0 {
			if !al.walk(i, child) {
				return false
			}
		} else if al.pass.candidates.has(c) && !al.consider(i, c) {
			return false
		}
	}
	return true
}

// allocateToFew considers the candidates in order without walking the tree.
func (al *Allocator) allocateToFew(i int32) {
	members := al.pass.candidates.appendTo(al.pass.members[:0])
	al.pass.members = members
	for len(members) > 0 {
		first := 0
		for m := 1; m < len(members); m++ {
			if al.tree.before(al.clients[members[m]].leaf, al.clients[members[first]].leaf) {
				first = m
			}
		}
		if !al.consider(i, members[first]) {
			return
		}
		members[first] = members[len(members)-1]
		members = members[:len(members)-1]
	}
}

// consider offers a client what it may have of an agent. It is false once
// nothing is left to offer.
func (al *Allocator) consider(i, c int32) bool {
	a := al.agents[i]
	if al.pass.guaranteesOnly && len(al.clients[c].quota) == 0 {
		return true
	}
	p := &al.pass.proposal
	*p = proposal{agent: a, id: c, client: &al.clients[c], offer: a.free}
	if !al.allowed(p) {
		return true
	}
	cl := p.client
	bare := p.offer
	if !a.plain {
		bare = bare.NonShared()
	}
	held := a.last.held
	if a.last.role != cl.role || !a.last.bare.Equal(p.offer) {
		held = p.offer.Allocate(cl.role)
		a.last = lastOffer{cl.role, p.offer, held}
	}
	al.hold(i, c, held, bare) // the tree keeps its order until it is settled
	al.tree.serve(cl.leaf)
	al.pass.offers = append(al.pass.offers, offer{
		framework: cl.framework,
		offered:   allocation.Offered{Role: cl.role, Agent: a.info.ID, Resources: held},
	})
	if a.plain && !p.chopped {
		a.free = resources.Resources{}
	} else {
		a.free = a.free.Sub(bare)
		a.denials.shrink()
		a.shown = a.shown.Add(p.offer.Shared())
	}
	al.setSpare(a)
	return !a.free.IsEmpty()
}

// flushOffers makes one output for each framework that gets offers.
func (al *Allocator) flushOffers() {
	p := &al.pass
	if len(p.offers) == 0 {
		return
	}
	for len(p.count) < len(al.frameworks) {
		p.count, p.lists = append(p.count, 0), append(p.lists, nil)
	}
	for o := range p.offers {
		f := p.offers[o].framework
		if p.count[f] == 0 {
			p.receivers = append(p.receivers, f)
		}
		p.count[f]++
	}
	all := make([]allocation.Offered, len(p.offers))
	for _, f := range p.receivers {
		p.lists[f], all = all[:0:p.count[f]], all[p.count[f]:]
		p.count[f] = 0
	}
	for o := range p.offers {
		f := p.offers[o].framework
		p.lists[f] = append(p.lists[f], p.offers[o].offered)
		p.offers[o] = offer{}
	}
	for _, f := range p.receivers {
		al.out = append(al.out, allocation.OffersReady{Framework: al.frameworks[f].id, Offers: p.lists[f]})
		p.lists[f] = nil
	}
	p.offers, p.receivers = p.offers[:0], p.receivers[:0]
}
