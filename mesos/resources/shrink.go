package resources

import "slices"

// Shuffled is r with its resources in the order that shuffle makes;
// rand.Shuffle is one. Shrinking takes resources in order.
func (r Resources) Shuffled(shuffle func(n int, swap func(i, j int))) Resources {
	items := slices.Clone(r.items)
	shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return Resources{items: items}
}

// ShrinkTo is as much of r as fits into those amounts, taking resources in
// order; what the amounts don't name is left out. What can't be split, as a
// MOUNT disk, is taken whole or not at all.
func (r Resources) ShrinkTo(target Quantities) Resources {
	return r.shrink(func(name string) (Scalar, bool) { return target.Get(name), true })
}

// ShrinkToLimits is as much of r as the limits allow, otherwise as ShrinkTo.
func (r Resources) ShrinkToLimits(limits Limits) Resources { return r.shrink(limits.Get) }

func (r Resources) shrink(bound func(name string) (Scalar, bool)) Resources {
	var result Resources
	var used Quantities
	for _, it := range r.items {
		if limit, limited := bound(it.Name); limited {
			it.cut(limit - used.Get(it.Name))
			used.add(it.Name, amount(&it))
		}
		result.add(it)
	}
	return result
}

// cut leaves at most that much of an item, or none of it if it can't be split.
func (it *item) cut(limit Scalar) {
	if amount(it) <= limit {
		return
	}
	if it.Kind != KindScalar || whole(it.Disk) {
		limit = 0
	}
	it.Scalar = max(0, limit)
	it.setLists(nil, nil)
}
