package order

import (
	"cmp"
	"strings"
)

// Natural orders texts with numbers in them by these: host-9 before host-10. It is 0 of
// equal texts only.
func Natural(a, b string) int {
	wholeA, wholeB := a, b
	for {
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] {
			n++
		}
		for n > 0 && isDigit(a[n-1]) { // a number is compared as a whole
			n--
		}
		a, b = a[n:], b[n:]
		if a == "" || b == "" {
			return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(wholeA, wholeB))
		}
		if !isDigit(a[0]) || !isDigit(b[0]) {
			return cmp.Compare(a[0], b[0])
		}
		x, y := digits(a), digits(b)
		m, o := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
		if order := cmp.Or(cmp.Compare(len(m), len(o)), strings.Compare(m, o)); order != 0 {
			return order
		}
		a, b = a[x:], b[y:]
	}
}

// digits is how many a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
