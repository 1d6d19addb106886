package mesos

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// durationUnits is the units of Mesos's durations, longest first.
var durationUnits = [...]struct {
	name string
	unit time.Duration
}{
	{"weeks", 7 * 24 * time.Hour},
	{"days", 24 * time.Hour},
	{"hrs", time.Hour},
	{"mins", time.Minute},
	{"secs", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"ns", time.Nanosecond},
}

// ParseDuration reads a duration in the form of Mesos's flags: one number with
// one unit of ns, us, ms, secs, mins, hrs, days and weeks, as in "1.5mins".
// Errors are of kind Invalid.
// See https://mesos.apache.org/documentation/latest/configuration/master/.
func ParseDuration(text string) (time.Duration, error) {
	trimmed := strings.TrimSpace(text)
	split := strings.IndexFunc(trimmed, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune(".-+", r) })
	if split < 0 {
		return 0, Errorf(Invalid, "duration %q: the unit is missing, as in 15secs", text)
	}
	number, err := strconv.ParseFloat(trimmed[:split], 64)
	if err != nil {
		return 0, Errorf(Invalid, "duration %q: does not start with a number", text)
	}
	for _, u := range durationUnits {
		if u.name != trimmed[split:] {
			continue
		}
		nanoseconds := math.Round(number * float64(u.unit))
		if nanoseconds >= 1<<63 || nanoseconds < -1<<63 {
			return 0, Errorf(Invalid, "duration %q: is longer than 292 years", text)
		}
		return time.Duration(nanoseconds), nil
	}
	return 0, Errorf(Invalid, "duration %q: unknown unit %q (known are ns, us, ms, secs, mins, hrs, days, weeks)", text, trimmed[split:])
}

// FormatDuration is the form that Mesos prints and ParseDuration reads, such as
// "15secs" or "90mins": a number of the longest unit that d fills or, if that
// isn't whole and one of the next shorter unit is, of that one.
func FormatDuration(d time.Duration) string {
	for i, u := range durationUnits {
		if d.Abs() < u.unit {
			continue
		}
		if i+1 < len(durationUnits) && d%u.unit != 0 && d%durationUnits[i+1].unit == 0 {
			u = durationUnits[i+1]
		}
		return strconv.FormatFloat(float64(d)/float64(u.unit), 'g', 15, 64) + u.name
	}
	return "0ns"
}
