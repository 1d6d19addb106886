package details

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// relation is one line of the menu.
type relation struct {
	label, value string
	open         func()
}

// Menu is an overlay with what something is related to.
type Menu struct {
	deps  *page.Deps
	title string
	list  []relation
	at    int
}

// Relations is the menu of a thing's relations; nil if there are none.
func Relations(deps *page.Deps, ref page.Ref) *Menu {
	p := New(deps, ref)
	p.findTasks()
	d := document{style: deps.Style(), width: 1 << 10, chosen: -1}
	if !p.describe(&d) || len(d.links) == 0 {
		return nil
	}
	m := &Menu{deps: deps, title: "related to " + text.Clean(name(deps.Cluster(), ref))}
	for _, l := range d.links {
		if l.label == string(page.Task) { // there may be many; they have a list
			continue
		}
		m.list = append(m.list, relation{l.label, l.value, l.open})
	}
	return m
}

// Title implements page.Page.
func (m *Menu) Title() string { return m.title }

// Init implements page.Page.
func (m *Menu) Init() tea.Cmd { return nil }

// Capturing implements page.Capturing.
func (m *Menu) Capturing() bool { return true }

// Keys implements page.Page.
func (m *Menu) Keys() []key.Binding {
	k := m.deps.Keys
	return []key.Binding{k.Up, k.Down, k.Enter, k.Back}
}

// Update implements page.Page.
func (m *Menu) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return m, nil
	}
	if digit, err := strconv.Atoi(press.Text); err == nil && digit >= 1 && digit <= len(m.list) {
		m.choose(digit - 1)
		return m, nil
	}
	k := m.deps.Keys
	switch {
	case key.Matches(press, k.Up):
		m.at = max(m.at-1, 0)
	case key.Matches(press, k.Down):
		m.at = min(m.at+1, len(m.list)-1)
	case key.Matches(press, k.Enter):
		m.choose(m.at)
	case key.Matches(press, k.Back), key.Matches(press, k.Relations), key.Matches(press, k.Quit):
		m.deps.Ask(page.Pop{})
	}
	return m, nil
}

func (m *Menu) choose(i int) {
	m.deps.Ask(page.Pop{})
	m.list[i].open()
}

// Box implements page.Overlay.
func (m *Menu) Box(maxWidth, maxHeight int) (width, height int) {
	const lead = 4
	width = text.Width(m.title) + 2
	for _, r := range m.list {
		width = max(width, lead+labelWidth+text.Width(r.value))
	}
	return min(width, maxWidth), min(len(m.list), maxHeight)
}

// View implements page.Page.
func (m *Menu) View(width, height int) string {
	const digits, lead = 9, 4
	st := m.deps.Style()
	top := max(min(m.at-height+1, len(m.list)-height), 0)
	var lines []string
	for i := top; i < min(top+height, len(m.list)); i++ {
		r, mark := m.list[i], "    "
		if i < digits {
			mark = " " + strconv.Itoa(i+1) + "  "
		}
		body := text.Left(r.label, labelWidth) + text.Left(r.value, max(width-lead-labelWidth, 1))
		if i == m.at {
			lines = append(lines, st.Selected.Render(mark+body))
		} else {
			lines = append(lines, st.Key.Render(mark)+st.Text.Render(body))
		}
	}
	return strings.Join(lines, "\n")
}
