package allocator

import (
	"math/bits"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// denials remembers which clients an agent can't be offered to, so that they
// need not be asked again. A denial holds as long as the agent has no more free
// than when it was made. Those made when it had most are kept apart from those
// made when it had less: what is declined comes back whole time and again, and
// must not cost the memory of everybody who declined it before.
type denials struct {
	most, less bitset
	// ceiling and low are the most that the agent may have free for the denials
	// in most, and in less, to hold.
	ceiling, low resources.Resources
	below        bool // the agent has less free than ceiling
}

// grow says what the agent has free now, and returns it: in the memory of an
// equal value from before, because comparing those costs nothing.
func (d *denials) grow(free resources.Resources) resources.Resources {
	switch {
	case !d.ceiling.Contains(free):
		d.clear()
		d.ceiling = free
		return free
	case free.Equal(d.ceiling):
		free, d.below = d.ceiling, false
	default:
		d.below = true
	}
	if !d.low.Contains(free) {
		d.less.clear()
		d.low = resources.Resources{}
	}
	return free
}

// shrink says that the agent has less free than before.
func (d *denials) shrink() { d.below = true }

// add remembers that a client can't be offered what is free now.
func (d *denials) add(c int32, free resources.Resources) {
	if !d.below {
		d.most.set(c)
		return
	}
	d.less.set(c)
	d.low = free
}

// remove forgets a client's denial.
func (d *denials) remove(c int32) {
	d.most.unset(c)
	d.less.unset(c)
}

// forget forgets the denials of the clients in word w that mask names.
func (d *denials) forget(w int, mask uint64) {
	if w < len(d.most) {
		d.most[w] &^= mask
	}
	if w < len(d.less) {
		d.less[w] &^= mask
	}
}

// clear forgets all.
func (d *denials) clear() {
	d.most.clear()
	d.less.clear()
	d.ceiling, d.low, d.below = resources.Resources{}, resources.Resources{}, false
}

// candidates puts those of the clients that have no denial into dst, and
// returns it with their number.
func (d *denials) candidates(clients, dst bitset) (bitset, int) {
	dst = dst[:0]
	n := 0
	for w, word := range clients {
		if w < len(d.most) {
			word &^= d.most[w]
		}
		if w < len(d.less) {
			word &^= d.less[w]
		}
		dst = append(dst, word)
		n += bits.OnesCount64(word)
	}
	return dst, n
}
