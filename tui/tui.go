// Package tui is the live terminal UI, `mesosctl top`: the frame around the pages.
// Pages are in rooms of their own below; how they and the frame speak is package page.
package tui

import (
	"context"
	"io"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component/prompt"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/verbs"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Config says how the UI is.
type Config struct {
	Client *client.Client
	Live   Source
	// Context is what the user calls the cluster; empty: nothing.
	Context string
	// Page is the line of the first page, such as "tasks web"; empty is the overview.
	Page string
	// Theme is one of style.Names.
	Theme    string
	ReadOnly bool
	// Confirm is a name that has to be typed before something is destroyed.
	Confirm string
	NoMouse bool
	Save    func(name string, from io.Reader) (string, error)
	// Shell opens shells in tasks' containers; nil: there are none.
	Shell verbs.Shell
	// Now is the clock that is drawn at first.
	Now time.Time
}

// Source is what keeps the UI told of a cluster; *live.Live is it.
type Source interface {
	Next(ctx context.Context) (live.Batch, error)
	Want(calls []masterpb.Call_Type)
	Retry()
}

// Model is the frame: a stack of pages, the lines around them, and the cluster.
type Model struct {
	config  Config
	deps    *page.Deps
	cluster *cluster.Cluster
	status  live.Status
	trouble map[masterpb.Call_Type]error
	style   *style.Style
	keys    *keymap.Map
	now     time.Time

	stack         []page.Page
	width, height int
	sized         page.Size // what pages were told

	line      *prompt.Prompt // nil unless somebody types a command or filter
	filtering bool           // it is a filter
	before    page.Filter    // the filter as it was
	notice    page.Notify
	until     time.Time // the notice is shown
	asked     []tea.Msg // by pages during an Update
	signals   signals
}

// noticeFor is how long a notice is shown.
const noticeFor = 6 * time.Second

// New makes the frame with its first page.
func New(ctx context.Context, config Config) (*Model, error) {
	look, err := style.New(config.Theme)
	if err != nil {
		return nil, err
	}
	m := &Model{
		config: config, cluster: cluster.New(), trouble: map[masterpb.Call_Type]error{}, style: look, keys: keymap.New(), now: config.Now,
	}
	m.deps = &page.Deps{
		Context: ctx, Client: config.Client,
		Cluster:  func() *cluster.Cluster { return m.cluster },
		Ask:      func(msg tea.Msg) { m.asked = append(m.asked, msg) },
		Trouble:  func(call masterpb.Call_Type) error { return m.trouble[call] },
		Now:      func() time.Time { return m.now },
		Style:    func() *style.Style { return m.style },
		Keys:     m.keys,
		Registry: registry(m.keys, config.Shell),
		ReadOnly: config.ReadOnly,
		Confirm:  config.Confirm,
		Save:     config.Save,
	}
	first, err := m.open("overview")
	if err != nil {
		return nil, err
	}
	m.stack = []page.Page{first}
	if config.Page != "" {
		if first, err = m.open(config.Page); err != nil {
			return nil, err
		}
		if first.Title() != m.stack[0].Title() {
			m.stack = append(m.stack, first)
		}
	}
	return m, nil
}

// Init begins to listen, and to tick.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.listen(), tick()}
	if m.config.Theme == style.Auto {
		cmds = append(cmds, tea.RequestBackgroundColor)
	}
	for _, p := range m.stack {
		cmds = append(cmds, p.Init())
	}
	m.want()
	return tea.Batch(cmds...)
}

// listen waits for the next batch of what happens.
func (m *Model) listen() tea.Cmd {
	return func() tea.Msg {
		batch, err := m.config.Live.Next(m.deps.Context)
		if err != nil {
			return nil
		}
		return batch
	}
}

type ticked time.Time

// tick comes at the beginning of each second.
func tick() tea.Cmd { return tea.Every(time.Second, func(t time.Time) tea.Msg { return ticked(t) }) }

// Update takes whatever happens, and does at once what pages ask for: the next key is
// for the page that this one opens.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmds := []tea.Cmd{m.update(msg)}
	for len(m.asked) > 0 {
		next := m.asked[0]
		m.asked = m.asked[1:]
		cmds = append(cmds, m.obey(next))
	}
	return m, tea.Batch(cmds...)
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case live.Batch:
		return tea.Batch(m.take(msg), m.listen())
	case ticked:
		return tea.Batch(m.tick(time.Time(msg)), tick())
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m.resize()
	case tea.BackgroundColorMsg:
		return m.background(msg.IsDark())
	case tea.ColorProfileMsg:
		return m.profile(msg.Profile)
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		if m.line != nil {
			return m.typed(msg)
		}
		return m.toTop(msg)
	case tea.MouseMsg:
		return m.mouse(msg)
	case page.Push, page.Replace, page.Pop, page.Command, page.Notify:
		return m.obey(msg)
	case resumed:
		return m.signals.redraw()
	}
	return m.toAll(msg)
}

