package order

import (
	"slices"
	"testing"
)

func TestNumbersInNamesAreNumbers(t *testing.T) {
	want := []string{"", "1", "1x", "1y", "2", "10", "a", "a1", "a01", "a1b", "a2", "a10", "web", "web.2", "web.2.10", "web.10", "web.10.2", "webs"}
	for i, a := range want {
		for j, b := range want {
			if got := Natural(a, b); (got < 0) != (i < j) && !sameNumber(a, b) || (got == 0) != (i == j) {
				t.Errorf("Natural(%q, %q) is %d", a, b, got)
			}
			if Natural(a, b) != -Natural(b, a) {
				t.Errorf("%q and %q are before each other", a, b)
			}
		}
	}
}

func sameNumber(a, b string) bool {
	return slices.Contains([]string{"a1", "a01"}, a) && slices.Contains([]string{"a1", "a01"}, b)
}
