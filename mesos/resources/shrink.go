package resources

import "slices"

// Shuffle permutes n elements by swapping; rand.Shuffle is one.
type Shuffle func(n int, swap func(i, j int))

// ShrinkTo is as much of r as fits into those amounts; what they don't name is
// left out. Resources of one name are taken in the order that shuffle makes, or
// in theirs if it is nil. What can't be split, as a MOUNT disk, is taken whole
// or not at all.
func (r Resources) ShrinkTo(target Quantities, shuffle Shuffle) Resources {
	return r.shrink(shuffle, func(name string) (Scalar, bool) { return target.Get(name), true })
}

// ShrinkToLimits is as much of r as the limits allow, otherwise as ShrinkTo.
func (r Resources) ShrinkToLimits(limits Limits, shuffle Shuffle) Resources {
	return r.shrink(shuffle, limits.Get)
}

func (r Resources) shrink(shuffle Shuffle, bound func(name string) (Scalar, bool)) Resources {
	items := r.items
	if shuffle != nil {
		items = slices.Clone(items)
		shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
	var result Resources
	var used Quantities
	for _, it := range items {
		if limit, limited := bound(it.Name); limited {
			it.Resource = cut(it.Resource, limit-used.Get(it.Name))
			used.add(it.Name, amount(&it.Resource))
		}
		result.add(it)
	}
	return result
}

// cut is at most that much of a resource, or none of it if it can't be split.
func cut(r Resource, limit Scalar) Resource {
	if amount(&r) <= limit {
		return r
	}
	if r.Kind != KindScalar || whole(&r) {
		limit = 0
	}
	r.Scalar, r.Ranges, r.Set = max(0, limit), nil, nil
	return r
}