// obey does what a page asks of the frame.
func (m *Model) obey(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case page.Push:
		return m.push(msg.Page)
	case page.Replace:
		return m.replace(msg.Page)
	case page.Pop:
		return m.pop()
	case page.Command:
		return m.command(msg.Line)
	case page.Notify:
		m.notify(msg)
	}
	return nil
}

func (m *Model) notify(n page.Notify) { m.notice, m.until = n, m.now.Add(noticeFor) }

// tick takes the time.
func (m *Model) tick(now time.Time) tea.Cmd {
	m.now = now
	m.cluster.Tick(now)
	return m.toTop(page.Tick{Now: now})
}

// background chooses between dark and light if that was left to the terminal.
func (m *Model) background(dark bool) tea.Cmd {
	if m.config.Theme != style.Auto || m.style.Name == style.None || m.style.Name == style.ANSI {
		return nil
	}
	name := style.Light
	if dark {
		name = style.Dark
	}
	return m.theme(name)
}

// profile chooses a theme that the terminal can show if that was left to it.
func (m *Model) profile(p colorprofile.Profile) tea.Cmd {
	switch {
	case m.config.Theme != style.Auto:
		return nil
	case p <= colorprofile.Ascii:
		return m.theme(style.None)
	case p == colorprofile.ANSI:
		return m.theme(style.ANSI)
	}
	return nil
}

func (m *Model) theme(name string) tea.Cmd {
	if look, err := style.New(name); err == nil {
		m.style = look
	}
	return nil
}

// press is a key, in this order: for whoever types, for the frame, for the page.
func (m *Model) press(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case msg.String() == "ctrl+c":
		return tea.Quit
	case key.Matches(msg, m.keys.Suspend):
		return m.signals.suspend()
	}
	if m.line != nil {
		return m.typed(msg)
	}
	m.until = time.Time{}
	top := m.top()
	if c, ok := top.(page.Capturing); ok && c.Capturing() {
		return m.toTop(msg)
	}
	if _, ok := top.(page.Overlay); ok {
		return m.toTop(msg)
	}
	switch {
	case key.Matches(msg, m.keys.Quit):
		return tea.Quit
	case key.Matches(msg, m.keys.Command):
		return m.askCommand()
	case key.Matches(msg, m.keys.Help):
		return m.help()
	case key.Matches(msg, m.keys.Refresh):
		m.config.Live.Retry()
		return m.toTop(msg)
	case key.Matches(msg, m.keys.Filter):
		if f, ok := top.(page.Filtering); ok {
			return m.askFilter(f)
		}
	case key.Matches(msg, m.keys.Back):
		return m.back(msg)
	}
	return m.toTop(msg)
}

// back takes a filter away first, and then the page.
func (m *Model) back(msg tea.KeyPressMsg) tea.Cmd {
	if f, ok := m.top().(page.Filtering); ok && !f.Filter().Empty() {
		p, cmd := f.SetFilter(page.Filter{})
		m.stack[len(m.stack)-1] = p
		return cmd
	}
	if l, ok := m.top().(page.Leaving); ok && l.Stays() {
		return m.toTop(msg)
	}
	return m.pop()
}

// mouse is for the page if it is within it.
func (m *Model) mouse(msg tea.MouseMsg) tea.Cmd {
	x, y := m.origin()
	switch msg := msg.(type) {
	case tea.MouseClickMsg:
		if m.line == nil && msg.Y == 1 {
			return m.clickCrumb(msg.X)
		}
		msg.X, msg.Y = msg.X-x, msg.Y-y
		return m.toTopWithin(msg, msg.X, msg.Y)
	case tea.MouseWheelMsg:
		msg.X, msg.Y = msg.X-x, msg.Y-y
		return m.toTopWithin(msg, msg.X, msg.Y)
	case tea.MouseMotionMsg:
		msg.X, msg.Y = msg.X-x, msg.Y-y
		return m.toTopWithin(msg, msg.X, msg.Y)
	case tea.MouseReleaseMsg:
		msg.X, msg.Y = msg.X-x, msg.Y-y
		return m.toTopWithin(msg, msg.X, msg.Y)
	}
	return nil
}

func (m *Model) toTopWithin(msg tea.Msg, x, y int) tea.Cmd {
	if size := m.sizeOf(m.top()); x < 0 || y < 0 || x >= size.Width || y >= size.Height {
		return nil
	}
	return m.toTop(msg)
}
