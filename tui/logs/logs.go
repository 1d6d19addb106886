// Package logs is the page that shows what tasks write, while they write it and after
// they have ended.
package logs

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// maxTasks is how many tasks a page follows, each with two files that are asked for
// several times a second.
const maxTasks = 32

// maxPrefix is how much of a line may tell of which task it is, in cells.
const maxPrefix = 32

// Page is the page.
type Page struct {
	deps    *page.Deps
	ctx     context.Context
	cancel  context.CancelFunc
	sources []*source
	lines   chan batch
	buffer  buffer
	pane    *pane.Pane
	follow  bool
}

// New is the logs of some tasks.
func New(d *page.Deps, refs []page.Ref) (*Page, error) {
	if len(refs) > maxTasks {
		return nil, mesos.Errorf(mesos.Invalid, "logs: %d tasks are marked, of which at most %d can be followed at once", len(refs), maxTasks)
	}
	p := &Page{deps: d, lines: make(chan batch, 64), follow: true, pane: pane.New(d.Keys, d.Style)}
	p.buffer = buffer{style: d.Style, prefixes: len(refs) > 1}
	for i, ref := range refs {
		if _, err := p.find(ref); err != nil {
			return nil, err
		}
		s := &source{ref: ref, id: text.Clean(ref.ID), ended: make(chan struct{})}
		s.color = func() lipgloss.Style { series := d.Style().Series; return series[i%len(series)] }
		p.buffer.width = min(max(p.buffer.width, text.Width(s.id)), maxPrefix)
		p.sources = append(p.sources, s)
	}
	p.ctx, p.cancel = context.WithCancel(d.Context)
	p.pane.SetLines(&p.buffer)
	return p, nil
}

// find is a task and its agent as they are now.
func (p *Page) find(ref page.Ref) (*taskref.Task, error) {
	task := p.deps.Cluster().Task(ref.Framework, ref.ID)
	if task == nil {
		return nil, mesos.Errorf(mesos.NotFound, "logs: there is no task %s any more", ref.ID)
	}
	agent, ok := p.deps.Agent(task.Agent)
	if !ok {
		return nil, mesos.Errorf(mesos.Unavailable, "logs: task %s: its agent %s is not registered", ref.ID, task.Agent)
	}
	return &taskref.Task{Task: task.Proto(), Agent: agent}, nil
}

// Title implements page.Page.
func (p *Page) Title() string {
	if len(p.sources) == 1 {
		return "logs " + p.sources[0].id
	}
	return "logs of " + text.Plural(len(p.sources), "task")
}

// Init implements page.Page.
func (p *Page) Init() tea.Cmd {
	p.look()
	return p.next
}

// Close implements page.Closing.
func (p *Page) Close() { p.cancel() }

// look starts to read what can be read by now, and ends what has ended.
func (p *Page) look() {
	for _, s := range p.sources {
		if s.over {
			continue
		}
		task, err := p.find(s.ref)
		if err == nil && !s.started && reads(task) {
			s.started = true
			go s.read(p.ctx, task, p.lines, time.Now)
		}
		switch {
		case err != nil && mesos.KindOf(err) == mesos.NotFound:
			s.end("it is not known any more")
		case err == nil && mesos.TaskState(task.GetState()).Terminal():
			s.end(task.GetState().String())
		}
	}
}

// reads reports whether it is known where a task writes: that of a group does so in its
// container's own sandbox.
func reads(task *taskref.Task) bool {
	return task.GetExecutorId().GetValue() == "" || task.Container() != nil || mesos.TaskState(task.GetState()).Terminal()
}

// arrived is lines for a page.
type arrived struct {
	page  *Page
	lines batch
}

// next waits for lines.
func (p *Page) next() tea.Msg {
	const most = 10_000 // at once
	select {
	case lines := <-p.lines:
		for len(lines) < most {
			select {
			case more := <-p.lines:
				lines = append(lines, more...)
				continue
			default:
			}
			break
		}
		return arrived{p, lines}
	case <-p.ctx.Done():
		return nil
	}
}

// Update implements page.Page.
func (p *Page) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		p.pane.Resize(msg.Width, max(msg.Height-1, 1))
		p.stick()
	case page.Changed, page.Replaced, page.Shown:
		p.look()
	case arrived:
		if msg.page == p {
			p.take(msg.lines)
			return p, p.next
		}
	case sifting:
		if msg.page == p {
			p.show(msg.found)
		}
	case tea.KeyPressMsg:
		return p, p.press(msg)
	case tea.MouseWheelMsg:
		p.pane.Update(msg)
		p.follow = p.pane.AtBottom()
	}
	return p, nil
}

