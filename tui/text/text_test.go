package text

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestNamesDrawNothingElsewhere(t *testing.T) {
	for s, want := range map[string]string{
		"web.1": "web.1", "a\tb\nc": "a b c", "\x1b[2Jx": "·[2Jx", "a\u202eb": "a·b", "\xff!": "·!", "日本": "日本", "\u009b31m": "·31m",
	} {
		if got := Clean(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func TestLinesHaveTheirWidth(t *testing.T) {
	for _, s := range []string{"", "a", "abcdefgh", "日本語日本語", "\x1b[1mbold and long\x1b[m", "é̀x"} {
		for width := range 8 {
			for name, got := range map[string]string{"Left": Left(s, width), "Right": Right(s, width), "Between": Between(s, "xy", width)} {
				if Width(got) != width {
					t.Errorf("%s(%q, %d) is %q, %d wide", name, s, width, got, Width(got))
				}
			}
			if got := CutLeft(s, width); Width(got) > width {
				t.Errorf("CutLeft(%q, %d) is %q", s, width, got)
			}
		}
	}
	if got := CutLeft("/var/lib/mesos", 6); got != "…mesos" {
		t.Errorf("the end of a path is %q", got)
	}
}

func TestQuantities(t *testing.T) {
	for got, want := range map[string]string{
		Since(time.Time{}, time.Unix(100, 0)): "-", Since(time.Unix(40, 0), time.Unix(100, 0)): "60s",
		Number(1500): "1.5", Number(10): "0.01", Number(123456): "123", Number(20_000_000): "20 000", Number(0): "0",
		Memory(512 * mesos.OneScalar): "512M", Memory(1536 * mesos.OneScalar): "1.5G", Memory(1000 * mesos.OneScalar): "1G", Memory(0): "0",
		Bytes(1023): "1K", Bytes(999): "999B", Count(1234567): "1 234 567", Count(-1234): "-1 234", Count(999): "999",
		Percent(0.256): "26%", Plural(1, "task"): "1 task", Plural(0, "task"): "0 tasks",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
