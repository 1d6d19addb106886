package details

import (
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/lists"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
)

// labelWidth is the width of the labels of fields, in cells.
const labelWidth = 14

// link is a way from a description to something related.
type link struct {
	label, value string
	line         int
	open         func()
}

// document is a description while it is written: lines, and links among them.
type document struct {
	style  *style.Style
	width  int
	chosen int // the link with the cursor; -1: none
	lines  []string
	links  []link
}

func (d *document) add(lines ...string) { d.lines = append(d.lines, lines...) }

// field is a label and a value; without a value it is left out. A long value goes on in
// further lines.
func (d *document) field(label, value string) { d.styled(label, value, d.style.Text) }

// styled is field with a style of its own.
func (d *document) styled(label, value string, st lipgloss.Style) {
	if value == "" {
		return
	}
	indent := text.Left(label, labelWidth)
	for i, row := range pane.Split(text.Clean(value), max(d.width-labelWidth, 1)) {
		if i > 0 {
			indent = strings.Repeat(" ", labelWidth)
		}
		d.add(d.style.Dim.Render(indent) + st.Render(row))
	}
}

// link is a field whose value leads somewhere. The first nine have a digit each.
func (d *document) link(label, value string, open func()) {
	if value == "" {
		return
	}
	d.add(d.style.Dim.Render(text.Left(label, labelWidth)) + d.anchor(label, value, d.width-labelWidth, open))
}

// entry is a link in a list of things of a kind, which has no label.
func (d *document) entry(kind page.Kind, value string, open func()) {
	d.add(strings.Repeat(" ", labelWidth) + d.anchor(string(kind), value, d.width-labelWidth, open))
}

// anchor is the text of a link in the line that is added next.
func (d *document) anchor(label, value string, width int, open func()) string {
	const digits, room = 9, 4
	n := len(d.links)
	d.links = append(d.links, link{label, text.Clean(value), len(d.lines), open})
	mark := ""
	if n < digits {
		mark = " " + d.style.Key.Render("["+strconv.Itoa(n+1)+"]")
	}
	st := d.style.Link
	if n == d.chosen {
		st = d.style.Selected
	}
	return st.Render(text.Cut(text.Clean(value), max(width-room, 1))) + mark
}

// section begins a part.
func (d *document) section(title string) {
	if len(d.lines) > 0 {
		d.add("")
	}
	d.add(d.style.Title.Render(title))
}

// table is rows in columns, of which the first is headers. Cells are as wide as they must
// be; the last ones take what is left, and further lines if that is not enough.
func (d *document) table(rows [][]string) {
	const gap, least = 2, 20
	last, lead := len(rows[0])-1, 0
	widths := make([]int, last)
	for j := range widths {
		for _, row := range rows {
			widths[j] = max(widths[j], text.Width(text.Clean(row[j])))
		}
		lead += widths[j] + gap
	}
	for i, row := range rows {
		var b strings.Builder
		for j, width := range widths {
			b.WriteString(text.Left(text.Clean(row[j]), width+gap))
		}
		st := d.style.Text
		if i == 0 {
			st = d.style.Header
		}
		begin := b.String()
		for _, part := range pane.Split(text.Clean(row[last]), max(d.width-lead, least)) {
			d.add(st.Render(text.Cut(strings.TrimRight(begin+part, " "), d.width)))
			begin = strings.Repeat(" ", lead)
		}
	}
}

// show opens the details of something.
func show(deps *page.Deps, ref page.Ref) func() {
	return func() { deps.Open(New(deps, ref)) }
}

// list opens a list, as the ":" prompt does.
func list(deps *page.Deps, line string) func() {
	return func() { deps.Ask(page.Command{Line: line}) }
}

// tasksOf opens a list of some tasks.
func tasksOf(deps *page.Deps, title string, are func(*cluster.Task) bool) func() {
	return func() { deps.Open(lists.Tasks(deps, text.Clean(title), are)) }
}