func (p *Page) take(lines batch) {
	for i, e := range lines {
		if e.stream == notice && e.text == endOfLog && e.source != nil {
			if lines[i].text = "it has ended: " + e.source.state; !e.source.over {
				lines[i].text = "nothing more of it can be read"
			}
		}
	}
	p.pane.Shift(p.buffer.add(lines))
	p.stick()
}

// stick stays at the end while it is followed.
func (p *Page) stick() {
	if p.follow {
		p.pane.ToBottom()
	}
}

func (p *Page) press(msg tea.KeyPressMsg) tea.Cmd {
	keys := p.deps.Keys
	switch {
	case key.Matches(msg, keys.Follow):
		p.follow = !p.follow
	case key.Matches(msg, keys.Stream):
		p.buffer.streams = (p.buffer.streams + 1) % (onlyStderr + 1)
		return p.sift()
	case key.Matches(msg, keys.Timestamps):
		p.buffer.times = !p.buffer.times
	case key.Matches(msg, keys.Clear):
		p.buffer.clear()
		p.pane.GoTo(0)
	case key.Matches(msg, keys.Save):
		return p.save()
	case key.Matches(msg, keys.Wrap):
		p.pane.Update(msg)
	default:
		p.pane.Update(msg)
		p.follow = p.pane.AtBottom()
		return nil
	}
	p.stick()
	return nil
}

// sifting is what is shown from now on.
type sifting struct {
	page  *Page
	found sifted
}

// sift finds what is shown anew: at once if there is little, else in a command.
func (p *Page) sift() tea.Cmd {
	const inline = 2000
	find := p.buffer.sift()
	if len(p.buffer.entries) <= inline {
		p.show(find())
		return nil
	}
	return func() tea.Msg { return sifting{p, find()} }
}

func (p *Page) show(found sifted) {
	p.buffer.finish(found)
	p.pane.SetLines(&p.buffer)
	p.stick()
}

func (p *Page) save() tea.Cmd {
	data, name, save := p.buffer.text(), "logs.txt", p.deps.Save
	if len(p.sources) == 1 {
		name = p.sources[0].id + ".log"
	}
	return func() tea.Msg {
		path, err := save(name, strings.NewReader(data))
		if err != nil {
			return page.Notify{Level: page.Bad, Text: err.Error()}
		}
		return page.Notify{Level: page.Good, Text: "saved to " + path}
	}
}

// Filter implements page.Filtering.
func (p *Page) Filter() page.Filter { return p.buffer.filter }

// SetFilter implements page.Filtering: lines that don't match are not shown, and what
// matches is highlighted.
func (p *Page) SetFilter(f page.Filter) (page.Page, tea.Cmd) {
	p.buffer.filter = f
	p.pane.SetSearch(f)
	return p, p.sift()
}

// Count implements page.Counting.
func (p *Page) Count() string {
	if n := len(p.buffer.shown); n != len(p.buffer.entries) {
		return text.Count(n) + " of " + text.Plural(len(p.buffer.entries), "line")
	}
	return text.Plural(len(p.buffer.entries), "line")
}

// Keys implements page.Page.
func (p *Page) Keys() []key.Binding {
	k := p.deps.Keys
	return append([]key.Binding{k.Follow, k.Stream, k.Timestamps, k.Clear, k.Save}, p.pane.Keys()...)
}

// View implements page.Page.
func (p *Page) View(width, height int) string {
	p.pane.Resize(width, max(height-1, 1))
	p.stick()
	body := p.pane.View()
	if len(p.buffer.entries) == 0 {
		body = p.deps.Style().Dim.Render("nothing has been written yet")
	} else if len(p.buffer.shown) == 0 {
		body = p.deps.Style().Dim.Render("no line matches")
	}
	return p.status(width) + "\n" + body
}

// status is the page's first line.
func (p *Page) status(width int) string {
	st := p.deps.Style()
	alive := 0
	for _, s := range p.sources {
		if !s.over {
			alive++
		}
	}
	state := st.Good.Render("● following")
	switch {
	case alive == 0:
		state = st.Dim.Render("○ ended")
	case !p.follow:
		state = st.Warn.Render("‖ not following")
	}
	parts := []string{p.buffer.streams.String()}
	if alive > 0 && alive < len(p.sources) {
		parts = append(parts, text.Count(len(p.sources)-alive)+" of "+text.Plural(len(p.sources), "task")+" ended")
	}
	if p.pane.Wrap() {
		parts = append(parts, "wrapped")
	}
	if p.buffer.first > 0 {
		parts = append(parts, "older lines are gone from here")
	}
	return text.Between(state+st.Dim.Render("  "+strings.Join(parts, " · ")), st.Dim.Render(p.pane.Position()), width)
}
