package mesos

import (
	"math"
	"strings"
	"testing"
)

func mustParse(t *testing.T, text string) Value {
	t.Helper()
	value, err := ParseValue(text)
	if err != nil {
		t.Fatalf("ParseValue(%q): %v", text, err)
	}
	return value
}

// covers: ValuesTest.ValidInput
func TestParseValue(t *testing.T) {
	for _, test := range []struct {
		text string
		want Value
	}{
		{"7.25", Value{Kind: ScalarValue, Number: 7.25}},
		{" 1 2 ", Value{Kind: ScalarValue, Number: 12}},
		{"1e3", Value{Kind: ScalarValue, Number: 1000}},
		{"0", Value{Kind: ScalarValue}},
		{"0x10", Value{Kind: ScalarValue, Number: 16}},
		{"[8000-8100, 9000-9999]", Value{Kind: RangesValue, Ranges: Ranges{{8000, 8100}, {9000, 9999}}}},
		{"[]", Value{Kind: RangesValue}},
		{"{nvme1, nvme0}", Value{Kind: SetValue, Set: Set{"nvme0", "nvme1"}}},
		{"{a,b,a}", Value{Kind: SetValue, Set: Set{"a", "b"}}},
		{"9lives,x", Value{Kind: TextValue, Text: "9lives,x"}},
		{"-1", Value{Kind: TextValue, Text: "-1"}},
		{"0x1p4", Value{Kind: TextValue, Text: "0x1p4"}},
		{"1_000", Value{Kind: TextValue, Text: "1_000"}},
		{"(a)", Value{Kind: TextValue, Text: "(a)"}},
		// What isn't finite is no number.
		{"inf", Value{Kind: TextValue, Text: "inf"}},
		{"-inf", Value{Kind: TextValue, Text: "-inf"}},
		{"infinity", Value{Kind: TextValue, Text: "infinity"}},
		{"-infinity", Value{Kind: TextValue, Text: "-infinity"}},
		{"nan", Value{Kind: TextValue, Text: "nan"}},
		{"-nan", Value{Kind: TextValue, Text: "-nan"}},
	} {
		if got := mustParse(t, test.text); !got.Equal(test.want) {
			t.Errorf("ParseValue(%q) = %+v, want %+v", test.text, got, test.want)
		}
	}
}

// covers: ValuesTest.InvalidInput
func TestParseValueErrors(t *testing.T) {
	for text, cause := range map[string]string{
		"{x,y}}":                   "'}' closes nothing",
		"[3-4]]":                   "']' closes nothing",
		"[3-4":                     "'[' is not closed",
		"a)":                       "')' closes nothing",
		"[3-4x]":                   `"4x" in "3-4x"`,
		"[5]":                      `"5" is not of the form begin-end`,
		"[9-3]":                    "begins after its end",
		"[-3-4]":                   "is not a number from 0",
		"   ":                      "empty",
		"a{b}":                     "unexpected '{'",
		"{a[1-2]}":                 "unexpected '['",
		"3.2e-310":                 "too close to zero",
		"-3.2e-310":                "too close to zero",
		"[1-99999999999999999999]": "is not a number from 0",
	} {
		_, err := ParseValue(text)
		if err == nil || KindOf(err) != Invalid || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseValue(%q): error %v, want one with %q", text, err, cause)
		}
	}
}

func TestScalarText(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", 1.5: "1.5", 0.001: "0.001", 1.25: "1.25", 1e9: "1000000000", -2.75: "-2.75", -0.5: "-0.5",
	} {
		if got := ScalarFromFloat(f); got.String() != want || got.Float() != f {
			t.Errorf("ScalarFromFloat(%v) is %s, %v", f, got, got.Float())
		}
	}
	if s := ScalarFromFloat(math.Inf(1)); s != MaxScalar {
		t.Errorf("infinity is %v", s)
	}
	if s := ScalarFromFloat(math.NaN()); s != 0 {
		t.Errorf("NaN is %v", s)
	}
	if s, err := ParseScalar(" 2.5 "); err != nil || s != 2500 {
		t.Errorf("ParseScalar: %v, %v", s, err)
	}
	for _, text := range []string{"", "a", "-1", "inf", "nan", "1e300", "0.0001"} {
		if s, err := ParseScalar(text); KindOf(err) != Invalid {
			t.Errorf("ParseScalar(%q) = %v, %v", text, s, err)
		}
	}
}
