package question

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

func deps(t *testing.T) *page.Deps {
	t.Helper()
	st, err := style.New(style.None)
	if err != nil {
		t.Fatal(err)
	}
	return &page.Deps{Keys: keymap.New(), Style: func() *style.Style { return st }, Ask: func(tea.Msg) {}}
}

func TestViews(t *testing.T) {
	var lost []string
	for i := range 40 {
		lost = append(lost, fmt.Sprintf("task web.%d of framework marathon on host%02d.example.com", i, i))
	}
	for _, size := range golden.Sizes {
		q := New(deps(t), "Kill 40 tasks?", lost, "Their framework may start others in their place.", nil)
		width, height := q.Box(size.Width-4, size.Height-6)
		golden.Equal(t, "kill_"+size.Name, q.View(width, height), width, height)
	}
}

func TestOnlyYesMeansYes(t *testing.T) {
	press := func(q *Question, k tea.KeyPressMsg) tea.Cmd {
		_, cmd := q.Update(k)
		return cmd
	}
	enter, tab, y := tea.KeyPressMsg{Code: tea.KeyEnter}, tea.KeyPressMsg{Code: tea.KeyTab}, tea.KeyPressMsg{Code: 'y', Text: "y"}
	for name, test := range map[string]struct {
		keys []tea.KeyPressMsg
		done bool
	}{
		"y":              {[]tea.KeyPressMsg{y}, true},
		"enter":          {[]tea.KeyPressMsg{enter}, false},
		"tab and enter":  {[]tea.KeyPressMsg{tab, enter}, true},
		"twice tab":      {[]tea.KeyPressMsg{tab, tab, enter}, false},
		"h and enter":    {[]tea.KeyPressMsg{{Code: 'h', Text: "h"}, enter}, false},
		"left and enter": {[]tea.KeyPressMsg{{Code: tea.KeyLeft}, enter}, true},
		"esc":            {[]tea.KeyPressMsg{{Code: tea.KeyEscape}}, false},
		"n":              {[]tea.KeyPressMsg{{Code: 'n', Text: "n"}}, false},
	} {
		d, asked := deps(t), []tea.Msg(nil)
		d.Ask = func(msg tea.Msg) { asked = append(asked, msg) }
		q := New(d, "Sure?", nil, "", func() tea.Msg { return "done" })
		var cmd tea.Cmd
		for _, k := range test.keys {
			cmd = press(q, k)
		}
		if done := cmd != nil; done != test.done {
			t.Errorf("%s: done %v", name, done)
		}
		if !slices.Equal(asked, []tea.Msg{page.Pop{}}) { // before another key can come
			t.Errorf("%s: asks for %v", name, asked)
		}
	}
}

// A cluster that wants to be named is left alone until it is, to the letter.
func TestTheClustersNameIsTyped(t *testing.T) {
	type done struct{}
	for _, c := range []struct {
		name  string
		keys  []tea.KeyPressMsg
		goes  bool
		typed string
	}{
		{name: "no name", keys: nil},
		{name: "yes is no name", keys: []tea.KeyPressMsg{{Text: "y", Code: 'y'}}, typed: "y"},
		{name: "half of it", keys: []tea.KeyPressMsg{{Text: "pro"}}, typed: "pro"},
		{name: "all of it", keys: []tea.KeyPressMsg{{Text: "pros"}, {Code: tea.KeyBackspace}, {Text: "d"}}, goes: true, typed: "prod"},
	} {
		d := deps(t)
		d.Confirm = "prod"
		q := New(d, "Kill 1 task?", []string{"task web.1"}, "", func() tea.Msg { return done{} })
		for _, press := range c.keys {
			if _, cmd := q.Update(press); cmd != nil {
				t.Errorf("%s: %v ends the question", c.name, press)
			}
		}
		if width, height := q.Box(80, 24); !strings.Contains(ansi.Strip(q.View(width, height)), "type prod and enter to go on: "+c.typed) {
			t.Errorf("%s: it is not said what to type:\n%s", c.name, q.View(width, height))
		}
		_, cmd := q.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
		if goes := cmd != nil && cmd() == tea.Msg(done{}); goes != c.goes {
			t.Errorf("%s: goes on: %v, want %v", c.name, goes, c.goes)
		}
	}
}
