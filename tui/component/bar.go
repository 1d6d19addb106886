// Package component is what pages are drawn of: tables, bars, graphs.
package component

import (
	"math"
	"strings"

	"github.com/mesosctl/mesosctl/tui/style"
)

// Bar draws shares of a whole, used and offered, in a width. Whatever is used at
// all is seen.
func Bar(s *style.Style, width int, used, offered float64) string {
	if width <= 0 {
		return ""
	}
	u := cells(used, width)
	o := min(max(cells(used+offered, width)-u, 0), width-u)
	if o == 0 && offered > 0 && u < width {
		o = 1
	}
	return s.Draw(&s.Used, strings.Repeat("█", u)) + s.Draw(&s.Offered, strings.Repeat("▒", o)) +
		s.Draw(&s.Free, strings.Repeat("░", width-u-o))
}

func cells(share float64, width int) int {
	if !(share > 0) {
		return 0
	}
	return min(max(int(math.Round(share*float64(width))), 1), width)
}

var levels = []rune(" ▁▂▃▄▅▆▇█")

// Graph draws values, the latest at the right, as lines of columns from 0 to top.
// If top is 0 the largest value is at the top.
func Graph(values []float64, width, height int, top float64) []string {
	if over := len(values) - width; over > 0 {
		values = values[over:]
	}
	if top <= 0 {
		for _, v := range values {
			top = max(top, v)
		}
	}
	lines := make([]string, height)
	for row := range height {
		var b strings.Builder
		b.WriteString(strings.Repeat(" ", max(width-len(values), 0)))
		floor := (height - 1 - row) * 8
		for _, v := range values {
			eighths := 0
			if top > 0 && v > 0 {
				eighths = max(int(math.Round(min(v/top, 1)*float64(height*8))), 1)
			}
			level := min(max(eighths-floor, 0), 8)
			if row == height-1 && level == 0 {
				level = 1 // the ground, so that nothing and not known differ
			}
			b.WriteRune(levels[level])
		}
		lines[row] = b.String()
	}
	return lines
}

// Spark is a graph of one line.
func Spark(values []float64, width int, top float64) string { return Graph(values, width, 1, top)[0] }
