// Package order keeps a long list in order while it changes: a change costs about
// as much in a list of 200,000 as in one of 200.
package order

import "slices"

// chunkSize is how long the parts of a list are: half that to twice that.
const chunkSize = 256

// List is a list of different things in a total order. The zero List is not usable.
type List[T any] struct {
	compare func(a, b *T) int
	chunks  [][]*T // none is empty
	n       int
}

// New makes a list. Compare is 0 for a thing and itself only. Sorted is in that
// order, and belongs to the list from now on.
func New[T any](compare func(a, b *T) int, sorted []*T) *List[T] {
	l := &List[T]{compare: compare, n: len(sorted)}
	for chunk := range slices.Chunk(sorted, chunkSize) {
		l.chunks = append(l.chunks, slices.Clip(chunk))
	}
	return l
}

// Len is how long the list is.
func (l *List[T]) Len() int { return l.n }

// At is the thing at a place.
func (l *List[T]) At(i int) *T {
	for _, chunk := range l.chunks {
		if i < len(chunk) {
			return chunk[i]
		}
		i -= len(chunk)
	}
	panic("order: there is nothing at that place")
}

// Append adds the things of n places from one on to a slice.
func (l *List[T]) Append(to []*T, from, n int) []*T {
	for _, chunk := range l.chunks {
		if n <= 0 {
			break
		}
		if from >= len(chunk) {
			from -= len(chunk)
			continue
		}
		part := chunk[from:min(from+n, len(chunk))]
		to = append(to, part...)
		n -= len(part)
		from = 0
	}
	return to
}

// find is where a thing is, or would be.
func (l *List[T]) find(x *T) (chunk, i int, found bool) {
	chunk, _ = slices.BinarySearchFunc(l.chunks, x, func(c []*T, x *T) int { return l.compare(c[len(c)-1], x) })
	if chunk == len(l.chunks) {
		return chunk, 0, false
	}
	i, found = slices.BinarySearchFunc(l.chunks[chunk], x, l.compare)
	return chunk, i, found
}

// Index is the place of a thing, or of what comes after where it would be.
func (l *List[T]) Index(x *T) (int, bool) {
	chunk, i, found := l.find(x)
	for _, c := range l.chunks[:chunk] {
		i += len(c)
	}
	return i, found
}

// Insert adds a thing; one that equals it is replaced.
func (l *List[T]) Insert(x *T) {
	chunk, i, found := l.find(x)
	switch {
	case found:
		l.chunks[chunk][i] = x
		return
	case len(l.chunks) == 0:
		l.chunks = [][]*T{{x}}
	case chunk == len(l.chunks):
		chunk--
		l.chunks[chunk] = append(l.chunks[chunk], x)
	default:
		l.chunks[chunk] = slices.Insert(l.chunks[chunk], i, x)
	}
	l.n++
	if c := l.chunks[chunk]; len(c) > 2*chunkSize {
		l.chunks = slices.Insert(l.chunks, chunk+1, slices.Clone(c[chunkSize:]))
		clear(c[chunkSize:])
		l.chunks[chunk] = c[:chunkSize]
	}
}

// Delete takes the thing that equals x out, if there is one.
func (l *List[T]) Delete(x *T) bool {
	chunk, i, found := l.find(x)
	if !found {
		return false
	}
	l.chunks[chunk] = slices.Delete(l.chunks[chunk], i, i+1)
	if len(l.chunks[chunk]) == 0 {
		l.chunks = slices.Delete(l.chunks, chunk, chunk+1)
	}
	l.n--
	return true
}
