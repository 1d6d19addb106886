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
	for i := range that.items {
		result.add(that.items[i])
	}
	return result
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
func (r *Resources) add(that item) {
	if isEmpty(&that.Resource) {
		return
	}
	for i := range r.items {
		if addable(&r.items[i].Resource, &that.Resource) {
			r.items[i].merge(&that)
			return
		}
	}
	r.items = append(r.items, that)
}

func (it *item) merge(that *item) {
	if it.Shared {
		it.copies += that.copies
		return
	}
	it.Scalar += that.Scalar
	it.Ranges = it.Ranges.Add(that.Ranges)
	it.Set = it.Set.Add(that.Set)
}

// isEmpty reports whether a resource is none of anything.
func isEmpty(r *Resource) bool {
	return r.Scalar == 0 && len(r.Ranges) == 0 && len(r.Set) == 0
}

// Sub is r without that. As in Mesos, what of that isn't in r is ignored: less
// of a scalar than is taken leaves none of it. Use TrySub to take only what is
// there.
func (r Resources) Sub(that Resources) Resources {
	if r.IsEmpty() || that.IsEmpty() {
		return r
	}
	result := Resources{items: slices.Clone(r.items)}
	for i := range that.items {
		result.subtract(&that.items[i])
	}
	return result
}

// TrySub is r without that, and true if r contains that; else it is r and false.
func (r Resources) TrySub(that Resources) (Resources, bool) {
	if !r.Contains(that) {
		return r, false
	}
	return r.Sub(that), true
}

// subtract takes that from r, whose items must be r's own.
func (r *Resources) subtract(that *item) {
	for i := range r.items {
		if !subtractable(&r.items[i].Resource, &that.Resource) {
			continue
		}
		if r.items[i].reduce(that); r.items[i].isGone() {
			r.items = slices.Delete(r.items, i, i+1)
		}
		return
	}
}

func (it *item) reduce(that *item) {
	if it.Shared {
		it.copies -= that.copies
		return
	}
	it.Scalar -= that.Scalar
	it.Ranges = it.Ranges.Sub(that.Ranges)
	it.Set = it.Set.Sub(that.Set)
}

func (it *item) isGone() bool {
	return it.copies <= 0 || it.Scalar < 0 || isEmpty(&it.Resource)
}

// Contains reports whether all of that is in r.
func (r Resources) Contains(that Resources) bool {
	for i := range that.items {
		if !r.containsItem(that.items, i) {
			return false
		}
	}
	return true
}

// containsItem reports whether r has the i-th of wanted beside those before it.
func (r Resources) containsItem(wanted []item, i int) bool {
	want := &wanted[i]
	if !want.Shared && whole(&want.Resource) {
		return countEqual(r.items, &want.Resource) >= countEqual(wanted[:i+1], &want.Resource)
	}
	for j := range r.items {
		if r.items[j].contains(want) {
			return true
		}
	}
	return false
}

func countEqual(items []item, that *Resource) int {
	n := 0
	for i := range items {
		if equal(&items[i].Resource, that) {
			n++
		}
	}
	return n
}

// contains reports whether it has at least as much as that, where neither is a
// whole that only exists once.
func (it *item) contains(that *item) bool {
	return subtractable(&it.Resource, &that.Resource) &&
		it.copies >= that.copies &&
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
				wanted -= amount(&r.items[i].Resource)
			}
		}
		if wanted > 0 {
			return false
		}
	}
	return true
}
