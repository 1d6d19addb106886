package component

import (
	"slices"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/tui/text"
)

// Column is a column of a table of Ts.
type Column[T any] struct {
	Title string
	// Key is the capital letter that sorts by it; 0 if nothing does. G is taken.
	Key rune
	// Right aligns to the right, as numbers are.
	Right bool
	// KeepEnd shortens at the beginning, since the end tells apart.
	KeepEnd bool
	// Min and Max bound the width. A column is as wide as what was seen in it, at
	// least Min (the title's width if 0), and no wider than Max (if not 0).
	Min, Max int
	// Grow takes room that is left over beyond Max.
	Grow bool
	// Priority is 0 for what is always shown; the highest goes first when there is
	// no room.
	Priority int
	Text     func(*T) string
	// Style is that of the text; nil, or a nil result, is plain.
	Style func(*T) *lipgloss.Style
	// Draw, instead of Text, draws exactly a width, such as a bar. Max is that width.
	Draw func(t *T, width int) string
	// Compare sorts by the column; nil if it doesn't sort.
	Compare func(a, b *T) int
	// CompareNow, instead of Compare, makes a comparison by more than the things
	// themselves, as it is now. It serves until the table is rebuilt.
	CompareNow func() func(a, b *T) int
	// Descending is true if the largest come first, unless reversed.
	Descending bool
}

// placed is a column of the current layout.
type placed struct{ column, x, width int }

const (
	gap = 2 // between columns
	// luxury is the priority from which columns go before others are shortened.
	luxury = 5
)

// narrow is how narrow texts may be that have no Min, for more columns to fit.
const narrow = 6

// layout says which columns there is room for, and how wide each is. Seen is how wide
// the texts in each are. With many set, texts are shortened before any column goes.
func layout[T any](columns []Column[T], seen []int, width int, many bool) []placed {
	low, high := make([]int, len(columns)), make([]int, len(columns))
	shown := make([]int, 0, len(columns))
	for i, c := range columns {
		title := text.Width(c.Title)
		high[i] = max(seen[i], title)
		if c.Max > 0 {
			high[i] = min(high[i], max(c.Max, title))
		}
		low[i] = high[i]
		if c.Min > 0 {
			low[i] = min(c.Min, high[i])
		}
		if many && !c.Right {
			low[i] = min(max(title, narrow), low[i])
		}
		if c.Draw != nil {
			low[i], high[i] = max(c.Max, title), max(c.Max, title)
		}
		shown = append(shown, i)
	}
	needs := func(widths []int) int {
		sum := gap * (len(shown) - 1)
		for _, i := range shown {
			sum += widths[i]
		}
		return sum
	}
	drop := func(widths []int, from int) { // the least important, down to a priority
		for needs(widths) > width && len(shown) > 1 {
			worst := 0
			for at, i := range shown {
				if columns[i].Priority >= columns[shown[worst]].Priority {
					worst = at
				}
			}
			if columns[shown[worst]].Priority < from {
				return
			}
			shown = slices.Delete(shown, worst, worst+1)
		}
	}
	if !many {
		drop(high, luxury)
	}
	drop(low, 1)
	left := width - needs(low)
	for again := left > 0; again; { // a cell each in turn, so that nobody starves
		again = false
		for _, i := range shown {
			if left > 0 && low[i] < high[i] {
				low[i]++
				left--
				again = left > 0
			}
		}
	}
	for _, i := range shown {
		if columns[i].Grow && left > 0 {
			more := min(left, max(seen[i]-low[i], 0))
			low[i] += more
			left -= more
		}
	}
	out, x := make([]placed, 0, len(shown)), 0
	for _, i := range shown {
		w := min(low[i], max(width-x, 0))
		out = append(out, placed{i, x, w})
		x += w + gap
	}
	return out
}

// fit is a text in a column.
func (c *Column[T]) fit(s string, width int) string {
	if c.KeepEnd {
		s = text.CutLeft(s, width)
	}
	return align(s, width, c.Right)
}

func align(s string, width int, right bool) string {
	if right {
		return text.Right(s, width)
	}
	return text.Left(s, width)
}
