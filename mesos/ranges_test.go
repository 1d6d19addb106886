package mesos

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func parseRangesOf(t *testing.T, text string) Ranges {
	t.Helper()
	value := mustParse(t, text)
	if value.Kind != RangesValue {
		t.Fatalf("%q is of type %v", text, value.Kind)
	}
	return value.Ranges
}

// covers: ValuesTest.RangesParse
// covers: ValuesTest.RangesCoalesce
// covers: ValuesTest.RangesCoalesceParse
func TestRangesNormalForm(t *testing.T) {
	for text, want := range map[string]string{
		"[2-20]": "[2-20]",
		"[14-16, 16-18, 15-19, 13-14, 12-15, 14-16, 11-11, 20-20, 14-16]": "[11-20]",
		"[14-16, 16-18]":                                   "[14-18]",
		"[16-18, 14-16]":                                   "[14-18]",
		"[11-20, 18-20]":                                   "[11-20]",
		"[11-21, 18-20]":                                   "[11-21]",
		"[11-14, 14-15, 17-18, 18-20]":                     "[11-15, 17-20]",
		"[17-18, 11-14, [18-20], 14-15]":                   "[11-15, 17-20]",
		"[14-16, 17-18]":                                   "[14-18]",
		"[14-16, 17-17]":                                   "[14-17]",
		"[14-16, 17-17, 18-18, 19-19]":                     "[14-19]",
		"[14-16, 17-17, 19-20, 19-21]":                     "[14-17, 19-21]",
		"[16-18, 16-18, 14-16, 16-18]":                     "[14-18]",
		"[0-18446744073709551615, 3-4]":                    "[0-18446744073709551615]",
		"[18446744073709551615-18446744073709551615, 0-0]": "[0-0, 18446744073709551615-18446744073709551615]",
	} {
		if got := parseRangesOf(t, text).String(); got != want {
			t.Errorf("%s parses as %s, want %s", text, got, want)
		}
	}
	if got := NewRanges(Range{1, 4}, Range{3, 5}, Range{7, 8}, Range{8, 10}); got.String() != "[1-5, 7-10]" {
		t.Errorf("NewRanges coalesces to %v", got)
	}
}

// covers: ValuesTest.RangesAddition
// covers: ValuesTest.AddRangeCoalesce
func TestRangesAdd(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"[13-18]", "[14-20]", "[13-20]"},
		{"[13-18]", "[11-14]", "[11-18]"},
		{"[12-13]", "[11-14]", "[11-14]"},
		{"[12-13]", "[14-16]", "[12-16]"},
		{"[13-15]", "[11-12]", "[11-15]"},
		{"[13-15, 17-18]", "[16-16]", "[13-18]"},
		{"[11-14, 19-20, 30-32, 36-40]", "[15-18, 33-35]", "[11-20, 30-40]"},
		{"[11-14, 18-20]", "[14-18]", "[11-20]"},
		{"[11-14, 18-20]", "[15-17]", "[11-20]"},
		{"[11-20]", "[15-17]", "[11-20]"},
		{"[11-20]", "[30-31]", "[11-20, 30-31]"},
		{"[]", "[3-4]", "[3-4]"},
		{"[3-4]", "[]", "[3-4]"},
	} {
		a, b := parseRangesOf(t, test.a), parseRangesOf(t, test.b)
		if got := a.Add(b).String(); got != test.want {
			t.Errorf("%s + %s = %s, want %s", test.a, test.b, got, test.want)
		}
		if got := b.Add(a).String(); got != test.want {
			t.Errorf("%s + %s = %s, want %s", test.b, test.a, got, test.want)
		}
	}
}

// covers: ValuesTest.RangesSubtraction
func TestRangesSub(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"[]", "[11-20]", "[]"},
		{"[13-18]", "[]", "[13-18]"},
		{"[13-18]", "[11-20]", "[]"},
		{"[13-18]", "[13-15]", "[16-18]"},
		{"[13-18]", "[15-18]", "[13-14]"},
		{"[13-18]", "[15-16]", "[13-14, 17-18]"},
		{"[13-18]", "[11-13]", "[14-18]"},
		{"[13-18]", "[15-20]", "[13-14]"},
		{"[13-18]", "[19-20]", "[13-18]"},
		{"[13-18]", "[11-12]", "[13-18]"},
		{"[0-18446744073709551615]", "[5-18446744073709551615]", "[0-4]"},
	} {
		a, b := parseRangesOf(t, test.a), parseRangesOf(t, test.b)
		if got := a.Sub(b).String(); got != test.want {
			t.Errorf("%s - %s = %s, want %s", test.a, test.b, got, test.want)
		}
	}
}

// Ranges against the plainest thing that means the same: a set of small numbers.
func TestRangesAgainstModel(t *testing.T) {
	intervals := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Range {
		begin := rapid.Uint64Range(0, 30).Draw(t, "begin")
		return Range{begin, begin + rapid.Uint64Range(0, 6).Draw(t, "length")}
	}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		a, b := NewRanges(intervals.Draw(t, "a")...), NewRanges(intervals.Draw(t, "b")...)
		sum, difference := a.Add(b), a.Sub(b)
		subset := true
		var size uint64
		for n := range uint64(40) {
			if want := a.Has(n) || b.Has(n); sum.Has(n) != want {
				t.Fatalf("%v + %v = %v is wrong about %d", a, b, sum, n)
			}
			if want := a.Has(n) && !b.Has(n); difference.Has(n) != want {
				t.Fatalf("%v - %v = %v is wrong about %d", a, b, difference, n)
			}
			subset = subset && (a.Has(n) || !b.Has(n))
			if a.Has(n) {
				size++
			}
		}
		if a.Contains(b) != subset {
			t.Fatalf("%v contains %v: %v", a, b, a.Contains(b))
		}
		if a.Len() != size {
			t.Fatalf("%v has %d numbers, not %d", a, size, a.Len())
		}
		for _, r := range []Ranges{a, sum, difference} {
			if !isNormal(r) {
				t.Fatalf("%v is not in normal form", r)
			}
			if parsed, err := ParseValue(r.String()); err != nil || !parsed.Ranges.Equal(r) {
				t.Fatalf("%v parses as %v, %v", r, parsed, err)
			}
		}
	})
}

func TestRangesLenSaturates(t *testing.T) {
	if n := (Ranges{{0, math.MaxUint64}}).Len(); n != math.MaxUint64 {
		t.Errorf("Len is %d", n)
	}
}

// covers: ValuesTest.SetSubtraction
func TestSetArithmetic(t *testing.T) {
	abc, bc := NewSet("c", "a", "b"), NewSet("b", "c")
	for _, test := range []struct {
		name string
		got  Set
		want string
	}{
		{"abc-bc", abc.Sub(bc), "{a}"},
		{"d-a", NewSet("d").Sub(NewSet("a")), "{d}"},
		{"abc-abc", abc.Sub(abc), "{}"},
		{"abc+bc", abc.Add(bc), "{a, b, c}"},
		{"bc+abc", bc.Add(abc), "{a, b, c}"},
		{"bc+ad", bc.Add(NewSet("d", "a")), "{a, b, c, d}"},
	} {
		if test.got.String() != test.want {
			t.Errorf("%s = %v, want %s", test.name, test.got, test.want)
		}
	}
	if !abc.Contains(bc) || bc.Contains(abc) || NewSet("a", "d").Contains(NewSet("b")) {
		t.Error("containment of sets is wrong")
	}
}
