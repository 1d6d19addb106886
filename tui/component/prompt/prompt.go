// Package prompt is the line in which commands and filters are typed, with completion
// and a history.
package prompt

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/style"
)

// maxHistory is how many lines are remembered, maxLine how long one may be, in
// characters.
const maxHistory, maxLine = 100, 1000

// Outcome is what a message has done to the line.
type Outcome uint8

// The outcomes.
const (
	Typing    Outcome = iota
	Changed           // its text is another one
	Accepted          // it is complete: Enter
	Cancelled         // Esc, or Backspace in the empty line
)

// Prompt is the line.
type Prompt struct {
	label    string
	input    textinput.Model
	complete func(text string) []string
	style    func() *style.Style
	history  []string // the latest last
	at       int      // of the history; its length is the line itself
	typed    string   // the line itself, while one of the history is shown
}

// New returns a prompt that begins with a label, such as ":". Complete lists whole lines that
// begin with what is typed, the best first; it may be nil.
func New(label string, styles func() *style.Style, complete func(text string) []string) *Prompt {
	input := textinput.New()
	input.Prompt = ""
	input.CharLimit = maxLine
	input.ShowSuggestions = complete != nil
	input.KeyMap.Paste = key.NewBinding() // the terminal pastes
	input.KeyMap.AcceptSuggestion = key.NewBinding(key.WithKeys("tab"))
	input.KeyMap.NextSuggestion = key.NewBinding(key.WithKeys("ctrl+n"))
	input.KeyMap.PrevSuggestion = key.NewBinding(key.WithKeys("ctrl+p"))
	return &Prompt{label: label, input: input, complete: complete, style: styles}
}

// Open begins a line, which has some text already.
func (p *Prompt) Open(text string) {
	p.at = len(p.history)
	p.dress()
	p.input.Focus()
	p.set(text)
}

// Value is what is typed.
func (p *Prompt) Value() string { return p.input.Value() }

// Update takes a message.
func (p *Prompt) Update(msg tea.Msg) (Outcome, tea.Cmd) {
	before := p.Value()
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch press.String() {
		case "enter":
			p.remember()
			return Accepted, nil
		case "esc", "ctrl+c":
			return Cancelled, nil
		case "up":
			return p.recall(-1), nil
		case "down":
			return p.recall(1), nil
		case "backspace":
			if before == "" {
				return Cancelled, nil
			}
		case "right":
			if p.input.Position() == len([]rune(before)) {
				press = tea.KeyPressMsg{Code: tea.KeyTab} // go on with what is suggested
				msg = press
			}
		}
	}
	var cmd tea.Cmd
	p.input, cmd = p.input.Update(msg)
	if p.Value() == before {
		return Typing, cmd
	}
	p.suggest()
	return Changed, cmd
}

func (p *Prompt) set(text string) {
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.suggest()
}

func (p *Prompt) suggest() {
	if p.complete != nil && p.Value() != "" {
		p.input.SetSuggestions(p.complete(p.Value()))
	} else {
		p.input.SetSuggestions(nil)
	}
}

// remember adds the line to the history, once.
func (p *Prompt) remember() {
	line := strings.TrimSpace(p.Value())
	if line == "" {
		return
	}
	p.history = slices.DeleteFunc(p.history, func(old string) bool { return old == line })
	p.history = append(p.history, line)
	p.history = p.history[max(len(p.history)-maxHistory, 0):]
}

// recall shows an earlier or a later line.
func (p *Prompt) recall(by int) Outcome {
	to := p.at + by
	if to < 0 || to > len(p.history) {
		return Typing
	}
	if p.at == len(p.history) {
		p.typed = p.Value()
	}
	p.at = to
	if to == len(p.history) {
		p.set(p.typed)
	} else {
		p.set(p.history[to])
	}
	return Changed
}

// View draws the line, and after it what else it may become.
func (p *Prompt) View(width int) string {
	p.dress()
	label := p.style().Key.Render(p.label)
	room := width - ansi.StringWidth(p.label) - 1 // the cursor stands after the text
	p.input.SetWidth(max(room, 1))
	line := label + strings.TrimRight(p.input.View(), " ")
	if others := p.others(); others != "" {
		const gap = 2
		if left := width - ansi.StringWidth(line) - gap; left > len("…") {
			line += strings.Repeat(" ", gap) + p.style().Dim.Render(ansi.Truncate(others, left, "…"))
		}
	}
	return ansi.Truncate(line, width, "")
}

// others are the suggestions beside the one that is shown in the line, by their last word.
func (p *Prompt) others() string {
	matched := p.input.MatchedSuggestions()
	if len(matched) < 2 {
		return ""
	}
	var words []string
	for i, line := range matched {
		if i != p.input.CurrentSuggestionIndex() {
			words = append(words, line[strings.LastIndexByte(strings.TrimRight(line, " "), ' ')+1:])
		}
	}
	return strings.Join(words, "  ")
}

func (p *Prompt) dress() {
	st := p.style()
	look := textinput.StyleState{Text: st.Text, Placeholder: st.Dim, Suggestion: st.Dim, Prompt: st.Key}
	styles := textinput.Styles{Focused: look, Blurred: look}
	styles.Cursor.Blink = false
	p.input.SetStyles(styles)
}
