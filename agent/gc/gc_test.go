package gc

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Unix(1_000_000_000, 0)

// collect removes everything that is due and returns it.
func collect(c *Collector, now time.Time) (paths []string) {
	for {
		path, ok := c.Due(now)
		if !ok {
			return paths
		}
		paths = append(paths, path)
		c.Removed(path, Done)
	}
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("due: %q, want %q", got, want)
	}
}

func wantsMetrics(t *testing.T, c *Collector, pending, succeeded, failed int) {
	t.Helper()
	if got, want := c.Metrics(), (Metrics{pending, succeeded, failed}); got != want {
		t.Errorf("metrics %+v, want %+v", got, want)
	}
}

// covers: GarbageCollectorTest.Schedule
func TestWhatIsOldEnoughIsDue(t *testing.T) {
	const delay = 15 * time.Second
	c := New(delay, 0.1)
	c.Schedule("file1", start.Add(10*time.Second-delay))
	c.Schedule("file2", start.Add(10*time.Second-delay))
	c.Schedule("file3", start)
	c.Schedule("file4", start.Add(-2*delay))
	wants(t, collect(c, start), "file4")
	wantsMetrics(t, c, 3, 1, 0)
	wants(t, collect(c, start.Add(10*time.Second-1)))
	wants(t, collect(c, start.Add(10*time.Second)), "file1", "file2")
	if got, want := c.Next(), start.Add(delay); !got.Equal(want) {
		t.Errorf("next %v, want %v", got, want)
	}
	wants(t, collect(c, start.Add(15*time.Second)), "file3")
	wantsMetrics(t, c, 0, 4, 0)
	if !c.Next().IsZero() {
		t.Error("something is to be done when nothing is left")
	}
}

// covers: GarbageCollectorTest.Unschedule
func TestWhatIsUnscheduledStays(t *testing.T) {
	c := New(10*time.Second, 0.1)
	if c.Unschedule("bogus") {
		t.Error("unscheduled what was not scheduled")
	}
	for _, path := range []string{"file1", "file2", "file3"} {
		c.Schedule(path, start)
	}
	for _, path := range []string{"file2", "file3", "file1"} {
		if !c.Unschedule(path) {
			t.Errorf("%s was not scheduled", path)
		}
	}
	wants(t, collect(c, start.Add(time.Hour)))
	wantsMetrics(t, c, 0, 0, 0)
}

// covers: GarbageCollectorTest.Prune
func TestAFullDiskMakesDueWhatIsYounger(t *testing.T) {
	c := New(20*time.Second, 0)
	now := start.Add(10 * time.Second)
	c.Schedule("file1", start)
	c.Schedule("file2", start)
	c.Schedule("file3", start.Add(5*time.Second))
	c.Schedule("file4", start.Add(5*time.Second))
	c.Unschedule("file3")
	c.Disk(now, 0.4) // 12 seconds old may be what is over
	wants(t, collect(c, now))
	c.Disk(now, 0.5)
	wants(t, collect(c, now), "file1", "file2")
	c.Schedule("file5", now)
	c.Disk(now, 0.75)
	wants(t, collect(c, now), "file4")
	c.Disk(now, 2)
	wants(t, collect(c, now), "file5")
}

func TestAgeShrinksAsTheDiskFills(t *testing.T) {
	const week = 7 * 24 * time.Hour
	c := New(week, 0.1)
	for _, test := range []struct {
		used float64
		want time.Duration
	}{{0, week * 9 / 10}, {0.4, week / 2}, {0.9, 0}, {1, 0}} {
		if got := c.Age(test.used); got.Round(time.Second) != test.want {
			t.Errorf("at %v: %v, want %v", test.used, got, test.want)
		}
	}
}

func TestSchedulingAgainCountsTheLaterTime(t *testing.T) {
	c := New(10*time.Second, 0)
	c.Schedule("a", start)
	c.Schedule("a", start.Add(5*time.Second))
	c.Schedule("a", start.Add(time.Second))
	wantsMetrics(t, c, 1, 0, 0)
	wants(t, collect(c, start.Add(14*time.Second)))
	wants(t, collect(c, start.Add(15*time.Second)), "a")
}

func TestAFewRemovalsAreUnderWay(t *testing.T) {
	c := New(0, 0)
	for i := range 2 * maxUnderWay {
		c.Schedule(fmt.Sprint(i), start)
	}
	var taken []string
	for {
		path, ok := c.Due(start)
		if !ok {
			break
		}
		taken = append(taken, path)
	}
	if len(taken) != maxUnderWay {
		t.Fatalf("%d under way, want %d", len(taken), maxUnderWay)
	}
	if !c.Next().IsZero() {
		t.Error("a time is told while no more may be under way")
	}
	if !c.Unschedule(fmt.Sprint(maxUnderWay)) {
		t.Error("what waits can't be unscheduled")
	}
	c.Removed(taken[0], Failed)
	c.Removed(taken[1], Absent)
	c.Removed("never taken", Done)
	wantsMetrics(t, c, 2*maxUnderWay-3, 0, 1)
	if path, ok := c.Due(start); !ok || path != fmt.Sprint(maxUnderWay+1) {
		t.Errorf("next is %q, %v", path, ok)
	}
}

// TestEverythingIsRemovedOnceAndInOrder checks the collector against a list.
func TestEverythingIsRemovedOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const delay = 10
		c, now := New(delay, 0), start
		model := map[string]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			path := rapid.StringMatching(`[a-f]`).Draw(t, "path")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				since := now.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "age")))
				c.Schedule(path, since)
				if had, ok := model[path]; !ok || since.After(had) {
					model[path] = since
				}
			case 2:
				_, had := model[path]
				if c.Unschedule(path) != had {
					t.Fatalf("unschedule %s: want %v", path, had)
				}
				delete(model, path)
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "passes")))
				last := time.Time{}
				for _, path := range collect(c, now) {
					since, ok := model[path]
					if !ok || since.Before(last) || since.Add(delay).After(now) {
						t.Fatalf("%s, over at %v, is due at %v", path, since, now)
					}
					last = since
					delete(model, path)
				}
				for path, since := range model {
					if !since.Add(delay).After(now) {
						t.Fatalf("%s, over at %v, is not due at %v", path, since, now)
					}
				}
			}
			if c.Metrics().Pending != len(model) {
				t.Fatalf("%d pending, want %d", c.Metrics().Pending, len(model))
			}
		}
	})
}
