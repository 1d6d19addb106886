package agent

// ordered is a map that remembers the order in which keys were added, so that
// effects never depend on Go's map order. Adding, finding and removing take
// constant time. The zero value is empty and ready.
type ordered[K comparable, V any] struct {
	entries     map[K]*entry[K, V]
	first, last *entry[K, V]
}

type entry[K comparable, V any] struct {
	key            K
	value          V
	previous, next *entry[K, V]
}

func (o *ordered[K, V]) len() int { return len(o.entries) }

// get returns the value of a key, or V's zero value.
func (o *ordered[K, V]) get(key K) V {
	if e := o.entries[key]; e != nil {
		return e.value
	}
	var none V
	return none
}

// put adds a key at the end, or replaces the value of one that is there.
func (o *ordered[K, V]) put(key K, value V) {
	if e := o.entries[key]; e != nil {
		e.value = value
		return
	}
	if o.entries == nil {
		o.entries = make(map[K]*entry[K, V])
	}
	e := &entry[K, V]{key: key, value: value, previous: o.last}
	o.entries[key] = e
	if o.last == nil {
		o.first = e
	} else {
		o.last.next = e
	}
	o.last = e
}

func (o *ordered[K, V]) remove(key K) {
	e := o.entries[key]
	if e == nil {
		return
	}
	delete(o.entries, key)
	if e.previous == nil {
		o.first = e.next
	} else {
		e.previous.next = e.next
	}
	if e.next == nil {
		o.last = e.previous
	} else {
		e.next.previous = e.previous
	}
}

// removeFirst removes the oldest key and returns it.
func (o *ordered[K, V]) removeFirst() K {
	key := o.first.key
	o.remove(key)
	return key
}

// values is a copy of the values in order: what it is for may add and remove.
func (o *ordered[K, V]) values() []V {
	values := make([]V, 0, len(o.entries))
	for e := o.first; e != nil; e = e.next {
		values = append(values, e.value)
	}
	return values
}
