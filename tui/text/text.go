// Package text is text as a terminal takes it: of a known width, without what a
// terminal would obey; and quantities as people read them.
package text

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
)

// Clean is a line that comes from a cluster, as a terminal can show it: control
// characters, escapes, marks that turn the direction of text, and what isn't UTF-8
// are replaced, so that no name can draw elsewhere.
func Clean(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= 0x20 && s[i] < 0x7f
	}
	if plain {
		return s
	}
	return kinds.Clean(s)
}

// Width is how many cells of a terminal a line takes; escapes take none.
func Width(s string) int { return ansi.StringWidth(s) }

// Cut shortens a line to a width; an ellipsis says so.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width && isASCII(s) {
		return s
	}
	return ansi.Truncate(s, width, "…")
}

// CutLeft shortens a line at its beginning, for paths.
func CutLeft(s string, width int) string {
	over := Width(s) - width
	if width <= 0 || over <= 0 {
		return Cut(s, width)
	}
	left := ansi.TruncateLeft(s, over+1, "…")
	if Width(left) > width { // half of a wide character was cut off
		left = ansi.TruncateLeft(s, over+2, "…")
	}
	return left
}

// Left is a line of exactly that width: shortened, or with blanks after it.
func Left(s string, width int) string {
	s = Cut(s, width)
	return s + blanks(width-Width(s))
}

// Right is a line of exactly that width, with blanks before it.
func Right(s string, width int) string {
	s = Cut(s, width)
	return blanks(width-Width(s)) + s
}

// Between is left and right at the two ends of a line; what doesn't fit of left goes.
func Between(left, right string, width int) string {
	right = Cut(right, width)
	return Left(left, width-Width(right)) + right
}

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Since is the age of what began at a time; "-" if that is not known.
func Since(began, now time.Time) string {
	if began.IsZero() {
		return "-"
	}
	return kinds.Age(now.Sub(began))
}

// Number is an amount of cpus or gpus, to two decimals where they say something.
func Number(s mesos.Scalar) string { return number(s.Float()) }

func number(f float64) string {
	switch {
	case math.Abs(f) >= 10000:
		return Count(int(math.Round(f)))
	case math.Abs(f) >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	s := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Memory is an amount of MB in the unit that suits it: 512M, 1.5G, 12T.
func Memory(mb mesos.Scalar) string { return Bytes(mb.Float() * (1 << 20)) }

// Bytes is a number of bytes in the unit that suits it.
func Bytes(n float64) string {
	if n == 0 {
		return "0"
	}
	units := "BKMGTPE"
	for math.Abs(n) >= 1000 && len(units) > 1 {
		n /= 1024
		units = units[1:]
	}
	if math.Abs(n) >= 100 || units[0] == 'B' || n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64) + units[:1]
	}
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + units[:1]
}

// Count is a whole number with a space between thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// Percent is a share of 0 to 1.
func Percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 0, 64) + "%" }

// Plural is a count and its noun: 1 task, 2 tasks.
func Plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Count(n) + " " + noun
}

// Strip is a line without its escapes.
func Strip(s string) string { return ansi.Strip(s) }
