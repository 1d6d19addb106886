package wire

import (
	"math"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A number is the value of a numeric field of any kind: a double, or an
// integer's bits.
type number struct {
	kind   protoreflect.Kind
	double float64
	bits   uint64
}

func (n number) put(f *field, at unsafe.Pointer) {
	switch n.kind {
	case protoreflect.DoubleKind:
		put(f, at, n.double)
	case protoreflect.Int32Kind:
		put(f, at, int32(n.bits))
	case protoreflect.Uint32Kind:
		put(f, at, uint32(n.bits))
	case protoreflect.Int64Kind:
		put(f, at, int64(n.bits))
	case protoreflect.Uint64Kind:
		put(f, at, n.bits)
	}
}

// numeric reads a number, or one in a string, for a field of kind.
func (d *decoder) numeric(kind protoreflect.Kind) (number, error) {
	switch c := d.next(); {
	case c == '-' || isDigit(c):
		start := d.pos
		token, integer, err := d.number()
		if err != nil {
			return number{}, err
		}
		n, cause := parseNumber(kind, token, integer)
		if cause != "" {
			d.pos = start
			return n, d.wrong(cause)
		}
		return n, nil
	case c == '"':
		return d.numberInString(kind)
	}
	return number{}, d.expected("a number")
}

func (d *decoder) numberInString(kind protoreflect.Kind) (number, error) {
	start := d.pos
	text, err := d.str()
	if err != nil {
		return number{}, err
	}
	if kind == protoreflect.DoubleKind {
		switch string(text) {
		case "Infinity":
			return number{kind: kind, double: math.Inf(1)}, nil
		case "-Infinity":
			return number{kind: kind, double: math.Inf(-1)}, nil
		}
	}
	inner := scanner{data: text}
	token, integer, err := inner.number()
	cause := "expected a number, found the string " + strconv.Quote(clip(text))
	if err == nil && inner.pos == len(text) {
		var n number
		if n, cause = parseNumber(kind, token, integer); cause == "" {
			return n, nil
		}
	}
	d.pos = start
	return number{}, d.wrong(cause)
}

// parseNumber turns a token into a number of kind. A fraction is cut off where
// an integer is wanted, as Mesos does. What the kind can't hold is refused with
// the cause, which Mesos leaves to chance.
func parseNumber(kind protoreflect.Kind, token []byte, integer bool) (n number, cause string) {
	n.kind = kind
	var ok bool
	switch {
	case kind == protoreflect.DoubleKind:
		if n.double, ok = smallInteger(token, integer); !ok {
			n.double, ok = double(token)
		}
	case integer:
		n.bits, ok = wholeNumber(kind, token)
	default:
		var v float64
		if v, ok = double(token); ok {
			v = math.Trunc(v)
			r := ranges[kind]
			// The upper limits of 64 bits are no doubles: the next double is past them.
			ok = v >= r.least && v < r.past
			if n.bits = uint64(v); v < 0 {
				n.bits = uint64(int64(v))
			}
		}
	}
	if !ok {
		return n, "the number is out of the range of " + kind.String()
	}
	return n, ""
}

// ranges are the kinds' ranges: from least up to, but without, past.
var ranges = map[protoreflect.Kind]struct{ least, past float64 }{
	protoreflect.Int32Kind:  {math.MinInt32, math.MaxInt32 + 1},
	protoreflect.Uint32Kind: {0, math.MaxUint32 + 1},
	protoreflect.Int64Kind:  {math.MinInt64, -math.MinInt64},
	protoreflect.Uint64Kind: {0, -math.MinInt64 * 2},
}

// smallInteger is the fast way for the doubles that people write most: 1, 512.
func smallInteger(token []byte, integer bool) (float64, bool) {
	const exact = 15 // decimal digits that a double holds
	if !integer || len(token) > exact || token[0] == '-' {
		return 0, false
	}
	var v uint64
	for _, c := range token {
		v = v*10 + uint64(c-'0')
	}
	return float64(v), true
}

// wholeNumber parses an integer for a kind; false if it is out of range.
func wholeNumber(kind protoreflect.Kind, token []byte) (uint64, bool) {
	text := unsafe.String(unsafe.SliceData(token), len(token))
	size := 64
	if kind == protoreflect.Int32Kind || kind == protoreflect.Uint32Kind {
		size = 32
	}
	if kind == protoreflect.Int32Kind || kind == protoreflect.Int64Kind {
		v, err := strconv.ParseInt(text, 10, size)
		return uint64(v), err == nil
	}
	if text == "-0" {
		return 0, true
	}
	v, err := strconv.ParseUint(text, 10, size)
	return v, err == nil
}
