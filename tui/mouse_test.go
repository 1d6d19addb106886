package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// lines are what is seen.
func (a *actor) lines() []string { return strings.Split(text.Strip(a.Draw()), "\n") }

// selected is the first word of the line that the cursor is at.
func (a *actor) selected() string {
	for _, line := range a.lines() {
		if rest, found := strings.CutPrefix(line, "▸"); found {
			return strings.Fields(rest)[0]
		}
	}
	return ""
}

func (a *actor) click(x, y int) { a.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }

func TestMouseInLists(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 16)
	row := func(y int) string { return strings.Fields(a.lines()[y])[0] }
	target := row(6)
	a.click(10, 6)
	if got := a.selected(); got != target {
		t.Errorf("the cursor is at %s, want %s", got, target)
	}
	a.expect("overview > tasks")
	a.click(10, 6) // again: it opens
	a.shows("task " + target)
	a.keys("esc")
	if got := a.selected(); got != target {
		t.Errorf("back at %s, want %s", got, target)
	}

	before := a.lines()[3]
	for range 5 {
		a.send(tea.MouseWheelMsg{X: 10, Y: 6, Button: tea.MouseWheelDown})
	}
	if a.lines()[3] == before {
		t.Error("the wheel moves nothing")
	}
	for range 10 {
		a.send(tea.MouseWheelMsg{X: 10, Y: 6, Button: tea.MouseWheelUp})
	}
	if got := a.lines()[3]; strings.Trim(got, "▸ ") != strings.Trim(before, "▸ ") {
		t.Errorf("the first line is %q after the wheel went up, want %q", got, before)
	}

	header := func() string { return a.lines()[2] }
	clickMem := func() { a.click(text.Width(header()[:strings.Index(header(), "MEM")]), 2) }
	clickMem()
	if !strings.Contains(header(), "↓MEM") {
		t.Errorf("a click on MEM sorts as %q", header())
	}
	clickMem()
	if !strings.Contains(header(), "↑MEM") {
		t.Errorf("a second click on MEM sorts as %q", header())
	}
	a.click(119, 15) // outside of everything
	a.send(tea.MouseClickMsg{X: 10, Y: 6, Button: tea.MouseRight})
	a.expect("overview > tasks")
}

func TestMoreColumns(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 40)
	few := a.lines()[2]
	a.keys("ctrl+w")
	if more := a.lines()[2]; len(strings.Fields(more)) <= len(strings.Fields(few)) {
		t.Errorf("columns are %q, and were %q", more, few)
	}
	a.keys("ctrl+w")
	if again := a.lines()[2]; again != few {
		t.Errorf("columns are %q, and were %q", again, few)
	}
	a = scene(t, Config{Page: "masters"}, 200, 60)
	a.keys("ctrl+w")
	a.shows("no more columns")
}

// By share is by what frameworks hold of the cluster as it is now.
func TestFrameworksByShare(t *testing.T) {
	a := scene(t, Config{Page: "frameworks"}, 120, 40)
	a.keys("E")
	if !strings.Contains(a.lines()[2], "↓SHARE") {
		t.Fatalf("the header is %q", a.lines()[2])
	}
	names := func() []string {
		var names []string
		for _, line := range a.lines()[3:7] {
			if f := strings.Fields(strings.TrimLeft(line, "▸ ")); len(f) > 0 {
				names = append(names, f[0])
			}
		}
		return names
	}
	shares := func() []float64 {
		var shares []float64
		for _, name := range names() {
			for _, f := range a.cluster.Frameworks.All() {
				if strings.HasPrefix(f.Name, strings.TrimRight(name, "…")) {
					shares = append(shares, f.Used.Share(a.cluster.Total()))
				}
			}
		}
		return shares
	}
	check := func() {
		t.Helper()
		s := shares()
		if len(s) != 4 {
			t.Fatalf("shares %v of %v", s, names())
		}
		for i := 1; i < len(s); i++ {
			if s[i] > s[i-1] {
				t.Errorf("shares are in the order %v", s)
			}
		}
	}
	check()
	// Agents with plenty of memory and nothing else: it is cpus now that counts.
	for i := range 200 {
		agent := sceneAgent(10 + i)
		agent.TotalResources = scalars("cpus", 0.1, "mem", 1e6)
		a.batch(noon, &masterpb.Event{Type: masterpb.Event_AGENT_ADDED.Enum(), AgentAdded: &masterpb.Event_AgentAdded{Agent: agent}})
	}
	check()
	a.batch(noon.Add(time.Second), live.Snapshot{Cluster: cluster.Snapshot(sceneState(), noon)})
	check()
}
