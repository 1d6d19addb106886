// Package style is how the live terminal UI looks: themes, and what their colours mean.
package style

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
)

// Style is a theme's styles, by what they say. It belongs to one goroutine.
type Style struct {
	// Name is the theme's.
	Name string

	// Text.
	Text, Dim, Strong, Title, Link lipgloss.Style
	// Good, Warn, Bad and Info are of states and notices.
	Good, Warn, Bad, Info lipgloss.Style
	// GoodBanner and so on are lines of that kind, with a background.
	GoodBanner, WarnBanner, BadBanner, InfoBanner lipgloss.Style
	// Key is a key in hints and help.
	Key lipgloss.Style
	// Border is the lines of boxes; BorderFocus those of the box with the keys.
	Border, BorderFocus lipgloss.Style
	// Header is a table's, and HeaderSort that of the column it is sorted by.
	Header, HeaderSort lipgloss.Style
	// Selected is the line with the cursor, Marked the lines that are marked.
	Selected, Marked lipgloss.Style
	// Used, Offered and Free are the parts of a bar.
	Used, Offered, Free lipgloss.Style
	// Match is what a filter or search found; MatchCurrent the one the cursor is at.
	Match, MatchCurrent lipgloss.Style
	// Crumb is a breadcrumb, CrumbLast the page on top.
	Crumb, CrumbLast lipgloss.Style
	// Series are colours that tell things apart, such as the sources of log lines.
	Series []lipgloss.Style

	inks map[*lipgloss.Style]Ink
}

// Names are the themes: Auto asks the terminal.
const (
	Auto  = "auto"
	Dark  = "dark"
	Light = "light"
	ANSI  = "16"
	None  = "none"
)

// Names lists the themes.
func Names() []string { return []string{Auto, Dark, Light, ANSI, None} }

// New returns a theme by its name. Auto is Dark until the terminal has told its background.
func New(name string) (*Style, error) {
	switch name {
	case Auto, Dark:
		return dark(), nil
	case Light:
		return light(), nil
	case ANSI:
		return ansi(), nil
	case None:
		return none(), nil
	}
	return nil, mesos.Errorf(mesos.Invalid, "there is no theme %q: it is one of %s", name, strings.Join(Names(), ", "))
}

// palette is what themes differ in.
type palette struct {
	text, dim, strong, title            color.Color
	good, warn, bad, info               color.Color
	onBanner                            color.Color
	border, focus                       color.Color
	selected, onSelected, marked        color.Color
	used, offered, free                 color.Color
	match, onMatch, current, crumb, onC color.Color
	series                              []color.Color
}

func dark() *Style {
	c := lipgloss.Color
	return paint(Dark, palette{
		text: c("#d8dee9"), dim: c("#7b8496"), strong: c("#ffffff"), title: c("#7dcfff"),
		good: c("#9ece6a"), warn: c("#e0af68"), bad: c("#f7768e"), info: c("#7aa2f7"), onBanner: c("#1a1b26"),
		border: c("#3b4261"), focus: c("#7aa2f7"),
		selected: c("#2f3b5c"), onSelected: c("#ffffff"), marked: c("#e0af68"),
		used: c("#7aa2f7"), offered: c("#e0af68"), free: c("#3b4261"),
		match: c("#e0af68"), onMatch: c("#1a1b26"), current: c("#ff9e64"), crumb: c("#2f3b5c"), onC: c("#1a1b26"),
		series: []color.Color{c("#7aa2f7"), c("#9ece6a"), c("#e0af68"), c("#bb9af7"), c("#7dcfff"), c("#f7768e"), c("#73daca"), c("#ff9e64")},
	})
}

