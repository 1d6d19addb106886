package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Every page, in a terminal of every size.
func TestPages(t *testing.T) {
	for _, name := range []string{"overview", "tasks", "agents", "frameworks", "roles", "offers", "operations", "maintenance", "masters", "events"} {
		for _, size := range golden.Sizes {
			t.Run(name+"_"+size.Name, func(t *testing.T) {
				a := scene(t, Config{Page: name}, size.Width, size.Height)
				golden.Equal(t, name+"_"+size.Name, a.Draw(), size.Width, size.Height)
				if lines := strings.Count(a.Draw(), "\n") + 1; lines != size.Height {
					t.Errorf("%d lines are drawn", lines)
				}
			})
		}
	}
}

// The same with colours, as the terminal gets it.
func TestColours(t *testing.T) {
	for _, theme := range []string{style.Dark, style.ANSI} {
		got := scene(t, Config{Page: "tasks", Theme: theme}, 80, 12).Draw()
		path := filepath.Join("testdata", "colours_"+theme+".golden")
		got = strings.ReplaceAll(got, "\x1b", "␛") + "\n"
		if os.Getenv("UPDATE_COLOURS") != "" {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // it is committed
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path) //nolint:gosec // it is a test's
		if err != nil || got != string(want) {
			t.Errorf("drawn as\n%s\nwant (%v)\n%s", got, err, want)
		}
	}
}

// NO_COLOR means no colour at all, whatever is bold.
func TestNoColourIsNone(t *testing.T) {
	for _, page := range []string{"overview", "tasks", "events"} {
		view := scene(t, Config{Page: page}, 120, 40).Draw()
		for _, colour := range []string{"[3", ";3", "[4;", "[4m", "[9", "8;5", "8;2"} {
			if strings.Contains(strings.ReplaceAll(view, "[4m", ""), "\x1b"+colour) && colour != "[4m" {
				t.Errorf("%s has the escape %q", page, colour)
			}
		}
	}
}

// A terminal may be of any size at any time.
func TestAnySize(t *testing.T) {
	for _, name := range []string{"overview", "tasks", "agents", "roles", "events"} {
		a := scene(t, Config{Page: name}, 80, 24)
		for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 5}, {40, 10}, {41, 11}, {60, 13}, {79, 23}, {99, 33}, {100, 34}, {133, 12}, {300, 100}} {
			a.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			lines := strings.Split(a.Draw(), "\n")
			if len(lines) > max(size[1], 1) {
				t.Errorf("%s in %v: %d lines", name, size, len(lines))
			}
			for _, line := range lines {
				if w := text.Width(line); w > size[0] {
					t.Errorf("%s in %v: a line of %d cells: %q", name, size, w, line)
				}
			}
		}
	}
}

// titles are the breadcrumbs.
func (a *actor) titles() string {
	var titles []string
	for _, p := range a.stack {
		titles = append(titles, p.Title())
	}
	return strings.Join(titles, " > ")
}

func (a *actor) expect(want string) {
	a.t.Helper()
	if got := a.titles(); got != want {
		a.t.Errorf("the pages are %q, want %q", got, want)
	}
}

func (a *actor) shows(want string) {
	a.t.Helper()
	if !strings.Contains(text.Strip(a.Draw()), want) {
		a.t.Errorf("%q is not on the screen:\n%s", want, text.Strip(a.Draw()))
	}
}

func TestEnterGoesOnAndEscComesBack(t *testing.T) {
	a := scene(t, Config{}, 120, 40)
	a.keys(":agents", "enter")
	a.expect("overview > agents")
	a.keys("down", "enter")
	a.expect("overview > agents > tasks on node-1.rack1.example.org")
	a.shows("etl-stage.1 ")
	a.keys("esc")
	a.expect("overview > agents")
	if got := a.top().(interface{ Count() string }).Count(); got != "6" { //nolint:forcetypeassert // it has one
		t.Errorf("%s agents", got)
	}
	a.keys("esc", "esc", "esc") // the first page stays
	a.expect("overview")
	a.keys(":roles", "enter", "enter")
	a.expect("overview > roles > frameworks in batch")
	a.shows("chronos")
	a.keys("enter")
	a.expect("overview > roles > frameworks in batch > tasks of chronos")
	a.send(tea.MouseClickMsg{X: 2, Y: 1, Button: tea.MouseLeft}) // on a breadcrumb
	a.expect("overview")
}

