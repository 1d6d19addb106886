package resources

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// Quantity is an amount of a named resource.
type Quantity struct {
	Name   string
	Amount Scalar
}

// Quantities is amounts of resources by name, whatever their metadata. What
// isn't named is 0. Values are immutable; the zero value is nothing. Arithmetic
// on cpus, disk, gpus and mem allocates no memory.
type Quantities struct {
	common [len(commonNames)]Scalar
	others []Quantity // sorted by name, none 0 and none common
}

// commonNames is sorted, so that All needs no sorting.
var commonNames = [...]string{"cpus", "disk", "gpus", "mem"}

func commonIndex(name string) int {
	switch name {
	case "cpus":
		return 0
	case "disk":
		return 1
	case "gpus":
		return 2
	case "mem":
		return 3
	}
	return -1
}

// NewQuantities adds up quantities. Amounts below 0 count as 0.
func NewQuantities(qs ...Quantity) Quantities {
	var result Quantities
	for _, q := range qs {
		result.add(q.Name, q.Amount)
	}
	return result
}

// Quantities is the amounts of the scalars in r. All copies of a shared
// resource count once.
func (r Resources) Quantities() Quantities {
	var result Quantities
	for i := range r.items {
		if it := &r.items[i]; it.Kind == KindScalar {
			result.add(it.Name, it.Scalar)
		}
	}
	return result
}

// UnreservedQuantities is the amounts of r's UnreservedScalars.
func (r Resources) UnreservedQuantities() Quantities {
	var result Quantities
	for i := range r.items {
		if it := &r.items[i]; isUnreservedScalar(it) {
			result.add(it.Name, it.Scalar)
		}
	}
	return result
}

// AllQuantities is the amounts of everything in r: every number of ranges and
// every item of a set counts as 1.
func (r Resources) AllQuantities() Quantities {
	var result Quantities
	for i := range r.items {
		result.add(r.items[i].Name, amount(&r.items[i]))
	}
	return result
}

func amount(r *item) Scalar {
	switch r.Kind {
	case KindRanges:
		return Scalar(min(r.Ranges.Len(), math.MaxInt64/uint64(mesos.OneScalar))) * mesos.OneScalar
	case KindSet:
		return Scalar(len(r.Set)) * mesos.OneScalar
	default:
		return r.Scalar
	}
}

// add changes q, whose others must be its own.
func (q *Quantities) add(name string, amount Scalar) {
	if amount <= 0 {
		return
	}
	if i := commonIndex(name); i >= 0 {
		q.common[i] += amount
		return
	}
	i, found := q.find(name)
	if found {
		q.others[i].Amount += amount
		return
	}
	q.others = slices.Insert(q.others, i, Quantity{name, amount})
}

func (q *Quantities) find(name string) (int, bool) { return findQuantity(q.others, name) }

func findQuantity(qs []Quantity, name string) (int, bool) {
	return slices.BinarySearchFunc(qs, name, func(q Quantity, name string) int {
		return cmp.Compare(q.Name, name)
	})
}

// Add is q and that together.
func (q Quantities) Add(that Quantities) Quantities {
	for i := range q.common {
		q.common[i] += that.common[i]
	}
	switch {
	case len(that.others) == 0:
		return q
	case len(q.others) == 0:
		q.others = that.others
		return q
	}
	q.others = slices.Clone(q.others)
	for _, other := range that.others {
		q.add(other.Name, other.Amount)
	}
	return q
}

// SumQuantities is all of qs together.
func SumQuantities(qs ...Quantities) Quantities {
	var sum Quantities
	for _, q := range qs {
		sum = sum.Add(q)
	}
	return sum
}

// Sub is q without that; where that has more, nothing is left.
func (q Quantities) Sub(that Quantities) Quantities {
	for i := range q.common {
		q.common[i] = max(0, q.common[i]-that.common[i])
	}
	if len(q.others) == 0 || len(that.others) == 0 {
		return q
	}
	others := q.others
	q.others = nil
	for _, other := range others {
		q.add(other.Name, other.Amount-that.Get(other.Name))
	}
	return q
}

