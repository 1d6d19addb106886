package pane

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

func newPane(t testing.TB, lines Lines, width, height int) *Pane {
	t.Helper()
	st, err := style.New(style.Dark)
	if err != nil {
		t.Fatal(err)
	}
	p := New(keymap.New(), func() *style.Style { return st })
	p.SetLines(lines)
	p.Resize(width, height)
	return p
}

func press(p *Pane, keys string) {
	for _, k := range keys {
		p.Update(tea.KeyPressMsg{Code: k, Text: string(k)})
	}
}

func filter(t testing.TB, text string) page.Filter {
	t.Helper()
	f, err := page.ParseFilter(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func story() Slice {
	var lines Slice
	for i := range 100 {
		line := fmt.Sprintf("\x1b[32mINFO\x1b[m %02d request served", i)
		if i%7 == 3 {
			line = fmt.Sprintf("\x1b[31mERROR\x1b[m %02d request failed, and this line tells at length that the upstream at 10.0.0.%d "+
				"answered with 日本語 and nothing else, whatever the client had said of the languages that it takes", i, i)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestViews(t *testing.T) {
	for _, size := range golden.Sizes {
		p := newPane(t, story(), size.Width, size.Height)
		press(p, "jjj")
		golden.Equal(t, "lines_"+size.Name, p.View(), size.Width, size.Height)
		press(p, "wGk")
		golden.Equal(t, "wrapped_"+size.Name, p.View(), size.Width, size.Height)
	}
}

func TestItScrollsToItsEndsAndNoFurther(t *testing.T) {
	for _, wrap := range []bool{false, true} {
		p := newPane(t, story(), 40, 10)
		p.SetWrap(wrap)
		press(p, "kkk")
		if p.top != 0 || p.row != 0 {
			t.Errorf("wrapped %v: above the beginning is line %d, row %d", wrap, p.top, p.row)
		}
		press(p, strings.Repeat("j", 1000))
		if rows := strings.Split(ansi.Strip(p.View()), "\n"); !p.AtBottom() || len(rows) != 10 || rows[9] != "INFO 99 request served" {
			t.Errorf("wrapped %v: after the end is %q", wrap, rows)
		}
		press(p, strings.Repeat("k", 1000))
		if !strings.HasPrefix(ansi.Strip(p.View()), "INFO 00") {
			t.Errorf("wrapped %v: back at the beginning is %q", wrap, p.View())
		}
		press(p, "GG")
		if !p.AtBottom() {
			t.Errorf("wrapped %v: G does not go to the bottom", wrap)
		}
		press(p, "gg")
		if p.top != 0 {
			t.Errorf("wrapped %v: g does not go to the top", wrap)
		}
	}
}

// Every cell of a wrapped line is drawn once, and wide characters whole.
func TestWrappingLosesNothing(t *testing.T) {
	line := strings.Repeat("ab日本", 30)
	for width := 2; width < 30; width++ {
		p := newPane(t, Slice{line}, width, 200)
		p.SetWrap(true)
		if got := strings.ReplaceAll(p.View(), "\n", ""); got != line {
			t.Errorf("at %d cells: %q", width, got)
		}
	}
}

func TestSearchGoesFromMatchToMatchAndStopsAtTheEnds(t *testing.T) {
	p := newPane(t, story(), 80, 10)
	p.SetSearch(filter(t, "failed"))
	var went []int
	for p.Next() {
		went = append(went, p.Current())
	}
	if len(went) != 14 || went[0] != 3 || went[13] != 94 {
		t.Errorf("n goes to %v", went)
	}
	if !p.Prev() || p.Current() != 87 {
		t.Errorf("N goes to %d", p.Current())
	}
	p.SetSearch(filter(t, "nowhere"))
	if p.Next() || p.Prev() {
		t.Error("there is a match of what is nowhere")
	}
}

func TestMatchesAreHighlightedAmongColours(t *testing.T) {
	p := newPane(t, Slice{"\x1b[31mERR\x1b[mOR and error"}, 40, 3)
	p.SetSearch(filter(t, "error"))
	view := p.View()
	if ansi.Strip(view) != "ERROR and error" {
		t.Fatalf("the text is %q", ansi.Strip(view))
	}
	if mark := p.style().Match.Render("ERROR"); !strings.Contains(view, mark) || !strings.Contains(view, p.style().Match.Render("error")) {
		t.Errorf("not highlighted: %q", view)
	}
}

func TestWhatALineMayContain(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		"a\tb":                      "a       b",
		"12345678\tb":               "12345678        b",
		"\x1b[1;31mred\x1b[0m":      "\x1b[1;31mred\x1b[0m",
		"\x1b[2J\x1b[H\x1b[?1049hx": "x",
		"\x1b]0;title\x07x":         "x",
		"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1bP+q544e\x1b\\x":                       "x",
		"\x1b(0x\x1bc":                             "x",
		"10%\r20%\r30%\r\n":                        "30%",
		"a\x08\x07\x00b":                           "ab",
		"caf\xe9 \x9b2J":                           "caf\uFFFD \uFFFD2J",
		"\u202Eevil\u2066":                         "evil",
		"\u009b2Jx":                                "2Jx",
		"日本":                                       "日本",
		"\x1b[31":                                  "",
		"\x1b]0;never ends":                        "",
	} {
		if got := Sanitize([]byte(in)); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	f.Add([]byte("\x1b[31mred\x1b]0;t\x07\xff\x9b2J\rx\t"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := Sanitize(in)
		if !utf8.ValidString(out) {
			t.Errorf("%q becomes %q, which is no UTF-8", in, out)
		}
		for rest := out; rest != ""; {
			part, _, n, _ := ansi.DecodeSequence(rest, 0, nil)
			rest = rest[max(n, 1):]
			if part != "" && part[0] == ansi.ESC && !isSGR([]byte(part)) || part != "" && (part[0] < ' ' && part[0] != ansi.ESC || part[0] == 0x7f) {
				t.Errorf("%q becomes %q, which has %q", in, out, part)
			}
		}
		if again := Sanitize([]byte(out)); again != out {
			t.Errorf("%q becomes %q, and that %q", in, out, again)
		}
	})
}

func BenchmarkViewOfLongLinesWrapped(b *testing.B) {
	lines := Slice{}
	for range 1000 {
		lines = append(lines, strings.Repeat("\x1b[31mword\x1b[m and some ", 500))
	}
	p := newPane(b, lines, 200, 60)
	p.SetWrap(true)
	p.SetSearch(filter(b, "some"))
	for b.Loop() {
		p.View()
	}
}