func TestCommandsAndTheirCompletion(t *testing.T) {
	a := scene(t, Config{}, 120, 40)
	a.keys(":ev", "tab", "enter")
	a.expect("overview > events")
	a.keys(":task etl", "enter")
	a.expect("overview > events > tasks")
	a.shows("/etl")
	a.keys(":nonsense", "enter")
	a.shows(`there is no page "nonsense"`)
	a.keys(":tasks (", "enter")
	a.shows("filter")
	a.keys(":theme pink", "enter")
	a.shows(`there is no theme "pink"`)
	a.keys(":theme light", "enter")
	if a.style.Name != style.Light {
		t.Errorf("theme is %s", a.style.Name)
	}
	a.keys(":q", "enter")
	if !a.quit {
		t.Error("it goes on")
	}
}

func TestFiltersAsTheyAreTyped(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 40)
	count := func() string { return a.top().(interface{ Count() string }).Count() } //nolint:forcetypeassert // it has one
	all := count()
	a.keys("/web.2")
	narrowed := count()
	if narrowed == all || narrowed == "0" {
		t.Errorf("%s of %s tasks match", narrowed, all)
	}
	a.keys("esc") // as it was
	if count() != all {
		t.Errorf("%s of %s tasks", count(), all)
	}
	a.keys("/!web", "enter")
	a.shows("/!web")
	if text.Strip(a.Draw()); strings.Contains(text.Strip(strings.SplitN(a.Draw(), "\n", 4)[3]), "web.") {
		t.Error("what is excluded is shown")
	}
	a.keys("/(", "enter") // goes on with what there is
	a.shows("filter \"web(\"")
	a.keys("esc")
	a.expect("overview > tasks")
	a.keys("a")
	if count() == all {
		t.Error("tasks that are over aren't shown")
	}
}

func TestALostMasterIsShown(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 40)
	a.batch(noon, live.Status{Leader: "m1.example.org:5050", Lost: noon.Add(-3 * time.Second), Err: errLost, Next: noon.Add(4 * time.Second), Attempts: 2})
	golden.Equal(t, "lost_120x40", a.Draw(), 120, 40)
	a.keys("ctrl+r")
	if a.stage.retry != 1 {
		t.Errorf("asked %d times", a.stage.retry)
	}
	a.batch(noon, live.Status{Leader: "m2.example.org:5050"}, live.Snapshot{Cluster: cluster.Snapshot(sceneState(), noon)})
	a.shows("the master is m2.example.org:5050")
	a.keys("down")
	a.shows(" mesosctl  m2.example.org:5050")
	if a.cluster.History.Tasks.Now() == 0 || a.cluster.Log.At(1).Kind != cluster.MasterLost {
		t.Error("what was before is forgotten")
	}
}

// A page asks for what it shows only while it is shown.
func TestOnlyWhatIsShownIsAskedFor(t *testing.T) {
	a := scene(t, Config{}, 120, 40)
	wants := func(call masterpb.Call_Type) bool { return slices.Contains(a.stage.wanted, call) }
	a.keys(":roles", "enter")
	if !wants(masterpb.Call_GET_ROLES) || !wants(masterpb.Call_GET_METRICS) {
		t.Errorf("asks for %v", a.stage.wanted)
	}
	a.keys("?")
	if !wants(masterpb.Call_GET_ROLES) {
		t.Error("not while the help is over it")
	}
	a.keys("esc", "esc")
	if wants(masterpb.Call_GET_ROLES) || wants(masterpb.Call_GET_TASKS) || wants(masterpb.Call_GET_STATE) {
		t.Errorf("asks for %v", a.stage.wanted)
	}
}

// What an older master doesn't know is said on the page, not as an error.
func TestWhatAMasterDoesNotTell(t *testing.T) {
	a := act(t, Config{Page: "operations"}, 80, 24)
	a.batch(noon, live.Status{Leader: "m"}, live.Problem{Call: masterpb.Call_GET_OPERATIONS, Err: errLost, Gone: true})
	a.shows("this master doesn't tell")
}

func TestHelpIsOverThePage(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 40)
	a.keys("?")
	a.shows("help")
	a.shows("overview › tasks") // what is below is still there
	a.keys("esc")
	a.expect("overview > tasks")
}

