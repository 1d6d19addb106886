package sandbox

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/internal/scene"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var root = scene.Sandbox(scene.Web, scene.Running)

// run runs commands and gives pages what they return, until there are none left.
func run(p page.Page, cmd tea.Cmd) (last tea.Msg) {
	for cmd != nil {
		msg := cmd()
		if msg == nil {
			return last
		}
		last = msg
		_, cmd = p.Update(msg)
	}
	return last
}

func press(p page.Page, keys string) (last tea.Msg) {
	for _, k := range keys {
		_, cmd := p.Update(tea.KeyPressMsg{Code: k, Text: string(k)})
		last = run(p, cmd)
	}
	return last
}

func browser(t *testing.T) (*Page, *scene.Scene, *scene.Agent) {
	t.Helper()
	s := scene.New(t)
	agent := s.Serve(t)
	p, err := New(s.Deps, page.Ref{Kind: page.Task, Framework: scene.Web, ID: scene.Running})
	if err != nil {
		t.Fatal(err)
	}
	p.Update(page.Size{Width: 80, Height: 21})
	return p, s, agent
}

func TestViews(t *testing.T) {
	p, _, agent := browser(t)
	agent.Write(root+"/stdout", strings.Repeat("x", 3<<20))
	agent.Write(root+"/stderr", "")
	agent.Write(root+"/data/file", "x")
	agent.Write(root+"/a name with spaces and \x1b[31mcolours\x1b[m", "x")
	run(p, p.Init())
	for _, size := range golden.Sizes {
		p.Update(page.Size{Width: size.Width, Height: size.Height})
		golden.Equal(t, "directory_"+size.Name, p.View(size.Width, size.Height), size.Width, size.Height)
	}
}

func TestEnterOpensAndCtrlSDownloads(t *testing.T) {
	p, s, agent := browser(t)
	agent.Write(root+"/data/file", "below\n")
	agent.Write(root+"/stdout", "hello\n")
	run(p, p.Init())
	p.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	if opened := s.Opened(); opened == nil || opened.Title() != "data" {
		t.Errorf("enter opens %+v", opened)
	}
	press(p, "j")
	p.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	f, ok := s.Opened().(*File)
	if !ok || f.Title() != "stdout" {
		t.Fatalf("enter on a file opens %+v", f)
	}
	run(f, f.Init())
	if view := f.View(80, 20); view != "hello" {
		t.Errorf("the file is drawn as %q", view)
	}
	msg := download(s.Deps, p.files, root+"/stdout")
	notice := last(msg)
	if n, ok := notice.(page.Notify); !ok || n.Text != "saved to /home/me/stdout" || s.Saved != "hello\n" {
		t.Errorf("%+v saved %q", notice, s.Saved)
	}
}

// last is what the last command of a sequence returns.
func last(cmd tea.Cmd) tea.Msg {
	var msg tea.Msg
	for _, c := range sequence(cmd()) {
		msg = c()
	}
	return msg
}

func TestOfWhatIsNotThere(t *testing.T) {
	p, s, _ := browser(t)
	p.Update(listed{page: p, err: notFound})
	if view := p.View(80, 20); !strings.Contains(view, "it was removed, or the task never ran") {
		t.Errorf("drawn as %q", view)
	}
	s.Apply(&masterpb.Event{Type: masterpb.Event_AGENT_REMOVED.Enum(), AgentRemoved: &masterpb.Event_AgentRemoved{
		AgentId: &mesospb.AgentID{Value: new(scene.Host2)},
	}})
	if _, err := New(s.Deps, page.Ref{Kind: page.Task, Framework: scene.Web, ID: scene.Running}); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("error %v", err)
	}
}

func file(t *testing.T, data string) (*File, *scene.Agent) {
	t.Helper()
	s := scene.New(t)
	agent := s.Serve(t)
	agent.Write(root+"/big", data)
	of, ok := s.Deps.Agent(scene.Host2)
	if !ok {
		t.Fatal("no agent")
	}
	f := NewFile(s.Deps, of.Files(), root+"/big")
	t.Cleanup(f.Close)
	f.Update(page.Size{Width: 80, Height: 20})
	run(f, f.Init())
	return f, agent
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %07d of the file, which has many of them\n", i)
	}
	return b.String()
}

