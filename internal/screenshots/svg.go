package main

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// What a cell is in the picture, in pixels, and the colours of the terminal.
const (
	cellWidth, cellHeight = 8.4, 18.0
	baseline              = 13.5 // of a cell
	margin                = 12.0
	foreground            = "#d8dee9"
	background            = "#1a1b26"
)

// ansi16 are the sixteen colours that have names.
var ansi16 = [16]string{
	"#15161e", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#a9b1d6",
	"#414868", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#c0caf5",
}

// look is how a cell is drawn.
type look struct {
	front, back              string // empty: the terminal's own
	bold, underline, reverse bool
}

func (l look) colors() (front, back string) {
	front, back = l.front, l.back
	if front == "" {
		front = foreground
	}
	if l.reverse {
		if back == "" {
			back = background
		}
		return back, front
	}
	return front, back
}

// svg is a picture of a screen, whose colours are SGR sequences.
func svg(screen string, width, height int) string {
	var b strings.Builder
	w, h := 2*margin+float64(width)*cellWidth, 2*margin+float64(height)*cellHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", background)
	b.WriteString(`<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">` + "\n")
	var now look
	for y, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		now = drawLine(&b, line, margin+float64(y)*cellHeight, now)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// drawLine draws a line, and returns the look that the next one begins with.
func drawLine(b *strings.Builder, line string, y float64, now look) look {
	var run strings.Builder
	begin, at := 0, 0
	flush := func() {
		drawRun(b, run.String(), begin, at, y, now)
		run.Reset()
		begin = at
	}
	var state byte
	for rest := line; rest != ""; {
		part, width, n, next := ansi.DecodeSequence(rest, state, nil)
		rest, state = rest[max(n, 1):], next
		switch {
		case strings.HasPrefix(part, "\x1b[") && strings.HasSuffix(part, "m"):
			flush()
			now = now.with(part[2 : len(part)-1])
		case width > 0:
			run.WriteString(part)
			at += width
		}
	}
	flush()
	return now
}

// drawRun draws characters that look the same.
func drawRun(b *strings.Builder, text string, from, to int, y float64, l look) {
	if from == to {
		return
	}
	front, back := l.colors()
	x, width := margin+float64(from)*cellWidth, float64(to-from)*cellWidth
	if back != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x, y, width, cellHeight, back)
	}
	trimmed := strings.TrimLeft(text, " ")
	lead := len(text) - len(trimmed)
	if trimmed = strings.TrimRight(trimmed, " "); trimmed == "" {
		return
	}
	style := ""
	if l.bold {
		style += ` font-weight="bold"`
	}
	if l.underline {
		style += ` text-decoration="underline"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s" textLength="%.1f"%s>%s</text>`+"\n",
		x+float64(lead)*cellWidth, y+baseline, front, float64(ansi.StringWidth(trimmed))*cellWidth, style, html.EscapeString(trimmed))
}

// with is a look after an SGR sequence, of which parameters are the numbers.
func (l look) with(parameters string) look {
	numbers := strings.FieldsFunc(parameters, func(r rune) bool { return r == ';' || r == ':' })
	if len(numbers) == 0 {
		return look{}
	}
	for i := 0; i < len(numbers); i++ {
		n, _ := strconv.Atoi(numbers[i])
		switch {
		case n == 0:
			l = look{}
		case n == 1:
			l.bold = true
		case n == 22:
			l.bold = false
		case n == 4:
			l.underline = true
		case n == 24:
			l.underline = false
		case n == 7:
			l.reverse = true
		case n == 27:
			l.reverse = false
		case n == 38 || n == 48:
			color, used := extended(numbers[i+1:])
			i += used
			if n == 38 {
				l.front = color
			} else {
				l.back = color
			}
		case n == 39:
			l.front = ""
		case n == 49:
			l.back = ""
		default:
			l = l.named(n)
		}
	}
	return l
}

// named takes one of the sixteen colours.
func (l look) named(n int) look {
	switch {
	case n >= 30 && n <= 37:
		l.front = ansi16[n-30]
	case n >= 90 && n <= 97:
		l.front = ansi16[n-90+8]
	case n >= 40 && n <= 47:
		l.back = ansi16[n-40]
	case n >= 100 && n <= 107:
		l.back = ansi16[n-100+8]
	}
	return l
}

// extended is the colour that begins with 5 (of 256) or 2 (red, green, blue), and how
// many numbers it takes.
func extended(numbers []string) (color string, used int) {
	value := func(i int) int {
		if i >= len(numbers) {
			return 0
		}
		n, _ := strconv.Atoi(numbers[i])
		return n
	}
	const cube, grey, step, darkest = 16, 232, 10, 8
	switch value(0) {
	case 2:
		return fmt.Sprintf("#%02x%02x%02x", value(1), value(2), value(3)), 4
	case 5:
		n := value(1)
		switch {
		case n < cube:
			return ansi16[n], 2
		case n >= grey:
			g := darkest + (n-grey)*step
			return fmt.Sprintf("#%02x%02x%02x", g, g, g), 2
		}
		level := func(v int) int {
			if v == 0 {
				return 0
			}
			return 55 + 40*v
		}
		n -= cube
		return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6)), 2
	}
	return "", 1
}
