package httpapi

import (
	"maps"
	"slices"
	"testing"
)

func TestAShelfKeepsItsOrder(t *testing.T) {
	var s shelf[int, int]
	for i := range 1000 {
		s.put(i, i%2, &i)
	}
	for i := range 1000 {
		if i%10 != 0 {
			s.drop(i)
		}
	}
	moved := 990
	s.put(moved, 3, &moved)
	var got []int
	for _, list := range []int{0, 1, 3} {
		for _, v := range s.all(list) {
			got = append(got, *v)
		}
	}
	if !slices.IsSorted(got) || len(got) != 100 || s.len(0) != 99 || s.len(3) != 1 {
		t.Errorf("%d, %d: %v", s.len(0), s.len(3), got)
	}
	for _, key := range slices.Sorted(maps.Keys(s.places)) {
		if v, _ := s.get(key); v == nil || *v != key {
			t.Errorf("%d leads to %v", key, v)
		}
	}
}
