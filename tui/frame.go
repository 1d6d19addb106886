package tui

import (
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

const (
	above = 2 // lines above the page
	below = 1 // lines below it
	// minWidth and minHeight are the smallest terminal that something is drawn in.
	minWidth, minHeight = 40, 10
)

// resize tells the pages their size.
func (m *Model) resize() tea.Cmd {
	m.sized = page.Size{Width: m.width, Height: max(m.height-above-below, 1)}
	var cmds []tea.Cmd
	for i, p := range m.stack {
		cmds = append(cmds, m.to(i, m.sizeOf(p)))
	}
	return tea.Batch(cmds...)
}

// sizeOf is the room that a page has. Those of overlays have a border around it.
func (m *Model) sizeOf(p page.Page) page.Size {
	o, ok := p.(page.Overlay)
	if !ok {
		return m.sized
	}
	maxWidth, maxHeight := max(m.sized.Width-6, 1), max(m.sized.Height-2, 1)
	w, h := o.Box(maxWidth, maxHeight)
	return page.Size{Width: min(w, maxWidth), Height: min(h, maxHeight)}
}

// origin is where the page on top begins on the screen.
func (m *Model) origin() (x, y int) {
	if _, ok := m.top().(page.Overlay); !ok {
		return 0, above
	}
	size := m.sizeOf(m.top())
	return (m.sized.Width - size.Width) / 2, above + (m.sized.Height-size.Height)/2
}

// View draws the screen.
func (m *Model) View() tea.View {
	v := tea.NewView(m.Draw())
	v.AltScreen = true
	v.WindowTitle = "mesosctl top " + m.status.Leader
	if !m.config.NoMouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

// Draw is the screen as text.
func (m *Model) Draw() string {
	if m.width == 0 {
		return ""
	}
	if m.width < minWidth || m.height < minHeight {
		return text.Cut("the terminal is too small", m.width)
	}
	lines := make([]string, 0, m.height)
	lines = append(lines, m.banner(), m.crumbs())
	body := m.fit(m.stack[m.base()].View(m.sized.Width, m.sized.Height))
	for _, p := range m.stack[m.base()+1:] {
		m.overlay(body, p)
	}
	lines = append(lines, body...)
	lines = append(lines, m.bottom())
	return strings.Join(lines, "\n")
}

// fit makes a page's view as high as it must be, and no wider.
func (m *Model) fit(view string) []string {
	lines := strings.Split(view, "\n")
	lines = slices.Grow(lines[:min(len(lines), m.sized.Height)], m.sized.Height)
	for i, line := range lines {
		if text.Width(line) > m.width {
			lines[i] = ansi.Truncate(line, m.width, "")
		}
	}
	for len(lines) < m.sized.Height {
		lines = append(lines, "")
	}
	return lines
}

// overlay draws a page in a box over lines.
func (m *Model) overlay(lines []string, p page.Page) {
	s, size := m.style, m.sizeOf(p)
	x, y := (m.sized.Width-size.Width)/2, (m.sized.Height-size.Height)/2
	edge := func(left, mid, right string) string { return s.Draw(&s.BorderFocus, left+mid+right) }
	title := text.Cut(" "+p.Title()+" ", size.Width)
	top := s.Draw(&s.BorderFocus, "╭─") + s.Draw(&s.Title, title) +
		s.Draw(&s.BorderFocus, strings.Repeat("─", max(size.Width+1-text.Width(title), 0))+"╮")
	inside := strings.Split(p.View(size.Width, size.Height), "\n")
	box := []string{top}
	for i := range size.Height {
		line := ""
		if i < len(inside) {
			line = inside[i]
		}
		box = append(box, edge("│", " ", "")+text.Left(line, size.Width)+edge(" ", "", "│"))
	}
	box = append(box, edge("╰", strings.Repeat("─", size.Width+2), "╯"))
	for i, line := range box {
		at := y - 1 + i
		if at < 0 || at >= len(lines) {
			continue
		}
		lines[at] = over(lines[at], line, max(x-2, 0))
	}
}

// over puts a line over another one. A wide character that it covers half of is gone.
func over(under, line string, x int) string {
	end := x + text.Width(line)
	rest := max(text.Width(under)-end, 0)
	left, right := ansi.Truncate(under, x, ""), ansi.TruncateLeft(under, end, "")
	if text.Width(right) > rest {
		right = ansi.TruncateLeft(under, end+1, "")
	}
	return left + strings.Repeat(" ", x-text.Width(left)) + line + strings.Repeat(" ", rest-text.Width(right)) + right
}

// banner is the first line: which cluster, how it is, and whether it is live.
func (m *Model) banner() string {
	s := m.style
	if !m.status.Lost.IsZero() {
		return s.Draw(&s.BadBanner, text.Between(" "+m.lost(), m.next()+" ", m.width))
	}
	version := ""
	if v := m.cluster.Polled.Leader.GetVersion(); v != "" {
		version = " " + v
	}
	left := s.Draw(&s.CrumbLast, " mesosctl ") + " " + s.Draw(&s.Strong, text.Clean(m.status.Leader)) + s.Draw(&s.Dim, version)
	right := m.clock()
	room := m.width - text.Width(left) - text.Width(right)
	for _, middle := range m.figures() {
		if text.Width(middle)+4 <= room {
			left += "  " + middle
			room -= text.Width(middle) + 2
		}
	}
	return text.Between(left, right, m.width)
}

func (m *Model) clock() string {
	s := m.style
	mode := ""
	if m.config.ReadOnly {
		mode = s.Draw(&s.Warn, "read-only ")
	}
	return mode + s.Draw(&s.Good, "●") + s.Draw(&s.Dim, " "+m.now.Format(time.TimeOnly)+" ")
}

// figures are what fits of the cluster's figures into the banner.
func (m *Model) figures() []string {
	s, c := m.style, m.cluster
	figure := func(name, value string) string { return s.Draw(&s.Dim, name+" ") + s.Draw(&s.Text, value) }
	var list []string
	if m.config.Context != "" {
		list = append(list, figure("context", text.Clean(m.config.Context)))
	}
	list = append(list, figure("agents", text.Count(c.Agents.Len())), figure("tasks", text.Count(c.Alive())))
	total, used := c.Total(), c.Used()
	for _, r := range []struct {
		name  string
		share float64
	}{
		{"cpus", cluster.Amounts{CPUs: used.CPUs}.Share(total)}, {"mem", cluster.Amounts{Mem: used.Mem}.Share(total)},
	} {
		list = append(list, figure(r.name, text.Percent(r.share)))
	}
	return list
}

// lost is what is said of a master that is lost.
func (m *Model) lost() string {
	why := "no master leads"
	if m.status.Err != nil {
		why = text.Clean(m.status.Err.Error())
	}
	return "✖ master lost " + text.Since(m.status.Lost, m.now) + " ago: " + why
}

func (m *Model) next() string {
	wait := m.status.Next.Sub(m.now).Round(time.Second)
	if wait <= 0 {
		return " trying…"
	}
	return " next try in " + kinds.Age(wait) + ", ctrl-r: now"
}

// crumbs is the second line: where one is, how much is there, and what narrows it.
func (m *Model) crumbs() string {
	s := m.style
	left := " "
	for i, p := range m.crumbPages() {
		if i > 0 {
			left += s.Draw(&s.Dim, " › ")
		}
		field := &s.Dim
		if i == len(m.crumbPages())-1 {
			field = &s.Title
		}
		left += s.Draw(field, text.Clean(p.Title()))
	}
	base := m.stack[m.base()]
	if c, ok := base.(page.Counting); ok {
		left += " " + s.Draw(&s.Dim, c.Count())
	}
	right := ""
	if f, ok := base.(page.Filtering); ok && !f.Filter().Empty() {
		right = s.Draw(&s.InfoBanner, " /"+text.Clean(f.Filter().String())+" ") + " "
	}
	if over := text.Width(left) + text.Width(right) - m.width; over > 0 {
		left = s.Draw(&s.Dim, "…") + ansi.TruncateLeft(left, over+1, "")
	}
	return text.Between(left, right, m.width)
}

func (m *Model) crumbPages() []page.Page { return m.stack[:m.base()+1] }

// clickCrumb goes back to the page whose crumb is there.
func (m *Model) clickCrumb(x int) tea.Cmd {
	at := 1
	for i, p := range m.crumbPages() {
		w := text.Width(text.Clean(p.Title()))
		if x >= at && x < at+w {
			var cmds []tea.Cmd
			for len(m.stack) > i+1 {
				cmds = append(cmds, m.pop())
			}
			return tea.Batch(cmds...)
		}
		at += w + 3
	}
	return nil
}

// bottom is the last line: what is typed, what there is to say, or which keys there are.
func (m *Model) bottom() string {
	switch {
	case m.line != nil:
		return m.line.View(m.width)
	case m.now.Before(m.until):
		return m.style.Draw(m.noticeStyle(), text.Left(" "+text.Clean(m.notice.Text), m.width))
	}
	return m.hints()
}

func (m *Model) noticeStyle() *lipgloss.Style {
	s := m.style
	switch m.notice.Level {
	case page.Good:
		return &s.GoodBanner
	case page.Warn:
		return &s.WarnBanner
	case page.Bad:
		return &s.BadBanner
	case page.Info:
	}
	return &s.InfoBanner
}

// hints are as many keys as fit, the frame's own at the end.
func (m *Model) hints() string {
	s := m.style
	own := []key.Binding{m.keys.Help}
	if m.width >= 100 { // everybody finds them in the help
		own = []key.Binding{m.keys.Command, m.keys.Help, m.keys.Quit}
		if _, ok := m.top().(page.Filtering); ok {
			own = append([]key.Binding{m.keys.Filter}, own...)
		}
		if len(m.stack) > 1 {
			own = append([]key.Binding{m.keys.Back}, own...)
		}
	}
	if _, ok := m.top().(page.Overlay); ok {
		own = nil
	}
	hint := func(b key.Binding) string {
		return s.Draw(&s.Key, b.Help().Key) + s.Draw(&s.Dim, " "+b.Help().Desc)
	}
	var right strings.Builder
	for _, b := range own {
		right.WriteString("  " + hint(b))
	}
	left, room := " ", m.width-2-text.Width(right.String())
	for i, b := range m.top().Keys() {
		h := hint(b)
		if i > 0 {
			h = "  " + h
		}
		if text.Width(h) > room {
			break
		}
		room -= text.Width(h)
		left += h
	}
	return text.Between(left, right.String()+" ", m.width)
}
