package mesos

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// Range is an inclusive interval.
type Range struct{ Begin, End uint64 }

// Ranges are intervals in normal form: sorted, disjoint and not adjacent.
// Ranges are immutable; operations return new ones or one of their operands.
type Ranges []Range

// NewRanges brings intervals, none of them inverted, to normal form.
func NewRanges(intervals ...Range) Ranges {
	if len(intervals) == 0 {
		return nil
	}
	if isNormal(intervals) {
		return intervals
	}
	sorted := slices.Clone(intervals)
	slices.SortFunc(sorted, func(a, b Range) int { return cmp.Compare(a.Begin, b.Begin) })
	result := sorted[:1]
	for _, next := range sorted[1:] {
		result = appendMerged(result, next)
	}
	return result
}

func isNormal(intervals []Range) bool {
	for i := 1; i < len(intervals); i++ {
		if end := intervals[i-1].End; end == math.MaxUint64 || intervals[i].Begin <= end+1 {
			return false
		}
	}
	return true
}

// appendMerged appends an interval that begins no earlier than the last one,
// growing the last one if they touch.
func appendMerged(ranges Ranges, next Range) Ranges {
	if n := len(ranges); n > 0 {
		last := &ranges[n-1]
		if last.End == math.MaxUint64 || next.Begin <= last.End+1 {
			last.End = max(last.End, next.End)
			return ranges
		}
	}
	return append(ranges, next)
}

// Add is the union of both.
func (r Ranges) Add(that Ranges) Ranges {
	if len(that) == 0 {
		return r
	}
	if len(r) == 0 {
		return that
	}
	result := make(Ranges, 0, len(r)+len(that))
	for len(r) > 0 || len(that) > 0 {
		if len(that) == 0 || len(r) > 0 && r[0].Begin <= that[0].Begin {
			result = appendMerged(result, r[0])
			r = r[1:]
		} else {
			result = appendMerged(result, that[0])
			that = that[1:]
		}
	}
	return result
}

// Sub is what of r is not in that.
func (r Ranges) Sub(that Ranges) Ranges {
	if len(r) == 0 || len(that) == 0 {
		return r
	}
	result := make(Ranges, 0, len(r)+len(that))
	for _, left := range r {
		for len(that) > 0 && that[0].End < left.Begin {
			that = that[1:]
		}
		result, that = subtractFrom(result, left, that)
	}
	return result
}

// subtractFrom appends what cut leaves of left; it returns the rest of cut
// that may still matter to the intervals after left.
func subtractFrom(result Ranges, left Range, cut Ranges) (Ranges, Ranges) {
	for len(cut) > 0 && cut[0].Begin <= left.End {
		if left.Begin < cut[0].Begin {
			result = append(result, Range{left.Begin, cut[0].Begin - 1})
		}
		if cut[0].End >= left.End {
			return result, cut
		}
		left.Begin = cut[0].End + 1
		cut = cut[1:]
	}
	return append(result, left), cut
}

// Contains reports whether every number of that is in r.
func (r Ranges) Contains(that Ranges) bool {
	for _, want := range that {
		for len(r) > 0 && r[0].End < want.Begin {
			r = r[1:]
		}
		if len(r) == 0 || want.Begin < r[0].Begin || want.End > r[0].End {
			return false
		}
	}
	return true
}

// Has reports whether n is in r.
func (r Ranges) Has(n uint64) bool { return r.Contains(Ranges{{n, n}}) }

// Equal reports whether both hold the same numbers.
func (r Ranges) Equal(that Ranges) bool { return slices.Equal(r, that) }

// Len is how many numbers r holds, at most the largest uint64.
func (r Ranges) Len() uint64 {
	var n uint64
	for _, interval := range r {
		size := interval.End - interval.Begin
		if size >= math.MaxUint64-n {
			return math.MaxUint64
		}
		n += size + 1
	}
	return n
}

// String is the text form, such as "[8000-9000, 9090-9090]".
func (r Ranges) String() string {
	b := []byte{'['}
	for i, interval := range r {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, interval.Begin, 10)
		b = append(b, '-')
		b = strconv.AppendUint(b, interval.End, 10)
	}
	return string(append(b, ']'))
}
