package resources

// ShrinkTo is as much of r as fits into those amounts, taking resources in
// order. What the amounts don't name is left out. A disk that exists only as a
// whole is taken whole or not at all.
func (r Resources) ShrinkTo(target Quantities) Resources {
	return r.shrink(func(name string) Scalar { return target.Get(name) })
}

// ShrinkToLimits is as much of r as the limits allow, taking resources in
// order. A disk that exists only as a whole is taken whole or not at all.
func (r Resources) ShrinkToLimits(limits Limits) Resources {
	return r.shrink(func(name string) Scalar {
		if limit, limited := limits.Get(name); limited {
			return limit
		}
		return unlimited
	})
}

const unlimited Scalar = -1

func (r Resources) shrink(bound func(name string) Scalar) Resources {
	var result Resources
	for _, it := range r.items {
		limit := bound(it.Name)
		if limit != unlimited {
			limit = max(0, limit-result.ScalarOf(it.Name))
			if it.Scalar > limit && whole(&it.Resource) {
				continue
			}
			it.Scalar = min(it.Scalar, limit)
		}
		result.add(it)
	}
	return result
}
