package mesos

import (
	"strings"
	"testing"
)

// covers: AttributesTest.Parsing
func TestParseAttributes(t *testing.T) {
	got, err := ParseAttributes("cpus:7.25;ports:[8000-8100, 9000-9999];rack:r1,r2;url:http://a:80/;end:x:y:;exact:1.23456")
	if err != nil {
		t.Fatal(err)
	}
	want := []Attribute{
		{"cpus", Value{Kind: ScalarValue, Number: 7.25}},
		{"ports", Value{Kind: RangesValue, Ranges: Ranges{{8000, 8100}, {9000, 9999}}}},
		{"rack", Value{Kind: TextValue, Text: "r1,r2"}},
		{"url", Value{Kind: TextValue, Text: "http://a:80/"}},
		{"end", Value{Kind: TextValue, Text: "x:y:"}},
		{"exact", Value{Kind: ScalarValue, Number: 1.23456}},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if !got[i].Equal(want[i]) {
			t.Errorf("attribute %d is %v, want %v", i, got[i], want[i])
		}
	}
	if n := got[5].Number; n != 1.23456 {
		t.Errorf("the number of %v was rounded to %v", got[5], n)
	}
	if text := got[1].String(); text != "ports=[8000-8100, 9000-9999]" {
		t.Errorf("String is %s", text)
	}
}

func TestParseAttributesErrors(t *testing.T) {
	for text, cause := range map[string]string{
		"rack":         `"rack" is not of the form name:value`,
		"rack:":        `"rack:" is not of the form`,
		":r1":          `":r1" is not of the form`,
		"a:1;disks:{}": "disks: {} is a set",
		"ports:[1-":    "ports: value: '[' is not closed",
	} {
		_, err := ParseAttributes(text)
		if KindOf(err) != Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseAttributes(%q): error %v, want one with %q", text, err, cause)
		}
	}
}

// covers: AttributesTest.Equality
func TestEqualAttributes(t *testing.T) {
	const some = "cpus:7.25;ports:[8000-8100, 9000-9999];rack:r1,r2"
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{some, "cpus:7.25;ports:[8000-8100,9000-9999];rack:r1,r2", true},
		{"", "", true},
		{some, "", false},
		{"", some, false},
		{some, "cpus:7.25;ports:7.25;rack:7.25", false},
		{"rack:r1;for:one;for:two", "for:two;for:one;rack:r1", true},
		{"rack:r1;for:one", "rack:r1;for:two", false},
	} {
		a, err := ParseAttributes(test.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseAttributes(test.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := EqualAttributes(a, b); got != test.want {
			t.Errorf("%q and %q are equal: %v", test.a, test.b, got)
		}
	}
}