// with is q but for the amount of one name.
func (q Quantities) with(name string, amount Scalar) Quantities {
	if i := commonIndex(name); i >= 0 {
		q.common[i] = amount
		return q
	}
	others := q.others
	q.others = nil
	for _, other := range others {
		if other.Name != name {
			q.others = append(q.others, other)
		}
	}
	q.add(name, amount)
	return q
}

// Min is the lesser of both amounts for every name.
func (q Quantities) Min(that Quantities) Quantities {
	for i := range q.common {
		q.common[i] = min(q.common[i], that.common[i])
	}
	others := q.others
	q.others = nil
	for _, other := range others {
		q.add(other.Name, min(other.Amount, that.Get(other.Name)))
	}
	return q
}

// Get is the amount of that name.
func (q Quantities) Get(name string) Scalar {
	if i := commonIndex(name); i >= 0 {
		return q.common[i]
	}
	if i, found := q.find(name); found {
		return q.others[i].Amount
	}
	return 0
}

// Contains reports whether q has at least that much of everything.
func (q Quantities) Contains(that Quantities) bool {
	for i := range q.common {
		if q.common[i] < that.common[i] {
			return false
		}
	}
	for _, other := range that.others {
		if q.Get(other.Name) < other.Amount {
			return false
		}
	}
	return true
}

// Equal reports whether both are the same amounts.
func (q Quantities) Equal(that Quantities) bool {
	return q.common == that.common && slices.Equal(q.others, that.others)
}

// IsEmpty reports whether q is nothing.
func (q Quantities) IsEmpty() bool {
	return q.common == [len(commonNames)]Scalar{} && len(q.others) == 0
}

// All iterates over names and amounts that aren't 0, sorted by name.
func (q Quantities) All() iter.Seq2[string, Scalar] {
	return func(yield func(string, Scalar) bool) {
		others := q.others
		for i, name := range commonNames {
			for len(others) > 0 && others[0].Name < name {
				if !yield(others[0].Name, others[0].Amount) {
					return
				}
				others = others[1:]
			}
			if q.common[i] != 0 && !yield(name, q.common[i]) {
				return
			}
		}
		for _, other := range others {
			if !yield(other.Name, other.Amount) {
				return
			}
		}
	}
}

// String is the text form, such as "cpus:1.5; mem:128", or "{}" if q is nothing.
func (q Quantities) String() string { return formatQuantities(q.All()) }

func formatQuantities(all iter.Seq2[string, Scalar]) string {
	var b strings.Builder
	for name, amount := range all {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(amount.String())
	}
	if b.Len() == 0 {
		return "{}"
	}
	return b.String()
}

// ParseQuantities reads the text form "cpus:1;mem:128". What is named twice is
// added up. Errors are of kind mesos.Invalid.
func ParseQuantities(text string) (Quantities, error) {
	var result Quantities
	err := parseQuantities(text, "quantities", func(name string, amount Scalar) error {
		result.add(name, amount)
		return nil
	})
	if err != nil {
		return Quantities{}, err
	}
	return result, nil
}

func parseQuantities(text, op string, take func(string, Scalar) error) error {
	for token := range strings.SplitSeq(text, ";") {
		if token == "" {
			continue
		}
		name, amount, err := parseQuantity(token)
		if err == nil {
			err = take(name, amount)
		}
		if err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %q: %w", op, strings.TrimSpace(token), err)
		}
	}
	return nil
}

func parseQuantity(token string) (string, Scalar, error) {
	parts := nonEmptyFields(token, ":")
	if len(parts) != 2 {
		return "", 0, mesos.Errorf(mesos.Invalid, "is not of the form name:amount")
	}
	value, err := mesos.ParseValue(parts[1])
	if err != nil {
		return "", 0, err
	}
	if value.Kind != KindScalar {
		return "", 0, mesos.Errorf(mesos.Invalid, "%s is not a number of at least 0", strings.TrimSpace(parts[1]))
	}
	if value.Number > mesos.MaxScalar.Float() {
		return "", 0, mesos.Errorf(mesos.Invalid, "%v is over the limit of %v", value.Number, mesos.MaxScalar)
	}
	return strings.TrimSpace(parts[0]), mesos.ScalarFromFloat(value.Number), nil
}
