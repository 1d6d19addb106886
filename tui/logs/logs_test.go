package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/internal/scene"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// until takes what arrives until something is so.
func until(t *testing.T, p *Page, what string, is func(view string) bool) string {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if view := ansi.Strip(p.View(100, 30)); is(view) {
			return view
		}
		select {
		case lines := <-p.lines:
			p.Update(arrived{p, lines})
		case <-time.After(time.Until(deadline)):
		}
	}
	t.Fatalf("%s is not so:\n%s", what, p.View(100, 30))
	return ""
}

func open(t *testing.T, s *scene.Scene, tasks ...string) *Page {
	t.Helper()
	var refs []page.Ref
	for _, id := range tasks {
		refs = append(refs, page.Ref{Kind: page.Task, Framework: scene.Web, ID: id})
	}
	p, err := New(s.Deps, refs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.Init()
	p.Update(page.Size{Width: 100, Height: 30})
	return p
}

func press(p *Page, keys string) {
	for _, k := range keys {
		p.Update(tea.KeyPressMsg{Code: k, Text: string(k)})
	}
}

func ends(s *scene.Scene, task string, state mesospb.TaskState) {
	status := scene.Task(scene.Web, task, scene.Host2, state).GetStatuses()[1]
	s.Apply(&masterpb.Event{Type: masterpb.Event_TASK_UPDATED.Enum(), TaskUpdated: &masterpb.Event_TaskUpdated{
		FrameworkId: &mesospb.FrameworkID{Value: new(scene.Web)}, Status: status, State: status.State,
	}})
}

// A log is followed while its task runs, and ends with it.
func TestALogIsFollowedToItsEnd(t *testing.T) {
	s := scene.New(t)
	agent := s.Serve(t)
	sandbox := scene.Sandbox(scene.Web, "web.1")
	agent.Write(sandbox+"/stdout", "one\n\x1b[31mtwo\x1b[0m\x1b[2J\nthr")
	agent.Write(sandbox+"/stderr", "oops\n")
	p := open(t, s, "web.1")
	until(t, p, "what was there", func(v string) bool { return strings.Contains(v, "two") && strings.Contains(v, "▌oops") })
	agent.Write(sandbox+"/stdout", "ee\nfour\n")
	view := until(t, p, "what came", func(v string) bool { return strings.Contains(v, "three") && strings.Contains(v, "four") })
	if !strings.Contains(view, "● following") {
		t.Errorf("it is not said to follow:\n%s", view)
	}
	ends(s, "web.1", mesospb.TaskState_TASK_FINISHED)
	p.Update(page.Changed{})
	view = until(t, p, "the end", func(v string) bool { return strings.Contains(v, "it has ended: TASK_FINISHED") })
	if !strings.Contains(view, "○ ended") {
		t.Errorf("it is not said to be over:\n%s", view)
	}
}

func TestSeveralTasksAreToldApart(t *testing.T) {
	s := scene.New(t)
	agent := s.Serve(t)
	for _, task := range []string{"web.1", "web.11"} {
		agent.Write(scene.Sandbox(scene.Web, task)+"/stdout", "I am "+task+"\n")
		agent.Write(scene.Sandbox(scene.Web, task)+"/stderr", "")
	}
	p := open(t, s, "web.1", "web.11")
	view := until(t, p, "both", func(v string) bool { return strings.Contains(v, "am web.11") && strings.Contains(v+"\n", "am web.1\n") })
	if !strings.Contains(view, "web.1  |  I am web.1") || !strings.Contains(view, "web.11 |  I am web.11") {
		t.Errorf("they are drawn as\n%s", view)
	}
}

// A task whose sandbox is away is said to be so.
func TestALogThatIsNotThere(t *testing.T) {
	s := scene.New(t)
	s.Serve(t)
	p := open(t, s, "web.1")
	ends(s, "web.1", mesospb.TaskState_TASK_LOST)
	p.Update(page.Changed{})
	until(t, p, "why", func(v string) bool {
		return strings.Contains(v, "stdout is not there: the sandbox was removed, or the task never ran")
	})
}

func TestOfWhatCannotBeRead(t *testing.T) {
	s := scene.New(t)
	if _, err := New(s.Deps, []page.Ref{{Kind: page.Task, Framework: scene.Web, ID: "nobody"}}); err == nil || !strings.Contains(err.Error(), "no task nobody") {
		t.Errorf("error %v", err)
	}
	if _, err := New(s.Deps, make([]page.Ref, 33)); err == nil || !strings.Contains(err.Error(), "at most 32") {
		t.Errorf("error %v", err)
	}
}

// filled is a page with lines, and nobody who reads.
func filled(t *testing.T, tasks ...string) *Page {
	t.Helper()
	s := scene.New(t)
	s.Serve(t)
	var refs []page.Ref
	for _, id := range tasks {
		refs = append(refs, page.Ref{Kind: page.Task, Framework: scene.Web, ID: id})
	}
	p, err := New(s.Deps, refs)
	if err != nil {
		t.Fatal(err)
	}
	p.Update(page.Size{Width: 100, Height: 30})
	var lines batch
	for i := range 200 {
		e := entry{source: p.sources[i%len(p.sources)], text: fmt.Sprintf("%03d GET /item/%d 200", i, i*7), seen: scene.Now.Add(time.Duration(i) * time.Second)}
		if i%9 == 0 {
			e.stream, e.text = stderr, fmt.Sprintf("%03d ERROR upstream 10.0.0.%d did not answer within 5 seconds, so that the client was told to come again later", i, i)
		}
		lines = append(lines, e)
	}
	p.take(lines)
	return p
}

func TestViews(t *testing.T) {
	for _, size := range golden.Sizes {
		check := func(name string, p *Page, keys string) {
			p.Update(page.Size{Width: size.Width, Height: size.Height})
			press(p, keys)
			golden.Equal(t, name+"_"+size.Name, p.View(size.Width, size.Height), size.Width, size.Height)
		}
		check("one", filled(t, "web.1"), "")
		check("several", filled(t, "web.1", "web.11"), "tw")
		p := filled(t, "web.1")
		f, _ := page.ParseFilter("error")
		p.SetFilter(f)
		check("filtered", p, "kk")
		check("stderr", filled(t, "web.1"), "oo")
	}
}

func TestFilteringAndStreams(t *testing.T) {
	p := filled(t, "web.1")
	for _, test := range []struct {
		text string
		want int
	}{{"error", 23}, {"!error", 177}, {"0 err|1 err", 5}, {"", 200}} {
		f, err := page.ParseFilter(test.text)
		if err != nil {
			t.Fatal(err)
		}
		p.SetFilter(f)
		if got := p.buffer.Len(); got != test.want {
			t.Errorf("%q: %d lines, want %d", test.text, got, test.want)
		}
	}
	press(p, "o")
	if got := p.buffer.Len(); got != 177 {
		t.Errorf("stdout: %d lines", got)
	}
	press(p, "o")
	if got := p.buffer.Len(); got != 23 {
		t.Errorf("stderr: %d lines", got)
	}
	press(p, "oC")
	if p.buffer.Len() != 0 || !strings.Contains(p.View(100, 30), "nothing has been written") {
		t.Errorf("after it was cleared: %s", p.View(100, 30))
	}
}

// Who scrolls up stays where they are while lines come, also when old ones go.
func TestScrollingUpStopsFollowing(t *testing.T) {
	p := filled(t, "web.1")
	press(p, "kkkkk")
	top := func() string { return strings.Split(ansi.Strip(p.View(100, 30)), "\n")[1] }
	before := top()
	more := make(batch, maxLines)
	for i := range more {
		more[i] = entry{source: p.sources[0], text: fmt.Sprint("more ", i)}
	}
	p.take(more[:100])
	if top() != before {
		t.Errorf("lines moved it from %q to %q", before, top())
	}
	p.take(more)
	if got := top(); got != " more 0" || p.buffer.Len() != maxLines {
		t.Errorf("when the place itself is gone it is %q of %d", got, p.buffer.Len())
	}
	press(p, "G")
	if !p.follow || !strings.HasSuffix(p.View(100, 30), fmt.Sprint("more ", maxLines-1)) {
		t.Error("G does not follow again")
	}
}

// Many lines are filtered in a command, and what comes and goes meanwhile is right.
func TestFilteringManyLines(t *testing.T) {
	p := filled(t, "web.1")
	lines := func(from, n int) batch {
		var out batch
		for i := range n {
			out = append(out, entry{source: p.sources[0], text: fmt.Sprintf("line %d of them", from+i)})
		}
		return out
	}
	p.take(lines(0, 10_000))
	first, _ := page.ParseFilter("7 of")
	_, stale := p.SetFilter(first)
	second, _ := page.ParseFilter("5 of")
	_, cmd := p.SetFilter(second)
	p.take(lines(10_000, 15_000))
	p.Update(cmd())
	p.Update(stale())
	if got := p.buffer.Len(); got != maxLines/10 {
		t.Errorf("%d lines are shown, want %d", got, maxLines/10)
	}
	for i := range p.buffer.Len() {
		if line := plain(p.buffer.Line(i)); !strings.Contains(line, "5 of") {
			t.Fatalf("%q is shown", line)
		}
	}
}

// However much is written, a bounded part of it is kept.
func TestWhatIsKeptIsBounded(t *testing.T) {
	p := filled(t, "web.1")
	long := strings.Repeat("x", maxLine)
	for range 3000 {
		p.take(batch{{source: p.sources[0], text: long}})
	}
	if p.buffer.bytes > maxBytes || len(p.buffer.entries) > maxBytes/maxLine || p.buffer.Len() != len(p.buffer.entries) {
		t.Errorf("%d bytes in %d lines, %d shown", p.buffer.bytes, len(p.buffer.entries), p.buffer.Len())
	}
}

func TestSaving(t *testing.T) {
	p := filled(t, "web.1")
	var saved string
	p.deps.Save = saveTo(&saved)
	_, cmd := p.Update(tea.KeyPressMsg{Code: 's', Mod: tea.ModCtrl})
	if notice := cmd().(page.Notify); notice.Level != page.Good || strings.Count(saved, "\n") != 200 {
		t.Errorf("%+v, %d lines", notice, strings.Count(saved, "\n"))
	}
}

func BenchmarkFilter(b *testing.B) {
	buf := buffer{}
	for i := range maxLines {
		buf.add([]entry{{text: fmt.Sprintf("%d GET /some/path/of/an/item/%d 200 in 12 ms", i, i)}})
	}
	buf.filter, _ = page.ParseFilter("item/4.*7 ")
	for b.Loop() {
		buf.finish(buf.sift()())
	}
}

// What an agent says of what can't be read is text like any other; and what isn't read any
// more has not ended for that.
func TestALogThatBreaksOff(t *testing.T) {
	s := scene.New(t)
	agent := s.Serve(t)
	agent.Refuse("no \x1b[31mway\x07")
	p := open(t, s, "web.1")
	view := until(t, p, "why", func(v string) bool { return strings.Contains(v, "nothing more of it can be read") })
	if !strings.Contains(view, "no ·[31mway·") || strings.Contains(view, "has ended") {
		t.Errorf("it says\n%s", view)
	}
}
