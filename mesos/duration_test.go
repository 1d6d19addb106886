package mesos

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"3ns":     3,
		"4us":     4 * time.Microsecond,
		"5ms":     5 * time.Millisecond,
		"15secs":  15 * time.Second,
		"1.5mins": 90 * time.Second,
		"2hrs":    2 * time.Hour,
		"1days":   24 * time.Hour,
		"1weeks":  7 * 24 * time.Hour,
		"-1secs":  -time.Second,
		"0ns":     0,
		" 7secs ": 7 * time.Second,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for text, cause := range map[string]string{
		"":           "the unit is missing",
		"15":         "the unit is missing",
		"secs":       "does not start with a number",
		"1.2.3secs":  "does not start with a number",
		"15s":        `unknown unit "s"`,
		"1 secs":     `unknown unit " secs"`,
		"1e9weeks":   `unknown unit "e9weeks"`,
		"99999weeks": "longer than 292 years",
	} {
		_, err := ParseDuration(text)
		if KindOf(err) != Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseDuration(%q): error %v, want one with %q", text, err, cause)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0ns":        0,
		"999ns":      999,
		"1us":        time.Microsecond,
		"1001ns":     1001,
		"15secs":     15 * time.Second,
		"1500ms":     1500 * time.Millisecond,
		"90secs":     90 * time.Second,
		"90mins":     90 * time.Minute,
		"10days":     10 * 24 * time.Hour,
		"2weeks":     14 * 24 * time.Hour,
		"-15secs":    -15 * time.Second,
		"1.0001secs": time.Second + 100*time.Microsecond,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Mesos prints 15 digits.
		unit := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Hour}).Draw(t, "unit")
		d := time.Duration(rapid.Int64Range(0, 1e5).Draw(t, "n")) * unit
		if got, err := ParseDuration(FormatDuration(d)); err != nil || (got-d).Abs() > d/1e14 {
			t.Fatalf("%v as %s parses as %v, %v", d, FormatDuration(d), got, err)
		}
	})
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0B":     0,
		"1023B":  1023,
		"1KB":    Kilobyte,
		"512MB":  512 * Megabyte,
		"2GB":    2 * Gigabyte,
		"3TB":    3 * Terabyte,
		"1025KB": Megabyte + Kilobyte,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", text, got, err, want)
		}
		if got := want.String(); got != text {
			t.Errorf("%d bytes are %s, want %s", want, got, text)
		}
	}
	if got, err := ParseBytes(" 4gb "); err != nil || got != 4*Gigabyte {
		t.Errorf("ParseBytes(4gb) = %v, %v", got, err)
	}
	for text, cause := range map[string]string{
		"":                      "the unit is missing",
		"12":                    "the unit is missing",
		"MB":                    "does not start with a whole number",
		"1.5GB":                 `unknown unit ".5GB"`,
		"1PB":                   `unknown unit "PB"`,
		"16777216TB":            "is too large",
		"99999999999999999999B": "does not start with a whole number",
	} {
		_, err := ParseBytes(text)
		if KindOf(err) != Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("ParseBytes(%q): error %v, want one with %q", text, err, cause)
		}
	}
	if got := Bytes(math.MaxUint64).String(); got != "18446744073709551615B" {
		t.Errorf("the most bytes are %s", got)
	}
}
