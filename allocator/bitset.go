package allocator

import "math/bits"

// bitset is a set of small numbers; one beyond its length is not in it.
type bitset []uint64

func (b bitset) has(i int32) bool {
	w := int(i >> 6)
	return w < len(b) && b[w]&(1<<(i&63)) != 0
}

func (b *bitset) set(i int32) {
	w := int(i >> 6)
	for len(*b) <= w {
		*b = append(*b, 0)
	}
	(*b)[w] |= 1 << (i & 63)
}

func (b bitset) unset(i int32) {
	if w := int(i >> 6); w < len(b) {
		b[w] &^= 1 << (i & 63)
	}
}

// rank is how many members are less than i.
func (b bitset) rank(i int32) int {
	n, w := 0, int(i>>6)
	for _, word := range b[:min(w, len(b))] {
		n += bits.OnesCount64(word)
	}
	if w < len(b) {
		n += bits.OnesCount64(b[w] & (1<<(i&63) - 1))
	}
	return n
}

// clear empties the set and keeps its memory.
func (b bitset) clear() {
	for i := range b {
		b[i] = 0
	}
}

// appendTo appends the members, smallest first.
func (b bitset) appendTo(dst []int32) []int32 {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			dst = append(dst, int32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return dst
}
