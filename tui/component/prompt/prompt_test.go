package prompt

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/style"
)

var words = []string{"tasks", "tasks web", "agents", "roles"}

func newPrompt(t *testing.T) *Prompt {
	t.Helper()
	st, err := style.New(style.None)
	if err != nil {
		t.Fatal(err)
	}
	return New(":", func() *style.Style { return st }, func(text string) []string {
		return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, text) })
	})
}

func typed(p *Prompt, text string) (last Outcome) {
	for _, r := range text {
		last, _ = p.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return last
}

func pressed(p *Prompt, code rune) Outcome {
	outcome, _ := p.Update(tea.KeyPressMsg{Code: code})
	return outcome
}

func TestTabAndTheRightArrowComplete(t *testing.T) {
	for _, code := range []rune{tea.KeyTab, tea.KeyRight} {
		p := newPrompt(t)
		p.Open("")
		if got := typed(p, "ta"); got != Changed {
			t.Errorf("typing is %v", got)
		}
		if got := pressed(p, code); got != Changed || p.Value() != "tasks" {
			t.Errorf("%v completes to %q, %v", code, p.Value(), got)
		}
	}
}

func TestHistory(t *testing.T) {
	p := newPrompt(t)
	for _, line := range []string{"roles", "agents", "roles"} {
		p.Open("")
		typed(p, line)
		if got := pressed(p, tea.KeyEnter); got != Accepted || p.Value() != line {
			t.Errorf("enter is %v of %q", got, p.Value())
		}
	}
	p.Open("")
	typed(p, "x")
	var seen []string
	for _, code := range []rune{tea.KeyUp, tea.KeyUp, tea.KeyUp, tea.KeyDown, tea.KeyDown, tea.KeyDown} {
		pressed(p, code)
		seen = append(seen, p.Value())
	}
	if want := []string{"roles", "agents", "agents", "roles", "x", "x"}; !slices.Equal(seen, want) {
		t.Errorf("history shows %q, want %q", seen, want)
	}
}

func TestEscAndBackspaceInTheEmptyLineCancel(t *testing.T) {
	p := newPrompt(t)
	p.Open("ab")
	if got := pressed(p, tea.KeyBackspace); got != Changed || p.Value() != "a" {
		t.Errorf("backspace is %v: %q", got, p.Value())
	}
	pressed(p, tea.KeyBackspace)
	if got := pressed(p, tea.KeyBackspace); got != Cancelled {
		t.Errorf("backspace in the empty line is %v", got)
	}
	p.Open("ab")
	if got := pressed(p, tea.KeyEscape); got != Cancelled {
		t.Errorf("esc is %v", got)
	}
}

func TestViews(t *testing.T) {
	for _, size := range golden.Sizes {
		p := newPrompt(t)
		p.Open("")
		typed(p, "ta")
		golden.Equal(t, "completion_"+size.Name, p.View(size.Width), size.Width, 1)
		p.Open(strings.Repeat("a long line ", 20))
		golden.Equal(t, "long_"+size.Name, p.View(size.Width), size.Width, 1)
	}
}
