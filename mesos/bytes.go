package mesos

import (
	"math"
	"strconv"
	"strings"
)

// Bytes is a number of bytes.
type Bytes uint64

// Units of bytes, in powers of 1024.
const (
	Byte     Bytes = 1
	Kilobyte Bytes = 1 << 10
	Megabyte Bytes = 1 << 20
	Gigabyte Bytes = 1 << 30
	Terabyte Bytes = 1 << 40
)

var byteUnits = [...]struct {
	name string
	unit Bytes
}{
	{"TB", Terabyte},
	{"GB", Gigabyte},
	{"MB", Megabyte},
	{"KB", Kilobyte},
	{"B", Byte},
}

// ParseBytes reads a size in the form of Mesos's flags: a whole number with one
// unit of B, KB, MB, GB and TB, as in "512MB". Errors are of kind Invalid.
func ParseBytes(text string) (Bytes, error) {
	trimmed := strings.TrimSpace(text)
	split := strings.IndexFunc(trimmed, func(r rune) bool { return r < '0' || r > '9' })
	if split < 0 {
		return 0, Errorf(Invalid, "size %q: the unit is missing, as in 512MB", text)
	}
	number, err := strconv.ParseUint(trimmed[:split], 10, 64)
	if err != nil {
		return 0, Errorf(Invalid, "size %q: does not start with a whole number", text)
	}
	for _, u := range byteUnits {
		if u.name != strings.ToUpper(trimmed[split:]) {
			continue
		}
		if number > math.MaxUint64/uint64(u.unit) {
			return 0, Errorf(Invalid, "size %q: is too large", text)
		}
		return Bytes(number) * u.unit, nil
	}
	return 0, Errorf(Invalid, "size %q: unknown unit %q (known are B, KB, MB, GB, TB)", text, trimmed[split:])
}

// String is the form that Mesos prints and ParseBytes reads: a whole number of
// the largest unit that loses nothing.
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if b >= u.unit && b%u.unit == 0 {
			return strconv.FormatUint(uint64(b/u.unit), 10) + u.name
		}
	}
	return "0B"
}
