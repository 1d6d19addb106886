package exec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// maxRuns is how many runs one execution may have.
const maxRuns = 1_000_000

// ParseIndexes reads lists and ranges of numbers, as in 1-10,20,30-40:5: the last
// one counts in steps of 5. What comes of it is in order, each number once.
func ParseIndexes(text string) ([]int, error) {
	var indexes []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, step, err := parseRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if (last-first)/step >= maxRuns-len(indexes) {
			return nil, mesos.Errorf(mesos.Invalid, "%q is more than %d numbers", text, maxRuns)
		}
		for i := first; i <= last; i += step {
			indexes = append(indexes, i)
		}
	}
	slices.Sort(indexes)
	return slices.Compact(indexes), nil
}

func parseRange(text string) (first, last, step int, err error) {
	bounds, by, stepped := strings.Cut(text, ":")
	low, high, ranged := strings.Cut(bounds, "-")
	if !ranged {
		high = low
	}
	step = 1
	numbers := map[*int]string{&first: low, &last: high}
	if stepped {
		numbers[&step] = by
	}
	for to, digits := range numbers {
		n, err := strconv.ParseUint(digits, 10, 31)
		if err != nil {
			return 0, 0, 0, mesos.Errorf(mesos.Invalid, "%q is not a number, or a range as in 1-10 or 0-100:5", text)
		}
		*to = int(n)
	}
	switch {
	case stepped && !ranged:
		return 0, 0, 0, mesos.Errorf(mesos.Invalid, "%q has a step, but is no range", text)
	case step == 0:
		return 0, 0, 0, mesos.Errorf(mesos.Invalid, "%q goes on for ever: its step is 0", text)
	case first > last:
		return 0, 0, 0, mesos.Errorf(mesos.Invalid, "%q begins after its end", text)
	}
	return first, last, step, nil
}

// formatIndexes is the short form that ParseIndexes reads, of numbers in order.
func formatIndexes(indexes []int) string {
	var parts []string
	for at := 0; at < len(indexes); {
		end := at + 1
		for end < len(indexes) && indexes[end] == indexes[end-1]+1 {
			end++
		}
		part := strconv.Itoa(indexes[at])
		if end > at+1 {
			part += "-" + strconv.Itoa(indexes[end-1])
		}
		parts = append(parts, part)
		at = end
	}
	return strings.Join(parts, ",")
}
