package order

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func ints(values ...int) []*int {
	var list []*int
	for _, v := range values {
		list = append(list, &v)
	}
	return list
}

func compare(a, b *int) int { return cmp.Compare(*a, *b) }

// The list is what a sorted slice would be, whatever is done with it.
func TestAListIsASortedSlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	want := []int{}
	for i := range 3000 {
		want = append(want, 2*i)
	}
	l := New(compare, ints(want...))
	for range 20_000 {
		x := random.IntN(8000)
		i, found := slices.BinarySearch(want, x)
		if at, ok := l.Index(&x); at != i || ok != found {
			t.Fatalf("%d is at %d, %v; want %d, %v", x, at, ok, i, found)
		}
		if random.IntN(2) == 0 {
			l.Insert(&x)
			if !found {
				want = slices.Insert(want, i, x)
			}
		} else if l.Delete(&x) != found {
			t.Fatalf("delete %d: %v", x, !found)
		} else if found {
			want = slices.Delete(want, i, i+1)
		}
		if l.Len() != len(want) {
			t.Fatalf("%d things, want %d", l.Len(), len(want))
		}
		if len(want) > 0 {
			if at := random.IntN(len(want)); *l.At(at) != want[at] {
				t.Fatalf("%d at %d, want %d", *l.At(at), at, want[at])
			}
		}
	}
	got := l.Append(nil, 0, l.Len()+5)
	if !slices.EqualFunc(got, want, func(a *int, b int) bool { return *a == b }) {
		t.Error("it is another list")
	}
	part := l.Append(nil, 700, 600)
	if len(part) != 600 || *part[0] != want[700] || *part[599] != want[1299] {
		t.Errorf("a part of it has %d things", len(part))
	}
	for l.Len() > 0 {
		l.Delete(l.At(l.Len() / 2))
	}
	if len(l.chunks) != 0 {
		t.Errorf("an empty list has %d chunks", len(l.chunks))
	}
	l.Insert(ints(4)[0])
	if *l.At(0) != 4 {
		t.Error("it does not grow again")
	}
}

// Chunks share the array that the list was made of: what is added to one must not
// be seen in the next.
func TestChunksAreApart(t *testing.T) {
	var even []int
	for i := range 2 * chunkSize {
		even = append(even, 2*i)
	}
	l := New(compare, ints(even...))
	l.Insert(ints(1)[0])
	for i, want := range append([]int{0, 1}, even[1:]...) {
		if got := *l.At(i); got != want {
			t.Fatalf("%d at %d, want %d", got, i, want)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	list := make([]int, 200_000)
	pointers := make([]*int, len(list))
	for i := range list {
		list[i] = 2 * i
		pointers[i] = &list[i]
	}
	l := New(compare, pointers)
	i := 0
	for b.Loop() {
		i = (i + 77_777) % len(list)
		l.Delete(&list[i])
		l.Insert(&list[i])
	}
}
