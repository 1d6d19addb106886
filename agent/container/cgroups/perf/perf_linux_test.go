package perf

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func parsed(t *testing.T, names ...string) []Event {
	t.Helper()
	list, err := Parse(names)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Every field of PerfStatistics is an event, under the names of perf-list(1).
func TestParse(t *testing.T) {
	// covers: PerfTest.ROOT_PERF_Events
	for i := range fields().Len() {
		name := string(fields().Get(i).Name())
		if name == "timestamp" || name == "duration" {
			continue
		}
		if list, err := Parse([]string{name}); err != nil || list[0].Name != name {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
	list := parsed(t, "cycles", " task-clock", "cpu-cycles", "LLC-load-misses", "dTLB-prefetches", "cs")
	var got []string
	for _, event := range list {
		got = append(got, fmt.Sprintf("%s %d %#x", event.Name, event.kind, event.config))
	}
	want := []string{"cycles 0 0x0", "task_clock 1 0x1", "llc_load_misses 3 0x10002", "dtlb_prefetches 3 0x203", "context_switches 1 0x3"}
	if !slices.Equal(got, want) {
		t.Errorf("events = %q", got)
	}
	for _, bad := range []string{"", "invalid-event", "timestamp", "LLC-", "llc-load", "bpf-output"} {
		if _, err := Parse([]string{"cycles", bad, "task-clock"}); mesos.KindOf(err) != mesos.Unsupported {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What software counts every machine counts; cycles only one whose processor has
// counters.
func TestAvailable(t *testing.T) {
	can, cannot, err := Available(parsed(t, "task-clock", "cycles", "page-faults"))
	if err != nil {
		t.Skipf("this process may not count: %v", err)
	}
	var counted, left []string
	for _, event := range can {
		counted = append(counted, event.Name)
	}
	for _, event := range cannot {
		left = append(left, event.Name)
	}
	if !slices.Contains(counted, "task_clock") || !slices.Contains(counted, "page_faults") ||
		slices.Contains(counted, "cycles") == slices.Contains(left, "cycles") {
		t.Errorf("this machine counts %q and not %q", counted, left)
	}
}

func TestParseList(t *testing.T) {
	for text, want := range map[string][]int{"0": {0}, "0-1": {0, 1}, "0-2,5,7-8": {0, 1, 2, 5, 7, 8}} {
		if got, err := parseList(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q = %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "x", "1-", "-1"} {
		if got, err := parseList(bad); err == nil {
			t.Errorf("%q = %v", bad, got)
		}
	}
}

func TestDirectoriesThatAreNoCgroups(t *testing.T) {
	events := parsed(t, "task-clock")
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "gone")} {
		if _, err := Count(dir, events); err == nil {
			t.Errorf("%s: it is counted", dir)
		}
	}
}

// Clocks are told in milliseconds, as perf(1) does.
func TestUnits(t *testing.T) {
	var statistics mesospb.PerfStatistics
	for _, event := range parsed(t, "cpu-clock", "major-faults") {
		event.set(&statistics, 2_500_000)
	}
	if statistics.GetCpuClock() != 2.5 || statistics.GetMajorFaults() != 2_500_000 {
		t.Errorf("statistics = %v", &statistics)
	}
}