func first(f *File) string { return strings.Split(ansi.Strip(f.View(80, 20)), "\n")[0] }

func final(f *File) string {
	lines := strings.Split(ansi.Strip(f.View(80, 20)), "\n")
	return lines[len(lines)-1]
}

// A large file is scrolled through in both directions, line by line, and never is more
// of it in memory than a window.
func TestALargeFileIsSeenThroughAWindow(t *testing.T) {
	const lines = 60_000 // 3 MB
	f, _ := file(t, numbered(lines))
	line := func(i int) string { return fmt.Sprintf("line %07d of the file, which has many of them", i) }
	if first(f) != line(0) {
		t.Errorf("it begins with %q", first(f))
	}
	press(f, "G")
	if final(f) != line(lines-1) {
		t.Errorf("G shows %q last", final(f))
	}
	for at := lines - 20; at > lines-40_000; at -= 19 {
		if first(f) != line(at) {
			t.Fatalf("scrolled up to %q, want %q", first(f), line(at))
		}
		f.pane.Resize(80, 20)
		_, cmd := f.Update(tea.KeyPressMsg{Code: tea.KeyPgUp})
		run(f, cmd)
		if size := f.seen.end - f.seen.start; size > windowBytes {
			t.Fatalf("the window is %d bytes", size)
		}
	}
	press(f, "g")
	for at := 0; at < 40_000; at += 19 {
		if first(f) != line(at) {
			t.Fatalf("scrolled down to %q, want %q", first(f), line(at))
		}
		_, cmd := f.Update(tea.KeyPressMsg{Code: tea.KeyPgDown})
		run(f, cmd)
	}
}

// A search goes on where the window ends, in both directions.
func TestSearchingALargeFile(t *testing.T) {
	const needle = "here is the needle"
	f, _ := file(t, numbered(150_000)+needle+" 1\n"+numbered(60_000)+needle+" 2\n"+numbered(10))
	filter, _ := page.ParseFilter("needle")
	_, cmd := f.SetFilter(filter)
	run(f, cmd)
	current := func() string { return f.seen.Line(f.pane.Current()) }
	press(f, "n")
	if current() != needle+" 1" {
		t.Errorf("n goes to %q", current())
	}
	press(f, "n")
	if current() != needle+" 2" {
		t.Errorf("n again goes to %q", current())
	}
	if notice, ok := press(f, "n").(page.Notify); !ok || !strings.Contains(notice.Text, "up to the end") {
		t.Errorf("n after the last one says %+v", notice)
	}
	press(f, "N")
	if current() != needle+" 1" {
		t.Errorf("N goes to %q", current())
	}
	if notice, ok := press(f, "N").(page.Notify); !ok || !strings.Contains(notice.Text, "up to the beginning") {
		t.Errorf("N before the first one says %+v", notice)
	}
}

func TestABinaryFileIsSaidToBeOne(t *testing.T) {
	f, _ := file(t, "ELF\x00\x01\x02\x1b[2J")
	if view := f.View(80, 20); !strings.Contains(view, "this is a binary file of 10B") {
		t.Errorf("drawn as %q", view)
	}
	f, _ = file(t, "")
	if view := f.View(80, 20); view != "the file is empty" {
		t.Errorf("an empty file is drawn as %q", view)
	}
}

// One line that is larger than a window does not stop anybody.
func TestAFileOfOneLine(t *testing.T) {
	f, _ := file(t, strings.Repeat("0123456789", 300_000))
	press(f, "w")
	press(f, strings.Repeat("j", 30))
	press(f, "G")
	if !strings.HasSuffix(final(f), "9") {
		t.Errorf("the end is %q", final(f))
	}
}

func TestFileViews(t *testing.T) {
	f, _ := file(t, numbered(100)+"the last line is \x1b[31mred\x1b[m and so long that it must be cut off or go on in another row "+strings.Repeat("of the screen ", 20)+"\n")
	for _, size := range golden.Sizes {
		f.Update(page.Size{Width: size.Width, Height: size.Height})
		press(f, "G")
		golden.Equal(t, "file_"+size.Name, f.View(size.Width, size.Height), size.Width, size.Height)
	}
}
