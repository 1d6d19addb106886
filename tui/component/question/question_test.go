package question

import (
	"fmt"
	"testing"

	tea "charm.land/bubbletea/v2"

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
