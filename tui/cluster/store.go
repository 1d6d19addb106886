package cluster

import "slices"

// Store is the things of one kind, each an immutable record under a key. A change
// is a new record in the place of the old one.
type Store[K comparable, T any] struct {
	key      func(*T) K
	at       map[K]int32
	items    []*T // in no order
	lent     bool // somebody has the list: it is copied before it changes
	watchers []*watcher[T]
}

type watcher[T any] struct{ changed func(old, new *T) }

func newStore[K comparable, T any](key func(*T) K, size int) *Store[K, T] {
	return &Store[K, T]{key: key, at: make(map[K]int32, size), items: make([]*T, 0, size)}
}

// Len is how many things there are.
func (s *Store[K, T]) Len() int { return len(s.items) }

// Get is the thing under a key; nil if there is none.
func (s *Store[K, T]) Get(key K) *T {
	if i, ok := s.at[key]; ok {
		return s.items[i]
	}
	return nil
}

// All is the list of all things as they are now, in no order. It may be kept and
// given to other goroutines, but nobody may change it.
func (s *Store[K, T]) All() []*T {
	s.lent = true
	return slices.Clip(s.items)
}

// own makes the list the store's own again.
func (s *Store[K, T]) own() {
	if s.lent {
		s.items, s.lent = append(make([]*T, 0, len(s.items)+len(s.items)/8+1), s.items...), false
	}
}

// Watch calls changed with every change after it was made, until stop is called.
// Old is nil of what is new, and new is nil of what is gone.
func (s *Store[K, T]) Watch(changed func(old, new *T)) (stop func()) {
	w := &watcher[T]{changed}
	s.watchers = append(s.watchers, w)
	return func() {
		s.watchers = slices.DeleteFunc(s.watchers, func(other *watcher[T]) bool { return other == w })
	}
}

// put adds a thing, or replaces the one with its key.
func (s *Store[K, T]) put(item *T) {
	s.own()
	key := s.key(item)
	var old *T
	if i, ok := s.at[key]; ok {
		old, s.items[i] = s.items[i], item
	} else {
		s.at[key] = int32(len(s.items)) //nolint:gosec // no cluster has that many
		s.items = append(s.items, item)
	}
	for _, w := range s.watchers {
		w.changed(old, item)
	}
}

// remove takes a thing out; nothing happens if there is none.
func (s *Store[K, T]) remove(key K) *T {
	i, ok := s.at[key]
	if !ok {
		return nil
	}
	s.own()
	old, last := s.items[i], len(s.items)-1
	moved := s.items[last]
	s.items[i], s.items[last] = moved, nil
	s.items = s.items[:last]
	s.at[s.key(moved)] = i
	delete(s.at, key)
	for _, w := range s.watchers {
		w.changed(old, nil)
	}
	return old
}