func light() *Style {
	c := lipgloss.Color
	return paint(Light, palette{
		text: c("#2e3440"), dim: c("#7d8597"), strong: c("#000000"), title: c("#00639c"),
		good: c("#2f7d32"), warn: c("#9a5b00"), bad: c("#c01c3a"), info: c("#1f5fbf"), onBanner: c("#ffffff"),
		border: c("#c3c9d5"), focus: c("#1f5fbf"),
		selected: c("#d3e1f8"), onSelected: c("#000000"), marked: c("#9a5b00"),
		used: c("#1f5fbf"), offered: c("#c77d0a"), free: c("#d5dae3"),
		match: c("#ffd873"), onMatch: c("#000000"), current: c("#ffab4a"), crumb: c("#d3e1f8"), onC: c("#ffffff"),
		series: []color.Color{c("#1f5fbf"), c("#2f7d32"), c("#9a5b00"), c("#7b3fb5"), c("#00639c"), c("#c01c3a"), c("#00796b"), c("#b34700")},
	})
}

func ansi() *Style {
	c := lipgloss.Color
	return paint(ANSI, palette{
		text: lipgloss.NoColor{}, dim: c("8"), strong: c("15"), title: c("14"),
		good: c("10"), warn: c("11"), bad: c("9"), info: c("12"), onBanner: c("0"),
		border: c("8"), focus: c("12"),
		selected: c("4"), onSelected: c("15"), marked: c("11"),
		used: c("12"), offered: c("11"), free: c("8"),
		match: c("11"), onMatch: c("0"), current: c("13"), crumb: c("4"), onC: c("0"),
		series: []color.Color{c("12"), c("10"), c("11"), c("13"), c("14"), c("9"), c("6"), c("5")},
	})
}

func paint(name string, p palette) *Style {
	fg := func(c color.Color) lipgloss.Style { return lipgloss.NewStyle().Foreground(c) }
	on := func(front, back color.Color) lipgloss.Style { return fg(front).Background(back) }
	s := &Style{
		Name: name,
		Text: fg(p.text), Dim: fg(p.dim), Strong: fg(p.strong).Bold(true), Title: fg(p.title).Bold(true), Link: fg(p.title).Underline(true),
		Good: fg(p.good), Warn: fg(p.warn), Bad: fg(p.bad), Info: fg(p.info),
		GoodBanner: on(p.onBanner, p.good), WarnBanner: on(p.onBanner, p.warn), BadBanner: on(p.onBanner, p.bad), InfoBanner: on(p.onBanner, p.info),
		Key:    fg(p.info).Bold(true),
		Border: fg(p.border), BorderFocus: fg(p.focus),
		Header: fg(p.dim).Bold(true), HeaderSort: fg(p.title).Bold(true),
		Selected: on(p.onSelected, p.selected), Marked: fg(p.marked),
		Used: fg(p.used), Offered: fg(p.offered), Free: fg(p.free),
		Match: on(p.onMatch, p.match), MatchCurrent: on(p.onMatch, p.current),
		Crumb: on(p.onSelected, p.crumb), CrumbLast: on(p.onC, p.info).Bold(true),
	}
	for _, c := range p.series {
		s.Series = append(s.Series, fg(c))
	}
	return s
}

// none has no colours; what must stand out is bold, underlined or reversed.
func none() *Style {
	plain := lipgloss.NewStyle()
	bold, under, reverse := plain.Bold(true), plain.Underline(true), plain.Reverse(true)
	return &Style{
		Name: None,
		Text: plain, Dim: plain, Strong: bold, Title: bold, Link: under,
		Good: plain, Warn: bold, Bad: bold, Info: plain,
		GoodBanner: reverse, WarnBanner: reverse, BadBanner: reverse, InfoBanner: reverse,
		Key: bold, Border: plain, BorderFocus: plain,
		Header: bold, HeaderSort: bold.Underline(true), Selected: reverse, Marked: bold,
		Used: plain, Offered: plain, Free: plain,
		Match: under, MatchCurrent: reverse, Crumb: plain, CrumbLast: reverse,
		Series: []lipgloss.Style{plain},
	}
}
