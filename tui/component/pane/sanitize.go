package pane

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// tabWidth is how far apart a terminal's tab stops are, in cells.
const tabWidth = 8

// maxSGR is the longest sequence for colours that is kept, in bytes.
const maxSGR = 64

// Sanitize makes of a line that somebody else wrote one that can be put on a screen: it
// keeps letters and colours (SGR sequences), and drops whatever else would tell a
// terminal to do something. Tabs become spaces. What a carriage return goes back over is
// left out, as on a terminal. Bytes that are no UTF-8 become U+FFFD.
func Sanitize(line []byte) string {
	line = bytes.TrimRight(line, "\r\n")
	if plain(line) {
		return string(line)
	}
	var (
		b     strings.Builder
		cells int
		state byte
	)
	for rest := bytes.ToValidUTF8(line, []byte("\uFFFD")); len(rest) > 0; {
		part, width, n, next := ansi.DecodeSequence(rest, state, nil)
		rest, state = rest[max(n, 1):], next
		switch {
		case len(part) == 0:
		case part[0] == '\t':
			width = tabWidth - cells%tabWidth
			b.WriteString(strings.Repeat(" ", width))
		case part[0] == '\r':
			b.Reset()
			cells, width = 0, 0
		case part[0] == ansi.ESC:
			if isSGR(part) {
				b.Write(part)
			}
		default:
			visible(&b, part)
		}
		cells += width
	}
	return b.String()
}

// plain reports whether a line is what it is: printable ASCII.
func plain(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// isSGR reports whether an escape sequence only chooses colours and the like.
func isSGR(sequence []byte) bool {
	if len(sequence) < 3 || len(sequence) > maxSGR || sequence[1] != '[' || sequence[len(sequence)-1] != 'm' {
		return false
	}
	for _, c := range sequence[2 : len(sequence)-1] {
		if (c < '0' || c > '9') && c != ';' && c != ':' {
			return false
		}
	}
	return true
}

// visible writes what can be seen of a character, which may be several runes, but
// nothing that changes the direction of what follows.
func visible(b *strings.Builder, character []byte) {
	for _, r := range string(character) {
		if !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) && r != '\u2028' && r != '\u2029' {
			b.WriteRune(r)
		}
	}
}
