package allocator

import (
	"cmp"
	"math"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// Sorter decides in which order roles, or the frameworks of a role, are served.
// See --role_sorter and --framework_sorter in
// https://mesos.apache.org/documentation/latest/configuration/master/.
type Sorter uint8

// The sorters.
const (
	// DRF serves first whoever has the least dominant share, divided by weight;
	// of equals whoever was served less often.
	DRF Sorter = iota
	// Random serves in random order; weight 2 is twice as likely to be first.
	Random
	// Priority serves higher weights first, always; of equal weights whoever has
	// the least dominant share.
	Priority
)

var sorterNames = [...]string{DRF: "drf", Random: "random", Priority: "priority"}

// ParseSorter is the sorter of that name. An error is of kind mesos.Invalid.
func ParseSorter(name string) (Sorter, error) {
	if at := slices.Index(sorterNames[:], name); at >= 0 {
		return Sorter(at), nil
	}
	return DRF, mesos.Errorf(mesos.Invalid, "sorter: %q is none of drf, random and priority", name)
}

// String is the name that ParseSorter reads.
func (s Sorter) String() string { return sorterNames[s] }

// dice is a source of random numbers: SplitMix64, whose numbers follow from the seed.
type dice uint64

func (d *dice) roll() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// wait is a random time after which somebody of that weight comes by: of
// several, each is first with a probability in proportion to its weight, and
// the order of all is that of drawing them without replacement.
func (d *dice) wait(weight float64) float64 {
	uniform := (float64(d.roll()>>11) + 0.5) / (1 << 53)
	return -math.Log(uniform) / weight
}

// drawn is a candidate and where the dice put it.
type drawn struct {
	client, leaf    int32
	role, framework float64
}

// allocateAtRandom considers the candidates where a sorter is random. The first
// mostly takes all, so that the order of the others seldom matters.
func (al *Allocator) allocateAtRandom(i int32) {
	list := al.draw(al.pass.candidates)
	for d := range list {
		if al.compareDrawn(list[d], list[0]) < 0 {
			list[0], list[d] = list[d], list[0]
		}
	}
	if !al.consider(i, list[0].client) {
		return
	}
	list = list[1:]
	slices.SortFunc(list, al.compareDrawn)
	for _, d := range list {
		if !al.consider(i, d.client) {
			return
		}
	}
}

// draw says where clients are in the order in which the sorters serve them this
// time. A role is drawn once for all its frameworks.
func (al *Allocator) draw(clients bitset) []drawn {
	p := &al.pass
	p.members = clients.appendTo(p.members[:0])
	p.drawn = p.drawn[:0]
	clear(p.waits)
	for _, c := range p.members {
		leaf := al.clients[c].leaf
		own := al.tree.nodes[leaf].parent
		d := drawn{client: c, leaf: leaf}
		if al.tree.roles == Random {
			wait, ok := p.waits[own]
			if !ok {
				wait = al.dice.wait(al.chance(own))
				p.waits[own] = wait
			}
			d.role = wait
		}
		if al.tree.frameworks == Random {
			d.framework = al.dice.wait(1)
		}
		p.drawn = append(p.drawn, d)
	}
	return p.drawn
}

// compareDrawn orders candidates.
func (al *Allocator) compareDrawn(x, y drawn) int {
	if al.tree.nodes[x.leaf].parent != al.tree.nodes[y.leaf].parent {
		if al.tree.roles == Random {
			return cmp.Compare(x.role, y.role)
		}
	} else if al.tree.frameworks == Random {
		return cmp.Compare(x.framework, y.framework)
	}
	switch {
	case x.leaf == y.leaf:
		return 0
	case al.tree.before(x.leaf, y.leaf):
		return -1
	}
	return 1
}

// chance is how likely a node of the tree is to be the first of all: at each
// level, its part of the weight of its active siblings.
func (al *Allocator) chance(id int32) float64 {
	if chance, ok := al.pass.chances[id]; ok {
		return chance
	}
	chance := 1.0
	for at := id; at != root; at = al.tree.nodes[at].parent {
		var all uint64
		for _, sibling := range al.tree.nodes[al.tree.nodes[at].parent].order {
			all += al.tree.nodes[sibling].weight
		}
		chance *= float64(al.tree.nodes[at].weight) / float64(all)
	}
	al.pass.chances[id] = chance
	return chance
}
