package allocator

import (
	"math/bits"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// share is a dominant share divided by a weight, in 64.64 bit fixed point.
//
// Comparing a/b with c/d exactly takes two 128-bit products; dividing once when
// an amount changes makes every later comparison two integers. Rounding down at
// 2^-64 keeps equal fractions equal and is finer than any two shares of a
// cluster of up to 2^32 units can differ.
type share struct{ whole, fraction uint64 }

func (s share) less(o share) bool {
	if s.whole != o.whole {
		return s.whole < o.whole
	}
	return s.fraction < o.fraction
}

// fractionOf is held/total; both are positive.
func fractionOf(held, total uint64) share {
	fraction, _ := bits.Div64(held%total, 0, total)
	return share{held / total, fraction}
}

// unitWeight is weight 1: weights are in millionths.
const unitWeight = 1_000_000

// over divides s by a weight in millionths.
func (s share) over(weight uint64) share {
	if weight == unitWeight {
		return s
	}
	carry, low := bits.Mul64(s.fraction, unitWeight)
	high := s.whole*unitWeight + carry
	fraction, _ := bits.Div64(high%weight, low, weight)
	return share{high / weight, fraction}
}

// dominant is the largest share that held has of any resource in total.
// Resources in excluded don't count.
// See https://mesos.apache.org/documentation/latest/allocation-module/.
func dominant(held, total resources.Quantities, excluded map[string]bool) share {
	var top share
	for name, amount := range held.All() {
		all := total.Get(name)
		if all <= 0 || excluded[name] {
			continue
		}
		if s := fractionOf(uint64(amount), uint64(all)); top.less(s) {
			top = s
		}
	}
	return top
}
