package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component/help"
	"github.com/mesosctl/mesosctl/tui/component/prompt"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// maxStack is how deep pages may lie on each other; then the oldest but one goes.
const maxStack = 32

func (m *Model) top() page.Page { return m.stack[len(m.stack)-1] }

// toTop gives a message to the page on top.
func (m *Model) toTop(msg tea.Msg) tea.Cmd { return m.to(len(m.stack)-1, msg) }

func (m *Model) to(i int, msg tea.Msg) tea.Cmd {
	p, cmd := m.stack[i].Update(msg)
	m.stack[i] = p
	return cmd
}

// toAll gives a message to all pages: one of them is waiting for it.
func (m *Model) toAll(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	for i := range m.stack {
		cmds = append(cmds, m.to(i, msg))
	}
	return tea.Batch(cmds...)
}

func (m *Model) push(p page.Page) tea.Cmd {
	if len(m.stack) >= maxStack {
		closing(m.stack[1])
		m.stack = append(m.stack[:1], m.stack[2:]...)
	}
	m.stack = append(m.stack, p)
	m.want()
	return tea.Batch(p.Init(), m.toTop(m.sizeOf(p)))
}

func (m *Model) replace(p page.Page) tea.Cmd {
	closing(m.top())
	m.stack = m.stack[:len(m.stack)-1]
	return m.push(p)
}

func (m *Model) pop() tea.Cmd {
	if len(m.stack) == 1 {
		return nil
	}
	closing(m.top())
	m.stack[len(m.stack)-1] = nil
	m.stack = m.stack[:len(m.stack)-1]
	m.want()
	return tea.Batch(m.toTop(m.sizeOf(m.top())), m.toTop(page.Shown{}))
}

func closing(p page.Page) {
	if c, ok := p.(page.Closing); ok {
		c.Close()
	}
}

// Close ends what pages hold.
func (m *Model) Close() {
	for _, p := range m.stack {
		closing(p)
	}
}

// want tells which calls the page on top needs, and the frame itself.
func (m *Model) want() {
	calls := []masterpb.Call_Type{masterpb.Call_GET_MASTER, masterpb.Call_GET_METRICS}
	if m.cluster.AskExecutors() {
		calls = append(calls, masterpb.Call_GET_EXECUTORS)
	}
	for _, p := range m.stack[m.base():] {
		if polling, ok := p.(page.Polling); ok {
			calls = append(calls, polling.Calls()...)
		}
	}
	m.config.Live.Want(calls)
}

// base is the highest page that is no overlay: it is drawn in full.
func (m *Model) base() int {
	for i := len(m.stack) - 1; i > 0; i-- {
		if _, ok := m.stack[i].(page.Overlay); !ok {
			return i
		}
	}
	return 0
}

// open makes the page that a line names.
func (m *Model) open(line string) (page.Page, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "no page is named")
	}
	screen, err := m.deps.Registry.Screen(words[0])
	if err != nil {
		return nil, err
	}
	return screen.Open(m.deps, words[1:])
}

// command does what a line says: a page, a verb for what the cursor is at, or q.
func (m *Model) command(line string) tea.Cmd {
	line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ":"))
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "":
		return nil
	case "q", "quit", "exit":
		return tea.Quit
	case "help":
		return m.help()
	case "theme":
		return m.setTheme(strings.TrimSpace(rest))
	}
	for _, v := range m.deps.Registry.Verbs("", m.deps.ReadOnly) {
		if v.Name == word {
			if on, ok := m.top().(page.Choosing); ok {
				return page.Do(m.deps, v, on.Chosen())
			}
		}
	}
	p, err := m.open(line)
	if err != nil {
		return page.Fail(err)
	}
	if p.Title() == m.top().Title() {
		closing(p)
		return nil
	}
	return m.push(p)
}

func (m *Model) setTheme(name string) tea.Cmd {
	if _, err := style.New(name); err != nil {
		return page.Fail(err)
	}
	m.config.Theme = name
	m.theme(name)
	if name == style.Auto {
		return tea.RequestBackgroundColor
	}
	return nil
}

// askCommand opens the ":" prompt.
func (m *Model) askCommand() tea.Cmd {
	m.line = prompt.New(":", m.deps.Style, m.complete)
	m.line.Open("")
	m.filtering = false
	return nil
}

// complete lists the lines that a command may become.
func (m *Model) complete(text string) []string {
	words := strings.Fields(text)
	var lines []string
	if len(words) == 0 || len(words) == 1 && !strings.HasSuffix(text, " ") {
		for _, s := range m.deps.Registry.Screens() {
			if strings.HasPrefix(s.Name, text) {
				lines = append(lines, s.Name)
			}
		}
		for _, more := range append(m.verbs(), "help", "quit", "theme ") {
			if strings.HasPrefix(more, text) {
				lines = append(lines, more)
			}
		}
		return lines
	}
	if words[0] == "theme" {
		for _, name := range style.Names() {
			if line := "theme " + name; strings.HasPrefix(line, text) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	screen, err := m.deps.Registry.Screen(words[0])
	if err != nil || screen.Complete == nil {
		return nil
	}
	for _, argument := range screen.Complete(m.deps, words[1:]) {
		if line := words[0] + " " + argument; strings.HasPrefix(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// verbs are the names of those for what is chosen on the page.
func (m *Model) verbs() []string {
	on, ok := m.top().(page.Choosing)
	if !ok || len(on.Chosen()) == 0 {
		return nil
	}
	var names []string
	for _, v := range m.deps.Registry.Verbs(on.Chosen()[0].Kind, m.deps.ReadOnly) {
		names = append(names, v.Name)
	}
	return names
}

// askFilter opens the "/" prompt.
func (m *Model) askFilter(on page.Filtering) tea.Cmd {
	m.before = on.Filter()
	m.line = prompt.New("/", m.deps.Style, nil)
	m.line.Open(m.before.String())
	m.filtering = true
	return nil
}

// typed is a message for the prompt.
func (m *Model) typed(msg tea.Msg) tea.Cmd {
	outcome, cmd := m.line.Update(msg)
	text := m.line.Value()
	switch outcome {
	case prompt.Accepted:
		m.line = nil
		if !m.filtering {
			return tea.Batch(cmd, m.command(text))
		}
		f, err := page.ParseFilter(text)
		if err != nil {
			return tea.Batch(cmd, m.filter(m.before), page.Fail(err))
		}
		return tea.Batch(cmd, m.filter(f))
	case prompt.Cancelled:
		m.line = nil
		if m.filtering {
			return tea.Batch(cmd, m.filter(m.before))
		}
	case prompt.Changed:
		if f, err := page.ParseFilter(text); m.filtering && err == nil { // it may become one yet
			return tea.Batch(cmd, m.filter(f))
		}
	case prompt.Typing:
	}
	return cmd
}

func (m *Model) filter(f page.Filter) tea.Cmd {
	on, ok := m.top().(page.Filtering)
	if !ok || on.Filter().String() == f.String() {
		return nil
	}
	p, cmd := on.SetFilter(f)
	m.stack[len(m.stack)-1] = p
	return cmd
}

func (m *Model) help() tea.Cmd {
	return m.push(help.New(m.deps, m.top().Title(), m.top().Keys()))
}
