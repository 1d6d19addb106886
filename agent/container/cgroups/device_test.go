package cgroups

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
)

// covers: DevicesTest.Parse
func TestParseDevice(t *testing.T) {
	for _, bad := range []string{
		"", "x", "b", "b x", "b *:*", "b *:* x", "b *:* rwmx", "b *:* rwm x", "b x:x rwm", "b *:x rwm", "b x:* rwm",
		"b 1 rwm", "b -1:1 rwm", "b 4294967296:1 r", "bc 1:1 r", "b 1:1 rr",
	} {
		if d, err := ParseDevice(bad); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%q = %v, %v", bad, d, err)
		}
	}
	for text, want := range map[string]string{
		"a": "a *:* rwm", "a x x": "a *:* rwm", "b *:* mr": "b *:* rm",
		"b *:* rwm": "", "b *:* r": "", "b *:* w": "", "b *:* m": "", "b 1:* rwm": "", "b *:3 rwm": "", "c 1:3 rwm": "",
	} {
		if want == "" {
			want = text
		}
		if d, err := ParseDevice(text); err != nil || d.String() != want {
			t.Errorf("%q = %v, %v", text, d, err)
		}
	}
}

func device(t testing.TB, text string) Device {
	t.Helper()
	d, err := ParseDevice(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func devicesIn(t testing.TB, text string) (list []Device) {
	for part := range strings.SplitSeq(text, ",") {
		if part != "" {
			list = append(list, device(t, part))
		}
	}
	return list
}

// covers: DevicesTest.SubsetHelperTest
// covers: DeviceTest.SelectorEncompassTest
// covers: DeviceTest.SelectorWildcardTest
func TestWithin(t *testing.T) {
	for _, test := range []struct {
		less, more string
		strict     bool // and not the other way round
	}{
		{"c 3:1 rwm", "c 3:1 rwm", false}, {"c 3:1 rwm", "c *:1 rwm", true}, {"c 3:1 rwm", "c 3:* rwm", true},
		{"c 3:1 rwm", "a", true}, {"c 3:1 rm", "c 3:1 rwm", true}, {"c *:1 r", "c *:* r", true},
	} {
		less, more := device(t, test.less), device(t, test.more)
		if !less.within(more) || more.within(less) == test.strict {
			t.Errorf("%s, %s", less, more)
		}
	}
	if device(t, "b 3:1 rm").within(device(t, "c 3:1 rwm")) || device(t, "c 3:1 rwm").of(device(t, "c 3:2 rwm")) {
		t.Error("other devices are within")
	}
	for text, wild := range map[string]bool{"a": true, "b *:1 r": true, "b 1:* r": true, "b 1:1 r": false} {
		if device(t, text).wild() != wild {
			t.Errorf("%s: wild is not %v", text, wild)
		}
	}
}

// covers: DeviceTest.AccessOverlapsTest
// covers: DevicesTest.AccessNoneTest
func TestAccess(t *testing.T) {
	for _, test := range []struct{ a, b, union, common, without string }{
		{"rwm", "", "rwm", "", "rwm"}, {"rwm", "w", "rwm", "w", "rm"}, {"r", "m", "rm", "", "r"}, {"rw", "wm", "rwm", "w", "r"}, {"", "", "", "", ""},
	} {
		if union(test.a, test.b) != test.union || common(test.a, test.b) != test.common || without(test.a, test.b) != test.without {
			t.Errorf("%q, %q", test.a, test.b)
		}
	}
}

// covers: Cgroups2DevicesTest.NormalizeTest
// covers: Cgroups2DevicesTest.NormalizedTest
// covers: Cgroups2Test.CGROUPS2_ConfigureValidation
func TestNormal(t *testing.T) {
	for list, want := range map[string]string{
		"b 3:1 rw,b 3:1 m":                 "b 3:1 rwm",
		"c *:* rw,c 3:1 w":                 "c *:* rw",
		"c *:* r,c *:* w,c 3:1 w,c 3:1 wm": "c *:* rw,c 3:1 wm",
		strings.Join(everyone, ","):        strings.Join(everyone, ","),
	} {
		if diff := cmp.Diff(devicesIn(t, want), normal(devicesIn(t, list))); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
	empty := device(t, "c 1:3 r")
	empty.Access = ""
	if got := normal([]Device{empty}); got != nil {
		t.Errorf("%v", got)
	}
}

// covers: DeviceManagerGetDiffStateTestFixture.ROOT_DeviceManagerGetDiffState
// covers: DeviceManagerTest.ROOT_DeviceManagerConfigure_AllowWildcard
func TestChange(t *testing.T) {
	for _, test := range []struct{ allow, deny, more, less, thenAllow, thenDeny string }{
		{"c 3:1 rwm", "", "", "c 3:1 rm", "c 3:1 w", ""},
		{"c 3:* rwm", "c 3:1 rwm", "c 3:1 rm", "", "c 3:* rwm", "c 3:1 w"},
		{"c 3:1 rm", "", "", "c 3:1 rwm", "", ""},
		{"c 3:* rm", "c 3:1 rm", "c 3:1 rm", "", "c 3:* rm", ""},
		{"c 3:* rm", "c 3:1 rm", "c 3:1 rw", "", "c 3:* rm,c 3:1 rw", "c 3:1 m"},
		{"c 3:* rm", "", "", "c 3:1 rw", "c 3:* rm", "c 3:1 r"},
		{"a", "", "", "c 3:1 m", "a", "c 3:1 m"},
		{"c 1:3 w", "", "c 1:5 r", "c 1:3 w", "c 1:5 r", ""},
	} {
		before := Rules{devicesIn(t, test.allow), devicesIn(t, test.deny)}
		text := before.String()
		after, err := before.Change(devicesIn(t, test.more), devicesIn(t, test.less))
		if err != nil {
			t.Fatal(err)
		}
		want := Rules{devicesIn(t, test.thenAllow), devicesIn(t, test.thenDeny)}
		if diff := cmp.Diff(want.String(), after.String()); diff != "" {
			t.Errorf("%+v: %s", test, diff)
		}
		if before.String() != text {
			t.Errorf("%+v: what was before has changed", test)
		}
		if again, err := parseRules(after.String()); err != nil || again.String() != after.String() {
			t.Errorf("%+v: parsed %v, %v", test, again, err)
		}
	}
}

// covers: NonWildcardEntry.NonWildcardFromWildcard
// covers: DeviceManagerTest.ROOT_DeviceManagerConfigure_AllowMatchesDeny
// covers: DeviceManagerTest.ROOT_DeviceManagerGetDiffState_AllowMatchesDeny
func TestChangeThatContradictsItself(t *testing.T) {
	for _, test := range []struct{ more, less, says string }{
		{"c *:1 w", "", "more than one"}, {"", "c 1:* w", "more than one"}, {"c 1:3 w", "c 21:1 w,c 1:3 w", "allowed and denied"},
	} {
		_, err := Rules{}.Change(devicesIn(t, test.more), devicesIn(t, test.less))
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// covers: DeviceManagerCgroupDeviceAccessTest.IsAccessGrantedTest
func TestAllows(t *testing.T) {
	for _, test := range []struct{ allow, deny, yes, no string }{
		{"c 1:3 w", "", "c 1:3 w", "c 1:3 rw,b 1:3 w,c 1:4 w"},
		{"c *:3 w", "", "c 4:3 w,c *:3 w", "c 4:4 w"},
		{"c 5:* w", "", "c 5:* w,c 5:2 w", "c 6:2 w"},
		{"a", "", "c 6:2 w", ""},
		{"", "c 1:3 rwm", "", "c 1:3 w,c 1:3 rw"},
		{"c 1:3 rw", "c 1:3 w", "c 1:3 r", "c 1:3 rw,c 1:3 w"},
		{"c 1:* r,c *:3 w", "", "c 1:3 r,c 1:3 w", ""},
	} {
		rules := Rules{devicesIn(t, test.allow), devicesIn(t, test.deny)}
		for _, device := range devicesIn(t, test.yes) {
			if !rules.Allows(device) || !decided(rules, device) {
				t.Errorf("%+v: %s is not allowed", test, device)
			}
		}
		for _, device := range devicesIn(t, test.no) {
			if rules.Allows(device) || decided(rules, device) {
				t.Errorf("%+v: %s is allowed", test, device)
			}
		}
	}
}

// decided is what the first of the steps decides that a use of a device is within.
func decided(rules Rules, device Device) bool {
	steps := rules.steps()
	at := slices.IndexFunc(steps, func(s step) bool { return device.within(s.Device) })
	return at >= 0 && steps[at].allow
}
