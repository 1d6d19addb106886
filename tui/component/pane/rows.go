package pane

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// scanner goes through a line once, from its beginning to where it is asked to stop.
type scanner struct {
	rest  string
	state byte
	// colours are the sequences that count where it is.
	colours string
}

// maxColours is how many bytes of sequences are carried from row to row.
const maxColours = 256

// take is the next cells of the line, at most width of them. A wide character is not cut
// in two, and one that is wider than a row has a row of its own.
func (s *scanner) take(width int) string {
	cells, at := 0, 0
	begin := s.colours
	for at < len(s.rest) {
		part, w, n, next := ansi.DecodeSequence(s.rest[at:], s.state, nil)
		if cells+w > width && cells > 0 {
			break
		}
		if part != "" && part[0] == ansi.ESC {
			s.colour(part)
		}
		cells, at, s.state = cells+w, at+max(n, 1), next
	}
	row := begin + s.rest[:at]
	s.rest = s.rest[at:]
	return row
}

// colour remembers a sequence until the next one that ends them all.
func (s *scanner) colour(sequence string) {
	switch {
	case sequence == "\x1b[m" || sequence == "\x1b[0m":
		s.colours = ""
	case len(s.colours)+len(sequence) > maxColours:
		s.colours = sequence
	default:
		s.colours += sequence
	}
}

// Split is the rows that a line takes at a width: one at least.
func Split(line string, width int) []string {
	if len(line) <= width { // no character takes more cells than bytes
		return []string{line}
	}
	s := scanner{rest: line}
	rows := []string{s.take(width)}
	for strings.Trim(s.rest, "\x1b[m0") != "" {
		rows = append(rows, s.take(width))
	}
	return rows
}

// cut is the cells of a line from one on, at most width of them.
func cut(line string, from, width int) string {
	if from == 0 && len(line) <= width {
		return line
	}
	s := scanner{rest: line}
	if from > 0 {
		s.take(from)
	}
	return s.take(width)
}

// paint draws parts of a row in a style, in place of the colours that they have. The parts
// are offsets in the row's text without colours.
func paint(row string, parts [][]int, style lipgloss.Style) string {
	var out, inside strings.Builder
	s := scanner{}
	for at, rest := 0, row; rest != ""; {
		part, _, n, next := ansi.DecodeSequence(rest, s.state, nil)
		rest, s.state = rest[max(n, 1):], next
		if part == "" || part[0] == ansi.ESC {
			s.colour(part)
			if inside.Len() == 0 {
				out.WriteString(part)
			}
			continue
		}
		for len(parts) > 0 && parts[0][1] <= at { // it is behind, or empty
			parts = parts[1:]
		}
		to := &out
		if len(parts) > 0 && at >= parts[0][0] {
			to = &inside
		}
		to.WriteString(part)
		if at += len(part); inside.Len() > 0 && at >= parts[0][1] {
			out.WriteString(style.Render(inside.String()) + s.colours)
			inside.Reset()
		}
	}
	if inside.Len() > 0 {
		out.WriteString(style.Render(inside.String()))
	}
	return out.String()
}

// latest is the rows of the line that was asked for last: who scrolls through a long line
// asks for it again and again.
type latest struct {
	line  string
	width int
	rows  []string
}

func (m *latest) of(line string, width int) []string {
	if m.rows == nil || m.width != width || m.line != line {
		*m = latest{line, width, Split(line, width)}
	}
	return m.rows
}
