// Package question asks before something is destroyed.
package question

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/page"
)

// Question is an overlay that is answered with yes or no. No is what Enter means
// unless the person chose otherwise. Of a cluster that wants it (page.Deps.Confirm)
// yes is its name, typed.
type Question struct {
	deps *page.Deps
	// Ask is the question, Lost are the things it is about, and Note says what else
	// there is to know before one answers.
	ask  string
	lost []string
	note string
	do   tea.Cmd
	yes  bool // is chosen
	// typed is what was typed so far of the cluster's name.
	typed string
}

// New asks whether to do something: ask is a sentence with a question mark, lost names
// what is destroyed, one thing a line, note may be empty.
func New(deps *page.Deps, ask string, lost []string, note string, do tea.Cmd) *Question {
	return &Question{deps: deps, ask: ask, lost: lost, note: note, do: do}
}

// Title implements page.Page.
func (q *Question) Title() string { return "sure?" }

// Init implements page.Page.
func (q *Question) Init() tea.Cmd { return nil }

// Capturing implements page.Capturing.
func (q *Question) Capturing() bool { return true }

// Keys implements page.Page.
func (q *Question) Keys() []key.Binding {
	if q.deps.Confirm != "" {
		return []key.Binding{q.deps.Keys.Enter, q.deps.Keys.Back}
	}
	return []key.Binding{q.deps.Keys.Yes, q.deps.Keys.No}
}

// Update implements page.Page.
func (q *Question) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return q, nil
	}
	if q.deps.Confirm != "" {
		return q, q.typing(press)
	}
	keys := q.deps.Keys
	switch {
	case key.Matches(press, keys.Yes), q.yes && key.Matches(press, keys.Enter):
		q.deps.Ask(page.Pop{})
		return q, q.do
	case key.Matches(press, keys.No), key.Matches(press, keys.Back), key.Matches(press, keys.Enter):
		q.deps.Ask(page.Pop{})
	case press.Text == "" && key.Matches(press, keys.Left, keys.Right, keys.NextTab, keys.PrevTab): // no letter but y means yes
		q.yes = !q.yes
	}
	return q, nil
}

// typing takes a key of the cluster's name.
func (q *Question) typing(press tea.KeyPressMsg) tea.Cmd {
	keys := q.deps.Keys
	switch {
	case key.Matches(press, keys.Back):
		q.deps.Ask(page.Pop{})
	case key.Matches(press, keys.Enter) && q.typed == q.deps.Confirm:
		q.deps.Ask(page.Pop{})
		return q.do
	case key.Matches(press, keys.Enter):
		q.deps.Ask(page.Pop{})
		return page.Send(page.Notify{Level: page.Warn, Text: "that is not its name: nothing was done"})
	case press.Code == tea.KeyBackspace:
		if r := []rune(q.typed); len(r) > 0 {
			q.typed = string(r[:len(r)-1])
		}
	default:
		q.typed += press.Text
	}
	return nil
}

// Box implements page.Overlay.
func (q *Question) Box(maxWidth, maxHeight int) (width, height int) {
	const narrow = 44
	width = max(narrow, ansi.StringWidth(q.ask))
	for _, line := range q.lost {
		width = max(width, ansi.StringWidth(line)+2)
	}
	width = min(width, maxWidth)
	return width, min(maxHeight, strings.Count(q.text(width, maxHeight), "\n")+1)
}

// View implements page.Page.
func (q *Question) View(width, height int) string { return q.text(width, height) }

func (q *Question) text(width, height int) string {
	st := q.deps.Style()
	lines := strings.Split(ansi.Wordwrap(q.ask, width, ""), "\n")
	for i, line := range lines {
		lines[i] = st.Strong.Render(line)
	}
	var after []string
	if q.note != "" {
		after = append(after, "")
		for line := range strings.SplitSeq(ansi.Wordwrap(q.note, width, ""), "\n") {
			after = append(after, st.Dim.Render(line))
		}
	}
	after = append(after, "")
	if q.deps.Confirm != "" {
		after = append(after, ansi.Truncate("type "+st.Strong.Render(q.deps.Confirm)+" and enter to go on: "+q.typed+"▏", width, "…"))
	} else {
		after = append(after, q.buttons(width))
	}
	lines = append(lines, q.list(width, height-len(lines)-len(after)-1)...)
	return strings.Join(append(lines, after...), "\n")
}

// list names what is lost, or as much of it as there is room for.
func (q *Question) list(width, room int) []string {
	if len(q.lost) == 0 {
		return nil
	}
	lost, more := q.lost, 0
	if room = max(room, 2); len(lost) > room {
		lost, more = lost[:room-1], len(lost)-room+1
	}
	st := q.deps.Style()
	lines := []string{""}
	for _, line := range lost {
		lines = append(lines, st.Bad.Render("- ")+ansi.Truncate(line, width-2, "…"))
	}
	if more > 0 {
		lines = append(lines, st.Dim.Render(fmt.Sprintf("  and %d more", more)))
	}
	return lines
}

func (q *Question) buttons(width int) string {
	st := q.deps.Style()
	button := func(k, label string, chosen bool) string {
		if chosen {
			return st.Selected.Render(" " + k + " " + label + " ")
		}
		return " " + st.Key.Render(k) + " " + label + " "
	}
	return lipgloss.PlaceHorizontal(width, lipgloss.Center, button("y", "yes", q.yes)+"   "+button("n", "no", !q.yes))
}
