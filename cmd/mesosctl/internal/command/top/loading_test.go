package top

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/live"
)

// A large cluster takes as long as it does; a master that is silent is given up.
func TestLoadingGoesOnWhileSomethingComes(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := loading{patience: 30 * time.Second, began: start, heard: start}
	for _, step := range []struct {
		after time.Duration
		is    live.Loading
		note  string
	}{
		{200 * time.Millisecond, live.Loading{}, ""},
		{20 * time.Second, live.Loading{}, "looking for the leading master"},
		{25 * time.Second, live.Loading{Master: "m1:5050"}, "waiting for the cluster's state from m1:5050"},
		{50 * time.Second, live.Loading{Master: "m1:5050", Bytes: 1 << 20}, "loading the cluster from m1:5050: 1M"},
		{75 * time.Second, live.Loading{Master: "m1:5050", Bytes: 300 << 20}, "loading the cluster from m1:5050: 300M"},
		{104 * time.Second, live.Loading{Master: "m1:5050", Bytes: 300 << 20}, "loading the cluster from m1:5050: 300M"},
		{104 * time.Second, live.Loading{Master: "m1:5050", Bytes: 400 << 20, Whole: true}, "reading the cluster's state of 400M"},
		{10 * time.Minute, live.Loading{Master: "m1:5050", Bytes: 400 << 20, Whole: true}, "reading the cluster's state of 400M"},
	} {
		if note, err := l.see(start.Add(step.after), step.is); err != nil || note != step.note {
			t.Errorf("after %v: %q, %v", step.after, note, err)
		}
	}
	for want, is := range map[string]live.Loading{
		"no master answered within 30secs":                            {},
		"the master at m1:5050 has sent nothing for 30secs, after 0":  {Master: "m1:5050"},
		"the master at m1:5050 has sent nothing for 30secs, after 1M": {Master: "m1:5050", Bytes: 1 << 20},
	} {
		l := loading{patience: 30 * time.Second, began: start, heard: start, last: is}
		if _, err := l.see(start.Add(30*time.Second), is); mesos.KindOf(err) != mesos.TimedOut || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", is, err, want)
		}
	}
}
