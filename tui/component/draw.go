package component

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
)

const gutter = 2 // for the cursor and a mark

// View draws the table in the size of the latest Resize.
func (t *Table[T]) View() string {
	t.settle()
	s := t.config.Style()
	rows := t.list.Append(nil, t.top, max(t.height-1, 0))
	texts := t.texts(rows)
	t.places = layout(t.config.Columns, t.seen, t.width-gutter, t.many)
	var b strings.Builder
	t.header(&b, s)
	for i, x := range rows {
		b.WriteByte('\n')
		t.row(&b, s, x, texts[i], t.top+i == t.at)
	}
	return b.String()
}

// texts are the cells of some rows. It notes how wide they are: columns only grow,
// until the table is another, so that nothing jumps.
func (t *Table[T]) texts(rows []*T) [][]string {
	columns := t.config.Columns
	all := make([]string, len(rows)*len(columns))
	out := make([][]string, len(rows))
	for i, x := range rows {
		out[i] = all[i*len(columns) : (i+1)*len(columns)]
		for j, c := range columns {
			if c.Draw != nil {
				continue
			}
			out[i][j] = text.Clean(c.Text(x))
			t.seen[j] = max(t.seen[j], text.Width(out[i][j]))
		}
	}
	return out
}

// arrow tells the order, behind the title of the column that makes it.
func (t *Table[T]) arrow(column int) string {
	switch {
	case column != t.sortBy:
		return ""
	case t.building:
		return "…"
	case t.config.Columns[column].Descending != t.reverse:
		return "↓"
	}
	return "↑"
}

func (t *Table[T]) header(b *strings.Builder, s *style.Style) {
	end := -gutter
	for _, p := range t.places {
		c := &t.config.Columns[p.column]
		arrow := t.arrow(p.column)
		title, from, to := c.Title, p.x, p.x+p.width
		field := &s.Header
		if arrow != "" {
			field = &s.HeaderSort
			if c.Right { // the arrow may stand in the gap, so that no column is wider for it
				title, from = arrow+title, max(from-1, end)
			} else {
				title, to = title+arrow, to+1
			}
		}
		b.WriteString(strings.Repeat(" ", from-end))
		b.WriteString(s.Draw(field, align(title, to-from, c.Right)))
		end = to
	}
	b.WriteString(strings.Repeat(" ", max(t.width-gutter-end, 0)))
}

func (t *Table[T]) row(b *strings.Builder, s *style.Style, x *T, cells []string, cursor bool) {
	marked := len(t.marks) > 0 && t.marks[t.config.ID(x)] != nil
	all := (*lipgloss.Style)(nil) // of the whole row
	switch {
	case cursor:
		all = &s.Selected
	case marked:
		all = &s.Marked
	}
	lead := [2]string{" ", " "}
	if cursor {
		lead[0] = "▸"
	}
	if marked {
		lead[1] = "●"
	}
	var plain strings.Builder
	out := b
	if all != nil {
		out = &plain
	}
	out.WriteString(lead[0] + lead[1])
	end := 0
	for _, p := range t.places {
		c := &t.config.Columns[p.column]
		out.WriteString(strings.Repeat(" ", p.x-end))
		end = p.x + p.width
		switch {
		case c.Draw != nil && all != nil:
			out.WriteString(text.Strip(c.Draw(x, p.width)))
		case c.Draw != nil:
			out.WriteString(c.Draw(x, p.width))
		case all != nil || c.Style == nil:
			out.WriteString(c.fit(cells[p.column], p.width))
		default:
			out.WriteString(s.Draw(c.Style(x), c.fit(cells[p.column], p.width)))
		}
	}
	if all != nil {
		b.WriteString(s.Draw(all, text.Left(plain.String(), t.width)))
	}
}

// Text is the rows in columns as wide as they must be, as text: for files.
func (t *Table[T]) Text() string {
	columns := t.config.Columns
	rows := t.Rows()
	widths := make([]int, len(columns))
	lines := make([][]string, 0, len(rows)+1)
	head := make([]string, len(columns))
	for j, c := range columns {
		head[j] = c.Title
	}
	lines = append(lines, head)
	for _, x := range rows {
		cells := make([]string, len(columns))
		for j, c := range columns {
			if c.Draw == nil {
				cells[j] = text.Clean(c.Text(x))
			}
		}
		lines = append(lines, cells)
	}
	for _, cells := range lines {
		for j, cell := range cells {
			widths[j] = max(widths[j], text.Width(cell))
		}
	}
	var b strings.Builder
	for _, cells := range lines {
		var line strings.Builder
		for j, cell := range cells {
			if columns[j].Draw != nil {
				continue
			}
			if columns[j].Right {
				line.WriteString(text.Right(cell, widths[j]))
			} else {
				line.WriteString(text.Left(cell, widths[j]))
			}
			line.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
