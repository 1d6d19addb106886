package httpapi

// A shelf holds records by key, in up to four lists, each in order of arrival.
// A reader copies a list with one memory copy. Not safe for concurrent use.
type shelf[K comparable, R any] struct {
	places map[K]place
	lists  [4][]*R // nil where a record was removed
	holes  [4]int  // how many are nil
}

type place struct {
	list  uint8
	index uint32
}

// fewHoles is how many removed records a list may keep room for.
const fewHoles = 32

// get returns the record of a key and its list, or nil.
func (s *shelf[K, R]) get(key K) (*R, int) {
	at, ok := s.places[key]
	if !ok {
		return nil, 0
	}
	return s.lists[at.list][at.index], int(at.list)
}

// put sets the record of a key: in its place if it stays in its list, at the
// list's end if it is new to it.
func (s *shelf[K, R]) put(key K, list int, record *R) {
	if at, ok := s.places[key]; ok {
		if int(at.list) == list {
			s.lists[list][at.index] = record
			return
		}
		s.drop(key)
	}
	if s.places == nil {
		s.places = make(map[K]place)
	}
	s.places[key] = place{uint8(list), uint32(len(s.lists[list]))}
	s.lists[list] = append(s.lists[list], record)
}

// drop removes the record of a key, if there is one.
func (s *shelf[K, R]) drop(key K) {
	at, ok := s.places[key]
	if !ok {
		return
	}
	delete(s.places, key)
	s.lists[at.list][at.index] = nil
	s.holes[at.list]++
	// Compacting looks at every key, of whatever list.
	if n := s.holes[at.list]; n > fewHoles && n > len(s.lists[at.list])/2 && n > len(s.places)/4 {
		s.compact(at.list)
	}
}

// compact closes the holes of a list.
func (s *shelf[K, R]) compact(list uint8) {
	moved := make([]uint32, len(s.lists[list]))
	kept := make([]*R, 0, len(s.lists[list])-s.holes[list])
	for i, record := range s.lists[list] {
		moved[i] = uint32(len(kept))
		if record != nil {
			kept = append(kept, record)
		}
	}
	for key, at := range s.places {
		if at.list == list {
			s.places[key] = place{list, moved[at.index]}
		}
	}
	s.lists[list], s.holes[list] = kept, 0
}

// len is the number of records in a list.
func (s *shelf[K, R]) len(list int) int { return len(s.lists[list]) - s.holes[list] }

// all returns the records of a list.
func (s *shelf[K, R]) all(list int) []*R { return s.appendAll(make([]*R, 0, s.len(list)), list) }

// appendAll appends the records of a list to dst.
func (s *shelf[K, R]) appendAll(dst []*R, list int) []*R {
	if s.holes[list] == 0 {
		return append(dst, s.lists[list]...)
	}
	for _, record := range s.lists[list] {
		if record != nil {
			dst = append(dst, record)
		}
	}
	return dst
}
