package details

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// patience is how long an answer may take.
const patience = 10 * time.Second

// Text is a page of text that is asked for when it is opened, and again on demand.
type Text struct {
	deps  *page.Deps
	title string
	file  string // what it is saved as
	pane  *pane.Pane
	// ask makes a command of what is known now; the lines it returns are shown.
	ask     func() func(context.Context) ([]string, error)
	lines   []string
	loading bool
}

// asked is the answer for a page.
type asked struct {
	page  *Text
	lines []string
	err   error
}

// newText is a page of text. Ask is called in Update.
func newText(deps *page.Deps, title, file string, ask func() func(context.Context) ([]string, error)) *Text {
	return &Text{deps: deps, title: text.Clean(title), file: file, ask: ask, pane: pane.New(deps.Keys, deps.Style)}
}

// Title implements page.Page.
func (t *Text) Title() string { return t.title }

// Init implements page.Page.
func (t *Text) Init() tea.Cmd {
	t.loading = true
	fetch := t.ask()
	ctx := t.deps.Context
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		lines, err := fetch(ctx)
		return asked{t, lines, err}
	}
}

// Update implements page.Page.
func (t *Text) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		t.pane.Resize(msg.Width, msg.Height)
	case asked:
		if msg.page == t {
			t.take(msg)
		}
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, t.deps.Keys.Save) && t.lines != nil:
			return t, save(t.deps, t.file, t.lines)
		case key.Matches(msg, t.deps.Keys.Refresh):
			return t, t.Init()
		}
		t.pane.Update(msg)
	case tea.MouseWheelMsg:
		t.pane.Update(msg)
	}
	return t, nil
}

func (t *Text) take(msg asked) {
	t.loading = false
	t.lines = msg.lines
	if msg.err != nil {
		t.lines = []string{t.deps.Style().Bad.Render(text.Clean(msg.err.Error()))}
		t.pane.SetWrap(true)
	}
	t.pane.SetLines(pane.Slice(t.lines))
}

// Filter implements page.Filtering.
func (t *Text) Filter() page.Filter { return t.pane.Search() }

// SetFilter implements page.Filtering: what matches is highlighted.
func (t *Text) SetFilter(f page.Filter) (page.Page, tea.Cmd) {
	t.pane.SetSearch(f)
	t.pane.Next()
	return t, nil
}

// Count implements page.Counting.
func (t *Text) Count() string {
	if t.lines == nil {
		return ""
	}
	return t.pane.Position()
}

// Keys implements page.Page.
func (t *Text) Keys() []key.Binding {
	k := t.deps.Keys
	return append([]key.Binding{k.Save, k.Refresh}, t.pane.Keys()...)
}

// View implements page.Page.
func (t *Text) View(width, height int) string {
	if t.lines == nil && t.loading {
		return t.deps.Style().Dim.Render("asking…")
	}
	t.pane.Resize(width, height)
	return t.pane.View()
}

// save is a command that writes lines to a file, without their colours.
func save(deps *page.Deps, name string, lines []string) tea.Cmd {
	data := ansi.Strip(strings.Join(lines, "\n")) + "\n"
	write := deps.Save
	return func() tea.Msg {
		path, err := write(name, strings.NewReader(data))
		if err != nil {
			return page.Notify{Level: page.Bad, Text: err.Error()}
		}
		return page.Notify{Level: page.Good, Text: "saved to " + path}
	}
}
