package question

import (
	"fmt"
	"reflect"
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
	return &page.Deps{Keys: keymap.New(), Style: func() *style.Style { return st }}
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
		"y":             {[]tea.KeyPressMsg{y}, true},
		"enter":         {[]tea.KeyPressMsg{enter}, false},
		"tab and enter": {[]tea.KeyPressMsg{tab, enter}, true},
		"twice tab":     {[]tea.KeyPressMsg{tab, tab, enter}, false},
		"esc":           {[]tea.KeyPressMsg{{Code: tea.KeyEscape}}, false},
		"n":             {[]tea.KeyPressMsg{{Code: 'n', Text: "n"}}, false},
	} {
		q := New(deps(t), "Sure?", nil, "", func() tea.Msg { return "done" })
		var cmd tea.Cmd
		for _, k := range test.keys {
			cmd = press(q, k)
		}
		_, popped := cmd().(page.Pop)
		if popped == test.done {
			t.Errorf("%s: only closes %v", name, popped)
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
		if goes := slices.Contains(follow(cmd), tea.Msg(done{})); goes != c.goes {
			t.Errorf("%s: goes on: %v, want %v", c.name, goes, c.goes)
		}
	}
}

// follow is what comes of a command, and of those in it.
func follow(cmd tea.Cmd) (messages []tea.Msg) {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	if list := reflect.ValueOf(msg); list.Kind() == reflect.Slice { // tea.Sequence's has no name
		for i := range list.Len() {
			messages = append(messages, follow(list.Index(i).Interface().(tea.Cmd))...)
		}
		return messages
	}
	return []tea.Msg{msg}
}
