package resources

import "slices"

// Add is r and that together.
func (r Resources) Add(that Resources) Resources {
	if r.IsEmpty() {
		return that
	}
	if that.IsEmpty() {
		return r
	}
	result := Resources{items: slices.Clone(r.items)}
	hint := 0
	for i := range that.items {
		hint = result.addNear(hint, that.items[i]) + 1
	}
	return result
}

// matching is the index of an item to which that fits, or -1. The search goes
// around, beginning at hint: bags that are computed with are often in the same
// order.
func matching(items []item, hint int, that *item, fits func(it, that *item) bool) int {
	for i := hint; i < len(items); i++ {
		if fits(&items[i], that) {
			return i
		}
	}
	for i := range min(hint, len(items)) {
		if fits(&items[i], that) {
			return i
		}
	}
	return -1
}

// Sum is all of rs together.
func Sum(rs ...Resources) Resources {
	var result Resources
	for _, r := range rs {
		result = result.Add(r)
	}
	return result
}

// add puts one more item into r, whose items must be r's own.
func (r *Resources) add(that item) { r.addNear(0, that) }

// addNear is add, with the index where it may belong; it returns the one where
// it was put.
func (r *Resources) addNear(hint int, that item) int {
	if isEmpty(&that) {
		return hint
	}
	i := matching(r.items, hint, &that, addable)
	if i < 0 {
		r.items = append(r.items, that)
		return len(r.items) - 1
	}
	r.items[i].merge(&that)
	return i
}

func (it *item) merge(that *item) {
	if it.Shared {
		it.copies += that.copies
		return
	}
	it.Scalar += that.Scalar
	it.setLists(it.Ranges.Add(that.Ranges), it.Set.Add(that.Set))
}

// isEmpty reports whether a resource is none of anything.
func isEmpty(r *item) bool {
	return r.Scalar == 0 && len(r.Ranges) == 0 && len(r.Set) == 0
}

// Sub is r without that. As in Mesos, what of that isn't in r is ignored: less
// of a scalar than is taken leaves none of it. Use TrySub to take only what is
// there.
func (r Resources) Sub(that Resources) Resources {
	if r.IsEmpty() || that.IsEmpty() {
		return r
	}
	items := slices.Clone(r.items)
	hint := 0
	for i := range that.items {
		if j := matching(items, hint, &that.items[i], subtractable); j >= 0 {
			items[j].reduce(&that.items[i])
			hint = j + 1
		}
	}
	return Resources{items: slices.DeleteFunc(items, func(it item) bool { return it.isGone() })}
}

// TrySub is r without that, and true if r contains that; else it is r and false.
func (r Resources) TrySub(that Resources) (Resources, bool) {
	if !r.Contains(that) {
		return r, false
	}
	return r.Sub(that), true
}

func (it *item) reduce(that *item) {
	if it.Shared {
		it.copies -= that.copies
		return
	}
	it.Scalar -= that.Scalar
	it.setLists(it.Ranges.Sub(that.Ranges), it.Set.Sub(that.Set))
}

func (it *item) isGone() bool {
	return it.copies <= 0 || it.Scalar < 0 || isEmpty(it)
}

// Contains reports whether all of that is in r.
func (r Resources) Contains(that Resources) bool {
	if r.is(that) {
		return true
	}
	hint := 0
	for i := range that.items {
		want := &that.items[i]
		j := matching(r.items, hint, want, subtractable)
		if j < 0 || !r.items[j].covers(want) {
			return false
		}
		if whole(want.Disk) && !want.Shared && countEqual(r.items, want) < countEqual(that.items, want) {
			return false
		}
		hint = j + 1
	}
	return true
}

// is reports whether both are the same value in the same memory, which says
// without a look at the items that they are equal.
func (r Resources) is(that Resources) bool {
	return len(r.items) == len(that.items) && (len(r.items) == 0 || &r.items[0] == &that.items[0])
}

func countEqual(items []item, that *item) int {
	n := 0
	for i := range items {
		if equal(&items[i], that) {
			n++
		}
	}
	return n
}

// covers reports whether it is at least as much as that, which is subtractable.
func (it *item) covers(that *item) bool {
	return it.copies >= that.copies &&
		it.Scalar >= that.Scalar &&
		it.Ranges.Contains(that.Ranges) &&
		it.Set.Contains(that.Set)
}

// Equal reports whether both hold the same resources, in any order.
func (r Resources) Equal(that Resources) bool {
	return len(r.items) == len(that.items) && r.Contains(that) && that.Contains(r)
}

// ContainsQuantities reports whether r has at least those amounts, whatever
// their roles, reservations and so on. Every number of ranges and every item
// of a set counts as 1.
func (r Resources) ContainsQuantities(q Quantities) bool {
	for name, wanted := range q.All() {
		for i := range r.items {
			if wanted > 0 && r.items[i].Name == name {
				wanted -= amount(&r.items[i])
			}
		}
		if wanted > 0 {
			return false
		}
	}
	return true
}