// A box covers what is below it, and nothing else: no row of it is shifted or marked.
func TestABoxIsOverThePage(t *testing.T) {
	for _, size := range golden.Sizes {
		a := scene(t, Config{Page: "tasks"}, size.Width, size.Height)
		a.keys("space", "space", "ctrl+k")
		golden.Equal(t, "question_"+size.Name, a.Draw(), size.Width, size.Height)
	}
	if got := over("ab日本語de", "││", 3); got != "ab ││ 語de" {
		t.Errorf("over wide characters: %q", got)
	}
	if got := over("ab日本語de", "││", 2); got != "ab││本語de" {
		t.Errorf("over wide characters: %q", got)
	}
	if got := over("ab日本語de", "│", 2); got != "ab│ 本語de" {
		t.Errorf("over half of a wide character: %q", got)
	}
	if got := over("a", "│", 3); got != "a  │" {
		t.Errorf("beyond the end: %q", got)
	}
}

// What one must know of a cluster before one does anything is said from the beginning.
func TestWhichClusterItIs(t *testing.T) {
	a := scene(t, Config{Context: "prod", ReadOnly: true}, 80, 24)
	a.shows(" mesosctl  m1.example.org:5050 1.11.0  context prod ")
	a.shows("read-only ● ")
	a.keys(":tasks", "enter", "ctrl+k")
	a.shows("nothing is changed in read-only mode")
}

func TestSaving(t *testing.T) {
	dir := t.TempDir()
	a := scene(t, Config{Page: "masters", Save: SaveIn(dir, func() time.Time { return noon })}, 120, 40)
	a.keys("ctrl+s", "ctrl+s")
	for _, name := range []string{"mesosctl-masters-20260301-120000.txt", "mesosctl-masters-20260301-120000-2.txt"} {
		saved, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // it is a test's
		if err != nil || !strings.Contains(string(saved), "m2.example.org:5050  standby") {
			t.Errorf("saved %q, %v", saved, err)
		}
	}
	a.shows("saved to ")
	a.config.Save = SaveIn(filepath.Join(dir, "none"), func() time.Time { return noon })
	a.deps.Save = a.config.Save
	a.keys("ctrl+s")
	a.shows("save: ")
}

func TestBadBeginnings(t *testing.T) {
	for page, want := range map[string]string{"nonsense": "there is no page", "tasks (": "filter"} {
		if _, err := New(t.Context(), Config{Page: page, Theme: style.None, Live: &stage{}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", page, err)
		}
	}
	if _, err := New(t.Context(), Config{Theme: "pink"}); err == nil {
		t.Error("any theme will do")
	}
}

// Keys that are typed before a page is drawn are for that page, whatever its commands
// are still at: the messages of commands come after them.
func TestKeysAreForThePageThatIsOpened(t *testing.T) {
	for _, test := range []struct{ page, keys, want string }{
		{"tasks", "d1", "overview > tasks > task cron.2 > agent node-2.rack2.example.org"},
		{"agents", "\rd", "overview > agents > tasks on node-0.rack0.example.org > task web.0"},
		{"", "2y", "overview > agents > yaml node-0.rack0.example.org"},
		{"tasks", "r1d", "overview > tasks > agent node-2.rack2.example.org"},
		{"tasks", "?\x1bd", "overview > tasks > task cron.2"},
	} {
		a := scene(t, Config{Page: test.page}, 120, 40)
		for _, r := range test.keys {
			press := tea.KeyPressMsg{Code: r, Text: string(r)}
			if r == '\r' || r == '\x1b' {
				press.Text = ""
			}
			a.Update(press) // and no command
		}
		if got := a.titles(); got != test.want {
			t.Errorf("%q on %q opens %s, want %s", test.keys, test.page, got, test.want)
		}
	}
}

// A question is answered once, however often yes is pressed.
func TestAQuestionIsAnsweredOnce(t *testing.T) {
	a := scene(t, Config{Page: "tasks"}, 120, 40)
	a.Update(tea.KeyPressMsg{Code: 'k', Mod: tea.ModCtrl})
	a.expect("overview > tasks > sure?")
	if _, cmd := a.Update(tea.KeyPressMsg{Code: 'y', Text: "y"}); cmd == nil {
		t.Error("yes does nothing")
	}
	a.expect("overview > tasks")
	a.Update(tea.KeyPressMsg{Code: 'y', Text: "y"})
	a.expect("overview > tasks > yaml cron.2")
}
