package resources

import (
	"iter"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
)

// Limits is upper bounds on amounts of resources by name. What isn't named is
// not limited; a limit of 0 allows nothing. Values are immutable; the zero
// value limits nothing.
// See https://mesos.apache.org/documentation/latest/quota/.
type Limits struct {
	limits []Quantity // sorted by name
}

// NewLimits is the limits given; of limits of one name the last one counts.
// Limits below 0 count as 0.
func NewLimits(qs ...Quantity) Limits {
	var result Limits
	for _, q := range qs {
		result.set(q.Name, max(0, q.Amount))
	}
	return result
}

// set changes l, whose limits must be its own.
func (l *Limits) set(name string, limit Scalar) {
	i, found := findQuantity(l.limits, name)
	if found {
		l.limits[i].Amount = limit
		return
	}
	l.limits = slices.Insert(l.limits, i, Quantity{name, limit})
}

// Get is the limit of that name, and whether there is one.
func (l Limits) Get(name string) (Scalar, bool) {
	if i, found := findQuantity(l.limits, name); found {
		return l.limits[i].Amount, true
	}
	return 0, false
}

// IsEmpty reports whether nothing is limited.
func (l Limits) IsEmpty() bool { return len(l.limits) == 0 }

// Contains reports whether l allows all that those limits allow.
func (l Limits) Contains(that Limits) bool {
	for _, limit := range l.limits {
		if other, limited := that.Get(limit.Name); !limited || other > limit.Amount {
			return false
		}
	}
	return true
}

// Allows reports whether those amounts are within the limits.
func (l Limits) Allows(q Quantities) bool {
	for _, limit := range l.limits {
		if q.Get(limit.Name) > limit.Amount {
			return false
		}
	}
	return true
}

// Fit is as much of what is wanted as the limits allow beside what is in use.
func (l Limits) Fit(wanted, inUse Quantities) Quantities {
	for _, limit := range l.limits {
		if left := max(0, limit.Amount-inUse.Get(limit.Name)); wanted.Get(limit.Name) > left {
			wanted = wanted.with(limit.Name, left)
		}
	}
	return wanted
}

// Sub is what the limits leave when those amounts are in use, at least 0 each.
func (l Limits) Sub(q Quantities) Limits {
	if len(l.limits) == 0 {
		return l
	}
	left := slices.Clone(l.limits)
	for i := range left {
		left[i].Amount = max(0, left[i].Amount-q.Get(left[i].Name))
	}
	return Limits{left}
}

// Equal reports whether both are the same limits.
func (l Limits) Equal(that Limits) bool { return slices.Equal(l.limits, that.limits) }

// All iterates over names and limits, sorted by name.
func (l Limits) All() iter.Seq2[string, Scalar] {
	return func(yield func(string, Scalar) bool) {
		for _, limit := range l.limits {
			if !yield(limit.Name, limit.Amount) {
				return
			}
		}
	}
}

// String is the text form, such as "cpus:4; mem:0", or "{}" without limits.
func (l Limits) String() string { return formatQuantities(l.All()) }

// ParseLimits reads the text form "cpus:4;mem:0". Nothing may be named twice.
// Errors are of kind mesos.Invalid.
func ParseLimits(text string) (Limits, error) {
	var result Limits
	err := parseQuantities(text, "limits", func(name string, limit Scalar) error {
		if _, found := result.Get(name); found {
			return mesos.Errorf(mesos.Invalid, "%s is limited twice", name)
		}
		result.set(name, limit)
		return nil
	})
	if err != nil {
		return Limits{}, err
	}
	return result, nil
}
