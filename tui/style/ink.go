package style

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Ink is a style ready for use: what comes before and after a text. A screen is
// drawn from many short texts, of which lipgloss renders each in some 10 µs.
type Ink struct{ before, after string }

// InkOf makes the ink of a style that has colours and attributes only.
func InkOf(s lipgloss.Style) Ink {
	before, after, _ := strings.Cut(s.Render("x"), "x") // no escape has an x in it
	return Ink{before, after}
}

// On is a text in this ink.
func (i Ink) On(text string) string {
	if text == "" {
		return ""
	}
	return i.before + text + i.after
}

// Ink is the ink of one of the style's own fields, such as &s.Good; nil is Text.
func (s *Style) Ink(field *lipgloss.Style) Ink {
	if field == nil {
		field = &s.Text
	}
	ink, ok := s.inks[field]
	if !ok {
		if s.inks == nil {
			s.inks = map[*lipgloss.Style]Ink{}
		}
		ink = InkOf(*field)
		s.inks[field] = ink
	}
	return ink
}

// Draw is a text in one of the style's own fields.
func (s *Style) Draw(field *lipgloss.Style, text string) string { return s.Ink(field).On(text) }
