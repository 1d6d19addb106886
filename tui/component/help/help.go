// Package help is the overlay that tells which keys and pages there are. It is made
// from the keys and the pages themselves.
package help

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

// Help is the overlay.
type Help struct {
	deps  *page.Deps
	title string
	here  []key.Binding
	pane  *pane.Pane
	width int // that the pane's lines are made for
}

// New is the help on a page and its keys, and on everything else after that.
func New(deps *page.Deps, title string, here []key.Binding) *Help {
	return &Help{deps: deps, title: title, here: here, pane: pane.New(deps.Keys, deps.Style)}
}

// Title implements page.Page.
func (h *Help) Title() string { return "help" }

// Init implements page.Page.
func (h *Help) Init() tea.Cmd { return nil }

// Capturing implements page.Capturing.
func (h *Help) Capturing() bool { return true }

// Keys implements page.Page.
func (h *Help) Keys() []key.Binding {
	return []key.Binding{h.deps.Keys.Up, h.deps.Keys.Down, h.deps.Keys.Back}
}

// Update implements page.Page.
func (h *Help) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	keys := h.deps.Keys
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, keys.Back, keys.Help, keys.Quit, keys.Enter) {
		h.deps.Ask(page.Pop{})
		return h, nil
	}
	h.pane.Update(msg)
	return h, nil
}

// Box implements page.Overlay.
func (h *Help) Box(maxWidth, maxHeight int) (width, height int) {
	const wide = 150
	width = min(maxWidth, wide)
	h.fill(width)
	return width, min(maxHeight, len(h.lines()))
}

// View implements page.Page.
func (h *Help) View(width, height int) string {
	h.fill(width)
	h.pane.Resize(width, height)
	if h.pane.AtBottom() {
		return h.pane.View()
	}
	h.pane.Resize(width, height-1)
	return h.pane.View() + "\n" + h.deps.Style().Dim.Render("↓ more")
}

func (h *Help) fill(width int) {
	if h.width != width {
		h.width = width
		h.pane.SetLines(pane.Slice(h.lines()))
	}
}

// lines is the whole help: the groups in as many columns as there is room for.
func (h *Help) lines() []string {
	const columnWidth, gap, most = 36, 3, 3
	groups := []keymap.Group{{Title: h.title, Keys: h.here}}
	groups = append(groups, h.deps.Keys.Groups()...)
	var blocks [][]string
	for _, g := range groups {
		if block := h.block(g.Title, pairs(g.Keys)); block != nil {
			blocks = append(blocks, block)
		}
	}
	var screens [][2]string
	for _, s := range h.deps.Registry.Screens() {
		screens = append(screens, [2]string{":" + s.Name, s.Short})
	}
	if block := h.block("pages", screens); block != nil {
		blocks = append(blocks, block)
	}
	n := min(max((h.width+gap)/(columnWidth+gap), 1), most, len(blocks))
	return columns(blocks, n, (h.width-(n-1)*gap)/n, gap)
}

func pairs(bindings []key.Binding) [][2]string {
	var list [][2]string
	for _, b := range bindings {
		if b.Enabled() || len(b.Keys()) == 0 {
			list = append(list, [2]string{b.Help().Key, b.Help().Desc})
		}
	}
	return list
}

// block is a title and its lines.
func (h *Help) block(title string, entries [][2]string) []string {
	if len(entries) == 0 {
		return nil
	}
	st := h.deps.Style()
	widest := 0
	for _, e := range entries {
		widest = max(widest, ansi.StringWidth(e[0]))
	}
	lines := []string{st.Title.Render(title)}
	for _, e := range entries {
		lines = append(lines, line(st, e, widest))
	}
	return append(lines, "")
}

func line(st *style.Style, e [2]string, widest int) string {
	return st.Key.Render(e[0]) + strings.Repeat(" ", widest-ansi.StringWidth(e[0])+2) + st.Text.Render(e[1])
}

// columns puts blocks one below the other into n columns, in their order, none of
// which is much longer than the others.
func columns(blocks [][]string, n, width, gap int) []string {
	limit := 0
	for _, b := range blocks {
		limit = max(limit, len(b))
	}
	var filled [][]string
	for ; ; limit++ {
		if filled = fill(blocks, limit); len(filled) <= n {
			break
		}
	}
	height := 0
	for _, column := range filled {
		height = max(height, len(column))
	}
	pad := lipgloss.NewStyle().Width(width + gap)
	lines := make([]string, height)
	for _, column := range filled {
		for i := range lines {
			cell := ""
			if i < len(column) {
				cell = ansi.Truncate(column[i], width, "…")
			}
			lines[i] += pad.Render(cell)
		}
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// fill fills columns up to a limit.
func fill(blocks [][]string, limit int) [][]string {
	filled := [][]string{nil}
	for _, b := range blocks {
		last := len(filled) - 1
		if len(filled[last])+len(b) > limit && len(filled[last]) > 0 {
			filled = append(filled, nil)
			last++
		}
		filled[last] = append(filled[last], b...)
	}
	return filled
}
