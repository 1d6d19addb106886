// Package pane shows lines: it scrolls, wraps, searches and highlights. What it costs
// to draw depends on what is on the screen, not on how many lines there are.
package pane

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

// Lines is what is shown. Its lines are as Sanitize leaves them.
type Lines interface {
	Len() int
	Line(i int) string
}

// Slice is lines in memory.
type Slice []string

// Len implements Lines.
func (s Slice) Len() int { return len(s) }

// Line implements Lines.
func (s Slice) Line(i int) string { return s[i] }

// Pane shows lines. It is a part of a page, which passes keys on to it.
type Pane struct {
	keys  *keymap.Map
	style func() *style.Style

	lines         Lines
	width, height int
	wrap          bool
	top, row      int // the first line shown, and the first of its rows
	left          int // how far it is scrolled to the right, in cells
	search        page.Filter
	current       int // the line that n went to last; -1: none
	split         latest
}

// New returns a pane that shows nothing yet.
func New(keys *keymap.Map, styles func() *style.Style) *Pane {
	return &Pane{keys: keys, style: styles, lines: Slice(nil), current: -1, height: 1, width: 1}
}

// SetLines shows other lines from the same place on, if they are as many.
func (p *Pane) SetLines(lines Lines) {
	p.lines = lines
	p.clamp()
}

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) {
	p.width, p.height = max(width, 1), max(height, 1)
	p.clamp()
}

// Wrap reports whether long lines go on in the next row.
func (p *Pane) Wrap() bool { return p.wrap }

// SetWrap says so.
func (p *Pane) SetWrap(wrap bool) {
	p.wrap, p.left, p.row = wrap, 0, 0
	p.clamp()
}

// Search is what is highlighted.
func (p *Pane) Search() page.Filter { return p.search }

// SetSearch highlights something else.
func (p *Pane) SetSearch(f page.Filter) { p.search, p.current = f, -1 }

// Top is the first line that is shown.
func (p *Pane) Top() int { return p.top }

// GoTo shows a line as the first one.
func (p *Pane) GoTo(line int) {
	p.top, p.row = line, 0
	p.clamp()
}

// Reveal makes a line the current one of the search, and shows it with some context.
func (p *Pane) Reveal(line int) {
	const context = 3 // a third of the pane above it
	p.current = line
	if line < p.top || line >= p.bottomLine() {
		p.GoTo(line - p.height/context)
	}
}

// Current is the line that the search is at; -1: none.
func (p *Pane) Current() int { return p.current }

// Shift moves the place along when so many lines are gone at the front.
func (p *Pane) Shift(gone int) {
	p.top -= gone
	if p.current >= 0 {
		p.current = max(p.current-gone, -1)
	}
	p.clamp()
}

// Keys are the bindings that do something here.
func (p *Pane) Keys() []key.Binding {
	keys := []key.Binding{p.keys.Wrap, p.keys.Top, p.keys.Bottom}
	if !p.search.Empty() {
		keys = append([]key.Binding{p.keys.NextMatch, p.keys.PrevMatch}, keys...)
	}
	return keys
}

// Update scrolls; it reports whether the message was for it.
func (p *Pane) Update(msg tea.Msg) bool {
	const wheel, sideways = 3, 8
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			p.scroll(-wheel)
		case tea.MouseWheelDown:
			p.scroll(wheel)
		default:
			return false
		}
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, p.keys.Up):
			p.scroll(-1)
		case key.Matches(msg, p.keys.Down):
			p.scroll(1)
		case key.Matches(msg, p.keys.PageUp):
			p.scroll(-max(p.height-1, 1))
		case key.Matches(msg, p.keys.PageDown):
			p.scroll(max(p.height-1, 1))
		case key.Matches(msg, p.keys.Top):
			p.GoTo(0)
		case key.Matches(msg, p.keys.Bottom):
			p.ToBottom()
		case key.Matches(msg, p.keys.Left):
			p.left = max(p.left-sideways, 0)
		case key.Matches(msg, p.keys.Right) && !p.wrap:
			p.left += sideways
		case key.Matches(msg, p.keys.Wrap):
			p.SetWrap(!p.wrap)
		case key.Matches(msg, p.keys.NextMatch):
			p.Next()
		case key.Matches(msg, p.keys.PrevMatch):
			p.Prev()
		default:
			return false
		}
	default:
		return false
	}
	return true
}

// Next goes to the next line with a match; false if there is none.
func (p *Pane) Next() bool { return p.find(p.start(1), 1) }

// Prev goes to the one before.
func (p *Pane) Prev() bool { return p.find(p.start(-1), -1) }

// start is where to look first: beside the current match if that is on the screen,
// else at the edge of the screen.
func (p *Pane) start(step int) int {
	switch {
	case p.current >= p.top && p.current < p.bottomLine():
		return p.current + step
	case step > 0:
		return p.top
	}
	return p.bottomLine() - 1
}

func (p *Pane) find(from, step int) bool {
	if p.search.Empty() {
		return false
	}
	for i := from; i >= 0 && i < p.lines.Len(); i += step {
		if len(p.search.Find(ansi.Strip(p.lines.Line(i)))) > 0 {
			p.Reveal(i)
			return true
		}
	}
	return false
}

// View draws the pane: as many rows as it is high, or fewer if there are not as many.
func (p *Pane) View() string {
	var rows []string
	for line, row := p.top, p.row; line < p.lines.Len() && len(rows) < p.height; line, row = line+1, 0 {
		text := p.lines.Line(line)
		if !p.wrap {
			rows = append(rows, p.draw(cut(text, p.left, p.width), line))
			continue
		}
		of := p.split.of(text, p.width)
		for ; row < len(of) && len(rows) < p.height; row++ {
			rows = append(rows, p.draw(of[row], line))
		}
	}
	return strings.Join(rows, "\n")
}

// draw finishes a row of a line.
func (p *Pane) draw(row string, line int) string {
	if !p.search.Empty() {
		row = p.highlight(row, line)
	}
	if strings.IndexByte(row, ansi.ESC) >= 0 {
		row += "\x1b[m"
	}
	return row
}

// highlight marks what the search finds in a row. What is broken by the edge of a row
// is found in the whole line only, which is what n goes to.
func (p *Pane) highlight(row string, line int) string {
	plain := ansi.Strip(row)
	found := p.search.Find(plain)
	if len(found) == 0 {
		return row
	}
	mark := p.style().Match
	if line == p.current {
		mark = p.style().MatchCurrent
	}
	return paint(row, found, mark)
}

// Position is where in the text the pane is, for people.
func (p *Pane) Position() string {
	n := p.lines.Len()
	if n == 0 {
		return "empty"
	}
	return fmt.Sprintf("lines %d-%d of %d", p.top+1, p.bottomLine(), n)
}
