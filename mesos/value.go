package mesos

import (
	"math"
	"strconv"
	"strings"
)

// ValueKind is the type of a value; the numbers are the protocol's (Value.Type).
type ValueKind uint8

// The kinds. Resources are never of TextValue, attributes never of SetValue.
const (
	ScalarValue ValueKind = 0
	RangesValue ValueKind = 1
	SetValue    ValueKind = 2
	TextValue   ValueKind = 3
)

var valueKindNames = [...]string{"SCALAR", "RANGES", "SET", "TEXT"}

// String is the protocol's name, such as "SCALAR".
func (k ValueKind) String() string {
	if int(k) < len(valueKindNames) {
		return valueKindNames[k]
	}
	return "UNKNOWN"
}

// Value is a value of any kind; the field that Kind names is meant.
type Value struct {
	Kind   ValueKind
	Number float64 // as it was written: resources round it to a Scalar, attributes don't
	Ranges Ranges
	Set    Set
	Text   string
}

// String is the text form that ParseValue reads, with at most three decimals.
func (v Value) String() string {
	switch v.Kind {
	case ScalarValue:
		return ScalarFromFloat(v.Number).String()
	case RangesValue:
		return v.Ranges.String()
	case SetValue:
		return v.Set.String()
	default:
		return v.Text
	}
}

// Equal reports whether both are of the same kind and value, numbers up to
// their third decimal.
func (v Value) Equal(that Value) bool {
	return v.Kind == that.Kind && ScalarFromFloat(v.Number) == ScalarFromFloat(that.Number) &&
		v.Text == that.Text && v.Ranges.Equal(that.Ranges) && v.Set.Equal(that.Set)
}

// ParseValue reads the text form of a value: "1.5", "[1-10, 20-20]", "{a, b}", and
// as text whatever is none of these. Spaces don't count. As in Mesos, a number
// that is negative, infinite or NaN is text, and brackets may nest.
// Errors are of kind Invalid.
func ParseValue(text string) (Value, error) {
	compact := strings.ReplaceAll(text, " ", "")
	if compact == "" {
		return Value{}, Errorf(Invalid, "value: empty")
	}
	for _, pair := range []string{"{}", "[]", "()"} {
		if err := checkBrackets(compact, pair[0], pair[1]); err != nil {
			return Value{}, err
		}
	}
	switch at := strings.IndexAny(compact, "[{"); {
	case at > 0:
		return Value{}, Errorf(Invalid, "value: unexpected %q in %q", compact[at], text)
	case at < 0:
		return parseNumberOrText(compact)
	case compact[0] == '[':
		ranges, err := parseRanges(compact)
		return Value{Kind: RangesValue, Ranges: ranges}, err
	case strings.Contains(compact, "["):
		return Value{}, Errorf(Invalid, "value: unexpected '[' in set %q", text)
	}
	return Value{Kind: SetValue, Set: NewSet(strings.FieldsFunc(compact, isAnyOf("{},\n"))...)}, nil
}

func checkBrackets(text string, open, closing byte) error {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case open:
			depth++
		case closing:
			depth--
		}
		if depth < 0 {
			return Errorf(Invalid, "value: %q closes nothing in %q", closing, text)
		}
	}
	if depth > 0 {
		return Errorf(Invalid, "value: %q is not closed in %q", open, text)
	}
	return nil
}

func isAnyOf(chars string) func(rune) bool {
	return func(r rune) bool { return strings.ContainsRune(chars, r) }
}

func parseRanges(text string) (Ranges, error) {
	var intervals []Range
	for _, token := range strings.FieldsFunc(text, isAnyOf("[],\n")) {
		first, last, found := strings.Cut(token, "-")
		if !found {
			return nil, Errorf(Invalid, "ranges: %q is not of the form begin-end", token)
		}
		begin, err := parseBound(first, token)
		if err != nil {
			return nil, err
		}
		end, err := parseBound(last, token)
		if err != nil {
			return nil, err
		}
		if begin > end {
			return nil, Errorf(Invalid, "ranges: %q begins after its end", token)
		}
		intervals = append(intervals, Range{begin, end})
	}
	return NewRanges(intervals...), nil
}

func parseBound(text, token string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, Errorf(Invalid, "ranges: %q in %q is not a number from 0 to %d", text, token, uint64(math.MaxUint64))
	}
	return n, nil
}

// smallestNormal is the smallest float64 with full precision. Mesos refuses
// what is closer to zero.
const smallestNormal = 0x1p-1022

func parseNumberOrText(text string) (Value, error) {
	f, err := parseNumber(text)
	switch {
	case err != nil, math.IsNaN(f), math.IsInf(f, 0):
		return Value{Kind: TextValue, Text: text}, nil
	case f != 0 && math.Abs(f) < smallestNormal:
		return Value{}, Errorf(Invalid, "value: %s is too close to zero", text)
	case f < 0:
		return Value{Kind: TextValue, Text: text}, nil
	}
	return Value{Kind: ScalarValue, Number: f}, nil
}

// parseNumber reads decimals, with or without exponent, and hexadecimal
// integers, but none of Go's other forms.
func parseNumber(text string) (float64, error) {
	if digits, isHex := strings.CutPrefix(strings.ToLower(text), "0x"); isHex {
		n, err := strconv.ParseUint(digits, 16, 64)
		return float64(n), err
	}
	if strings.ContainsAny(text, "xX_") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}
