package mesos

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Scalar is an amount in thousandths: 1500 is 1.5 cpus, or 1.5 MB of memory.
// Fixed point makes adding and subtracting exact, as Mesos promises for three
// decimals.
type Scalar int64

// OneScalar is the scalar 1.
const OneScalar Scalar = 1000

// MaxScalar is the largest amount that is accepted from outside. All
// thousandths up to it survive the protocol's floating-point numbers, and a
// thousand of them still add up without overflow.
const MaxScalar Scalar = 1 << 53

// ScalarFromFloat rounds f to thousandths, halves away from zero. What is no number
// is 0, what is out of bounds is cut to MaxScalar or its negative; see
// CheckScalar for input that is to be refused instead.
func ScalarFromFloat(f float64) Scalar {
	switch f = math.Round(f * 1000); {
	case f != f:
		return 0
	case f >= float64(MaxScalar):
		return MaxScalar
	case f <= -float64(MaxScalar):
		return -MaxScalar
	}
	return Scalar(f)
}

// CheckScalar is ScalarFromFloat with an error of kind Invalid for what is not
// an amount: negative numbers, infinities, NaN, and anything over MaxScalar.
func CheckScalar(f float64) (Scalar, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, Errorf(Invalid, "scalar: %v is not a finite number", f)
	case f < 0:
		return 0, Errorf(Invalid, "scalar: %v is negative", f)
	case f > MaxScalar.Float():
		return 0, Errorf(Invalid, "scalar: %v is over the limit of %v", f, MaxScalar)
	}
	s := ScalarFromFloat(f)
	if s == 0 && f != 0 {
		return 0, Errorf(Invalid, "scalar: %v is less than the smallest amount, 0.001", f)
	}
	return s, nil
}

// ParseScalar reads a decimal number such as "1.5".
func ParseScalar(text string) (Scalar, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, Errorf(Invalid, "scalar: %q is not a number", text)
	}
	return CheckScalar(f)
}

// Float is the amount as the protocol carries it.
func (s Scalar) Float() float64 { return float64(s/1000) + float64(s%1000)/1000 }

// String is the shortest decimal form, such as "1.5" or "1024".
func (s Scalar) String() string { return string(s.append(nil)) }

func (s Scalar) append(b []byte) []byte {
	whole, part := int64(s/1000), int64(s%1000)
	if s < 0 {
		b = append(b, '-')
		whole, part = -whole, -part
	}
	b = strconv.AppendInt(b, whole, 10)
	if part == 0 {
		return b
	}
	return append(b, strings.TrimRight(fmt.Sprintf(".%03d", part), "0")...)
}
