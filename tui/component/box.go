package component

import (
	"strings"

	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
)

// Box draws lines in a border of a size, the border included, with a title at its
// upper left and a note at its upper right.
func Box(s *style.Style, title, note string, width, height int, lines []string) []string {
	inner := width - 4
	if inner < 1 || height < 2 {
		return nil
	}
	title = text.Cut(title, inner)
	note = text.Cut(note, inner-text.Width(title)-2)
	rule := inner - text.Width(title)
	end := "─╮"
	if note != "" {
		rule -= text.Width(note) + 2
		end = " ─╮"
		note = " " + note
	}
	out := make([]string, 0, height)
	head := s.Draw(&s.Border, "╭ ") + s.Draw(&s.Title, title)
	if note == "" {
		head += s.Draw(&s.Border, " "+strings.Repeat("─", max(rule-1, 0))+end)
	} else {
		head += s.Draw(&s.Border, " "+strings.Repeat("─", max(rule-1, 0))) + s.Draw(&s.Dim, note) + s.Draw(&s.Border, end)
	}
	out = append(out, head)
	side := s.Draw(&s.Border, "│")
	for i := range height - 2 {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		out = append(out, side+" "+text.Left(line, inner)+" "+side)
	}
	return append(out, s.Draw(&s.Border, "╰"+strings.Repeat("─", width-2)+"╯"))
}

// Beside puts blocks of the same height next to each other.
func Beside(blocks ...[]string) []string {
	var out []string
	for i := range blocks[0] {
		var b strings.Builder
		for _, block := range blocks {
			if i < len(block) {
				b.WriteString(block[i])
			}
		}
		out = append(out, b.String())
	}
	return out
}
